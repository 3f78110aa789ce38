/* agg.c - aggregate calls: which query level they belong to, their DISTINCT, ORDER BY, FILTER and WITHIN GROUP; and GROUPING().
 *
 * An aggregate belongs to the innermost query whose columns its arguments use; with no columns at all, to the query it stands in.
 * It is that query's clauses that must allow it. */
#include "sql/analysis.h"

#include <string.h>

/* ---- the level of a call ---- */

struct level_search {
    struct scope *s;
    int column, call; /* least level of a column and of an aggregate inside, -1 none */
    const struct expr *inner_call;
    bool failed;
};

static bool is_call(const struct expr *e)
{
    return e->kind == EXPR_AGGREGATE || e->kind == EXPR_GROUPING;
}

static bool refuse_inside(struct level_search *search, const struct expr *e)
{
    struct analysis *a = search->s->a;
    search->failed = true;
    if (e->kind == EXPR_WINDOW)
        fail(a, e->location, ERR_GROUPING_ERROR,
             "aggregate function calls cannot contain window function calls");
    else {
        fail(a, e->location, ERR_FEATURE_NOT_SUPPORTED,
             "aggregate function calls cannot contain set-returning function calls");
        fail_hint(a,
                  "You might be able to move the set-returning function into a LATERAL FROM item.");
    }
    return true;
}

static bool note_level(struct tree_walker *w, struct expr *e)
{
    struct level_search *search = w->arg;
    if (e->kind == EXPR_COLUMN || e->kind == EXPR_EXCLUDED) {
        int level = e->column.levels_up - w->levels;
        if (level >= 0 && (search->column < 0 || level < search->column))
            search->column = level;
        return false;
    }
    if (is_call(e)) {
        int level =
            (e->kind == EXPR_AGGREGATE ? e->agg.levels_up : e->grouping.levels_up) - w->levels;
        if (level >= 0) {
            if (search->call < 0 || level < search->call) {
                search->call = level;
                search->inner_call = e;
            }
            return false;
        }
    }
    if (w->levels == 0 &&
        (e->kind == EXPR_WINDOW || (e->kind == EXPR_FUNC && e->func.proc->returns_set)))
        return refuse_inside(search, e);
    return tree_children(w, e);
}

static bool note_levels_below(struct tree_walker *w, struct query *q)
{
    w->levels++;
    bool stop = tree_query(w, q);
    w->levels--;
    return stop;
}

static struct level_search search_levels(struct scope *s, const struct exprs *list,
                                         const struct sort_keys *keys, struct expr *filter)
{
    struct level_search search = {.s = s, .column = -1, .call = -1};
    struct tree_walker w = {.expr = note_level, .query = note_levels_below, .arg = &search};
    for (size_t k = 0; k < list->n && !search.failed; k++)
        note_level(&w, list->items[k]);
    for (size_t k = 0; keys && k < keys->n && !search.failed; k++)
        note_level(&w, keys->items[k].expr);
    if (filter && !search.failed)
        note_level(&w, filter);
    return search;
}

static int level_of(const struct level_search *search)
{
    if (search->column < 0 || search->call < 0)
        return search->column < 0 ? MAX(search->call, 0) : search->column;
    return MIN(search->column, search->call);
}

static bool refuse_nested(struct analysis *a, const struct level_search *search, int level)
{
    if (search->call < 0 || search->call != level)
        return true;
    return fail(a, search->inner_call->location, ERR_GROUPING_ERROR,
                "aggregate function calls cannot be nested");
}

static bool check_direct_args(struct scope *s, const struct exprs *direct, int level, int location)
{
    struct level_search search = search_levels(s, direct, NULL, NULL);
    if (search.failed)
        return false;
    if (search.column >= 0 && search.column < level)
        return fail(
            s->a, location, ERR_GROUPING_ERROR,
            "outer-level aggregate cannot contain a lower-level variable in its direct arguments");
    if (search.call >= 0 && search.call <= level)
        return fail(s->a, search.inner_call->location, ERR_GROUPING_ERROR,
                    "aggregate function calls cannot be nested");
    return true;
}

/* Tells the query that owns the call; refuses it where that query stands. */
static bool place_call(struct scope *s, int level, bool is_grouping, int location)
{
    struct scope *owner = s;
    for (int k = 0; k < level && owner->parent; k++)
        owner = owner->parent;
    if (!place_allows(owner, owner->place, USE_AGGREGATE, location)) {
        if (is_grouping)
            s->a->err->message = arena_printf(s->a->err->arena, "grouping operations%s",
                                              s->a->err->message + strlen("aggregate functions"));
        return false;
    }
    if (owner->query)
        owner->query->has_aggregates = true;
    return true;
}

