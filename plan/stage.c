/* stage.c - aggregation, windows and set-returning functions: nodes that compute rows of their own.
 *
 * Each stage looks through the expressions of the levels above it (select list, HAVING), takes out what it computes, and puts
 * EXPR_SLOTs in their place.  What those expressions still need of the rows below (columns, slots of an earlier stage) goes through
 * the stage as extra slots, so that above a stage nothing but its slots is referred to - also from inside sub-selects, whose
 * references count levels up. */
#include "plan/plan_int.h"

/* The expressions above the stage being built. */
struct upper {
    VEC(struct expr **) slots;
};

static void gather_upper(struct planner *p, struct plan *plan, struct expr **having,
                         struct upper *upper)
{
    for (size_t k = 0; k < plan->targets.n; k++)
        VEC_PUSH(p->arena, &upper->slots, &plan->targets.items[k].expr);
    if (having && *having)
        VEC_PUSH(p->arena, &upper->slots, having);
}

static struct expr *slot_expr(struct planner *p, const struct expr *like, int index, int depth)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    *e = (struct expr){.kind = EXPR_SLOT,
                       .type = like->type,
                       .typmod = like->typmod,
                       .collation_oid = like->collation_oid,
                       .location = like->location};
    e->slot.index = index;
    e->slot.levels_up = (uint16_t)depth;
    return e;
}

/* `e` as seen from the stage's level: references counted from `depth` levels inside it are counted from there. */
static struct expr *at_level(struct planner *p, struct expr *e, int depth)
{
    if (!depth)
        return e;
    struct expr *copy = expr_copy(p->arena, e);
    expr_shift_levels(copy, depth, -depth);
    if (copy->kind == EXPR_AGGREGATE)
        copy->agg.levels_up = 0;
    return copy;
}

static int find_in(const struct exprs *list, const struct expr *e)
{
    for (size_t k = 0; k < list->n; k++)
        if (expr_equal(list->items[k], e))
            return (int)k;
    return -1;
}

static int find_or_add(struct planner *p, struct exprs *list, struct expr *e)
{
    int at = find_in(list, e);
    if (at >= 0)
        return at;
    VEC_PUSH(p->arena, list, e);
    return (int)list->n - 1;
}

/* ---- aggregation ---- */

struct agg_stage {
    struct planner *p;
    struct exprs *group;
    struct exprs calls, groupings, carried;
    bool collecting;
};

static bool is_own_column(const struct expr *e, int depth)
{
    return (e->kind == EXPR_COLUMN && e->column.levels_up == depth) ||
           (e->kind == EXPR_SLOT && e->slot.levels_up == depth);
}

/* A grouped expression: anything at the level itself; from inside a sub-select, columns. */
static int group_index(struct agg_stage *s, struct expr *e, int depth)
{
    if (depth && !is_own_column(e, depth))
        return -1;
    return find_in(s->group, at_level(s->p, e, depth));
}

static enum walk agg_visit(struct expr **slot, int depth, void *arg)
{
    struct agg_stage *s = arg;
    struct expr *e = *slot;
    int n_group = (int)s->group->n;
    bool own_agg = e->kind == EXPR_AGGREGATE && e->agg.levels_up == depth;
    bool own_grouping = e->kind == EXPR_GROUPING && e->grouping.levels_up == depth;
    if (s->collecting) {
        if (own_agg)
            find_or_add(s->p, &s->calls, at_level(s->p, e, depth));
        else if (own_grouping)
            find_or_add(s->p, &s->groupings, e);
        return own_agg || own_grouping ? WALK_SKIP : WALK_INTO;
    }
    int at = e->kind == EXPR_CONST ? -1 : group_index(s, e, depth);
    if (at < 0 && own_agg)
        at = n_group + find_in(&s->calls, at_level(s->p, e, depth));
    else if (at < 0 && own_grouping)
        at = n_group + (int)s->calls.n + find_in(&s->groupings, e);
    else if (at < 0 && is_own_column(e, depth))
        at = n_group + (int)s->calls.n + (int)s->groupings.n +
             find_or_add(s->p, &s->carried, at_level(s->p, e, depth));
    if (at < 0)
        return WALK_INTO;
    *slot = slot_expr(s->p, e, at, depth);
    return WALK_SKIP;
}

static bool walk_upper(struct upper *upper, walk_fn fn, void *arg)
{
    for (size_t k = 0; k < upper->slots.n; k++)
        if (!walk_expr(upper->slots.items[k], 0, fn, arg))
            return false;
    return true;
}

