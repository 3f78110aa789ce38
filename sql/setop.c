/* setop.c - UNION, INTERSECT, EXCEPT.
 *
 * The operands are analysed on their own; then, from the leaves up, each column's type is settled by the rules for common
 * types, and the operands' columns are cast to it: in the select lists of the leaves, or around a leaf whose list means more than its output
 * (DISTINCT, ORDER BY, LIMIT...).  ORDER BY of the whole knows the result columns only. */
#include "sql/analysis.h"

#include <string.h>

static const char *setop_name(SetOperation op)
{
    return op == PG_SETOP_INTERSECT ? "INTERSECT" : op == PG_SETOP_EXCEPT ? "EXCEPT" : "UNION";
}

/* ---- operands ---- */

static struct target *visible_target(struct query *q, int column)
{
    int seen = 0;
    for (size_t k = 0; k < q->targets.n; k++)
        if (!q->targets.items[k].junk && seen++ == column)
            return &q->targets.items[k];
    return NULL;
}

static int count_visible(const struct query *q)
{
    int n = 0;
    for (size_t k = 0; k < q->targets.n; k++)
        n += !q->targets.items[k].junk;
    return n;
}

bool list_is_output_only(const struct query *q)
{
    return !q->distinct && !q->order.n && !q->setop && !q->limit && !q->has_group_clause &&
           !q->has_windows && !q->has_srfs && q->command == CMD_SELECT_;
}

/* ---- a query that goes one level further down ---- */

struct sink {
    struct arena *arena;
    VEC(const struct expr *) moved; /* sort keys share expressions with the select list */
};

static bool was_moved(struct sink *sink, const struct expr *e)
{
    for (size_t k = 0; k < sink->moved.n; k++)
        if (sink->moved.items[k] == e)
            return true;
    VEC_PUSH(sink->arena, &sink->moved, e);
    return false;
}

static bool sink_expr(struct tree_walker *w, struct expr *e)
{
    uint16_t *levels_up = e->kind == EXPR_COLUMN      ? &e->column.levels_up
                          : e->kind == EXPR_AGGREGATE ? &e->agg.levels_up
                          : e->kind == EXPR_GROUPING  ? &e->grouping.levels_up
                                                      : NULL;
    if (levels_up && *levels_up > w->levels && !was_moved(w->arg, e))
        ++*levels_up;
    return tree_children(w, e);
}

static void sink_ctes(const struct query *q, int levels)
{
    for (int k = 0; k < q->n_rtes; k++)
        if (q->rtes[k].kind == RTE_CTE && q->rtes[k].cte_levels_up > levels)
            q->rtes[k].cte_levels_up++;
}

static bool sink_query(struct tree_walker *w, struct query *q)
{
    w->levels++;
    sink_ctes(q, w->levels);
    (void)tree_query(w, q);
    w->levels--;
    return false;
}

/* What refers to levels above the query finds them one level further up. */
static void sink_references(struct analysis *a, struct query *q)
{
    struct sink sink = {.arena = a->arena};
    struct tree_walker w = {.expr = sink_expr, .query = sink_query, .arg = &sink};
    sink_ctes(q, 0);
    (void)tree_query(&w, q);
}

/* SELECT * FROM (leaf): a select list that can be changed.  A literal whose type is not settled yet goes up as it is. */
struct query *wrap_query(struct analysis *a, struct query *inner)
{
    sink_references(a, inner);
    struct scope *s = scope_new(a, NULL, CMD_SELECT_);
    int rte = add_subquery_rte(s, inner, NULL, "*SELECT*", false);
    struct from *from = ARENA_NEW(a->arena, struct from);
    from->kind = FROM_RTE;
    from->rte = (uint16_t)rte;
    VEC_PUSH(a->arena, &s->query->from, from);
    for (int k = 0; k < scope_rte(s, rte)->n_columns; k++) {
        struct expr *below = visible_target(inner, k)->expr;
        bool literal = below->kind == EXPR_CONST && below->type->oid == TYPE_UNKNOWN;
        struct target target = {.expr = literal ? below : column_of(s, 0, rte, k + 1, -1),
                                .name = scope_rte(s, rte)->columns[k].name};
        VEC_PUSH(a->arena, &s->query->targets, target);
    }
    scope_finish(s);
    return s->query;
}

static bool refers_to_level(struct tree_walker *w, struct expr *e)
{
    if (e->kind == EXPR_COLUMN && e->column.levels_up == w->levels) {
        w->arg = e;
        return true;
    }
    return tree_children(w, e);
}

static bool refers_to_level_below(struct tree_walker *w, struct query *q)
{
    w->levels++;
    bool found = tree_query(w, q);
    w->levels--;
    return found;
}

