/* walk.c - see walk.h.  One function per question knows which fields of each kind of expression hold other expressions:
 * visit_slots() is that knowledge for walking and for copying, same_node() for comparing. */
#include "sql/walk.h"

#include <string.h>

/* ---- where the children are ---- */

typedef bool (*slot_fn)(void *arg, struct expr **slot);

static bool visit_list(const struct exprs *list, slot_fn fn, void *arg)
{
    for (size_t k = 0; k < list->n; k++)
        if (list->items[k] && fn(arg, &list->items[k]))
            return true;
    return false;
}

static bool visit_one(struct expr **slot, slot_fn fn, void *arg)
{
    return *slot && fn(arg, slot);
}

static bool visit_array(struct expr **items, int n, slot_fn fn, void *arg)
{
    for (int k = 0; items && k < n; k++)
        if (items[k] && fn(arg, &items[k]))
            return true;
    return false;
}

static bool visit_keys(const struct sort_keys *keys, slot_fn fn, void *arg)
{
    for (size_t k = 0; k < keys->n; k++)
        if (fn(arg, &keys->items[k].expr))
            return true;
    return false;
}

/* Every expression directly below `e`; not the insides of sub-selects. */
static bool visit_slots(struct expr *e, slot_fn fn, void *arg)
{
    if (visit_list(&e->args, fn, arg))
        return true;
    switch ((int)e->kind) {
    case EXPR_SUBSCRIPT:
        return visit_one(&e->subscript.assign, fn, arg);
    case EXPR_FIELD:
        return visit_one(&e->field.assign, fn, arg);
    case EXPR_SUBLINK:
        return visit_array(e->sublink.left, e->sublink.n_columns, fn, arg) ||
               visit_array(e->sublink.right, e->sublink.n_columns, fn, arg);
    case EXPR_AGGREGATE:
        return visit_list(&e->agg.direct, fn, arg) || visit_keys(&e->agg.order, fn, arg) ||
               visit_one(&e->agg.filter, fn, arg);
    case EXPR_WINDOW:
        return visit_one(&e->window.filter, fn, arg);
    case EXPR_ARRAY_CAST:
        return visit_one(&e->cast.elem, fn, arg);
    case EXPR_ROW_CAST:
        return visit_array(e->cast.elems, e->cast.elems ? e->cast.n_elems : 0, fn, arg);
    default:
        return false;
    }
}

static bool visit_assignments(const struct assignments *set, slot_fn fn, void *arg)
{
    for (size_t k = 0; k < set->n; k++)
        if (set->items[k].expr && fn(arg, &set->items[k].expr))
            return true;
    return false;
}

static bool visit_targets(const struct targets *targets, slot_fn fn, void *arg)
{
    for (size_t k = 0; k < targets->n; k++)
        if (fn(arg, &targets->items[k].expr))
            return true;
    return false;
}

static bool visit_from(struct from *from, slot_fn fn, void *arg)
{
    if (!from || from->kind == FROM_RTE)
        return false;
    return visit_from(from->left, fn, arg) || visit_from(from->right, fn, arg) ||
           visit_one(&from->on, fn, arg);
}

static bool visit_rte(struct rte *rte, slot_fn fn, void *arg)
{
    for (int k = 0; k < rte->n_functions; k++)
        if (fn(arg, &rte->functions[k].call))
            return true;
    for (size_t k = 0; k < rte->n_value_rows; k++)
        if (visit_list(&rte->value_rows[k], fn, arg))
            return true;
    return false;
}

static bool visit_window(struct window_def *window, slot_fn fn, void *arg)
{
    return visit_list(&window->partition, fn, arg) || visit_keys(&window->order, fn, arg) ||
           visit_one(&window->start_offset, fn, arg) || visit_one(&window->end_offset, fn, arg);
}

