/* agg_run.c - one aggregate call over one group.
 *
 * Plain calls step as rows come.  DISTINCT and ORDER BY inside the call (and ordered-set aggregates, whose WITHIN GROUP is the same thing)
 * keep the argument rows first; the result sorts them, drops equal neighbours where DISTINCT asks for it, and steps then. */
#include <stdlib.h>
#include <string.h>

#include "exec/agg.h"
#include "exec/store.h"

struct kept_row {
    const char *key;
    uint32_t key_bytes, sequence;
    const struct datum *args;
};

struct agg_run {
    void *site;
    bool collects;
    VEC(struct kept_row) rows;
    _Alignas(16) char state[];
};

static bool collects(const struct agg_shape *shape)
{
    return shape->distinct || shape->ordered_set || (shape->order && shape->order->n);
}

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
}

struct agg_run *agg_run_new(struct arena *arena, const struct agg_shape *shape)
{
    struct agg_run *run = arena_zalloc(arena, sizeof(*run) + shape->impl->state_size);
    run->collects = collects(shape);
    return run;
}

static struct fcall agg_fcall(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena,
                              const struct datum *args, int n_args)
{
    return (struct fcall){.arena = f->arena,
                          .err = f->exec->err,
                          .env = f->exec->env,
                          .args = args,
                          .n_args = n_args,
                          .arg_types = shape->arg_types,
                          .result_type = shape->call->type,
                          .variadic_array = shape->variadic_array,
                          .site = &run->site,
                          .site_arena = group_arena,
                          .func_oid = shape->proc->oid,
                          .agg_order = shape->agg_order};
}

static bool step(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena,
                 const struct datum *args)
{
    int n = (int)shape->args->n;
    if (shape->impl->strict)
        for (int k = 0; k < n; k++)
            if (args[k].null)
                return true;
    struct fcall c = agg_fcall(run, shape, f, group_arena, args, n);
    return shape->impl->step(&c, run->state);
}

bool agg_run_feed_values(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena,
                         const struct datum *args)
{
    return step(run, shape, f, group_arena, args);
}

bool agg_run_unfeed_values(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena,
                           const struct datum *args)
{
    int n = (int)shape->args->n;
    if (shape->impl->strict)
        for (int k = 0; k < n; k++)
            if (args[k].null)
                return true;
    struct fcall c = agg_fcall(run, shape, f, group_arena, args, n);
    return shape->impl->unstep(&c, run->state);
}

static bool keep(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena,
                 const struct datum *args)
{
    struct buf key = BUF_IN(f->arena);
    size_t n_order = shape->order ? shape->order->n : 0;
    for (size_t k = 0; k < n_order; k++) {
        const struct sort_key *by = &shape->order->items[k];
        struct datum v;
        if (!eval(by->expr, f, &v))
            return false;
        type_sort_key(by->expr->type, &v, by->descending, by->nulls_first, &key);
    }
    if (shape->distinct)
        for (size_t k = 0; k < shape->args->n; k++)
            type_sort_key(shape->arg_types[k], &args[k], false, false, &key);
    struct kept_row row = {.key = arena_memdup(group_arena, key.p ? key.p : "", key.n),
                           .key_bytes = (uint32_t)key.n,
                           .sequence = (uint32_t)run->rows.n,
                           .args = row_copy(group_arena, args, (int)shape->args->n)};
    VEC_PUSH(group_arena, &run->rows, row);
    return true;
}

bool agg_run_feed(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena)
{
    struct datum inline_args[4], *args = inline_args;
    if (shape->filter) {
        bool pass;
        if (!eval_bool(shape->filter, f, &pass))
            return false;
        if (!pass)
            return true;
    }
    if (shape->args->n > ARRAY_COUNT(inline_args))
        args = ARENA_ARRAY(f->arena, struct datum, shape->args->n);
    for (size_t k = 0; k < shape->args->n; k++)
        if (!eval(shape->args->items[k], f, &args[k]))
            return false;
    return run->collects ? keep(run, shape, f, group_arena, args) : step(run, shape, f, group_arena, args);
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept_row *x = a, *y = b;
    int c = memcmp(x->key, y->key, MIN(x->key_bytes, y->key_bytes));
    if (c)
        return c;
    if (x->key_bytes != y->key_bytes)
        return x->key_bytes < y->key_bytes ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static bool step_kept(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena)
{
    if (run->rows.n)
        qsort(run->rows.items, run->rows.n, sizeof(run->rows.items[0]), compare_kept);
    const struct kept_row *previous = NULL;
    for (size_t k = 0; k < run->rows.n; k++) {
        const struct kept_row *row = &run->rows.items[k];
        bool repeated = shape->distinct && previous && previous->key_bytes == row->key_bytes &&
                        memcmp(previous->key, row->key, row->key_bytes) == 0;
        if (!repeated && !step(run, shape, f, group_arena, row->args))
            return false;
        previous = row;
    }
    run->rows.n = 0;
    return true;
}

bool agg_run_result(struct agg_run *run, const struct agg_shape *shape, struct frame *f, struct arena *group_arena, struct datum *out)
{
    if (run->collects && !step_kept(run, shape, f, group_arena))
        return false;
    int n_direct = shape->direct ? (int)shape->direct->n : 0;
    struct datum *direct = ARENA_ARRAY(f->arena, struct datum, n_direct + 1);
    const struct type **types = ARENA_ARRAY(f->arena, const struct type *, (size_t)n_direct + shape->args->n + 1);
    for (int k = 0; k < n_direct; k++) {
        if (!eval(shape->direct->items[k], f, &direct[k]))
            return false;
        types[k] = shape->direct->items[k]->type;
    }
    struct fcall c = agg_fcall(run, shape, f, group_arena, direct, n_direct);
    if (n_direct)
        c.arg_types = types;
    if (!shape->impl->final(&c, run->state))
        return false;
    *out = c.result;
    return true;
}
