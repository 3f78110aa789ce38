/* numeric.c - exact arithmetic on numerics.
 *
 * Each operation has a path for coefficients of one limb, on 128-bit integers, and one on GMP for
 * the rest. Sums, differences and products are exact.  A quotient gets as many digits as
 * PostgreSQL would give it (numeric_div_scale) and is rounded half away from zero once.  Text and
 * keys are in numeric_io.c, functions that are not exact in numeric_math.c. */
#include "types/numeric_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "types/key.h"

const uint64_t numeric_pow10[20] = {
    1ULL,
    10ULL,
    100ULL,
    1000ULL,
    10000ULL,
    100000ULL,
    1000000ULL,
    10000000ULL,
    100000000ULL,
    1000000000ULL,
    10000000000ULL,
    100000000000ULL,
    1000000000000ULL,
    10000000000000ULL,
    100000000000000ULL,
    1000000000000000ULL,
    10000000000000000ULL,
    100000000000000000ULL,
    1000000000000000000ULL,
    10000000000000000000ULL,
};

/* ---- making ---- */

const struct numeric *numeric_special(enum numeric_kind kind)
{
    static const struct numeric zero, neg_inf = {.kind = NUMERIC_NEG_INF},
                                      inf = {.kind = NUMERIC_INF}, nan = {.kind = NUMERIC_NAN};
    return kind == NUMERIC_NAN       ? &nan
           : kind == NUMERIC_INF     ? &inf
           : kind == NUMERIC_NEG_INF ? &neg_inf
                                     : &zero;
}

struct numeric *numeric_alloc(struct arena *arena, bool negative, int dscale, uint32_t n_limbs)
{
    struct numeric *v = arena_alloc(arena, sizeof(*v) + n_limbs * sizeof(v->limbs[0]));
    v->kind = NUMERIC_FINITE;
    v->negative = negative && n_limbs;
    v->dscale = (uint16_t)dscale;
    v->n_limbs = n_limbs;
    return v;
}

struct numeric *numeric_from_u128(struct arena *arena, bool negative, u128 magnitude, int dscale)
{
    uint64_t low = (uint64_t)magnitude, high = (uint64_t)(magnitude >> 64);
    struct numeric *v = numeric_alloc(arena, negative, dscale, high ? 2 : low != 0);
    if (low || high)
        v->limbs[0] = low;
    if (high)
        v->limbs[1] = high;
    return v;
}

const struct numeric *numeric_from_i64(struct arena *arena, int64_t v)
{
    return numeric_from_u128(arena, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 0);
}

const struct numeric *numeric_scaled(struct arena *arena, __int128 v, int dscale)
{
    return numeric_from_u128(arena, v < 0, v < 0 ? 0 - (u128)v : (u128)v, dscale);
}

const struct numeric *numeric_from_i128(struct arena *arena, __int128 v)
{
    return numeric_scaled(arena, v, 0);
}

struct numeric *numeric_from_mpz(struct arena *arena, const mpz_t z, int dscale)
{
    size_t n = mpz_size(z);
    struct numeric *v = numeric_alloc(arena, mpz_sgn(z) < 0, dscale, (uint32_t)n);
    if (n)
        memcpy(v->limbs, mpz_limbs_read(z), n * sizeof(v->limbs[0]));
    return v;
}

mpz_srcptr numeric_view(mpz_t z, const struct numeric *v)
{
    return mpz_roinit_n(z, v->limbs, v->negative ? -(mp_size_t)v->n_limbs : (mp_size_t)v->n_limbs);
}

bool numeric_overflow(struct err *err)
{
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
}

const struct numeric *numeric_checked(struct err *err, const struct numeric *v)
{
    if (v->n_limbs > 2 && numeric_digits(v) - v->dscale > NUMERIC_DIGITS_MAX) {
        numeric_overflow(err);
        return NULL;
    }
    return v;
}

static const struct numeric *division_by_zero(struct err *err)
{
    err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return NULL;
}

/* ---- digits ---- */

static int u64_digits(uint64_t v)
{
    int n = 0;
    while (n < 20 && v >= numeric_pow10[n])
        if (++n == 20)
            break;
    return n;
}

void mpz_pow10(mpz_t out, unsigned long exponent)
{
    if (exponent <= POW10_U64_MAX)
        mpz_set_ui(out, numeric_pow10[exponent]);
    else
        mpz_ui_pow_ui(out, 10, exponent);
}