static struct setop *leaf(struct scope *s, const SelectStmt *stmt, bool recursive_term,
                          const char *inside)
{
    struct analysis *a = s->a;
    struct setop *node = ARENA_NEW(a->arena, struct setop);
    if (stmt->intoClause)
        return fail_null(a, stmt->intoClause->rel->location, ERR_SYNTAX_ERROR,
                         "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT");
    if (stmt->lockingClause)
        return fail_null(
            a, -1, ERR_FEATURE_NOT_SUPPORTED, "%s is not allowed with UNION/INTERSECT/EXCEPT",
            lock_strength_text(((const LockingClause *)list_at(stmt->lockingClause, 0))->strength));
    struct scope *inner = scope_new(a, s, CMD_SELECT_);
    inner->entry = ENTRY_SETOP;
    inner->keep_unknown = true;
    inner->recursive_term = recursive_term;
    inner->setop_name = inside;
    node->query = transform_in_scope(inner, (const Node *)stmt);
    if (!node->query)
        return NULL;
    VEC_PUSH(a->arena, &s->operands, node->query);
    struct tree_walker w = {.expr = refers_to_level, .query = refers_to_level_below, .levels = 1};
    if (s->rtes.n && tree_query(&w, node->query))
        return fail_null(a, expr_location(w.arg), ERR_INVALID_COLUMN_REFERENCE,
                         "UNION/INTERSECT/EXCEPT member statement cannot refer to other relations "
                         "of same query level");
    node->n_columns = (uint16_t)count_visible(node->query);
    node->types = ARENA_ARRAY(a->arena, const struct type *, node->n_columns + 1u);
    for (int k = 0; k < node->n_columns; k++)
        node->types[k] = visible_target(node->query, k)->expr->type;
    return node;
}

/* An expression of the operand's column, for the rules of common types. */
static struct expr *column_sample(struct analysis *a, struct setop *node, int column)
{
    if (node->query)
        return visible_target(node->query, column)->expr;
    const struct setop *first = node;
    while (!first->query)
        first = first->left;
    const struct expr *e = visible_target(first->query, column)->expr;
    struct expr *sample = expr_new(a, EXPR_SLOT, node->types[column], expr_location(e));
    sample->typmod = e->typmod;
    return sample;
}

/* Casts one column of an operand, in all its leaves. */
static bool cast_column(struct analysis *a, struct setop *node, int column, const struct type *type,
                        const char *context)
{
    if (!node->query) {
        if (node->types[column] == type)
            return true;
        node->types[column] = type;
        return cast_column(a, node->left, column, type, context) &&
               cast_column(a, node->right, column, type, context);
    }
    struct target *target = visible_target(node->query, column);
    node->types[column] = type;
    if (target->expr->type == type)
        return true;
    bool literal = target->expr->type->oid == TYPE_UNKNOWN;
    if (!literal && !list_is_output_only(node->query)) {
        node->query = wrap_query(a, node->query);
        target = visible_target(node->query, column);
    }
    struct expr *cast = coerce_to_common(a, target->expr, type, context);
    if (!cast)
        return false;
    target->expr = cast;
    return true;
}

static bool settle_column(struct analysis *a, struct setop *node, int column, const char *context)
{
    struct expr *samples[2] = {column_sample(a, node->left, column),
                               column_sample(a, node->right, column)};
    const struct expr *decided;
    const struct type *type = common_type_of(a, samples, 2, context, &decided);
    if (!type)
        return false;
    for (int k = 0; k < 2; k++)
        if (samples[k]->type != type && !can_coerce(a, samples[k]->type, type, CAST_IMPLICIT))
            return fail(a, expr_location(samples[k]), ERR_CANNOT_COERCE,
                        "%s could not convert type %s to %s", context,
                        type_text(a, samples[k]->type), type_text(a, type));
    if (!cast_column(a, node->left, column, type, context) ||
        !cast_column(a, node->right, column, type, context))
        return false;
    node->types[column] = type;
    bool needs_equality = node->kind != SETOP_UNION || !node->all;
    return !needs_equality ||
           sort_opers(a, type, false, true, NULL, NULL, NULL, expr_location(decided));
}

/* ---- the tree ---- */

/* A SELECT with clauses of its own is an operand, even if it is a set operation inside. */
static bool is_operand(const SelectStmt *stmt, bool top)
{
    if (stmt->op == SETOP_NONE)
        return true;
    return !top && (stmt->sortClause || stmt->limitOffset || stmt->limitCount ||
                    stmt->lockingClause || stmt->withClause);
}

static int right_location(const struct setop *node)
{
    while (!node->query)
        node = node->left;
    return node->query->targets.n ? expr_location(node->query->targets.items[0].expr) : -1;
}

