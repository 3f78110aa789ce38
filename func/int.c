/* int.c - integer arithmetic and the casts between integers, booleans and oid.
 *
 * Values come in range of their types, so int2 and int4 are computed in 64 bits and the result is
 * checked. */
#include <math.h>

#include "func/registry.h"

static bool int2_result(struct fcall *c, int64_t v)
{
    if (v < INT16_MIN || v > INT16_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "smallint out of range");
    return return_int(c, v);
}

static bool int4_result(struct fcall *c, int64_t v)
{
    if (v < INT32_MIN || v > INT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return return_int(c, v);
}

static bool int8_overflow(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
}

static bool division_by_zero(struct fcall *c)
{
    return err_set(c->err, ERR_DIVISION_BY_ZERO, "division by zero");
}

/* The arithmetic of one result width: pl, mi, mul, div. */
#define NARROW_ARITHMETIC(width)                                                                   \
    static bool width##_pl(struct fcall *c)                                                        \
    {                                                                                              \
        return width##_result(c, ARG_I(c, 0) + ARG_I(c, 1));                                       \
    }                                                                                              \
    static bool width##_mi(struct fcall *c)                                                        \
    {                                                                                              \
        return width##_result(c, ARG_I(c, 0) - ARG_I(c, 1));                                       \
    }                                                                                              \
    static bool width##_mul(struct fcall *c)                                                       \
    {                                                                                              \
        return width##_result(c, ARG_I(c, 0) * ARG_I(c, 1));                                       \
    }                                                                                              \
    static bool width##_div(struct fcall *c)                                                       \
    {                                                                                              \
        return ARG_I(c, 1) ? width##_result(c, ARG_I(c, 0) / ARG_I(c, 1)) : division_by_zero(c);   \
    }                                                                                              \
    static bool width##_um(struct fcall *c)                                                        \
    {                                                                                              \
        return width##_result(c, -ARG_I(c, 0));                                                    \
    }                                                                                              \
    static bool width##_abs(struct fcall *c)                                                       \
    {                                                                                              \
        return width##_result(c, ARG_I(c, 0) < 0 ? -ARG_I(c, 0) : ARG_I(c, 0));                    \
    }
NARROW_ARITHMETIC(int2)
NARROW_ARITHMETIC(int4)

static bool int8_pl(struct fcall *c)
{
    int64_t v;
    return __builtin_add_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? int8_overflow(c)
                                                                : return_int(c, v);
}

static bool int8_mi(struct fcall *c)
{
    int64_t v;
    return __builtin_sub_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? int8_overflow(c)
                                                                : return_int(c, v);
}

static bool int8_mul(struct fcall *c)
{
    int64_t v;
    return __builtin_mul_overflow(ARG_I(c, 0), ARG_I(c, 1), &v) ? int8_overflow(c)
                                                                : return_int(c, v);
}

static bool int8_um(struct fcall *c)
{
    return ARG_I(c, 0) == INT64_MIN ? int8_overflow(c) : return_int(c, -ARG_I(c, 0));
}

static bool int8_abs(struct fcall *c)
{
    return ARG_I(c, 0) < 0 ? int8_um(c) : return_int(c, ARG_I(c, 0));
}

static bool int8_div(struct fcall *c)
{
    if (ARG_I(c, 1) == 0)
        return division_by_zero(c);
    if (ARG_I(c, 1) == -1)
        return int8_um(c);
    return return_int(c, ARG_I(c, 0) / ARG_I(c, 1));
}

static bool int_mod(struct fcall *c)
{
    if (ARG_I(c, 1) == 0)
        return division_by_zero(c);
    return return_int(c, ARG_I(c, 1) == -1 ? 0 : ARG_I(c, 0) % ARG_I(c, 1));
}

/* Also the cast of a smallint to oid and its kin, which have no sign. */
static bool int2_to_int4(struct fcall *c)
{
    bool is_signed = !c->result_type || c->result_type->oid == TYPE_INT4;
    return return_int(c, is_signed ? ARG_I(c, 0) : (uint32_t)ARG_I(c, 0));
}

static bool int_up(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0));
}

static bool int4_inc(struct fcall *c)
{
    return int4_result(c, ARG_I(c, 0) + 1);
}

static bool int8_inc(struct fcall *c)
{
    return ARG_I(c, 0) == INT64_MAX ? int8_overflow(c) : return_int(c, ARG_I(c, 0) + 1);
}

static bool int8_dec(struct fcall *c)
{
    return ARG_I(c, 0) == INT64_MIN ? int8_overflow(c) : return_int(c, ARG_I(c, 0) - 1);
}

/* ---- bits ---- */

static bool int_and(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) & ARG_I(c, 1));
}
static bool int_or(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) | ARG_I(c, 1));
}
static bool int_xor(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) ^ ARG_I(c, 1));
}
static bool int_not(struct fcall *c)
{
    return return_int(c, ~ARG_I(c, 0));
}
/* Shift counts wrap as on the machines PostgreSQL runs on: at 32 for int2 and int4, at 64 for
 * int8. */
