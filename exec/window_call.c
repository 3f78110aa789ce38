/* window_call.c - the value of one window function for every row of a partition. */
#include <string.h>

#include "exec/agg.h"
#include "exec/window_int.h"

struct frame *partition_at(struct partition *part, size_t row)
{
    struct frame *f = part->state->frame;
    f->slots = part->rows[row];
    arena_reset(part->state->scratch);
    f->arena = part->state->scratch;
    return f;
}

static bool arg_at(struct partition *part, const struct expr *call, size_t arg, size_t row,
                   struct datum *out)
{
    struct frame *f = partition_at(part, row);
    const struct expr *e = call->args.items[arg];
    if (!eval(e, f, out))
        return false;
    if (!out->null && !e->type->by_value)
        *out = datum_copy(e->type, part->arena, *out);
    return true;
}

/* ---- frames ---- */

struct bounds { /* rows [begin, end) of the partition, before EXCLUDE */
    size_t begin, end;
};

static bool frame_offset(struct partition *part, const struct expr *offset, bool is_start,
                         int64_t *value)
{
    struct frame *f = partition_at(part, 0);
    struct datum v;
    const char *which = is_start ? "starting" : "ending";
    if (!eval(offset, f, &v))
        return false;
    if (v.null)
        return err_set(f->exec->err, ERR_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null",
                       which);
    if (v.i < 0)
        return err_set(f->exec->err, ERR_INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                       "frame %s offset must not be negative", which);
    *value = v.i;
    return true;
}

struct frame_spec {
    int64_t start, end;       /* ROWS, GROUPS */
    struct range_frame range; /* RANGE with an offset */
};

static bool frame_spec_init(struct partition *part, struct frame_spec *spec)
{
    const struct window_def *w = part->window;
    memset(spec, 0, sizeof(*spec));
    if (!w->start_offset && !w->end_offset)
        return true;
    if (w->mode == FRAME_RANGE)
        return range_frame_init(part, &spec->range);
    return (!w->start_offset || frame_offset(part, w->start_offset, true, &spec->start)) &&
           (!w->end_offset || frame_offset(part, w->end_offset, false, &spec->end));
}

static size_t clamp(int64_t at, size_t n)
{
    return at < 0 ? 0 : (uint64_t)at > n ? n : (size_t)at;
}

static void rows_bounds(const struct partition *part, const struct frame_spec *spec, size_t row,
                        struct bounds *b)
{
    const struct window_def *w = part->window;
    int64_t at = (int64_t)row, start = 0, end = (int64_t)part->n;
    int64_t far = (int64_t)part->n + 1;
    if (w->start == BOUND_PRECEDING)
        start = at - MIN(spec->start, far);
    else if (w->start == BOUND_CURRENT)
        start = at;
    else if (w->start == BOUND_FOLLOWING)
        start = at + MIN(spec->start, far);
    if (w->end == BOUND_PRECEDING)
        end = at - MIN(spec->end, far) + 1;
    else if (w->end == BOUND_CURRENT)
        end = at + 1;
    else if (w->end == BOUND_FOLLOWING)
        end = at + MIN(spec->end, far) + 1;
    b->begin = clamp(start, part->n);
    b->end = clamp(end, part->n);
}

static void groups_bounds(const struct partition *part, const struct frame_spec *spec, size_t row,
                          struct bounds *b)
{
    const struct window_def *w = part->window;
    int64_t group = (int64_t)part->group_of[row], first = 0,
            last = (int64_t)part->n_groups; /* [first, last) */
    int64_t far = (int64_t)part->n_groups + 1;
    if (w->start == BOUND_PRECEDING)
        first = group - MIN(spec->start, far);
    else if (w->start == BOUND_CURRENT)
        first = group;
    else if (w->start == BOUND_FOLLOWING)
        first = group + MIN(spec->start, far);
    if (w->end == BOUND_PRECEDING)
        last = group - MIN(spec->end, far) + 1;
    else if (w->end == BOUND_CURRENT)
        last = group + 1;
    else if (w->end == BOUND_FOLLOWING)
        last = group + MIN(spec->end, far) + 1;
    b->begin = part->group_start[clamp(first, part->n_groups)];
    b->end = part->group_start[clamp(last, part->n_groups)];
}

static bool range_bounds(struct partition *part, const struct frame_spec *spec, size_t row,
                         struct bounds *b)
{
    const struct window_def *w = part->window;
    size_t group = part->group_of[row];
    b->begin = w->start == BOUND_CURRENT ? part->group_start[group] : 0;
    b->end = w->end == BOUND_CURRENT ? part->group_start[group + 1] : part->n;
    if ((w->start == BOUND_PRECEDING || w->start == BOUND_FOLLOWING) &&
        !range_frame_edge(part, &spec->range, row, false, &b->begin))
        return false;
    if ((w->end == BOUND_PRECEDING || w->end == BOUND_FOLLOWING) &&
        !range_frame_edge(part, &spec->range, row, true, &b->end))
        return false;
    return true;
}

