/* map.c - open addressing with linear probing; removal shifts the run back, so there are no tombstones. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *bytes, size_t n)
{
    return XXH64(bytes, n, 0);
}

uint64_t hash_u64(uint64_t v)
{
    v ^= v >> 33;
    v *= 0xff51afd7ed558ccdULL;
    v ^= v >> 33;
    v *= 0xc4ceb9fe1a85ec53ULL;
    return v ^ (v >> 33);
}

struct slot {
    uint64_t hash;
    char *key; /* NULL: free */
    size_t key_bytes;
    void *value;
};

struct map {
    struct slot *slots;
    size_t n, cap; /* cap is a power of two */
};

static void *checked_calloc(size_t n, size_t bytes)
{
    void *p = calloc(n, bytes);
    ASSERT(p != NULL);
    return p;
}

struct map *map_new(void)
{
    struct map *map = checked_calloc(1, sizeof(*map));
    map->cap = 16;
    map->slots = checked_calloc(map->cap, sizeof(*map->slots));
    return map;
}

void map_free(struct map *map)
{
    if (!map)
        return;
    for (size_t k = 0; k < map->cap; k++)
        free(map->slots[k].key);
    free(map->slots);
    free(map);
}

static struct slot *map_find(const struct map *map, uint64_t hash, const void *key,
                             size_t key_bytes)
{
    for (size_t k = hash & (map->cap - 1);; k = (k + 1) & (map->cap - 1)) {
        struct slot *slot = &map->slots[k];
        if (!slot->key || (slot->hash == hash && slot->key_bytes == key_bytes &&
                           memcmp(slot->key, key, key_bytes) == 0))
            return slot;
    }
}

void *map_get(const struct map *map, const void *key, size_t key_bytes)
{
    return map_find(map, hash_bytes(key, key_bytes), key, key_bytes)->value;
}

static void map_grow(struct map *map)
{
    struct slot *old = map->slots;
    size_t old_cap = map->cap;
    map->cap *= 2;
    map->slots = checked_calloc(map->cap, sizeof(*map->slots));
    for (size_t k = 0; k < old_cap; k++)
        if (old[k].key)
            *map_find(map, old[k].hash, old[k].key, old[k].key_bytes) = old[k];
    free(old);
}

void *map_put(struct map *map, const void *key, size_t key_bytes, void *value)
{
    if ((map->n + 1) * 4 > map->cap * 3)
        map_grow(map);
    uint64_t hash = hash_bytes(key, key_bytes);
    struct slot *slot = map_find(map, hash, key, key_bytes);
    void *old = slot->value;
    if (!slot->key) {
        slot->key = checked_calloc(1, key_bytes + 1);
        memcpy(slot->key, key, key_bytes);
        slot->key_bytes = key_bytes;
        slot->hash = hash;
        map->n++;
    }
    slot->value = value;
    return old;
}

void *map_remove(struct map *map, const void *key, size_t key_bytes)
{
    struct slot *slot = map_find(map, hash_bytes(key, key_bytes), key, key_bytes);
    if (!slot->key)
        return NULL;
    void *value = slot->value;
    free(slot->key);
    map->n--;
    size_t hole = (size_t)(slot - map->slots), mask = map->cap - 1;
    for (size_t k = (hole + 1) & mask; map->slots[k].key; k = (k + 1) & mask) {
        size_t home = map->slots[k].hash & mask;
        if (((k - home) & mask) >= ((k - hole) & mask)) {
            map->slots[hole] = map->slots[k];
            hole = k;
        }
    }
    map->slots[hole] = (struct slot){0};
    return value;
}

size_t map_count(const struct map *map)
{
    return map->n;
}

bool map_next(const struct map *map, size_t *at, const void **key, size_t *key_bytes, void **value)
{
    for (; *at < map->cap; ++*at) {
        const struct slot *slot = &map->slots[*at];
        if (!slot->key)
            continue;
        ++*at;
        *key = slot->key;
        if (key_bytes)
            *key_bytes = slot->key_bytes;
        *value = slot->value;
        return true;
    }
    return false;
}

struct islot {
    uint64_t key;
    void *value; /* NULL: free, so values are never NULL */
};

struct imap {
    struct islot *slots;
    size_t n, cap;
};

struct imap *imap_new(void)
{
    struct imap *map = checked_calloc(1, sizeof(*map));
    map->cap = 16;
    map->slots = checked_calloc(map->cap, sizeof(*map->slots));
    return map;
}

void imap_free(struct imap *map)
{
    if (!map)
        return;
    free(map->slots);
    free(map);
}

static struct islot *imap_find(const struct imap *map, uint64_t key)
{
    for (size_t k = hash_u64(key) & (map->cap - 1);; k = (k + 1) & (map->cap - 1)) {
        struct islot *slot = &map->slots[k];
        if (!slot->value || slot->key == key)
            return slot;
    }
}

void *imap_get(const struct imap *map, uint64_t key)
{
    return imap_find(map, key)->value;
}

static void imap_grow(struct imap *map)
{
    struct islot *old = map->slots;
    size_t old_cap = map->cap;
    map->cap *= 2;
    map->slots = checked_calloc(map->cap, sizeof(*map->slots));
    for (size_t k = 0; k < old_cap; k++)
        if (old[k].value)
            *imap_find(map, old[k].key) = old[k];
    free(old);
}

void *imap_put(struct imap *map, uint64_t key, void *value)
{
    ASSERT(value != NULL);
    if ((map->n + 1) * 4 > map->cap * 3)
        imap_grow(map);
    struct islot *slot = imap_find(map, key);
    void *old = slot->value;
    map->n += old == NULL;
    *slot = (struct islot){.key = key, .value = value};
    return old;
}

void *imap_remove(struct imap *map, uint64_t key)
{
    struct islot *slot = imap_find(map, key);
    void *value = slot->value;
    if (!value)
        return NULL;
    map->n--;
    size_t hole = (size_t)(slot - map->slots), mask = map->cap - 1;
    for (size_t k = (hole + 1) & mask; map->slots[k].value; k = (k + 1) & mask) {
        size_t home = hash_u64(map->slots[k].key) & mask;
        if (((k - home) & mask) >= ((k - hole) & mask)) {
            map->slots[hole] = map->slots[k];
            hole = k;
        }
    }
    map->slots[hole] = (struct islot){0};
    return value;
}

size_t imap_count(const struct imap *map)
{
    return map->n;
}

bool imap_next(const struct imap *map, size_t *at, uint64_t *key, void **value)
{
    for (; *at < map->cap; ++*at) {
        if (!map->slots[*at].value)
            continue;
        *key = map->slots[*at].key;
        *value = map->slots[*at].value;
        ++*at;
        return true;
    }
    return false;
}
