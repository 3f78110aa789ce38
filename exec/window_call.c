/* window_call.c - the value of one window function for every row of a partition. */
#include <string.h>

#include "exec/agg.h"
#include "exec/window_int.h"

struct frame *partition_at(struct partition *part, size_t row)
{
    struct frame *f = part->state->frame;
    if (!store_read(part->cursor, row, &f->slots, f->exec->err))
        return NULL;
    arena_reset(part->state->scratch);
    f->arena = part->state->scratch;
    return f;
}

/* In the scratch arena, valid until the next row is looked at. */
static bool arg_at(struct partition *part, const struct expr *call, size_t arg, size_t row,
                   struct datum *out)
{
    struct frame *f = partition_at(part, row);
    return f && eval(call->args.items[arg], f, out);
}

static bool give(struct partition *part, struct store *values, struct datum value)
{
    return store_add(values, &value, part->state->frame->exec->err);
}

/* ---- peers ---- */

static bool is_first_of_peers(const struct partition *part, size_t row)
{
    return part->starts[row / 8] >> row % 8 & 1;
}

static size_t end_of_peers(const struct partition *part, size_t begin)
{
    size_t end = begin + 1;
    while (end < part->n && !is_first_of_peers(part, end))
        end++;
    return end;
}

void peers_first(const struct partition *part, struct peers *peers)
{
    *peers = (struct peers){.end = end_of_peers(part, 0)};
}

static void peers_next(const struct partition *part, struct peers *peers)
{
    peers->number++;
    peers->begin = peers->end;
    peers->end = end_of_peers(part, peers->begin);
}

void peers_seek_row(const struct partition *part, struct peers *peers, size_t row)
{
    if (row < peers->begin)
        peers_first(part, peers);
    while (row >= peers->end && peers->end < part->n)
        peers_next(part, peers);
}

void peers_seek_number(const struct partition *part, struct peers *peers, size_t number)
{
    if (number < peers->number)
        peers_first(part, peers);
    while (peers->number < number && peers->end < part->n)
        peers_next(part, peers);
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
    if (!f || !eval(offset, f, &v))
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
    struct peers current;     /* of the current row, which goes forward */
    struct peers first, last; /* GROUPS: where the frame begins and ends */
};