long numeric_digits(const struct numeric *v)
{
    if (v->n_limbs <= 1)
        return v->n_limbs ? u64_digits(v->limbs[0]) : 0;
    mpz_t z, power;
    mpz_srcptr view = numeric_view(z, v);
    size_t n = mpz_sizeinbase(view, 10); /* right, or one too many */
    mpz_init(power);
    mpz_pow10(power, n - 1);
    bool fewer = mpz_cmpabs(view, power) < 0;
    mpz_clear(power);
    return (long)n - fewer;
}

/* z / 10^n rounded half away from zero. */
static void mpz_div_pow10_round(mpz_t z, unsigned long n)
{
    mpz_t power, half;
    bool negative = mpz_sgn(z) < 0;
    mpz_init(power);
    mpz_init(half);
    mpz_pow10(power, n);
    mpz_fdiv_q_2exp(half, power, 1);
    mpz_abs(z, z);
    mpz_add(z, z, half);
    mpz_fdiv_q(z, z, power);
    if (negative)
        mpz_neg(z, z);
    mpz_clear(power);
    mpz_clear(half);
}

void mpz_shift10_round(mpz_t z, long shift)
{
    if (shift < 0) {
        mpz_div_pow10_round(z, (unsigned long)-shift);
    } else if (shift > 0) {
        mpz_t power;
        mpz_init(power);
        mpz_pow10(power, (unsigned long)shift);
        mpz_mul(z, z, power);
        mpz_clear(power);
    }
}

void numeric_weight(const struct numeric *v, int *weight, int *first_group)
{
    *weight = *first_group = 0;
    if (!v->n_limbs)
        return;
    long digits = numeric_digits(v), exponent = digits - 1 - v->dscale;
    *weight = (int)(exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4));
    long wanted = exponent - 4L * *weight + 1; /* digits in the leading group */
    if (v->n_limbs == 1) {
        *first_group = (int)(digits >= wanted ? v->limbs[0] / numeric_pow10[digits - wanted]
                                              : v->limbs[0] * numeric_pow10[wanted - digits]);
        return;
    }
    mpz_t z, power;
    mpz_init(power);
    mpz_pow10(power, (unsigned long)(digits - wanted));
    mpz_tdiv_q(power, numeric_view(z, v), power);
    *first_group = (int)mpz_get_ui(power);
    mpz_clear(power);
}

int numeric_signum(const struct numeric *v)
{
    if (v->kind != NUMERIC_FINITE)
        return v->kind == NUMERIC_NEG_INF ? -1 : 1;
    return !v->n_limbs ? 0 : v->negative ? -1 : 1;
}

/* ---- scale ---- */

static const struct numeric *with_dscale(struct arena *arena, const struct numeric *v, int dscale)
{
    struct numeric *copy = numeric_alloc(arena, v->negative, dscale, v->n_limbs);
    memcpy(copy->limbs, v->limbs, v->n_limbs * sizeof(v->limbs[0]));
    return copy;
}

/* 10^up times the coefficient, with dscale + up. */
static const struct numeric *widen(struct arena *arena, const struct numeric *v, int up)
{
    if (!v->n_limbs)
        return with_dscale(arena, v, v->dscale + up);
    if (v->n_limbs == 1 && up <= POW10_U64_MAX)
        return numeric_from_u128(arena, v->negative, (u128)v->limbs[0] * numeric_pow10[up],
                                 v->dscale + up);
    mpz_t view, z;
    mpz_init_set(z, numeric_view(view, v));
    mpz_shift10_round(z, up);
    const struct numeric *out = numeric_from_mpz(arena, z, v->dscale + up);
    mpz_clear(z);
    return out;
}

const struct numeric *numeric_rescale(struct arena *arena, const struct numeric *v, int dscale)
{
    return v->kind != NUMERIC_FINITE || dscale <= v->dscale ? v
                                                            : widen(arena, v, dscale - v->dscale);
}

enum rounding { ROUND_HALF_AWAY, ROUND_TRUNCATE, ROUND_FLOOR, ROUND_CEIL };

static u128 drop_digits(u128 magnitude, u128 power, enum rounding how, bool negative)
{
    u128 q = magnitude / power, rest = magnitude % power;
    switch (how) {
    case ROUND_HALF_AWAY:
        return q + (rest >= power - rest);
    case ROUND_TRUNCATE:
        return q;
    case ROUND_FLOOR:
        return q + (rest && negative);
    case ROUND_CEIL:
        return q + (rest && !negative);
    }
    return q;
}

