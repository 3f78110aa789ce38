/* numeric_math.c - sqrt, exp, ln, log and power of numerics.
 *
 * How many digits a result has follows PostgreSQL's rules exactly, since clients see them.  The
 * digits themselves are computed in binary fixed point on GMP integers (a value x is kept as x *
 * 2^bits) with more than 64 guard bits, and rounded once to the result's scale:
 *   ln x    x = m * 2^k, m in [2/3, 4/3];  ln m = 2 atanh((m - 1) / (m + 1)) as a series;  plus k ln 2
 *   exp x   x = k ln 2 + r;  exp r = (exp(r / 2^s))^(2^s), Taylor for the inner one;  times 2^k */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "types/numeric_int.h"

#define GUARD_BITS 96
#define BITS_PER_DIGIT 3.3219280948873626
#define LN_10 2.302585092994046
#define LOG10_E 0.434294481903252
#define GUARD_DIGITS 8 /* enters PostgreSQL's choices of scale */

static long digits_to_bits(long digits)
{
    return (long)ceil((double)MAX(digits, 0) * BITS_PER_DIGIT) + GUARD_BITS;
}

static int display_scale(long scale)
{
    return (int)MIN(MAX(scale, 0), NUMERIC_MAX_DISPLAY_SCALE);
}

/* out = v * 2^bits */
static void to_fixed(mpz_t out, const struct numeric *v, long bits)
{
    mpz_t view, power;
    mpz_init(power);
    mpz_pow10(power, v->dscale);
    mpz_mul_2exp(out, numeric_view(view, v), (mp_bitcnt_t)bits);
    mpz_fdiv_q(out, out, power);
    mpz_clear(power);
}

/* x / 2^bits rounded half away from zero to `scale` digits. */
static const struct numeric *from_fixed(struct arena *arena, const mpz_t x, long bits, int scale)
{
    mpz_t z, power;
    mpz_init(z);
    mpz_init(power);
    mpz_pow10(power, (unsigned long)scale);
    mpz_mul(z, x, power);
    bool negative = mpz_sgn(z) < 0;
    mpz_abs(z, z);
    if (bits > 0) {
        mpz_set_ui(power, 0);
        mpz_setbit(power, (mp_bitcnt_t)bits - 1);
        mpz_add(z, z, power);
        mpz_fdiv_q_2exp(z, z, (mp_bitcnt_t)bits);
    } else {
        mpz_mul_2exp(z, z, (mp_bitcnt_t)-bits);
    }
    if (negative)
        mpz_neg(z, z);
    const struct numeric *v = numeric_from_mpz(arena, z, scale);
    mpz_clear(z);
    mpz_clear(power);
    return v;
}

/* ---- sqrt ---- */

const struct numeric *numeric_sqrt_scaled(struct arena *arena, const struct numeric *v, int scale)
{
    mpz_t view, root, rest;
    mpz_init(rest);
    mpz_init_set(root, numeric_view(view, v));
    mpz_shift10_round(root, 2L * scale - v->dscale);
    mpz_sqrtrem(root, rest, root);
    if (mpz_cmp(rest, root) > 0) /* (root + 1/2)^2 = root^2 + root + 1/4 */
        mpz_add_ui(root, root, 1);
    const struct numeric *out = numeric_from_mpz(arena, root, scale);
    mpz_clear(root);
    mpz_clear(rest);
    return out;
}

const struct numeric *numeric_sqrt(struct arena *arena, struct err *err, const struct numeric *v)
{
    if (v->kind == NUMERIC_NAN || v->kind == NUMERIC_INF)
        return v;
    if (numeric_signum(v) < 0) {
        err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "cannot take square root of a negative number");
        return NULL;
    }
    int weight, first;
    numeric_weight(v, &weight, &first);
    int root_weight = weight >= 0 ? weight * 2 + 1 : 1 - (-weight * 2);
    int scale = display_scale(MAX(NUMERIC_MIN_SIG_DIGITS - root_weight, v->dscale));
    return numeric_sqrt_scaled(arena, v, scale);
}

