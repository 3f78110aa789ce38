/* copy.c - COPY FROM STDIN and TO STDOUT: CopyData messages on one side, the executor on the other.
 *
 * FROM plans "INSERT INTO t (columns) VALUES ($1, ...)" once and hands each row's values to it as one long statement (exec/copy.h).  The fiber
 * takes messages as they come and sleeps between them.  An error ends the COPY at once; what the client goes on sending is
 * swallowed by the message loop.  TO runs a query and wraps each row into one CopyData. */
#include <string.h>

#include "exec/copy.h"
#include "pgwire/copy.h"
#include "proxy/copy_options.h"
#include "proxy/session_int.h"
#include "sql/format_type.h"
#include "sql/pgnodes.h"
#include "sql/walk.h"

struct copy_job {
    struct session *s;
    struct portal *portal;
    const CopyStmt *node;
    struct copy_spec spec;
    const struct relation *relation; /* NULL: COPY (query) */
    const struct column **columns;   /* of the relation, in COPY's order */
    uint16_t n_columns;
    struct env *env;
    /* FROM */
    struct copy_reader reader;
    struct copy_in *in;
    struct expr *where;
    struct arena *row_arena;
    bool started; /* TO: the binary header is out; it goes with the first row, or the trailer */
    struct type_io *io;
};

/* ---- the table and its columns ---- */

static bool wrong_kind(const struct relation *relation, bool is_from, struct err *err)
{
    const char *what = relation->kind == 'v'   ? "view"
                       : relation->kind == 'm' ? "materialized view"
                       : relation->kind == 'S' ? "sequence"
                                               : "non-table relation";
    err_set(err, ERR_WRONG_OBJECT_TYPE, "cannot copy %s %s \"%s\"", is_from ? "to" : "from", what,
            relation->name);
    if (is_from && relation->kind == 'v')
        return err_hint(err, "To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
    if (!is_from && (relation->kind == 'v' || relation->kind == 'm'))
        return err_hint(err, "Try the COPY (SELECT ...) TO variant.");
    return false;
}

static bool find_table(struct copy_job *job, struct err *err)
{
    const RangeVar *name = job->node->relation;
    const struct catalog *catalog = job->portal->stmt->catalog;
    job->relation = catalog_relation_by_name(catalog, session_path(job->s, catalog),
                                             name->schemaname, name->relname);
    if (!job->relation && name->schemaname && !catalog_namespace_by_name(catalog, name->schemaname))
        return err_set(err, ERR_UNDEFINED_SCHEMA, "schema \"%s\" does not exist", name->schemaname);
    if (!job->relation)
        return err_set(err, ERR_UNDEFINED_TABLE,
                       name->schemaname ? "relation \"%s.%s\" does not exist"
                                        : "relation \"%s%s\" does not exist",
                       name->schemaname ? name->schemaname : "", name->relname);
    return job->relation->kind == 'r' || wrong_kind(job->relation, job->node->is_from, err);
}

static bool add_named(struct copy_job *job, const char *name, struct err *err)
{
    const struct column *found = NULL;
    for (uint16_t i = 0; i < job->relation->n_columns; i++)
        if (!job->relation->columns[i].dropped && strcmp(job->relation->columns[i].name, name) == 0)
            found = &job->relation->columns[i];
    if (!found)
        return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
                       name, job->relation->name);
    if (found->generated) {
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "column \"%s\" is a generated column", name);
        return err_detail(err, "Generated columns cannot be used in COPY.");
    }
    for (uint16_t i = 0; i < job->n_columns; i++)
        if (job->columns[i] == found)
            return err_set(err, ERR_DUPLICATE_COLUMN, "column \"%s\" specified more than once",
                           name);
    job->columns[job->n_columns++] = found;
    return true;
}

static bool force_columns_exist(struct copy_job *job, const struct copy_force *force,
                                struct err *err)
{
    for (size_t k = 0; k < force->n; k++) {
        bool found = false;
        for (uint16_t i = 0; i < job->relation->n_columns; i++)
            found |= !job->relation->columns[i].dropped &&
                     strcmp(job->relation->columns[i].name, force->names[k]) == 0;
        if (!found)
            return err_set(err, ERR_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist", force->names[k],
                           job->relation->name);
    }
    return true;
}

