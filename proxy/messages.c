/* messages.c - the protocol's conversation: one call a message, ReadyForQuery at Sync and after each Query.
 *
 * An error in the extended protocol makes the session skip to the next Sync; one in a Query ends that query string.  Either way
 * it takes the transaction with it (transaction_abort).  Every message has the `scratch` arena to itself. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "proxy/session_int.h"
#include "sql/pgnodes.h"

/* ---- around a statement ---- */

static void arm_timeout(struct session *s)
{
    if (s->statement_timeout_ms && !s->statement_deadline.index)
        deadline_set(loop_deadlines(s->loop), &s->statement_deadline,
                     clock_monotonic_us() + s->statement_timeout_ms * 1000);
}

static void disarm_timeout(struct session *s)
{
    deadline_clear(loop_deadlines(s->loop), &s->statement_deadline);
    fiber_clear_interrupts(s->fiber, FIBER_STATEMENT_TIMEOUT);
}

static void statement_begins(struct session *s, const char *text)
{
    s->statement_us = now_2000_us();
    s->log_start_us = s->log_min_duration_ms >= 0 ? clock_monotonic_us() : 0;
    s->statement_text = s->log_statement ? arena_strdup(s->scratch, text) : NULL;
    fiber_clear_interrupts(s->fiber, FIBER_CANCEL); /* came too late for the one before */
    arm_timeout(s);
    sessions_show_state(s->entry, "active", text, strlen(text), s->statement_us,
                        s->txn_open ? s->transaction_us : s->statement_us);
}

static bool logs_statement(const struct session *s, const struct stmt *stmt)
{
    if (s->log_statement == 0)
        return false;
    bool modifies = stmt->query && !stmt->is_utility && stmt->query->writes;
    bool ddl = stmt->is_utility &&
               (strncmp(stmt->tag, "CREATE", 6) == 0 || strncmp(stmt->tag, "ALTER", 5) == 0 ||
                strncmp(stmt->tag, "DROP", 4) == 0 || strncmp(stmt->tag, "GRANT", 5) == 0 ||
                strncmp(stmt->tag, "REVOKE", 6) == 0 || strncmp(stmt->tag, "COMMENT", 7) == 0);
    bool mod = modifies || (stmt->is_utility && (strcmp(stmt->tag, "TRUNCATE TABLE") == 0 ||
                                                 strncmp(stmt->tag, "COPY", 4) == 0 ||
                                                 strcmp(stmt->tag, "EXECUTE") == 0));
    return s->log_statement == 3 || ddl || (s->log_statement == 2 && mod);
}

static void log_duration(struct session *s, const char *text)
{
    if (!s->log_start_us)
        return;
    int64_t took_us = clock_monotonic_us() - s->log_start_us;
    if (took_us >= s->log_min_duration_ms * 1000)
        log_line_pid(LOG_INFO_, s->pid, "duration: %.3f ms  statement: %s", (double)took_us / 1000,
                     text);
}

