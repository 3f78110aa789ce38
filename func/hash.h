/* hash.h - the hash that SQL can see: hashtext() and its kin give PostgreSQL's numbers, because
 * applications derive advisory lock keys from them.  (Routing and joins use base/map.h's.) */
#ifndef SHARDLITE_FUNC_HASH_H
#define SHARDLITE_FUNC_HASH_H

#include "base/util.h"

/* Bob Jenkins's lookup3, with PostgreSQL's start values.  The low half is the 32-bit hash when
 * seed is 0. */
uint64_t pg_hash_bytes(const void *bytes, size_t n, uint64_t seed);
uint64_t pg_hash_u32(uint32_t value, uint64_t seed);

#endif