static bool find_columns(struct copy_job *job, struct err *err)
{
    struct arena *arena = job->portal->arena;
    int n = list_n(job->node->attlist);
    job->columns =
        ARENA_ARRAY(arena, const struct column *, (size_t)MAX(n, job->relation->n_columns) + 1);
    for (int i = 0; i < n; i++)
        if (!add_named(job, list_str(job->node->attlist, i), err))
            return false;
    for (uint16_t i = 0; n == 0 && i < job->relation->n_columns; i++)
        if (!job->relation->columns[i].dropped && !job->relation->columns[i].generated)
            job->columns[job->n_columns++] = &job->relation->columns[i];
    const char **names = ARENA_ARRAY(arena, const char *, job->n_columns + 1u);
    for (uint16_t i = 0; i < job->n_columns; i++)
        names[i] = job->columns[i]->name;
    return force_columns_exist(job, &job->spec.quote, err) &&
           force_columns_exist(job, &job->spec.not_null, err) &&
           force_columns_exist(job, &job->spec.null, err) &&
           copy_spec_settle(arena, &job->spec, names, job->n_columns, err);
}

static void put_table(struct copy_job *job, struct buf *sql)
{
    quote_ident(sql, job->relation->namespace_name);
    buf_putc(sql, '.');
    quote_ident(sql, job->relation->name);
}

static void put_columns(struct copy_job *job, struct buf *sql)
{
    for (uint16_t i = 0; i < job->n_columns; i++) {
        if (i)
            buf_puts(sql, ", ");
        quote_ident(sql, job->columns[i]->name);
    }
}

/* A statement of our own making; a reference. */
static struct stmt *make_statement(struct copy_job *job, const char *sql,
                                   const struct stmt_params *params, struct err *err)
{
    struct stmt *stmt = stmt_cached(job->s, sql, strlen(sql), params);
    if (stmt)
        return stmt;
    struct parsed *parsed = stmt_parse(job->s, sql, strlen(sql), err);
    stmt = parsed ? stmt_new(job->s, parsed, 0, params, err) : NULL;
    parsed_unref(parsed);
    if (!stmt)
        err->position = 0; /* of a text the client has never seen */
    return stmt;
}

static void start_response(struct session *s, char type, bool binary, uint16_t n)
{
    size_t at = wire_begin(&s->out, type);
    buf_putc(&s->out, binary);
    buf_put_u16(&s->out, n);
    for (uint16_t i = 0; i < n; i++)
        buf_put_u16(&s->out, binary);
    wire_end(&s->out, at);
}

/* ---- COPY TO ---- */

static size_t begin_data(struct copy_job *job)
{
    size_t at = wire_begin(&job->s->out, 'd');
    if (!job->started && job->spec.options.format == COPY_FORMAT_BINARY)
        copy_write_start(&job->s->out, &job->spec.options);
    job->started = true;
    return at;
}

struct copy_sink {
    struct row_sink sink;
    struct copy_job *job;
    const struct result_columns *columns;
    struct buf value;
};

static bool send_row(struct row_sink *base, const struct datum *values, struct err *err)
{
    struct copy_sink *sink = (struct copy_sink *)base;
    struct copy_job *job = sink->job;
    const struct copy_options *options = &job->spec.options;
    struct buf *out = &job->s->out;
    size_t at = begin_data(job);
    copy_write_row_start(out, options);
    for (uint16_t i = 0; i < sink->columns->n; i++) {
        if (values[i].null) {
            copy_write_field(out, options, i, NULL, 0);
            continue;
        }
        struct type_io *io = &job->io[i];
        io->err = err;
        sink->value.n = 0;
        bool ok = options->format == COPY_FORMAT_BINARY
                      ? io->type->ops->send(io, &values[i], &sink->value)
                      : io->type->ops->out(io, &values[i], &sink->value);
        if (!ok) {
            out->n = at - 1;
            return false;
        }
        copy_write_field(out, options, i, sink->value.p ? sink->value.p : "", sink->value.n);
    }
    copy_write_row_end(out, options);
    wire_end(out, at);
    arena_reset(job->row_arena);
    return session_relieve(job->s, err);
}

static void make_io(struct copy_job *job, const struct result_columns *columns)
{
    job->io = ARENA_ARRAY(job->portal->arena, struct type_io, columns->n + 1);
    for (size_t i = 0; i < columns->n; i++)
        job->io[i] = (struct type_io){.arena = job->row_arena,
                                      .type = columns->items[i].type,
                                      .typmod = columns->items[i].typmod,
                                      .settings = &job->s->settings,
                                      .env = job->env};
}

static void send_start(struct copy_job *job, uint16_t n)
{
    struct session *s = job->s;
    const struct copy_options *options = &job->spec.options;
    bool binary = options->format == COPY_FORMAT_BINARY;
    start_response(s, 'H', binary, n);
    if (binary || options->header == COPY_HEADER_OFF)
        return;
    size_t at = wire_begin(&s->out, 'd');
    copy_write_start(&s->out, options);
    wire_end(&s->out, at);
}