static bool refuse_if_failed(struct session *s, const void *node, struct err *err)
{
    if (s->block != BLOCK_FAILED || transaction_allows_in_failed(node))
        return true;
    return err_set(
        err, ERR_IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block");
}

static void report_failure(struct session *s, const struct err *err)
{
    session_send_err(s, err);
    transaction_abort(s);
    if (s->out_of_step)
        session_fatal(s, ERR_PROTOCOL_VIOLATION,
                      "terminating connection because protocol synchronization was lost");
}

static void ready(struct session *s)
{
    static const char *const states[] = {[BLOCK_NONE] = "idle",
                                         [BLOCK_IMPLICIT] = "idle",
                                         [BLOCK_EXPLICIT] = "idle in transaction",
                                         [BLOCK_FAILED] = "idle in transaction (aborted)"};
    disarm_timeout(s);
    if (s->phase == PHASE_CLOSING)
        return;
    if (s->block == BLOCK_NONE)
        notify_deliver(s);
    session_params_report(s);
    wire_ready(&s->out, transaction_status(s));
    sessions_show_state(s->entry, states[s->block], NULL, 0, now_2000_us(),
                        s->txn_open ? s->transaction_us : 0);
}

/* ---- Query ---- */

static bool send_results(struct session *s, struct portal *portal, struct err *err)
{
    struct client_sink *sink = NULL;
    uint64_t n_sent = 0;
    bool done;
    if (!portal_start(s, portal, err))
        return false;
    if (portal->columns.n || portal->stmt->returns_rows || portal->store || portal->fetch_cursor) {
        send_row_description(s, &portal->columns, portal->formats);
        sink = client_sink_new(s, portal->arena, &portal->columns, portal->formats, &portal->env);
    }
    if (!portal_run(s, portal, 0, sink ? &sink->sink : NULL, &n_sent, &done, err))
        return false;
    if (!portal->silent)
        portal->tag = portal_tag(portal, portal->arena, n_sent);
    return true;
}

/* Runs a statement of a query string to its end, and commits unless a block is open. */
static bool run_statement(struct session *s, struct stmt *stmt, const struct datum *params,
                          uint16_t n_params, bool is_last, struct err *err)
{
    struct portal *portal = portal_new(s, "", stmt, err);
    if (!portal)
        return false;
    portal->params = params;
    portal->n_params = n_params;
    if (logs_statement(s, stmt))
        log_line_pid(LOG_INFO_, s->pid, "statement: %s",
                     s->statement_text ? s->statement_text : stmt->text);
    portal->active = portal->undescribed = true;
    bool ok = send_results(s, portal, err);
    portal->active = false;
    const char *tag = ok && !portal->silent ? arena_strdup(s->scratch, portal->tag) : NULL;
    session_drop_portal(s, portal);
    if (ok && (is_last || s->block == BLOCK_NONE))
        ok = transaction_finish_statement(s, err);
    if (ok && tag)
        wire_command_complete(&s->out, tag);
    return ok;
}

static bool run_parsed(struct session *s, struct parsed *parsed, struct err *err)
{
    const struct stmt_params none = {.fixed = true};
    size_t n = parsed->list.n;
    if (n == 0)
        wire_simple(&s->out, 'I');
    for (size_t i = 0; i < n; i++) {
        if (!refuse_if_failed(s, parsed->list.items[i].node, err))
            return false;
        if (n > 1 && s->block == BLOCK_NONE)
            s->block = BLOCK_IMPLICIT;
        transaction_open(s);
        struct stmt *stmt = stmt_new(s, parsed, i, &none, err);
        if (!stmt)
            return false;
        bool ok = run_statement(s, stmt, NULL, 0, i + 1 == n, err);
        stmt_unref(stmt);
        if (!ok)
            return false;
        if (!fiber_check_interrupt(err))
            return false;
    }
    return true;
}

static bool run_query(struct session *s, const char *text, size_t n, struct err *err)
{
    const struct stmt_params none = {.fixed = true};
    session_drop_prepared(s, "");
    if (s->block == BLOCK_NONE && s->pipelining &&
        !transaction_finish_statement(s, err)) /* Executes without a Sync before */
        return false;
    const struct datum *params = NULL;
    uint16_t n_params = 0;
    struct stmt *stmt = stmt_with_literals(s, text, n, &params, &n_params);
    if (!stmt)
        stmt = stmt_cached(s, text, n, &none);
    if (stmt) {
        bool ok = refuse_if_failed(s, stmt->node, err);
        if (ok) {
            transaction_open(s);
            ok = run_statement(s, stmt, params, n_params, true, err);
        }
        stmt_unref(stmt);
        return ok;
    }
    struct parsed *parsed = stmt_parse(s, text, n, err);
    bool ok = parsed && run_parsed(s, parsed, err) &&
              (parsed->list.n || transaction_finish_statement(s, err));
    parsed_unref(parsed);
    return ok;
}

static void handle_query(struct session *s, const struct wire_message *message)
{
    struct wire_reader in = wire_reader_over(message->body, message->n);
    struct err err = ERR_IN(s->scratch);
    const char *text = wire_cstring(&in);
    bool ok = wire_finished(&in) || wire_malformed(&in, &err);
    statement_begins(s, text);
    const char *logged =
        s->log_start_us ? arena_strdup(s->scratch, text) : NULL; /* COPY moves the message away */
    ok = ok && run_query(s, text, message->n - 1, &err);
    if (!ok)
        report_failure(s, &err);
    else if (logged)
        log_duration(s, logged);
    ready(s);
}

/* ---- Parse ---- */

static bool read_types(struct session *s, struct wire_reader *in,
                       struct prepared_statement *prepared, struct err *err)
{
    uint16_t n = wire_u16(in);
    if (in->failed || wire_left(in) < 4u * n) {
        in->failed = true;
        return wire_malformed(in, err);
    }
    prepared->declared = calloc(n + 1u, sizeof(*prepared->declared));
    ASSERT(prepared->declared != NULL);
    prepared->n_declared = n;
    for (uint16_t i = 0; i < n; i++) {
        uint32_t oid = wire_u32(in);
        prepared->declared[i] = oid && oid != TYPE_UNKNOWN ? session_type(s, oid) : NULL;
        if (oid && oid != TYPE_UNKNOWN && !prepared->declared[i])
            return err_set(err, ERR_UNDEFINED_OBJECT, "type with OID %u does not exist", oid);
    }
    return wire_finished(in) || wire_malformed(in, err);
}

static bool parse_into(struct session *s, struct prepared_statement *prepared, const char *text,
                       struct err *err)
{
    struct stmt_params params = {.declared = prepared->declared,
                                 .n_declared = prepared->n_declared};
    size_t n = strlen(text);
    prepared->epoch = s->settings_epoch;
    prepared->stmt = stmt_cached(s, text, n, &params);
    if (prepared->stmt)
        return refuse_if_failed(s, prepared->stmt->node, err);
    struct parsed *parsed = stmt_parse(s, text, n, err);
    if (!parsed)
        return false;
    bool ok = true;
    if (parsed->list.n > 1)
        ok = err_set(err, ERR_SYNTAX_ERROR,
                     "cannot insert multiple commands into a prepared statement");
    else if (parsed->list.n == 1)
        ok = refuse_if_failed(s, parsed->list.items[0].node, err) &&
             (prepared->stmt = stmt_new(s, parsed, 0, &params, err));
    parsed_unref(parsed);
    return ok;
}

static bool handle_parse(struct session *s, struct wire_reader *in, struct err *err)
{
    const char *name = wire_cstring(in), *text = wire_cstring(in);
    statement_begins(s, text);
    struct prepared_statement *prepared = calloc(1, sizeof(*prepared));
    ASSERT(prepared != NULL);
    if (!*name)
        session_drop_prepared(s, "");
    prepared->name = strdup(name);
    prepared->text = strdup(text);
    prepared->prepared_us = s->statement_us;
    transaction_open(s);
    if (!read_types(s, in, prepared, err) || !parse_into(s, prepared, text, err)) {
        prepared_statement_free(prepared);
        return false;
    }
    if (!session_add_prepared(s, prepared, err))
        return false;
    wire_simple(&s->out, '1');
    return true;
}

/* ---- Bind ---- */

struct bind {
    const char *portal_name, *statement_name;
    uint16_t n_formats, n_params, n_results;
    const uint8_t *formats, *results;
};

static int16_t format_at(const uint8_t *formats, uint16_t n, size_t i)
{
    if (n == 0)
        return 0;
    const uint8_t *p = formats + 2 * (n == 1 ? 0 : i);
    return (int16_t)(p[0] << 8 | p[1]);
}

static bool check_format(int16_t format, struct err *err)
{
    return format == 0 || format == 1 ||
           err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported format code: %d", format);
}

static bool bind_param(struct session *s, struct portal *portal, const struct type *type,
                       int16_t format, const uint8_t *bytes, uint32_t n, bool *shows_value,
                       struct datum *value, struct err *err)
{
    struct type_io io = {.arena = portal->arena,
                         .err = err,
                         .type = type,
                         .typmod = -1,
                         .settings = &s->settings,
                         .env = &portal->env};
    *shows_value = false;
    if (!check_format(format, err))
        return false;
    if (format == 0) {
        const char *text = arena_strndup(portal->arena, (const char *)bytes, n);
        if (!utf8_check(text, n, err))
            return false;
        *shows_value = true;
        return type_in(&io, text, n, value);
    }
    if (!type->ops->recv(&io, bytes, n, value))
        return false;
    *value = datum_copy(type, portal->arena, *value);
    return true;
}

static void tell_parameter(const struct bind *bind, int number, bool shows_value, struct err *err)
{
    const char *value = shows_value ? " = '...'" : "";
    if (err->where)
        return;
    if (*bind->portal_name)
        err->where = arena_printf(err->arena, "portal \"%s\" parameter $%d%s", bind->portal_name,
                                  number, value);
    else
        err->where = arena_printf(err->arena, "unnamed portal parameter $%d%s", number, value);
}

static bool bind_params(struct session *s, struct portal *portal, const struct bind *bind,
                        struct wire_reader *in, struct err *err)
{
    const struct stmt *stmt = portal->stmt;
    struct datum *values = ARENA_ARRAY(portal->arena, struct datum, bind->n_params + 1u);
    session_env(s, &portal->env, portal->arena, stmt->catalog);
    for (uint16_t i = 0; i < bind->n_params; i++) {
        uint32_t n = wire_u32(in);
        int16_t format = format_at(bind->formats, bind->n_formats, i);
        bool shows_value = false;
        if (n == UINT32_MAX) {
            values[i] = datum_null();
            continue;
        }
        const uint8_t *bytes = wire_bytes(in, n);
        if (!bytes && n)
            return err_set(err, ERR_PROTOCOL_VIOLATION, "insufficient data left in message");
        if (!bind_param(s, portal, stmt->param_types[i], format, bytes, n, &shows_value, &values[i],
                        err)) {
            tell_parameter(bind, i + 1, shows_value, err);
            return false;
        }
    }
    portal->params = values;
    portal->n_params = bind->n_params;
    return true;
}

static bool bind_result_formats(struct portal *portal, const struct bind *bind, struct err *err)
{
    bool any_binary = false;
    for (uint16_t i = 0; i < bind->n_results; i++) {
        int16_t format = format_at(bind->results, bind->n_results, i);
        if (!check_format(format, err))
            return false;
        any_binary |= format == 1;
    }
    size_t n = portal->columns.n;
    if (bind->n_results > 1 && bind->n_results != n && (n || !portal->stmt->is_utility))
        return err_set(err, ERR_PROTOCOL_VIOLATION,
                       "bind message has %d result formats but query has %zu columns",
                       bind->n_results, n);
    if (!any_binary)
        return true;
    int16_t *formats = ARENA_ARRAY(portal->arena, int16_t, n + 1);
    for (size_t i = 0; i < n; i++)
        formats[i] = format_at(bind->results, bind->n_results, i);
    portal->formats = formats;
    return true;
}

/* The shape of the message without the values. */
static bool read_bind(struct wire_reader *in, struct bind *bind, struct err *err)
{
    bind->n_formats = wire_u16(in);
    bind->formats = wire_bytes(in, 2u * bind->n_formats);
    bind->n_params = wire_u16(in);
    if (in->failed)
        return wire_malformed(in, err);
    if (bind->n_formats > 1 && bind->n_formats != bind->n_params)
        return err_set(err, ERR_PROTOCOL_VIOLATION,
                       "bind message has %d parameter formats but %d parameters", bind->n_formats,
                       bind->n_params);
    return true;
}

static bool bind_rest(struct session *s, struct portal *portal, struct bind *bind,
                      struct wire_reader *in, struct err *err)
{
    if (!bind_params(s, portal, bind, in, err))
        return false;
    bind->n_results = wire_u16(in);
    bind->results = wire_bytes(in, 2u * bind->n_results);
    if (!wire_finished(in))
        return wire_malformed(in, err);
    if (portal->stmt->is_utility &&
        !utility_columns(s, portal->stmt, portal->arena, &portal->columns, err))
        return false;
    return bind_result_formats(portal, bind, err);
}

static struct stmt *empty_statement(struct session *s, struct err *err);

static bool handle_bind(struct session *s, struct wire_reader *in, struct err *err)
{
    struct bind bind = {.portal_name = wire_cstring(in), .statement_name = wire_cstring(in)};
    arm_timeout(s);
    s->statement_us = now_2000_us();
    if (in->failed)
        return wire_malformed(in, err);
    struct prepared_statement *prepared = session_prepared(s, bind.statement_name, err);
    if (!prepared || !read_bind(in, &bind, err))
        return false;
    uint16_t n_wanted = prepared->stmt ? prepared->stmt->n_params : 0;
    if (bind.n_params != n_wanted)
        return err_set(
            err, ERR_PROTOCOL_VIOLATION,
            "bind message supplies %d parameters, but prepared statement \"%s\" requires %d",
            bind.n_params, prepared->name, n_wanted);
    if (prepared->stmt && !refuse_if_failed(s, prepared->stmt->node, err))
        return false;
    transaction_open(s);
    if (!prepared_refresh(s, prepared, err))
        return false;
    struct stmt *stmt = prepared->stmt ? prepared->stmt : empty_statement(s, err);
    struct portal *portal = stmt ? portal_new(s, bind.portal_name, stmt, err) : NULL;
    if (!prepared->stmt)
        stmt_unref(stmt);
    if (!portal)
        return false;
    portal->active = true; /* a failing Bind drops it itself */
    bool ok = bind_rest(s, portal, &bind, in, err);
    portal->active = false;
    if (!ok) {
        session_drop_portal(s, portal);
        return false;
    }
    wire_simple(&s->out, '2');
    return true;
}

/* ---- Describe ---- */

static bool describe_statement(struct session *s, const char *name, struct err *err)
{
    struct prepared_statement *prepared = session_prepared(s, name, err);
    if (!prepared || !prepared_refresh(s, prepared, err))
        return false;
    const struct stmt *stmt = prepared->stmt;
    struct result_columns columns = stmt ? stmt->columns : (struct result_columns){0};
    if (stmt && stmt->is_utility && !utility_columns(s, stmt, s->scratch, &columns, err))
        return false;
    if (s->block == BLOCK_FAILED && columns.n)
        return refuse_if_failed(s, stmt->node, err);
    size_t at = wire_begin(&s->out, 't');
    uint16_t n = stmt ? stmt->n_params : 0;
    buf_put_u16(&s->out, n);
    for (uint16_t i = 0; i < n; i++)
        buf_put_u32(&s->out, stmt->param_types[i] ? stmt->param_types[i]->oid : 0);
    wire_end(&s->out, at);
    if (columns.n || (stmt && stmt->returns_rows))
        send_row_description(s, &columns, NULL);
    else
        wire_simple(&s->out, 'n');
    return true;
}

static bool describe_portal(struct session *s, const char *name, struct err *err)
{
    struct portal *portal = session_portal(s, name, err);
    if (!portal)
        return false;
    bool rows = portal->columns.n || portal->stmt->returns_rows;
    if (rows && !refuse_if_failed(s, portal->stmt->node, err))
        return false;
    if (rows)
        send_row_description(s, &portal->columns, portal->formats);
    else
        wire_simple(&s->out, 'n');
    return true;
}

static bool handle_describe(struct session *s, struct wire_reader *in, struct err *err)
{
    uint8_t kind = wire_u8(in);
    const char *name = wire_cstring(in);
    if (!wire_finished(in))
        return wire_malformed(in, err);
    transaction_open(s);
    if (kind == 'S')
        return describe_statement(s, name, err);
    if (kind == 'P')
        return describe_portal(s, name, err);
    return err_set(err, ERR_PROTOCOL_VIOLATION, "invalid DESCRIBE message subtype %d", kind);
}

/* ---- Execute ---- */

static struct stmt *empty_statement(struct session *s, struct err *err)
{
    struct arena *arena = arena_new("statement");
    struct stmt *stmt = ARENA_NEW(arena, struct stmt);
    const struct catalog *catalog = session_catalog(s);
    (void)err;
    *stmt = (struct stmt){.refs = 1,
                          .arena = arena,
                          .catalog = catalog_ref((struct catalog *)catalog),
                          .text = "",
                          .tag = "",
                          .is_utility = true,
                          .catalog_version = catalog_version(catalog)};
    return stmt;
}

static bool execute_portal(struct session *s, struct portal *portal, uint32_t limit,
                           struct err *err)
{
    struct client_sink *sink = NULL;
    uint64_t n_sent;
    bool done;
    if (!portal->stmt->node) {
        wire_simple(&s->out, 'I');
        return true;
    }
    if (portal->state == PORTAL_DONE && !portal->columns.n && !portal->stmt->returns_rows)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"%s\" cannot be run",
                       portal->name);
    if (!portal_start(s, portal, err))
        return false;
    if (portal->columns.n || portal->stmt->returns_rows) {
        if (!portal->sink)
            portal->sink =
                client_sink_new(s, portal->arena, &portal->columns, portal->formats, &portal->env);
        sink = portal->sink;
    }
    if (!portal_run(s, portal, limit, sink ? &sink->sink : NULL, &n_sent, &done, err))
        return false;
    if (!done)
        wire_simple(&s->out, 's');
    else if (!portal->silent)
        wire_command_complete(&s->out, portal_tag(portal, s->scratch, n_sent));
    if (done)
        portal->n_rows = 0; /* run once more, it changes nothing more */
    return true;
}

