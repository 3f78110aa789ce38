/* walk.c - see walk.h. */
#include "plan/walk.h"

#include <string.h>

static bool walk_list(struct exprs *list, int depth, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < list->n; k++)
        if (list->items[k] && !walk_expr(&list->items[k], depth, fn, arg))
            return false;
    return true;
}

static bool walk_opt(struct expr **slot, int depth, walk_fn fn, void *arg)
{
    return !*slot || walk_expr(slot, depth, fn, arg);
}

static bool walk_sort(struct sort_keys *keys, int depth, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < keys->n; k++)
        if (!walk_expr(&keys->items[k].expr, depth, fn, arg))
            return false;
    return true;
}

static bool walk_parts(struct expr *e, int depth, walk_fn fn, void *arg)
{
    if (!walk_list(&e->args, depth, fn, arg))
        return false;
    switch ((int)e->kind) {
    case EXPR_AGGREGATE:
        return walk_sort(&e->agg.order, depth, fn, arg) &&
               walk_opt(&e->agg.filter, depth, fn, arg) &&
               walk_list(&e->agg.direct, depth, fn, arg);
    case EXPR_WINDOW:
        return walk_opt(&e->window.filter, depth, fn, arg);
    case EXPR_SUBSCRIPT:
        return walk_opt(&e->subscript.assign, depth, fn, arg);
    case EXPR_FIELD:
        return walk_opt(&e->field.assign, depth, fn, arg);
    case EXPR_ARRAY_CAST:
        return walk_opt(&e->cast.elem, depth, fn, arg);
    case EXPR_ROW_CAST:
        for (uint32_t k = 0; e->cast.elems && k < e->type->n_attributes; k++)
            if (!walk_opt(&e->cast.elems[k], depth, fn, arg))
                return false;
        return true;
    case EXPR_DOMAIN_CAST:
        for (int k = 0; k < e->domain.n; k++)
            if (!walk_expr(&e->domain.checks[k], depth, fn, arg))
                return false;
        return true;
    case EXPR_SUBLINK:
        for (int k = 0; k < e->sublink.n_columns; k++)
            if (!walk_opt(&e->sublink.left[k], depth, fn, arg))
                return false;
        return walk_query(e->sublink.query, depth + 1, fn, arg);
    default:
        return true;
    }
}

bool walk_expr(struct expr **slot, int depth, walk_fn fn, void *arg)
{
    switch (fn(slot, depth, arg)) {
    case WALK_STOP:
        return false;
    case WALK_SKIP:
        return true;
    case WALK_INTO:
        break;
    }
    return walk_parts(*slot, depth, fn, arg);
}

static bool walk_targets(struct targets *targets, int depth, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < targets->n; k++)
        if (!walk_expr(&targets->items[k].expr, depth, fn, arg))
            return false;
    return true;
}

static bool is_target(const struct query *q, const struct expr *e)
{
    for (size_t k = 0; k < q->targets.n; k++)
        if (q->targets.items[k].expr == e)
            return true;
    return false;
}

static bool walk_other_keys(struct query *q, struct sort_keys *keys, int depth, walk_fn fn,
                            void *arg)
{
    for (size_t k = 0; k < keys->n; k++)
        if (!is_target(q, keys->items[k].expr) && !walk_expr(&keys->items[k].expr, depth, fn, arg))
            return false;
    return true;
}

static void follow_target(struct sort_keys *keys, const struct expr *before, struct expr *now)
{
    for (size_t k = 0; k < keys->n; k++)
        if (keys->items[k].expr == before)
            keys->items[k].expr = now;
}

/* The select list, and the sort keys, which share its expressions: what is both is visited once, or a visitor that rewrites would
 * rewrite it twice. */