static void send_end(struct copy_job *job)
{
    struct session *s = job->s;
    if (job->spec.options.format == COPY_FORMAT_BINARY) {
        size_t at = begin_data(job);
        copy_write_end(&s->out, &job->spec.options);
        wire_end(&s->out, at);
    }
    wire_simple(&s->out, 'c');
}

static bool send_rows(struct copy_job *job, const struct stmt *stmt, uint64_t *n_rows,
                      struct err *err)
{
    struct exec *exec =
        session_exec_start(job->s, stmt, job->portal->arena, job->env, job->portal->params, err);
    if (!exec)
        return false;
    make_io(job, &stmt->columns);
    struct copy_sink sink = {.sink.row = send_row, .job = job, .columns = &stmt->columns};
    send_start(job, (uint16_t)stmt->columns.n);
    const struct datum *row;
    bool ok = true;
    for (*n_rows = 0; ok && (ok = exec_next(exec, &row, err)) && row; ++*n_rows)
        ok = send_row(&sink.sink, row, err);
    if (stmt->query->command != CMD_SELECT_)
        *n_rows = exec_rows_changed(exec);
    exec_end(exec);
    buf_free(&sink.value);
    if (ok)
        send_end(job);
    return ok;
}

static bool settle_query_columns(struct copy_job *job, const struct stmt *stmt, struct err *err)
{
    const char **names = ARENA_ARRAY(job->portal->arena, const char *, stmt->columns.n + 1);
    for (size_t i = 0; i < stmt->columns.n; i++)
        names[i] = stmt->columns.items[i].name;
    return copy_spec_settle(job->portal->arena, &job->spec, names, (uint16_t)stmt->columns.n, err);
}

static struct stmt *table_query(struct copy_job *job, struct err *err)
{
    const struct stmt_params none = {.fixed = true};
    struct buf sql = BUF_IN(job->portal->arena);
    if (!find_table(job, err) || !find_columns(job, err))
        return NULL;
    buf_puts(&sql, "SELECT ");
    put_columns(job, &sql);
    buf_puts(&sql, " FROM ONLY ");
    put_table(job, &sql);
    return make_statement(job, buf_cstr(&sql), &none, err);
}

static bool copy_to(struct copy_job *job, uint64_t *n_rows, struct err *err)
{
    struct session *s = job->s;
    struct stmt *inner = job->portal->stmt->inner;
    if (inner && (inner->is_utility || !inner->returns_rows))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       inner->is_utility ? "COPY query must not be a utility command"
                                         : "COPY query must have a RETURNING clause");
    struct stmt *stmt = inner ? stmt_ref(inner) : table_query(job, err);
    if (!stmt)
        return false;
    session_env(s, job->env, job->portal->arena, stmt->catalog);
    bool ok = (!inner || settle_query_columns(job, stmt, err)) && send_rows(job, stmt, n_rows, err);
    stmt_unref(stmt);
    return ok;
}

/* ---- COPY FROM ---- */

static bool read_value(struct copy_job *job, uint16_t i, struct datum *value, struct err *err)
{
    const struct copy_field *field = &job->reader.fields[i];
    struct type_io *io = &job->io[i];
    io->err = err;
    if (field->null) {
        *value = datum_null();
        return true;
    }
    bool ok = job->spec.options.format == COPY_FORMAT_BINARY
                  ? io->type->ops->recv(io, (const uint8_t *)field->p, field->n, value)
                  : type_in(io, field->p, field->n, value);
    if (!ok)
        copy_where(&job->reader, job->relation->name, COPY_WHERE_COLUMN, job->columns[i]->name,
                   field, err);
    return ok;
}

/* WHERE of COPY FROM, over the row that is about to go in. */
static bool passes(struct copy_job *job, const struct datum *values, bool *pass, struct err *err)
{
    *pass = true;
    if (!job->where)
        return true;
    struct datum *row = ARENA_ARRAY(job->row_arena, struct datum, job->relation->n_columns + 1u),
                 result;
    for (uint16_t i = 0; i < job->relation->n_columns; i++)
        row[i] = datum_null();
    for (uint16_t i = 0; i < job->n_columns; i++)
        row[job->columns[i]->attnum - 1] = values[i];
    if (!exec_over_row(job->row_arena, job->env, job->where, row, &result, err))
        return false;
    *pass = !result.null && result.i;
    return true;
}

