/* strategy.h - how shard keys are mapped to slots: a vtable, so that strategies other than hashing can be added. */
#ifndef SHARDLITE_ROUTER_STRATEGY_H
#define SHARDLITE_ROUTER_STRATEGY_H

#include "catalog/catalog.h"

struct strategy {
    const char *name; /* as in WITH (shard_strategy = 'name') */
    /* A slot below N_SLOTS.  `key` has relation->n_shard_key values.  Must depend on nothing but its arguments. */
    uint32_t (*slot)(const struct relation *relation, const struct datum *const *key);
};

const struct strategy *strategy_find(const char *name); /* NULL: none of that name */

#endif
