/* output.c - from the rows of a level to its result: projection, sort, DISTINCT, LIMIT, row locks.
 *
 * From the projection upwards a row is frame->out: the targets (junk ones behind), then two columns (shard, rid) for each
 * row mark. */
#include <string.h>

#include "exec/exec_int.h"
#include "exec/partition.h"
#include "exec/sorter.h"

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

const struct node_ops project_ops = {
    .name = "Project", .state_bytes = sizeof(struct state), .next = project_next};

/* ---- sort ---- */

struct sort_state {
    struct state base;
    struct sorter *sorter;
    bool sorted;
};

static bool sort_open(struct state *state)
{
    struct exec *x = state->frame->exec;
    ((struct sort_state *)state)->sorter =
        sorter_new(x->arena, exec_workspace(x), state->frame->plan->n_out);
    return true;
}

#define BOUND_MAX 100000

/* LIMIT + OFFSET where both are known before the first row. */
static bool sort_bound(struct sort_state *s)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    struct datum limit, offset = datum_int(0);
    if (!node->sort.limit)
        return true;
    f->arena = s->base.scratch;
    if (!eval(node->sort.limit, f, &limit) ||
        (node->sort.offset && !eval(node->sort.offset, f, &offset)))
        return false;
    if (!limit.null && limit.i >= 0 && limit.i <= BOUND_MAX &&
        (offset.null || (offset.i >= 0 && offset.i <= BOUND_MAX)))
        sorter_bound(s->sorter, (size_t)(limit.i + (offset.null ? 0 : offset.i)));
    return true;
}

static void row_key(const struct node *node, const struct frame *f, struct buf *key)
{
    key->n = 0;
    for (int k = 0; k < node->sort.n_keys; k++) {
        const struct sort_key *by = &node->sort.keys[k];
        type_sort_key(by->expr->type, &f->out[node->sort.columns[k]], by->descending,
                      by->nulls_first, key);
    }
}

static bool sort_load(struct sort_state *s)
{
    struct frame *f = s->base.frame;
    struct buf key = {0};
    bool ok = sort_bound(s), found = ok;
    while (ok && found) {
        ok = exec_breathe(f->exec) && state_next(s->base.left, &found);
        if (!ok || !found)
            break;
        row_key(s->base.node, f, &key);
        ok = sorter_add(s->sorter, key.p, key.n, f->out, f->exec->err);
    }
    buf_free(&key);
    s->sorted = true;
    return ok && sorter_finish(s->sorter, f->exec->err);
}

static bool sort_next(struct state *state, bool *found)
{
    struct sort_state *s = (struct sort_state *)state;
    struct frame *f = state->frame;
    const struct datum *row;
    if (!s->sorted && !sort_load(s))
        return false;
    if (!sorter_next(s->sorter, &row, NULL, NULL, f->exec->err))
        return false;
    *found = row != NULL;
    if (row)
        memcpy(f->out, row, sizeof(struct datum) * (size_t)f->plan->n_out);
    return true;
}

static bool sort_rewind(struct state *state)
{
    struct sort_state *s = (struct sort_state *)state;
    sorter_clear(s->sorter);
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
    struct dedup *seen;   /* rows in any order */
    struct buf key, last; /* sorted rows: the key of the row before */
    bool any, input_done;
};

static bool distinct_open(struct state *state)
{
    struct distinct_state *s = (struct distinct_state *)state;
    struct exec *x = state->frame->exec;
    s->key = s->last = BUF_IN(x->arena);
    if (!state->node->distinct.sorted)
        s->seen = dedup_new(x->arena, exec_workspace(x), state->frame->plan->n_out);
    return true;
}

static void distinct_key(struct distinct_state *s)
{
    struct frame *f = s->base.frame;
    const struct node *node = s->base.node;
    s->key.n = 0;
    for (int k = 0; k < node->distinct.n_columns; k++) {
        int column = node->distinct.columns[k];
        type_sort_key(f->plan->out_types[column], &f->out[column], false, false, &s->key);
    }
}

static bool differs_from_last(struct distinct_state *s)
{
    bool differs = !s->any || s->key.n != s->last.n ||
                   (s->key.n && memcmp(s->key.p, s->last.p, s->key.n) != 0);
    if (differs) {
        struct buf swap = s->last;
        s->last = s->key;
        s->key = swap;
        s->any = true;
    }
    return differs;
}

/* Rows that were set aside when memory was full. */
static bool distinct_rest(struct distinct_state *s, bool *found)
{
    struct frame *f = s->base.frame;
    const struct datum *row = NULL;
    if (s->seen && !dedup_next(s->seen, &row, f->exec->err))
        return false;
    *found = row != NULL;
    if (row)
        memcpy(f->out, row, sizeof(struct datum) * (size_t)f->plan->n_out);
    return true;
}

static bool distinct_next(struct state *state, bool *found)
{
    struct distinct_state *s = (struct distinct_state *)state;
    struct frame *f = state->frame;
    while (!s->input_done) {
        bool is_new;
        if (!exec_breathe(f->exec) || !state_next(state->left, found))
            return false;
        if (!*found) {
            s->input_done = true;
            break;
        }
        distinct_key(s);
        if (!s->seen)
            is_new = differs_from_last(s);
        else if (!dedup_offer(s->seen, s->key.p ? s->key.p : "", s->key.n, f->out, &is_new,
                              f->exec->err))
            return false;
        if (is_new)
            return true;
    }
    return distinct_rest(s, found);
}

static bool distinct_rewind(struct state *state)
{
    struct distinct_state *s = (struct distinct_state *)state;
    if (s->seen)
        dedup_clear(s->seen);
    s->any = s->input_done = false;
    return state_rewind(state->left);
}

const struct node_ops distinct_ops = {.name = "Unique",
                                      .state_bytes = sizeof(struct distinct_state),
                                      .open = distinct_open,
                                      .next = distinct_next,
                                      .rewind = distinct_rewind};

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
            return err_set(f->exec->err, ERR_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE,
                           "OFFSET must not be negative");
    }
    if (node->limit.limit) {
        if (!eval(node->limit.limit, f, &v))
            return false;
        s->limit = v.null ? -1 : v.i;
        if (!v.null && v.i < 0)
            return err_set(f->exec->err, ERR_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                           "LIMIT must not be negative");
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
        if (beyond &&
            (s->key.n != s->last_key.n || memcmp(s->key.p, s->last_key.p, s->key.n) != 0)) {
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
        enum wait_policy policy = mark->wait == LOCK_WAIT_SKIP    ? WAIT_SKIP
                                  : mark->wait == LOCK_WAIT_ERROR ? WAIT_ERROR
                                                                  : WAIT_BLOCK;
        switch (txn_lock_row(x->txn, relation, (uint32_t)at[0].i, at[1].i,
                             (enum row_lock)mark->strength, policy, x->err)) {
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

const struct node_ops lock_ops = {
    .name = "LockRows", .state_bytes = sizeof(struct state), .next = lock_next};