/* ---- aggregates ---- */

static bool order_arguments(struct scope *s, const FuncCall *call, struct expr *e)
{
    struct targets targets = {0};
    for (size_t k = 0; k < e->args.n; k++) {
        struct target target = {.expr = e->args.items[k], .name = ""};
        VEC_PUSH(s->a->arena, &targets, target);
    }
    if (!transform_sort(s, call->agg_order, &targets, &e->agg.order, true, PLACE_ORDER_BY))
        return false;
    for (size_t k = 0; k < e->args.n; k++)
        e->args.items[k] = targets.items[k].expr;
    if (!call->agg_distinct)
        return true;
    for (size_t k = 0; k < e->agg.order.n; k++)
        for (size_t t = e->args.n; t < targets.n; t++)
            if (targets.items[t].expr == e->agg.order.items[k].expr)
                return fail(s->a, expr_location(targets.items[t].expr),
                            ERR_INVALID_COLUMN_REFERENCE,
                            "in an aggregate with DISTINCT, ORDER BY expressions must appear in "
                            "argument list");
    for (size_t k = 0; k < e->args.n; k++) {
        if (!target_to_text(s, &targets, (int)k))
            return false;
        e->args.items[k] = targets.items[k].expr;
        int location = expr_location(e->args.items[k]);
        if (!sort_opers(s->a, e->args.items[k]->type, false, true, NULL, NULL, NULL, location))
            return false;
        if (!sort_opers(s->a, e->args.items[k]->type, true, false, NULL, NULL, NULL, location)) {
            s->a->err->hint = NULL;
            return fail_detail(s->a, "Aggregates with DISTINCT must be able to sort their inputs.");
        }
    }
    return true;
}

/* WITHIN GROUP (ORDER BY ...): the arguments after the direct ones are the keys. */
static bool order_within_group(struct scope *s, const FuncCall *call, struct expr *e)
{
    for (size_t k = 0; k < e->args.n; k++) {
        const SortBy *sort = list_at(call->agg_order, (int)k);
        struct sort_key key;
        if (e->args.items[k]->type->oid == TYPE_UNKNOWN) {
            e->args.items[k] = coerce_node(s->a, e->args.items[k], s->a->txt, -1, CAST_IMPLICIT,
                                           FORM_IMPLICIT_CAST, -1);
            if (!e->args.items[k])
                return false;
        }
        if (!sort_key_for(s, sort, e->args.items[k], &key))
            return false;
        VEC_PUSH(s->a->arena, &e->agg.order, key);
    }
    return true;
}