/* ---- ln ---- */

/* out = 2 atanh(1 / n) * 2^bits */
static void two_atanh_inverse(mpz_t out, unsigned long n, long bits)
{
    mpz_t term, part;
    mpz_init(term);
    mpz_init(part);
    mpz_set_ui(term, 0);
    mpz_setbit(term, (mp_bitcnt_t)bits + 1);
    mpz_fdiv_q_ui(term, term, n);
    mpz_set(out, term);
    for (unsigned long k = 3; mpz_sgn(term); k += 2) {
        mpz_fdiv_q_ui(term, term, n * n);
        mpz_fdiv_q_ui(part, term, k);
        mpz_add(out, out, part);
    }
    mpz_clear(term);
    mpz_clear(part);
}

/* ln 2 = 2 atanh(1/3) */
static void ln_2(mpz_t out, long bits)
{
    two_atanh_inverse(out, 3, bits);
}

/* out = ln(m / 2^bits) * 2^bits for m between 2/3 and 4/3. */
static void ln_near_one(mpz_t out, const mpz_t m, long bits)
{
    mpz_t z, square, term;
    mpz_init(z);
    mpz_init(square);
    mpz_init(term);
    mpz_set_ui(square, 0);
    mpz_setbit(square, (mp_bitcnt_t)bits);
    mpz_sub(z, m, square);
    mpz_add(square, m, square);
    mpz_mul_2exp(z, z, (mp_bitcnt_t)bits);
    mpz_tdiv_q(z, z, square);
    mpz_mul(square, z, z);
    mpz_tdiv_q_2exp(square, square, (mp_bitcnt_t)bits);
    mpz_set(out, z);
    for (unsigned long k = 3; mpz_sgn(z); k += 2) {
        mpz_mul(z, z, square);
        mpz_tdiv_q_2exp(z, z, (mp_bitcnt_t)bits);
        mpz_tdiv_q_ui(term, z, k);
        mpz_add(out, out, term);
    }
    mpz_mul_2exp(out, out, 1);
    mpz_clear(z);
    mpz_clear(square);
    mpz_clear(term);
}

/* out = ln(v) * 2^bits; v > 0. */
static void ln_fixed(mpz_t out, const struct numeric *v, long bits)
{
    mpz_t view, m, power, limit;
    mpz_init(m);
    mpz_init(power);
    mpz_init(limit);
    mpz_pow10(power, v->dscale);
    mpz_srcptr coefficient = numeric_view(view, v);
    long k = (long)mpz_sizeinbase(coefficient, 2) - (long)mpz_sizeinbase(power, 2);
    if (bits - k >= 0) {
        mpz_mul_2exp(m, coefficient, (mp_bitcnt_t)(bits - k));
    } else {
        mpz_set(m, coefficient);
        mpz_mul_2exp(power, power, (mp_bitcnt_t)(k - bits));
    }
    mpz_fdiv_q(m, m, power); /* in (1/2, 2) */
    mpz_set_ui(limit, 4);
    mpz_mul_2exp(limit, limit, (mp_bitcnt_t)bits);
    mpz_fdiv_q_ui(limit, limit, 3);
    if (mpz_cmp(m, limit) > 0) {
        mpz_fdiv_q_2exp(m, m, 1);
        k++;
    }
    mpz_fdiv_q_2exp(limit, limit, 1); /* 2/3 */
    if (mpz_cmp(m, limit) < 0) {
        mpz_mul_2exp(m, m, 1);
        k--;
    }
    ln_near_one(out, m, bits);
    ln_2(power, bits + 64);
    mpz_mul_si(power, power, k);
    mpz_fdiv_q_2exp(power, power, 64);
    mpz_add(out, out, power);
    mpz_clear(m);
    mpz_clear(power);
    mpz_clear(limit);
}

/* Leading digits of v > 0: value ~ mantissa * 10^exponent with up to `groups` groups of four, as
 * PostgreSQL takes them for its estimates. */
