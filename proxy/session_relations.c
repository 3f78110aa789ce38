/* session_relations.c - system relations whose rows are sessions, parameters, cursors, prepared statements and locks. */
#include <string.h>

#include "catalog/sysrel.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"
#include "types/array.h"

/* ---- pg_settings ---- */

static const char *source_name(const struct session *s, const struct param_def *def)
{
    static const char *const names[] = {[SOURCE_DEFAULT] = "default",
                                        [SOURCE_CONFIG] = "configuration file",
                                        [SOURCE_DATABASE] = "database",
                                        [SOURCE_USER] = "user",
                                        [SOURCE_DATABASE_USER] = "database user",
                                        [SOURCE_CLIENT] = "client",
                                        [SOURCE_SESSION] = "session"};
    switch ((int)def->id) {
    case PARAM_TRANSACTION_ISOLATION:
    case PARAM_TRANSACTION_READ_ONLY:
    case PARAM_TRANSACTION_DEFERRABLE:
        return "override";
    default:
        return names[session_param_source(s, def)];
    }
}

static const char *current_value(struct session *s, const struct param_def *def)
{
    switch ((int)def->id) {
    case PARAM_TRANSACTION_ISOLATION:
    case PARAM_TRANSACTION_READ_ONLY:
    case PARAM_TRANSACTION_DEFERRABLE:
        return session_param_shown(s, def, s->scratch);
    default:
        return session_param(s, def);
    }
}

static bool setting_row(struct sysrel_scan *scan, struct session *s, const struct param_def *def)
{
    static const char *const kinds[] = {[PARAM_BOOL] = "bool",
                                        [PARAM_INTEGER] = "integer",
                                        [PARAM_REAL] = "real",
                                        [PARAM_ENUM] = "enum",
                                        [PARAM_STRING] = "string"};
    if (!scan_wants_name(scan, 1, def->name))
        return true;
    row_begin(scan);
    row_text(scan, 1, def->name);
    row_text(scan, 2, current_value(s, def));
    row_text(scan, 3, def->unit);
    row_text(scan, 4, def->category);
    row_text(scan, 5, def->short_desc ? def->short_desc : "");
    row_text(scan, 6, def->extra_desc);
    row_text(scan, 7, context_name(def->context));
    row_text(scan, 8, kinds[def->kind]);
    row_text(scan, 9, source_name(s, def));
    row_text(scan, 10, def->min_text);
    row_text(scan, 11, def->max_text);
    if (def->enums_text && !row_input(scan, 12, def->enums_text))
        return false;
    row_text(scan, 13, def->boot_shown);
    row_text(scan, 14, session_param_reset_value(s, def));
    row_int(scan, 17, false);
    return true;
}

static bool settings_rows(struct sysrel_scan *scan)
{
    struct session *s = scan->env->session;
    for (size_t i = 0; i < param_count(); i++)
        if (!param_at(i)->hidden && !setting_row(scan, s, param_at(i)))
            return false;
    for (size_t i = 0; i < s->params.n; i++)
        if (s->params.slots[i].def->custom && !setting_row(scan, s, s->params.slots[i].def))
            return false;
    return true;
}

/* ---- pg_stat_activity ---- */

static void row_time(struct sysrel_scan *scan, int attnum, int64_t us)
{
    if (us)
        row_int(scan, attnum, us);
}

static bool activity_rows(struct sysrel_scan *scan)
{
    struct session *s = scan->env->session;
    struct session_view *views;
    size_t n = sessions_view(scan->keep, &views);
    for (size_t i = 0; i < n; i++) {
        const struct session_view *view = &views[i];
        if (!view->state) /* not logged in yet */
            continue;
        bool may_see = s->superuser ||
                       role_is_member(scan->env->catalog, s->current_role, view->role_oid, true);
        row_begin(scan);
        row_int(scan, 1, view->database_oid);
        row_text(scan, 2, view->database);
        row_int(scan, 3, view->pid);
        row_int(scan, 5, view->role_oid);
        row_text(scan, 6, view->user);
        row_text(scan, 21, may_see ? view->query : "<insufficient privilege>");
        row_text(scan, 22, "client backend");
        if (!may_see)
            continue;
        row_text(scan, 7, view->application);
        if (*view->client_address && !row_input(scan, 8, view->client_address))
            return false;
        row_int(scan, 10, view->client_port);
        row_time(scan, 11, view->backend_start);
        row_time(scan, 12, view->transaction_start);
        row_time(scan, 13, view->query_start);
        row_time(scan, 14, view->state_change);
        bool idle = strncmp(view->state, "idle", 4) == 0;
        row_text(scan, 15, idle ? "Client" : NULL);
        row_text(scan, 16, idle ? "ClientRead" : NULL);
        row_text(scan, 17, view->state);
    }
    return true;
}

/* ---- pg_locks ---- */