/* rank(x) WITHIN GROUP (ORDER BY y): x is placed among the y, so both have one type. */
static bool unify_hypothetical(struct analysis *a, struct expr *e)
{
    for (size_t k = 0; k < e->agg.direct.n && k < e->args.n; k++) {
        struct expr *pair[2] = {e->args.items[k], e->agg.direct.items[k]};
        const struct type *type = common_type_of(a, pair, 2, "WITHIN GROUP", NULL);
        if (!type)
            return false;
        e->args.items[k] = coerce_node(a, pair[0], type, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        e->agg.direct.items[k] =
            coerce_node(a, pair[1], type, -1, CAST_IMPLICIT, FORM_IMPLICIT_CAST, -1);
        if (!e->args.items[k] || !e->agg.direct.items[k])
            return false;
    }
    return true;
}

static const struct agg_entry *find_aggregate(struct analysis *a, const struct proc *proc,
                                              int location)
{
    char room[512];
    const char *signature = proc_signature(a, proc, room, sizeof(room));
    const struct agg_entry *entry = agg_find(signature);
    if (!entry)
        fail(a, location, ERR_FEATURE_NOT_SUPPORTED, "aggregate function %s is not supported",
             signature);
    return entry;
}

struct expr *transform_aggregate(struct scope *s, const FuncCall *call,
                                 const struct func_choice *choice, struct exprs *args,
                                 size_t n_direct, const struct type *result, int location)
{
    struct analysis *a = s->a;
    if (args->n == 0 && call && !call->agg_star && !call->agg_within_group)
        return fail_null(a, location, ERR_WRONG_OBJECT_TYPE,
                         "%s(*) must be used to call a parameterless aggregate function",
                         name_list_text(a, call->funcname));
    struct expr *e = expr_new(a, EXPR_AGGREGATE, result, location);
    e->agg.proc = choice->proc;
    e->agg.aggregate = catalog_aggregate(a->catalog, choice->proc->oid);
    e->agg.impl = find_aggregate(a, choice->proc, location);
    if (!e->agg.impl)
        return NULL;
    e->agg.star = call && call->agg_star;
    e->agg.distinct = call && call->agg_distinct;
    e->agg.variadic_array = call && call->func_variadic;
    for (size_t k = 0; k < args->n; k++) {
        struct exprs *list = k < n_direct ? &e->agg.direct : &e->args;
        VEC_PUSH(a->arena, list, args->items[k]);
    }
    if (call && call->agg_within_group) {
        if (e->agg.aggregate->kind == 'h' && !unify_hypothetical(a, e))
            return NULL;
        if (!order_within_group(s, call, e))
            return NULL;
    } else if (call && (call->agg_order || call->agg_distinct) && !order_arguments(s, call, e)) {
        return NULL;
    }
    if (call && call->agg_filter) {
        e->agg.filter = transform_boolean(s, call->agg_filter, PLACE_FILTER, "FILTER");
        if (!e->agg.filter)
            return NULL;
    }
    struct level_search search = search_levels(s, &e->args, &e->agg.order, e->agg.filter);
    if (search.failed)
        return NULL;
    int level = level_of(&search);
    if (!refuse_nested(a, &search, level) ||
        !check_direct_args(s, &e->agg.direct, level, location) ||
        !place_call(s, level, false, location))
        return NULL;
    e->agg.levels_up = (uint16_t)level;
    return e;
}

/* ---- GROUPING(a, b) ---- */

struct expr *transform_grouping(struct scope *s, const GroupingFunc *node)
{
    struct analysis *a = s->a;
    struct expr *e = expr_new(a, EXPR_GROUPING, a->int4, node->location);
    if (list_n(node->args) > 31)
        return fail_null(a, node->location, ERR_TOO_MANY_ARGUMENTS,
                         "GROUPING must have fewer than 32 arguments");
    for (int k = 0; k < list_n(node->args); k++) {
        struct expr *arg = transform_node(s, list_at(node->args, k));
        if (!arg)
            return NULL;
        push_arg(a, e, arg);
    }
    struct level_search search = search_levels(s, &e->args, NULL, NULL);
    if (search.failed)
        return NULL;
    int level = level_of(&search);
    if (!refuse_nested(a, &search, level) || !place_call(s, level, true, node->location))
        return NULL;
    e->grouping.levels_up = (uint16_t)level;
    return e;
}

/* Once GROUP BY is known: arguments become indexes into it. */
static bool resolve_one(struct tree_walker *w, struct expr *e)
{
    struct scope *s = w->arg;
    if (e->kind != EXPR_GROUPING || e->grouping.levels_up != w->levels)
        return tree_children(w, e);
    const struct exprs *group = &s->query->group;
    e->grouping.n = (int)e->args.n;
    e->grouping.group_indexes = ARENA_ARRAY(s->a->arena, uint16_t, e->args.n + 1);
    for (size_t k = 0; k < e->args.n; k++) {
        const struct expr *arg = e->args.items[k];
        if (w->levels)
            arg = tree_shift(s->a->arena, arg, -w->levels);
        size_t at = 0;
        while (at < group->n && !same_expr(group->items[at], arg))
            at++;
        if (at == group->n) {
            fail(
                s->a, expr_location(arg), ERR_GROUPING_ERROR,
                "arguments to GROUPING must be grouping expressions of the associated query level");
            return true;
        }
        e->grouping.group_indexes[k] = (uint16_t)at;
    }
    return false;
}

static bool resolve_below(struct tree_walker *w, struct query *q)
{
    w->levels++;
    bool stop = tree_query(w, q);
    w->levels--;
    return stop;
}

bool resolve_grouping(struct scope *s)
{
    struct tree_walker w = {.expr = resolve_one, .query = resolve_below, .arg = s};
    const struct query *q = s->query;
    for (size_t k = 0; k < q->targets.n; k++)
        if (resolve_one(&w, q->targets.items[k].expr))
            return false;
    for (size_t k = 0; k < q->order.n; k++)
        if (resolve_one(&w, q->order.items[k].expr))
            return false;
    for (size_t k = 0; k < s->windows.n; k++) {
        const struct window_def *window = &s->windows.items[k];
        for (size_t p = 0; p < window->partition.n; p++)
            if (resolve_one(&w, window->partition.items[p]))
                return false;
        for (size_t o = 0; o < window->order.n; o++)
            if (resolve_one(&w, window->order.items[o].expr))
                return false;
    }
    return !q->having || !resolve_one(&w, q->having);
}