static bool visit_changes(struct query *q, slot_fn fn, void *arg)
{
    if (visit_assignments(&q->set, fn, arg) || visit_assignments(&q->generated, fn, arg) ||
        visit_targets(&q->returning, fn, arg) || visit_list(&q->checks, fn, arg) ||
        visit_list(&q->view_checks, fn, arg) || visit_one(&q->merge_on, fn, arg) ||
        visit_from(q->merge_source, fn, arg))
        return true;
    if (q->on_conflict && (visit_assignments(&q->on_conflict->set, fn, arg) ||
                           visit_one(&q->on_conflict->where, fn, arg)))
        return true;
    for (size_t k = 0; k < q->n_merge; k++)
        if (visit_one(&q->merge[k].condition, fn, arg) ||
            visit_assignments(&q->merge[k].set, fn, arg))
            return true;
    return false;
}

static bool visit_query_slots(struct query *q, slot_fn fn, void *arg)
{
    for (int k = 0; k < q->n_rtes; k++)
        if (visit_rte(&q->rtes[k], fn, arg))
            return true;
    for (size_t k = 0; k < q->from.n; k++)
        if (visit_from(q->from.items[k], fn, arg))
            return true;
    for (size_t k = 0; k < q->n_windows; k++)
        if (visit_window(&q->windows[k], fn, arg))
            return true;
    return visit_one(&q->where, fn, arg) || visit_targets(&q->targets, fn, arg) ||
           visit_list(&q->group, fn, arg) || visit_one(&q->having, fn, arg) ||
           visit_keys(&q->distinct_on, fn, arg) || visit_keys(&q->order, fn, arg) ||
           visit_one(&q->limit, fn, arg) || visit_one(&q->offset, fn, arg) ||
           visit_changes(q, fn, arg);
}

typedef bool (*query_fn)(void *arg, struct query **slot);

static bool visit_setop(struct setop *setop, query_fn fn, void *arg)
{
    if (!setop)
        return false;
    if (setop->query)
        return fn(arg, &setop->query);
    return visit_setop(setop->left, fn, arg) || visit_setop(setop->right, fn, arg);
}

static bool visit_queries(struct query *q, query_fn fn, void *arg)
{
    for (size_t k = 0; k < q->n_ctes; k++)
        if (q->ctes[k].query && fn(arg, &q->ctes[k].query))
            return true;
    for (int k = 0; k < q->n_rtes; k++)
        if (q->rtes[k].subquery && fn(arg, &q->rtes[k].subquery))
            return true;
    return visit_setop(q->setop, fn, arg) || (q->source && fn(arg, &q->source));
}

/* ---- walking ---- */

static bool walk_slot(void *arg, struct expr **slot)
{
    struct tree_walker *walker = arg;
    return walker->expr(walker, *slot);
}

static bool walk_sub_query(void *arg, struct query **slot)
{
    struct tree_walker *walker = arg;
    return walker->query(walker, *slot);
}

bool tree_children(struct tree_walker *walker, const struct expr *expr)
{
    struct expr *e =
        (struct expr *)(uintptr_t)expr; /* visitors get the nodes as they are; we change none */
    if (visit_slots(e, walk_slot, walker))
        return true;
    return e->kind == EXPR_SUBLINK && walker->query && walker->query(walker, e->sublink.query);
}

bool tree_query(struct tree_walker *walker, const struct query *query)
{
    struct query *q = (struct query *)(uintptr_t)query;
    if (visit_query_slots(q, walk_slot, walker))
        return true;
    return walker->query && visit_queries(q, walk_sub_query, walker);
}

/* ---- comparing ---- */

static bool same_datum(const struct type *type, const struct datum *a, const struct datum *b)
{
    if (a->null || b->null)
        return a->null == b->null;
    if (!type_by_ref(type))
        return a->i == b->i;
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static bool same_optional(const struct expr *a, const struct expr *b)
{
    if (!a || !b)
        return a == b;
    return same_expr(a, b);
}

static bool same_keys(const struct sort_keys *a, const struct sort_keys *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++) {
        const struct sort_key *x = &a->items[k], *y = &b->items[k];
        if (x->descending != y->descending || x->nulls_first != y->nulls_first ||
            !same_expr(x->expr, y->expr))
            return false;
    }
    return true;
}

