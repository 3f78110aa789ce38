/* window.c - window function calls and window definitions.
 *
 * While the select list is analysed, calls only note which definition they use: an entry of the WINDOW clause, or
 * one written at the call.  The definitions are analysed after it, since they may name nothing of the list; equal
 * ones become one window, so that the rows are sorted once. */
#include "sql/analysis.h"

#include <string.h>

#include "catalog/builtin.h"

bool open_windows(struct scope *s, const List *window_clause)
{
    for (int k = 0; k < list_n(window_clause); k++) {
        const WindowDef *def = list_at(window_clause, k);
        for (size_t before = 0; before < s->window_nodes.n; before++)
            if (strcmp(s->window_nodes.items[before]->name, def->name) == 0)
                return fail(s->a, def->location, ERR_WINDOWING_ERROR,
                            "window \"%s\" is already defined", def->name);
        VEC_PUSH(s->a->arena, &s->window_nodes, def);
    }
    return true;
}

static int window_by_name(const struct scope *s, const char *name, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const char *own = s->window_nodes.items[k]->name;
        if (own && strcmp(own, name) == 0)
            return (int)k;
    }
    return -1;
}

/* ---- calls ---- */

static bool check_call(struct scope *s, const FuncCall *call, const struct proc *proc,
                       const struct exprs *args, int location)
{
    struct analysis *a = s->a;
    bool is_aggregate = proc->kind == 'a';
    if (call->agg_distinct)
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "DISTINCT is not implemented for window functions");
    if (is_aggregate && args->n == 0 && !call->agg_star)
        return fail(a, location, ERR_WRONG_OBJECT_TYPE,
                    "%s(*) must be used to call a parameterless aggregate function",
                    name_list_text(a, call->funcname));
    if (call->agg_order)
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "aggregate ORDER BY is not implemented for window functions");
    if (!is_aggregate && call->agg_filter)
        return fail(a, location, ERR_FEATURE_NOT_SUPPORTED,
                    "FILTER is not implemented for non-aggregate window functions");
    for (size_t k = 0; k < args->n; k++) {
        if (contains_kind(args->items[k], EXPR_WINDOW))
            return fail(a, location, ERR_WINDOWING_ERROR, "window function calls cannot be nested");
        if (contains_srf(args->items[k])) {
            fail(a, expr_location(args->items[k]), ERR_FEATURE_NOT_SUPPORTED,
                 "window function calls cannot contain set-returning function calls");
            return fail_hint(
                a,
                "You might be able to move the set-returning function into a LATERAL FROM item.");
        }
    }
    return place_allows(s, s->place, USE_WINDOW, location);
}

struct expr *transform_window_call(struct scope *s, const FuncCall *call, const struct proc *proc,
                                   struct exprs *args, const struct type *result, int location)
{
    struct analysis *a = s->a;
    if (!check_call(s, call, proc, args, location))
        return NULL;
    struct expr *e = expr_new(a, EXPR_WINDOW, result, location);
    e->args = *args;
    e->window.proc = proc;
    e->window.star = call->agg_star;
    if (proc->kind == 'a') {
        char room[512];
        const char *signature = proc_signature(a, proc, room, sizeof(room));
        e->window.impl = agg_find(signature);
        if (!e->window.impl)
            return fail_null(a, location, ERR_FEATURE_NOT_SUPPORTED,
                             "aggregate function %s is not supported", signature);
    }
    if (call->agg_filter) {
        e->window.filter = transform_boolean(s, call->agg_filter, PLACE_FILTER, "FILTER");
        if (!e->window.filter)
            return NULL;
    }
    if (call->over->name) {
        int index = window_by_name(s, call->over->name, s->window_nodes.n);
        if (index < 0)
            return fail_null(a, call->over->location, ERR_UNDEFINED_OBJECT,
                             "window \"%s\" does not exist", call->over->name);
        e->window.window = (uint16_t)index;
    } else {
        VEC_PUSH(a->arena, &s->window_nodes, call->over);
        e->window.window = (uint16_t)(s->window_nodes.n - 1);
    }
    s->query->has_windows = true;
    VEC_PUSH(a->arena, &s->window_calls, e);
    return e;
}

