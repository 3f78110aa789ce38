/* bit.h - bit strings (bit, varbit) in memory: a length, then the bits, first bit highest, unused
 * ones zero. */
#ifndef SHARDLITE_TYPES_BIT_H
#define SHARDLITE_TYPES_BIT_H

#include "types/type.h"

struct bits {
    uint32_t n_bits;
    uint8_t bytes[];
};

#define BITS_MAX 83886080 /* of a declared length */

static inline const struct bits *bits_of(const struct datum *d)
{
    return (const struct bits *)d->p;
}
static inline size_t bits_bytes(uint32_t n_bits)
{
    return ((size_t)n_bits + 7) / 8;
}
static inline int bit_at(const struct bits *v, uint32_t index)
{
    return v->bytes[index / 8] >> (7 - index % 8) & 1;
}
static inline void bit_set(struct bits *v, uint32_t index, int bit)
{
    uint8_t mask = (uint8_t)(0x80 >> index % 8);
    v->bytes[index / 8] = bit ? v->bytes[index / 8] | mask : v->bytes[index / 8] & (uint8_t)~mask;
}
struct bits *bits_new(struct arena *arena, uint32_t n_bits); /* all zero */
static inline struct datum bits_datum(const struct bits *v)
{
    return datum_bytes(v, sizeof(*v) + bits_bytes(v->n_bits));
}
/* Bits from `start` on, `n` of them; all must exist. */
struct bits *bits_slice(struct arena *arena, const struct bits *v, uint32_t start, uint32_t n);

#endif