static bool bounds_of(struct partition *part, const struct frame_spec *spec, size_t row,
                      struct bounds *b)
{
    if (part->window->mode == FRAME_ROWS)
        rows_bounds(part, spec, row, b);
    else if (part->window->mode == FRAME_GROUPS)
        groups_bounds(part, spec, row, b);
    else if (!range_bounds(part, spec, row, b))
        return false;
    if (b->end < b->begin)
        b->end = b->begin;
    return true;
}

static bool is_excluded(const struct partition *part, size_t current, size_t row)
{
    switch (part->window->exclude) {
    case EXCLUDE_NONE:
        return false;
    case EXCLUDE_CURRENT:
        return row == current;
    case EXCLUDE_GROUP:
        return part->group_of[row] == part->group_of[current];
    case EXCLUDE_TIES:
        return row != current && part->group_of[row] == part->group_of[current];
    }
    return false;
}

/* ---- aggregates over frames ---- */

struct window_agg {
    struct agg_shape shape;
    struct agg_run *run;
    struct arena *arena;
    struct bounds fed;
};

static bool args_at(struct partition *part, struct window_agg *agg, size_t row, struct datum *args,
                    bool *pass)
{
    struct frame *f = partition_at(part, row);
    return agg_filter(&agg->shape, f, pass) && (!*pass || agg_args(&agg->shape, f, args));
}

static bool agg_move(struct partition *part, struct window_agg *agg, size_t row, bool forward,
                     struct datum *args)
{
    bool pass;
    struct frame *f = part->state->frame;
    if (!args_at(part, agg, row, args, &pass))
        return false;
    if (!pass)
        return true;
    return forward ? agg_run_feed(agg->run, &agg->shape, f, agg->arena, args)
                   : agg_run_unfeed(agg->run, &agg->shape, f, agg->arena, args);
}

static void agg_restart(struct window_agg *agg, size_t at)
{
    arena_reset(agg->arena);
    agg->run = agg_run_new(agg->arena, &agg->shape);
    agg->fed = (struct bounds){at, at};
}

static bool agg_over(struct partition *part, struct window_agg *agg, size_t current,
                     struct bounds b, struct datum *args)
{
    bool excludes = part->window->exclude != EXCLUDE_NONE;
    bool can_follow = agg->run && !excludes && b.begin >= agg->fed.begin && b.end >= agg->fed.end &&
                      b.begin <= agg->fed.end &&
                      (b.begin == agg->fed.begin || agg->shape.impl->unstep);
    if (!can_follow)
        agg_restart(agg, b.begin);
    for (; agg->fed.begin < b.begin; agg->fed.begin++)
        if (!agg_move(part, agg, agg->fed.begin, false, args))
            return false;
    for (; agg->fed.end < b.end; agg->fed.end++) {
        if (!exec_breathe(part->state->frame->exec))
            return false;
        if (!is_excluded(part, current, agg->fed.end) &&
            !agg_move(part, agg, agg->fed.end, true, args))
            return false;
    }
    return true;
}

static bool call_aggregate(struct partition *part, const struct expr *call, struct datum *values)
{
    struct frame *f = part->state->frame;
    struct window_agg agg = {.arena = arena_child(part->arena, "window aggregate")};
    struct frame_spec spec;
    struct datum *args = ARENA_ARRAY(part->arena, struct datum, call->args.n + 1);
    struct bounds previous = {0, 0};
    agg_shape_init(&agg.shape, f, call);
    if (!frame_spec_init(part, &spec))
        return false;
    for (size_t row = 0; row < part->n; row++) {
        struct bounds b;
        if (!bounds_of(part, &spec, row, &b))
            return false;
        bool same = row > 0 && b.begin == previous.begin && b.end == previous.end &&
                    part->window->exclude == EXCLUDE_NONE;
        previous = b;
        if (same) {
            values[row] = values[row - 1];
            continue;
        }
        if (!agg_over(part, &agg, row, b, args))
            return false;
        f = partition_at(part, row);
        if (!agg_run_result(agg.run, &agg.shape, f, agg.arena, &values[row]))
            return false;
        if (!values[row].null && !call->type->by_value)
            values[row] = datum_copy(call->type, part->arena, values[row]);
    }
    return true;
}

/* ---- functions of position ---- */

