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

/* ---- bundles ---- */

struct bundle {
    struct rowref rows[1];
};

static const struct datum *copy_values(struct frame *frame, struct arena *arena, uint16_t rte, const struct datum *values)
{
    const struct rte *entry = &frame->plan->query->rtes[rte];
    struct datum *copy = arena_alloc(arena, (size_t)(entry->n_columns + 1) * sizeof(*copy));
    for (int k = 0; k < entry->n_columns; k++) {
        const struct type *type = entry->columns[k].type;
        copy[k] = values[k].null || !type || type->by_value ? values[k] : datum_copy(type, arena, values[k]);
    }
    return copy;
}

struct bundle *bundle_save(struct frame *frame, struct arena *arena, const uint16_t *rtes, int n_rtes)
{
    struct rowref *rows = arena_alloc(arena, (size_t)(n_rtes + 1) * sizeof(*rows));
    for (int k = 0; k < n_rtes; k++) {
        rows[k] = frame->rows[rtes[k]];
        if (rows[k].values)
            rows[k].values = copy_values(frame, arena, rtes[k], rows[k].values);
    }
    return (struct bundle *)rows;
}

void bundle_restore(struct frame *frame, const struct bundle *bundle, const uint16_t *rtes, int n_rtes)
{
    for (int k = 0; k < n_rtes; k++)
        frame->rows[rtes[k]] = bundle->rows[k];
}

void bundle_clear(struct frame *frame, const uint16_t *rtes, int n_rtes)
{
    for (int k = 0; k < n_rtes; k++)
        frame->rows[rtes[k]] = (struct rowref){0};
}
