/* placement.h - which shard holds a row: shard key -> strategy -> slot -> shard.
 *
 * Deterministic: equal keys give equal shards, whatever integer or text type they came as, on every machine and
 * version (xxHash64 of type_hash_key, see docs/storage.md). */
#ifndef SHARDLITE_ROUTER_PLACEMENT_H
#define SHARDLITE_ROUTER_PLACEMENT_H

#include "catalog/catalog.h"

#define N_SLOTS 4096

/* The slot of shard key values (n_shard_key of them, in key order; NULLs are keys like others). */
uint32_t placement_slot(const struct relation *relation, const struct datum *const *key);
/* The shard that holds a row of a DIST_SHARDED relation with that key. */
uint32_t placement_of_key(const struct catalog *catalog, const struct relation *relation,
                          const struct datum *const *key);
/* The shard for a new row: by its key; DIST_ROW spreads by `sequence`, any number that differs from row to row. */
uint32_t placement_of_row(const struct catalog *catalog, const struct relation *relation,
                          const struct datum *values, uint64_t sequence);
/* All shards that hold rows of the relation (reference tables: one of its copies), ascending. */
uint32_t *placement_all(const struct catalog *catalog, const struct relation *relation,
                        struct arena *arena, uint32_t *n);
#endif