static bool lock_rows(struct sysrel_scan *scan)
{
    struct lock_view *list;
    size_t n = lock_table_view(server.transactions, scan->keep, &list);
    for (size_t i = 0; i < n; i++) {
        const struct lock_view *lock = &list[i];
        row_begin(scan);
        row_text(scan, 1, lock->type);
        bool is_xid = strcmp(lock->type, "transactionid") == 0,
             is_virtual = strcmp(lock->type, "virtualxid") == 0,
             advisory = strcmp(lock->type, "advisory") == 0;
        if (!is_xid && !is_virtual)
            row_int(scan, 2, lock->database_oid);
        if (lock->relation_oid && !advisory)
            row_int(scan, 3, lock->relation_oid);
        if (is_virtual)
            row_text(scan, 6, arena_printf(scan->arena, "%d/1", lock->pid));
        if (is_xid)
            row_int(scan, 7, (uint32_t)lock->object);
        if (advisory) {
            row_int(scan, 8, (uint32_t)(lock->object >> 32));
            row_int(scan, 9, (uint32_t)lock->object);
            row_int(scan, 10, lock->relation_oid); /* 1: one key, 2: two */
        }
        row_text(scan, 11, arena_printf(scan->arena, "%d/1", lock->pid));
        row_int(scan, 12, lock->pid);
        row_text(scan, 13, lock->mode);
        row_int(scan, 14, lock->granted);
        row_int(scan, 15, false);
    }
    return true;
}

/* ---- the session's own ---- */

static bool cursor_rows(struct sysrel_scan *scan)
{
    struct session *s = scan->env->session;
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (s->portals && map_next(s->portals, &at, &key, &key_bytes, &value)) {
        const struct portal *portal = value;
        if (!portal->is_cursor && portal->active && !*portal->name)
            continue;
        row_begin(scan);
        row_text(scan, 1, portal->name);
        row_text(scan, 2, portal->cursor_text ? portal->cursor_text : portal->stmt->text);
        row_int(scan, 3, portal->hold);
        row_int(scan, 4, portal->binary);
        row_int(scan, 5, portal->is_cursor && !portal->no_scroll);
        row_int(scan, 6, portal->created_us);
    }
    return true;
}

static bool prepared_rows(struct sysrel_scan *scan)
{
    struct session *s = scan->env->session;
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (s->statements && map_next(s->statements, &at, &key, &key_bytes, &value)) {
        const struct prepared_statement *prepared = value;
        uint16_t n = prepared->stmt ? prepared->stmt->n_params : 0;
        row_begin(scan);
        struct datum *types = ARENA_ARRAY(scan->arena, struct datum, n + 1u);
        for (uint16_t i = 0; i < n; i++)
            types[i] =
                datum_int(prepared->stmt->param_types[i] ? prepared->stmt->param_types[i]->oid : 0);
        row_text(scan, 1, prepared->name);
        row_text(scan, 2, prepared->text);
        row_int(scan, 3, prepared->prepared_us);
        row_datum(scan, 4,
                  array_build_1d(scan->arena, env_type(scan->env, TYPE_REGTYPE), types, n));
        row_int(scan, 5, prepared->from_sql);
        row_int(scan, 6, (int64_t)prepared->generic_plans);
        row_int(scan, 7, (int64_t)prepared->custom_plans);
    }
    return true;
}

static bool prepared_xact_rows(struct sysrel_scan *scan)
{
    struct prepared *list;
    size_t n = storage_prepared(server.storage, scan->keep, &list);
    for (size_t i = 0; i < n; i++) {
        row_begin(scan);
        row_int(scan, 1, (int64_t)(1000 + i));
        row_text(scan, 2, list[i].gid);
        row_int(scan, 3, list[i].prepared_us - INT64_C(946684800000000));
        row_text(scan, 4, list[i].owner);
        row_text(scan, 5, list[i].database);
    }
    return true;
}

static bool ssl_rows(struct sysrel_scan *scan)
{
    struct session *s = scan->env->session;
    row_begin(scan);
    row_int(scan, 1, s->pid);
    row_int(scan, 2, s->stream.tls != NULL);
    if (!s->stream.tls)
        return true;
    row_text(scan, 3, SSL_get_version(s->stream.tls));
    row_text(scan, 4, SSL_get_cipher_name(s->stream.tls));
    row_int(scan, 5, SSL_get_cipher_bits(s->stream.tls, NULL));
    return true;
}

void session_relations_install(void)
{
    sysrel_install("pg_settings", settings_rows);
    sysrel_install("pg_stat_activity", activity_rows);
    sysrel_install("pg_locks", lock_rows);
    sysrel_install("pg_cursors", cursor_rows);
    sysrel_install("pg_prepared_statements", prepared_rows);
    sysrel_install("pg_prepared_xacts", prepared_xact_rows);
    sysrel_install("pg_stat_ssl", ssl_rows);
}
