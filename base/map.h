/* map.h - hash maps: from byte strings, and from 64-bit numbers, to pointers.  Open addressing, on the
 * heap; keys of the string map are copied.  Not thread-safe. */
#ifndef SHARDLITE_BASE_MAP_H
#define SHARDLITE_BASE_MAP_H

#include "base/util.h"

struct map;
struct map *map_new(void);
void map_free(struct map *map); /* the values are the caller's */
void *map_get(const struct map *map, const void *key, size_t key_bytes); /* NULL: absent */
void *map_put(struct map *map, const void *key, size_t key_bytes,
              void *value); /* returns the old value or NULL */
void *map_remove(struct map *map, const void *key, size_t key_bytes);
size_t map_count(const struct map *map);
/* Iteration: start with *at = 0; false at the end.  The map must not change meanwhile. */
bool map_next(const struct map *map, size_t *at, const void **key, size_t *key_bytes, void **value);

struct imap;
struct imap *imap_new(void);
void imap_free(struct imap *map);
void *imap_get(const struct imap *map, uint64_t key);
void *imap_put(struct imap *map, uint64_t key, void *value);
void *imap_remove(struct imap *map, uint64_t key);
size_t imap_count(const struct imap *map);
bool imap_next(const struct imap *map, size_t *at, uint64_t *key, void **value);

uint64_t hash_bytes(const void *bytes,
                    size_t n); /* xxHash64, seed 0: stable on disk and across versions */
uint64_t hash_u64(uint64_t v);

#endif
