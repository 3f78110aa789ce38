/* setop.c - UNION, INTERSECT, EXCEPT: a tree whose leaves are planned queries.
 *
 * UNION ALL streams its sides one after the other.  The others work on keys: UNION passes the first row of each key; INTERSECT and
 * EXCEPT count the right side's keys first, then walk the left side (ALL uses up counts, without ALL each key comes out once).
 *
 * When memory is full no key is added any more.  Rows of either side with keys that are not there are set aside, split by hash, and pairs of
 * such parts are worked on afterwards in the same way. */
#include <string.h>

#include "exec/exec_int.h"
#include "exec/keymap.h"
#include "exec/partition.h"

struct side { /* one node of the tree at work */
    const struct setop *op;
    struct side *left, *right;
    struct frame *frame; /* leaf */
    bool opened, on_right, counted, done;
    struct arena *arena; /* what was set aside */
    struct buf key;
    struct datum *row;     /* the current row; the key behind it when it is set aside */
    struct dedup *seen;    /* UNION */
    struct keymap *counts; /* the others: struct count by key */
    size_t counted_bytes;
    bool full;
    int level;
    struct partitions *left_aside, *right_aside;
    struct part *parts, *part; /* to do; in work.  NULL: the sides themselves */
    size_t at;                 /* in a part's store */
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

static void side_close(struct side *side)
{
    if (!side)
        return;
    if (side->opened)
        frame_close(side->frame);
    side->opened = false;
    side_close(side->left);
    side_close(side->right);
}

static struct side *side_new(struct setop_state *s, const struct setop *op)
{
    struct frame *f = s->base.frame;
    struct exec *x = f->exec;
    int n = s->base.node->setop.n_columns;
    struct side *side = ARENA_NEW(x->arena, struct side);
    side->op = op;
    side->row = ARENA_ARRAY(x->arena, struct datum, n + 1);
    side->key = BUF_IN(x->arena);
    if (op->query) {
        side->frame = frame_new(x, s->base.node->setop.leaves[s->next_leaf++], f);
        return side;
    }
    if (op->kind != SETOP_UNION) {
        side->arena = arena_child(x->arena, "set operation");
        side->counts = keymap_new(x->arena, sizeof(struct count));
    } else if (!op->all) {
        side->seen = dedup_new(x->arena, exec_workspace(x), n);
    }
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

static void setop_close(struct state *state)
{
    side_close(((struct setop_state *)state)->root);
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

static void row_from_store(struct setop_state *s, struct side *side, const struct datum *row)
{
    memcpy(side->row, row, sizeof(*row) * (size_t)s->base.node->setop.n_columns);
}

static bool union_next(struct setop_state *s, struct side *side, bool *found)
{
    struct exec *x = s->base.frame->exec;
    for (;;) {
        struct side *from = side->on_right ? side->right : side->left;
        bool is_new;
        if (!exec_breathe(x) || !side_next(s, from, found))
            return false;
        if (!*found) {
            if (side->on_right)
                break;
            side->on_right = true;
            continue;
        }
        take_row(s, side, from);
        if (side->op->all)
            return true;
        row_key(s, side, side->row);
        if (!dedup_offer(side->seen, side->key.p, side->key.n, side->row, &is_new, x->err))
            return false;
        if (is_new)
            return true;
    }
    const struct datum *row = NULL;
    if (side->seen && !dedup_next(side->seen, &row, x->err))
        return false;
    *found = row != NULL;
    if (row)
        row_from_store(s, side, row);
    return true;
}

/* ---- INTERSECT, EXCEPT ---- */

static struct count *add_count(struct setop_state *s, struct side *side, uint64_t hash)
{
    struct workspace *workspace = exec_workspace(s->base.frame->exec);
    struct count *count = keymap_add(side->counts, side->key.p, side->key.n, hash);
    size_t bytes = keymap_bytes(side->counts);
    if (bytes != side->counted_bytes) {
        workspace_hold(workspace, &side->counted_bytes, bytes);
        side->full = workspace_is_full(workspace, bytes) && side->level < PARTITION_LEVELS;
    }
    return count;
}

static bool set_aside(struct setop_state *s, struct side *side, struct partitions **aside,
                      uint64_t hash)
{
    struct exec *x = s->base.frame->exec;
    int n = s->base.node->setop.n_columns;
    if (!*aside)
        *aside = partitions_new(side->arena, exec_workspace(x), n, side->level);
    return partitions_add(*aside, hash, side->row, x->err);
}

/* The next row of a side, or of the part of it that is in work, in side->row. */
static bool input_next(struct setop_state *s, struct side *side, bool right, bool *found)
{
    if (!exec_breathe(s->base.frame->exec))
        return false;
    if (!side->part) {
        struct side *from = right ? side->right : side->left;
        if (!side_next(s, from, found))
            return false;
        if (*found)
            take_row(s, side, from);
        return true;
    }
    struct store *store = right ? side->part->right : side->part->left;
    const struct datum *row;
    *found = store && side->at < store_count(store);
    if (!*found) {
        side->at = 0;
        if (store)
            store_clear(store);
        return true;
    }
    if (!store_row(store, side->at++, &row, s->base.frame->exec->err))
        return false;
    row_from_store(s, side, row);
    return true;
}

static bool count_right(struct setop_state *s, struct side *side)
{
    for (;;) {
        bool found;
        if (!input_next(s, side, true, &found))
            return false;
        if (!found)
            break;
        row_key(s, side, side->row);
        uint64_t hash = hash_bytes(side->key.p, side->key.n);
        struct count *count = keymap_get(side->counts, side->key.p, side->key.n, hash);
        if (!count && side->full) {
            if (!set_aside(s, side, &side->right_aside, hash))
                return false;
            continue;
        }
        if (!count)
            count = add_count(s, side, hash);
        count->right++;
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

/* The row in side->row is on the left. */
static bool look_up_left(struct setop_state *s, struct side *side, bool *wanted)
{
    *wanted = false;
    row_key(s, side, side->row);
    uint64_t hash = hash_bytes(side->key.p, side->key.n);
    struct count *count = keymap_get(side->counts, side->key.p, side->key.n, hash);
    if (!count && (side->full || side->right_aside))
        return set_aside(s, side, &side->left_aside, hash);
    if (!count && side->op->kind == SETOP_EXCEPT && !side->op->all)
        count = add_count(s, side, hash);
    *wanted = count ? passes(side->op, count) : side->op->kind == SETOP_EXCEPT;
    return true;
}

static bool next_pair(struct side *side)
{
    parts_push(&side->parts, side->arena, side->left_aside, side->right_aside);
    side->left_aside = side->right_aside = NULL;
    for (; (side->part = side->parts) != NULL && !side->part->left; side->parts = side->part->next)
        store_clear(side->part->right); /* nothing to compare with */
    if (!side->part)
        return false;
    side->parts = side->part->next;
    side->level = side->part->level;
    side->at = 0;
    side->counted = side->full = false;
    keymap_clear(side->counts);
    return true;
}

static bool counted_next(struct setop_state *s, struct side *side, bool *found)
{
    *found = false;
    while (!side->done) {
        bool wanted;
        if (!side->counted && !count_right(s, side))
            return false;
        if (!input_next(s, side, false, found))
            return false;
        if (!*found) {
            side->done = !next_pair(side);
            if (side->done)
                return true;
            continue;
        }
        if (!look_up_left(s, side, &wanted))
            return false;
        if (wanted)
            return true;
    }
    return true;
}

static bool side_next(struct setop_state *s, struct side *side, bool *found)
{
    if (side->op->query)
        return leaf_next(side, found);
    return side->op->kind == SETOP_UNION ? union_next(s, side, found)
                                         : counted_next(s, side, found);
}

static bool setop_next(struct state *state, bool *found)
{
    struct setop_state *s = (struct setop_state *)state;
    if (!side_next(s, s->root, found))
        return false;
    state->frame->slots = s->root->row;
    return true;
}

static bool side_rewind(struct setop_state *s, struct side *side)
{
    side->on_right = side->counted = side->full = side->done = false;
    if (side->op->query)
        return !side->opened || frame_rewind(side->frame);
    if (side->seen)
        dedup_clear(side->seen);
    if (side->counts) {
        keymap_clear(side->counts);
        workspace_hold(exec_workspace(s->base.frame->exec), &side->counted_bytes,
                       keymap_bytes(side->counts));
        arena_reset(side->arena);
        side->left_aside = side->right_aside = NULL;
        side->parts = side->part = NULL;
        side->level = 0;
    }
    return side_rewind(s, side->left) && side_rewind(s, side->right);
}

static bool setop_rewind(struct state *state)
{
    struct setop_state *s = (struct setop_state *)state;
    return side_rewind(s, s->root);
}

const struct node_ops setop_ops = {.name = "SetOp",
                                   .state_bytes = sizeof(struct setop_state),
                                   .open = setop_open,
                                   .next = setop_next,
                                   .rewind = setop_rewind,
                                   .close = setop_close};
