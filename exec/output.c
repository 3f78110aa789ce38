/* output.c - from the rows of a level to its result: projection, sort, DISTINCT, LIMIT, row locks.
 *
 * From the projection upwards a row is frame->out: the targets (junk ones behind), then two columns (shard, rid) for each
 * row mark.  Sorting keeps copies of those rows with one memcmp-able key each; with a LIMIT above it keeps only as many as
 * can come out. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "exec/exec_int.h"
#include "exec/store.h"

/* ---- projection ---- */

static bool project_next(struct state *state, bool *found)
{
    struct frame *f = state->frame;
    const struct node *node = state->node;
    if (!state_next(state->left, found))
        return false;
    if (!*found)
        return true;
    arena_reset(state->scratch);
    f->arena = state->scratch;
    size_t n = node->project.targets.n;
    for (size_t k = 0; k < n; k++)
        if (!eval(node->project.targets.items[k].expr, f, &f->out[k]))
            return false;
    for (int k = 0; k < node->project.n_marks; k++) {
        const struct rowref *row = &f->rows[node->project.marks[k].rte];
        f->out[n + 2 * (size_t)k] = row->values ? datum_int(row->shard) : datum_null();
        f->out[n + 2 * (size_t)k + 1] = datum_int(row->rid);
    }
    return true;
}

const struct node_ops project_ops = {.name = "Project", .state_bytes = sizeof(struct state), .next = project_next};

/* ---- sort ---- */

struct sorted {
    const char *key;
    uint32_t key_bytes;
    uint32_t sequence; /* keeps equal keys in arrival order */
    const struct datum *row;
};

struct sort_state {
    struct state base;
    struct arena *arena;
    VEC(struct sorted) rows;
    size_t at;
    bool sorted;
    int64_t bound; /* rows that can come out; -1 all */
};