static void leading_groups(const struct numeric *v, int groups, double *mantissa, long *exponent)
{
    int weight, first;
    struct arena *scratch = arena_new("numeric estimate");
    size_t n;
    char *digits = numeric_digit_string(scratch, v, &n);
    numeric_weight(v, &weight, &first);
    long lead = 3 - ((long)n - 1 - v->dscale - 4L * weight), last = (long)n;
    while (last && digits[last - 1] == '0')
        last--;
    long n_groups = MIN((last + lead + 3) / 4, groups);
    *mantissa = 0;
    for (long k = -lead; k < n_groups * 4 - lead; k++)
        *mantissa = *mantissa * 10 + (k >= 0 && k < (long)n ? digits[k] - '0' : 0);
    *exponent = 4L * (weight - n_groups + 1);
    arena_free(scratch);
}

/* Decimal weight of ln(v), roughly: PostgreSQL's estimate. */
static int ln_weight(const struct numeric *v)
{
    if (numeric_signum(v) <= 0)
        return 0;
    struct arena *scratch = arena_new("numeric estimate");
    struct err err = ERR_IN(scratch);
    int weight = 0;
    double mantissa;
    long exponent;
    if (numeric_cmp(v, numeric_literal(scratch, "0.9")) >= 0 &&
        numeric_cmp(v, numeric_literal(scratch, "1.1")) <= 0) {
        const struct numeric *x = numeric_sub(scratch, &err, v, numeric_from_i64(scratch, 1));
        int x_weight, first;
        numeric_weight(x, &x_weight, &first);
        if (first)
            weight = x_weight * 4 + (int)log10(first);
    } else {
        leading_groups(v, 2, &mantissa, &exponent);
        weight = (int)log10(fabs(log(mantissa) + (double)exponent * LN_10));
    }
    arena_free(scratch);
    return weight;
}

static bool check_log_argument(struct err *err, const struct numeric *v)
{
    int sign = v->kind == NUMERIC_NAN ? 1 : numeric_signum(v);
    if (sign < 0)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_LOG,
                       "cannot take logarithm of a negative number");
    if (sign == 0)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    return true;
}

const struct numeric *numeric_ln(struct arena *arena, struct err *err, const struct numeric *v)
{
    if (!check_log_argument(err, v))
        return NULL;
    if (v->kind)
        return v;
    int scale = display_scale(MAX(NUMERIC_MIN_SIG_DIGITS - ln_weight(v), v->dscale));
    long bits = digits_to_bits(scale);
    mpz_t x;
    mpz_init(x);
    ln_fixed(x, v, bits);
    const struct numeric *out = from_fixed(arena, x, bits, scale);
    mpz_clear(x);
    return out;
}

const struct numeric *numeric_log(struct arena *arena, struct err *err, const struct numeric *base,
                                  const struct numeric *v)
{
    if (base->kind == NUMERIC_NAN || v->kind == NUMERIC_NAN)
        return numeric_special(NUMERIC_NAN);
    bool negative = numeric_signum(base) < 0 || numeric_signum(v) < 0;
    if ((base->kind || v->kind) && negative &&
        !check_log_argument(err, numeric_special(NUMERIC_NEG_INF)))
        return NULL;
    if (!check_log_argument(err, base) || !check_log_argument(err, v))
        return NULL;
    if (base->kind)
        return v->kind ? numeric_special(NUMERIC_NAN) : numeric_special(NUMERIC_FINITE);
    if (v->kind)
        return v;
    int base_weight = ln_weight(base), v_weight = ln_weight(v);
    int scale = display_scale(
        MAX(NUMERIC_MIN_SIG_DIGITS - (v_weight - base_weight), MAX(base->dscale, v->dscale)));
    long bits = digits_to_bits(scale + labs(v_weight) + 2L * labs(base_weight) + GUARD_DIGITS);
    mpz_t x, y;
    mpz_init(x);
    mpz_init(y);
    ln_fixed(x, v, bits);
    ln_fixed(y, base, bits);
    const struct numeric *out = NULL;
    if (mpz_sgn(y) == 0) {
        err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    } else {
        mpz_mul_2exp(x, x, (mp_bitcnt_t)bits);
        mpz_tdiv_q(x, x, y);
        out = from_fixed(arena, x, bits, scale);
    }
    mpz_clear(x);
    mpz_clear(y);
    return out;
}