static bool handle_execute(struct session *s, struct wire_reader *in, struct err *err)
{
    const char *name = wire_cstring(in);
    int32_t limit = (int32_t)wire_u32(in);
    if (!wire_finished(in))
        return wire_malformed(in, err);
    struct portal *portal = session_portal(s, name, err);
    if (!portal || (portal->stmt->node && !refuse_if_failed(s, portal->stmt->node, err)))
        return false;
    statement_begins(s, portal->stmt->text);
    if (logs_statement(s, portal->stmt))
        log_line_pid(LOG_INFO_, s->pid, "execute %s: %s", *name ? name : "<unnamed>",
                     portal->stmt->text);
    const char *text = s->log_start_us ? arena_strdup(s->scratch, portal->stmt->text) : NULL;
    bool was_control = portal->stmt->node && IS_NODE(portal->stmt->node, TransactionStmt);
    transaction_open(s);
    portal->active = true;
    bool ok = execute_portal(s, portal, limit > 0 ? (uint32_t)limit : 0, err);
    portal->active = false;
    disarm_timeout(s);
    if (!ok)
        return false;
    if (was_control || s->commit_now) {
        session_drop_portal(s, portal);
        if (!transaction_finish_statement(s, err))
            return false;
    } else if (s->txn_open) {
        s->pipelining = true;
    }
    s->commit_now = false;
    if (text)
        log_duration(s, text);
    return fiber_check_interrupt(err);
}