/* The coefficient without its last `down` digits, as dscale - down; then zeros again if that is
 * negative. */
static const struct numeric *narrow(struct arena *arena, const struct numeric *v, int down,
                                    enum rounding how)
{
    int scale = v->dscale - down;
    const struct numeric *out;
    if (v->n_limbs <= 1 && down <= POW10_U64_MAX) {
        u128 magnitude = v->n_limbs ? v->limbs[0] : 0;
        magnitude = drop_digits(magnitude, numeric_pow10[down], how, v->negative);
        if (scale < 0 && -scale <= POW10_U64_MAX) {
            magnitude *= numeric_pow10[-scale]; /* <= 2^64 * 10^19 */
            scale = 0;
        }
        if (scale >= 0)
            return numeric_from_u128(arena, v->negative, magnitude, scale);
    }
    mpz_t view, z, power;
    mpz_init_set(z, numeric_view(view, v));
    mpz_init(power);
    if (how == ROUND_HALF_AWAY) {
        mpz_div_pow10_round(z, (unsigned long)down);
    } else {
        mpz_pow10(power, (unsigned long)down);
        if (how == ROUND_TRUNCATE)
            mpz_tdiv_q(z, z, power);
        else if (how == ROUND_FLOOR)
            mpz_fdiv_q(z, z, power);
        else
            mpz_cdiv_q(z, z, power);
    }
    if (scale < 0)
        mpz_shift10_round(z, -scale);
    out = numeric_from_mpz(arena, z, MAX(scale, 0));
    mpz_clear(z);
    mpz_clear(power);
    return out;
}

static const struct numeric *to_scale(struct arena *arena, const struct numeric *v, int scale,
                                      enum rounding how)
{
    if (v->kind != NUMERIC_FINITE)
        return v;
    scale = MIN(MAX(scale, -NUMERIC_DIGITS_MAX - 1), NUMERIC_DSCALE_MAX);
    if (scale == v->dscale)
        return v;
    return scale > v->dscale ? widen(arena, v, scale - v->dscale)
                             : narrow(arena, v, v->dscale - scale, how);
}

const struct numeric *numeric_round(struct arena *arena, const struct numeric *v, int scale)
{
    return to_scale(arena, v, scale, ROUND_HALF_AWAY);
}
const struct numeric *numeric_trunc(struct arena *arena, const struct numeric *v, int scale)
{
    return to_scale(arena, v, scale, ROUND_TRUNCATE);
}
const struct numeric *numeric_ceil(struct arena *arena, const struct numeric *v)
{
    return to_scale(arena, v, 0, ROUND_CEIL);
}
const struct numeric *numeric_floor(struct arena *arena, const struct numeric *v)
{
    return to_scale(arena, v, 0, ROUND_FLOOR);
}

int numeric_min_scale(const struct numeric *v)
{
    if (!v->n_limbs)
        return 0;
    int scale = v->dscale;
    if (v->n_limbs == 1) {
        for (uint64_t c = v->limbs[0]; scale > 0 && c % 10 == 0; c /= 10)
            scale--;
        return scale;
    }
    mpz_t view, z, ten;
    mpz_init_set(z, numeric_view(view, v));
    mpz_init_set_ui(ten, 10);
    for (; scale > 0 && mpz_divisible_ui_p(z, 10); scale--)
        mpz_divexact_ui(z, z, 10);
    mpz_clear(z);
    mpz_clear(ten);
    return scale;
}

const struct numeric *numeric_trim_scale(struct arena *arena, const struct numeric *v)
{
    return v->kind == NUMERIC_FINITE ? numeric_trunc(arena, v, numeric_min_scale(v)) : v;
}

bool numeric_is_integral(const struct numeric *v)
{
    return v->kind == NUMERIC_FINITE && numeric_min_scale(v) == 0;
}