static bool same_aggregate(const struct expr *a, const struct expr *b)
{
    return a->agg.proc == b->agg.proc && a->agg.distinct == b->agg.distinct &&
           a->agg.levels_up == b->agg.levels_up && a->agg.star == b->agg.star &&
           a->agg.variadic_array == b->agg.variadic_array &&
           same_keys(&a->agg.order, &b->agg.order) && same_optional(a->agg.filter, b->agg.filter) &&
           same_exprs(&a->agg.direct, &b->agg.direct);
}

static bool same_groups(const struct expr *a, const struct expr *b)
{
    return a->grouping.n == b->grouping.n && a->grouping.levels_up == b->grouping.levels_up &&
           (a->grouping.n == 0 ||
            memcmp(a->grouping.group_indexes, b->grouping.group_indexes,
                   (size_t)a->grouping.n * sizeof(a->grouping.group_indexes[0])) == 0);
}

static bool same_row_compare(const struct expr *a, const struct expr *b)
{
    return a->row_compare.op == b->row_compare.op && a->args.n == b->args.n &&
           memcmp(a->row_compare.ops, b->row_compare.ops,
                  a->args.n / 2 * sizeof(a->row_compare.ops[0])) == 0;
}

/* What the kind itself says, beside args. */
static bool same_node(const struct expr *a, const struct expr *b)
{
    switch (a->kind) {
    case EXPR_CONST:
        return same_datum(a->type, &a->value, &b->value);
    case EXPR_PARAM:
        return a->param == b->param;
    case EXPR_COLUMN:
    case EXPR_EXCLUDED:
        return a->column.levels_up == b->column.levels_up && a->column.rte == b->column.rte &&
               a->column.attnum == b->column.attnum;
    case EXPR_FUNC:
    case EXPR_DISTINCT:
    case EXPR_NULLIF:
    case EXPR_ANY:
    case EXPR_ALL:
        return a->func.proc == b->func.proc && a->func.variadic_array == b->func.variadic_array;
    case EXPR_CASE:
        return a->case_.has_test == b->case_.has_test;
    case EXPR_ARRAY:
        return a->array_nested == b->array_nested;
    case EXPR_ROW_COMPARE:
        return same_row_compare(a, b);
    case EXPR_SUBSCRIPT:
        return a->subscript.is_slice == b->subscript.is_slice && a->subscript.n == b->subscript.n &&
               same_optional(a->subscript.assign, b->subscript.assign);
    case EXPR_FIELD:
        return a->field.index == b->field.index && same_optional(a->field.assign, b->field.assign);
    case EXPR_SUBLINK:
        return a->sublink.query == b->sublink.query; /* each is analysed once: equal ones are one */
    case EXPR_AGGREGATE:
        return same_aggregate(a, b);
    case EXPR_GROUPING:
        return same_groups(a, b);
    case EXPR_WINDOW:
        return a->window.proc == b->window.proc && a->window.window == b->window.window &&
               same_optional(a->window.filter, b->window.filter);
    case EXPR_SQL_VALUE:
        return a->sql_value.kind == b->sql_value.kind && a->sql_value.typmod == b->sql_value.typmod;
    case EXPR_NEXT_VALUE:
        return false;
    case EXPR_SLOT:
        return a->slot.index == b->slot.index && a->slot.levels_up == b->slot.levels_up;
    case EXPR_RELABEL:
        return a->collation_oid == b->collation_oid;
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
    case EXPR_IS_TRUE:
    case EXPR_IS_NOT_TRUE:
    case EXPR_IS_FALSE:
    case EXPR_IS_NOT_FALSE:
    case EXPR_IS_UNKNOWN:
    case EXPR_IS_NOT_UNKNOWN:
    case EXPR_CASE_TEST:
    case EXPR_COALESCE:
    case EXPR_GREATEST:
    case EXPR_LEAST:
    case EXPR_ROW:
    case EXPR_IO_CAST:
    case EXPR_ARRAY_CAST:
    case EXPR_ROW_CAST:
    case EXPR_DOMAIN_CAST:
    case EXPR_DOMAIN_VALUE:
    case EXPR_DEFAULT:
    case EXPR_MERGE_ACTION:
        return true;
    }
    return false;
}

