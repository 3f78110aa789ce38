/* sublink.c - sub-selects inside expressions.
 *
 * A sub-select that refers to nothing outside itself runs once per execution: its scalar is kept, and the rows of an IN list
 * go into a hash set of their keys.  A correlated one is rewound and run for each evaluation.  ANY and ALL follow SQL's
 * three-valued rule: a NULL comparison makes the answer NULL unless another row decides. */
#include <string.h>

#include "base/map.h"
#include "exec/eval_int.h"
#include "exec/store.h"
#include "types/array.h"

struct subplan {
    struct frame *frame;
    bool opened;
    bool value_known; /* uncorrelated scalar, row, EXISTS or array */
    struct datum value;
    struct store *rows; /* uncorrelated ANY/ALL */
    struct map *set;    /* keys of `rows`; NULL: compared one by one */
    bool set_has_null;
    const struct type **types;
};

static void free_set(void *set)
{
    map_free(set);
}

static struct subplan *subplan_of(const struct expr *e, struct frame *f)
{
    void **slot = &f->exec->sites[e->site];
    struct subplan *sub = *slot;
    if (!sub) {
        sub = ARENA_NEW(f->exec->arena, struct subplan);
        sub->frame = frame_new(f->exec, e->sublink.plan, f);
        sub->types =
            ARENA_ARRAY(f->exec->arena, const struct type *, e->sublink.plan->n_visible + 1);
        for (int k = 0; k < e->sublink.plan->n_visible; k++)
            sub->types[k] = e->sublink.plan->targets.items[e->sublink.plan->visible[k]].expr->type;
        *slot = sub;
    }
    sub->frame->parent = f;
    sub->frame->params = f->params;
    return sub;
}

static bool subplan_start(struct subplan *sub)
{
    if (sub->opened)
        return frame_rewind(sub->frame);
    sub->opened = true;
    return frame_open(sub->frame);
}

static void visible_row(const struct subplan *sub, struct datum *row)
{
    const struct plan *plan = sub->frame->plan;
    for (int k = 0; k < plan->n_visible; k++)
        row[k] = sub->frame->out[plan->visible[k]];
}

static bool run_exists(struct subplan *sub, struct datum *out)
{
    bool found;
    if (!subplan_start(sub) || !frame_next(sub->frame, &found))
        return false;
    *out = datum_bool(found);
    return true;
}

/* The single row of a scalar or row sub-select, copied into `arena`; *row NULL when there is none. */
static bool single_row(struct subplan *sub, struct frame *f, struct arena *arena,
                       struct datum **row)
{
    bool found;
    *row = NULL;
    if (!subplan_start(sub) || !frame_next(sub->frame, &found))
        return false;
    if (!found)
        return true;
    int n = sub->frame->plan->n_visible;
    struct datum *borrowed = ARENA_ARRAY(arena, struct datum, n + 1);
    visible_row(sub, borrowed);
    *row = row_copy(arena, borrowed, n);
    if (!frame_next(sub->frame, &found))
        return false;
    if (found)
        return err_set(f->exec->err, ERR_CARDINALITY_VIOLATION,
                       "more than one row returned by a subquery used as an expression");
    return true;
}

static bool run_scalar(struct subplan *sub, struct frame *f, struct arena *arena, struct datum *out)
{
    struct datum *row;
    if (!single_row(sub, f, arena, &row))
        return false;
    *out = row ? row[0] : datum_null();
    return true;
}

static bool run_array(const struct expr *e, struct subplan *sub, struct frame *f,
                      struct arena *arena, struct datum *out)
{
    VEC(struct datum) items = {0};
    const struct type *elem = env_type(f->exec->env, e->type->elem_oid);
    bool found, nested = sub->types[0]->elem_oid && sub->types[0]->oid == e->type->oid;
    if (!subplan_start(sub))
        return false;
    for (;;) {
        if (!frame_next(sub->frame, &found))
            return false;
        if (!found)
            break;
        struct datum v = sub->frame->out[sub->frame->plan->visible[0]];
        VEC_PUSH(arena, &items, v.null ? v : datum_copy(sub->types[0], arena, v));
    }
    if (nested && items.n)
        return array_of_arrays(f, elem, items.items, items.n, out);
    *out = array_build_1d(arena, elem, items.items, (uint32_t)items.n);
    return true;
}

