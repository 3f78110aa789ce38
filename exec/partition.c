/* partition.c - see partition.h.  The keymap uses the low bits of a hash, partitions the high ones, from the top. */
#include "exec/partition.h"

#include <string.h>

#include "exec/keymap.h"

struct partitions *partitions_new(struct arena *arena, struct workspace *workspace, int n_columns,
                                  int level)
{
    struct partitions *partitions = ARENA_NEW(arena, struct partitions);
    partitions->arena = arena;
    partitions->workspace = workspace;
    partitions->n_columns = n_columns;
    partitions->level = level;
    return partitions;
}

bool partitions_add(struct partitions *partitions, uint64_t hash, const struct datum *row,
                    struct err *err)
{
    struct store **store = &partitions->stores[partition_of(hash, partitions->level)];
    if (!*store) {
        *store = store_new(partitions->arena, partitions->workspace, partitions->n_columns);
        store_keep_little(*store);
    }
    return store_add(*store, row, err);
}

void parts_push(struct part **list, struct arena *arena, const struct partitions *left,
                const struct partitions *right)
{
    for (int k = 0; k < PARTITIONS; k++) {
        struct store *l = left ? left->stores[k] : NULL, *r = right ? right->stores[k] : NULL;
        if (!l && !r)
            continue;
        struct part *part = ARENA_NEW(arena, struct part);
        *part = (struct part){
            .next = *list, .left = l, .right = r, .level = (left ? left : right)->level + 1};
        *list = part;
    }
}

/* ---- dedup ---- */

struct dedup {
    struct arena *arena;
    struct workspace *workspace;
    int n_columns;
    struct keymap *seen;
    size_t counted_bytes;
    bool full;
    int level;
    struct partitions *aside;
    struct part *parts;
    struct store *reading; /* a part */
    size_t at;
    struct datum *aside_row; /* columns, then the key */
};

static void forget_memory(void *arg)
{
    struct dedup *d = arg;
    workspace_hold(d->workspace, &d->counted_bytes, 0);
}

struct dedup *dedup_new(struct arena *arena, struct workspace *workspace, int n_columns)
{
    struct dedup *d = ARENA_NEW(arena, struct dedup);
    d->arena = arena_child(arena, "dedup");
    d->workspace = workspace;
    d->n_columns = n_columns;
    d->seen = keymap_new(arena, 0);
    d->aside_row = ARENA_ARRAY(arena, struct datum, n_columns + 1);
    arena_on_free(arena, forget_memory, d);
    return d;
}

static bool set_aside(struct dedup *d, uint64_t hash, const void *key, size_t key_bytes,
                      const struct datum *row, struct err *err)
{
    if (!d->aside)
        d->aside = partitions_new(d->arena, d->workspace, d->n_columns + 1, d->level);
    memcpy(d->aside_row, row, sizeof(*row) * (size_t)d->n_columns);
    d->aside_row[d->n_columns] = datum_bytes(key, key_bytes);
    return partitions_add(d->aside, hash, d->aside_row, err);
}

bool dedup_offer(struct dedup *d, const void *key, size_t key_bytes, const struct datum *row,
                 bool *is_new, struct err *err)
{
    uint64_t hash = hash_bytes(key, key_bytes);
    *is_new = false;
    if (keymap_get(d->seen, key, key_bytes, hash))
        return true;
    if (d->full)
        return set_aside(d, hash, key, key_bytes, row, err);
    keymap_add(d->seen, key, key_bytes, hash);
    size_t bytes = keymap_bytes(d->seen);
    if (UNLIKELY(bytes != d->counted_bytes)) {
        workspace_hold(d->workspace, &d->counted_bytes, bytes);
        d->full = workspace_is_full(d->workspace, bytes) && d->level < PARTITION_LEVELS;
    }
    *is_new = true;
    return true;
}

static void forget_keys(struct dedup *d)
{
    keymap_clear(d->seen);
    workspace_hold(d->workspace, &d->counted_bytes, keymap_bytes(d->seen));
    d->full = false;
}

/* False when nothing is left. */
static bool next_part(struct dedup *d)
{
    if (d->reading)
        store_clear(d->reading);
    d->reading = NULL;
    if (d->aside)
        parts_push(&d->parts, d->arena, d->aside, NULL);
    d->aside = NULL;
    struct part *part = d->parts;
    if (!part)
        return false;
    d->parts = part->next;
    d->reading = part->left;
    d->level = part->level;
    d->at = 0;
    forget_keys(d);
    return true;
}

bool dedup_next(struct dedup *d, const struct datum **row, struct err *err)
{
    for (;;) {
        bool is_new;
        *row = NULL;
        if (!d->reading || d->at == store_count(d->reading)) {
            if (!next_part(d))
                return true;
            continue;
        }
        if (!store_row(d->reading, d->at++, row, err))
            return false;
        const struct datum *key = &(*row)[d->n_columns];
        if (!dedup_offer(d, key->p, key->n, *row, &is_new, err))
            return false;
        if (is_new)
            return true;
    }
}

void dedup_clear(struct dedup *d)
{
    forget_keys(d);
    arena_reset(d->arena);
    d->aside = NULL;
    d->parts = NULL;
    d->reading = NULL;
    d->level = 0;
}
