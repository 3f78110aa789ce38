/* in_range.c - in_range(value, base, offset, subtract, less): is value <= (or >=, without `less`)
 * base + (or -) offset?
 *
 * That is what RANGE frames of windows ask.  A sum that overflows is beyond all values.  Dates and
 * times are in datetime_compare.c. */
#include <math.h>

#include "func/func.h"
#include "func/registry.h"
#include "types/numeric.h"

static bool bad_size(struct fcall *c)
{
    return err_set(c->err, ERR_INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                   "invalid preceding or following size in window function");
}

static bool subtracts(const struct fcall *c)
{
    return ARG_I(c, 3);
}
static bool wants_less(const struct fcall *c)
{
    return ARG_I(c, 4);
}

static bool in_range_int(struct fcall *c)
{
    int64_t offset = ARG_I(c, 2), sum;
    if (offset < 0)
        return bad_size(c);
    if (__builtin_add_overflow(ARG_I(c, 1), subtracts(c) ? -offset : offset, &sum))
        return return_bool(c, subtracts(c) != wants_less(c));
    return return_bool(c, wants_less(c) ? ARG_I(c, 0) <= sum : ARG_I(c, 0) >= sum);
}

/* NaN is above all numbers, and equal to itself whatever is added. */
static bool in_range_float(struct fcall *c)
{
    double value = ARG_F(c, 0), base = ARG_F(c, 1), offset = ARG_F(c, 2);
    if (isnan(offset) || offset < 0)
        return bad_size(c);
    if (isnan(value))
        return return_bool(c, isnan(base) || !wants_less(c));
    if (isnan(base))
        return return_bool(c, wants_less(c));
    if (isinf(offset) && isinf(base) && (subtracts(c) ? base > 0 : base < 0))
        return return_bool(c, true); /* the sum would be any value at all */
    double sum = subtracts(c) ? base - offset : base + offset;
    return return_bool(c, wants_less(c) ? value <= sum : value >= sum);
}

static bool is_infinite(const struct numeric *v)
{
    return v->kind != NUMERIC_FINITE && v->kind != NUMERIC_NAN;
}

static bool in_range_numeric(struct fcall *c)
{
    const struct numeric *value = numeric_of(&c->args[0]), *base = numeric_of(&c->args[1]),
                         *offset = numeric_of(&c->args[2]);
    if (offset->kind == NUMERIC_NAN || numeric_signum(offset) < 0)
        return bad_size(c);
    if (value->kind == NUMERIC_NAN)
        return return_bool(c, base->kind == NUMERIC_NAN || !wants_less(c));
    if (base->kind == NUMERIC_NAN)
        return return_bool(c, wants_less(c));
    if (is_infinite(offset) && is_infinite(base) && subtracts(c) == (numeric_signum(base) > 0))
        return return_bool(c, true);
    const struct numeric *sum = subtracts(c) ? numeric_sub(c->arena, c->err, base, offset)
                                             : numeric_add(c->arena, c->err, base, offset);
    if (!sum)
        return false;
    int order = numeric_cmp(value, sum);
    return return_bool(c, wants_less(c) ? order <= 0 : order >= 0);
}

FUNC_TABLE(in_range_funcs) = {
    {"in_range_int2_int2", in_range_int},
    {"in_range_int2_int4", in_range_int},
    {"in_range_int2_int8", in_range_int},
    {"in_range_int4_int2", in_range_int},
    {"in_range_int4_int4", in_range_int},
    {"in_range_int4_int8", in_range_int},
    {"in_range_int8_int8", in_range_int},
    {"in_range_float4_float8", in_range_float},
    {"in_range_float8_float8", in_range_float},
    {"in_range_numeric_numeric", in_range_numeric},
    {NULL, NULL},
};
