/* select.c - one SELECT or VALUES, and row locking clauses. */
#include "sql/analysis.h"

#include <string.h>

/* ---- SELECT ---- */

bool order_and_limit(struct scope *s, const SelectStmt *stmt, struct targets *targets)
{
    struct query *q = s->query;
    q->with_ties = (int)stmt->limitOption == PG_LIMIT_WITH_TIES;
    if (stmt->limitOffset &&
        !(q->offset = transform_limit(s, stmt->limitOffset, PLACE_OFFSET, "OFFSET", false)))
        return false;
    return !stmt->limitCount ||
           (q->limit = transform_limit(s, stmt->limitCount, PLACE_LIMIT, "LIMIT", q->with_ties));
}

static bool select_clauses(struct scope *s, const SelectStmt *stmt)
{
    struct query *q = s->query;
    if (!open_windows(s, stmt->windowClause) || !transform_from(s, stmt->fromClause) ||
        !transform_targets(s, stmt->targetList, PLACE_SELECT_TARGET, &q->targets))
        return false;
    mark_origins(s, &q->targets);
    if (stmt->whereClause &&
        !(q->where = transform_boolean(s, stmt->whereClause, PLACE_WHERE, "WHERE")))
        return false;
    if (stmt->havingClause &&
        !(q->having = transform_boolean(s, stmt->havingClause, PLACE_HAVING, "HAVING")))
        return false;
    return transform_sort(s, stmt->sortClause, &q->targets, &q->order, false, PLACE_ORDER_BY) &&
           transform_group(s, stmt, &q->targets) &&
           transform_distinct(s, stmt->distinctClause, &q->targets) &&
           order_and_limit(s, stmt, &q->targets) && finish_windows(s, &q->targets) &&
           (s->keep_unknown || resolve_unknown_targets(s, &q->targets));
}

static bool refuse_into(struct scope *s, const SelectStmt *stmt)
{
    if (!stmt->intoClause)
        return true;
    return fail(s->a, stmt->intoClause->rel->location, ERR_SYNTAX_ERROR,
                "SELECT ... INTO is not allowed here");
}

static bool find_aggregate(struct tree_walker *w, struct expr *e)
{
    if (e->kind != EXPR_AGGREGATE || e->agg.levels_up != 0)
        return tree_children(w, e);
    w->arg = e;
    return true;
}

/* Inside the recursive term of a WITH query, groups would need all rounds at once. */
static bool check_recursive_term(struct scope *s)
{
    struct tree_walker w = {.expr = find_aggregate};
    for (size_t k = 0; s->query->has_aggregates && k < s->rtes.n; k++)
        if (s->rtes.items[k].kind == RTE_CTE && s->rtes.items[k].cte_self)
            return fail(
                s->a, tree_query(&w, s->query) ? ((const struct expr *)w.arg)->location : -1,
                ERR_INVALID_RECURSION,
                "aggregate functions are not allowed in a recursive query's recursive term");
    return true;
}

struct query *transform_select(struct scope *s, const SelectStmt *stmt)
{
    struct query *q = s->query;
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    if (!refuse_into(s, stmt) || !select_clauses(s, stmt))
        return NULL;
    if (!check_recursive_term(s))
        return NULL;
    if (q->has_aggregates || q->has_group_clause || q->having)
        if (!resolve_grouping(s) || !check_grouped(s))
            return NULL;
    scope_finish(s);
    if (!apply_locking(s, stmt->lockingClause))
        return NULL;
    return q;
}

/* ---- VALUES ---- */

static bool row_of_values(struct scope *s, const List *list, struct exprs *row)
{
    for (int k = 0; k < list_n(list); k++) {
        const Node *node = list_at(list, k);
        struct expr *e = transform_node(s, node);
        if (!e)
            return false;
        VEC_PUSH(s->a->arena, row, e);
    }
    return true;
}

/* All rows, with each column brought to its common type. */
bool values_rows(struct scope *s, const List *lists, struct exprs **rows, size_t *n_rows)
{
    struct analysis *a = s->a;
    enum place before = s->place;
    size_t n = (size_t)list_n(lists);
    s->place = PLACE_VALUES;
    *rows = ARENA_ARRAY(a->arena, struct exprs, n + 1);
    *n_rows = n;
    for (size_t k = 0; k < n; k++) {
        if (!row_of_values(s, list_at(lists, (int)k), &(*rows)[k]))
            return false;
        if ((*rows)[k].n != (*rows)[0].n)
            return fail(a, exprLocation(list_at(lists, (int)k)), ERR_SYNTAX_ERROR,
                        "VALUES lists must all be the same length");
    }
    s->place = before;
    struct expr **column = ARENA_ARRAY(a->arena, struct expr *, n + 1);
    for (size_t c = 0; c < (*rows)[0].n; c++) {
        for (size_t k = 0; k < n; k++)
            column[k] = (*rows)[k].items[c];
        const struct type *type = common_type_of(a, column, n, "VALUES", NULL);
        if (!type)
            return false;
        for (size_t k = 0; k < n; k++) {
            (*rows)[k].items[c] = coerce_to_common(a, column[k], type, "VALUES");
            if (!(*rows)[k].items[c])
                return false;
        }
    }
    return true;
}

