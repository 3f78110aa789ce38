/* hashjoin.c - hash joins: the right side's rows in a hash table by their keys, probed with the left side's.
 *
 * When memory is full while the table is filled, both sides are written to the temporary file in parts, split by the hash of their keys,
 * and the parts are joined pair by pair.  A right part that is still too much fills the table several times (passes), the left part being
 * read each time; bits tell which left rows were matched in an earlier pass, for all joins but inner ones.  Rows with a NULL in
 * their key match nothing; where they come out null-extended they go through the first part.
 *
 * `quals` are the ON conditions that the keys do not cover; WHERE conditions are filtered above. */
#include <string.h>

#include "base/map.h"
#include "exec/bundle.h"
#include "exec/partition.h"

struct kept {           /* a right row in the table */
    struct kept *chain; /* same bucket */
    struct kept *older; /* all rows, the newest first */
    uint64_t hash;
    uint32_t key_bytes;
    bool matched, has_key;
    const char *key;
    struct datum row[];
};

struct side {
    struct bundle_shape *shape;
    int n; /* columns of a bundle; the key is one more */
    struct datum *row;
    struct partitions *parts;
};

struct hash_state {
    struct state base;
    struct side left, right;
    struct arena *arena; /* the table */
    struct workspace *workspace;
    size_t counted_bytes;
    struct kept *newest;
    struct kept **buckets;
    size_t n_kept, n_buckets;
    bool loaded, have_left, left_matched, emitting_right, done;
    struct kept *chain; /* what is left to try for the current left row */
    struct kept *emit;  /* unmatched right rows: the next to look at */
    struct buf key;
    bool key_is_null;
    uint64_t key_hash;

    struct arena *parts_arena;
    struct part *parts, *part; /* to do; in work */
    size_t left_at, right_at;  /* in the part's stores */
    uint8_t *left_bits;        /* matched in an earlier pass; NULL: there is one pass only */
    bool last_pass;
};

static bool keeps_left(const struct node *node)
{
    return node->join.kind == JOIN_LEFT_ || node->join.kind == JOIN_FULL_ || node->join.anti;
}

static bool keeps_right(const struct node *node)
{
    return node->join.kind == JOIN_RIGHT_ || node->join.kind == JOIN_FULL_;
}

static void side_init(struct side *side, struct frame *f, const struct node *node)
{
    side->shape = bundle_shape_new(f, node);
    side->n = bundle_columns(side->shape);
    side->row = ARENA_ARRAY(f->exec->arena, struct datum, side->n + 1);
}

static void forget_memory(void *arg)
{
    struct hash_state *s = arg;
    workspace_hold(s->workspace, &s->counted_bytes, 0);
}

static bool hash_open(struct state *state)
{
    struct hash_state *s = (struct hash_state *)state;
    struct exec *x = state->frame->exec;
    s->arena = arena_child(x->arena, "hash join");
    s->key = BUF_IN(x->arena);
    s->workspace = exec_workspace(x);
    side_init(&s->left, state->frame, state->node->left);
    side_init(&s->right, state->frame, state->node->right);
    arena_on_free(x->arena, forget_memory, s);
    return true;
}

/* The key of the frame's current row, in s->key. */
static bool make_key(struct hash_state *s, bool right)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    s->key.n = 0;
    s->key_is_null = false;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    for (int k = 0; k < node->join.n_keys && !s->key_is_null; k++) {
        const struct join_key *key = &node->join.keys[k];
        struct datum v;
        if (!eval(right ? key->right : key->left, f, &v))
            return false;
        s->key_is_null = v.null;
        if (!v.null)
            type_hash_key(right ? key->right_type : key->left_type, &v, &s->key);
    }
    s->key_hash = s->key_is_null ? 0 : hash_bytes(s->key.p, s->key.n);
    return true;
}

/* ---- the table ---- */

static void keep(struct hash_state *s, const struct datum *row)
{
    size_t row_bytes = flat_row_bytes(row, s->right.n), key_bytes = s->key_is_null ? 0 : s->key.n;
    struct kept *kept = arena_alloc(s->arena, sizeof(*kept) + row_bytes + key_bytes);
    *kept = (struct kept){.older = s->newest,
                          .hash = s->key_hash,
                          .key_bytes = (uint32_t)key_bytes,
                          .has_key = !s->key_is_null,
                          .key = (char *)kept->row + row_bytes};
    flat_row_put(kept->row, row, s->right.n);
    if (key_bytes)
        memcpy((char *)kept->row + row_bytes, s->key.p, key_bytes);
    s->newest = kept;
    s->n_kept++;
}

static bool is_full(struct hash_state *s)
{
    size_t bytes = arena_bytes(s->arena);
    if (LIKELY(bytes == s->counted_bytes))
        return false;
    workspace_hold(s->workspace, &s->counted_bytes, bytes);
    return workspace_is_full(s->workspace, bytes);
}

static void clear_table(struct hash_state *s)
{
    arena_reset(s->arena);
    workspace_hold(s->workspace, &s->counted_bytes, arena_bytes(s->arena));
    s->newest = s->chain = NULL;
    s->buckets = NULL;
    s->n_kept = 0;
}