bool numeric_to_i64(const struct numeric *v, int64_t *out)
{
    if (v->kind != NUMERIC_FINITE)
        return false;
    u128 magnitude = v->n_limbs ? v->limbs[0] : 0;
    if (v->n_limbs <= 1 && v->dscale <= POW10_U64_MAX) {
        magnitude = drop_digits(magnitude, numeric_pow10[v->dscale], ROUND_HALF_AWAY, v->negative);
    } else {
        mpz_t view, z;
        mpz_init_set(z, numeric_view(view, v));
        mpz_div_pow10_round(z, v->dscale);
        bool fits = mpz_size(z) <= 1;
        magnitude = mpz_get_ui(z);
        mpz_clear(z);
        if (!fits)
            return false;
    }
    if (magnitude > (u128)INT64_MAX + v->negative)
        return false;
    *out = v->negative ? (int64_t)(0 - (uint64_t)magnitude) : (int64_t)magnitude;
    return true;
}

/* ---- sign and order ---- */

const struct numeric *numeric_neg(struct arena *arena, const struct numeric *v)
{
    if (v->kind == NUMERIC_INF || v->kind == NUMERIC_NEG_INF)
        return numeric_special(v->kind == NUMERIC_INF ? NUMERIC_NEG_INF : NUMERIC_INF);
    if (v->kind == NUMERIC_NAN || !v->n_limbs)
        return v;
    struct numeric *copy = arena_memdup(arena, v, numeric_datum(v).n);
    copy->negative = !v->negative;
    return copy;
}

const struct numeric *numeric_abs(struct arena *arena, const struct numeric *v)
{
    return v->negative || v->kind == NUMERIC_NEG_INF ? numeric_neg(arena, v) : v;
}

static int cmp_magnitude(const struct numeric *a, const struct numeric *b)
{
    if (a->n_limbs == 1 && b->n_limbs == 1) {
        if (a->dscale == b->dscale)
            return cmp_u64(a->limbs[0], b->limbs[0]);
        int up = abs((int)a->dscale - b->dscale);
        if (up <= POW10_U64_MAX) {
            u128 x = a->limbs[0], y = b->limbs[0];
            if (a->dscale < b->dscale)
                x *= numeric_pow10[up];
            else
                y *= numeric_pow10[up];
            return (x > y) - (x < y);
        }
    }
    long e_a = numeric_exponent(a), e_b = numeric_exponent(b);
    if (e_a != e_b)
        return e_a < e_b ? -1 : 1;
    mpz_t view, x, y;
    mpz_init_set(x, numeric_view(view, a));
    mpz_init_set(y, numeric_view(view, b));
    if (a->dscale < b->dscale)
        mpz_shift10_round(x, b->dscale - a->dscale);
    else
        mpz_shift10_round(y, a->dscale - b->dscale);
    int order = mpz_cmpabs(x, y);
    mpz_clear(x);
    mpz_clear(y);
    return (order > 0) - (order < 0);
}

int numeric_cmp(const struct numeric *a, const struct numeric *b)
{
    static const int rank[] = {
        [NUMERIC_NEG_INF] = 0, [NUMERIC_FINITE] = 1, [NUMERIC_INF] = 2, [NUMERIC_NAN] = 3};
    if (a->kind || b->kind)
        return rank[a->kind] - rank[b->kind];
    int sign_a = numeric_signum(a), sign_b = numeric_signum(b);
    if (sign_a != sign_b || !sign_a)
        return (sign_a > sign_b) - (sign_a < sign_b);
    return sign_a * cmp_magnitude(a, b);
}

/* ---- addition ---- */

/* Both coefficients at the larger scale as signed 128-bit integers, if that is sure to leave room
 * for their sum. */
static bool align128(const struct numeric *a, const struct numeric *b, __int128 *x, __int128 *y)
{
    if (a->n_limbs > 1 || b->n_limbs > 1)
        return false;
    int up = (int)a->dscale - b->dscale;
    if (up > 18 || up < -18)
        return false;
    u128 p = a->n_limbs ? a->limbs[0] : 0, q = b->n_limbs ? b->limbs[0] : 0;
    if (up < 0)
        p *= numeric_pow10[-up];
    else
        q *= numeric_pow10[up];
    *x = a->negative ? -(__int128)p : (__int128)p;
    *y = b->negative ? -(__int128)q : (__int128)q;
    return true;
}

static void align_mpz(const struct numeric *a, const struct numeric *b, mpz_t x, mpz_t y)
{
    mpz_t view;
    mpz_init_set(x, numeric_view(view, a));
    mpz_init_set(y, numeric_view(view, b));
    if (a->dscale < b->dscale)
        mpz_shift10_round(x, b->dscale - a->dscale);
    else
        mpz_shift10_round(y, a->dscale - b->dscale);
}

