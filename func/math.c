/* math.c - functions of float8: rounding, roots, powers, logarithms, trigonometry, width_bucket.
 *
 * Libm computes; we add PostgreSQL's errors for arguments and results out of range.  The functions
 * in degrees are exact at the angles people know (sin 30, cos 60, tan 45 ...): within 0..30 a
 * sine, within 0..60 a cosine is scaled so that the end of that range comes out exact, and
 * everything else is folded into these. */
#include <errno.h>
#include <math.h>

#include "func/float.h"
#include "func/registry.h"

static bool out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range");
}

#define PLAIN(name, expression)                                                                    \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        double x = ARG_F(c, 0);                                                                    \
        return return_float(c, expression);                                                        \
    }
PLAIN(d_round, rint(x))
PLAIN(d_trunc, x >= 0 ? floor(x) : -floor(-x))
PLAIN(d_ceil, ceil(x))
PLAIN(d_floor, floor(x))
PLAIN(d_sign, x > 0 ? 1 : x < 0 ? -1 : 0)
PLAIN(d_cbrt, cbrt(x))
PLAIN(d_atan, atan(x))
PLAIN(d_tanh, tanh(x))
PLAIN(d_asinh, asinh(x))

static bool d_sqrt(struct fcall *c)
{
    double x = ARG_F(c, 0);
    if (x < 0)
        return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "cannot take square root of a negative number");
    return return_float(c, sqrt(x));
}

static bool d_exp(struct fcall *c)
{
    double x = ARG_F(c, 0), v = exp(x);
    if (isinf(x) || isnan(x))
        return return_float(c, x < 0 ? 0 : x);
    if (isinf(v))
        return float_overflow(c);
    return v == 0 ? float_underflow(c) : return_float(c, v);
}

static bool logarithm(struct fcall *c, double (*fn)(double))
{
    double x = ARG_F(c, 0);
    if (x == 0)
        return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    if (x < 0)
        return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_LOG,
                       "cannot take logarithm of a negative number");
    return return_float(c, fn(x));
}

static bool d_ln(struct fcall *c)
{
    return logarithm(c, log);
}
static bool d_log10(struct fcall *c)
{
    return logarithm(c, log10);
}

static bool d_pow(struct fcall *c)
{
    double x = ARG_F(c, 0), y = ARG_F(c, 1);
    if (x == 0 && y < 0)
        return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "zero raised to a negative power is undefined");
    if (x < 0 && !isnan(y) && floor(y) != y)
        return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "a negative number raised to a non-integer power yields a complex result");
    double v = pow(x, y);
    if (isinf(x) || isinf(y) || isnan(x) || isnan(y))
        return return_float(c, v);
    if (isinf(v))
        return float_overflow(c);
    return v == 0 && x != 0 ? float_underflow(c) : return_float(c, v);
}

/* ---- trigonometry in radians ---- */

#define PERIODIC(name, expression)                                                                 \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        double x = ARG_F(c, 0);                                                                    \
        return isinf(x) ? out_of_range(c) : return_float(c, expression);                           \
    }
PERIODIC(d_sin, sin(x))
PERIODIC(d_cos, cos(x))
PERIODIC(d_tan, tan(x))
PERIODIC(d_cot, 1.0 / tan(x))

/* |x| <= 1 */
#define WITHIN_ONE(name, expression)                                                               \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        double x = ARG_F(c, 0);                                                                    \
        return x < -1 || x > 1 ? out_of_range(c) : return_float(c, expression);                    \
    }
WITHIN_ONE(d_asin, asin(x))
WITHIN_ONE(d_acos, acos(x))
WITHIN_ONE(d_atanh, atanh(x))

static bool d_atan2(struct fcall *c)
{
    return return_float(c, atan2(ARG_F(c, 0), ARG_F(c, 1)));
}

static bool d_sinh(struct fcall *c)
{
    return return_float(c, sinh(ARG_F(c, 0)));
}

