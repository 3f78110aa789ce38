/* plan_cache.h - analysed statements that are worth keeping, by key; and what is known of statements that differ in literals only.
 *
 * One a loop, used by its thread alone: no lock, plain reference counts.  The keys are made in statement.c and literals.c. */
#ifndef SHARDLITE_PROXY_PLAN_CACHE_H
#define SHARDLITE_PROXY_PLAN_CACHE_H

#include "sql/normalize.h"

struct plan_cache;
struct stmt;

struct plan_cache *plan_cache_new(size_t bytes_max);
void plan_cache_free(struct plan_cache *cache); /* NULL is fine */
bool plan_cache_is_on(const struct plan_cache *cache);
/* A reference, or NULL. */
struct stmt *plan_cache_find(struct plan_cache *cache, const void *key, size_t key_bytes);
/* Keeps a reference, unless the statement is too large or the key is taken. */
void plan_cache_add(struct plan_cache *cache, struct stmt *stmt, const void *key, size_t key_bytes);
/* False the first time that a key is asked for (as far as remembered): what comes once is not kept. */
bool plan_cache_seen(struct plan_cache *cache, const void *key, size_t key_bytes);

/* Which literals of a normalised text are parameters. */
struct literal_shape {
    bool useless; /* it does not work for this text: analysed as it is */
    uint16_t n;
    struct literal_use uses[];
};
const struct literal_shape *plan_cache_shape(struct plan_cache *cache, const void *key,
                                             size_t key_bytes);
void plan_cache_add_shape(struct plan_cache *cache, const void *key, size_t key_bytes,
                          const struct literal_use *uses, uint16_t n, bool useless);

#endif
