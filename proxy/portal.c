/* portal.c - bound statements being executed: rows pulled from the executor, or out of a store, into a sink.
 *
 * A portal owns an arena in which its parameters, its execution and its kept rows live; dropping it frees all.  Queries stream:
 * nothing is kept unless the portal is a cursor that may be read backwards, or must outlive its transaction (WITH HOLD).  A
 * utility runs at once when its portal is first run, and its rows, if any, are kept in the store. */
#include <stdlib.h>
#include <string.h>

#include "proxy/session_int.h"

#define ROWS_PER_RESET 64

/* ---- portals by name ---- */

struct portal *session_portal(struct session *s, const char *name, struct err *err)
{
    struct portal *portal = s->portals ? map_get(s->portals, name, strlen(name)) : NULL;
    if (!portal)
        err_set(err, ERR_UNDEFINED_CURSOR, "portal \"%s\" does not exist", name);
    return portal;
}

struct portal *portal_new(struct session *s, const char *name, struct stmt *stmt, struct err *err)
{
    if (!s->portals)
        s->portals = map_new();
    struct portal *old = map_get(s->portals, name, strlen(name));
    if (old && *name) {
        err_set(err, ERR_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
        return NULL;
    }
    if (old)
        session_drop_portal(s, old);
    struct arena *arena = loop_take_arena(s->loop);
    struct portal *portal = ARENA_NEW(arena, struct portal);
    *portal = (struct portal){.name = strdup(name),
                              .arena = arena,
                              .stmt = stmt_ref(stmt),
                              .columns = stmt->columns,
                              .level = session_level(s),
                              .created_us = s->statement_us};
    ASSERT(portal->name != NULL);
    map_put(s->portals, name, strlen(name), portal);
    return portal;
}

static void end_execution(struct portal *portal)
{
    if (portal->exec && portal->env.session) { /* random() went on */
        portal->env.session->random_state[0] = portal->env.random_seed[0];
        portal->env.session->random_state[1] = portal->env.random_seed[1];
    }
    exec_end(portal->exec);
    portal->exec = NULL;
}

void session_drop_portal(struct session *s, struct portal *portal)
{
    map_remove(s->portals, portal->name, strlen(portal->name));
    end_execution(portal);
    stmt_unref(portal->stmt);
    free(portal->name);
    loop_give_arena(s->loop, portal->arena);
}

/* Calls `drop` for each that `wanted` picks; the map may change meanwhile. */
static void drop_where(struct session *s,
                       bool (*wanted)(const struct portal *portal, uint32_t level), uint32_t level)
{
    if (!s->portals || !map_count(s->portals))
        return;
    struct arena *arena = arena_new("portals");
    VEC(struct portal *) list = {0};
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (map_next(s->portals, &at, &key, &key_bytes, &value))
        if (!((struct portal *)value)->active && wanted(value, level))
            VEC_PUSH(arena, &list, value);
    for (size_t i = 0; i < list.n; i++)
        session_drop_portal(s, list.items[i]);
    arena_free(arena);
}

static bool is_not_held(const struct portal *portal, uint32_t level UNUSED)
{
    return !portal->held;
}

static bool is_any(const struct portal *portal UNUSED, uint32_t level UNUSED)
{
    return true;
}

static bool is_of_level(const struct portal *portal, uint32_t level)
{
    return !portal->held && portal->level >= level;
}

void session_drop_portals(struct session *s, bool keep_held)
{
    drop_where(s, keep_held ? is_not_held : is_any, 0);
}

void session_drop_portals_from(struct session *s, uint32_t level)
{
    drop_where(s, is_of_level, level);
}

static struct portal *next_portal(struct session *s, size_t *at)
{
    const void *key;
    size_t key_bytes;
    void *value;
    return s->portals && map_next(s->portals, at, &key, &key_bytes, &value) ? value : NULL;
}

void session_portals_release(struct session *s, uint32_t level)
{
    size_t at = 0;
    for (struct portal *portal; (portal = next_portal(s, &at));)
        if (portal->level >= level)
            portal->level = level - 1;
}

bool session_has_new_held_portals(struct session *s)
{
    size_t at = 0;
    for (struct portal *portal; (portal = next_portal(s, &at));)
        if (portal->hold && !portal->held)
            return true;
    return false;
}

/* ---- pulling rows ---- */

bool session_may_run(struct session *s, const struct stmt *stmt, struct err *err)
{
    if (stmt->query->writes && s->read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %s in a read-only transaction", stmt->query->tag);
    return s->superuser || privileges_check(stmt->catalog, &stmt->needs, s->current_role, err);
}

struct exec *session_exec_start(struct session *s, const struct stmt *stmt, struct arena *arena,
                                const struct env *env, const struct datum *params, struct err *err)
{
    s->had_query = true;
    return session_may_run(s, stmt, err) ? exec_start(stmt->plan, arena, env, params, err) : NULL;
}

/* A table lock may be waited for while its holder changes the table: then the statement is made
 * again, on what was committed. */
static bool plan_after_locks(struct session *s, struct portal *portal, struct err *err)
{
    if (!exec_lock_tables(portal->stmt->plan, &portal->env, err))
        return false;
    while (stmt_is_stale(s, portal->stmt)) {
        struct stmt *fresh = stmt_remake(s, portal->stmt, portal->undescribed, err);
        if (!fresh)
            return false;
        stmt_unref(portal->stmt);
        portal->stmt = fresh;
        portal->columns = fresh->columns;
        session_env(s, &portal->env, portal->arena, fresh->catalog);
        if (!exec_lock_tables(fresh->plan, &portal->env, err))
            return false;
    }
    return true;
}

static bool start_query(struct session *s, struct portal *portal, struct err *err)
{
    if (!transaction_start(s, err))
        return false;
    session_env(s, &portal->env, portal->arena, portal->stmt->catalog);
    if (!session_may_run(s, portal->stmt, err) || !plan_after_locks(s, portal, err))
        return false;
    portal->exec =
        session_exec_start(s, portal->stmt, portal->arena, &portal->env, portal->params, err);
    if (!portal->exec)
        return false;
    portal->state = PORTAL_OPEN;
    return true;
}

/* Utilities run to their end; what they return is in the store. */
static bool start_utility(struct session *s, struct portal *portal, struct err *err)
{
    struct utility_result result = {0};
    transaction_open(s);
    session_env(s, &portal->env, portal->arena, portal->stmt->catalog);
    if (!utility_run(s, portal, &result, err))
        return false;
    if (result.delegated)
        return true;
    portal->silent = result.silent;
    portal->tag = result.has_count ? arena_printf(portal->arena, "%s %llu", result.tag,
                                                  (unsigned long long)result.n_rows)
                                   : result.tag;
    if (result.rows) {
        portal->store = result.rows;
        portal->store_complete = true;
        portal->columns = result.columns;
    }
    if (portal->fetch_cursor)
        portal->columns = result.columns;
    portal->tag_counts_sent = result.counts_sent;
    portal->state = result.rows || portal->fetch_cursor ? PORTAL_OPEN : PORTAL_DONE;
    return true;
}

bool portal_start(struct session *s, struct portal *portal, struct err *err)
{
    if (portal->state != PORTAL_NEW)
        return true;
    bool ok =
        portal->stmt->is_utility ? start_utility(s, portal, err) : start_query(s, portal, err);
    if (!ok)
        portal->state = PORTAL_FAILED;
    return ok;
}

/* One more row out of the executor: *row NULL at its end. */
static bool pull(struct session *s, struct portal *portal, const struct datum **row,
                 struct err *err)
{
    *row = NULL;
    if (!portal->exec)
        return true;
    portal->env.txn = s->txn;
    if (!exec_next(portal->exec, row, err)) {
        portal->state = PORTAL_FAILED;
        return false;
    }
    if (!*row) {
        portal->n_rows = exec_rows_changed(portal->exec);
        end_execution(portal);
        portal->store_complete = true;
    } else if (portal->store) {
        return store_add(portal->store, *row, err);
    }
    return true;
}

/* The row after the cursor's place; *row NULL at the end.  Moves on. */
static bool next_row(struct session *s, struct portal *portal, const struct datum **row,
                     struct err *err)
{
    if (portal->fetch_cursor)
        return fetch_step(s, portal, row, err);
    if (portal->store && portal->at < (int64_t)store_count(portal->store)) {
        return store_row(portal->store, (size_t)portal->at++, row, err);
    }
    if (!pull(s, portal, row, err))
        return false;
    if (*row)
        portal->at++;
    return true;
}

bool portal_run(struct session *s, struct portal *portal, uint64_t limit, struct row_sink *sink,
                uint64_t *n_sent, bool *done, struct err *err)
{
    *n_sent = 0;
    *done = false;
    if (portal->state == PORTAL_FAILED)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"%s\" cannot be run",
                       portal->name);
    if (!portal_start(s, portal, err))
        return false;
    while (portal->state == PORTAL_OPEN && (!limit || *n_sent < limit)) {
        const struct datum *row;
        if (!next_row(s, portal, &row, err))
            return false;
        if (!row) {
            portal->state = PORTAL_DONE;
            break;
        }
        if (sink && portal->columns.n + portal->stmt->returns_rows && !sink->row(sink, row, err)) {
            portal->state = PORTAL_FAILED;
            return false;
        }
        ++*n_sent;
    }
    *done = portal->state == PORTAL_DONE;
    return true;
}

/* "SELECT 12": printf is slow for something that every statement does. */
static const char *counted(const char *word, uint64_t n, struct arena *arena)
{
    char digits[20];
    size_t n_word = strlen(word), n_digits = 0;
    do
        digits[n_digits++] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    char *tag = arena_alloc(arena, n_word + n_digits + 1);
    memcpy(tag, word, n_word);
    for (size_t i = 0; i < n_digits; i++)
        tag[n_word + i] = digits[n_digits - 1 - i];
    tag[n_word + n_digits] = 0;
    return tag;
}

const char *portal_tag(struct portal *portal, struct arena *arena, uint64_t n_sent)
{
    const struct query *query = portal->stmt->query;
    if (portal->stmt->is_utility && portal->tag_counts_sent)
        return arena_printf(arena, "%s %llu", portal->tag, (unsigned long long)n_sent);
    if (portal->stmt->is_utility)
        return portal->tag;
    if (query->is_call)
        return query->tag;
    switch (query->command) {
    case CMD_INSERT_:
        return counted("INSERT 0 ", portal->n_rows, arena);
    case CMD_UPDATE_:
    case CMD_DELETE_:
    case CMD_MERGE_:
        return arena_printf(arena, "%s %llu", query->tag, (unsigned long long)portal->n_rows);
    case CMD_SELECT_:
    case CMD_UTILITY_:
        break;
    }
    return counted("SELECT ", n_sent, arena);
}

/* ---- cursors (cursor.c drives them) ---- */

bool portal_open_cursor(struct session *s, struct portal *portal, struct err *err)
{
    if (portal->state == PORTAL_NEW && !portal->no_scroll)
        portal->store = store_new(portal->arena, NULL, (int)portal->columns.n + portal->has_ctid);
    return portal_start(s, portal, err);
}

bool portal_next(struct session *s, struct portal *portal, const struct datum **row,
                 struct err *err)
{
    return next_row(s, portal, row, err);
}

bool session_hold_portals(struct session *s, struct err *err)
{
    size_t at = 0;
    for (struct portal *portal; (portal = next_portal(s, &at));) {
        if (!portal->hold || portal->held)
            continue;
        if (portal->state == PORTAL_FAILED) /* dropped with the transaction */
            continue;
        if (!portal->store && portal->state == PORTAL_OPEN)
            portal->store =
                store_new(portal->arena, NULL, (int)portal->columns.n + portal->has_ctid);
        if (!portal_open_cursor(s, portal, err))
            return false;
        /* Without SCROLL what was read already is not in the store: places count from here. */
        if (portal->no_scroll) {
            portal->at = 0;
        }
        for (const struct datum *row; portal->exec;)
            if (!pull(s, portal, &row, err))
                return false;
        portal->held = true;
        portal->env.txn = NULL;
    }
    return true;
}

/* ---- to the client ---- */

void send_row_description(struct session *s, const struct result_columns *columns,
                          const int16_t *formats)
{
    struct buf *out = &s->out;
    size_t at = wire_begin(out, 'T');
    buf_put_u16(out, (uint16_t)columns->n);
    for (size_t i = 0; i < columns->n; i++) {
        const struct result_column *column = &columns->items[i];
        const struct type *type = column->type;
        int32_t typmod = column->typmod;
        while (type->kind == 'd') { /* clients are told of the base type */
            typmod = typmod < 0 ? type->base_typmod : typmod;
            type = type->elem;
        }
        wire_put_cstring(out, column->name);
        buf_put_u32(out, column->table_oid);
        buf_put_u16(out, (uint16_t)column->attnum);
        buf_put_u32(out, type->oid);
        buf_put_u16(out, (uint16_t)type->len);
        buf_put_u32(out, (uint32_t)typmod);
        buf_put_u16(out, (uint16_t)(formats ? formats[i] : 0));
    }
    wire_end(out, at);
}

static bool send_row(struct row_sink *base, const struct datum *values, struct err *err)
{
    struct client_sink *sink = (struct client_sink *)base;
    struct buf *out = &sink->session->out;
    size_t n = sink->columns->n, row_at = wire_begin(out, 'D');
    buf_put_u16(out, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        if (values[i].null) {
            buf_put_u32(out, UINT32_MAX);
            continue;
        }
        size_t at = out->n;
        buf_put_u32(out, 0);
        struct type_io *io = &sink->io[i];
        io->err = err;
        bool ok = sink->formats && sink->formats[i] ? io->type->ops->send(io, &values[i], out)
                                                    : io->type->ops->out(io, &values[i], out);
        if (UNLIKELY(!ok)) {
            out->n = row_at - 1; /* the row is taken back */
            return false;
        }
        buf_set_u32(out, at, (uint32_t)(out->n - at - 4));
    }
    wire_end(out, row_at);
    if (++sink->n_rows % ROWS_PER_RESET == 0)
        arena_reset(sink->scratch);
    return session_relieve(sink->session, err);
}

struct client_sink *client_sink_new(struct session *s, struct arena *arena,
                                    const struct result_columns *columns, const int16_t *formats,
                                    const struct env *env)
{
    struct client_sink *sink = ARENA_NEW(arena, struct client_sink);
    *sink = (struct client_sink){.sink.row = send_row,
                                 .session = s,
                                 .columns = columns,
                                 .formats = formats,
                                 .scratch = arena_child(arena, "row")};
    sink->io = ARENA_ARRAY(arena, struct type_io, columns->n + 1);
    for (size_t i = 0; i < columns->n; i++)
        sink->io[i] = (struct type_io){.arena = sink->scratch,
                                       .type = columns->items[i].type,
                                       .typmod = -1,
                                       .settings = &s->settings,
                                       .env = env};
    return sink;
}