static bool walk_select_list(struct query *q, int depth, walk_fn fn, void *arg)
{
    if (!walk_other_keys(q, &q->distinct_on, depth, fn, arg) ||
        !walk_other_keys(q, &q->order, depth, fn, arg))
        return false;
    for (size_t k = 0; k < q->targets.n; k++) {
        struct expr *before = q->targets.items[k].expr;
        if (!walk_expr(&q->targets.items[k].expr, depth, fn, arg))
            return false;
        follow_target(&q->distinct_on, before, q->targets.items[k].expr);
        follow_target(&q->order, before, q->targets.items[k].expr);
    }
    return true;
}

static bool walk_assignments(struct assignments *set, int depth, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < set->n; k++)
        if (!walk_opt(&set->items[k].expr, depth, fn, arg))
            return false;
    return true;
}

static bool walk_from(struct from *from, int depth, walk_fn fn, void *arg)
{
    if (!from || from->kind == FROM_RTE)
        return true;
    return walk_from(from->left, depth, fn, arg) && walk_from(from->right, depth, fn, arg) &&
           walk_opt(&from->on, depth, fn, arg);
}

static bool walk_rte(struct rte *rte, int depth, walk_fn fn, void *arg)
{
    switch (rte->kind) {
    case RTE_SUBQUERY:
        return walk_query(rte->subquery, depth + 1, fn, arg);
    case RTE_FUNCTION:
        for (int k = 0; k < rte->n_functions; k++)
            if (!walk_expr(&rte->functions[k].call, depth, fn, arg))
                return false;
        return true;
    case RTE_VALUES:
        for (size_t k = 0; k < rte->n_value_rows; k++)
            if (!walk_list(&rte->value_rows[k], depth, fn, arg))
                return false;
        return true;
    case RTE_RELATION:
    case RTE_CTE:
    case RTE_JOIN:
        break;
    }
    return true;
}

static bool walk_setop(struct setop *op, int depth, walk_fn fn, void *arg)
{
    if (!op)
        return true;
    if (op->query)
        return walk_query(op->query, depth + 1, fn, arg);
    return walk_setop(op->left, depth, fn, arg) && walk_setop(op->right, depth, fn, arg);
}

static bool walk_windows(struct query *q, int depth, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < q->n_windows; k++) {
        struct window_def *w = &q->windows[k];
        if (!walk_list(&w->partition, depth, fn, arg) || !walk_sort(&w->order, depth, fn, arg) ||
            !walk_opt(&w->start_offset, depth, fn, arg) ||
            !walk_opt(&w->end_offset, depth, fn, arg))
            return false;
    }
    return true;
}

static bool walk_modification(struct query *q, int depth, walk_fn fn, void *arg)
{
    if (q->source && !walk_query(q->source, depth + 1, fn, arg))
        return false;
    if (!walk_assignments(&q->set, depth, fn, arg) ||
        !walk_assignments(&q->generated, depth, fn, arg))
        return false;
    if (q->on_conflict && (!walk_assignments(&q->on_conflict->set, depth, fn, arg) ||
                           !walk_opt(&q->on_conflict->where, depth, fn, arg)))
        return false;
    for (size_t k = 0; k < q->n_merge; k++)
        if (!walk_opt(&q->merge[k].condition, depth, fn, arg) ||
            !walk_assignments(&q->merge[k].set, depth, fn, arg))
            return false;
    return walk_from(q->merge_source, depth, fn, arg) && walk_opt(&q->merge_on, depth, fn, arg) &&
           walk_targets(&q->returning, depth, fn, arg) && walk_list(&q->checks, depth, fn, arg) &&
           walk_list(&q->view_checks, depth, fn, arg);
}

bool walk_query(struct query *q, int depth, walk_fn fn, void *arg)
{
    for (int k = 0; k < q->n_rtes; k++)
        if (!walk_rte(&q->rtes[k], depth, fn, arg))
            return false;
    for (size_t k = 0; k < q->from.n; k++)
        if (!walk_from(q->from.items[k], depth, fn, arg))
            return false;
    for (size_t k = 0; k < q->n_ctes; k++)
        if (!walk_query(q->ctes[k].query, depth + 1, fn, arg))
            return false;
    return walk_opt(&q->where, depth, fn, arg) && walk_select_list(q, depth, fn, arg) &&
           walk_list(&q->group, depth, fn, arg) && walk_opt(&q->having, depth, fn, arg) &&
           walk_windows(q, depth, fn, arg) && walk_opt(&q->limit, depth, fn, arg) &&
           walk_opt(&q->offset, depth, fn, arg) && walk_setop(q->setop, depth, fn, arg) &&
           walk_modification(q, depth, fn, arg);
}

