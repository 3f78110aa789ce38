/* float.c - float arithmetic and casts: IEEE, with PostgreSQL's checks for results that ran out of
 * range.
 *
 * float4 arithmetic is done in single precision and its result widened, as a float4 datum is a
 * float in a double. */
#include <math.h>

#include "func/float.h"
#include "func/registry.h"

bool float_overflow(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
}

bool float_underflow(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow");
}

#define FLOAT_ARITHMETIC(name, ctype)                                                              \
    static bool name##_pl(struct fcall *c)                                                         \
    {                                                                                              \
        ctype a = (ctype)ARG_F(c, 0), b = (ctype)ARG_F(c, 1), v = a + b;                           \
        if (isinf(v) && !isinf(a) && !isinf(b))                                                    \
            return float_overflow(c);                                                              \
        return return_float(c, (double)v);                                                         \
    }                                                                                              \
    static bool name##_mi(struct fcall *c)                                                         \
    {                                                                                              \
        ctype a = (ctype)ARG_F(c, 0), b = (ctype)ARG_F(c, 1), v = a - b;                           \
        if (isinf(v) && !isinf(a) && !isinf(b))                                                    \
            return float_overflow(c);                                                              \
        return return_float(c, (double)v);                                                         \
    }                                                                                              \
    static bool name##_mul(struct fcall *c)                                                        \
    {                                                                                              \
        ctype a = (ctype)ARG_F(c, 0), b = (ctype)ARG_F(c, 1), v = a * b;                           \
        if (isinf(v) && !isinf(a) && !isinf(b))                                                    \
            return float_overflow(c);                                                              \
        if (v == 0 && a != 0 && b != 0)                                                            \
            return float_underflow(c);                                                             \
        return return_float(c, (double)v);                                                         \
    }                                                                                              \
    static bool name##_div(struct fcall *c)                                                        \
    {                                                                                              \
        ctype a = (ctype)ARG_F(c, 0), b = (ctype)ARG_F(c, 1), v = a / b;                           \
        if (b == 0 && !isnan(a))                                                                   \
            return err_set(c->err, ERR_DIVISION_BY_ZERO, "division by zero");                      \
        if (isinf(v) && !isinf(a))                                                                 \
            return float_overflow(c);                                                              \
        if (v == 0 && a != 0 && !isinf(b))                                                         \
            return float_underflow(c);                                                             \
        return return_float(c, (double)v);                                                         \
    }
FLOAT_ARITHMETIC(float4, float)
FLOAT_ARITHMETIC(float8, double)

static bool float_um(struct fcall *c)
{
    return return_float(c, -ARG_F(c, 0));
}
static bool float_up(struct fcall *c)
{
    return return_float(c, ARG_F(c, 0));
}
static bool float_abs(struct fcall *c)
{
    return return_float(c, fabs(ARG_F(c, 0)));
}

/* ---- casts ---- */

static bool float8_to_float4(struct fcall *c)
{
    float v = (float)ARG_F(c, 0);
    if (isinf(v) && !isinf(ARG_F(c, 0)))
        return float_overflow(c);
    if (v == 0 && ARG_F(c, 0) != 0)
        return float_underflow(c);
    return return_float(c, (double)v);
}

static bool int_to_float8(struct fcall *c)
{
    return return_float(c, (double)ARG_I(c, 0));
}

static bool int_to_float4(struct fcall *c)
{
    return return_float(c, (double)(float)ARG_I(c, 0));
}

/* Rounds half to even, as rint() does. */
static bool to_int(struct fcall *c, double limit, const char *sql_name)
{
    double v = rint(ARG_F(c, 0));
    if (isnan(v) || v < -limit || v >= limit)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", sql_name);
    return return_int(c, (int64_t)v);
}

static bool float_to_int2(struct fcall *c)
{
    return to_int(c, 0x1p15, "smallint");
}
static bool float_to_int4(struct fcall *c)
{
    return to_int(c, 0x1p31, "integer");
}
static bool float_to_int8(struct fcall *c)
{
    return to_int(c, 0x1p63, "bigint");
}

#define ALL_WIDTHS(op, name)                                                                       \
    {"float4" op, float4_##name}, {"float8" op, float8_##name}, {"float48" op, float8_##name},     \
    {                                                                                              \
        "float84" op, float8_##name                                                                \
    }

FUNC_TABLE(float_funcs) = {
    ALL_WIDTHS("pl", pl),
    ALL_WIDTHS("mi", mi),
    ALL_WIDTHS("mul", mul),
    ALL_WIDTHS("div", div),
    {"float4um", float_um},
    {"float8um", float_um},
    {"float4up", float_up},
    {"float8up", float_up},
    {"float4abs", float_abs},
    {"float8abs", float_abs},
    {"ftod", float_up},
    {"dtof", float8_to_float4},
    {"i2tod", int_to_float8},
    {"i4tod", int_to_float8},
    {"i8tod", int_to_float8},
    {"i2tof", int_to_float4},
    {"i4tof", int_to_float4},
    {"i8tof", int_to_float4},
    {"dtoi2", float_to_int2},
    {"ftoi2", float_to_int2},
    {"dtoi4", float_to_int4},
    {"ftoi4", float_to_int4},
    {"dtoi8", float_to_int8},
    {"ftoi8", float_to_int8},
    {NULL, NULL},
};
