/* window_range.c - frames of RANGE with an offset: the rows whose order value lies within the
 * offset of the current row's.
 *
 * The partition is sorted, so each edge is found by halving; whether a row is inside asks the
 * type's in_range() function, which knows about overflow, infinities and months. */
#include "exec/window_int.h"

static bool eval_keys(struct partition *part, struct range_frame *range)
{
    const struct expr *by = part->window->order.items[0].expr;
    range->keys = ARENA_ARRAY(part->arena, struct datum, part->n);
    for (size_t row = 0; row < part->n; row++) {
        struct frame *f = partition_at(part, row);
        if (!eval(by, f, &range->keys[row]))
            return false;
        if (!range->keys[row].null && !by->type->by_value)
            range->keys[row] = datum_copy(by->type, part->arena, range->keys[row]);
    }
    return true;
}

static bool take_offset(struct partition *part, const struct expr *offset,
                        const struct proc *in_range, const char *which, struct range_edge *edge)
{
    struct frame *f = partition_at(part, 0);
    edge->type = offset->type;
    edge->proc = in_range;
    edge->impl = func_find("", in_range->prosrc);
    if (!edge->impl)
        return err_set(f->exec->err, ERR_FEATURE_NOT_SUPPORTED,
                       "function in_range of type %s is not supported",
                       part->window->order.items[0].expr->type->name);
    if (!eval(offset, f, &edge->offset))
        return false;
    if (edge->offset.null)
        return err_set(f->exec->err, ERR_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null",
                       which);
    if (!offset->type->by_value)
        edge->offset = datum_copy(offset->type, part->arena, edge->offset);
    return true;
}

bool range_frame_init(struct partition *part, struct range_frame *range)
{
    const struct window_def *w = part->window;
    if (w->start_offset &&
        !take_offset(part, w->start_offset, w->start_in_range, "starting", &range->start))
        return false;
    if (w->end_offset && !take_offset(part, w->end_offset, w->end_in_range, "ending", &range->end))
        return false;
    return eval_keys(part, range);
}

/* in_range(key of `row`, key of `current`, offset, subtract, less) */
static bool in_range(struct partition *part, const struct range_frame *range,
                     const struct range_edge *edge, size_t row, size_t current, bool subtract,
                     bool less, bool *yes)
{
    struct frame *f = partition_at(part, current);
    const struct type *key = part->window->order.items[0].expr->type,
                      *boolean = env_type(f->exec->env, TYPE_BOOL);
    const struct datum args[] = {range->keys[row], range->keys[current], edge->offset,
                                 datum_bool(subtract), datum_bool(less)};
    const struct type *types[] = {key, key, edge->type, boolean, boolean};
    void *site = NULL;
    struct fcall c = {
        .arena = f->arena,
        .err = f->exec->err,
        .env = f->exec->env,
        .args = args,
        .n_args = ARRAY_COUNT(args),
        .arg_types = types,
        .result_type = boolean,
        .site = &site,
        .site_arena = f->arena,
        .func_oid = edge->proc->oid,
    };
    if (!edge->impl(&c))
        return false;
    *yes = c.result.i;
    return true;
}

bool range_frame_edge(struct partition *part, const struct range_frame *range, size_t current,
                      bool is_end, size_t *at)
{
    const struct window_def *w = part->window;
    const struct sort_key *by = &w->order.items[0];
    bool preceding = (is_end ? w->end : w->start) == BOUND_PRECEDING, descending = by->descending;
    size_t group = part->group_of[current], low = 0, high = part->n;
    if (range->keys[current].null) { /* NULLs are peers of each other only */
        *at = part->group_start[group + is_end];
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before; /* is the edge behind this row? */
        if (range->keys[middle].null) {
            before = by->nulls_first;
        } else {
            if (!in_range(part, range, is_end ? &range->end : &range->start, middle, current,
                          preceding != descending, is_end != descending, &before))
                return false;
            before = before == is_end;
        }
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return true;
}
