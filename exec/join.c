/* join.c - nested loops and hash joins.
 *
 * Both keep the right side's rows as bundles (copies of the entries it sets), unless the right side depends on the left row (LATERAL,
 * look-ups by the left row's key): then it is rewound for every left row.  Outer joins null-extend by clearing the other
 * side's entries.  Rows of the right side carry a matched flag for RIGHT and FULL joins.  `quals` are the ON conditions that the
 * hash keys do not cover; WHERE conditions are filtered above. */
#include <string.h>

#include "base/map.h"
#include "exec/exec_int.h"

/* ---- nested loop ---- */

struct kept {
    struct kept *next; /* hash chain */
    uint64_t hash;
    const struct bundle *bundle;
    const char *key;
    uint32_t key_bytes;
    bool matched;
};

struct kept_list {
    struct kept **items;
    size_t n, cap;
};

struct loop_state {
    struct state base;
    struct arena *arena;     /* kept right rows */
    struct kept_list right;
    bool loaded, have_left, left_matched, left_done;
    size_t at;
};

static const uint16_t *side_rtes(const struct node *side, int *n)
{
    *n = side->n_rtes;
    return side->rtes;
}

static void restore_side(struct frame *f, const struct node *side, const struct bundle *bundle)
{
    int n;
    const uint16_t *rtes = side_rtes(side, &n);
    if (bundle)
        bundle_restore(f, bundle, rtes, n);
    else
        bundle_clear(f, rtes, n);
}

static struct kept *keep_row(struct frame *f, const struct node *side, struct arena *arena, struct kept_list *list)
{
    struct kept *kept = ARENA_NEW(arena, struct kept);
    kept->bundle = bundle_save(f, arena, side->rtes, side->n_rtes);
    VEC_PUSH(arena, list, kept);
    return kept;
}

static bool loop_load(struct loop_state *s)
{
    struct frame *f = s->base.frame;
    bool found;
    for (;;) {
        if (!state_next(s->base.right, &found))
            return false;
        if (!found)
            break;
        keep_row(f, s->base.node->right, s->arena, &s->right);
    }
    s->loaded = true;
    return true;
}

static bool loop_open(struct state *state)
{
    struct loop_state *s = (struct loop_state *)state;
    s->arena = arena_child(state->frame->exec->arena, "nested loop");
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

/* The next right row for the current left row; *found false when there are no more. */
static bool loop_right(struct loop_state *s, bool *found, struct kept **kept)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    *kept = NULL;
    if (node->join.right_depends)
        return state_next(s->base.right, found);
    *found = s->at < s->right.n;
    if (*found) {
        *kept = s->right.items[s->at++];
        restore_side(f, node->right, (*kept)->bundle);
    }
    return true;
}

static bool loop_begin_left(struct loop_state *s, bool *found)
{
    const struct node *node = s->base.node;
    if (!state_next(s->base.left, found))
        return false;
    if (!*found)
        return true;
    s->have_left = true;
    s->left_matched = false;
    s->at = 0;
    if (node->join.right_depends)
        return state_rewind(s->base.right);
    return s->loaded || loop_load(s);
}

static bool unmatched_right(struct frame *f, const struct node *node, const struct kept_list *right, size_t *at)
{
    while (*at < right->n) {
        struct kept *kept = right->items[(*at)++];
        if (kept->matched)
            continue;
        restore_side(f, node->left, NULL);
        restore_side(f, node->right, kept->bundle);
        return true;
    }
    return false;
}

static bool loop_next(struct state *state, bool *found)
{
    struct loop_state *s = (struct loop_state *)state;
    const struct node *node = state->node;
    struct frame *f = state->frame;
    enum join_kind kind = node->join.kind;
    bool keep_right = kind == JOIN_RIGHT_ || kind == JOIN_FULL_;
    for (;;) {
        bool pass;
        struct kept *kept;
        if (s->left_done) {
            *found = keep_right && unmatched_right(f, node, &s->right, &s->at);
            return true;
        }
        if (!s->have_left) {
            if (!loop_begin_left(s, found))
                return false;
            if (!*found) {
                s->left_done = true;
                s->at = 0;
                if (keep_right && !s->loaded && !loop_load(s))
                    return false;
                continue;
            }
        }
        if (!exec_breathe(f->exec) || !loop_right(s, found, &kept))
            return false;
        if (!*found) {
            s->have_left = false;
            if (s->left_matched ? false : (kind == JOIN_LEFT_ || kind == JOIN_FULL_ || node->join.anti)) {
                restore_side(f, node->right, NULL);
                *found = true;
                return true;
            }
            continue;
        }
        if (!loop_passes(state, &pass))
            return false;
        if (!pass)
            continue;
        s->left_matched = true;
        if (kept)
            kept->matched = true;
        if (node->join.anti) {
            s->have_left = false;
            continue;
        }
        if (node->join.semi)
            s->have_left = false;
        return true;
    }
}

static bool loop_rewind(struct state *state)
{
    struct loop_state *s = (struct loop_state *)state;
    arena_reset(s->arena);
    s->right = (struct kept_list){0};
    s->loaded = s->have_left = s->left_done = false;
    s->at = 0;
    return state_rewind(state->left) && state_rewind(state->right);
}

const struct node_ops nestloop_ops = {.name = "Nested Loop",
                                      .state_bytes = sizeof(struct loop_state),
                                      .open = loop_open,
                                      .next = loop_next,
                                      .rewind = loop_rewind};

/* ---- hash join ---- */