static bool int2_shl(struct fcall *c)
{
    return return_int(c, (int16_t)((uint32_t)ARG_I(c, 0) << (ARG_I(c, 1) & 31)));
}
static bool int4_shl(struct fcall *c)
{
    return return_int(c, (int32_t)((uint32_t)ARG_I(c, 0) << (ARG_I(c, 1) & 31)));
}
static bool int8_shl(struct fcall *c)
{
    return return_int(c, (int64_t)((uint64_t)ARG_I(c, 0) << (ARG_I(c, 1) & 63)));
}
static bool int4_shr(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) >> (ARG_I(c, 1) & 31));
}
static bool int8_shr(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) >> (ARG_I(c, 1) & 63));
}

/* ---- gcd, lcm ---- */

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool int4_gcd(struct fcall *c)
{
    return int4_result(c, (int64_t)gcd(magnitude(ARG_I(c, 0)), magnitude(ARG_I(c, 1))));
}

static bool int8_gcd(struct fcall *c)
{
    uint64_t v = gcd(magnitude(ARG_I(c, 0)), magnitude(ARG_I(c, 1)));
    return v > INT64_MAX ? int8_overflow(c) : return_int(c, (int64_t)v);
}

static bool lcm(struct fcall *c, uint64_t *out)
{
    uint64_t a = magnitude(ARG_I(c, 0)), b = magnitude(ARG_I(c, 1));
    *out = 0;
    return !a || !b || (!__builtin_mul_overflow(a / gcd(a, b), b, out) && *out <= INT64_MAX);
}

static bool int4_lcm(struct fcall *c)
{
    uint64_t v;
    return int4_result(c, lcm(c, &v) ? (int64_t)v : INT64_MAX);
}

static bool int8_lcm(struct fcall *c)
{
    uint64_t v;
    return lcm(c, &v) ? return_int(c, (int64_t)v) : int8_overflow(c);
}

/* ---- casts ---- */

static bool to_int2(struct fcall *c)
{
    return int2_result(c, ARG_I(c, 0));
}
static bool to_int4(struct fcall *c)
{
    return int4_result(c, ARG_I(c, 0));
}
static bool to_oid(struct fcall *c)
{
    if (ARG_I(c, 0) < 0 || ARG_I(c, 0) > UINT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range");
    return return_int(c, ARG_I(c, 0));
}
static bool to_bool(struct fcall *c)
{
    return return_bool(c, ARG_I(c, 0) != 0);
}
static bool xid8_to_xid(struct fcall *c)
{
    return return_int(c, (uint32_t)ARG_I(c, 0));
}

#define ALL_WIDTHS(op, narrow, wide)                                                               \
    {"int2" op, int2_##narrow}, {"int4" op, int4_##narrow}, {"int24" op, int4_##narrow},           \
        {"int42" op, int4_##narrow}, {"int8" op, int8_##wide}, {"int48" op, int8_##wide},          \
        {"int84" op, int8_##wide}, {"int28" op, int8_##wide},                                      \
    {                                                                                              \
        "int82" op, int8_##wide                                                                    \
    }

FUNC_TABLE(int_funcs) = {
    ALL_WIDTHS("pl", pl, pl),
    ALL_WIDTHS("mi", mi, mi),
    ALL_WIDTHS("mul", mul, mul),
    ALL_WIDTHS("div", div, div),
    {"int2mod", int_mod},
    {"int4mod", int_mod},
    {"int8mod", int_mod},
    {"int2um", int2_um},
    {"int4um", int4_um},
    {"int8um", int8_um},
    {"int2up", int_up},
    {"int4up", int_up},
    {"int8up", int_up},
    {"int2abs", int2_abs},
    {"int4abs", int4_abs},
    {"int8abs", int8_abs},
    {"int4inc", int4_inc},
    {"int8inc", int8_inc},
    {"int8dec", int8_dec},
    {"int2and", int_and},
    {"int4and", int_and},
    {"int8and", int_and},
    {"int2or", int_or},
    {"int4or", int_or},
    {"int8or", int_or},
    {"int2xor", int_xor},
    {"int4xor", int_xor},
    {"int8xor", int_xor},
    {"int2not", int_not},
    {"int4not", int_not},
    {"int8not", int_not},
    {"int2shl", int2_shl},
    {"int4shl", int4_shl},
    {"int8shl", int8_shl},
    {"int2shr", int4_shr},
    {"int4shr", int4_shr},
    {"int8shr", int8_shr},
    {"int4gcd", int4_gcd},
    {"int8gcd", int8_gcd},
    {"int4lcm", int4_lcm},
    {"int8lcm", int8_lcm},
    {"i2toi4", int2_to_int4},
    {"int28", int_up},
    {"int48", int_up},
    {"oidtoi8", int_up},
    {"bool_int4", int_up},
    {"i4toi2", to_int2},
    {"int82", to_int2},
    {"int84", to_int4},
    {"i8tooid", to_oid},
    {"int4_bool", to_bool},
    {"xid8toxid", xid8_to_xid},
    {NULL, NULL},
};