struct query *transform_values(struct scope *s, const SelectStmt *stmt)
{
    struct query *q = s->query;
    struct exprs *rows;
    size_t n_rows;
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    if (!refuse_into(s, stmt) || !values_rows(s, stmt->valuesLists, &rows, &n_rows))
        return NULL;
    int index = add_values_rte(s, rows, n_rows, NULL);
    if (index < 0)
        return NULL;
    scope_rte(s, index)->lateral = false;
    scope_add_name(s, index, NULL, true, true);
    struct from *from = ARENA_NEW(s->a->arena, struct from);
    from->kind = FROM_RTE;
    from->rte = (uint16_t)index;
    VEC_PUSH(s->a->arena, &q->from, from);
    for (int k = 0; k < scope_rte(s, index)->n_columns; k++) {
        struct target target = {.expr = column_of(s, 0, index, k + 1, -1),
                                .name = scope_rte(s, index)->columns[k].name};
        VEC_PUSH(s->a->arena, &q->targets, target);
    }
    if (!transform_sort(s, stmt->sortClause, &q->targets, &q->order, false, PLACE_ORDER_BY) ||
        !order_and_limit(s, stmt, &q->targets))
        return NULL;
    if (stmt->lockingClause)
        return fail_null(
            s->a, -1, ERR_FEATURE_NOT_SUPPORTED, "%s cannot be applied to VALUES",
            lock_strength_text(((const LockingClause *)list_at(stmt->lockingClause, 0))->strength));
    scope_finish(s);
    return q;
}

/* ---- any statement with rows ---- */

struct query *transform_in_scope(struct scope *s, const Node *node)
{
    if (!depth_check(s->a))
        return NULL;
    switch ((int)TAG_OF(node)) {
    case T_SelectStmt: {
        const SelectStmt *stmt = (const SelectStmt *)node;
        if (stmt->valuesLists)
            return transform_values(s, stmt);
        return stmt->op == SETOP_NONE ? transform_select(s, stmt) : transform_setop(s, stmt);
    }
    case T_InsertStmt:
        return transform_insert(s, (const InsertStmt *)node);
    case T_UpdateStmt:
        return transform_update(s, (const UpdateStmt *)node);
    case T_DeleteStmt:
        return transform_delete(s, (const DeleteStmt *)node);
    case T_MergeStmt:
        return transform_merge(s, (const MergeStmt *)node);
    default:
        return fail_null(s->a, -1, ERR_FEATURE_NOT_SUPPORTED,
                         "this kind of statement is not supported here");
    }
}

struct query *transform_statement(struct analysis *a, struct scope *parent, const Node *node,
                                  enum entry entry, struct cte_scope *own_cte, bool keep_unknown)
{
    struct scope *s = scope_new(a, parent, CMD_SELECT_);
    s->entry = entry;
    s->own_cte = own_cte;
    s->keep_unknown = keep_unknown;
    return transform_in_scope(s, node);
}

/* ---- FOR UPDATE and its kin ---- */

const char *lock_strength_text(LockClauseStrength strength)
{
    switch (strength) {
    case LCS_NONE:
        return "NONE";
    case LCS_FORKEYSHARE:
        return "FOR KEY SHARE";
    case LCS_FORSHARE:
        return "FOR SHARE";
    case LCS_FORNOKEYUPDATE:
        return "FOR NO KEY UPDATE";
    case LCS_FORUPDATE:
        return "FOR UPDATE";
    }
    return "some";
}

static enum lock_wait lock_wait_of(LockWaitPolicy policy)
{
    return policy == LockWaitSkip    ? LOCK_WAIT_SKIP
           : policy == LockWaitError ? LOCK_WAIT_ERROR
                                     : LOCK_WAIT_BLOCK;
}