static bool prepare_call(struct planner *p, struct expr *call)
{
    for (size_t k = 0; k < call->agg.order.n; k++)
        if (!prepare_expr(p, &call->agg.order.items[k].expr))
            return false;
    return prepare_list(p, &call->args) && prepare_list(p, &call->agg.direct) &&
           (!call->agg.filter || prepare_expr(p, &call->agg.filter));
}

static struct node *plan_aggregation(struct planner *p, struct plan *plan, struct node *below,
                                     struct upper *upper)
{
    struct query *query = (struct query *)plan->query;
    struct agg_stage s = {.p = p, .group = &query->group, .collecting = true};
    /* Window definitions are above the aggregation too. */
    for (size_t w = 0; w < query->n_windows; w++) {
        struct window_def *window = &query->windows[w];
        for (size_t k = 0; k < window->partition.n; k++)
            VEC_PUSH(p->arena, &upper->slots, &window->partition.items[k]);
        for (size_t k = 0; k < window->order.n; k++)
            VEC_PUSH(p->arena, &upper->slots, &window->order.items[k].expr);
    }
    walk_upper(upper, agg_visit, &s);
    s.collecting = false;
    walk_upper(upper, agg_visit, &s);
    struct upper direct = {0}; /* direct arguments are evaluated once per group, above it */
    for (size_t k = 0; k < s.calls.n; k++)
        for (size_t d = 0; d < s.calls.items[k]->agg.direct.n; d++)
            VEC_PUSH(p->arena, &direct.slots, &s.calls.items[k]->agg.direct.items[d]);
    walk_upper(&direct, agg_visit, &s);
    struct node *node = node_new(p, &agg_ops, below, NULL);
    node->agg.group = query->group;
    node->agg.carried = s.carried;
    node->agg.calls = ARENA_ARRAY(p->arena, struct agg_call, s.calls.n + 1);
    node->agg.n_calls = (int)s.calls.n;
    for (size_t k = 0; k < s.calls.n; k++) {
        node->agg.calls[k].expr = s.calls.items[k];
        if (!prepare_call(p, s.calls.items[k]))
            return NULL;
    }
    node->agg.groupings = s.groupings.items;
    node->agg.n_groupings = (int)s.groupings.n;
    node->agg.sets = query->grouping_sets;
    node->agg.n_sets = query->n_grouping_sets;
    node->agg.plain = !query->group.n && !query->n_grouping_sets;
    node->rows_estimate = node->agg.plain ? 1 : below->rows_estimate / 3 + 1;
    plan_file_aggs(p, node);
    return prepare_list(p, &node->agg.group) && prepare_list(p, &node->agg.carried) ? node : NULL;
}

/* ---- windows and set-returning calls: both add call results to rows that go through ---- */

struct row_stage {
    struct planner *p;
    bool (*is_call)(const struct expr *e);
    struct exprs calls, inputs;
    bool collecting_calls, collecting_inputs;
};

static enum walk find_call(struct expr **slot, int depth, void *arg)
{
    struct row_stage *s = arg;
    return depth == 0 && s->is_call(*slot) ? WALK_STOP : WALK_INTO;
}

static bool has_call_inside(struct row_stage *s, struct expr *e)
{
    for (size_t k = 0; k < e->args.n; k++)
        if (e->args.items[k] && !walk_expr(&e->args.items[k], 0, find_call, s))
            return true;
    return false;
}

static enum walk stage_visit(struct expr **slot, int depth, void *arg)
{
    struct row_stage *s = arg;
    struct expr *e = *slot;
    bool call = depth == 0 && s->is_call(e);
    if (s->collecting_calls) {
        if (!call || has_call_inside(s, e))
            return WALK_INTO;
        if (e->kind == EXPR_WINDOW)
            find_or_add(s->p, &s->calls, e);
        else if (find_in(&s->calls, e) < 0 || expr_has_volatile(e))
            VEC_PUSH(s->p->arena, &s->calls, e);
        return WALK_SKIP;
    }
    if (call) {
        for (size_t k = 0; k < s->calls.n; k++)
            if (s->calls.items[k] == e || expr_equal(s->calls.items[k], e)) {
                if (s->collecting_inputs)
                    return WALK_SKIP;
                *slot = slot_expr(s->p, e, (int)s->inputs.n + (int)k, depth);
                return WALK_SKIP;
            }
    }
    if (!is_own_column(e, depth))
        return WALK_INTO;
    struct expr *at_stage = at_level(s->p, e, depth);
    if (s->collecting_inputs)
        find_or_add(s->p, &s->inputs, at_stage);
    else
        *slot = slot_expr(s->p, e, find_in(&s->inputs, at_stage), depth);
    return WALK_SKIP;
}

