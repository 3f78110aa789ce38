/* window.c - window functions: all input rows are kept, partitioned and ordered for each window, and each call's value for each
 * row is worked out before the first row goes up.
 *
 * Rows go up in the order of the first window, as a PostgreSQL with one window would give them.  frame->slots above this node: the
 * input expressions, then one result per call.  Frames follow SQL:2011 7.15: ROWS counts rows, GROUPS peer groups, RANGE values;
 * EXCLUDE takes rows out afterwards.  An aggregate whose frame only grows is stepped along; otherwise it is undone at the front
 * when it knows how (unstep), else run again for the row. */
#include <stdlib.h>
#include <string.h>

#include "exec/agg.h"
#include "exec/store.h"
#include "exec/window_int.h"

struct window_state {
    struct state base;
    VEC(const struct datum *) input;
    struct arena *arena;
    struct datum *results; /* [row * n_calls + call] */
    size_t *order;         /* rows in output order */
    struct datum *slots;
    size_t at;
    bool loaded;
};

struct ordered {
    const char *key;
    uint32_t key_bytes, partition_bytes;
    size_t row;
};

static int compare_ordered(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    int c = memcmp(x->key, y->key, MIN(x->key_bytes, y->key_bytes));
    if (c)
        return c;
    if (x->key_bytes != y->key_bytes)
        return x->key_bytes < y->key_bytes ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool window_open(struct state *state)
{
    struct window_state *s = (struct window_state *)state;
    const struct node *node = state->node;
    struct arena *arena = state->frame->exec->arena;
    s->arena = arena_child(arena, "window");
    s->slots =
        ARENA_ARRAY(arena, struct datum, node->window.input.n + (size_t)node->window.n_calls + 1);
    return true;
}

static bool load_input(struct window_state *s)
{
    struct frame *f = s->base.frame;
    const struct exprs *input = &s->base.node->window.input;
    struct datum *row = ARENA_ARRAY(s->arena, struct datum, input->n + 1);
    for (;;) {
        bool found;
        if (!exec_breathe(f->exec) || !state_next(s->base.left, &found))
            return false;
        if (!found)
            return true;
        arena_reset(s->base.scratch);
        f->arena = s->base.scratch;
        for (size_t k = 0; k < input->n; k++)
            if (!eval(input->items[k], f, &row[k]))
                return false;
        VEC_PUSH(s->arena, &s->input, row_copy(s->arena, row, (int)input->n));
    }
}

/* Sorts the rows for one window: partition keys first. */
static bool order_rows(struct window_state *s, const struct window_def *window,
                       struct ordered **out)
{
    struct frame *f = s->base.frame;
    size_t n = s->input.n;
    struct ordered *rows = ARENA_ARRAY(s->arena, struct ordered, n + 1);
    struct buf key = {0};
    for (size_t r = 0; r < n; r++) {
        f->slots = s->input.items[r];
        arena_reset(s->base.scratch);
        f->arena = s->base.scratch;
        key.n = 0;
        for (size_t k = 0; k < window->partition.n; k++) {
            struct datum v;
            if (!eval(window->partition.items[k], f, &v))
                goto fail;
            type_sort_key(window->partition.items[k]->type, &v, false, false, &key);
        }
        rows[r].partition_bytes = (uint32_t)key.n;
        for (size_t k = 0; k < window->order.n; k++) {
            const struct sort_key *by = &window->order.items[k];
            struct datum v;
            if (!eval(by->expr, f, &v))
                goto fail;
            type_sort_key(by->expr->type, &v, by->descending, by->nulls_first, &key);
        }
        rows[r].key = arena_memdup(s->arena, key.p ? key.p : "", key.n);
        rows[r].key_bytes = (uint32_t)key.n;
        rows[r].row = r;
    }
    buf_free(&key);
    if (n)
        qsort(rows, n, sizeof(*rows), compare_ordered);
    *out = rows;
    return true;
fail:
    buf_free(&key);
    return false;
}

static bool same_partition(const struct ordered *a, const struct ordered *b)
{
    return a->partition_bytes == b->partition_bytes &&
           memcmp(a->key, b->key, a->partition_bytes) == 0;
}

static bool are_peers(const struct ordered *a, const struct ordered *b)
{
    return a->key_bytes == b->key_bytes && memcmp(a->key, b->key, a->key_bytes) == 0;
}

/* Describes one partition to window_call.c: rows by position, peer groups numbered. */
static bool run_partition(struct window_state *s, uint16_t window, const struct ordered *rows,
                          size_t n)
{
    const struct node *node = s->base.node;
    struct partition part = {.state = &s->base,
                             .window = &node->window.windows[window],
                             .n = n,
                             .arena = s->arena,
                             .rows = ARENA_ARRAY(s->arena, const struct datum *, n + 1),
                             .group_of = ARENA_ARRAY(s->arena, size_t, n + 1),
                             .group_start = ARENA_ARRAY(s->arena, size_t, n + 2)};
    size_t groups = 0;
    for (size_t k = 0; k < n; k++) {
        part.rows[k] = s->input.items[rows[k].row];
        if (k == 0 || !are_peers(&rows[k - 1], &rows[k]))
            part.group_start[groups++] = k;
        part.group_of[k] = groups - 1;
    }
    part.group_start[groups] = n;
    part.n_groups = groups;
    struct datum *values = ARENA_ARRAY(s->arena, struct datum, n + 1);
    for (int c = 0; c < node->window.n_calls; c++) {
        if (node->window.calls[c]->window.window != window)
            continue;
        if (!window_call(&part, node->window.calls[c], values))
            return false;
        for (size_t k = 0; k < n; k++)
            s->results[rows[k].row * (size_t)node->window.n_calls + (size_t)c] = values[k];
    }
    return true;
}

static bool run_window(struct window_state *s, uint16_t window)
{
    struct ordered *rows;
    size_t n = s->input.n;
    if (!order_rows(s, &s->base.node->window.windows[window], &rows))
        return false;
    if (!s->order) {
        s->order = ARENA_ARRAY(s->arena, size_t, n + 1);
        for (size_t k = 0; k < n; k++)
            s->order[k] = rows[k].row;
    }
    for (size_t begin = 0; begin < n;) {
        size_t end = begin + 1;
        while (end < n && same_partition(&rows[begin], &rows[end]))
            end++;
        if (!run_partition(s, window, rows + begin, end - begin))
            return false;
        begin = end;
    }
    return true;
}

static bool window_is_used(const struct node *node, uint16_t window)
{
    for (int c = 0; c < node->window.n_calls; c++)
        if (node->window.calls[c]->window.window == window)
            return true;
    return false;
}

static bool window_load(struct window_state *s)
{
    const struct node *node = s->base.node;
    if (!load_input(s))
        return false;
    s->results = ARENA_ARRAY(s->arena, struct datum, s->input.n * (size_t)node->window.n_calls + 1);
    for (size_t w = 0; w < node->window.n_windows; w++)
        if (window_is_used(node, (uint16_t)w) && !run_window(s, (uint16_t)w))
            return false;
    s->loaded = true;
    return true;
}

static bool window_next(struct state *state, bool *found)
{
    struct window_state *s = (struct window_state *)state;
    const struct node *node = state->node;
    if (!s->loaded && !window_load(s))
        return false;
    *found = s->at < s->input.n;
    if (!*found)
        return true;
    size_t row = s->order ? s->order[s->at] : s->at;
    s->at++;
    memcpy(s->slots, s->input.items[row], sizeof(struct datum) * node->window.input.n);
    for (int c = 0; c < node->window.n_calls; c++)
        s->slots[node->window.input.n + (size_t)c] =
            s->results[row * (size_t)node->window.n_calls + (size_t)c];
    state->frame->slots = s->slots;
    return true;
}

static bool window_rewind(struct state *state)
{
    struct window_state *s = (struct window_state *)state;
    arena_reset(s->arena);
    memset(&s->input, 0, sizeof(s->input));
    s->order = NULL;
    s->at = 0;
    s->loaded = false;
    return state_rewind(state->left);
}

const struct node_ops window_ops = {.name = "WindowAgg",
                                    .state_bytes = sizeof(struct window_state),
                                    .open = window_open,
                                    .next = window_next,
                                    .rewind = window_rewind};
