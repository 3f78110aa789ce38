/* ddl_glue.c - what catalog/ddl.h needs of a session, and what comes back. */
#include <string.h>
#include <strings.h>

#include "base/scram.h"
#include "proxy/session_int.h"
#include "sql/pgnodes.h"

static void on_notice(void *arg, const struct ddl_notice *notice)
{
    struct session *s = arg;
    enum notice level = strcmp(notice->severity, "WARNING") == 0 ? NOTICE_WARNING
                        : strcmp(notice->severity, "INFO") == 0  ? NOTICE_INFO
                                                                 : NOTICE_NOTICE;
    struct err report = ERR_IN(s->scratch);
    err_set(&report, notice->sqlstate ? notice->sqlstate : ERR_SUCCESSFUL_COMPLETION, "%s",
            notice->message);
    report.detail = notice->detail;
    report.hint = notice->hint;
    session_notice_err(s, level, &report);
}

static const char *make_verifier(void *arg UNUSED, struct arena *arena, const char *password)
{
    return scram_is_verifier(password) ? arena_strdup(arena, password)
                                       : scram_make_verifier(arena, password);
}

static bool setting(void *arg, const void *set, const char **name, const char **value,
                    struct err *err)
{
    return session_setting_clause(arg, set, name, value, err);
}

static const struct table_rule *rule_for(const struct config *config, const char *schema,
                                         const char *table)
{
    for (size_t i = 0; i < config->tables.n; i++) {
        const char *name = config->tables.items[i].table, *dot = strchr(name, '.');
        if (dot ? strlen(schema) == (size_t)(dot - name) &&
                      strncmp(name, schema, (size_t)(dot - name)) == 0 &&
                      strcmp(dot + 1, table) == 0
                : strcmp(name, table) == 0)
            return &config->tables.items[i];
    }
    return NULL;
}

static const char *table_option(void *arg UNUSED, const char *schema, const char *table,
                                const char *option)
{
    const struct table_rule *rule = rule_for(server_config(), schema ? schema : "public", table);
    if (!rule)
        return NULL;
    if (strcmp(option, "shard_key") == 0)
        return rule->shard_key;
    if (strcmp(option, "shard_strategy") == 0)
        return rule->shard_strategy;
    return strcmp(option, "distribution") == 0 ? rule->distribution : NULL;
}

void session_ddl_context(struct session *s, struct ddl_context *context, struct arena *arena,
                         const struct env *env, const char *text)
{
    *context = (struct ddl_context){
        .arena = arena,
        .env = env,
        .txn = s->txn,
        .database = s->database,
        .path = *session_path(s, env->catalog),
        .user_oid = s->current_role,
        .text = text,
        .in_block = transaction_in_block(s) || s->pipelining,
        .session_pid = s->pid,
        .temp_namespace = s->temp_namespace,
        .arg = s,
        .notice = on_notice,
        .make_verifier = make_verifier,
        .setting = setting,
        .table_option = table_option,
        .skip_function_bodies = strcmp(session_param_named(s, "check_function_bodies"), "off") == 0,
    };
}

void session_ddl_done(struct session *s, const struct ddl_context *context)
{
    if (context->temp_namespace == s->temp_namespace)
        return;
    s->temp_namespace = context->temp_namespace;
    session_settings_changed(s);
}

bool refuse_utility_if_read_only(struct session *s, const char *tag, struct err *err)
{
    if (!transaction_is_read_only(s))
        return true;
    return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION,
                   "cannot execute %s in a read-only transaction", tag);
}

/* Of several statements in one query string, the text of this one. */
static const char *own_text(const struct stmt *stmt, struct arena *arena)
{
    if (stmt->raw_index >= stmt->parsed->list.n)
        return stmt->text;
    const struct raw_statement *raw = &stmt->parsed->list.items[stmt->raw_index];
    const char *start = stmt->text + raw->offset;
    return raw->length ? arena_strndup(arena, start, (size_t)raw->length) : start;
}

bool run_ddl(struct session *s, struct portal *portal, struct utility_result *result,
             struct err *err)
{
    struct ddl_context context;
    if (!refuse_utility_if_read_only(s, portal->stmt->tag, err) || !transaction_start(s, err))
        return false;
    s->had_query = true;
    session_env(s, &portal->env, portal->arena, portal->stmt->catalog);
    session_ddl_context(s, &context, portal->arena, &portal->env, portal->stmt->text);
    context.statement = own_text(portal->stmt, portal->arena);
    result->tag = portal->stmt->tag;
    bool ok = ddl_execute(&context, portal->stmt->node, &result->tag, err);
    session_ddl_done(s, &context);
    return ok;
}

bool session_before_commit(struct session *s, struct err *err)
{
    if (!s->txn || !s->temp_namespace)
        return true;
    struct ddl_context context;
    struct env env;
    session_env(s, &env, s->scratch, session_catalog(s));
    session_ddl_context(s, &context, s->scratch, &env, "");
    bool ok = ddl_before_commit(&context, err);
    session_ddl_done(s, &context);
    return ok;
}

void session_catalog_committed(struct session *s, const struct catalog *private)
{
    temp_view_committed(&s->temp, private);
    s->catalog_base = 0; /* looked up again */
}