/* ---- definitions ---- */

static enum frame_bound start_bound(int options)
{
    if (options & FRAMEOPTION_START_UNBOUNDED_PRECEDING)
        return BOUND_UNBOUNDED_PRECEDING;
    if (options & FRAMEOPTION_START_OFFSET_PRECEDING)
        return BOUND_PRECEDING;
    if (options & FRAMEOPTION_START_OFFSET_FOLLOWING)
        return BOUND_FOLLOWING;
    return BOUND_CURRENT;
}

static enum frame_bound end_bound(int options)
{
    if (options & FRAMEOPTION_END_UNBOUNDED_FOLLOWING)
        return BOUND_UNBOUNDED_FOLLOWING;
    if (options & FRAMEOPTION_END_OFFSET_PRECEDING)
        return BOUND_PRECEDING;
    if (options & FRAMEOPTION_END_OFFSET_FOLLOWING)
        return BOUND_FOLLOWING;
    return BOUND_CURRENT;
}

static void take_frame(int options, struct window_def *window)
{
    window->mode = options & FRAMEOPTION_ROWS     ? FRAME_ROWS
                   : options & FRAMEOPTION_GROUPS ? FRAME_GROUPS
                                                  : FRAME_RANGE;
    window->start = start_bound(options);
    window->end = end_bound(options);
    window->exclude = options & FRAMEOPTION_EXCLUDE_CURRENT_ROW ? EXCLUDE_CURRENT
                      : options & FRAMEOPTION_EXCLUDE_GROUP     ? EXCLUDE_GROUP
                      : options & FRAMEOPTION_EXCLUDE_TIES      ? EXCLUDE_TIES
                                                                : EXCLUDE_NONE;
}

/* The types of offset that RANGE takes over a column of `type`; n of them. */
static int offset_types(struct analysis *a, const struct type *type, const struct type **out)
{
    switch (base_type(type)->oid) {
    case TYPE_INT8:
        out[0] = type_by_oid(a, TYPE_INT8);
        return 1;
    case TYPE_INT2:
    case TYPE_INT4:
        out[0] = type_by_oid(a, TYPE_INT8);
        out[1] = type_by_oid(a, TYPE_INT4);
        out[2] = type_by_oid(a, TYPE_INT2);
        return 3;
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        out[0] = type_by_oid(a, TYPE_FLOAT8);
        return 1;
    case TYPE_NUMERIC:
        out[0] = type_by_oid(a, TYPE_NUMERIC);
        return 1;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_INTERVAL:
        out[0] = type_by_oid(a, TYPE_INTERVAL);
        return 1;
    default:
        return 0;
    }
}

static struct expr *range_offset(struct scope *s, const struct window_def *window, struct expr *e)
{
    struct analysis *a = s->a;
    const struct type *column = window->order.items[0].expr->type, *given = e->type;
    const struct type *preferred = given->oid == TYPE_UNKNOWN ? base_type(column) : given;
    const struct type *types[3], *selected = NULL;
    int n = offset_types(a, column, types), n_fitting = 0;
    if (n == 0)
        return fail_null(
            a, expr_location(e), ERR_FEATURE_NOT_SUPPORTED,
            "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s",
            type_text(a, column));
    for (int k = 0; k < n; k++) {
        if (types[k] == preferred) {
            selected = types[k];
            n_fitting = 1;
            break;
        }
        if (can_coerce(a, given, types[k], CAST_IMPLICIT)) {
            selected = types[k];
            n_fitting++;
        }
    }
    if (n_fitting == 0) {
        fail(a, expr_location(e), ERR_FEATURE_NOT_SUPPORTED,
             "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset "
             "type %s",
             type_text(a, column), type_text(a, given));
        fail_hint(a, "Cast the offset value to an appropriate type.");
        return NULL;
    }
    if (n_fitting > 1) {
        fail(a, expr_location(e), ERR_FEATURE_NOT_SUPPORTED,
             "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column type "
             "%s and offset type %s",
             type_text(a, column), type_text(a, given));
        fail_hint(a, "Cast the offset value to the exact intended type.");
        return NULL;
    }
    return coerce_to_specific(a, e, selected, "RANGE");
}

