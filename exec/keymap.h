/* keymap.h - a hash table from encoded keys to small payloads, in memory that can be counted and dropped at once. */
#ifndef SHARDLITE_EXEC_KEYMAP_H
#define SHARDLITE_EXEC_KEYMAP_H

#include "base/arena.h"
#include "base/map.h" /* hash_bytes() */

struct keymap;

/* Payloads of `payload_bytes` start zeroed and never move; keys and payloads are in an arena of the map's own, a child of `arena`, which its
 * user may allocate from too (keymap_arena). */
struct keymap *keymap_new(struct arena *arena, size_t payload_bytes);
/* `hash` is hash_bytes() of the key.  NULL: absent. */
void *keymap_get(const struct keymap *map, const void *key, size_t key_bytes, uint64_t hash);
void *keymap_add(struct keymap *map, const void *key, size_t key_bytes,
                 uint64_t hash); /* a key that is absent */
size_t keymap_count(const struct keymap *map);
size_t keymap_bytes(const struct keymap *map); /* held, with all that is in its arena */
struct arena *keymap_arena(struct keymap *map);
void keymap_clear(struct keymap *map); /* resets its arena */
/* Iteration in no order: start with *at 0; NULL at the end. */
void *keymap_next(const struct keymap *map, size_t *at);

#endif