static const struct numeric *add(struct arena *arena, struct err *err, const struct numeric *a,
                                 const struct numeric *b, bool subtract)
{
    int dscale = MAX(a->dscale, b->dscale);
    __int128 p, q;
    if (LIKELY(align128(a, b, &p, &q)))
        return numeric_scaled(arena, subtract ? p - q : p + q, dscale);
    mpz_t x, y;
    align_mpz(a, b, x, y);
    if (subtract)
        mpz_sub(x, x, y);
    else
        mpz_add(x, x, y);
    const struct numeric *out = numeric_from_mpz(arena, x, dscale);
    mpz_clear(x);
    mpz_clear(y);
    return numeric_checked(err, out);
}

const struct numeric *numeric_add(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    if (LIKELY(!a->kind && !b->kind))
        return add(arena, err, a, b, false);
    if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN ||
        (a->kind && b->kind && a->kind != b->kind))
        return numeric_special(NUMERIC_NAN);
    return a->kind ? a : b;
}

const struct numeric *numeric_sub(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    if (LIKELY(!a->kind && !b->kind))
        return add(arena, err, a, b, true);
    return numeric_add(arena, err, a, numeric_neg(arena, b));
}

/* ---- multiplication ---- */

const struct numeric *numeric_mul(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    if (UNLIKELY(a->kind || b->kind)) {
        if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN || numeric_is_zero(a) ||
            numeric_is_zero(b))
            return numeric_special(NUMERIC_NAN);
        return numeric_special(numeric_signum(a) == numeric_signum(b) ? NUMERIC_INF
                                                                      : NUMERIC_NEG_INF);
    }
    bool negative = a->negative != b->negative;
    int dscale = (int)a->dscale + b->dscale;
    if (LIKELY(a->n_limbs <= 1 && b->n_limbs <= 1 && dscale <= NUMERIC_DSCALE_MAX))
        return numeric_from_u128(arena, negative,
                                 a->n_limbs && b->n_limbs ? (u128)a->limbs[0] * b->limbs[0] : 0,
                                 dscale);
    mpz_t view_a, view_b, z;
    mpz_init(z);
    mpz_mul(z, numeric_view(view_a, a), numeric_view(view_b, b));
    if (dscale > NUMERIC_DSCALE_MAX) {
        mpz_shift10_round(z, NUMERIC_DSCALE_MAX - dscale);
        dscale = NUMERIC_DSCALE_MAX;
    }
    const struct numeric *out = numeric_from_mpz(arena, z, dscale);
    mpz_clear(z);
    return numeric_checked(err, out);
}

/* ---- division ---- */

int numeric_div_scale(const struct numeric *a, const struct numeric *b)
{
    int weight_a, weight_b, first_a, first_b;
    numeric_weight(a, &weight_a, &first_a);
    numeric_weight(b, &weight_b, &first_b);
    int quotient_weight = weight_a - weight_b - (first_a <= first_b);
    int scale = NUMERIC_MIN_SIG_DIGITS - 4 * quotient_weight;
    scale = MAX(scale, MAX(a->dscale, b->dscale));
    return MIN(MAX(scale, 0), NUMERIC_MAX_DISPLAY_SCALE);
}

static const struct numeric *div_big(struct arena *arena, struct err *err, const struct numeric *a,
                                     const struct numeric *b, int scale)
{
    mpz_t view, x, y, rest;
    mpz_init_set(x, numeric_view(view, a));
    mpz_init_set(y, numeric_view(view, b));
    mpz_init(rest);
    long shift = (long)scale + b->dscale - a->dscale;
    if (shift >= 0)
        mpz_shift10_round(x, shift);
    else
        mpz_shift10_round(y, -shift);
    mpz_tdiv_qr(x, rest, x, y);
    mpz_mul_2exp(rest, rest, 1);
    if (mpz_cmpabs(rest, y) >= 0) {
        if (a->negative != b->negative)
            mpz_sub_ui(x, x, 1);
        else
            mpz_add_ui(x, x, 1);
    }
    const struct numeric *out = numeric_from_mpz(arena, x, scale);
    mpz_clear(x);
    mpz_clear(y);
    mpz_clear(rest);
    return numeric_checked(err, out);
}

