/* window.c - window functions: rows go through one stage for each window.
 *
 * A stage brings its rows into the window's order (unless they come so), takes them partition by partition, lets window_call.c work out its
 * calls for all rows of the partition, and hands the rows on with the results in their places.  So rows go up in the order of the last
 * window.  A row here is what frame->slots is above this node: the input expressions, then one result per call; results of later stages
 * are NULL until then.  Rows are kept in sorters and stores, which spill.
 *
 * Frames follow SQL:2011 7.15: ROWS counts rows, GROUPS peer groups, RANGE values; EXCLUDE takes rows out afterwards.  An aggregate whose
 * frame only grows is stepped along; otherwise it is undone at the front when it knows how (unstep), else run again for the row. */
#include <string.h>

#include "exec/agg.h"
#include "exec/sorter.h"
#include "exec/window_int.h"

struct stage {
    const struct window_def *window;
    uint16_t index; /* of the window */
    struct sorter *
        sorter; /* rows, then the length of the partition's part of the key; NULL: they come sorted */
    bool sorted, input_done;
    struct datum *sort_row;
    struct buf key;           /* of the next row, where there is no sorter */
    const struct datum *next; /* the first row of the next partition; NULL: not read yet */
    const void *next_key;
    size_t next_key_bytes, next_partition_bytes;
    struct buf first_key, last_key; /* of the partition; of the row read before */
    struct buf starts;
    struct partition part;
    struct store_cursor *out;
    struct store **values; /* by call; NULL: not this window's */
    struct store_cursor **value_cursors;
    size_t at; /* rows handed on */
    struct datum *row;
};

struct window_state {
    struct state base;
    struct stage *stages;
    int n_stages, width;
    struct datum *input;
};

static void stage_open(struct window_state *s, struct stage *stage, const struct window_run *run)
{
    const struct node *node = s->base.node;
    struct exec *x = s->base.frame->exec;
    stage->window = &node->window.windows[run->window];
    stage->index = run->window;
    if (run->sorts)
        stage->sorter = sorter_new(x->arena, exec_workspace(x), s->width + 1);
    stage->sort_row = ARENA_ARRAY(x->arena, struct datum, s->width + 1);
    stage->row = ARENA_ARRAY(x->arena, struct datum, s->width + 1);
    stage->key = stage->first_key = stage->last_key = stage->starts = BUF_IN(x->arena);
    stage->part = (struct partition){.state = &s->base,
                                     .window = stage->window,
                                     .arena = arena_child(x->arena, "window partition"),
                                     .rows = store_new(x->arena, exec_workspace(x), s->width)};
    stage->part.cursor = store_cursor_new(stage->part.rows);
    stage->out = store_cursor_new(stage->part.rows);
    stage->values = ARENA_ARRAY(x->arena, struct store *, node->window.n_calls);
    stage->value_cursors = ARENA_ARRAY(x->arena, struct store_cursor *, node->window.n_calls);
    for (int c = 0; c < node->window.n_calls; c++) {
        if (node->window.calls[c]->window.window != run->window)
            continue;
        stage->values[c] = store_new(x->arena, exec_workspace(x), 1);
        stage->value_cursors[c] = store_cursor_new(stage->values[c]);
    }
}

static bool window_open(struct state *state)
{
    struct window_state *s = (struct window_state *)state;
    const struct node *node = state->node;
    struct arena *arena = state->frame->exec->arena;
    s->n_stages = node->window.n_runs;
    s->width = (int)node->window.input.n + node->window.n_calls;
    s->input = ARENA_ARRAY(arena, struct datum, s->width + 1);
    s->stages = ARENA_ARRAY(arena, struct stage, s->n_stages);
    for (int k = 0; k < s->n_stages; k++)
        stage_open(s, &s->stages[k], &node->window.runs[k]);
    return true;
}

/* ---- what a stage reads ---- */

static bool stage_next(struct window_state *s, int at, const struct datum **row);

static bool read_child(struct window_state *s, const struct datum **row)
{
    struct frame *f = s->base.frame;
    const struct exprs *input = &s->base.node->window.input;
    bool found;
    *row = NULL;
    if (!exec_breathe(f->exec) || !state_next(s->base.left, &found))
        return false;
    if (!found)
        return true;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    for (size_t k = 0; k < input->n; k++)
        if (!eval(input->items[k], f, &s->input[k]))
            return false;
    for (int k = (int)input->n; k < s->width; k++)
        s->input[k] = datum_null();
    *row = s->input;
    return true;
}

static bool read_source(struct window_state *s, int at, const struct datum **row)
{
    return at == 0 ? read_child(s, row) : stage_next(s, at - 1, row);
}

/* The row's key: what it is partitioned by, then what it is ordered by. */
static bool make_key(struct window_state *s, struct stage *stage, const struct datum *row,
                     size_t *partition_bytes)
{
    struct frame *f = s->base.frame;
    const struct window_def *window = stage->window;
    struct datum v;
    stage->key.n = 0;
    f->slots = row;
    f->arena = s->base.scratch;
    for (size_t k = 0; k < window->partition.n; k++) {
        const struct expr *e = window->partition.items[k];
        if (!eval(e, f, &v))
            return false;
        type_sort_key(e->type, &v, false, false, &stage->key);
    }
    *partition_bytes = stage->key.n;
    for (size_t k = 0; k < window->order.n; k++) {
        const struct sort_key *by = &window->order.items[k];
        if (!eval(by->expr, f, &v))
            return false;
        type_sort_key(by->expr->type, &v, by->descending, by->nulls_first, &stage->key);
    }
    return true;
}