static bool d_cosh(struct fcall *c)
{
    return return_float(c, cosh(ARG_F(c, 0)));
}

static bool d_acosh(struct fcall *c)
{
    double x = ARG_F(c, 0);
    return x < 1 ? out_of_range(c) : return_float(c, acosh(x));
}

static bool d_pi(struct fcall *c)
{
    return return_float(c, 3.14159265358979323846);
}

#define RADIANS_PER_DEGREE 0.0174532925199432957692

static bool d_degrees(struct fcall *c)
{
    double v = ARG_F(c, 0) / RADIANS_PER_DEGREE;
    return isinf(v) && !isinf(ARG_F(c, 0)) ? float_overflow(c) : return_float(c, v);
}

static bool d_radians(struct fcall *c)
{
    double v = ARG_F(c, 0) * RADIANS_PER_DEGREE;
    return v == 0 && ARG_F(c, 0) != 0 ? float_underflow(c) : return_float(c, v);
}

/* ---- trigonometry in degrees ---- */

/* Read at run time, so that the compiler's idea of sin(30 degrees) cannot differ from libm's. */
static volatile const double thirty = 30, forty_five = 45, sixty = 60, half = 0.5, one = 1;

static double sin_0_30(double x)
{
    return sin(x * RADIANS_PER_DEGREE) / sin(thirty * RADIANS_PER_DEGREE) / 2;
}

static double cos_0_60(double x)
{
    double part = (1 - cos(x * RADIANS_PER_DEGREE)) / (1 - cos(sixty * RADIANS_PER_DEGREE));
    return 1 - part / 2;
}

static double sin_0_90(double x)
{
    return x <= 30 ? sin_0_30(x) : cos_0_60(90 - x);
}

static double cos_0_90(double x)
{
    return x <= 60 ? cos_0_60(x) : sin_0_30(90 - x);
}

/* Folds an angle into 0..90; sin, cos and tan of the original are those of the result times these
 * signs. */
struct folded {
    double x;
    int sin_sign, cos_sign;
};

static struct folded fold(double x)
{
    struct folded f = {fmod(x, 360), 1, 1};
    if (f.x < 0) {
        f.x = -f.x;
        f.sin_sign = -f.sin_sign;
    }
    if (f.x > 180) {
        f.x = 360 - f.x;
        f.sin_sign = -f.sin_sign;
    }
    if (f.x > 90) {
        f.x = 180 - f.x;
        f.cos_sign = -f.cos_sign;
    }
    return f;
}

static bool d_sind(struct fcall *c)
{
    if (isnan(ARG_F(c, 0)))
        return return_float(c, NAN);
    if (isinf(ARG_F(c, 0)))
        return out_of_range(c);
    struct folded f = fold(ARG_F(c, 0));
    return return_float(c, f.sin_sign * sin_0_90(f.x));
}

static bool d_cosd(struct fcall *c)
{
    if (isnan(ARG_F(c, 0)))
        return return_float(c, NAN);
    if (isinf(ARG_F(c, 0)))
        return out_of_range(c);
    struct folded f = fold(ARG_F(c, 0));
    return return_float(c, f.cos_sign * cos_0_90(f.x));
}

static bool d_tand(struct fcall *c)
{
    if (isnan(ARG_F(c, 0)))
        return return_float(c, NAN);
    if (isinf(ARG_F(c, 0)))
        return out_of_range(c);
    struct folded f = fold(ARG_F(c, 0));
    double tan_45 = sin_0_90(forty_five) / cos_0_90(forty_five);
    double v = f.sin_sign * f.cos_sign * (sin_0_90(f.x) / cos_0_90(f.x) / tan_45);
    return return_float(c, v == 0 ? 0 : v);
}

