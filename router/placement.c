/* placement.c - see placement.h. */
#include "router/placement.h"

#include <string.h>

#include "base/map.h"
#include "router/strategy.h"

static uint32_t hash_slot(const struct relation *relation, const struct datum *const *key)
{
    char inline_bytes[256];
    struct buf bytes = {.p = inline_bytes, .cap = sizeof(inline_bytes)};
    struct arena *spill = arena_new("shard key");
    bytes.arena = spill; /* growth copies into the arena */
    for (uint16_t k = 0; k < relation->n_shard_key; k++) {
        if (key[k]->null)
            buf_putc(&bytes, 0);
        else
            type_hash_key(relation->columns[relation->shard_key[k] - 1].type, key[k], &bytes);
    }
    uint32_t slot = (uint32_t)(hash_bytes(bytes.p, bytes.n) % N_SLOTS);
    arena_free(spill);
    return slot;
}

static const struct strategy strategies[] = {
    {"hash", hash_slot},
};

const struct strategy *strategy_find(const char *name)
{
    for (size_t k = 0; k < ARRAY_COUNT(strategies); k++)
        if (strcmp(strategies[k].name, name) == 0)
            return &strategies[k];
    return NULL;
}

uint32_t placement_slot(const struct relation *relation, const struct datum *const *key)
{
    const struct strategy *strategy = relation->strategy ? strategy_find(relation->strategy) : NULL;
    return strategy ? strategy->slot(relation, key) : hash_slot(relation, key);
}

uint32_t placement_of_key(const struct catalog *catalog, const struct relation *relation,
                          const struct datum *const *key)
{
    return catalog_slot_shard(catalog, placement_slot(relation, key));
}

#define MAX_SHARD_KEY 32

uint32_t placement_of_row(const struct catalog *catalog, const struct relation *relation,
                          const struct datum *values, uint64_t sequence)
{
    const struct datum *key[MAX_SHARD_KEY];
    switch (relation->distribution) {
    case DIST_SHARDED:
        ASSERT(relation->n_shard_key <= MAX_SHARD_KEY);
        for (uint16_t k = 0; k < relation->n_shard_key; k++)
            key[k] = &values[relation->shard_key[k] - 1];
        return placement_of_key(catalog, relation, key);
    case DIST_ROW:
        return catalog_slot_shard(catalog, (uint32_t)(hash_u64(sequence) % N_SLOTS));
    case DIST_LOCAL:
        return relation->local_shard;
    case DIST_REFERENCE:
    case DIST_TEMP:
    case DIST_SYSTEM:
        break;
    }
    return 0;
}

static bool is_whole_on_one(const struct relation *relation)
{
    return relation->distribution != DIST_SHARDED && relation->distribution != DIST_ROW;
}

uint32_t *placement_all(const struct catalog *catalog, const struct relation *relation,
                        struct arena *arena, uint32_t *n)
{
    bool one = is_whole_on_one(relation);
    *n = one ? 1 : catalog_n_shards(catalog);
    uint32_t *shards = ARENA_ARRAY(arena, uint32_t, *n + 1);
    for (uint32_t k = 0; k < *n; k++)
        shards[k] = one ? placement_of_row(catalog, relation, NULL, 0) : k;
    return shards;
}