static void locate(struct copy_job *job, struct err *err)
{
    if (err->where || err_is(err, ERR_QUERY_CANCELED) || err_is(err, ERR_FOREIGN_KEY_VIOLATION))
        return;
    bool flushed_later = err_is(
        err, ERR_UNIQUE_VIOLATION); /* PostgreSQL finds these when it writes a batch of rows */
    copy_where(&job->reader, job->relation->name,
               flushed_later ? COPY_WHERE_LINE : COPY_WHERE_LINE_TEXT, NULL, NULL, err);
}

static bool take_row(struct copy_job *job, struct err *err)
{
    struct datum *values = ARENA_ARRAY(job->row_arena, struct datum, job->n_columns + 1u);
    for (uint16_t i = 0; i < job->n_columns; i++)
        if (!read_value(job, i, &values[i], err))
            return false;
    bool pass;
    if (!passes(job, values, &pass, err) || (pass && !exec_copy_row(job->in, values, err))) {
        locate(job, err);
        return false;
    }
    arena_reset(job->row_arena);
    return true;
}

/* All rows that are there.  *over: the data came to its end. */
static bool take_rows(struct copy_job *job, struct err *err)
{
    for (;;) {
        switch (copy_reader_next(&job->reader, err)) {
        case COPY_ROW:
            if (!take_row(job, err))
                return false;
            if (!fiber_breathe() && !fiber_check_interrupt(err))
                return false;
            break;
        case COPY_MORE:
        case COPY_END:
            return true;
        case COPY_FAILED:
            locate(job, err);
            return false;
        }
    }
}

/* The client and we do not agree on what is going on: the connection ends with this error. */
static bool unexpected(struct copy_job *job, const struct wire_message *message, struct err *err)
{
    job->s->out_of_step = true;
    err_set(err, ERR_PROTOCOL_VIOLATION, "unexpected message type 0x%02X during COPY from stdin",
            message->type);
    job->reader.line_number++;
    copy_where(&job->reader, job->relation->name, COPY_WHERE_LINE, NULL, NULL, err);
    return false;
}

/* Until CopyDone. */
static bool receive_rows(struct copy_job *job, struct err *err)
{
    struct session *s = job->s;
    struct wire_message message;
    job->reader.line_number = 0;
    for (;;) {
        if (!session_wait_message(s, &message, true)) {
            if (!fiber_check_interrupt(err))
                return false;
            return err_set(err, ERR_CONNECTION_FAILURE,
                           "unexpected EOF on client connection with an open transaction");
        }
        switch ((enum wire_frontend)message.type) {
        case WIRE_COPY_DATA:
            copy_reader_feed(&job->reader, message.body, message.n);
            if (!take_rows(job, err))
                return false;
            break;
        case WIRE_COPY_DONE:
            copy_reader_over(&job->reader);
            return take_rows(job, err);
        case WIRE_COPY_FAIL: {
            struct wire_reader in = wire_reader_over(message.body, message.n);
            err_set(err, ERR_QUERY_CANCELED, "COPY from stdin failed: %s", wire_cstring(&in));
            job->reader.line_number++; /* the one that was waited for */
            copy_where(&job->reader, job->relation->name, COPY_WHERE_LINE, NULL, NULL, err);
            return false;
        }
        case WIRE_FLUSH:
        case WIRE_SYNC: /* sent together with Execute: another one follows CopyDone */
            break;
        case WIRE_TERMINATE:
            s->phase = PHASE_CLOSING;
            return unexpected(job, &message, err);
        case WIRE_QUERY:
        case WIRE_PARSE:
        case WIRE_BIND:
        case WIRE_EXECUTE:
        case WIRE_DESCRIBE:
        case WIRE_CLOSE:
        case WIRE_FUNCTION_CALL:
        case WIRE_PASSWORD:
            return unexpected(job, &message, err);
        }
    }
}

/* Values come in as the base type: the INSERT's cast to the domain checks its constraints. */
static const struct type *input_type(const struct column *column, int32_t *typmod)
{
    const struct type *type = column->type;
    for (*typmod = column->typmod; type->kind == 'd'; type = type->elem)
        *typmod = *typmod < 0 ? type->base_typmod : *typmod;
    return type;
}