static const struct proc *in_range_proc(const struct window_def *window, const struct expr *offset)
{
    size_t n;
    const struct proc *const *list = builtin_procs_by_name("in_range", &n);
    for (size_t k = 0; offset && k < n; k++)
        if (list[k]->arg_types[0] == base_type(window->order.items[0].expr->type)->oid &&
            list[k]->arg_types[2] == offset->type->oid)
            return list[k];
    return NULL;
}

static struct expr *frame_offset(struct scope *s, const struct window_def *window, const Node *node)
{
    static const struct {
        enum place place;
        const char *name;
    } modes[] = {[FRAME_RANGE] = {PLACE_WINDOW_RANGE, "RANGE"},
                 [FRAME_ROWS] = {PLACE_WINDOW_ROWS, "ROWS"},
                 [FRAME_GROUPS] = {PLACE_WINDOW_GROUPS, "GROUPS"}};
    struct analysis *a = s->a;
    struct expr *e = transform_expr(s, node, modes[window->mode].place);
    if (!e)
        return NULL;
    e = window->mode == FRAME_RANGE ? range_offset(s, window, e)
                                    : coerce_to_specific(a, e, a->int8, modes[window->mode].name);
    if (e && has_column_refs(e, 0))
        return fail_null(a, expr_location(e), ERR_INVALID_COLUMN_REFERENCE,
                         "argument of %s must not contain variables", modes[window->mode].name);
    return e;
}

static bool inherit(struct scope *s, const WindowDef *def, size_t index, struct window_def *window)
{
    struct analysis *a = s->a;
    int from = window_by_name(s, def->refname, index);
    if (from < 0)
        return fail(a, def->location, ERR_UNDEFINED_OBJECT, "window \"%s\" does not exist",
                    def->refname);
    const struct window_def *base = &s->windows.items[from];
    if (def->partitionClause)
        return fail(a, def->location, ERR_WINDOWING_ERROR,
                    "cannot override PARTITION BY clause of window \"%s\"", def->refname);
    if (def->orderClause && base->order.n)
        return fail(a, def->location, ERR_WINDOWING_ERROR,
                    "cannot override ORDER BY clause of window \"%s\"", def->refname);
    if (s->window_nodes.items[from]->frameOptions != FRAMEOPTION_DEFAULTS) {
        fail(a, def->location, ERR_WINDOWING_ERROR,
             "cannot copy window \"%s\" because it has a frame clause", def->refname);
        if (!def->name && !def->orderClause && def->frameOptions == FRAMEOPTION_DEFAULTS)
            fail_hint(a, "Omit the parentheses in this OVER clause.");
        return false;
    }
    window->partition = base->partition;
    if (!def->orderClause)
        window->order = base->order;
    return true;
}

static bool partition_keys(struct scope *s, const List *list, struct targets *targets,
                           struct window_def *window)
{
    for (int k = 0; k < list_n(list); k++) {
        int index = find_target(s, list_at(list, k), targets, PLACE_WINDOW_PARTITION, true, NULL);
        if (index < 0 || !target_to_text(s, targets, index))
            return false;
        struct expr *e = targets->items[index].expr;
        if (!sort_opers(s->a, e->type, true, true, NULL, NULL, NULL, expr_location(e)))
            return false;
        VEC_PUSH(s->a->arena, &window->partition, e);
    }
    return true;
}

