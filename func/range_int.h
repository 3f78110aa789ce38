/* range_int.h - what range.c and range_set.c share: an argument, range or multirange, as its
 * spans. */
#ifndef SHARDLITE_FUNC_RANGE_INT_H
#define SHARDLITE_FUNC_RANGE_INT_H

#include "func/call.h"
#include "types/range.h"

struct span {
    struct range_bound lower, upper;
};
/* A range is one span or none, a multirange any number: in order, without overlaps. */
struct spans {
    const struct type *type; /* the range type */
    uint32_t n;
    const struct span *items;
    struct span one;
};

/* Argument `index`, borrowed.  `spans` must stay where it is: it may point into itself. */
void spans_of_arg(const struct fcall *c, int index, struct spans *spans);
void spans_of(struct arena *arena, const struct type *type, const struct datum *value,
              struct spans *spans);

#endif