/* ---- equality ---- */

static bool lists_equal(const struct exprs *a, const struct exprs *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++) {
        if (!a->items[k] != !b->items[k])
            return false;
        if (a->items[k] && !expr_equal(a->items[k], b->items[k]))
            return false;
    }
    return true;
}

static bool opts_equal(const struct expr *a, const struct expr *b)
{
    return a == b || (a && b && expr_equal(a, b));
}

static bool sorts_equal(const struct sort_keys *a, const struct sort_keys *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++)
        if (!expr_equal(a->items[k].expr, b->items[k].expr) ||
            a->items[k].descending != b->items[k].descending ||
            a->items[k].nulls_first != b->items[k].nulls_first)
            return false;
    return true;
}

static bool constants_equal(const struct expr *a, const struct expr *b)
{
    if (a->value.null || b->value.null)
        return a->value.null && b->value.null;
    if (!type_by_ref(a->type))
        return a->value.i == b->value.i;
    return a->value.n == b->value.n && memcmp(a->value.p, b->value.p, a->value.n) == 0;
}

static bool details_equal(const struct expr *a, const struct expr *b)
{
    switch ((int)a->kind) {
    case EXPR_CONST:
        return constants_equal(a, b);
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
        return a->func.proc == b->func.proc && a->func.op == b->func.op &&
               a->func.variadic_array == b->func.variadic_array;
    case EXPR_CASE:
        return a->case_.has_test == b->case_.has_test;
    case EXPR_ROW_COMPARE:
        return a->row_compare.op == b->row_compare.op;
    case EXPR_SUBSCRIPT:
        return a->subscript.is_slice == b->subscript.is_slice &&
               opts_equal(a->subscript.assign, b->subscript.assign);
    case EXPR_FIELD:
        return a->field.index == b->field.index && opts_equal(a->field.assign, b->field.assign);
    case EXPR_SUBLINK:
        return a->sublink.query == b->sublink.query;
    case EXPR_AGGREGATE:
        return a->agg.proc == b->agg.proc && a->agg.distinct == b->agg.distinct &&
               a->agg.star == b->agg.star && a->agg.levels_up == b->agg.levels_up &&
               sorts_equal(&a->agg.order, &b->agg.order) &&
               opts_equal(a->agg.filter, b->agg.filter) &&
               lists_equal(&a->agg.direct, &b->agg.direct);
    case EXPR_WINDOW:
        return a->window.proc == b->window.proc && a->window.window == b->window.window &&
               opts_equal(a->window.filter, b->window.filter);
    case EXPR_GROUPING:
        return a->grouping.n == b->grouping.n &&
               memcmp(a->grouping.group_indexes, b->grouping.group_indexes,
                      sizeof(uint16_t) * (size_t)a->grouping.n) == 0;
    case EXPR_ARRAY_CAST:
        return opts_equal(a->cast.elem, b->cast.elem);
    case EXPR_SQL_VALUE:
        return a->sql_value.kind == b->sql_value.kind && a->sql_value.typmod == b->sql_value.typmod;
    case EXPR_NEXT_VALUE:
        return false;
    case EXPR_SLOT:
        return a->slot.index == b->slot.index && a->slot.levels_up == b->slot.levels_up;
    default:
        return true;
    }
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    return a->kind == b->kind && a->type->oid == b->type->oid && a->typmod == b->typmod &&
           lists_equal(&a->args, &b->args) && details_equal(a, b);
}

/* ---- copies ---- */