/* ---- Close, Sync and the rest ---- */

static bool handle_close(struct session *s, struct wire_reader *in, struct err *err)
{
    uint8_t kind = wire_u8(in);
    const char *name = wire_cstring(in);
    if (!wire_finished(in))
        return wire_malformed(in, err);
    if (kind == 'S') {
        session_drop_prepared(s, name);
    } else if (kind == 'P') {
        struct portal *portal = s->portals ? map_get(s->portals, name, strlen(name)) : NULL;
        if (portal)
            session_drop_portal(s, portal);
    } else {
        return err_set(err, ERR_PROTOCOL_VIOLATION, "invalid CLOSE message subtype %d", kind);
    }
    wire_simple(&s->out, '3');
    return true;
}

static void handle_sync(struct session *s)
{
    struct err err = ERR_IN(s->scratch);
    s->skip_to_sync = false;
    if (s->block != BLOCK_EXPLICIT && s->block != BLOCK_FAILED &&
        !transaction_finish_statement(s, &err))
        report_failure(s, &err);
    s->pipelining = false;
    ready(s);
}

static void handle_extended(struct session *s, const struct wire_message *message,
                            bool (*handle)(struct session *s, struct wire_reader *in,
                                           struct err *err))
{
    struct wire_reader in = wire_reader_over(message->body, message->n);
    struct err err = ERR_IN(s->scratch);
    if (handle(s, &in, &err))
        return;
    report_failure(s, &err);
    s->pipelining = false;
    s->skip_to_sync = true;
}