const struct numeric *numeric_div_to(struct arena *arena, struct err *err, const struct numeric *a,
                                     const struct numeric *b, int scale)
{
    int shift = scale + b->dscale - a->dscale;
    if (a->n_limbs > 1 || b->n_limbs > 1 || shift < 0 || shift > POW10_U64_MAX)
        return div_big(arena, err, a, b, scale);
    u128 x = (u128)(a->n_limbs ? a->limbs[0] : 0) * numeric_pow10[shift];
    return numeric_from_u128(arena, a->negative != b->negative,
                             drop_digits(x, b->limbs[0], ROUND_HALF_AWAY, false), scale);
}

/* Division where an operand is not finite or the divisor is zero; true if that decides the result.
 */
static bool div_special(struct err *err, const struct numeric *a, const struct numeric *b,
                        const struct numeric **out)
{
    if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN) {
        *out = numeric_special(NUMERIC_NAN);
    } else if (a->kind && b->kind) {
        *out = numeric_special(NUMERIC_NAN);
    } else if (numeric_is_zero(b)) {
        *out = division_by_zero(err);
    } else if (a->kind) {
        *out =
            numeric_special(numeric_signum(a) == numeric_signum(b) ? NUMERIC_INF : NUMERIC_NEG_INF);
    } else if (b->kind) {
        *out = numeric_special(NUMERIC_FINITE); /* zero */
    } else {
        return false;
    }
    return true;
}

const struct numeric *numeric_div(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    const struct numeric *special;
    if (div_special(err, a, b, &special))
        return special;
    return numeric_div_to(arena, err, a, b, numeric_div_scale(a, b));
}

const struct numeric *numeric_div_trunc(struct arena *arena, struct err *err,
                                        const struct numeric *a, const struct numeric *b)
{
    const struct numeric *out;
    if (div_special(err, a, b, &out))
        return out;
    __int128 p, q;
    if (align128(a, b, &p, &q))
        return numeric_scaled(arena, p / q, 0);
    mpz_t x, y;
    align_mpz(a, b, x, y);
    mpz_tdiv_q(x, x, y);
    out = numeric_from_mpz(arena, x, 0);
    mpz_clear(x);
    mpz_clear(y);
    return numeric_checked(err, out);
}

const struct numeric *numeric_mod(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    const struct numeric *out;
    if (div_special(err, a, b, &out)) {
        if (!out || out->kind == NUMERIC_NAN)
            return out;
        return a->kind ? numeric_special(NUMERIC_NAN) : a;
    }
    int dscale = MAX(a->dscale, b->dscale);
    __int128 p, q;
    if (align128(a, b, &p, &q))
        return numeric_scaled(arena, p % q, dscale);
    mpz_t x, y;
    align_mpz(a, b, x, y);
    mpz_tdiv_r(x, x, y);
    out = numeric_from_mpz(arena, x, dscale);
    mpz_clear(x);
    mpz_clear(y);
    return out;
}

static const struct numeric *common(struct arena *arena, struct err *err, const struct numeric *a,
                                    const struct numeric *b,
                                    void (*fn)(mpz_t, const mpz_t, const mpz_t))
{
    if (a->kind || b->kind)
        return numeric_special(NUMERIC_NAN);
    mpz_t x, y;
    align_mpz(a, b, x, y);
    fn(x, x, y);
    const struct numeric *out = numeric_from_mpz(arena, x, MAX(a->dscale, b->dscale));
    mpz_clear(x);
    mpz_clear(y);
    return numeric_checked(err, out);
}

const struct numeric *numeric_gcd(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    return common(arena, err, a, b, mpz_gcd);
}

/* lcm(x, y) of the coefficients at scale s is lcm of the values at the same scale. */
const struct numeric *numeric_lcm(struct arena *arena, struct err *err, const struct numeric *a,
                                  const struct numeric *b)
{
    return common(arena, err, a, b, mpz_lcm);
}

#define FACTORIAL_MAX 32177 /* the largest whose result fits */

const struct numeric *numeric_factorial(struct arena *arena, struct err *err, int64_t n)
{
    if (n < 0) {
        err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined");
        return NULL;
    }
    if (n > FACTORIAL_MAX) {
        numeric_overflow(err);
        return NULL;
    }
    mpz_t z;
    mpz_init(z);
    mpz_fac_ui(z, (unsigned long)n);
    const struct numeric *out = numeric_from_mpz(arena, z, 0);
    mpz_clear(z);
    return out;
}