static void copy_list(struct arena *arena, struct exprs *list)
{
    struct expr **items = ARENA_ARRAY(arena, struct expr *, list->n + 1);
    for (size_t k = 0; k < list->n; k++)
        items[k] = list->items[k] ? expr_copy(arena, list->items[k]) : NULL;
    list->items = items;
    list->cap = list->n;
}

static void copy_opt(struct arena *arena, struct expr **slot)
{
    if (*slot)
        *slot = expr_copy(arena, *slot);
}

struct expr *expr_copy(struct arena *arena, const struct expr *expr)
{
    struct expr *copy = arena_memdup(arena, expr, sizeof(*expr));
    copy_list(arena, &copy->args);
    if (copy->kind == EXPR_AGGREGATE) {
        copy_opt(arena, &copy->agg.filter);
        copy_list(arena, &copy->agg.direct);
        copy->agg.order.items =
            arena_memdup(arena, copy->agg.order.items, sizeof(struct sort_key) * copy->agg.order.n);
        for (size_t k = 0; k < copy->agg.order.n; k++)
            copy_opt(arena, &copy->agg.order.items[k].expr);
    } else if (copy->kind == EXPR_WINDOW) {
        copy_opt(arena, &copy->window.filter);
    } else if (copy->kind == EXPR_SUBSCRIPT) {
        copy_opt(arena, &copy->subscript.assign);
    } else if (copy->kind == EXPR_FIELD) {
        copy_opt(arena, &copy->field.assign);
    } else if (copy->kind == EXPR_SUBLINK && copy->sublink.n_columns) {
        struct expr **left = ARENA_ARRAY(arena, struct expr *, copy->sublink.n_columns);
        for (int k = 0; k < copy->sublink.n_columns; k++)
            left[k] = copy->sublink.left[k] ? expr_copy(arena, copy->sublink.left[k]) : NULL;
        copy->sublink.left = left;
    }
    return copy;
}

struct shift {
    int from, by;
};

static enum walk shift_one(struct expr **slot, int depth, void *arg)
{
    const struct shift *shift = arg;
    struct expr *e = *slot;
    if (e->kind == EXPR_COLUMN && e->column.levels_up >= shift->from + depth)
        e->column.levels_up = (uint16_t)(e->column.levels_up + shift->by);
    else if (e->kind == EXPR_SLOT && e->slot.levels_up >= shift->from + depth)
        e->slot.levels_up = (uint16_t)(e->slot.levels_up + shift->by);
    else if (e->kind == EXPR_AGGREGATE && e->agg.levels_up >= shift->from + depth)
        e->agg.levels_up = (uint16_t)(e->agg.levels_up + shift->by);
    else if (e->kind == EXPR_GROUPING && e->grouping.levels_up >= shift->from + depth)
        e->grouping.levels_up = (uint16_t)(e->grouping.levels_up + shift->by);
    return WALK_INTO;
}

void expr_shift_levels(struct expr *expr, int from, int by)
{
    struct shift shift = {from, by};
    walk_expr(&expr, 0, shift_one, &shift);
}

static enum walk find_volatile(struct expr **slot, int depth, void *arg)
{
    const struct expr *e = *slot;
    bool is_volatile =
        e->kind == EXPR_NEXT_VALUE || (e->kind == EXPR_FUNC && e->func.proc->volatility == 'v');
    return is_volatile ? WALK_STOP : WALK_INTO;
}

bool expr_has_volatile(const struct expr *expr)
{
    struct expr *e = (struct expr *)expr;
    return !walk_expr(&e, 0, find_volatile, NULL);
}

static enum walk find_sublink(struct expr **slot, int depth, void *arg)
{
    return (*slot)->kind == EXPR_SUBLINK ? WALK_STOP : WALK_INTO;
}

bool expr_has_sublink(const struct expr *expr)
{
    struct expr *e = (struct expr *)expr;
    return !walk_expr(&e, 0, find_sublink, NULL);
}
