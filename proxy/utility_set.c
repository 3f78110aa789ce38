/* utility_set.c - SET, RESET, SHOW and DISCARD. */
#include <string.h>
#include <strings.h>

#include "proxy/session_int.h"
#include "sql/format_type.h"
#include "sql/pgnodes.h"

/* Parameters whose value is a list; of names that are quoted where needed, or of plain words. */
static const char *const quoted_lists[] = {"search_path",
                                           "temp_tablespaces",
                                           "session_preload_libraries",
                                           "shared_preload_libraries",
                                           "local_preload_libraries",
                                           "unix_socket_directories"};
static const char *const plain_lists[] = {"DateStyle",
                                          "log_destination",
                                          "synchronous_standby_names",
                                          "listen_addresses",
                                          "wal_consistency_checking",
                                          "debug_io_direct",
                                          "restrict_nonsystem_relation_kind"};

static bool is_listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(list[i], name) == 0)
            return true;
    return false;
}

/* One argument of SET as text. */
static const char *arg_text(struct session *s, const Node *arg, struct err *err)
{
    const A_Const *constant = (const A_Const *)arg;
    if (IS_NODE(arg, TypeCast)) { /* SET TIME ZONE INTERVAL '...' */
        constant = (const A_Const *)((const TypeCast *)arg)->arg;
        return arena_printf(s->scratch, "INTERVAL '%s'", constant->val.sval.sval);
    }
    if (!IS_NODE(arg, A_Const)) {
        err_set(err, ERR_SYNTAX_ERROR, "unexpected argument of SET");
        return NULL;
    }
    switch ((int)TAG_OF(&constant->val)) {
    case T_Integer:
        return arena_printf(s->scratch, "%d", constant->val.ival.ival);
    case T_Float:
        return constant->val.fval.fval;
    case T_Boolean:
        return constant->val.boolval.boolval ? "true" : "false";
    default:
        return constant->val.sval.sval;
    }
}

static const char *flatten(struct session *s, const char *name, const List *args, struct err *err)
{
    bool quoted = is_listed(quoted_lists, ARRAY_COUNT(quoted_lists), name);
    if (!quoted && !is_listed(plain_lists, ARRAY_COUNT(plain_lists), name) && list_n(args) > 1) {
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "SET %s takes only one argument", name);
        return NULL;
    }
    struct buf text = BUF_IN(s->scratch);
    for (int i = 0; i < list_n(args); i++) {
        const char *item = arg_text(s, list_at(args, i), err);
        if (!item)
            return NULL;
        if (i)
            buf_puts(&text, ", ");
        if (quoted)
            quote_ident(&text, item);
        else
            buf_puts(&text, item);
    }
    return buf_cstr(&text);
}

static bool set_multi(struct session *s, const VariableSetStmt *stmt, struct err *err)
{
    if (strcmp(stmt->name, "TRANSACTION") == 0) {
        transaction_warn_no_block(s, "SET TRANSACTION");
        return transaction_set_characteristics(s, stmt->args, false, err);
    }
    if (strcmp(stmt->name, "SESSION CHARACTERISTICS") == 0)
        return transaction_set_characteristics(s, stmt->args, true, err);
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "SET TRANSACTION SNAPSHOT is not supported");
}

bool run_set(struct session *s, const void *node, struct utility_result *result UNUSED,
             struct err *err)
{
    const VariableSetStmt *stmt = node;
    transaction_open(s);
    if (stmt->kind == VAR_RESET_ALL) {
        session_params_reset_all(s);
        return true;
    }
    if (stmt->kind == VAR_SET_MULTI)
        return set_multi(s, stmt, err);
    const struct param_def *def = session_param_find(s, stmt->name, stmt->kind != VAR_RESET, err);
    if (!def)
        return false;
    if (stmt->is_local)
        transaction_warn_no_block(s, "SET LOCAL");
    switch (stmt->kind) {
    case VAR_SET_VALUE: {
        const char *text = flatten(s, def->name, stmt->args, err);
        return text && session_param_set(s, def, text, stmt->is_local, SOURCE_SESSION, err);
    }
    case VAR_SET_CURRENT: {
        const char *text = arena_strdup(s->scratch, session_param(s, def));
        return session_param_set(s, def, text, stmt->is_local, SOURCE_SESSION, err);
    }
    case VAR_SET_DEFAULT:
    case VAR_RESET:
        return session_param_set(s, def, NULL, stmt->is_local, SOURCE_SESSION, err);
    case VAR_SET_MULTI:
    case VAR_RESET_ALL:
        break;
    }
    return true;
}