bool same_exprs(const struct exprs *a, const struct exprs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++)
        if (!same_optional(a->items[k], b->items[k]))
            return false;
    return true;
}

bool same_expr(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    return a->kind == b->kind && a->type == b->type && a->typmod == b->typmod && same_node(a, b) &&
           same_exprs(&a->args, &b->args);
}

/* ---- copying ---- */

static void own_list(struct arena *arena, struct exprs *list)
{
    if (list->n)
        list->items = arena_memdup(arena, list->items, list->n * sizeof(list->items[0]));
    list->cap = list->n;
}

static void own_keys(struct arena *arena, struct sort_keys *keys)
{
    if (keys->n)
        keys->items = arena_memdup(arena, keys->items, keys->n * sizeof(keys->items[0]));
    keys->cap = keys->n;
}

static void own_targets(struct arena *arena, struct targets *targets)
{
    if (targets->n)
        targets->items =
            arena_memdup(arena, targets->items, targets->n * sizeof(targets->items[0]));
    targets->cap = targets->n;
}

static struct expr **own_array(struct arena *arena, struct expr **items, int n)
{
    return items && n ? arena_memdup(arena, items, (size_t)n * sizeof(items[0])) : items;
}

/* Makes the lists that a shallow copy shares with its original the copy's own. */
static void own_slots(struct arena *arena, struct expr *e)
{
    own_list(arena, &e->args);
    if (e->kind == EXPR_SUBLINK) {
        e->sublink.left = own_array(arena, e->sublink.left, e->sublink.n_columns);
        e->sublink.right = own_array(arena, e->sublink.right, e->sublink.n_columns);
    } else if (e->kind == EXPR_AGGREGATE) {
        own_list(arena, &e->agg.direct);
        own_keys(arena, &e->agg.order);
    } else if (e->kind == EXPR_ROW_CAST) {
        e->cast.elems = own_array(arena, e->cast.elems, e->cast.n_elems);
    }
}

static struct from *own_from(struct arena *arena, const struct from *from)
{
    if (!from)
        return NULL;
    struct from *copy = arena_memdup(arena, from, sizeof(*from));
    copy->left = own_from(arena, from->left);
    copy->right = own_from(arena, from->right);
    return copy;
}

static struct setop *own_setop(struct arena *arena, const struct setop *setop)
{
    if (!setop)
        return NULL;
    struct setop *copy = arena_memdup(arena, setop, sizeof(*setop));
    copy->left = own_setop(arena, setop->left);
    copy->right = own_setop(arena, setop->right);
    return copy;
}

static bool map_slot(void *arg, struct expr **slot)
{
    *slot = tree_map(arg, *slot);
    return false;
}

static bool map_query_slot(void *arg, struct query **slot);

/* A sort key that is a target's very expression is the copied target's in the copy. */
static void share_targets(const struct query *from, const struct sort_keys *from_keys,
                          const struct query *to, struct sort_keys *to_keys)
{
    for (size_t k = 0; k < to_keys->n; k++)
        for (size_t t = 0; t < to->targets.n; t++)
            if (from_keys->items[k].expr == from->targets.items[t].expr)
                to_keys->items[k].expr = to->targets.items[t].expr;
}

