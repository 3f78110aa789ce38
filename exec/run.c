/* run.c - frames and node states: how a plan is opened, pulled, rewound and closed. */
#include <string.h>

#include "base/fiber.h"
#include "exec/exec_int.h"
#include "exec/store.h"

#define ROWS_PER_BREATH 256

bool exec_breathe(struct exec *exec)
{
    if (LIKELY(++exec->breath % ROWS_PER_BREATH != 0))
        return true;
    return fiber_breathe() || fiber_check_interrupt(exec->err);
}

struct workspace *exec_workspace(struct exec *exec)
{
    if (!exec->workspace)
        exec->workspace = workspace_new(exec->arena);
    return exec->workspace;
}

struct frame *frame_new(struct exec *exec, const struct plan *plan, struct frame *parent)
{
    struct frame *frame = ARENA_NEW(exec->arena, struct frame);
    frame->exec = exec;
    frame->plan = plan;
    frame->parent = parent;
    frame->rows = ARENA_ARRAY(exec->arena, struct rowref, plan->query->n_rtes + 1u);
    frame->out = ARENA_ARRAY(exec->arena, struct datum, plan->n_out + 1);
    frame->arena = arena_child(exec->arena, "frame");
    frame->params = parent ? parent->params : exec->params;
    return frame;
}

bool frame_open(struct frame *frame)
{
    if (!stack_check(frame->exec->err) || !cte_prepare(frame))
        return false;
    frame->root = state_open(frame->plan->root, frame);
    return frame->root != NULL;
}

bool frame_next(struct frame *frame, bool *found)
{
    return state_next(frame->root, found);
}

bool frame_rewind(struct frame *frame)
{
    if (!cte_prepare(frame))
        return false;
    return state_rewind(frame->root);
}

void frame_close(struct frame *frame)
{
    if (!frame)
        return;
    state_close(frame->root);
    frame->root = NULL;
    ctes_close(frame);
}

struct state *state_open(const struct node *node, struct frame *frame)
{
    struct arena *arena = frame->exec->arena;
    struct state *state = arena_zalloc(arena, node->ops->state_bytes);
    state->node = node;
    state->frame = frame;
    state->scratch = arena_child(arena, node->ops->name);
    if (node->left && !(state->left = state_open(node->left, frame)))
        return NULL;
    if (node->right && !(state->right = state_open(node->right, frame)))
        return NULL;
    if (node->ops->open && !node->ops->open(state))
        return NULL;
    return state;
}

bool state_rewind(struct state *state)
{
    if (state->node->ops->rewind)
        return state->node->ops->rewind(state);
    if (state->left && !state_rewind(state->left))
        return false;
    return !state->right || state_rewind(state->right);
}

void state_close(struct state *state)
{
    if (!state)
        return;
    if (state->node->ops->close)
        state->node->ops->close(state);
    state_close(state->left);
    state_close(state->right);
}