static void handle_function_call(struct session *s)
{
    struct err err = ERR_IN(s->scratch);
    err_set(&err, ERR_FEATURE_NOT_SUPPORTED, "function calls by message are not supported");
    report_failure(s, &err);
    ready(s);
}

static void handle(struct session *s, const struct wire_message *message)
{
    if (s->skip_to_sync && message->type != WIRE_SYNC && message->type != WIRE_TERMINATE)
        return;
    switch ((enum wire_frontend)message->type) {
    case WIRE_QUERY:
        handle_query(s, message);
        return;
    case WIRE_PARSE:
        handle_extended(s, message, handle_parse);
        return;
    case WIRE_BIND:
        handle_extended(s, message, handle_bind);
        return;
    case WIRE_DESCRIBE:
        handle_extended(s, message, handle_describe);
        return;
    case WIRE_EXECUTE:
        handle_extended(s, message, handle_execute);
        return;
    case WIRE_CLOSE:
        handle_extended(s, message, handle_close);
        return;
    case WIRE_FLUSH:
        session_push(s);
        return;
    case WIRE_SYNC:
        handle_sync(s);
        return;
    case WIRE_TERMINATE:
        s->phase = PHASE_CLOSING;
        return;
    case WIRE_FUNCTION_CALL:
        handle_function_call(s);
        return;
    case WIRE_COPY_DATA: /* left over from a COPY that failed */
    case WIRE_COPY_DONE:
    case WIRE_COPY_FAIL:
        return;
    case WIRE_PASSWORD:
        session_fatal(s, ERR_PROTOCOL_VIOLATION, "invalid frontend message type %d", message->type);
        return;
    }
}

/* Reasons to end that came from outside. */
static bool told_to_end(struct session *s)
{
    if (s->fatal) {
        session_fatal(s, s->fatal_state, "%s", s->fatal);
        return true;
    }
    if (fiber_interrupts(s->fiber) & FIBER_TERMINATE ||
        (s->draining && s->block == BLOCK_NONE && !s->txn_open)) {
        session_fatal(s, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
        return true;
    }
    return false;
}

void session_handle_messages(struct session *s)
{
    struct wire_message message;
    if (s->block == BLOCK_NONE && s->notify_in) {
        notify_deliver(s);
        session_push(s);
    }
    while (!told_to_end(s) && session_next_message(s, &message)) {
        handle(s, &message);
        arena_reset(s->scratch);
        if (s->phase == PHASE_CLOSING)
            return;
        struct err err = ERR_IN(s->scratch);
        if (!session_relieve(s, &err) && s->broken)
            return;
        if (!fiber_breathe() && s->broken)
            return;
    }
}
