/* cursor.c - DECLARE, FETCH, MOVE, CLOSE.
 *
 * A cursor is a portal whose place is `at`: 0 before the first row, k on row k; with `after_last` set it is behind row `at`.  Rows that
 * were read are kept in the portal's store, so going back is looking them up.  FETCH positions the cursor and then streams: its
 * own portal pulls from the cursor row by row (fetch_step).
 *
 * A cursor over the rows of one table selects their ctid as a last, hidden column; the place of the row it is on is what WHERE CURRENT
 * OF compares with. */
#include <limits.h>
#include <string.h>

#include "proxy/session_int.h"
#include "sql/pgnodes.h"

/* ---- DECLARE ---- */

/* As PostgreSQL's plans can do it: a sort, or rows of one relation as they come. */
static bool can_go_back(const struct query *query)
{
    if (query->n_row_marks)
        return false;
    if (query->setop)
        return query->order.n > 0 || (query->setop->kind == SETOP_UNION && query->setop->all);
    if (query->order.n && !query->limit && !query->offset)
        return true;
    if (query->from.n == 0)
        return query->order.n > 0;
    bool joins =
        query->from.n > 1 || (query->from.n == 1 && query->from.items[0]->kind == FROM_JOIN);
    return query->order.n > 0 ||
           !(joins || query->has_aggregates || query->has_group_clause || query->group.n ||
             query->distinct || query->has_windows || query->has_srfs || query->distinct_on.n);
}

static bool check_declare(const DeclareCursorStmt *stmt, const struct query *query, struct err *err)
{
    if (query->command != CMD_SELECT_)
        return err_set(err, ERR_INVALID_CURSOR_DEFINITION, "DECLARE CURSOR must specify a SELECT");
    for (size_t i = 0; i < query->n_ctes; i++)
        if (query->ctes[i].query->writes)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "DECLARE CURSOR must not contain data-modifying statements in WITH");
    if (!query->n_row_marks)
        return true;
    static const char *const strengths[] = {[LOCK_KEY_SHARE] = "FOR KEY SHARE",
                                            [LOCK_SHARE] = "FOR SHARE",
                                            [LOCK_NO_KEY_UPDATE] = "FOR NO KEY UPDATE",
                                            [LOCK_UPDATE] = "FOR UPDATE"};
    const char *strength = strengths[query->row_marks[0].strength];
    if (stmt->options & CURSOR_OPT_HOLD) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "DECLARE CURSOR WITH HOLD ... %s is not supported",
                strength);
        return err_detail(err, "Holdable cursors must be READ ONLY.");
    }
    if (stmt->options & CURSOR_OPT_SCROLL) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "DECLARE SCROLL CURSOR ... %s is not supported",
                strength);
        return err_detail(err, "Scrollable cursors must be READ ONLY.");
    }
    if (stmt->options & CURSOR_OPT_INSENSITIVE) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "DECLARE INSENSITIVE CURSOR ... %s is not valid",
                strength);
        return err_detail(err, "Insensitive cursors must be READ ONLY.");
    }
    return true;
}