static bool call_rank(struct partition *part, const char *name, struct datum *values)
{
    for (size_t row = 0; row < part->n; row++) {
        size_t group = part->group_of[row], first = part->group_start[group],
               next = part->group_start[group + 1];
        if (strcmp(name, "window_row_number") == 0)
            values[row] = datum_int((int64_t)row + 1);
        else if (strcmp(name, "window_rank") == 0)
            values[row] = datum_int((int64_t)first + 1);
        else if (strcmp(name, "window_dense_rank") == 0)
            values[row] = datum_int((int64_t)group + 1);
        else if (strcmp(name, "window_percent_rank") == 0)
            values[row] = datum_float(part->n > 1 ? (double)first / (double)(part->n - 1) : 0.0);
        else
            values[row] = datum_float((double)next / (double)part->n); /* cume_dist */
    }
    return true;
}

static bool call_ntile(struct partition *part, const struct expr *call, struct datum *values)
{
    struct datum n;
    if (!arg_at(part, call, 0, 0, &n))
        return false;
    if (n.null) {
        for (size_t row = 0; row < part->n; row++)
            values[row] = datum_null();
        return true;
    }
    if (n.i <= 0)
        return err_set(part->state->frame->exec->err, ERR_INVALID_ARGUMENT_FOR_NTILE,
                       "argument of ntile must be greater than zero");
    size_t buckets = (size_t)n.i, size = part->n / buckets, larger = part->n % buckets;
    for (size_t row = 0; row < part->n; row++) {
        size_t in_larger = larger * (size + 1);
        values[row] =
            datum_int((int64_t)(row < in_larger ? row / (size + 1)
                                                : larger + (row - in_larger) / (size ? size : 1)) +
                      1);
    }
    return true;
}

static bool call_lag_lead(struct partition *part, const struct expr *call, int direction,
                          struct datum *values)
{
    for (size_t row = 0; row < part->n; row++) {
        struct datum offset = datum_int(1);
        if (call->args.n > 1 && !arg_at(part, call, 1, row, &offset))
            return false;
        values[row] = datum_null();
        if (offset.null)
            continue;
        int64_t at = (int64_t)row + direction * offset.i;
        if (at >= 0 && at < (int64_t)part->n) {
            if (!arg_at(part, call, 0, (size_t)at, &values[row]))
                return false;
        } else if (call->args.n > 2 && !arg_at(part, call, 2, row, &values[row]))
            return false;
    }
    return true;
}

/* The nth (from 1) row of the frame that EXCLUDE leaves, from the front or the back. */
static bool nth_of_frame(const struct partition *part, size_t current, struct bounds b, int64_t nth,
                         bool from_end, size_t *row)
{
    for (size_t k = 0; k < b.end - b.begin; k++) {
        size_t at = from_end ? b.end - 1 - k : b.begin + k;
        if (is_excluded(part, current, at))
            continue;
        if (--nth == 0) {
            *row = at;
            return true;
        }
        if (part->window->exclude == EXCLUDE_NONE) {
            size_t skip = (size_t)nth;
            if (skip >= b.end - b.begin - k)
                return false;
            *row = from_end ? at - skip : at + skip;
            return true;
        }
    }
    return false;
}

static bool call_frame_value(struct partition *part, const struct expr *call, const char *name,
                             struct datum *values)
{
    struct frame_spec spec;
    if (!frame_spec_init(part, &spec))
        return false;
    for (size_t row = 0; row < part->n; row++) {
        struct bounds b;
        struct datum nth = datum_int(1);
        size_t at;
        if (!bounds_of(part, &spec, row, &b))
            return false;
        if (strcmp(name, "window_nth_value") == 0) {
            if (!arg_at(part, call, 1, row, &nth))
                return false;
            if (!nth.null && nth.i <= 0)
                return err_set(part->state->frame->exec->err, ERR_INVALID_ARGUMENT_FOR_NTH_VALUE,
                               "argument of nth_value must be greater than zero");
        }
        values[row] = datum_null();
        if (nth.null ||
            !nth_of_frame(part, row, b, nth.i, strcmp(name, "window_last_value") == 0, &at))
            continue;
        if (!arg_at(part, call, 0, at, &values[row]))
            return false;
    }
    return true;
}

bool window_call(struct partition *part, const struct expr *call, struct datum *values)
{
    if (call->window.impl)
        return call_aggregate(part, call, values);
    const char *name = call->window.proc->prosrc;
    static const char *const ranks[] = {"window_row_number", "window_rank", "window_dense_rank",
                                        "window_percent_rank", "window_cume_dist"};
    for (size_t k = 0; k < ARRAY_COUNT(ranks); k++)
        if (strcmp(name, ranks[k]) == 0)
            return call_rank(part, name, values);
    if (strcmp(name, "window_ntile") == 0)
        return call_ntile(part, call, values);
    if (strncmp(name, "window_lag", 10) == 0)
        return call_lag_lead(part, call, -1, values);
    if (strncmp(name, "window_lead", 11) == 0)
        return call_lag_lead(part, call, 1, values);
    return call_frame_value(part, call, name, values);
}