/* ---- ALTER ROLE ... SET, ALTER DATABASE ... SET ---- */

bool session_setting_clause(struct session *s, const void *node, const char **name,
                            const char **value, struct err *err)
{
    const VariableSetStmt *set = node;
    const char *canonical;
    bool gives_value = set->kind == VAR_SET_VALUE || set->kind == VAR_SET_CURRENT;
    if (set->kind == VAR_SET_MULTI)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "this SET is not supported here");
    const struct param_def *def = session_param_find(s, set->name, gives_value, err);
    if (!def)
        return false;
    *name = def->name;
    if (!gives_value)
        return session_param_may_set(s, def, err);
    *value = set->kind == VAR_SET_VALUE ? flatten(s, def->name, set->args, err)
                                        : session_param_shown(s, def, s->scratch);
    return *value && session_param_may_set(s, def, err) &&
           param_check(def, *value, &canonical, err);
}

/* ---- SHOW ---- */

bool show_columns(struct session *s, const void *node, struct arena *arena,
                  struct result_columns *columns)
{
    const VariableShowStmt *stmt = node;
    const struct type *text = session_type(s, TYPE_TEXT);
    if (strcasecmp(stmt->name, "all") == 0) {
        add_column(arena, columns, "name", text, -1);
        add_column(arena, columns, "setting", text, -1);
        add_column(arena, columns, "description", text, -1);
        return true;
    }
    struct err ignored = ERR_IN(s->scratch);
    const struct param_def *def = session_param_find(s, stmt->name, false, &ignored);
    add_column(arena, columns, def ? def->name : stmt->name, text, -1);
    return true;
}

static void show_all(struct session *s, struct arena *arena, struct store *rows)
{
    for (size_t i = 0; i < param_count(); i++) {
        const struct param_def *def = param_at(i);
        if (def->hidden)
            continue;
        const char *texts[3] = {def->name, session_param_shown(s, def, arena), def->short_desc};
        add_text_row(rows, arena, texts, 3);
    }
}

bool run_show(struct session *s, const void *node, struct arena *arena,
              struct utility_result *result, struct err *err)
{
    const VariableShowStmt *stmt = node;
    show_columns(s, node, arena, &result->columns);
    result->rows = rows_of(arena, &result->columns);
    result->tag = "SHOW";
    if (result->columns.n == 3) {
        show_all(s, arena, result->rows);
        return true;
    }
    const struct param_def *def = session_param_find(s, stmt->name, false, err);
    if (!def)
        return false;
    const char *value = session_param_shown(s, def, arena);
    add_text_row(result->rows, arena, &value, 1);
    return true;
}

/* ---- DISCARD ---- */

static bool discard_temp(struct session *s, struct err *err)
{
    if (!s->temp_namespace)
        return true;
    if (!transaction_start(s, err))
        return false;
    struct ddl_context context;
    struct env env;
    session_env(s, &env, s->scratch, session_catalog(s));
    session_ddl_context(s, &context, s->scratch, &env, "");
    bool ok = ddl_discard_temp(&context, err);
    session_ddl_done(s, &context);
    return ok;
}

bool session_discard_all(struct session *s, struct err *err)
{
    session_drop_portals(s, false);
    if (!session_param_set(s, param_find("session_authorization"), NULL, false, SOURCE_SESSION,
                           err))
        return false;
    session_params_reset_all(s);
    session_drop_all_prepared(s);
    notify_unlisten(s, NULL);
    advisory_unlock_all(server.transactions, s->pid);
    session_forget_sequences(s);
    return discard_temp(s, err);
}

bool run_discard(struct session *s, const void *node, struct utility_result *result UNUSED,
                 struct err *err)
{
    switch (((const DiscardStmt *)node)->target) {
    case DISCARD_ALL:
        return transaction_forbid_block(s, "DISCARD ALL", err) && session_discard_all(s, err);
    case DISCARD_PLANS: /* they are made anew whenever what they depend on changes */
        return true;
    case DISCARD_SEQUENCES:
        session_forget_sequences(s);
        return true;
    case DISCARD_TEMP:
        return discard_temp(s, err);
    }
    return true;
}
