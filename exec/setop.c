/* setop.c - UNION, INTERSECT, EXCEPT: a tree whose leaves are planned queries.
 *
 * UNION ALL streams its sides one after the other.  The others work on keys: UNION passes the first row of each key; INTERSECT and
 * EXCEPT count the right side's keys first, then walk the left side (ALL uses up counts, without ALL each key comes out once). */
#include "base/map.h"
#include "exec/exec_int.h"

struct side { /* one node of the tree at work */
    const struct setop *op;
    struct side *left, *right;
    struct frame *frame; /* leaf */
    bool opened, on_right, counted;
    struct map *keys;    /* UNION: seen; others: struct count by key */
    struct arena *arena;
    struct buf key;
    struct datum *row;   /* the current row */
};

struct count {
    uint64_t right;
    bool given;
};

struct setop_state {
    struct state base;
    struct side *root;
    int next_leaf;
};

static void side_close(void *arg)
{
    struct side *side = arg;
    map_free(side->keys);
    side->keys = NULL;
    buf_free(&side->key);
    if (side->opened)
        frame_close(side->frame);
    side->opened = false;
}

static struct side *side_new(struct setop_state *s, const struct setop *op)
{
    struct frame *f = s->base.frame;
    struct arena *arena = f->exec->arena;
    struct side *side = ARENA_NEW(arena, struct side);
    side->op = op;
    side->row = ARENA_ARRAY(arena, struct datum, s->base.node->setop.n_columns + 1);
    arena_on_free(arena, side_close, side);
    if (op->query) {
        side->frame = frame_new(f->exec, s->base.node->setop.leaves[s->next_leaf++], f);
        return side;
    }
    side->arena = arena_child(arena, "set operation");
    side->left = side_new(s, op->left);
    side->right = side_new(s, op->right);
    return side;
}

static bool setop_open(struct state *state)
{
    struct setop_state *s = (struct setop_state *)state;
    s->root = side_new(s, state->node->setop.tree);
    return true;
}

static bool side_next(struct setop_state *s, struct side *side, bool *found);

static bool leaf_next(struct side *side, bool *found)
{
    if (!side->opened) {
        side->opened = true;
        if (!frame_open(side->frame))
            return false;
    }
    if (!frame_next(side->frame, found))
        return false;
    const struct plan *plan = side->frame->plan;
    if (*found)
        for (int k = 0; k < plan->n_visible; k++)
            side->row[k] = side->frame->out[plan->visible[k]];
    return true;
}

static void take_row(struct setop_state *s, struct side *side, const struct side *from)
{
    for (int k = 0; k < s->base.node->setop.n_columns; k++)
        side->row[k] = from->row[k];
}

static void row_key(struct setop_state *s, struct side *side, const struct datum *row)
{
    side->key.n = 0;
    for (int k = 0; k < s->base.node->setop.n_columns; k++)
        type_sort_key(s->base.node->setop.types[k], &row[k], false, false, &side->key);
    buf_putc(&side->key, 0);
}

static bool union_next(struct setop_state *s, struct side *side, bool *found)
{
    for (;;) {
        struct side *from = side->on_right ? side->right : side->left;
        if (!exec_breathe(s->base.frame->exec) || !side_next(s, from, found))
            return false;
        if (!*found) {
            if (side->on_right)
                return true;
            side->on_right = true;
            continue;
        }
        take_row(s, side, from);
        if (side->op->all)
            return true;
        row_key(s, side, side->row);
        if (!side->keys)
            side->keys = map_new();
        if (!map_put(side->keys, side->key.p, side->key.n, side))
            return true;
    }
}

static struct count *count_of(struct side *side)
{
    struct count *count = map_get(side->keys, side->key.p, side->key.n);
    if (!count) {
        count = ARENA_NEW(side->arena, struct count);
        map_put(side->keys, side->key.p, side->key.n, count);
    }
    return count;
}

static bool count_right(struct setop_state *s, struct side *side)
{
    side->keys = map_new();
    for (;;) {
        bool found;
        if (!exec_breathe(s->base.frame->exec) || !side_next(s, side->right, &found))
            return false;
        if (!found)
            break;
        row_key(s, side, side->right->row);
        count_of(side)->right++;
    }
    side->counted = true;
    return true;
}

/* Does a left row with this key come out? */
static bool passes(const struct setop *op, struct count *count)
{
    bool except = op->kind == SETOP_EXCEPT;
    if (op->all) {
        if (!count->right)
            return except;
        count->right--;
        return !except;
    }
    bool wanted = !count->given && (count->right != 0) != except;
    count->given = true;
    return wanted;
}

static bool counted_next(struct setop_state *s, struct side *side, bool *found)
{
    if (!side->counted && !count_right(s, side))
        return false;
    for (;;) {
        if (!exec_breathe(s->base.frame->exec) || !side_next(s, side->left, found))
            return false;
        if (!*found)
            return true;
        row_key(s, side, side->left->row);
        if (passes(side->op, count_of(side))) {
            take_row(s, side, side->left);
            return true;
        }
    }
}

static bool side_next(struct setop_state *s, struct side *side, bool *found)
{
    if (side->op->query)
        return leaf_next(side, found);
    return side->op->kind == SETOP_UNION ? union_next(s, side, found) : counted_next(s, side, found);
}

static bool setop_next(struct state *state, bool *found)
{
    struct setop_state *s = (struct setop_state *)state;
    if (!side_next(s, s->root, found))
        return false;
    state->frame->slots = s->root->row;
    return true;
}

static bool side_rewind(struct side *side)
{
    map_free(side->keys);
    side->keys = NULL;
    side->on_right = side->counted = false;
    if (side->op->query)
        return !side->opened || frame_rewind(side->frame);
    arena_reset(side->arena);
    return side_rewind(side->left) && side_rewind(side->right);
}

static bool setop_rewind(struct state *state)
{
    return side_rewind(((struct setop_state *)state)->root);
}

const struct node_ops setop_ops = {.name = "SetOp",
                                   .state_bytes = sizeof(struct setop_state),
                                   .open = setop_open,
                                   .next = setop_next,
                                   .rewind = setop_rewind};
