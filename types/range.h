/* range.h - ranges and multiranges in memory: flat blocks.
 *
 * A range is struct range followed by the bytes of by-reference bounds.  A multirange is struct
 * multirange, then n + 1 offsets (uint32 each), then its ranges, each 8-byte aligned: in order,
 * none empty, no two overlapping or adjacent.  Ranges over integers and dates are kept canonical,
 * [lower,upper).
 *
 * `type` is the range type everywhere (type->elem is its subtype), also in the calls about
 * multiranges. */
#ifndef SHARDLITE_TYPES_RANGE_H
#define SHARDLITE_TYPES_RANGE_H

#include "types/array.h"

/* As in PostgreSQL's binary form. */
#define RANGE_EMPTY 0x01u
#define RANGE_LOWER_INC 0x02u
#define RANGE_UPPER_INC 0x04u
#define RANGE_LOWER_INF 0x08u
#define RANGE_UPPER_INF 0x10u
#define RANGE_HAS_LOWER(flags) (!((flags) & (RANGE_EMPTY | RANGE_LOWER_INF)))
#define RANGE_HAS_UPPER(flags) (!((flags) & (RANGE_EMPTY | RANGE_UPPER_INF)))

struct range {
    uint32_t flags;
    uint32_t pad; /* 0 */
    struct array_slot lower, upper;
};

struct range_bound {
    struct datum value; /* if not infinite */
    bool infinite, inclusive, lower;
};

struct multirange {
    uint32_t n_ranges;
    uint32_t pad; /* 0 */
};

static inline const struct range *range_of(const struct datum *d)
{
    return (const struct range *)d->p;
}
static inline uint32_t range_flags(const struct datum *d)
{
    return range_of(d)->flags;
}
static inline bool range_is_empty(const struct datum *d)
{
    return range_of(d)->flags & RANGE_EMPTY;
}
static inline uint32_t multirange_count(const struct datum *d)
{
    return ((const struct multirange *)d->p)->n_ranges;
}

/* The range type of a range or multirange type, or of a domain over one. */
const struct type *range_type_of(const struct type *type);

/* Both bounds, borrowing from the range; meaningless for the empty range. */
void range_bounds(const struct type *type, const struct datum *range, struct range_bound *lower,
                  struct range_bound *upper);
/* Makes the range canonical; fails when lower is above upper, or a canonical bound overflows. */
MUST_CHECK bool range_make(struct arena *arena, struct err *err, const struct type *type,
                           struct range_bound lower, struct range_bound upper, struct datum *out);
struct datum range_make_empty(struct arena *arena);

/* Orders two bounds, each lower or upper, as places on the line. */
int range_cmp_bounds(const struct type *type, const struct range_bound *a,
                     const struct range_bound *b);
/* The same for their values alone: inclusive or not does not matter. */
int range_cmp_values(const struct type *type, const struct range_bound *a,
                     const struct range_bound *b);
/* Is there nothing between this upper bound and that lower one, which do not overlap? */
bool range_bounds_adjacent(const struct type *type, const struct range_bound *upper,
                           const struct range_bound *lower);
int range_cmp(const struct type *type, const struct datum *a, const struct datum *b);

/* Range `index`, borrowed from the multirange. */
struct datum multirange_item(const struct datum *multirange, uint32_t index);
/* Sorts the ranges, leaves out empty ones, and joins those that overlap or touch. */
struct datum multirange_make(struct arena *arena, const struct type *type,
                             const struct datum *ranges, uint32_t n);

#endif
