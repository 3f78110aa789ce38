/* window_range.c - frames of RANGE with an offset: the rows whose order value lies within the
 * offset of the current row's.
 *
 * The partition is sorted and current rows go forward, so each edge only moves forward too; whether
 * a row is inside asks the type's in_range() function, which knows about overflow, infinities and
 * months. */
#include "exec/window_int.h"

static bool eval_keys(struct partition *part, struct range_frame *range)
{
    const struct expr *by = part->window->order.items[0].expr;
    for (size_t row = 0; row < part->n; row++) {
        struct frame *f = partition_at(part, row);
        struct datum key;
        if (!f || !eval(by, f, &key) || !store_add(range->keys, &key, f->exec->err))
            return false;
    }
    return true;
}

static bool take_offset(struct partition *part, const struct expr *offset,
                        const struct proc *in_range, const char *which, struct store *keys,
                        struct range_edge *edge)
{
    struct frame *f = partition_at(part, 0);
    if (!f)
        return false;
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
    if (type_by_ref(offset->type))
        edge->offset = datum_copy(offset->type, part->arena, edge->offset);
    edge->cursor = store_cursor_new(keys);
    return true;
}

bool range_frame_init(struct partition *part, struct range_frame *range)
{
    const struct window_def *w = part->window;
    *range = (struct range_frame){0};
    range->keys = store_new(part->arena, exec_workspace(part->state->frame->exec), 1);
    range->current = store_cursor_new(range->keys);
    if (w->start_offset && !take_offset(part, w->start_offset, w->start_in_range, "starting",
                                        range->keys, &range->start))
        return false;
    if (w->end_offset &&
        !take_offset(part, w->end_offset, w->end_in_range, "ending", range->keys, &range->end))
        return false;
    return eval_keys(part, range);
}

/* in_range(key, current key, offset, subtract, less) */
static bool in_range(struct partition *part, const struct range_edge *edge, struct datum key,
                     struct datum current, bool subtract, bool less, bool *yes)
{
    struct frame *f = part->state->frame;
    const struct type *type = part->window->order.items[0].expr->type,
                      *boolean = env_type(f->exec->env, TYPE_BOOL);
    const struct datum args[] = {key, current, edge->offset, datum_bool(subtract),
                                 datum_bool(less)};
    const struct type *types[] = {type, type, edge->type, boolean, boolean};
    void *site = NULL;
    arena_reset(part->state->scratch);
    struct fcall c = {
        .arena = part->state->scratch,
        .err = f->exec->err,
        .env = f->exec->env,
        .args = args,
        .n_args = ARRAY_COUNT(args),
        .arg_types = types,
        .result_type = boolean,
        .site = &site,
        .site_arena = part->state->scratch,
        .func_oid = edge->proc->oid,
    };
    if (!edge->impl(&c))
        return false;
    *yes = c.result.i;
    return true;
}

/* Is the edge behind this row? */
static bool is_behind(struct partition *part, const struct range_edge *edge,
                      const struct datum *key, const struct datum *current, bool is_end,
                      bool *behind)
{
    const struct window_def *w = part->window;
    const struct sort_key *by = &w->order.items[0];
    bool preceding = (is_end ? w->end : w->start) == BOUND_PRECEDING;
    *behind = by->nulls_first;
    if (key->null)
        return true;
    if (!in_range(part, edge, *key, *current, preceding != by->descending, is_end != by->descending,
                  behind))
        return false;
    *behind = *behind == is_end;
    return true;
}

bool range_frame_edge(struct partition *part, struct range_frame *range, size_t current,
                      const struct peers *peers, bool is_end, size_t *at)
{
    struct range_edge *edge = is_end ? &range->end : &range->start;
    struct exec *x = part->state->frame->exec;
    const struct datum *own, *key;
    if (!store_read(range->current, current, &own, x->err))
        return false;
    if (own->null) { /* NULLs are peers of each other only */
        *at = is_end ? peers->end : peers->begin;
        return true;
    }
    for (; edge->at < part->n; edge->at++) {
        bool behind;
        if (!exec_breathe(x) || !store_read(edge->cursor, edge->at, &key, x->err) ||
            !is_behind(part, edge, key, own, is_end, &behind))
            return false;
        if (!behind)
            break;
    }
    *at = edge->at;
    return true;
}