static struct setop *tree(struct scope *s, const SelectStmt *stmt, bool top, bool recursive_term,
                          const char *inside)
{
    struct analysis *a = s->a;
    if (!depth_check(a))
        return NULL;
    if (is_operand(stmt, top))
        return leaf(s, stmt, recursive_term, inside);
    const char *context = setop_name(stmt->op);
    struct setop *node = ARENA_NEW(a->arena, struct setop);
    node->kind = stmt->op == PG_SETOP_INTERSECT ? SETOP_INTERSECT
                 : stmt->op == PG_SETOP_EXCEPT  ? SETOP_EXCEPT
                                                : SETOP_UNION;
    node->all = stmt->all;
    /* The left side of the body of WITH RECURSIVE starts it off; the right side may refer to the whole. */
    bool is_recursive = top && s->own_cte && s->own_cte->may_be_early && stmt->op == PG_SETOP_UNION;
    const char *inner = stmt->op == PG_SETOP_UNION ? inside : context;
    node->left = tree(s, stmt->larg, false, recursive_term, inner);
    if (!node->left)
        return NULL;
    if (is_recursive) {
        const struct setop *first = node->left;
        while (!first->query)
            first = first->left;
        if (!settle_recursive_columns(s, first->query))
            return NULL;
    }
    node->right = tree(s, stmt->rarg, false, recursive_term || is_recursive, inner);
    if (!node->right)
        return NULL;
    if (node->left->n_columns != node->right->n_columns)
        return fail_null(a, right_location(node->right), ERR_SYNTAX_ERROR,
                         "each %s query must have the same number of columns", context);
    node->n_columns = node->left->n_columns;
    node->types = ARENA_ARRAY(a->arena, const struct type *, node->n_columns + 1u);
    for (int k = 0; k < node->n_columns; k++)
        if (!settle_column(a, node, k, context))
            return NULL;
    return node;
}

/* ---- the result ---- */

static int32_t result_typmod(const struct setop *node, int column, bool *first, int32_t typmod)
{
    if (!node->query) {
        typmod = result_typmod(node->left, column, first, typmod);
        return result_typmod(node->right, column, first, typmod);
    }
    int32_t own = visible_target(node->query, column)->expr->typmod;
    if (*first) {
        *first = false;
        return own;
    }
    return own == typmod ? typmod : -1;
}

static void result_columns(struct scope *s, struct setop *root)
{
    struct analysis *a = s->a;
    struct name_item item = {
        .rte = -1, .by_column = true, .lateral_ok = true, .n_columns = root->n_columns};
    item.columns = ARENA_ARRAY(a->arena, struct name_column, root->n_columns + 1u);
    const struct setop *first = root;
    while (!first->query)
        first = first->left;
    for (int k = 0; k < root->n_columns; k++) {
        bool is_first = true;
        struct expr *slot = expr_new(a, EXPR_SLOT, root->types[k], -1);
        slot->slot.index = k;
        slot->typmod = result_typmod(root, k, &is_first, -1);
        const struct target *named = visible_target(first->query, k);
        slot->location = expr_location(named->expr);
        struct target target = {.expr = slot, .name = named->name};
        VEC_PUSH(a->arena, &s->query->targets, target);
        item.columns[k] = (struct name_column){.name = named->name, .expr = slot};
    }
    VEC_PUSH(a->arena, &s->names, item);
}

static bool order_results(struct scope *s, const SelectStmt *stmt)
{
    struct query *q = s->query;
    size_t n = q->targets.n;
    if (!transform_sort(s, stmt->sortClause, &q->targets, &q->order, false, PLACE_ORDER_BY))
        return false;
    if (q->targets.n == n)
        return true;
    fail(s->a, expr_location(q->targets.items[n].expr), ERR_FEATURE_NOT_SUPPORTED,
         "invalid UNION/INTERSECT/EXCEPT ORDER BY clause");
    fail_detail(s->a, "Only result column names can be used, not expressions or functions.");
    return fail_hint(
        s->a, "Add the expression/function to every SELECT, or move the UNION into a FROM clause.");
}

struct query *transform_setop(struct scope *s, const SelectStmt *stmt)
{
    struct query *q = s->query;
    const SelectStmt *first = stmt->larg;
    while (first->op != SETOP_NONE)
        first = first->larg;
    if (first->intoClause)
        return fail_null(s->a, first->intoClause->rel->location, ERR_SYNTAX_ERROR,
                         "SELECT ... INTO is not allowed here");
    if (stmt->lockingClause)
        return fail_null(
            s->a, -1, ERR_FEATURE_NOT_SUPPORTED, "%s is not allowed with UNION/INTERSECT/EXCEPT",
            lock_strength_text(((const LockingClause *)list_at(stmt->lockingClause, 0))->strength));
    if (stmt->withClause && !transform_with(s, stmt->withClause))
        return NULL;
    q->setop = tree(s, stmt, true, s->recursive_term, s->setop_name);
    if (!q->setop)
        return NULL;
    result_columns(s, q->setop);
    if (!order_results(s, stmt) || !order_and_limit(s, stmt, &q->targets))
        return NULL;
    if (!s->keep_unknown && !resolve_unknown_targets(s, &q->targets))
        return NULL;
    scope_finish(s);
    return q;
}
