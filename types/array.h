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
#define ARRAY_MAX_ITEMS_TOLD 134217727 /* what error messages say: PostgreSQL's limit */

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

extern const struct type_ops vector_ops; /* int2vector, oidvector */

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
struct datum array_build(struct arena *arena, const struct type *elem, int ndim,
                         const int32_t *dims, const int32_t *lbounds, const struct datum *items);
/* One dimension, lower bound 1. */
struct datum array_build_1d(struct arena *arena, const struct type *elem, const struct datum *items,
                            uint32_t n);
struct datum array_empty(struct arena *arena, const struct type *elem);
/* Product of the dimensions; fails with 54000 when it is too large. */
MUST_CHECK bool array_count(struct err *err, int ndim, const int32_t *dims, uint32_t *n_items);
/* int2vector or oidvector from its elements; lower bound 0. */
struct datum vector_build(struct arena *arena, const struct type *elem, const struct datum *items,
                          uint32_t n);

/* ---- subscripts (none of them NULL) ---- */

/* array[s1][s2]...: NULL outside the bounds or with the wrong number of subscripts.  Borrowed from the array. */
struct datum array_get(const struct type *elem, const struct array *array, int n,
                       const int32_t *subscripts);
/* A slice bound that may be left out: a[:3], a[2:]. */
struct array_bound {
    int32_t value;
    bool given;
};
/* array[l1:u1][l2:u2]...: the empty array when there is nothing; fewer bounds than dimensions leave the rest whole. */
MUST_CHECK bool array_slice(struct arena *arena, struct err *err, const struct type *elem,
                            const struct array *array, int n, const struct array_bound *lower,
                            const struct array_bound *upper, struct datum *out);
/* A copy of `array` (NULL: none yet) with one element replaced; a one-dimensional array grows, with NULLs in gaps. */
MUST_CHECK bool array_set_element(struct arena *arena, struct err *err, const struct type *elem,
                                  const struct array *array, int n, const int32_t *subscripts,
                                  struct datum value, struct datum *out);
/* A copy of `array` (NULL: none yet) with a slice replaced by the elements of `source`. */
MUST_CHECK bool array_set_slice(struct arena *arena, struct err *err, const struct type *elem,
                                const struct array *array, int n, const struct array_bound *lower,
                                const struct array_bound *upper, const struct array *source,
                                struct datum *out);

#endif
