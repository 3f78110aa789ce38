/* keymap.c - open addressing over an array of (hash, entry) pairs; entries hold payload and key. */
#include "exec/keymap.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

struct entry {
    uint32_t key_bytes, payload_bytes;
    _Alignas(16) char payload[]; /* then the key */
};

struct keyslot {
    uint64_t hash;
    struct entry *entry; /* NULL: free */
};

struct keymap {
    struct arena *arena;
    size_t payload_bytes;
    struct keyslot *slots;
    size_t n, n_slots; /* a power of two; 0: none yet */
};

static void free_slots(void *arg)
{
    struct keymap *map = arg;
    free(map->slots);
    map->slots = NULL;
    map->n_slots = 0;
}

struct keymap *keymap_new(struct arena *arena, size_t payload_bytes)
{
    struct keymap *map = ARENA_NEW(arena, struct keymap);
    map->arena = arena_child(arena, "keys");
    map->payload_bytes = (payload_bytes + 7) & ~(size_t)7;
    arena_on_free(arena, free_slots, map);
    return map;
}

static const char *entry_key(const struct entry *entry)
{
    return entry->payload + entry->payload_bytes;
}

void *keymap_get(const struct keymap *map, const void *key, size_t key_bytes, uint64_t hash)
{
    if (!map->n)
        return NULL;
    for (size_t k = hash & (map->n_slots - 1);; k = (k + 1) & (map->n_slots - 1)) {
        const struct keyslot *slot = &map->slots[k];
        if (!slot->entry)
            return NULL;
        if (slot->hash == hash && slot->entry->key_bytes == key_bytes &&
            memcmp(entry_key(slot->entry), key, key_bytes) == 0)
            return slot->entry->payload;
    }
}

static void place(struct keymap *map, struct keyslot slot)
{
    size_t k = slot.hash & (map->n_slots - 1);
    while (map->slots[k].entry)
        k = (k + 1) & (map->n_slots - 1);
    map->slots[k] = slot;
}

static void grow(struct keymap *map)
{
    struct keyslot *old = map->slots;
    size_t n_old = map->n_slots;
    map->n_slots = n_old ? n_old * 2 : SLOTS_MIN;
    map->slots = calloc(map->n_slots, sizeof(*map->slots));
    ASSERT(map->slots != NULL);
    for (size_t k = 0; k < n_old; k++)
        if (old[k].entry)
            place(map, old[k]);
    free(old);
}

void *keymap_add(struct keymap *map, const void *key, size_t key_bytes, uint64_t hash)
{
    if ((map->n + 1) * 3 > map->n_slots * 2)
        grow(map);
    struct entry *entry = arena_alloc(map->arena, sizeof(*entry) + map->payload_bytes + key_bytes);
    entry->key_bytes = (uint32_t)key_bytes;
    entry->payload_bytes = (uint32_t)map->payload_bytes;
    memset(entry->payload, 0, map->payload_bytes);
    memcpy(entry->payload + map->payload_bytes, key, key_bytes);
    place(map, (struct keyslot){hash, entry});
    map->n++;
    return entry->payload;
}

size_t keymap_count(const struct keymap *map)
{
    return map->n;
}

size_t keymap_bytes(const struct keymap *map)
{
    return arena_bytes(map->arena) + map->n_slots * sizeof(struct keyslot);
}

struct arena *keymap_arena(struct keymap *map)
{
    return map->arena;
}

void keymap_clear(struct keymap *map)
{
    free_slots(map);
    map->n = 0;
    arena_reset(map->arena);
}

void *keymap_next(const struct keymap *map, size_t *at)
{
    for (; *at < map->n_slots; ++*at)
        if (map->slots[*at].entry)
            return map->slots[(*at)++].entry->payload;
    return NULL;
}