/* The list with one item more. */
static List *list_of(struct arena *arena, const List *before, void *item)
{
    int n = list_n(before);
    List *list = arena_zalloc(arena, sizeof(*list));
    ListCell *cells = ARENA_ARRAY(arena, ListCell, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        cells[i] = before->elements[i];
    cells[n].ptr_value = item;
    list->type = T_List;
    list->length = list->max_length = n + 1;
    list->elements = cells;
    return list;
}

/* Rows of one table, each of them once. */
static bool is_updatable(const struct query *query)
{
    return query->from.n == 1 && query->from.items[0]->kind == FROM_RTE &&
           query->rtes[query->from.items[0]->rte].kind == RTE_RELATION &&
           query->rtes[query->from.items[0]->rte].relation->kind == 'r' &&
           query->rtes[query->from.items[0]->rte].relation->distribution != DIST_SYSTEM &&
           !query->setop && !query->has_aggregates && !query->has_group_clause &&
           !query->distinct && !query->has_windows && !query->has_srfs && !query->distinct_on.n;
}

/* The same with ctid behind the other columns. */
static struct stmt *with_ctid(struct session *s, struct portal *portal, const SelectStmt *select,
                              const struct stmt_params *params, struct err *err)
{
    struct arena *arena =
        portal->stmt->parsed->arena; /* the tree must live as long as the cursor's statement */
    SelectStmt *copy = arena_memdup(arena, select, sizeof(*select));
    String *name = arena_zalloc(arena, sizeof(*name));
    *name = (String){.type = T_String, .sval = arena_strdup(arena, "ctid")};
    ColumnRef *ref = arena_zalloc(arena, sizeof(*ref));
    *ref = (ColumnRef){.type = T_ColumnRef, .fields = list_of(arena, NULL, name), .location = -1};
    ResTarget *target = arena_zalloc(arena, sizeof(*target));
    *target = (ResTarget){.type = T_ResTarget, .val = (Node *)ref, .location = -1};
    copy->targetList = list_of(arena, select->targetList, target);
    return stmt_of_node(s, portal->stmt, copy, params, err);
}

/* What the cursor runs; a reference. */
static struct stmt *cursor_stmt(struct session *s, struct portal *portal,
                                const DeclareCursorStmt *stmt, bool *has_ctid, struct err *err)
{
    struct stmt *inner = portal->stmt->inner;
    *has_ctid = false;
    if (!is_updatable(inner->query))
        return stmt_ref(inner);
    struct err ignored = ERR_IN(s->scratch);
    struct stmt_params params = {
        .declared = inner->param_types, .n_declared = inner->n_params, .fixed = true};
    struct stmt *more = with_ctid(s, portal, (const SelectStmt *)stmt->query, &params, &ignored);
    (void)err;
    *has_ctid = more != NULL;
    return more ? more : stmt_ref(inner);
}

bool run_declare(struct session *s, struct portal *portal, const void *node,
                 struct utility_result *result, struct err *err)
{
    const DeclareCursorStmt *stmt = node;
    struct stmt *inner = portal->stmt->inner;
    result->tag = "DECLARE CURSOR";
    if (!stmt->portalname || !*stmt->portalname)
        return err_set(err, ERR_INVALID_CURSOR_NAME, "invalid cursor name: must not be empty");
    if (!(stmt->options & CURSOR_OPT_HOLD) && !transaction_require_block(s, "DECLARE CURSOR", err))
        return false;
    if (!inner->query || !check_declare(stmt, inner->query, err))
        return false;
    bool has_ctid;
    struct stmt *run = cursor_stmt(s, portal, stmt, &has_ctid, err);
    struct portal *cursor = run ? portal_new(s, stmt->portalname, run, err) : NULL;
    stmt_unref(run);
    if (!cursor)
        return false;
    cursor->is_cursor = true;
    cursor->has_ctid = has_ctid;
    if (has_ctid) {
        cursor->columns.n--;
        cursor->ctid_relation = inner->query->rtes[inner->query->from.items[0]->rte].relation->oid;
    }
    cursor->binary = stmt->options & CURSOR_OPT_BINARY;
    cursor->hold = stmt->options & CURSOR_OPT_HOLD;
    cursor->scroll = stmt->options & CURSOR_OPT_SCROLL;
    cursor->no_scroll =
        !cursor->scroll && ((stmt->options & CURSOR_OPT_NO_SCROLL) || !can_go_back(inner->query));
    cursor->cursor_text = arena_strdup(cursor->arena, portal->stmt->text);
    struct datum *params = ARENA_ARRAY(cursor->arena, struct datum, portal->n_params + 1u);
    for (uint16_t i = 0; i < portal->n_params; i++)
        params[i] = datum_copy(inner->param_types[i], cursor->arena, portal->params[i]);
    cursor->params = params;
    cursor->n_params = portal->n_params;
    if (cursor->binary) {
        int16_t *formats = ARENA_ARRAY(cursor->arena, int16_t, cursor->columns.n + 1);
        for (size_t i = 0; i < cursor->columns.n; i++)
            formats[i] = 1;
        cursor->formats = formats;
    }
    return portal_open_cursor(s, cursor, err);
}

/* ---- moving ---- */

static bool on_row(const struct portal *cursor)
{
    return cursor->at > 0 && !cursor->after_last;
}

static bool forward(struct session *s, struct portal *cursor, const struct datum **row,
                    struct err *err)
{
    *row = NULL;
    if (cursor->after_last)
        return true;
    cursor->active = true;
    bool ok = portal_next(s, cursor, row, err);
    cursor->active = false;
    if (ok && !*row)
        cursor->after_last = true;
    return ok;
}

static bool forward_only(struct err *err)
{
    err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward");
    return err_hint(err, "Declare it with SCROLL option to enable backward scan.");
}

static bool backward(struct portal *cursor, const struct datum **row, struct err *err)
{
    *row = NULL;
    if (cursor->no_scroll)
        return forward_only(err);
    if (cursor->after_last)
        cursor->after_last = false;
    else if (cursor->at > 0)
        cursor->at--;
    if (cursor->at > 0)
        return store_row(cursor->store, (size_t)cursor->at - 1, row, err);
    return true;
}

static bool note_place(struct session *s, struct portal *cursor, const struct datum *row,
                       struct err *err)
{
    if (!cursor->has_ctid)
        return true;
    struct type_io io = {.arena = s->scratch,
                         .err = err,
                         .type = cursor->stmt->columns.items[cursor->columns.n].type,
                         .typmod = -1,
                         .settings = &s->settings,
                         .env = &cursor->env};
    struct buf text = BUF_IN(s->scratch);
    const struct datum *place = &row[cursor->columns.n];
    if (place->null || !type_out(&io, place, &text))
        return place->null;
    size_t n = MIN(text.n, sizeof(cursor->ctid) - 1);
    memcpy(cursor->ctid, text.p, n);
    cursor->ctid[n] = 0;
    return true;
}

static bool step(struct session *s, struct portal *cursor, bool back, const struct datum **row,
                 struct err *err)
{
    cursor->ctid[0] = 0;
    bool ok = back ? backward(cursor, row, err) : forward(s, cursor, row, err);
    return ok && (!*row || note_place(s, cursor, *row, err));
}

/* Moves up to n rows; n < 0: to the end. */
static bool skip(struct session *s, struct portal *cursor, bool back, int64_t n, int64_t *moved,
                 struct err *err)
{
    const struct datum *row;
    for (*moved = 0; n < 0 || *moved < n; ++*moved) {
        if (!step(s, cursor, back, &row, err))
            return false;
        if (!row)
            break;
        if (!fiber_breathe() && !fiber_check_interrupt(err))
            return false;
    }
    return true;
}

static bool rewind_cursor(struct portal *cursor, struct err *err)
{
    if (cursor->no_scroll && (cursor->at > 0 || cursor->after_last))
        return forward_only(err);
    cursor->at = 0;
    cursor->after_last = false;
    return true;
}

struct fetch_plan {
    bool backward;
    int64_t count; /* rows to hand out; -1: all */
    bool current;  /* the row the cursor is on, again */
};

static bool go_absolute(struct session *s, struct portal *cursor, long n, struct fetch_plan *plan,
                        struct err *err)
{
    int64_t moved;
    *plan = (struct fetch_plan){.count = 1};
    if (n > 0) {
        if (n <= cursor->at || cursor->after_last || !cursor->no_scroll) {
            if (n - 1 >= cursor->at && !cursor->after_last)
                return skip(s, cursor, false, n - 1 - cursor->at, &moved, err);
            if (!rewind_cursor(cursor, err))
                return false;
        }
        return skip(s, cursor, false, n - 1 - cursor->at, &moved, err);
    }
    if (n < 0) {
        plan->backward = true;
        return skip(s, cursor, false, -1, &moved, err) &&
               skip(s, cursor, true, -(int64_t)n - 1, &moved, err);
    }
    plan->count = 0;
    return rewind_cursor(cursor, err);
}

static bool position(struct session *s, struct portal *cursor, const FetchStmt *stmt,
                     struct fetch_plan *plan, struct err *err)
{
    long n = stmt->howMany;
    int64_t moved;
    *plan = (struct fetch_plan){0};
    switch (stmt->direction) {
    case FETCH_FORWARD:
    case FETCH_BACKWARD:
        plan->backward = stmt->direction == FETCH_BACKWARD;
        if (n < 0) {
            plan->backward = !plan->backward;
            n = -n;
        }
        plan->current = n == 0;
        plan->count = n == FETCH_ALL ? -1 : n;
        return true;
    case FETCH_ABSOLUTE:
        return go_absolute(s, cursor, n, plan, err);
    case FETCH_RELATIVE:
        plan->count = 1;
        plan->backward = n < 0;
        plan->current = n == 0;
        return n == 0 || skip(s, cursor, n < 0, (n < 0 ? -(int64_t)n : n) - 1, &moved, err);
    }
    return true;
}

static struct portal *find_cursor(struct session *s, const char *name, struct err *err)
{
    struct portal *cursor = s->portals ? map_get(s->portals, name, strlen(name)) : NULL;
    if (!cursor)
        err_set(err, ERR_UNDEFINED_CURSOR, "cursor \"%s\" does not exist", name);
    return cursor;
}

/* FETCH 0: steps back and forth again, so a cursor without a store can't. */
static bool fetch_current(struct portal *cursor, struct portal *portal,
                          struct utility_result *result, struct err *err)
{
    result->rows = rows_of(portal->arena, &cursor->columns);
    if (!on_row(cursor))
        return true;
    if (cursor->no_scroll || !cursor->store)
        return forward_only(err);
    const struct datum *row;
    return store_row(cursor->store, (size_t)cursor->at - 1, &row, err) &&
           store_add(result->rows, row, err);
}

static bool run_move(struct session *s, struct portal *cursor, const struct fetch_plan *plan,
                     struct utility_result *result, struct err *err)
{
    int64_t moved = 0;
    result->tag = "MOVE";
    result->has_count = true;
    if (plan->current)
        moved = on_row(cursor);
    else if (!skip(s, cursor, plan->backward, plan->count, &moved, err))
        return false;
    result->n_rows = (uint64_t)moved;
    return true;
}

bool fetch_columns(struct session *s, const void *node, struct arena *arena,
                   struct result_columns *columns)
{
    const FetchStmt *stmt = node;
    struct portal *cursor =
        s->portals ? map_get(s->portals, stmt->portalname, strlen(stmt->portalname)) : NULL;
    if (!cursor || stmt->ismove)
        return false;
    columns->n = cursor->columns.n;
    columns->items =
        arena_memdup(arena, cursor->columns.items, columns->n * sizeof(*columns->items));
    return true;
}

bool run_fetch(struct session *s, struct portal *portal, const void *node,
               struct utility_result *result, struct err *err)
{
    const FetchStmt *stmt = node;
    struct fetch_plan plan;
    struct portal *cursor = find_cursor(s, stmt->portalname, err);
    if (!cursor)
        return false;
    if (cursor->active || cursor == portal)
        return err_set(err, ERR_OBJECT_IN_USE, "cursor \"%s\" is already active", stmt->portalname);
    if (!portal_open_cursor(s, cursor, err) || !position(s, cursor, stmt, &plan, err))
        return false;
    if (stmt->ismove)
        return run_move(s, cursor, &plan, result, err);
    fetch_columns(s, node, portal->arena, &result->columns);
    result->tag = "FETCH";
    result->counts_sent = true;
    portal->formats =
        cursor->formats && !portal->formats
            ? arena_memdup(portal->arena, cursor->formats, cursor->columns.n * sizeof(int16_t))
            : portal->formats;
    if (plan.current)
        return fetch_current(cursor, portal, result, err);
    if (plan.backward && plan.count && cursor->no_scroll)
        return forward_only(err);
    portal->fetch_cursor = arena_strdup(portal->arena, stmt->portalname);
    portal->fetch_backward = plan.backward;
    portal->fetch_left = plan.count;
    return true;
}

bool fetch_step(struct session *s, struct portal *portal, const struct datum **row, struct err *err)
{
    *row = NULL;
    if (portal->fetch_left == 0)
        return true;
    struct portal *cursor = find_cursor(s, portal->fetch_cursor, err);
    if (!cursor || !step(s, cursor, portal->fetch_backward, row, err))
        return false;
    if (!*row)
        portal->fetch_left = 0;
    else if (portal->fetch_left > 0)
        portal->fetch_left--;
    return true;
}

const char *cursor_current_row(struct session *s, const char *name, const char *schema,
                               const char *table, struct err *err)
{
    struct portal *cursor = find_cursor(s, name, err);
    if (!cursor)
        return NULL;
    const struct catalog *catalog = session_catalog(s);
    const struct relation *relation =
        catalog_relation_by_name(catalog, session_path(s, catalog), schema, table);
    if (!cursor->is_cursor)
        err_set(err, ERR_INVALID_CURSOR_STATE, "cursor \"%s\" is not a SELECT query", name);
    else if (cursor->held)
        err_set(err, ERR_INVALID_CURSOR_STATE, "cursor \"%s\" is held from a previous transaction",
                name);
    else if (!cursor->has_ctid || (relation && relation->oid != cursor->ctid_relation))
        err_set(err, ERR_INVALID_CURSOR_STATE,
                "cursor \"%s\" is not a simply updatable scan of table \"%s\"", name, table);
    else if (!on_row(cursor) || !cursor->ctid[0])
        err_set(err, ERR_INVALID_CURSOR_STATE, "cursor \"%s\" is not positioned on a row", name);
    else
        return cursor->ctid;
    return NULL;
}

bool run_close(struct session *s, const void *node, struct utility_result *result, struct err *err)
{
    const ClosePortalStmt *stmt = node;
    result->tag = stmt->portalname ? "CLOSE CURSOR" : "CLOSE CURSOR ALL";
    if (!stmt->portalname) {
        session_drop_portals(s, false);
        return true;
    }
    struct portal *cursor = find_cursor(s, stmt->portalname, err);
    if (!cursor)
        return false;
    if (cursor->active)
        return err_set(err, ERR_INVALID_CURSOR_STATE, "cannot close active portal \"%s\"",
                       stmt->portalname);
    session_drop_portal(s, cursor);
    return true;
}