static int compare_sorted(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    int c = memcmp(x->key, y->key, MIN(x->key_bytes, y->key_bytes));
    if (c)
        return c;
    if (x->key_bytes != y->key_bytes)
        return x->key_bytes < y->key_bytes ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static bool sort_open(struct state *state)
{
    ((struct sort_state *)state)->arena = arena_child(state->frame->exec->arena, "sort");
    return true;
}

/* LIMIT + OFFSET where both are known before the first row; -1 otherwise. */
static bool sort_bound(struct sort_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum limit, offset = datum_int(0);
    s->bound = -1;
    if (!node->sort.limit)
        return true;
    f->arena = s->base.scratch;
    if (!eval(node->sort.limit, f, &limit) || (node->sort.offset && !eval(node->sort.offset, f, &offset)))
        return false;
    if (limit.null || limit.i < 0 || offset.i < 0 || limit.i > 100000 || offset.i > 100000)
        return true;
    s->bound = limit.i + (offset.null ? 0 : offset.i);
    return true;
}

static void sift_down(struct sorted *heap, size_t n, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && compare_sorted(&heap[child], &heap[child + 1]) < 0)
            child++;
        if (compare_sorted(&heap[at], &heap[child]) >= 0)
            return;
        struct sorted swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

static struct sorted copy_row(struct sort_state *s, const struct buf *key, uint32_t sequence)
{
    struct frame *f = s->base.frame;
    return (struct sorted){.key = arena_memdup(s->arena, key->p, key->n),
                           .key_bytes = (uint32_t)key->n,
                           .sequence = sequence,
                           .row = row_copy(s->arena, f->out, f->plan->n_out)};
}

/* A bounded sort keeps a max-heap: a new row replaces the greatest one if it is smaller. */
static void keep_bounded(struct sort_state *s, const struct buf *key, uint32_t sequence)
{
    size_t bound = (size_t)s->bound;
    if (s->rows.n < bound) {
        VEC_PUSH(s->arena, &s->rows, copy_row(s, key, sequence));
        if (s->rows.n == bound)
            for (size_t k = bound / 2 + 1; k-- > 0;)
                sift_down(s->rows.items, bound, k);
        return;
    }
    struct sorted candidate = {.key = key->p, .key_bytes = (uint32_t)key->n, .sequence = sequence};
    if (!bound || compare_sorted(&candidate, &s->rows.items[0]) >= 0)
        return;
    s->rows.items[0] = copy_row(s, key, sequence);
    sift_down(s->rows.items, bound, 0);
}

static void row_key(const struct node *node, const struct frame *f, struct buf *key)
{
    key->n = 0;
    for (int k = 0; k < node->sort.n_keys; k++) {
        const struct sort_key *by = &node->sort.keys[k];
        type_sort_key(by->expr->type, &f->out[node->sort.columns[k]], by->descending, by->nulls_first, key);
    }
}

static bool sort_load(struct sort_state *s)
{
    struct frame *f = s->base.frame;
    struct buf key = {0};
    bool ok = sort_bound(s), found = ok;
    uint32_t sequence = 0;
    while (ok && found) {
        ok = exec_breathe(f->exec) && state_next(s->base.left, &found);
        if (!ok || !found)
            break;
        row_key(s->base.node, f, &key);
        if (s->bound >= 0)
            keep_bounded(s, &key, sequence++);
        else
            VEC_PUSH(s->arena, &s->rows, copy_row(s, &key, sequence++));
    }
    buf_free(&key);
    if (s->rows.n)
        qsort(s->rows.items, s->rows.n, sizeof(s->rows.items[0]), compare_sorted);
    s->sorted = true;
    return ok;
}

static bool sort_next(struct state *state, bool *found)
{
    struct sort_state *s = (struct sort_state *)state;
    struct frame *f = state->frame;
    if (!s->sorted && !sort_load(s))
        return false;
    *found = s->at < s->rows.n;
    if (*found)
        memcpy(f->out, s->rows.items[s->at++].row, sizeof(struct datum) * (size_t)f->plan->n_out);
    return true;
}

static bool sort_rewind(struct state *state)
{
    struct sort_state *s = (struct sort_state *)state;
    arena_reset(s->arena);
    memset(&s->rows, 0, sizeof(s->rows));
    s->at = 0;
    s->sorted = false;
    return state_rewind(state->left);
}

const struct node_ops sort_ops = {.name = "Sort",
                                  .state_bytes = sizeof(struct sort_state),
                                  .open = sort_open,
                                  .next = sort_next,
                                  .rewind = sort_rewind};

/* ---- DISTINCT: the first row of each key ---- */

struct distinct_state {
    struct state base;
    struct map *seen;
    struct buf key;
};

static bool distinct_open(struct state *state)
{
    ((struct distinct_state *)state)->seen = map_new();
    return true;
}

static bool distinct_next(struct state *state, bool *found)
{
    struct distinct_state *s = (struct distinct_state *)state;
    struct frame *f = state->frame;
    for (;;) {
        if (!exec_breathe(f->exec) || !state_next(state->left, found))
            return false;
        if (!*found)
            return true;
        s->key.n = 0;
        for (int k = 0; k < state->node->distinct.n_columns; k++) {
            int column = state->node->distinct.columns[k];
            type_sort_key(f->plan->out_types[column], &f->out[column], false, false, &s->key);
        }
        if (!map_put(s->seen, s->key.p ? s->key.p : "", s->key.n, s))
            return true;
    }
}

static void distinct_close(struct state *state)
{
    struct distinct_state *s = (struct distinct_state *)state;
    map_free(s->seen);
    s->seen = NULL;
    buf_free(&s->key);
}

static bool distinct_rewind(struct state *state)
{
    struct distinct_state *s = (struct distinct_state *)state;
    map_free(s->seen);
    s->seen = map_new();
    return state_rewind(state->left);
}

const struct node_ops distinct_ops = {.name = "Unique",
                                      .state_bytes = sizeof(struct distinct_state),
                                      .open = distinct_open,
                                      .next = distinct_next,
                                      .rewind = distinct_rewind,
                                      .close = distinct_close};

/* ---- LIMIT ---- */

struct limit_state {
    struct state base;
    bool known;
    int64_t limit, offset, given; /* limit -1: none */
    struct buf last_key, key;
};

static bool limit_values(struct limit_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum v;
    s->limit = -1;
    s->offset = s->given = 0;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    if (node->limit.offset) {
        if (!eval(node->limit.offset, f, &v))
            return false;
        s->offset = v.null ? 0 : v.i;
        if (s->offset < 0)
            return err_set(f->exec->err, ERR_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative");
    }
    if (node->limit.limit) {
        if (!eval(node->limit.limit, f, &v))
            return false;
        s->limit = v.null ? -1 : v.i;
        if (!v.null && v.i < 0)
            return err_set(f->exec->err, ERR_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative");
    }
    s->known = true;
    return true;
}

static void tie_key(const struct node *node, const struct frame *f, struct buf *key)
{
    key->n = 0;
    for (int k = 0; k < node->limit.n_ties; k++) {
        int column = node->limit.tie_columns[k];
        type_sort_key(f->plan->out_types[column], &f->out[column], false, false, key);
    }
}

static bool limit_skip(struct limit_state *s, bool *found)
{
    *found = true;
    for (; s->offset > 0; s->offset--) {
        if (!state_next(s->base.left, found))
            return false;
        if (!*found)
            return true;
    }
    return true;
}

static bool limit_next(struct state *state, bool *found)
{
    struct limit_state *s = (struct limit_state *)state;
    struct frame *f = state->frame;
    const struct node *node = state->node;
    *found = false;
    if (!s->known && (!limit_values(s) || !limit_skip(s, found)))
        return false;
    bool beyond = s->limit >= 0 && s->given >= s->limit;
    if (beyond && !(node->limit.with_ties && s->limit > 0)) {
        *found = false;
        return true;
    }
    if (!state_next(state->left, found))
        return false;
    if (!*found)
        return true;
    if (node->limit.with_ties) {
        tie_key(node, f, &s->key);
        if (beyond && (s->key.n != s->last_key.n || memcmp(s->key.p, s->last_key.p, s->key.n) != 0)) {
            *found = false;
            return true;
        }
        s->last_key.n = 0;
        buf_append(&s->last_key, s->key.p, s->key.n);
    }
    s->given++;
    return true;
}

static bool limit_rewind(struct state *state)
{
    ((struct limit_state *)state)->known = false;
    return state_rewind(state->left);
}

static void limit_close(struct state *state)
{
    struct limit_state *s = (struct limit_state *)state;
    buf_free(&s->key);
    buf_free(&s->last_key);
}

const struct node_ops limit_ops = {.name = "Limit",
                                   .state_bytes = sizeof(struct limit_state),
                                   .next = limit_next,
                                   .rewind = limit_rewind,
                                   .close = limit_close};

/* ---- FOR UPDATE and the like ---- */

static bool lock_marks(struct state *state, bool *skip)
{
    struct frame *f = state->frame;
    struct exec *x = f->exec;
    *skip = false;
    for (int k = 0; k < state->node->lock.n_marks && !*skip; k++) {
        const struct row_mark *mark = &state->node->lock.marks[k];
        const struct datum *at = &f->out[state->node->lock.first_column + 2 * k];
        if (at[0].null)
            continue;
        const struct relation *relation = f->plan->query->rtes[mark->rte].relation;
        enum wait_policy policy = mark->wait == LOCK_WAIT_SKIP ? WAIT_SKIP : mark->wait == LOCK_WAIT_ERROR ? WAIT_ERROR : WAIT_BLOCK;
        switch (txn_lock_row(x->txn, relation, (uint32_t)at[0].i, at[1].i, (enum row_lock)mark->strength, policy, x->err)) {
        case TXN_OK:
        case TXN_CONFLICT:
            break;
        case TXN_SKIPPED:
            *skip = true;
            break;
        case TXN_RESTART:
            x->restart = true;
            return false;
        case TXN_ERROR:
            return false;
        }
    }
    return true;
}

static bool lock_next(struct state *state, bool *found)
{
    for (;;) {
        bool skip;
        if (!state_next(state->left, found))
            return false;
        if (!*found)
            return true;
        if (!lock_marks(state, &skip))
            return false;
        if (!skip)
            return true;
    }
}

const struct node_ops lock_ops = {.name = "LockRows", .state_bytes = sizeof(struct state), .next = lock_next};
