/* join.c - nested loops.
 *
 * The right side's rows are kept as bundles (copies of the entries it sets), unless the right side depends on the left row (LATERAL,
 * look-ups by the left row's key): then it is rewound for every left row.  Outer joins null-extend by clearing the other
 * side's entries; for RIGHT and FULL joins each kept row has a bit that tells whether it was matched.  `quals` are the ON
 * conditions; WHERE conditions are filtered above. */
#include <string.h>

#include "exec/bundle.h"
#include "exec/store.h"

struct loop_state {
    struct state base;
    struct bundle_shape *left_shape, *right_shape;
    struct store *right;
    struct store_cursor *cursor;
    struct datum *bundle;
    struct arena *arena; /* of `matched` */
    uint8_t *matched;    /* RIGHT and FULL: a bit for each kept row */
    bool loaded, have_left, left_matched, left_done;
    size_t at;
};

static bool keeps_right(const struct node *node)
{
    return node->join.kind == JOIN_RIGHT_ || node->join.kind == JOIN_FULL_;
}

static bool keeps_left(const struct node *node)
{
    return node->join.kind == JOIN_LEFT_ || node->join.kind == JOIN_FULL_ || node->join.anti;
}

static bool loop_load(struct loop_state *s)
{
    struct frame *f = s->base.frame;
    for (;;) {
        bool found;
        if (!state_next(s->base.right, &found))
            return false;
        if (!found)
            break;
        bundle_gather(s->right_shape, f, s->bundle);
        if (!store_add(s->right, s->bundle, f->exec->err))
            return false;
    }
    if (keeps_right(s->base.node))
        s->matched = arena_zalloc(s->arena, store_count(s->right) / 8 + 1);
    s->loaded = true;
    return true;
}

static bool loop_open(struct state *state)
{
    struct loop_state *s = (struct loop_state *)state;
    struct exec *x = state->frame->exec;
    s->left_shape = bundle_shape_new(state->frame, state->node->left);
    s->right_shape = bundle_shape_new(state->frame, state->node->right);
    if (state->node->join.right_depends)
        return true;
    int n = bundle_columns(s->right_shape);
    s->right = store_new(x->arena, exec_workspace(x), n);
    s->cursor = store_cursor_new(s->right);
    s->bundle = ARENA_ARRAY(x->arena, struct datum, n + 1);
    s->arena = arena_child(x->arena, "nested loop");
    return true;
}

static bool loop_passes(struct state *state, bool *pass)
{
    struct frame *f = state->frame;
    *pass = true;
    if (!state->node->quals.n)
        return true;
    arena_reset(state->scratch);
    f->arena = state->scratch;
    return eval_quals(&state->node->quals, f, pass);
}

static bool restore_right(struct loop_state *s, size_t index)
{
    const struct datum *row;
    if (!store_read(s->cursor, index, &row, s->base.frame->exec->err))
        return false;
    bundle_restore(s->right_shape, s->base.frame, row);
    return true;
}

/* The next right row for the current left row; *found false when there are no more. */
static bool loop_right(struct loop_state *s, bool *found)
{
    if (s->base.node->join.right_depends)
        return state_next(s->base.right, found);
    *found = s->at < store_count(s->right);
    return !*found || restore_right(s, s->at++);
}

static bool loop_begin_left(struct loop_state *s, bool *found)
{
    if (!state_next(s->base.left, found))
        return false;
    if (!*found)
        return true;
    s->have_left = true;
    s->left_matched = false;
    s->at = 0;
    if (s->base.node->join.right_depends)
        return state_rewind(s->base.right);
    return s->loaded || loop_load(s);
}

static bool next_unmatched(struct loop_state *s, bool *found)
{
    size_t n = s->matched ? store_count(s->right) : 0;
    while (s->at < n && s->matched[s->at / 8] >> s->at % 8 & 1)
        s->at++;
    *found = s->at < n;
    if (!*found)
        return true;
    bundle_clear(s->left_shape, s->base.frame);
    return restore_right(s, s->at++);
}

static bool loop_end_left(struct loop_state *s)
{
    s->left_done = true;
    s->at = 0;
    return !keeps_right(s->base.node) || s->loaded || loop_load(s);
}

static bool loop_next(struct state *state, bool *found)
{
    struct loop_state *s = (struct loop_state *)state;
    const struct node *node = state->node;
    for (;;) {
        bool pass;
        if (s->left_done)
            return next_unmatched(s, found);
        if (!s->have_left) {
            if (!loop_begin_left(s, found))
                return false;
            if (!*found) {
                if (!loop_end_left(s))
                    return false;
                continue;
            }
        }
        if (!exec_breathe(state->frame->exec) || !loop_right(s, found))
            return false;
        if (!*found) {
            s->have_left = false;
            *found = !s->left_matched && keeps_left(node);
            if (!*found)
                continue;
            bundle_clear(s->right_shape, state->frame);
            return true;
        }
        if (!loop_passes(state, &pass))
            return false;
        if (!pass)
            continue;
        s->left_matched = true;
        if (s->matched)
            s->matched[(s->at - 1) / 8] |= (uint8_t)(1u << (s->at - 1) % 8);
        if (node->join.anti || node->join.semi)
            s->have_left = false;
        if (!node->join.anti)
            return true;
    }
}

static bool loop_rewind(struct state *state)
{
    struct loop_state *s = (struct loop_state *)state;
    if (s->right) {
        store_clear(s->right);
        arena_reset(s->arena);
    }
    s->matched = NULL;
    s->loaded = s->have_left = s->left_done = false;
    s->at = 0;
    return state_rewind(state->left) && state_rewind(state->right);
}

const struct node_ops nestloop_ops = {.name = "Nested Loop",
                                      .state_bytes = sizeof(struct loop_state),
                                      .open = loop_open,
                                      .next = loop_next,
                                      .rewind = loop_rewind};