static bool sort_source(struct window_state *s, int at)
{
    struct stage *stage = &s->stages[at];
    struct err *err = s->base.frame->exec->err;
    for (;;) {
        const struct datum *row;
        size_t partition_bytes;
        if (!read_source(s, at, &row))
            return false;
        if (!row)
            break;
        if (at > 0)
            arena_reset(s->base.scratch);
        if (!make_key(s, stage, row, &partition_bytes))
            return false;
        memcpy(stage->sort_row, row, sizeof(*row) * (size_t)s->width);
        stage->sort_row[s->width] = datum_int((int64_t)partition_bytes);
        if (!sorter_add(stage->sorter, stage->key.p, stage->key.n, stage->sort_row, err))
            return false;
    }
    stage->sorted = true;
    return sorter_finish(stage->sorter, err);
}

/* The next row in window order with its key: stage->next, NULL at the end. */
static bool read_next(struct window_state *s, int at)
{
    struct stage *stage = &s->stages[at];
    if (stage->sorter) {
        if (!stage->sorted && !sort_source(s, at))
            return false;
        if (!sorter_next(stage->sorter, &stage->next, &stage->next_key, &stage->next_key_bytes,
                         s->base.frame->exec->err))
            return false;
        stage->next_partition_bytes = stage->next ? (size_t)stage->next[s->width].i : 0;
    } else {
        if (!read_source(s, at, &stage->next))
            return false;
        if (at > 0)
            arena_reset(s->base.scratch);
        if (stage->next && !make_key(s, stage, stage->next, &stage->next_partition_bytes))
            return false;
        stage->next_key = stage->key.p ? stage->key.p : "";
        stage->next_key_bytes = stage->key.n;
    }
    stage->input_done = stage->next == NULL;
    return true;
}

/* ---- partitions ---- */

static void set_key(struct buf *buf, const void *key, size_t n)
{
    buf->n = 0;
    if (n)
        buf_append(buf, key, n);
}

static bool same_key(const struct buf *buf, const void *key, size_t n)
{
    return buf->n == n && (n == 0 || memcmp(buf->p, key, n) == 0);
}

static bool add_row(struct window_state *s, struct stage *stage)
{
    size_t row = stage->part.n++;
    bool starts = row == 0 || !same_key(&stage->last_key, stage->next_key, stage->next_key_bytes);
    if (row % 8 == 0)
        buf_putc(&stage->starts, 0);
    if (starts) {
        stage->starts.p[row / 8] |= (char)(1u << row % 8);
        set_key(&stage->last_key, stage->next_key, stage->next_key_bytes);
    }
    return store_add(stage->part.rows, stage->next, s->base.frame->exec->err);
}

/* Reads rows up to the first one of another partition. */
static bool load_rows(struct window_state *s, int at)
{
    struct stage *stage = &s->stages[at];
    store_clear(stage->part.rows);
    arena_reset(stage->part.arena);
    stage->part.n = stage->at = stage->starts.n = 0;
    if (!stage->next && !stage->input_done && !read_next(s, at))
        return false;
    if (stage->next)
        set_key(&stage->first_key, stage->next_key, stage->next_partition_bytes);
    while (stage->next && same_key(&stage->first_key, stage->next_key, stage->next_partition_bytes))
        if (!exec_breathe(s->base.frame->exec) || !add_row(s, stage) || !read_next(s, at))
            return false;
    stage->part.starts = (const uint8_t *)stage->starts.p;
    return true;
}

static bool run_calls(struct window_state *s, struct stage *stage)
{
    for (int c = 0; c < s->base.node->window.n_calls; c++) {
        if (!stage->values[c])
            continue;
        store_clear(stage->values[c]);
        if (!window_call(&stage->part, s->base.node->window.calls[c], stage->values[c]))
            return false;
    }
    return true;
}

/* The next row with the results of this stage and those before it; *row NULL at the end. */
static bool stage_next(struct window_state *s, int at, const struct datum **row)
{
    struct stage *stage = &s->stages[at];
    const struct node *node = s->base.node;
    struct err *err = s->base.frame->exec->err;
    const struct datum *kept, *value;
    *row = NULL;
    if (stage->at == stage->part.n) {
        if (!load_rows(s, at))
            return false;
        if (!stage->part.n)
            return true;
        if (!run_calls(s, stage))
            return false;
    }
    if (!store_read(stage->out, stage->at, &kept, err))
        return false;
    memcpy(stage->row, kept, sizeof(*kept) * (size_t)s->width);
    for (int c = 0; c < node->window.n_calls; c++) {
        if (!stage->values[c])
            continue;
        if (!store_read(stage->value_cursors[c], stage->at, &value, err))
            return false;
        stage->row[node->window.input.n + (size_t)c] = *value;
    }
    stage->at++;
    *row = stage->row;
    return true;
}

static bool window_next(struct state *state, bool *found)
{
    struct window_state *s = (struct window_state *)state;
    const struct datum *row;
    if (!exec_breathe(state->frame->exec) || !stage_next(s, s->n_stages - 1, &row))
        return false;
    *found = row != NULL;
    state->frame->slots = row;
    return true;
}

static bool window_rewind(struct state *state)
{
    struct window_state *s = (struct window_state *)state;
    for (int k = 0; k < s->n_stages; k++) {
        struct stage *stage = &s->stages[k];
        if (stage->sorter)
            sorter_clear(stage->sorter);
        store_clear(stage->part.rows);
        stage->sorted = stage->input_done = false;
        stage->next = NULL;
        stage->part.n = stage->at = 0;
    }
    return state_rewind(state->left);
}

const struct node_ops window_ops = {.name = "WindowAgg",
                                    .state_bytes = sizeof(struct window_state),
                                    .open = window_open,
                                    .next = window_next,
                                    .rewind = window_rewind};