/* ---- ANY, ALL ---- */

static bool eval_left(const struct expr *e, struct frame *f, struct datum *left)
{
    for (int k = 0; k < e->sublink.n_columns; k++)
        if (!eval(e->sublink.left[k], f, &left[k]))
            return false;
    return true;
}

/* Compares the left side with one row of the sub-select (visible columns). */
static bool compare_one(const struct expr *e, struct frame *f, const struct datum *left,
                        const struct datum *row, struct datum *out)
{
    int n = e->sublink.n_columns;
    struct datum *right = ARENA_ARRAY(f->arena, struct datum, n + 1);
    const struct datum *saved = f->slots;
    f->slots = row;
    for (int k = 0; k < n; k++)
        if (!eval(e->sublink.right[k], f, &right[k]))
            return false;
    f->slots = saved;
    return compare_rows(f, e->sublink.row_op ? e->sublink.row_op : 3, n, e->sublink.ops,
                        e->sublink.impls, e->sublink.left, e->sublink.right, left, right, out);
}

static bool compare_one_plain(const struct expr *e, struct frame *f, const struct datum *left,
                              const struct datum *row, struct datum *out)
{
    if (e->sublink.n_columns > 1)
        return compare_one(e, f, left, row, out);
    const struct datum *saved = f->slots;
    struct datum right;
    f->slots = row;
    if (!eval(e->sublink.right[0], f, &right))
        return false;
    f->slots = saved;
    return compare_pair(f, e->sublink.ops[0], e->sublink.impls[0], e->sublink.left[0],
                        e->sublink.right[0], left[0], right, out);
}

static bool any_all_streaming(const struct expr *e, struct subplan *sub, struct frame *f,
                              const struct datum *left, struct datum *out)
{
    bool is_any = e->sublink.kind == SUBLINK_ANY, null_seen = false, found;
    struct datum *row = ARENA_ARRAY(f->arena, struct datum, sub->frame->plan->n_visible + 1);
    if (!subplan_start(sub))
        return false;
    for (;;) {
        struct datum v;
        if (!frame_next(sub->frame, &found))
            return false;
        if (!found)
            break;
        visible_row(sub, row);
        if (!compare_one_plain(e, f, left, row, &v))
            return false;
        if (v.null)
            null_seen = true;
        else if ((v.i != 0) == is_any) {
            *out = datum_bool(is_any);
            return true;
        }
    }
    *out = null_seen ? datum_null() : datum_bool(!is_any);
    return true;
}

static bool can_hash(const struct expr *e)
{
    if (e->sublink.kind != SUBLINK_ANY || e->sublink.n_columns != 1)
        return false;
    const struct oper *op = e->sublink.ops[0];
    return strcmp(op->name, "=") == 0 && op->can_hash && e->sublink.left[0]->type->ops->key &&
           e->sublink.right[0]->type->ops->key;
}

static bool load_rows(const struct expr *e, struct subplan *sub, struct frame *f)
{
    bool found;
    int n = sub->frame->plan->n_visible;
    struct datum *row = ARENA_ARRAY(f->exec->arena, struct datum, n + 1);
    sub->rows = store_new(f->exec->arena, exec_workspace(f->exec), n);
    if (!subplan_start(sub))
        return false;
    for (;;) {
        if (!frame_next(sub->frame, &found))
            return false;
        if (!found)
            break;
        visible_row(sub, row);
        if (!store_add(sub->rows, row, f->exec->err))
            return false;
    }
    if (!can_hash(e))
        return true;
    sub->set = map_new();
    arena_on_free(f->exec->arena, free_set, sub->set);
    struct buf key = {0};
    const struct datum *saved = f->slots;
    for (size_t k = 0; k < store_count(sub->rows); k++) {
        struct datum v;
        if (!store_row(sub->rows, k, &f->slots, f->exec->err) ||
            !eval(e->sublink.right[0], f, &v)) {
            buf_free(&key);
            return false;
        }
        if (v.null) {
            sub->set_has_null = true;
            continue;
        }
        key.n = 0;
        type_hash_key(e->sublink.right[0]->type, &v, &key);
        map_put(sub->set, key.p, key.n, sub);
    }
    f->slots = saved;
    buf_free(&key);
    return true;
}