static bool frame_spec_init(struct partition *part, struct frame_spec *spec)
{
    const struct window_def *w = part->window;
    memset(spec, 0, sizeof(*spec));
    peers_first(part, &spec->current);
    spec->first = spec->last = spec->current;
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

/* Where a frame in rows or groups begins and ends (behind its last one), counted from the current. */
static void offsets_of(const struct partition *part, const struct frame_spec *spec, int64_t current,
                       int64_t *start, int64_t *end)
{
    const struct window_def *w = part->window;
    int64_t far = (int64_t)part->n + 1;
    *start = 0;
    *end = (int64_t)part->n;
    if (w->start == BOUND_PRECEDING)
        *start = current - MIN(spec->start, far);
    else if (w->start == BOUND_CURRENT)
        *start = current;
    else if (w->start == BOUND_FOLLOWING)
        *start = current + MIN(spec->start, far);
    if (w->end == BOUND_PRECEDING)
        *end = current - MIN(spec->end, far) + 1;
    else if (w->end == BOUND_CURRENT)
        *end = current + 1;
    else if (w->end == BOUND_FOLLOWING)
        *end = current + MIN(spec->end, far) + 1;
}

static size_t begin_of_group(const struct partition *part, struct peers *peers, int64_t number)
{
    if (number <= 0)
        return 0;
    if (number >= (int64_t)part->n)
        return part->n;
    peers_seek_number(part, peers, (size_t)number);
    return peers->number < (size_t)number ? part->n : peers->begin;
}

static bool range_bounds(struct partition *part, struct frame_spec *spec, size_t row,
                         struct bounds *b)
{
    const struct window_def *w = part->window;
    b->begin = w->start == BOUND_CURRENT ? spec->current.begin : 0;
    b->end = w->end == BOUND_CURRENT ? spec->current.end : part->n;
    if ((w->start == BOUND_PRECEDING || w->start == BOUND_FOLLOWING) &&
        !range_frame_edge(part, &spec->range, row, &spec->current, false, &b->begin))
        return false;
    if ((w->end == BOUND_PRECEDING || w->end == BOUND_FOLLOWING) &&
        !range_frame_edge(part, &spec->range, row, &spec->current, true, &b->end))
        return false;
    return true;
}

static bool bounds_of(struct partition *part, struct frame_spec *spec, size_t row, struct bounds *b)
{
    int64_t start, end;
    peers_seek_row(part, &spec->current, row);
    if (part->window->mode == FRAME_ROWS) {
        offsets_of(part, spec, (int64_t)row, &start, &end);
        *b = (struct bounds){clamp(start, part->n), clamp(end, part->n)};
    } else if (part->window->mode == FRAME_GROUPS) {
        offsets_of(part, spec, (int64_t)spec->current.number, &start, &end);
        b->begin = begin_of_group(part, &spec->first, start);
        b->end = begin_of_group(part, &spec->last, end);
    } else if (!range_bounds(part, spec, row, b)) {
        return false;
    }
    if (b->end < b->begin)
        b->end = b->begin;
    return true;
}

/* `peers`: those of `current`. */
static bool is_excluded(const struct partition *part, const struct peers *peers, size_t current,
                        size_t row)
{
    switch (part->window->exclude) {
    case EXCLUDE_NONE:
        return false;
    case EXCLUDE_CURRENT:
        return row == current;
    case EXCLUDE_GROUP:
        return row >= peers->begin && row < peers->end;
    case EXCLUDE_TIES:
        return row != current && row >= peers->begin && row < peers->end;
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
    return f && agg_filter(&agg->shape, f, pass) && (!*pass || agg_args(&agg->shape, f, args));
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

static bool agg_over(struct partition *part, struct window_agg *agg, const struct peers *peers,
                     size_t current, struct bounds b, struct datum *args)
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
        if (!is_excluded(part, peers, current, agg->fed.end) &&
            !agg_move(part, agg, agg->fed.end, true, args))
            return false;
    }
    return true;
}

/* Rows with the frame of the row before share its value. */
static bool call_aggregate(struct partition *part, const struct expr *call, struct store *values)
{
    struct window_agg agg = {.arena = arena_child(part->arena, "window aggregate")};
    struct arena *last_arena = arena_child(part->arena, "window value");
    struct frame_spec spec;
    struct datum *args = ARENA_ARRAY(part->arena, struct datum, call->args.n + 1),
                 last = datum_null();
    struct bounds previous = {0, 0};
    agg_shape_init(&agg.shape, part->state->frame, call);
    if (!frame_spec_init(part, &spec))
        return false;
    for (size_t row = 0; row < part->n; row++) {
        struct bounds b;
        if (!bounds_of(part, &spec, row, &b))
            return false;
        bool same = row > 0 && b.begin == previous.begin && b.end == previous.end &&
                    part->window->exclude == EXCLUDE_NONE;
        previous = b;
        if (!same) {
            if (!agg_over(part, &agg, &spec.current, row, b, args))
                return false;
            struct frame *f = partition_at(part, row);
            if (!f || !agg_run_result(agg.run, &agg.shape, f, agg.arena, &last))
                return false;
            arena_reset(last_arena);
            last = datum_copy(call->type, last_arena, last);
        }
        if (!give(part, values, last))
            return false;
    }
    return true;
}

/* ---- functions of position ---- */

static struct datum rank_of(const struct partition *part, const char *name, size_t row,
                            const struct peers *peers)
{
    double n = (double)part->n;
    if (strcmp(name, "window_row_number") == 0)
        return datum_int((int64_t)row + 1);
    if (strcmp(name, "window_rank") == 0)
        return datum_int((int64_t)peers->begin + 1);
    if (strcmp(name, "window_dense_rank") == 0)
        return datum_int((int64_t)peers->number + 1);
    if (strcmp(name, "window_percent_rank") == 0)
        return datum_float(part->n > 1 ? (double)peers->begin / (n - 1) : 0.0);
    return datum_float((double)peers->end / n); /* cume_dist */
}

static bool call_rank(struct partition *part, const char *name, struct store *values)
{
    struct peers peers;
    peers_first(part, &peers);
    for (size_t row = 0; row < part->n; row++) {
        peers_seek_row(part, &peers, row);
        if (!exec_breathe(part->state->frame->exec) ||
            !give(part, values, rank_of(part, name, row, &peers)))
            return false;
    }
    return true;
}

static bool call_ntile(struct partition *part, const struct expr *call, struct store *values)
{
    struct datum n;
    if (!arg_at(part, call, 0, 0, &n))
        return false;
    if (!n.null && n.i <= 0)
        return err_set(part->state->frame->exec->err, ERR_INVALID_ARGUMENT_FOR_NTILE,
                       "argument of ntile must be greater than zero");
    size_t buckets = n.null ? 1 : (size_t)n.i, size = part->n / buckets, larger = part->n % buckets;
    size_t in_larger = larger * (size + 1);
    for (size_t row = 0; row < part->n; row++) {
        size_t bucket =
            row < in_larger ? row / (size + 1) : larger + (row - in_larger) / (size ? size : 1);
        if (!give(part, values, n.null ? datum_null() : datum_int((int64_t)bucket + 1)))
            return false;
    }
    return true;
}

static bool lag_lead_at(struct partition *part, const struct expr *call, int direction, size_t row,
                        struct datum *value)
{
    struct datum offset = datum_int(1);
    *value = datum_null();
    if (call->args.n > 1 && !arg_at(part, call, 1, row, &offset))
        return false;
    if (offset.null)
        return true;
    int64_t at = (int64_t)row + direction * offset.i;
    if (at >= 0 && at < (int64_t)part->n)
        return arg_at(part, call, 0, (size_t)at, value);
    return call->args.n <= 2 || arg_at(part, call, 2, row, value);
}

static bool call_lag_lead(struct partition *part, const struct expr *call, int direction,
                          struct store *values)
{
    for (size_t row = 0; row < part->n; row++) {
        struct datum value;
        if (!exec_breathe(part->state->frame->exec) ||
            !lag_lead_at(part, call, direction, row, &value) || !give(part, values, value))
            return false;
    }
    return true;
}

/* The nth (from 1) row of the frame that EXCLUDE leaves, from the front or the back. */
static bool nth_of_frame(const struct partition *part, const struct peers *peers, size_t current,
                         struct bounds b, int64_t nth, bool from_end, size_t *row)
{
    for (size_t k = 0; k < b.end - b.begin; k++) {
        size_t at = from_end ? b.end - 1 - k : b.begin + k;
        if (is_excluded(part, peers, current, at))
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

static bool frame_value_at(struct partition *part, const struct expr *call, const char *name,
                           struct frame_spec *spec, size_t row, struct datum *value)
{
    struct bounds b;
    struct datum nth = datum_int(1);
    size_t at;
    *value = datum_null();
    if (!bounds_of(part, spec, row, &b))
        return false;
    if (strcmp(name, "window_nth_value") == 0) {
        if (!arg_at(part, call, 1, row, &nth))
            return false;
        if (!nth.null && nth.i <= 0)
            return err_set(part->state->frame->exec->err, ERR_INVALID_ARGUMENT_FOR_NTH_VALUE,
                           "argument of nth_value must be greater than zero");
    }
    bool from_end = strcmp(name, "window_last_value") == 0;
    return nth.null || !nth_of_frame(part, &spec->current, row, b, nth.i, from_end, &at) ||
           arg_at(part, call, 0, at, value);
}

static bool call_frame_value(struct partition *part, const struct expr *call, const char *name,
                             struct store *values)
{
    struct frame_spec spec;
    if (!frame_spec_init(part, &spec))
        return false;
    for (size_t row = 0; row < part->n; row++) {
        struct datum value;
        if (!exec_breathe(part->state->frame->exec) ||
            !frame_value_at(part, call, name, &spec, row, &value) || !give(part, values, value))
            return false;
    }
    return true;
}

bool window_call(struct partition *part, const struct expr *call, struct store *values)
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