static void make_buckets(struct hash_state *s)
{
    s->n_buckets = 64;
    while (s->n_buckets < s->n_kept * 2)
        s->n_buckets *= 2;
    s->buckets = ARENA_ARRAY(s->arena, struct kept *, s->n_buckets);
    for (struct kept *kept = s->newest; kept; kept = kept->older) {
        if (!kept->has_key)
            continue;
        struct kept **bucket = &s->buckets[kept->hash & (s->n_buckets - 1)];
        kept->chain = *bucket;
        *bucket = kept;
    }
    is_full(s); /* counts them */
}

/* ---- both sides to parts ---- */

static bool set_aside(struct hash_state *s, struct side *side, const struct datum *row)
{
    if (!s->parts_arena)
        s->parts_arena = arena_child(s->base.frame->exec->arena, "hash join parts");
    if (!side->parts)
        side->parts = partitions_new(s->parts_arena, s->workspace, side->n + 1, 0);
    if (row != side->row)
        memcpy(side->row, row, sizeof(*row) * (size_t)side->n);
    side->row[side->n] = s->key_is_null ? datum_null() : datum_bytes(s->key.p, s->key.n);
    return partitions_add(side->parts, s->key_hash, side->row, s->base.frame->exec->err);
}

static bool table_to_parts(struct hash_state *s)
{
    for (const struct kept *kept = s->newest; kept; kept = kept->older) {
        s->key.n = 0;
        buf_append(&s->key, kept->key, kept->key_bytes);
        s->key_is_null = !kept->has_key;
        s->key_hash = kept->hash;
        if (!set_aside(s, &s->right, kept->row))
            return false;
    }
    clear_table(s);
    return true;
}

static bool left_to_parts(struct hash_state *s)
{
    struct frame *f = s->base.frame;
    for (;;) {
        bool found;
        if (!exec_breathe(f->exec) || !state_next(s->base.left, &found))
            return false;
        if (!found)
            return true;
        if (!make_key(s, false))
            return false;
        if (s->key_is_null && !keeps_left(s->base.node))
            continue;
        bundle_gather(s->left.shape, f, s->left.row);
        if (!set_aside(s, &s->left, s->left.row))
            return false;
    }
}

/* ---- loading ---- */

static bool load_right(struct hash_state *s)
{
    struct frame *f = s->base.frame;
    const struct node *node = s->base.node;
    for (;;) {
        bool found;
        if (!exec_breathe(f->exec) || !state_next(s->base.right, &found))
            return false;
        if (!found)
            return true;
        if (!make_key(s, true))
            return false;
        if (s->key_is_null && !keeps_right(node))
            continue;
        bundle_gather(s->right.shape, f, s->right.row);
        if (s->right.parts) {
            if (!set_aside(s, &s->right, s->right.row))
                return false;
            continue;
        }
        keep(s, s->right.row);
        if (is_full(s) && !table_to_parts(s))
            return false;
    }
}

static void key_of_row(struct hash_state *s, const struct datum *key)
{
    s->key.n = 0;
    s->key_is_null = key->null;
    if (!key->null)
        buf_append(&s->key, key->p, key->n);
    s->key_hash = s->key_is_null ? 0 : hash_bytes(s->key.p, s->key.n);
}

/* Fills the table from where the last pass over the right part has stopped. */
static bool load_pass(struct hash_state *s)
{
    struct exec *x = s->base.frame->exec;
    struct store *right = s->part->right, *left = s->part->left;
    size_t n = right ? store_count(right) : 0;
    clear_table(s);
    bool full = false;
    while (s->right_at < n && !full) {
        const struct datum *row;
        if (!exec_breathe(x) || !store_row(right, s->right_at++, &row, x->err))
            return false;
        key_of_row(s, &row[s->right.n]);
        keep(s, row);
        full = is_full(s);
    }
    s->last_pass = s->right_at == n;
    if (!s->last_pass && !s->left_bits && left)
        s->left_bits = arena_zalloc(s->parts_arena, store_count(left) / 8 + 1);
    s->left_at = 0;
    make_buckets(s);
    return true;
}

static void end_part(struct hash_state *s)
{
    if (s->part && s->part->left)
        store_clear(s->part->left);
    if (s->part && s->part->right)
        store_clear(s->part->right);
    s->left_bits = NULL;
    s->part = NULL;
}

static bool matters(const struct node *node, const struct part *part)
{
    return (part->left && part->right) || (part->left && keeps_left(node)) ||
           (part->right && keeps_right(node));
}

/* The next pass, or the first one of the next part; sets `done` after the last. */
static bool next_pass(struct hash_state *s)
{
    s->emitting_right = false;
    if (s->part && !s->last_pass)
        return load_pass(s);
    end_part(s);
    while (s->parts) {
        s->part = s->parts;
        s->parts = s->parts->next;
        s->right_at = 0;
        if (matters(s->base.node, s->part))
            return load_pass(s);
        end_part(s);
    }
    s->done = true;
    return true;
}