/* SELECTs only: statements that change rows are never copied. */
struct query *tree_map_query(struct tree_mapper *mapper, const struct query *query)
{
    struct arena *arena = mapper->arena;
    struct query *q = arena_memdup(arena, query, sizeof(*query));
    if (q->n_rtes)
        q->rtes = arena_memdup(arena, q->rtes, q->n_rtes * sizeof(q->rtes[0]));
    for (int k = 0; k < q->n_rtes; k++) {
        struct rte *rte = &q->rtes[k];
        if (rte->n_functions)
            rte->functions =
                arena_memdup(arena, rte->functions, rte->n_functions * sizeof(rte->functions[0]));
        if (rte->n_value_rows)
            rte->value_rows = arena_memdup(arena, rte->value_rows,
                                           rte->n_value_rows * sizeof(rte->value_rows[0]));
        for (size_t row = 0; row < rte->n_value_rows; row++)
            own_list(arena, &rte->value_rows[row]);
    }
    if (q->n_ctes)
        q->ctes = arena_memdup(arena, q->ctes, q->n_ctes * sizeof(q->ctes[0]));
    if (q->from.n)
        q->from.items = arena_memdup(arena, q->from.items, q->from.n * sizeof(q->from.items[0]));
    for (size_t k = 0; k < q->from.n; k++)
        q->from.items[k] = own_from(arena, q->from.items[k]);
    if (q->n_windows)
        q->windows = arena_memdup(arena, q->windows, q->n_windows * sizeof(q->windows[0]));
    for (size_t k = 0; k < q->n_windows; k++) {
        own_list(arena, &q->windows[k].partition);
        own_keys(arena, &q->windows[k].order);
    }
    own_targets(arena, &q->targets);
    own_list(arena, &q->group);
    own_keys(arena, &q->distinct_on);
    own_keys(arena, &q->order);
    q->setop = own_setop(arena, q->setop);
    mapper->levels++;
    visit_query_slots(q, map_slot, mapper);
    visit_queries(q, map_query_slot, mapper);
    mapper->levels--;
    share_targets(query, &query->distinct_on, q, &q->distinct_on);
    share_targets(query, &query->order, q, &q->order);
    return q;
}

static bool map_query_slot(void *arg, struct query **slot)
{
    *slot = tree_map_query(arg, *slot);
    return false;
}

struct expr *tree_map(struct tree_mapper *mapper, const struct expr *expr)
{
    struct expr *replacement = mapper->map(mapper, expr);
    if (replacement)
        return replacement;
    struct expr *copy = arena_memdup(mapper->arena, expr, sizeof(*expr));
    own_slots(mapper->arena, copy);
    visit_slots(copy, map_slot, mapper);
    if (copy->kind == EXPR_SUBLINK)
        copy->sublink.query = tree_map_query(mapper, copy->sublink.query);
    return copy;
}

static struct expr *copy_node(struct tree_mapper *mapper, const struct expr *expr)
{
    return NULL;
}

struct expr *tree_copy(struct arena *arena, const struct expr *expr)
{
    struct tree_mapper mapper = {.arena = arena, .map = copy_node};
    return tree_map(&mapper, expr);
}

static struct expr *shift_node(struct tree_mapper *mapper, const struct expr *expr)
{
    int by = *(const int *)mapper->arg;
    if (expr->kind == EXPR_COLUMN && expr->column.levels_up >= mapper->levels) {
        struct expr *copy = arena_memdup(mapper->arena, expr, sizeof(*expr));
        copy->column.levels_up = (uint16_t)(copy->column.levels_up + by);
        return copy;
    }
    return NULL;
}

struct expr *tree_shift(struct arena *arena, const struct expr *expr, int levels)
{
    struct tree_mapper mapper = {.arena = arena, .map = shift_node, .arg = &levels};
    return tree_map(&mapper, expr);
}

int expr_location(const struct expr *expr)
{
    int location = expr->location;
    switch ((int)expr->kind) {
    case EXPR_FUNC:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
    case EXPR_DISTINCT:
    case EXPR_NULLIF:
    case EXPR_ANY:
    case EXPR_ALL:
    case EXPR_SUBSCRIPT:
    case EXPR_FIELD:
    case EXPR_RELABEL:
    case EXPR_IO_CAST:
    case EXPR_ARRAY_CAST:
    case EXPR_ROW_CAST:
    case EXPR_DOMAIN_CAST:
    case EXPR_ROW_COMPARE:
    case EXPR_IS_NULL:
    case EXPR_IS_NOT_NULL:
        for (size_t k = 0; k < expr->args.n; k++) {
            if (!expr->args.items[k])
                continue;
            int inner = expr_location(expr->args.items[k]);
            if (inner >= 0 && (location < 0 || inner < location))
                location = inner;
        }
        return location;
    case EXPR_SUBLINK:
        for (int k = 0; k < expr->sublink.n_columns && expr->sublink.left; k++) {
            int inner = expr_location(expr->sublink.left[k]);
            if (inner >= 0 && (location < 0 || inner < location))
                location = inner;
        }
        return location;
    default:
        return location;
    }
}