/* ---- exp ---- */

/* out = exp(r / 2^bits) * 2^bits for |r| < 1/2 * 2^bits or so.  Uses r. */
static void exp_small(mpz_t out, mpz_t r, long bits)
{
    unsigned long halvings = 8 + (unsigned long)sqrt((double)bits) / 2;
    mpz_t term;
    mpz_init(term);
    bits += (long)halvings + 16;
    mpz_mul_2exp(r, r, 16); /* r / 2^halvings at the wider precision */
    mpz_set_ui(term, 0);
    mpz_setbit(term, (mp_bitcnt_t)bits);
    mpz_set(out, term);
    for (unsigned long k = 1; mpz_sgn(term); k++) {
        mpz_mul(term, term, r);
        mpz_tdiv_q_2exp(term, term, (mp_bitcnt_t)bits);
        mpz_tdiv_q_ui(term, term, k);
        mpz_add(out, out, term);
    }
    for (unsigned long k = 0; k < halvings; k++) {
        mpz_mul(out, out, out);
        mpz_fdiv_q_2exp(out, out, (mp_bitcnt_t)bits);
    }
    mpz_fdiv_q_2exp(out, out, halvings + 16);
    mpz_clear(term);
}

/* exp(x / 2^bits) rounded to `scale`; about `digits` significant digits are wanted, and `bits`
 * must allow for them. */
static const struct numeric *exp_fixed(struct arena *arena, const mpz_t x, long bits, int scale)
{
    mpz_t k, r, two;
    mpz_init(k);
    mpz_init(r);
    mpz_init(two);
    ln_2(two, bits);
    mpz_fdiv_qr(k, r, x, two); /* |k| is small: the caller has checked the range */
    long shift = mpz_get_si(k);
    exp_small(k, r, bits);
    const struct numeric *out = from_fixed(arena, k, bits - shift, scale);
    mpz_clear(k);
    mpz_clear(r);
    mpz_clear(two);
    return out;
}

#define EXP_DIGITS_MAX 2000 /* PostgreSQL's NUMERIC_MAX_RESULT_SCALE */

static const struct numeric *zero_with_scale(struct arena *arena, int scale)
{
    return numeric_from_u128(arena, false, 0, scale);
}

const struct numeric *numeric_exp(struct arena *arena, struct err *err, const struct numeric *v)
{
    if (v->kind)
        return v->kind == NUMERIC_NEG_INF ? numeric_special(NUMERIC_FINITE) : v;
    double value = numeric_to_float8(v);
    double decimals = MIN(MAX(value * LOG10_E, -EXP_DIGITS_MAX), EXP_DIGITS_MAX);
    int scale = display_scale(MAX(NUMERIC_MIN_SIG_DIGITS - (int)decimals, v->dscale));
    if (fabs(value) >= EXP_DIGITS_MAX * 3) {
        if (value < 0)
            return zero_with_scale(arena, scale);
        numeric_overflow(err);
        return NULL;
    }
    long bits = digits_to_bits(scale + MAX((long)(value * LOG10_E), 0) + 8);
    mpz_t x;
    mpz_init(x);
    to_fixed(x, v, bits);
    const struct numeric *out = exp_fixed(arena, x, bits, scale);
    mpz_clear(x);
    return numeric_checked(err, out);
}

/* ---- power ---- */

/* |base|^exponent through logarithms, to `scale`; `decimals` is the weight of the result, roughly.
 */
