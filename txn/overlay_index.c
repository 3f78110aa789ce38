/* overlay_index.c - finding a transaction's own rows by the values of some columns.
 *
 * A statement like INSERT into a table with a primary key asks for each row whether the key is there already; without an
 * index each question would read all rows inserted so far.  So the first equality look-up in a part with many rows builds a hash
 * on its columns, and later changes keep it up.  Entries are added in log order and undone from the end; undoing past the
 * moment of building drops the index.  Candidates are only that: the reader checks visibility and its conditions. */
#include <stdlib.h>
#include <string.h>

#include "txn/overlay.h"

#define INDEXES_MAX 6
#define NO_ENTRY UINT32_MAX

struct eq_entry {
    uint64_t hash;
    struct version *version;
    uint32_t next;
};
struct eq_index {
    struct eq_index *next;
    int16_t attnums[EQ_ATTNUMS_MAX];
    uint16_t n;
    uint64_t generation; /* of the relation */
    size_t built_at;     /* length of the log */
    size_t
        n_seen; /* rows of the part that are in; temporary tables' stores are caught up with when asked */
    uint32_t *buckets, n_buckets;
    struct eq_entry *entries;
    uint32_t n_entries, cap_entries;
};

bool eq_hash(const struct relation *relation, const int16_t *attnums, uint16_t n,
             const struct datum *values, struct buf *scratch, uint64_t *hash)
{
    scratch->n = 0;
    for (uint16_t k = 0; k < n; k++) {
        const struct datum *value = &values[attnums[k] - 1];
        if (value->null)
            return false;
        layout_key(relation->columns[attnums[k] - 1].type, value, scratch);
    }
    *hash = hash_bytes(scratch->p, scratch->n);
    return true;
}

/* The low bits of a shard key's hash say its slot, so the keys of one shard share some of them: others choose the bucket. */
static uint32_t *bucket_of(const struct eq_index *index, uint64_t hash)
{
    return &index->buckets[(hash >> 16) & (index->n_buckets - 1)];
}

static void rehash(struct eq_index *index)
{
    free(index->buckets);
    index->n_buckets = MAX(64u, index->cap_entries);
    index->buckets = malloc(index->n_buckets * sizeof(*index->buckets));
    ASSERT(index->buckets != NULL);
    memset(index->buckets, 0xff, index->n_buckets * sizeof(*index->buckets));
    for (uint32_t k = 0; k < index->n_entries; k++) {
        uint32_t *bucket = bucket_of(index, index->entries[k].hash);
        index->entries[k].next = *bucket;
        *bucket = k;
    }
}

static void entry_add(struct eq_index *index, uint64_t hash, struct version *version)
{
    if (index->n_entries == index->cap_entries) {
        index->cap_entries = MAX(64u, index->cap_entries * 2);
        index->entries = realloc(index->entries, index->cap_entries * sizeof(*index->entries));
        ASSERT(index->entries != NULL);
        rehash(index);
    }
    uint32_t *bucket = bucket_of(index, hash);
    index->entries[index->n_entries] = (struct eq_entry){hash, version, *bucket};
    *bucket = index->n_entries++;
}

static void index_free(struct eq_index *index)
{
    free(index->buckets);
    free(index->entries);
    free(index);
}

void part_index_drop(struct overlay_part *part)
{
    struct eq_index *next;
    for (struct eq_index *index = part->indexes; index; index = next) {
        next = index->next;
        index_free(index);
    }
    part->indexes = NULL;
}

static bool index_build(struct eq_index *index, struct overlay_part *part,
                        const struct relation *relation, struct type_io *io)
{
    struct buf scratch = {0};
    if (index->n_seen == part->n_order)
        return true;
    struct arena *arena = arena_child(io->arena, "index build");
    struct type_io own = *io;
    own.arena = arena;
    struct datum *values = ARENA_ARRAY(io->arena, struct datum, relation->n_columns + 1u);
    uint8_t *columns = ARENA_ARRAY(io->arena, uint8_t, relation->n_columns / 8u + 1u);
    bool ok = true;
    for (uint16_t k = 0; k < index->n; k++)
        columns[(index->attnums[k] - 1) / 8] |= (uint8_t)(1u << ((index->attnums[k] - 1) % 8));
    for (; ok && index->n_seen < part->n_order; index->n_seen++) {
        const struct version *first = part->rows[index->n_seen];
        struct version *version = first ? overlay_newest(part, first->rid, NULL, 0) : NULL;
        for (; ok && version; version = version->older) {
            uint64_t hash;
            struct image image = version_image(version);
            if (version->kind != VERSION_LIVE)
                continue;
            arena_reset(arena);
            ok = layout_decode(part->table->layouts[version->layout], relation, &own, &image,
                               columns, values);
            if (ok && eq_hash(relation, index->attnums, index->n, values, &scratch, &hash))
                entry_add(index, hash, version);
        }
    }
    arena_free(arena);
    buf_free(&scratch);
    return ok;
}

struct eq_index *part_index(struct overlay *overlay, struct overlay_part *part,
                            const struct relation *relation, const int16_t *attnums, uint16_t n,
                            struct type_io *io)
{
    uint32_t n_indexes = 0;
    for (struct eq_index *index = part->indexes; index; index = index->next, n_indexes++) {
        if (index->generation != relation->generation) {
            part_index_drop(part);
            n_indexes = 0;
            break;
        }
        if (index->n == n && memcmp(index->attnums, attnums, n * sizeof(*attnums)) == 0)
            return !overlay->base || index_build(index, part, relation, io) ? index : NULL;
    }
    if (n_indexes == INDEXES_MAX)
        return NULL;
    struct eq_index *index = calloc(1, sizeof(*index));
    ASSERT(index != NULL);
    memcpy(index->attnums, attnums, n * sizeof(*attnums));
    index->n = n;
    index->generation = relation->generation;
    index->built_at = overlay->n_log;
    rehash(index);
    if (!index_build(index, part, relation, io)) {
        index_free(index);
        return NULL;
    }
    index->next = part->indexes;
    part->indexes = index;
    return index;
}

struct version *part_index_next(const struct eq_index *index, uint64_t hash, uint32_t *at)
{
    uint32_t k = *at == EQ_START ? *bucket_of(index, hash) : *at;
    while (k != NO_ENTRY && index->entries[k].hash != hash)
        k = index->entries[k].next;
    if (k == NO_ENTRY) {
        *at = NO_ENTRY;
        return NULL;
    }
    *at = index->entries[k].next;
    return index->entries[k].version;
}

void part_index_add(struct overlay *overlay, struct overlay_part *part,
                    const struct relation *relation, const struct datum *values,
                    struct version *version, struct buf *scratch)
{
    uint64_t hash;
    if (part->indexes && part->indexes->generation != relation->generation)
        part_index_drop(part);
    for (struct eq_index *index = part->indexes; index; index = index->next)
        if (eq_hash(relation, index->attnums, index->n, values, scratch, &hash))
            entry_add(index, hash, version);
}

void part_index_undo(struct overlay_part *part, const struct version *version, size_t n_log)
{
    for (struct eq_index **at = &part->indexes; *at;) {
        struct eq_index *index = *at;
        if (n_log < index->built_at) {
            *at = index->next;
            index_free(index);
            continue;
        }
        if (index->n_entries && index->entries[index->n_entries - 1].version == version) {
            struct eq_entry *entry = &index->entries[--index->n_entries];
            *bucket_of(index, entry->hash) = entry->next;
        }
        at = &index->next;
    }
}
