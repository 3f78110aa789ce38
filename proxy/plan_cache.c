/* plan_cache.c - a map with a list in order of use, under a limit of bytes.  Invariant: the map and the list hold the same statements, each
 * with one reference of the cache's. */
#include "proxy/plan_cache.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/session_int.h"

#define SEEN_SLOTS 8192 /* hashes of keys met lately */
#define SHAPES_MAX 4096

struct plan_cache {
    struct map *map, *shapes;
    struct stmt *newest, *oldest;
    size_t bytes, bytes_max;
    uint64_t seen[SEEN_SLOTS];
};

struct plan_cache *plan_cache_new(size_t bytes_max)
{
    struct plan_cache *cache = calloc(1, sizeof(*cache));
    ASSERT(cache != NULL);
    cache->map = map_new();
    cache->shapes = map_new();
    cache->bytes_max = bytes_max;
    return cache;
}

bool plan_cache_is_on(const struct plan_cache *cache)
{
    return cache->bytes_max > 0;
}

static void unlink_stmt(struct plan_cache *cache, struct stmt *stmt)
{
    if (stmt->newer)
        stmt->newer->older = stmt->older;
    else
        cache->newest = stmt->older;
    if (stmt->older)
        stmt->older->newer = stmt->newer;
    else
        cache->oldest = stmt->newer;
    stmt->newer = stmt->older = NULL;
}

static void link_newest(struct plan_cache *cache, struct stmt *stmt)
{
    stmt->older = cache->newest;
    stmt->newer = NULL;
    if (cache->newest)
        cache->newest->newer = stmt;
    else
        cache->oldest = stmt;
    cache->newest = stmt;
}

static void evict(struct plan_cache *cache, struct stmt *stmt)
{
    map_remove(cache->map, stmt->key, stmt->key_bytes);
    unlink_stmt(cache, stmt);
    cache->bytes -= stmt->bytes;
    stmt->in_cache = false;
    stmt_unref(stmt);
}

static void forget_shapes(struct plan_cache *cache)
{
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (map_next(cache->shapes, &at, &key, &key_bytes, &value))
        free(value);
    map_free(cache->shapes);
    cache->shapes = map_new();
}

void plan_cache_free(struct plan_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        evict(cache, cache->oldest);
    forget_shapes(cache);
    map_free(cache->shapes);
    map_free(cache->map);
    free(cache);
}

struct stmt *plan_cache_find(struct plan_cache *cache, const void *key, size_t key_bytes)
{
    struct stmt *stmt = map_get(cache->map, key, key_bytes);
    if (!stmt)
        return NULL;
    if (stmt != cache->newest) {
        unlink_stmt(cache, stmt);
        link_newest(cache, stmt);
    }
    return stmt_ref(stmt);
}

bool plan_cache_seen(struct plan_cache *cache, const void *key, size_t key_bytes)
{
    uint64_t hash = hash_bytes(key, key_bytes), *slot = &cache->seen[hash % SEEN_SLOTS];
    bool seen = *slot == hash;
    *slot = hash;
    return seen;
}

void plan_cache_add(struct plan_cache *cache, struct stmt *stmt, const void *key, size_t key_bytes)
{
    if (stmt->in_cache || map_get(cache->map, key, key_bytes))
        return;
    stmt->bytes = arena_bytes(stmt->arena) + arena_bytes(stmt->parsed->arena) + key_bytes;
    if (stmt->bytes > cache->bytes_max / 8)
        return;
    while (cache->oldest && cache->bytes + stmt->bytes > cache->bytes_max)
        evict(cache, cache->oldest);
    stmt->key = arena_memdup(stmt->arena, key, key_bytes);
    stmt->key_bytes = key_bytes;
    map_put(cache->map, stmt->key, stmt->key_bytes, stmt_ref(stmt));
    link_newest(cache, stmt);
    cache->bytes += stmt->bytes;
    stmt->in_cache = true;
}

const struct literal_shape *plan_cache_shape(struct plan_cache *cache, const void *key,
                                             size_t key_bytes)
{
    return map_get(cache->shapes, key, key_bytes);
}

void plan_cache_add_shape(struct plan_cache *cache, const void *key, size_t key_bytes,
                          const struct literal_use *uses, uint16_t n, bool useless)
{
    if (map_count(cache->shapes) >= SHAPES_MAX)
        forget_shapes(cache);
    struct literal_shape *shape = calloc(1, sizeof(*shape) + n * sizeof(shape->uses[0]));
    ASSERT(shape != NULL);
    shape->useless = useless;
    shape->n = n;
    memcpy(shape->uses, uses, n * sizeof(*uses));
    free(map_put(cache->shapes, key, key_bytes, shape));
}