static const struct numeric *power_by_logarithm(struct arena *arena, const struct numeric *base,
                                                const struct numeric *exponent, int scale,
                                                double decimals)
{
    long exponent_digits = exponent->n_limbs ? MAX(numeric_exponent(exponent), 0) : 0;
    long bits = digits_to_bits(scale + MAX((long)decimals, 0) + exponent_digits + 16);
    mpz_t ln, view, power;
    mpz_init(ln);
    mpz_init(power);
    ln_fixed(ln, numeric_abs(arena, base), bits);
    mpz_mul(ln, ln, numeric_view(view, exponent));
    mpz_pow10(power, exponent->dscale);
    mpz_fdiv_q(ln, ln, power);
    const struct numeric *out = exp_fixed(arena, ln, bits, scale);
    mpz_clear(ln);
    mpz_clear(power);
    return out;
}

#define EXACT_POWER_DIGITS 20000 /* beyond this, logarithms are cheaper */

/* base^exponent for base != 0 and an exponent that is none of -1, 0, 1, 2. */
static const struct numeric *power_by_multiplication(struct arena *arena, struct err *err,
                                                     const struct numeric *base, int exponent,
                                                     int scale)
{
    unsigned long n = exponent < 0 ? 0 - (unsigned long)exponent : (unsigned long)exponent;
    mpz_t view, z, power;
    mpz_init(z);
    mpz_init(power);
    mpz_pow_ui(z, numeric_view(view, base), n);
    long dscale = (long)(base->dscale * n);
    if (exponent > 0) {
        mpz_shift10_round(z, scale - dscale);
    } else {
        bool negative = mpz_sgn(z) < 0;
        mpz_abs(z, z);
        mpz_pow10(power, (unsigned long)(scale + dscale)); /* 10^scale / (z / 10^dscale) */
        mpz_mul_2exp(power, power, 1);
        mpz_add(power, power, z);
        mpz_mul_2exp(z, z, 1);
        mpz_fdiv_q(z, power, z);
        if (negative)
            mpz_neg(z, z);
    }
    const struct numeric *out = numeric_from_mpz(arena, z, scale);
    mpz_clear(z);
    mpz_clear(power);
    return numeric_checked(err, out);
}

/* An integral exponent: PostgreSQL 15 shows at least 16 digits after the point here, however large
 * the result. */
static const struct numeric *power_int(struct arena *arena, struct err *err,
                                       const struct numeric *base, int exponent)
{
    int scale = display_scale(MAX(NUMERIC_MIN_SIG_DIGITS, base->dscale));
    if (exponent == 0)
        return numeric_round(arena, numeric_from_i64(arena, 1), scale);
    if (!base->n_limbs && exponent < 0) {
        err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
        return NULL;
    }
    if (!base->n_limbs)
        return zero_with_scale(arena, scale);
    double mantissa, decimals;
    long base_exponent;
    leading_groups(base, 4, &mantissa, &base_exponent);
    decimals = exponent * (log10(mantissa) + (double)base_exponent);
    if (decimals > NUMERIC_DIGITS_MAX) {
        numeric_overflow(err);
        return NULL;
    }
    if (decimals + 1 < -scale && exponent != -1 && exponent != 1 && exponent != 2)
        return zero_with_scale(arena, scale);
    if ((double)numeric_digits(base) * fabs((double)exponent) <= EXACT_POWER_DIGITS ||
        fabs((double)exponent) <= 2 || decimals > 2000)
        return power_by_multiplication(arena, err, base, exponent, scale);
    const struct numeric *out =
        power_by_logarithm(arena, base, numeric_from_i64(arena, exponent), scale, decimals);
    return numeric_checked(err, base->negative && (exponent & 1) ? numeric_neg(arena, out) : out);
}

static bool is_odd(const struct numeric *v)
{
    mpz_t view, z, power;
    mpz_init(z);
    mpz_init(power);
    mpz_pow10(power, v->dscale);
    mpz_tdiv_q(z, numeric_view(view, v), power);
    bool odd = mpz_odd_p(z);
    mpz_clear(z);
    mpz_clear(power);
    return odd;
}