struct hash_state {
    struct state base;
    struct arena *arena;
    struct kept_list right;
    struct kept **buckets;
    size_t n_buckets;
    bool loaded, have_left, left_matched, left_done;
    struct kept *chain; /* what is left to try for the current left row */
    struct buf key;
    uint64_t key_hash;
    size_t at;
};

static bool hash_open(struct state *state)
{
    struct hash_state *s = (struct hash_state *)state;
    s->arena = arena_child(state->frame->exec->arena, "hash join");
    s->key = BUF_IN(state->frame->exec->arena);
    return true;
}

/* *null: some key is NULL, so nothing equals this row. */
static bool make_key(struct hash_state *s, bool right, bool *null)
{
    const struct node *node = s->base.node;
    struct frame *f = s->base.frame;
    s->key.n = 0;
    *null = false;
    arena_reset(s->base.scratch);
    f->arena = s->base.scratch;
    for (int k = 0; k < node->join.n_keys; k++) {
        const struct join_key *key = &node->join.keys[k];
        struct datum v;
        if (!eval(right ? key->right : key->left, f, &v))
            return false;
        if (v.null) {
            *null = true;
            return true;
        }
        type_hash_key(right ? key->right_type : key->left_type, &v, &s->key);
    }
    return true;
}

static bool hash_load(struct hash_state *s)
{
    struct frame *f = s->base.frame;
    const struct node *node = s->base.node;
    bool found, null, keep_all = node->join.kind == JOIN_RIGHT_ || node->join.kind == JOIN_FULL_;
    for (;;) {
        if (!exec_breathe(f->exec) || !state_next(s->base.right, &found))
            return false;
        if (!found)
            break;
        if (!make_key(s, true, &null))
            return false;
        if (null && !keep_all)
            continue;
        struct kept *kept = keep_row(f, node->right, s->arena, &s->right);
        if (null)
            continue;
        kept->key_bytes = (uint32_t)s->key.n;
        kept->key = arena_memdup(s->arena, s->key.p, s->key.n);
        kept->hash = hash_bytes(s->key.p, s->key.n);
    }
    s->n_buckets = 64;
    while (s->n_buckets < s->right.n * 2)
        s->n_buckets *= 2;
    s->buckets = ARENA_ARRAY(s->arena, struct kept *, s->n_buckets);
    for (size_t k = s->right.n; k-- > 0;) {
        struct kept *kept = s->right.items[k];
        if (!kept->key)
            continue;
        struct kept **bucket = &s->buckets[kept->hash & (s->n_buckets - 1)];
        kept->next = *bucket;
        *bucket = kept;
    }
    s->loaded = true;
    return true;
}

static bool hash_begin_left(struct hash_state *s, bool *found)
{
    bool null;
    if (!s->loaded && !hash_load(s))
        return false;
    if (!state_next(s->base.left, found))
        return false;
    if (!*found)
        return true;
    s->have_left = true;
    s->left_matched = false;
    s->chain = NULL;
    if (!make_key(s, false, &null))
        return false;
    if (!null) {
        s->key_hash = hash_bytes(s->key.p, s->key.n);
        s->chain = s->buckets[s->key_hash & (s->n_buckets - 1)];
    }
    return true;
}

static struct kept *hash_candidate(struct hash_state *s)
{
    while (s->chain) {
        struct kept *kept = s->chain;
        s->chain = kept->next;
        if (kept->hash == s->key_hash && kept->key_bytes == s->key.n && memcmp(kept->key, s->key.p, s->key.n) == 0)
            return kept;
    }
    return NULL;
}

static bool hash_next(struct state *state, bool *found)
{
    struct hash_state *s = (struct hash_state *)state;
    const struct node *node = state->node;
    struct frame *f = state->frame;
    enum join_kind kind = node->join.kind;
    for (;;) {
        if (s->left_done) {
            *found = (kind == JOIN_RIGHT_ || kind == JOIN_FULL_) && unmatched_right(f, node, &s->right, &s->at);
            return true;
        }
        if (!exec_breathe(f->exec))
            return false;
        if (!s->have_left) {
            if (!hash_begin_left(s, found))
                return false;
            if (!*found) {
                s->left_done = true;
                s->at = 0;
                continue;
            }
        }
        struct kept *kept = hash_candidate(s);
        if (!kept) {
            s->have_left = false;
            if (!s->left_matched && (kind == JOIN_LEFT_ || kind == JOIN_FULL_ || node->join.anti)) {
                restore_side(f, node->right, NULL);
                *found = true;
                return true;
            }
            continue;
        }
        bool pass = true;
        restore_side(f, node->right, kept->bundle);
        if (node->quals.n) {
            arena_reset(state->scratch);
            f->arena = state->scratch;
            if (!eval_quals(&node->quals, f, &pass))
                return false;
        }
        if (!pass)
            continue;
        s->left_matched = true;
        kept->matched = true;
        if (node->join.anti) {
            s->have_left = false;
            continue;
        }
        if (node->join.semi)
            s->have_left = false;
        *found = true;
        return true;
    }
}

static bool hash_rewind(struct state *state)
{
    struct hash_state *s = (struct hash_state *)state;
    arena_reset(s->arena);
    s->right = (struct kept_list){0};
    s->buckets = NULL;
    s->loaded = s->have_left = s->left_done = false;
    s->chain = NULL;
    s->at = 0;
    return state_rewind(state->left) && state_rewind(state->right);
}

const struct node_ops hashjoin_ops = {.name = "Hash Join",
                                      .state_bytes = sizeof(struct hash_state),
                                      .open = hash_open,
                                      .next = hash_next,
                                      .rewind = hash_rewind};