static bool check_lockable(struct analysis *a, const struct query *q, LockClauseStrength strength)
{
    const char *with = q->setop                                    ? "UNION/INTERSECT/EXCEPT"
                       : q->distinct                               ? "DISTINCT clause"
                       : q->has_group_clause || q->n_grouping_sets ? "GROUP BY clause"
                       : q->having                                 ? "HAVING clause"
                       : q->has_aggregates                         ? "aggregate functions"
                       : q->has_windows                            ? "window functions"
                       : q->has_srfs ? "set-returning functions in the target list"
                                     : NULL;
    return !with || fail(a, -1, ERR_FEATURE_NOT_SUPPORTED, "%s is not allowed with %s",
                         lock_strength_text(strength), with);
}

static bool lock_everything(struct analysis *a, struct query *q, const LockingClause *clause);

static bool lock_rte(struct analysis *a, struct query *q, uint16_t rte, const LockingClause *clause)
{
    const struct rte *entry = &q->rtes[rte];
    if (entry->kind == RTE_SUBQUERY)
        return lock_everything(a, entry->subquery, clause);
    if (entry->kind != RTE_RELATION || entry->relation->system)
        return true;
    enum lock_strength strength = (enum lock_strength)clause->strength;
    enum lock_wait wait = lock_wait_of(clause->waitPolicy);
    for (size_t k = 0; k < q->n_row_marks; k++)
        if (q->row_marks[k].rte == rte) {
            q->row_marks[k].strength = MAX(q->row_marks[k].strength, strength);
            q->row_marks[k].wait = MAX(q->row_marks[k].wait, wait);
            return true;
        }
    struct row_mark *grown = ARENA_ARRAY(a->arena, struct row_mark, q->n_row_marks + 1);
    if (q->n_row_marks)
        memcpy(grown, q->row_marks, q->n_row_marks * sizeof(grown[0]));
    grown[q->n_row_marks++] = (struct row_mark){.rte = rte, .strength = strength, .wait = wait};
    q->row_marks = grown;
    return true;
}

/* Every table of the query, and of the sub-selects in its FROM. */
static bool lock_everything(struct analysis *a, struct query *q, const LockingClause *clause)
{
    if (!depth_check(a) || !check_lockable(a, q, clause->strength))
        return false;
    for (uint16_t k = 0; k < q->n_rtes; k++)
        if (!lock_rte(a, q, k, clause))
            return false;
    return true;
}

static bool refuse_lock_of(struct analysis *a, const struct rte *rte, const RangeVar *var,
                           LockClauseStrength strength)
{
    const char *what = rte->kind == RTE_FUNCTION ? "a function"
                       : rte->kind == RTE_VALUES ? "VALUES"
                       : rte->kind == RTE_CTE    ? "a WITH query"
                                                 : NULL;
    return !what || fail(a, var->location, ERR_FEATURE_NOT_SUPPORTED, "%s cannot be applied to %s",
                         lock_strength_text(strength), what);
}

static bool lock_named(struct scope *s, const RangeVar *var, const LockingClause *clause)
{
    struct analysis *a = s->a;
    struct query *q = s->query;
    const char *strength = lock_strength_text(clause->strength);
    if (var->catalogname || var->schemaname)
        return fail(a, var->location, ERR_SYNTAX_ERROR,
                    "%s must specify unqualified relation names", strength);
    for (uint16_t k = 0; k < q->n_rtes; k++) {
        const struct rte *rte = &q->rtes[k];
        if (strcmp(rte->alias, var->relname) != 0)
            continue;
        return refuse_lock_of(a, rte, var, clause->strength) && lock_rte(a, q, k, clause);
    }
    for (size_t k = 0; k < s->names.n; k++)
        if (s->names.items[k].rte < 0 && s->names.items[k].alias &&
            strcmp(s->names.items[k].alias, var->relname) == 0)
            return fail(a, var->location, ERR_FEATURE_NOT_SUPPORTED,
                        "%s cannot be applied to a join", strength);
    return fail(a, var->location, ERR_UNDEFINED_TABLE,
                "relation \"%s\" in %s clause not found in FROM clause", var->relname, strength);
}

bool apply_locking(struct scope *s, const List *clauses)
{
    for (int k = 0; k < list_n(clauses); k++) {
        const LockingClause *clause = list_at(clauses, k);
        if (!check_lockable(s->a, s->query, clause->strength))
            return false;
        if (!clause->lockedRels && !lock_everything(s->a, s->query, clause))
            return false;
        for (int rel = 0; rel < list_n(clause->lockedRels); rel++)
            if (!lock_named(s, list_at(clause->lockedRels, rel), clause))
                return false;
    }
    return true;
}
