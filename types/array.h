/* array.h - arrays in memory: one flat block.
 *
 * struct array, then dims[ndim], lbounds[ndim] (int32 each), then n_items slots of struct array_slot, then the bytes of
 * by-reference elements (each 8-byte aligned).  ndim = 0 is the empty array.  int2vector and oidvector use the
 * same block with ndim 1 and lower bound 0. */
#ifndef SHARDLITE_TYPES_ARRAY_H
#define SHARDLITE_TYPES_ARRAY_H

#include "types/type.h"

#define ARRAY_MAX_DIMS 6
#define ARRAY_MAX_ITEMS (128 * 1024 * 1024 / 8)

struct array {
    uint32_t elem_oid;
    int32_t ndim;
    uint32_t n_items;
    uint32_t flags; /* ARRAY_HAS_NULL */
};
#define ARRAY_HAS_NULL 1u

struct array_slot {
    union {
        int64_t i;
        double f;
        uint64_t offset; /* from the start of struct array */
    };
    uint32_t n;
    uint32_t null;
};

static inline const struct array *array_of(const struct datum *d)
{
    return (const struct array *)d->p;
}
const int32_t *array_dims(const struct array *array);
const int32_t *array_lbounds(const struct array *array);
/* Element `index` in row-major order; borrowed from the array. */
struct datum array_item(const struct type *elem, const struct array *array, uint32_t index);
/* All elements, as an array of datums in `arena` (borrowing from `array`). */
struct datum *array_items(struct arena *arena, const struct type *elem, const struct array *array);
/* Builds an array; items are copied.  ndim 0 or n_items 0 gives the empty array. */
struct datum array_build(struct arena *arena, const struct type *elem, int ndim, const int32_t *dims,
                         const int32_t *lbounds, const struct datum *items);
/* One dimension, lower bound 1. */
struct datum array_build_1d(struct arena *arena, const struct type *elem, const struct datum *items, uint32_t n);

#endif