/* Neither base nor exponent is NaN and not both are finite: as POSIX has it for pow(). */
static const struct numeric *power_infinite(struct arena *arena, const struct numeric *base,
                                            const struct numeric *exponent)
{
    const struct numeric *zero = numeric_special(NUMERIC_FINITE),
                         *inf = numeric_special(NUMERIC_INF);
    const struct numeric *one = numeric_from_i64(arena, 1);
    int base_sign = numeric_signum(base), exponent_sign = numeric_signum(exponent);
    if (numeric_cmp(base, one) == 0 || exponent_sign == 0)
        return one;
    if (base_sign == 0 && exponent_sign > 0)
        return zero;
    if (exponent->kind) {
        int order = base->kind ? 1 : numeric_cmp(numeric_abs(arena, base), one);
        if (order == 0)
            return one;
        return (order > 0) == (exponent_sign > 0) ? inf : zero;
    }
    if (base->kind == NUMERIC_INF)
        return exponent_sign > 0 ? inf : zero;
    if (exponent_sign < 0)
        return zero;
    return is_odd(exponent) ? numeric_special(NUMERIC_NEG_INF) : inf;
}

static const struct numeric *power_finite(struct arena *arena, struct err *err,
                                          const struct numeric *base,
                                          const struct numeric *exponent)
{
    int64_t whole;
    bool integral = numeric_is_integral(exponent);
    if (integral && numeric_to_i64(exponent, &whole) && whole >= INT32_MIN && whole <= INT32_MAX)
        return power_int(arena, err, base, (int)whole);
    if (!base->n_limbs)
        return zero_with_scale(arena, NUMERIC_MIN_SIG_DIGITS);
    bool negative = base->negative && integral && is_odd(exponent);
    base = numeric_abs(arena, base);
    double mantissa;
    long base_exponent;
    leading_groups(base, 4, &mantissa, &base_exponent);
    double ln = log(mantissa) + (double)base_exponent * LN_10;
    if (ln == 0 ||
        fabs(ln) < 1e-8) { /* too close to 1 for the estimate: take it from the real thing */
        const struct numeric *exact = numeric_ln(arena, err, base);
        ln = exact ? numeric_to_float8(exact) : 0;
    }
    double value = ln * numeric_to_float8(exponent);
    if (fabs(value) > EXP_DIGITS_MAX * 3.01) {
        if (value < 0)
            return zero_with_scale(arena, NUMERIC_MAX_DISPLAY_SCALE);
        numeric_overflow(err);
        return NULL;
    }
    double decimals = value * LOG10_E;
    int scale = display_scale(
        MAX(MAX(NUMERIC_MIN_SIG_DIGITS - (int)decimals, base->dscale), exponent->dscale));
    const struct numeric *out = power_by_logarithm(arena, base, exponent, scale, decimals);
    return numeric_checked(err, negative ? numeric_neg(arena, out) : out);
}

const struct numeric *numeric_power(struct arena *arena, struct err *err,
                                    const struct numeric *base, const struct numeric *exponent)
{
    const struct numeric *one = numeric_from_i64(arena, 1);
    if (base->kind == NUMERIC_NAN || exponent->kind == NUMERIC_NAN) {
        bool is_one =
            base->kind == NUMERIC_NAN ? numeric_is_zero(exponent) : numeric_cmp(base, one) == 0;
        return is_one ? one : numeric_special(NUMERIC_NAN);
    }
    if (numeric_signum(base) == 0 && numeric_signum(exponent) < 0) {
        err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "zero raised to a negative power is undefined");
        return NULL;
    }
    if (numeric_signum(base) < 0 && !exponent->kind && !numeric_is_integral(exponent)) {
        err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "a negative number raised to a non-integer power yields a complex result");
        return NULL;
    }
    if (base->kind || exponent->kind)
        return power_infinite(arena, base, exponent);
    return power_finite(arena, err, base, exponent);
}