static bool any_all_stored(const struct expr *e, struct subplan *sub, struct frame *f,
                           const struct datum *left, struct datum *out)
{
    bool is_any = e->sublink.kind == SUBLINK_ANY, null_seen = false;
    if (!sub->rows && !load_rows(e, sub, f))
        return false;
    size_t n = store_count(sub->rows);
    if (sub->set) {
        if (left[0].null) {
            *out = n ? datum_null() : datum_bool(false);
            return true;
        }
        struct buf key = BUF_IN(f->arena);
        type_hash_key(e->sublink.left[0]->type, &left[0], &key);
        bool hit = map_get(sub->set, key.p, key.n) != NULL;
        *out = hit ? datum_bool(true) : sub->set_has_null ? datum_null() : datum_bool(false);
        return true;
    }
    for (size_t k = 0; k < n; k++) {
        struct datum v;
        const struct datum *row;
        if (!store_row(sub->rows, k, &row, f->exec->err) || !compare_one_plain(e, f, left, row, &v))
            return false;
        if (v.null)
            null_seen = true;
        else if ((v.i != 0) == is_any) {
            *out = datum_bool(is_any);
            return true;
        }
    }
    *out = null_seen ? datum_null() : datum_bool(!is_any);
    return true;
}

static bool run_any_all(const struct expr *e, struct subplan *sub, struct frame *f,
                        struct datum *out)
{
    struct datum *left = ARENA_ARRAY(f->arena, struct datum, e->sublink.n_columns + 1);
    if (!eval_left(e, f, left))
        return false;
    if (e->sublink.plan->correlated || e->sublink.plan->is_volatile)
        return any_all_streaming(e, sub, f, left, out);
    return any_all_stored(e, sub, f, left, out);
}

static bool run_row(const struct expr *e, struct subplan *sub, struct frame *f, struct datum *out)
{
    struct datum *left = ARENA_ARRAY(f->arena, struct datum, e->sublink.n_columns + 1), *row;
    if (!eval_left(e, f, left) || !single_row(sub, f, f->arena, &row))
        return false;
    if (!row) {
        *out = datum_null();
        return true;
    }
    return compare_one(e, f, left, row, out);
}

bool eval_sublink(const struct expr *e, struct frame *f, struct datum *out)
{
    struct subplan *sub = subplan_of(e, f);
    bool fixed = !e->sublink.plan->correlated && !e->sublink.plan->is_volatile;
    if (fixed && sub->value_known) {
        *out = sub->value;
        return true;
    }
    struct arena *arena = fixed ? f->exec->arena : f->arena;
    bool ok = false;
    switch (e->sublink.kind) {
    case SUBLINK_EXISTS:
        ok = run_exists(sub, out);
        break;
    case SUBLINK_SCALAR:
        ok = run_scalar(sub, f, arena, out);
        break;
    case SUBLINK_ARRAY:
        ok = run_array(e, sub, f, arena, out);
        if (ok && fixed && !out->null)
            *out = datum_copy(e->type, arena, *out);
        break;
    case SUBLINK_ANY:
    case SUBLINK_ALL:
        return run_any_all(e, sub, f, out);
    case SUBLINK_ROW:
        return run_row(e, sub, f, out);
    }
    if (ok && fixed) {
        sub->value_known = true;
        sub->value = *out;
    }
    return ok;
}