static bool hash_load(struct hash_state *s)
{
    s->loaded = true;
    if (!load_right(s))
        return false;
    if (!s->right.parts) {
        s->last_pass = true;
        s->done = !s->n_kept && !keeps_left(s->base.node); /* the left side need not be read */
        make_buckets(s);
        return true;
    }
    if (!left_to_parts(s))
        return false;
    parts_push(&s->parts, s->parts_arena, s->left.parts, s->right.parts);
    return next_pass(s);
}

/* ---- probing ---- */

static bool left_bit(const struct hash_state *s)
{
    size_t at = s->left_at - 1;
    return s->left_bits && s->left_bits[at / 8] >> at % 8 & 1;
}

static bool next_left_row(struct hash_state *s, bool *found)
{
    struct frame *f = s->base.frame;
    const struct datum *row;
    if (!s->part)
        return state_next(s->base.left, found) && (!*found || make_key(s, false));
    *found = s->part->left && s->left_at < store_count(s->part->left);
    if (!*found)
        return true;
    if (!store_row(s->part->left, s->left_at++, &row, f->exec->err))
        return false;
    bundle_restore(s->left.shape, f, row);
    key_of_row(s, &row[s->left.n]);
    return true;
}

static bool begin_left(struct hash_state *s, bool *found)
{
    if (!next_left_row(s, found))
        return false;
    if (!*found)
        return true;
    const struct node *node = s->base.node;
    s->have_left = true;
    s->left_matched = left_bit(s);
    bool decided = s->left_matched && (node->join.semi || node->join.anti);
    s->chain = s->key_is_null || decided ? NULL : s->buckets[s->key_hash & (s->n_buckets - 1)];
    return true;
}

static struct kept *candidate(struct hash_state *s)
{
    while (s->chain) {
        struct kept *kept = s->chain;
        s->chain = kept->chain;
        if (kept->hash == s->key_hash && kept->key_bytes == s->key.n &&
            memcmp(kept->key, s->key.p, s->key.n) == 0)
            return kept;
    }
    return NULL;
}

static bool passes(struct hash_state *s, bool *pass)
{
    struct frame *f = s->base.frame;
    *pass = true;
    if (!s->base.node->quals.n)
        return true;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    return eval_quals(&s->base.node->quals, f, pass);
}

static void note_match(struct hash_state *s, struct kept *kept)
{
    s->left_matched = true;
    kept->matched = true;
    if (s->left_bits)
        s->left_bits[(s->left_at - 1) / 8] |= (uint8_t)(1u << (s->left_at - 1) % 8);
}

/* The rows of the current left row, *found false when it has no more. */
static bool probe(struct hash_state *s, bool *found)
{
    const struct node *node = s->base.node;
    struct kept *kept;
    *found = false;
    while ((kept = candidate(s)) != NULL) {
        bool pass;
        bundle_restore(s->right.shape, s->base.frame, kept->row);
        if (!exec_breathe(s->base.frame->exec) || !passes(s, &pass))
            return false;
        if (!pass)
            continue;
        note_match(s, kept);
        if (node->join.anti || node->join.semi)
            s->have_left = false;
        *found = !node->join.anti;
        return true;
    }
    s->have_left = false;
    if (s->left_matched || !s->last_pass || !keeps_left(node))
        return true;
    bundle_clear(s->right.shape, s->base.frame);
    *found = true;
    return true;
}

static bool next_unmatched_right(struct hash_state *s)
{
    while (s->emit && s->emit->matched)
        s->emit = s->emit->older;
    if (!s->emit)
        return false;
    bundle_clear(s->left.shape, s->base.frame);
    bundle_restore(s->right.shape, s->base.frame, s->emit->row);
    s->emit = s->emit->older;
    return true;
}

static bool hash_next(struct state *state, bool *found)
{
    struct hash_state *s = (struct hash_state *)state;
    if (!s->loaded && !hash_load(s))
        return false;
    while (!s->done) {
        if (!exec_breathe(state->frame->exec))
            return false;
        if (s->emitting_right) {
            *found = keeps_right(state->node) && next_unmatched_right(s);
            if (*found)
                return true;
            if (!next_pass(s))
                return false;
            continue;
        }
        if (!s->have_left) {
            if (!begin_left(s, found))
                return false;
            if (!*found) {
                s->emitting_right = true;
                s->emit = s->newest;
                continue;
            }
        }
        if (!probe(s, found))
            return false;
        if (*found)
            return true;
    }
    *found = false;
    return true;
}

static bool hash_rewind(struct state *state)
{
    struct hash_state *s = (struct hash_state *)state;
    clear_table(s);
    s->part = s->parts = NULL;
    s->left.parts = s->right.parts = NULL;
    s->left_bits = NULL;
    if (s->parts_arena)
        arena_reset(s->parts_arena);
    s->loaded = s->have_left = s->done = s->emitting_right = false;
    return state_rewind(state->left) && state_rewind(state->right);
}

const struct node_ops hashjoin_ops = {.name = "Hash Join",
                                      .state_bytes = sizeof(struct hash_state),
                                      .open = hash_open,
                                      .next = hash_next,
                                      .rewind = hash_rewind};