static void own_keys(struct analysis *a, struct window_def *window)
{
    struct exprs partition = {0};
    struct sort_keys order = {0};
    for (size_t k = 0; k < window->partition.n; k++)
        VEC_PUSH(a->arena, &partition, tree_copy(a->arena, window->partition.items[k]));
    for (size_t k = 0; k < window->order.n; k++) {
        struct sort_key key = window->order.items[k];
        key.expr = tree_copy(a->arena, key.expr);
        VEC_PUSH(a->arena, &order, key);
    }
    window->partition = partition;
    window->order = order;
}

/* Partition and order expressions may be those of the select list, but do not become columns: they are sought in a copy of it. */
static bool make_window(struct scope *s, const WindowDef *def, size_t index,
                        const struct targets *targets, struct window_def *window)
{
    struct analysis *a = s->a;
    struct targets known = {0};
    for (size_t k = 0; k < targets->n; k++)
        VEC_PUSH(a->arena, &known, targets->items[k]);
    if (!transform_sort(s, def->orderClause, &known, &window->order, true, PLACE_WINDOW_ORDER) ||
        !partition_keys(s, def->partitionClause, &known, window))
        return false;
    if (def->refname && !inherit(s, def, index, window))
        return false;
    own_keys(a, window);
    take_frame(def->frameOptions, window);
    bool offsets = def->startOffset || def->endOffset;
    if (window->mode == FRAME_RANGE && offsets && window->order.n != 1)
        return fail(a, def->location, ERR_WINDOWING_ERROR,
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
    if (window->mode == FRAME_GROUPS && window->order.n == 0)
        return fail(a, def->location, ERR_WINDOWING_ERROR,
                    "GROUPS mode requires an ORDER BY clause");
    if (def->startOffset && !(window->start_offset = frame_offset(s, window, def->startOffset)))
        return false;
    if (def->endOffset && !(window->end_offset = frame_offset(s, window, def->endOffset)))
        return false;
    if (window->mode == FRAME_RANGE) {
        window->start_in_range = in_range_proc(window, window->start_offset);
        window->end_in_range = in_range_proc(window, window->end_offset);
    }
    return true;
}

static bool same_keys(const struct sort_keys *a, const struct sort_keys *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++) {
        const struct sort_key *x = &a->items[k], *y = &b->items[k];
        if (!same_expr(x->expr, y->expr) || x->less != y->less || x->descending != y->descending ||
            x->nulls_first != y->nulls_first)
            return false;
    }
    return true;
}

static bool same_window(const struct window_def *a, const struct window_def *b)
{
    bool start = a->start_offset && b->start_offset ? same_expr(a->start_offset, b->start_offset)
                                                    : a->start_offset == b->start_offset;
    bool end = a->end_offset && b->end_offset ? same_expr(a->end_offset, b->end_offset)
                                              : a->end_offset == b->end_offset;
    return start && end && a->mode == b->mode && a->start == b->start && a->end == b->end &&
           a->exclude == b->exclude && same_exprs(&a->partition, &b->partition) &&
           same_keys(&a->order, &b->order);
}

bool finish_windows(struct scope *s, struct targets *targets)
{
    struct analysis *a = s->a;
    size_t n = s->window_nodes.n;
    for (size_t k = 0; k < n; k++) {
        struct window_def window = {0};
        if (!make_window(s, s->window_nodes.items[k], k, targets, &window))
            return false;
        if (s->window_nodes.n != n)
            return fail(a, s->window_nodes.items[k]->location, ERR_WINDOWING_ERROR,
                        "window functions are not allowed in window definitions");
        VEC_PUSH(a->arena, &s->windows, window);
    }
    for (size_t k = 0; k < s->window_calls.n; k++) {
        struct expr *call = s->window_calls.items[k];
        for (uint16_t first = 0; first < call->window.window; first++)
            if (same_window(&s->windows.items[first], &s->windows.items[call->window.window])) {
                call->window.window = first;
                break;
            }
    }
    return true;
}
