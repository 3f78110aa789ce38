/* agg_run.c - one aggregate call over one group: evaluating what it is fed, stepping, the result.
 *
 * Calls with DISTINCT or ORDER BY inside (and ordered-set aggregates, whose WITHIN GROUP is the same thing) want their rows sorted: agg.c
 * does that with the keys made here. */
#include <string.h>

#include "exec/agg.h"

struct agg_run {
    void *site;
    _Alignas(16) char state[];
};

static const struct agg_order *order_directions(struct arena *arena, const struct sort_keys *order)
{
    struct agg_order *directions = ARENA_ARRAY(arena, struct agg_order, order->n + 1);
    for (size_t k = 0; k < order->n; k++)
        directions[k] = (struct agg_order){order->items[k].descending, order->items[k].nulls_first};
    return directions;
}

void agg_shape_init(struct agg_shape *shape, struct frame *f, const struct expr *call)
{
    struct arena *arena = f->exec->arena;
    *shape = (struct agg_shape){.call = call, .args = &call->args};
    if (call->kind == EXPR_AGGREGATE) {
        shape->impl = call->agg.impl;
        shape->proc = call->agg.proc;
        shape->filter = call->agg.filter;
        shape->order = &call->agg.order;
        shape->distinct = call->agg.distinct;
        shape->ordered_set = call->agg.aggregate && call->agg.aggregate->kind != 'n';
        shape->direct = &call->agg.direct;
        if (shape->ordered_set)
            shape->agg_order = order_directions(arena, shape->order);
        shape->variadic_array = call->agg.variadic_array;
    } else {
        shape->impl = call->window.impl;
        shape->proc = call->window.proc;
        shape->filter = call->window.filter;
    }
    shape->arg_types = ARENA_ARRAY(arena, const struct type *, call->args.n + 1);
    for (size_t k = 0; k < call->args.n; k++)
        shape->arg_types[k] = call->args.items[k]->type;
    shape->collects = shape->distinct || shape->ordered_set || (shape->order && shape->order->n);
    shape->step = (struct fcall){.env = f->exec->env,
                                 .n_args = (int)call->args.n,
                                 .arg_types = shape->arg_types,
                                 .result_type = call->type,
                                 .variadic_array = shape->variadic_array,
                                 .func_oid = shape->proc->oid,
                                 .agg_order = shape->agg_order};
}

size_t agg_run_bytes(const struct agg_shape *shape)
{
    return (sizeof(struct agg_run) + shape->impl->state_size + 15) & ~(size_t)15;
}

struct agg_run *agg_run_new(struct arena *arena, const struct agg_shape *shape)
{
    return arena_zalloc(arena, agg_run_bytes(shape));
}

bool agg_filter(const struct agg_shape *shape, struct frame *f, bool *pass)
{
    *pass = true;
    return !shape->filter || eval_bool(shape->filter, f, pass);
}

bool agg_args(const struct agg_shape *shape, struct frame *f, struct datum *args)
{
    for (size_t k = 0; k < shape->args->n; k++)
        if (!eval(shape->args->items[k], f, &args[k]))
            return false;
    return true;
}

bool agg_order_key(const struct agg_shape *shape, struct frame *f, const struct datum *args,
                   struct buf *key)
{
    size_t n_order = shape->order ? shape->order->n : 0;
    for (size_t k = 0; k < n_order; k++) {
        const struct sort_key *by = &shape->order->items[k];
        struct datum v;
        if (!eval(by->expr, f, &v))
            return false;
        type_sort_key(by->expr->type, &v, by->descending, by->nulls_first, key);
    }
    for (size_t k = 0; shape->distinct && k < shape->args->n; k++)
        type_sort_key(shape->arg_types[k], &args[k], false, false, key);
    return true;
}

static bool is_skipped(const struct agg_shape *shape, const struct datum *args)
{
    if (shape->impl->strict)
        for (size_t k = 0; k < shape->args->n; k++)
            if (args[k].null)
                return true;
    return false;
}

static struct fcall *step_call(struct agg_run *run, struct agg_shape *shape, struct frame *f,
                               struct arena *group_arena, const struct datum *args)
{
    struct fcall *c = &shape->step;
    c->arena = f->arena;
    c->err = f->exec->err;
    c->args = args;
    c->site = &run->site;
    c->site_arena = group_arena;
    return c;
}

bool agg_run_feed(struct agg_run *run, struct agg_shape *shape, struct frame *f,
                  struct arena *group_arena, const struct datum *args)
{
    return is_skipped(shape, args) ||
           shape->impl->step(step_call(run, shape, f, group_arena, args), run->state);
}

bool agg_run_unfeed(struct agg_run *run, struct agg_shape *shape, struct frame *f,
                    struct arena *group_arena, const struct datum *args)
{
    return is_skipped(shape, args) ||
           shape->impl->unstep(step_call(run, shape, f, group_arena, args), run->state);
}

bool agg_run_result(struct agg_run *run, const struct agg_shape *shape, struct frame *f,
                    struct arena *group_arena, struct datum *out)
{
    int n_direct = shape->direct ? (int)shape->direct->n : 0;
    struct datum *direct = ARENA_ARRAY(f->arena, struct datum, n_direct + 1);
    const struct type **types =
        ARENA_ARRAY(f->arena, const struct type *, (size_t)n_direct + shape->args->n + 1);
    for (int k = 0; k < n_direct; k++) {
        if (!eval(shape->direct->items[k], f, &direct[k]))
            return false;
        types[k] = shape->direct->items[k]->type;
    }
    struct fcall c = shape->step;
    c.arena = f->arena;
    c.err = f->exec->err;
    c.args = direct;
    c.n_args = n_direct;
    c.site = &run->site;
    c.site_arena = group_arena;
    c.result = datum_int(0);
    if (n_direct)
        c.arg_types = types;
    if (!shape->impl->final(&c, run->state))
        return false;
    *out = c.result;
    return true;
}