static void upper_of_calls(struct planner *p, struct row_stage *s, struct upper *own)
{
    for (size_t k = 0; k < s->calls.n; k++) {
        struct expr *call = s->calls.items[k];
        for (size_t a = 0; a < call->args.n; a++)
            if (call->args.items[a])
                VEC_PUSH(p->arena, &own->slots, &call->args.items[a]);
        if (call->kind == EXPR_WINDOW && call->window.filter)
            VEC_PUSH(p->arena, &own->slots, &call->window.filter);
    }
}

static bool is_window_call(const struct expr *e)
{
    return e->kind == EXPR_WINDOW;
}

static bool is_srf_call(const struct expr *e)
{
    return e->kind == EXPR_FUNC && e->func.proc->returns_set;
}

static struct node *plan_windows(struct planner *p, struct plan *plan, struct node *below,
                                 struct upper *upper)
{
    struct query *query = (struct query *)plan->query;
    struct row_stage s = {.p = p, .is_call = is_window_call, .collecting_calls = true};
    struct upper own = {0};
    walk_upper(upper, stage_visit, &s);
    if (!s.calls.n)
        return below;
    s.collecting_calls = false;
    s.collecting_inputs = true;
    upper_of_calls(p, &s, &own);
    for (size_t w = 0; w < query->n_windows; w++) {
        struct window_def *window = &query->windows[w];
        for (size_t k = 0; k < window->partition.n; k++)
            VEC_PUSH(p->arena, &own.slots, &window->partition.items[k]);
        for (size_t k = 0; k < window->order.n; k++)
            VEC_PUSH(p->arena, &own.slots, &window->order.items[k].expr);
    }
    walk_upper(upper, stage_visit, &s);
    walk_upper(&own, stage_visit, &s);
    s.collecting_inputs = false;
    walk_upper(upper, stage_visit, &s); /* before the calls' own arguments change */
    walk_upper(&own, stage_visit, &s);
    struct node *node = node_new(p, &window_ops, below, NULL);
    node->window.input = s.inputs;
    node->window.calls = s.calls.items;
    node->window.n_calls = (int)s.calls.n;
    node->window.windows = query->windows;
    node->window.n_windows = query->n_windows;
    plan_window_order(p, node);
    node->rows_estimate = below->rows_estimate;
    for (size_t k = 0; k < own.slots.n; k++)
        if (!prepare_expr(p, own.slots.items[k]))
            return NULL;
    for (size_t w = 0; w < query->n_windows; w++) {
        struct window_def *window = &query->windows[w];
        if ((window->start_offset && !prepare_expr(p, &window->start_offset)) ||
            (window->end_offset && !prepare_expr(p, &window->end_offset)))
            return NULL;
    }
    return prepare_list(p, &node->window.input) ? node : NULL;
}

/* Innermost calls first: f(g(x)) takes two stages. */
static struct node *plan_srfs(struct planner *p, struct plan *plan, struct node *below)
{
    for (;;) {
        struct row_stage s = {.p = p, .is_call = is_srf_call, .collecting_calls = true};
        struct upper upper = {0};
        gather_upper(p, plan, NULL, &upper);
        walk_upper(&upper, stage_visit, &s);
        if (!s.calls.n)
            return below;
        s.collecting_calls = false;
        s.collecting_inputs = true;
        walk_upper(&upper, stage_visit, &s);
        s.collecting_inputs = false;
        walk_upper(&upper, stage_visit, &s);
        struct node *node = node_new(p, &srf_ops, below, NULL);
        node->srf.input = s.inputs;
        node->srf.calls = s.calls.items;
        node->srf.n_calls = (int)s.calls.n;
        node->rows_estimate = below->rows_estimate * 10;
        for (size_t k = 0; k < s.calls.n; k++)
            if (!prepare_expr(p, &s.calls.items[k]))
                return NULL;
        if (!prepare_list(p, &node->srf.input))
            return NULL;
        below = node;
    }
}

struct node *plan_stages(struct planner *p, struct plan *plan, struct node *below,
                         struct expr **having)
{
    const struct query *query = plan->query;
    struct node *node = below;
    if (query->has_aggregates || query->has_group_clause || query->n_grouping_sets ||
        query->having) {
        struct upper upper = {0};
        gather_upper(p, plan, having, &upper);
        node = plan_aggregation(p, plan, node, &upper);
        if (node && *having) {
            struct node *filter = node_new(p, &filter_ops, node, NULL);
            filter->rows_estimate = node->rows_estimate;
            split_and(p, *having, &filter->quals);
            if (!prepare_list(p, &filter->quals))
                return NULL;
            node = filter;
        }
    }
    if (node && query->has_windows) {
        struct upper upper = {0};
        gather_upper(p, plan, NULL, &upper);
        node = plan_windows(p, plan, node, &upper);
    }
    return node ? plan_srfs(p, plan, node) : NULL;
}