static bool d_cotd(struct fcall *c)
{
    if (isnan(ARG_F(c, 0)))
        return return_float(c, NAN);
    if (isinf(ARG_F(c, 0)))
        return out_of_range(c);
    struct folded f = fold(ARG_F(c, 0));
    double cot_45 = cos_0_90(forty_five) / sin_0_90(forty_five);
    double v = f.sin_sign * f.cos_sign * (cos_0_90(f.x) / sin_0_90(f.x) / cot_45);
    return return_float(c, v == 0 ? 0 : v);
}

static double asin_0_1(double x)
{
    return x <= 0.5 ? asin(x) / asin(half) * 30 : 90 - acos(x) / acos(half) * 60;
}

static double acos_0_1(double x)
{
    return x <= 0.5 ? 90 - asin(x) / asin(half) * 30 : acos(x) / acos(half) * 60;
}

WITHIN_ONE(d_asind, isnan(x) ? x : x >= 0 ? asin_0_1(x) : -asin_0_1(-x))
WITHIN_ONE(d_acosd, isnan(x) ? x : x >= 0 ? acos_0_1(x) : 90 + asin_0_1(-x))

static bool d_atand(struct fcall *c)
{
    return return_float(c, atan(ARG_F(c, 0)) / atan(one) * 45);
}

static bool d_atan2d(struct fcall *c)
{
    return return_float(c, atan2(ARG_F(c, 0), ARG_F(c, 1)) / atan(one) * 45);
}

/* ---- width_bucket ---- */

static bool bucket_error(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "%s", message);
}

static bool bucket_result(struct fcall *c, int64_t bucket)
{
    if (bucket > INT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return return_int(c, bucket);
}

static bool d_width_bucket(struct fcall *c)
{
    double x = ARG_F(c, 0), low = ARG_F(c, 1), high = ARG_F(c, 2);
    int64_t count = ARG_I(c, 3);
    if (count <= 0)
        return bucket_error(c, "count must be greater than zero");
    if (isnan(x) || isnan(low) || isnan(high))
        return bucket_error(c, "operand, lower bound, and upper bound cannot be NaN");
    if (isinf(low) || isinf(high))
        return bucket_error(c, "lower and upper bounds must be finite");
    if (low == high)
        return bucket_error(c, "lower bound cannot equal upper bound");
    bool ascending = low < high;
    if (ascending ? x < low : x > low)
        return return_int(c, 0);
    if (ascending ? x >= high : x <= high)
        return bucket_result(c, count + 1);
    /* Halved where the difference itself would overflow. */
    double part =
        isinf(high - low) ? (x / 2 - low / 2) / (high / 2 - low / 2) : (x - low) / (high - low);
    int64_t bucket = (int64_t)((double)count * part);
    return return_int(c, MIN(bucket, count - 1) + 1);
}

FUNC_TABLE(math_funcs) = {
    {"dround", d_round},
    {"dtrunc", d_trunc},
    {"dceil", d_ceil},
    {"dfloor", d_floor},
    {"dsign", d_sign},
    {"dsqrt", d_sqrt},
    {"dcbrt", d_cbrt},
    {"dpow", d_pow},
    {"dexp", d_exp},
    {"dlog1", d_ln},
    {"dlog10", d_log10},
    {"dsin", d_sin},
    {"dcos", d_cos},
    {"dtan", d_tan},
    {"dcot", d_cot},
    {"dasin", d_asin},
    {"dacos", d_acos},
    {"datan", d_atan},
    {"datan2", d_atan2},
    {"dsinh", d_sinh},
    {"dcosh", d_cosh},
    {"dtanh", d_tanh},
    {"dasinh", d_asinh},
    {"dacosh", d_acosh},
    {"datanh", d_atanh},
    {"dpi", d_pi},
    {"degrees", d_degrees},
    {"radians", d_radians},
    {"dsind", d_sind},
    {"dcosd", d_cosd},
    {"dtand", d_tand},
    {"dcotd", d_cotd},
    {"dasind", d_asind},
    {"dacosd", d_acosd},
    {"datand", d_atand},
    {"datan2d", d_atan2d},
    {"width_bucket_float8", d_width_bucket},
    {NULL, NULL},
};