static struct stmt *insert_statement(struct copy_job *job, struct err *err)
{
    struct buf sql = BUF_IN(job->portal->arena);
    const struct type **types =
        ARENA_ARRAY(job->portal->arena, const struct type *, job->n_columns + 1u);
    buf_puts(&sql, "INSERT INTO ");
    put_table(job, &sql);
    if (job->n_columns) {
        buf_puts(&sql, " (");
        put_columns(job, &sql);
        buf_puts(&sql, ") OVERRIDING SYSTEM VALUE VALUES (");
        for (uint16_t i = 0; i < job->n_columns; i++) {
            int32_t typmod;
            types[i] = input_type(job->columns[i], &typmod);
            buf_printf(&sql, "%s$%d", i ? ", " : "", i + 1);
        }
        buf_putc(&sql, ')');
    } else {
        buf_puts(&sql, " DEFAULT VALUES");
    }
    struct stmt_params params = {.declared = types, .n_declared = job->n_columns, .fixed = true};
    return make_statement(job, buf_cstr(&sql), &params, err);
}

/* An unlisted column with a default: its value is made by the INSERT, too late for WHERE. */
static bool uses_default(struct tree_walker *walker, struct expr *expr)
{
    const struct copy_job *job = walker->arg;
    if (expr->kind != EXPR_COLUMN || expr->column.attnum < 1)
        return tree_children(walker, expr);
    const struct column *column = &job->relation->columns[expr->column.attnum - 1];
    for (uint16_t k = 0; k < job->n_columns; k++)
        if (job->columns[k] == column)
            return false;
    return column->default_sql || column->identity || column->generated;
}

static bool prepare_where(struct copy_job *job, struct err *err)
{
    if (!job->node->whereClause)
        return true;
    struct analyze_context *context = session_analyze_context(
        job->s, job->portal->arena, job->portal->stmt->catalog, job->env, job->portal->stmt->text);
    job->where = analyze_raw_expr(context, job->node->whereClause, job->relation,
                                  session_type(job->s, TYPE_BOOL), -1, "WHERE", err);
    if (!job->where)
        return false;
    struct tree_walker walker = {.expr = uses_default, .arg = job};
    return !uses_default(&walker, job->where) ||
           err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "WHERE of COPY FROM over a column that gets its default is not supported");
}

static void make_input_io(struct copy_job *job)
{
    job->io = ARENA_ARRAY(job->portal->arena, struct type_io, job->n_columns + 1u);
    for (uint16_t i = 0; i < job->n_columns; i++) {
        int32_t typmod;
        const struct type *type = input_type(job->columns[i], &typmod);
        job->io[i] = (struct type_io){.arena = job->row_arena,
                                      .type = type,
                                      .typmod = typmod,
                                      .settings = &job->s->settings,
                                      .env = job->env};
    }
}

static bool copy_from(struct copy_job *job, uint64_t *n_rows, struct err *err)
{
    struct session *s = job->s;
    if (!refuse_utility_if_read_only(s, "COPY FROM", err) || !find_table(job, err) ||
        !find_columns(job, err))
        return false;
    struct stmt *stmt = insert_statement(job, err);
    if (!stmt)
        return false;
    session_env(s, job->env, job->portal->arena, stmt->catalog);
    make_input_io(job);
    bool ok = session_may_run(s, stmt, err) && prepare_where(job, err) &&
              (job->in = exec_copy_begin(stmt->plan, job->portal->arena, job->env, err));
    if (ok) {
        copy_reader_init(&job->reader, job->portal->arena, &job->spec.options);
        start_response(s, 'G', job->spec.options.format == COPY_FORMAT_BINARY, job->n_columns);
        ok = receive_rows(job, err);
        if (ok) {
            ok = exec_copy_finish(job->in, n_rows, err);
            if (!ok)
                locate(job, err);
        } else {
            exec_copy_abort(job->in);
        }
        copy_reader_free(&job->reader);
    }
    stmt_unref(stmt);
    return ok;
}

bool run_copy(struct session *s, struct portal *portal, const void *node,
              struct utility_result *result, struct err *err)
{
    struct copy_job job = {.s = s, .portal = portal, .node = node};
    if (job.node->is_program || job.node->filename)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "COPY to or from a file or program of the server is not supported");
    job.env = ARENA_NEW(portal->arena, struct env);
    job.row_arena = arena_child(portal->arena, "copy row");
    if (!copy_spec_read(portal->arena, job.node->options, portal->stmt->text, job.node->is_from,
                        &job.spec, err) ||
        !transaction_start(s, err))
        return false;
    s->had_query = true;
    session_env(s, job.env, portal->arena, portal->stmt->catalog);
    result->tag = "COPY";
    result->has_count = true;
    return job.node->is_from ? copy_from(&job, &result->n_rows, err)
                             : copy_to(&job, &result->n_rows, err);
}
