/* range.c - building and taking apart ranges; bounds, order and keys.  Text and binary forms are
 * in range_io.c, multiranges in multirange.c.
 *
 * A bound is a place on the line between values: "[5" is just before 5, "(5" just behind it, and
 * "5]" and "5)" likewise.  All relations between ranges come down to comparing such places. */
#include "types/range.h"

#include "types/array_int.h"
#include "types/datetime.h"
#include "types/key.h"
#include "types/range_int.h"

const struct type *range_type_of(const struct type *type)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    return type->kind == 'm' ? type->elem : type;
}

void range_bounds(const struct type *type, const struct datum *value, struct range_bound *lower,
                  struct range_bound *upper)
{
    const struct range *range = range_of(value);
    *lower = (struct range_bound){
        .infinite = range->flags & RANGE_LOWER_INF,
        .inclusive = range->flags & RANGE_LOWER_INC,
        .lower = true,
    };
    *upper = (struct range_bound){
        .infinite = range->flags & RANGE_UPPER_INF,
        .inclusive = range->flags & RANGE_UPPER_INC,
    };
    if (RANGE_HAS_LOWER(range->flags))
        lower->value = slot_datum(type->elem, range, &range->lower);
    if (RANGE_HAS_UPPER(range->flags))
        upper->value = slot_datum(type->elem, range, &range->upper);
}

struct datum range_make_empty(struct arena *arena)
{
    struct range *range = ARENA_NEW(arena, struct range);
    range->flags = RANGE_EMPTY;
    range->lower.null = range->upper.null = 1;
    return datum_bytes(range, sizeof(*range));
}

/* ---- canonical form of discrete ranges: [lower,upper) ---- */

static bool is_discrete(const struct type *type)
{
    return type->oid == TYPE_INT4RANGE || type->oid == TYPE_INT8RANGE ||
           type->oid == TYPE_DATERANGE;
}

static bool step(struct err *err, const struct type *type, struct range_bound *bound)
{
    int64_t *value = &bound->value.i;
    if (type->oid == TYPE_DATERANGE && DATE_IS_INFINITE(*value))
        return true;
    if (type->oid == TYPE_DATERANGE && *value + 1 >= DATE_END)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date out of range");
    if (type->oid == TYPE_INT4RANGE && *value == INT32_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    if (type->oid == TYPE_INT8RANGE && *value == INT64_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    ++*value;
    bound->inclusive = bound->lower;
    return true;
}

static bool canonicalise(struct err *err, const struct type *type, struct range_bound *lower,
                         struct range_bound *upper)
{
    if (!lower->infinite && !lower->inclusive && !step(err, type, lower))
        return false;
    return upper->infinite || !upper->inclusive || step(err, type, upper);
}

/* ---- building ---- */

static bool is_nothing(int order, const struct range_bound *lower, const struct range_bound *upper)
{
    return order == 0 && !(lower->inclusive && upper->inclusive);
}

bool range_make(struct arena *arena, struct err *err, const struct type *type,
                struct range_bound lower, struct range_bound upper, struct datum *out)
{
    lower.lower = true;
    upper.lower = false;
    int order = range_cmp_values(type, &lower, &upper);
    if (order > 0)
        return err_set(err, ERR_DATA_EXCEPTION,
                       "range lower bound must be less than or equal to range upper bound");
    bool empty = is_nothing(order, &lower, &upper);
    if (!empty && is_discrete(type)) {
        if (!canonicalise(err, type, &lower, &upper))
            return false;
        order = range_cmp_values(type, &lower, &upper); /* (3,4) became [4,4) */
        empty = order > 0 || is_nothing(order, &lower, &upper);
    }
    if (empty) {
        *out = range_make_empty(arena);
        return true;
    }
    struct datum values[2] = {lower.infinite ? datum_null() : lower.value,
                              upper.infinite ? datum_null() : upper.value};
    size_t bytes = sizeof(struct range) + slots_bytes(type->elem, values, 2),
           at = sizeof(struct range);
    struct range *range = arena_alloc(arena, bytes);
    *range = (struct range){
        .flags = (lower.infinite    ? RANGE_LOWER_INF
                  : lower.inclusive ? RANGE_LOWER_INC
                                    : 0) |
                 (upper.infinite    ? RANGE_UPPER_INF
                  : upper.inclusive ? RANGE_UPPER_INC
                                    : 0),
    };
    at = slot_fill(type->elem, (char *)range, at, &range->lower, &values[0]);
    slot_fill(type->elem, (char *)range, at, &range->upper, &values[1]);
    *out = datum_bytes(range, bytes);
    return true;
}

/* ---- order ---- */

/* Which end of the line an infinite bound is at. */
static int infinite_end(const struct range_bound *bound)
{
    return !bound->infinite ? 0 : bound->lower ? -1 : 1;
}

int range_cmp_values(const struct type *type, const struct range_bound *a,
                     const struct range_bound *b)
{
    if (a->infinite || b->infinite)
        return cmp_i64(infinite_end(a), infinite_end(b));
    return type_cmp(type->elem, &a->value, &b->value);
}

/* Just before (-1), at (0) or just behind (1) its value: for equal values only. */
static int side(const struct range_bound *bound)
{
    return bound->inclusive ? 0 : bound->lower ? 1 : -1;
}

int range_cmp_bounds(const struct type *type, const struct range_bound *a,
                     const struct range_bound *b)
{
    int order = range_cmp_values(type, a, b);
    if (order || a->infinite)
        return order;
    return cmp_i64(side(a), side(b));
}

bool range_bounds_adjacent(const struct type *type, const struct range_bound *upper,
                           const struct range_bound *lower)
{
    int order = range_cmp_values(type, upper, lower);
    if (order == 0)
        return upper->inclusive != lower->inclusive;
    if (order > 0 || !is_discrete(type))
        return false;
    int64_t next = upper->value.i + upper->inclusive, last = lower->value.i - lower->inclusive;
    return next > last;
}

int range_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    struct range_bound lower_a, lower_b, upper_a, upper_b;
    if (range_is_empty(a) || range_is_empty(b))
        return (int)range_is_empty(b) - (int)range_is_empty(a);
    range_bounds(type, a, &lower_a, &upper_a);
    range_bounds(type, b, &lower_b, &upper_b);
    int order = range_cmp_bounds(type, &lower_a, &lower_b);
    return order ? order : range_cmp_bounds(type, &upper_a, &upper_b);
}

/* The empty range is below all others. */
void range_key(const struct type *type, const struct datum *value, struct buf *out)
{
    struct range_bound bounds[2];
    buf_putc(out, !range_is_empty(value));
    if (range_is_empty(value))
        return;
    range_bounds(type, value, &bounds[0], &bounds[1]);
    for (int k = 0; k < 2; k++) {
        buf_putc(out, (char)(1 + infinite_end(&bounds[k])));
        if (bounds[k].infinite)
            continue;
        type_sort_key(type->elem, &bounds[k].value, false, false, out);
        buf_putc(out, (char)(1 + side(&bounds[k])));
    }
}
