/* agg_number.c - sum, avg, variance and standard deviation.
 *
 * Integers and numerics are summed exactly: in 128 bits while that suffices, in a GMP integer
 * afterwards; the results are numerics computed from the exact sums, with PostgreSQL's choice of
 * scale.  Floats follow Youngs and Cramer: the sum and the sum of squared differences from the
 * mean are carried along, which keeps small variances of large values. */
#include <gmp.h>
#include <math.h>

#include "func/float.h"
#include "func/registry.h"
#include "types/numeric_int.h"

/* An __int128 at an 8-byte alignment: states lie where exec/ puts them. */
typedef __int128 int128_8 __attribute__((aligned(8)));

/* ---- exact sums ---- */

struct exact {
    int128_8 small;
    int32_t dscale;       /* the sum is small (or big) * 10^-dscale */
    bool is_big, has_big; /* `big` is in use; `big` is initialised */
    mpz_t big;
};

#define SMALL_MAX ((__int128)1 << 120)

static void clear_big(void *arg)
{
    mpz_clear(*(mpz_t *)arg);
}

static void mpz_set_i128(mpz_t out, __int128 v)
{
    unsigned __int128 magnitude = v < 0 ? 0 - (unsigned __int128)v : (unsigned __int128)v;
    mpz_set_ui(out, (unsigned long)(magnitude >> 64));
    mpz_mul_2exp(out, out, 64);
    mpz_add_ui(out, out, (unsigned long)magnitude);
    if (v < 0)
        mpz_neg(out, out);
}

static void exact_grow(struct fcall *c, struct exact *e)
{
    if (!e->has_big) {
        mpz_init(e->big);
        arena_on_free(c->site_arena, clear_big, &e->big);
        e->has_big = true;
    }
    mpz_set_i128(e->big, e->small);
    e->is_big = true;
}

/* Makes room for `dscale` digits after the point. */
static void exact_rescale(struct fcall *c, struct exact *e, int dscale)
{
    int up = dscale - e->dscale;
    if (up <= 0)
        return;
    e->dscale = dscale;
    __int128 factor = up <= 18 ? (__int128)numeric_pow10[up] : 0, widened;
    if (!e->is_big && (e->small == 0 ||
                       (factor && !__builtin_mul_overflow((__int128)e->small, factor, &widened) &&
                        widened < SMALL_MAX && widened > -SMALL_MAX))) {
        e->small = e->small == 0 ? 0 : widened;
        return;
    }
    if (!e->is_big)
        exact_grow(c, e);
    mpz_shift10_round(e->big, up);
}

static void exact_add_mpz(struct fcall *c, struct exact *e, const mpz_t v, int dscale)
{
    mpz_t term;
    exact_rescale(c, e, dscale);
    if (!e->is_big)
        exact_grow(c, e);
    mpz_init_set(term, v);
    mpz_shift10_round(term, e->dscale - dscale);
    mpz_add(e->big, e->big, term);
    mpz_clear(term);
}

/* |v| must be below 2^127. */
static void exact_add(struct fcall *c, struct exact *e, __int128 v, int dscale)
{
    exact_rescale(c, e, dscale);
    int up = e->dscale - dscale;
    __int128 term = v;
    bool fits = up <= 18 && !__builtin_mul_overflow(v, (__int128)numeric_pow10[MIN(up, 18)], &term);
    if (!e->is_big && fits && term < SMALL_MAX && term > -SMALL_MAX) {
        e->small += term;
        if (UNLIKELY(e->small >= SMALL_MAX || e->small <= -SMALL_MAX))
            exact_grow(c, e);
        return;
    }
    mpz_t z;
    mpz_init(z);
    mpz_set_i128(z, v);
    exact_add_mpz(c, e, z, dscale);
    mpz_clear(z);
}

static void exact_add_numeric(struct fcall *c, struct exact *e, const struct numeric *v)
{
    if (LIKELY(v->n_limbs <= 1)) {
        __int128 magnitude = v->n_limbs ? (__int128)v->limbs[0] : 0;
        exact_add(c, e, v->negative ? -magnitude : magnitude, v->dscale);
        return;
    }
    mpz_t view;
    exact_add_mpz(c, e, numeric_view(view, v), v->dscale);
}

static void exact_merge(struct fcall *c, struct exact *into, const struct exact *from)
{
    if (from->is_big)
        exact_add_mpz(c, into, from->big, from->dscale);
    else
        exact_add(c, into, from->small, from->dscale);
}

static const struct numeric *exact_value(struct fcall *c, const struct exact *e)
{
    if (!e->is_big)
        return numeric_scaled(c->arena, e->small, e->dscale);
    return numeric_checked(c->err, numeric_from_mpz(c->arena, e->big, e->dscale));
}

static bool return_numeric(struct fcall *c, const struct numeric *v)
{
    if (!v)
        return false;
    c->result = numeric_datum(v);
    return true;
}

/* ---- integers: sum and avg; int2 and int4 also keep the sum of squares ---- */

struct int_sum {
    int64_t n;
    int128_8 sum, squares;
};

static bool int_step(struct fcall *c, void *state)
{
    struct int_sum *s = state;
    s->n++;
    s->sum += ARG_I(c, 0);
    return true;
}
static bool int_unstep(struct fcall *c, void *state)
{
    struct int_sum *s = state;
    s->n--;
    s->sum -= ARG_I(c, 0);
    return true;
}
static bool int_squares_step(struct fcall *c, void *state)
{
    struct int_sum *s = state;
    s->squares += (__int128)ARG_I(c, 0) * ARG_I(c, 0);
    return int_step(c, state);
}
static bool int_squares_unstep(struct fcall *c, void *state)
{
    struct int_sum *s = state;
    s->squares -= (__int128)ARG_I(c, 0) * ARG_I(c, 0);
    return int_unstep(c, state);
}
static bool int_merge(struct fcall *c, void *into, const void *from)
{
    struct int_sum *s = into;
    const struct int_sum *other = from;
    s->n += other->n;
    s->sum += other->sum;
    s->squares += other->squares;
    return true;
}
static bool int_sum_final(struct fcall *c, void *state)
{
    const struct int_sum *s = state;
    return s->n ? return_int(c, (int64_t)s->sum) : return_null(c);
}
static bool int8_sum_final(struct fcall *c, void *state)
{
    const struct int_sum *s = state;
    return s->n ? return_numeric(c, numeric_from_i128(c->arena, s->sum)) : return_null(c);
}
static bool int_avg_final(struct fcall *c, void *state)
{
    const struct int_sum *s = state;
    if (!s->n)
        return return_null(c);
    return return_numeric(c, numeric_div(c->arena, c->err, numeric_from_i128(c->arena, s->sum),
                                         numeric_from_i64(c->arena, s->n)));
}
static bool money_step(struct fcall *c, void *state)
{
    struct int_sum *s = state;
    int_step(c, state);
    if (s->sum > INT64_MAX || s->sum < INT64_MIN)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "money out of range");
    return true;
}

/* Partial sums may leave the range even if the whole does not. */
static bool money_final(struct fcall *c, void *state)
{
    const struct int_sum *s = state;
    if (s->sum > INT64_MAX || s->sum < INT64_MIN)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "money out of range");
    return int_sum_final(c, state);
}

/* ---- numerics ---- */

struct numeric_sum {
    int64_t n, n_nan, n_inf, n_neg_inf;
    struct exact sum, squares;
};

static bool count_special(struct numeric_sum *s, const struct numeric *v)
{
    s->n++;
    s->n_nan += v->kind == NUMERIC_NAN;
    s->n_inf += v->kind == NUMERIC_INF;
    s->n_neg_inf += v->kind == NUMERIC_NEG_INF;
    return v->kind != NUMERIC_FINITE;
}

static bool numeric_step(struct fcall *c, void *state)
{
    struct numeric_sum *s = state;
    const struct numeric *v = numeric_of(&c->args[0]);
    if (!count_special(s, v))
        exact_add_numeric(c, &s->sum, v);
    return true;
}

static void add_square(struct fcall *c, struct numeric_sum *s, const struct numeric *v)
{
    mpz_t view, square;
    if (v->n_limbs <= 1 && (!v->n_limbs || v->limbs[0] < 1ULL << 59)) {
        __int128 magnitude = v->n_limbs ? (__int128)v->limbs[0] : 0;
        exact_add(c, &s->squares, magnitude * magnitude, 2 * v->dscale);
        return;
    }
    mpz_srcptr z = numeric_view(view, v);
    mpz_init(square);
    mpz_mul(square, z, z);
    exact_add_mpz(c, &s->squares, square, 2 * v->dscale);
    mpz_clear(square);
}

static bool numeric_squares_step(struct fcall *c, void *state)
{
    struct numeric_sum *s = state;
    const struct numeric *v = numeric_of(&c->args[0]);
    if (count_special(s, v))
        return true;
    exact_add_numeric(c, &s->sum, v);
    add_square(c, s, v);
    return true;
}

/* int8: squares need more than 128 bits. */
static bool int8_squares_step(struct fcall *c, void *state)
{
    struct numeric_sum *s = state;
    const struct numeric *v = numeric_from_i64(c->arena, ARG_I(c, 0));
    s->n++;
    exact_add(c, &s->sum, ARG_I(c, 0), 0);
    add_square(c, s, v);
    return true;
}

static bool numeric_merge(struct fcall *c, void *into, const void *from)
{
    struct numeric_sum *s = into;
    const struct numeric_sum *other = from;
    s->n += other->n;
    s->n_nan += other->n_nan;
    s->n_inf += other->n_inf;
    s->n_neg_inf += other->n_neg_inf;
    exact_merge(c, &s->sum, &other->sum);
    exact_merge(c, &s->squares, &other->squares);
    return true;
}

/* True if NaN or infinities among the values decide sum and average. */
static bool special_sum(const struct numeric_sum *s, const struct numeric **out)
{
    bool both = s->n_inf && s->n_neg_inf;
    *out = numeric_special(s->n_nan || both ? NUMERIC_NAN
                           : s->n_inf       ? NUMERIC_INF
                                            : NUMERIC_NEG_INF);
    return s->n_nan || s->n_inf || s->n_neg_inf;
}

static bool numeric_sum_final(struct fcall *c, void *state)
{
    const struct numeric_sum *s = state;
    const struct numeric *special;
    if (!s->n)
        return return_null(c);
    return return_numeric(c, special_sum(s, &special) ? special : exact_value(c, &s->sum));
}

static bool numeric_avg_final(struct fcall *c, void *state)
{
    const struct numeric_sum *s = state;
    const struct numeric *sum;
    if (!s->n)
        return return_null(c);
    if (special_sum(s, &sum))
        return return_numeric(c, sum);
    sum = exact_value(c, &s->sum);
    return sum &&
           return_numeric(c, numeric_div(c->arena, c->err, sum, numeric_from_i64(c->arena, s->n)));
}

/* ---- exact variance: (n * sum(x^2) - sum(x)^2) / (n * (n or n - 1)) ---- */

enum spread { VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP };

static bool spread_final(struct fcall *c, enum spread which, int64_t n, const struct numeric *sum,
                         const struct numeric *squares)
{
    bool sample = which == VAR_SAMP || which == STDDEV_SAMP,
         root = which == STDDEV_POP || which == STDDEV_SAMP;
    const struct numeric *count = numeric_from_i64(c->arena, n);
    const struct numeric *square = sum && squares ? numeric_mul(c->arena, c->err, sum, sum) : NULL;
    const struct numeric *above = square ? numeric_mul(c->arena, c->err, count, squares) : NULL;
    above = above ? numeric_sub(c->arena, c->err, above, square) : NULL;
    if (!above)
        return false;
    if (numeric_signum(above) <= 0)
        return return_numeric(c, numeric_from_i64(c->arena, 0));
    const struct numeric *below = numeric_from_i128(c->arena, (__int128)n * (sample ? n - 1 : n));
    int scale = numeric_div_scale(above, below);
    const struct numeric *variance = numeric_div_to(c->arena, c->err, above, below, scale);
    if (!variance)
        return false;
    return return_numeric(c, root ? numeric_sqrt_scaled(c->arena, variance, scale) : variance);
}

static bool too_few(enum spread which, int64_t n)
{
    return n == 0 || (n == 1 && (which == VAR_SAMP || which == STDDEV_SAMP));
}

static bool int_spread(struct fcall *c, void *state, enum spread which)
{
    const struct int_sum *s = state;
    if (too_few(which, s->n))
        return return_null(c);
    return spread_final(c, which, s->n, numeric_from_i128(c->arena, s->sum),
                        numeric_from_i128(c->arena, s->squares));
}

static bool numeric_spread(struct fcall *c, void *state, enum spread which)
{
    const struct numeric_sum *s = state;
    if (too_few(which, s->n))
        return return_null(c);
    if (s->n_nan || s->n_inf || s->n_neg_inf)
        return return_numeric(c, numeric_special(NUMERIC_NAN));
    return spread_final(c, which, s->n, exact_value(c, &s->sum), exact_value(c, &s->squares));
}

/* ---- floats ---- */

struct float_sum {
    int64_t n;
    double sum, spread; /* of the squared differences from the mean */
};

static bool float8_sum_step(struct fcall *c, void *state)
{
    struct float_sum *s = state;
    double before = s->sum, v = ARG_F(c, 0);
    s->sum = s->n++ ? before + v : v;
    return !isinf(s->sum) || isinf(before) || isinf(v) || float_overflow(c);
}
static bool float4_sum_step(struct fcall *c, void *state)
{
    struct float_sum *s = state;
    float before = (float)s->sum, v = (float)ARG_F(c, 0), sum = s->n++ ? before + v : v;
    s->sum = (double)sum;
    return !isinf(sum) || isinf(before) || isinf(v) || float_overflow(c);
}
static bool float8_sum_merge(struct fcall *c, void *into, const void *from)
{
    struct float_sum *s = into;
    const struct float_sum *other = from;
    double before = s->sum;
    s->sum = s->n && other->n ? before + other->sum : s->n ? before : other->sum;
    s->n += other->n;
    return !isinf(s->sum) || isinf(before) || isinf(other->sum) || float_overflow(c);
}
static bool float4_sum_merge(struct fcall *c, void *into, const void *from)
{
    struct float_sum *s = into;
    if (!float8_sum_merge(c, into, from))
        return false;
    bool was_infinite = isinf(s->sum);
    s->sum = (double)(float)s->sum;
    return was_infinite || !isinf(s->sum) || float_overflow(c);
}
static bool float_sum_final(struct fcall *c, void *state)
{
    const struct float_sum *s = state;
    return s->n ? return_float(c, s->sum) : return_null(c);
}

static bool float_step(struct fcall *c, void *state)
{
    struct float_sum *s = state;
    double v = ARG_F(c, 0), before = s->sum, n = (double)++s->n;
    s->sum += v;
    if (s->n == 1) {
        s->spread = isnan(v) || isinf(v) ? NAN : 0;
        return true;
    }
    double part = v * n - s->sum;
    s->spread += part * part / (n * (n - 1));
    if (isinf(s->sum) || isinf(s->spread)) {
        if (!isinf(before) && !isinf(v))
            return float_overflow(c);
        s->spread = NAN;
    }
    return true;
}
static bool float_merge(struct fcall *c, void *into, const void *from)
{
    struct float_sum *s = into;
    const struct float_sum *other = from;
    if (!other->n)
        return true;
    if (!s->n) {
        *s = *other;
        return true;
    }
    double n1 = (double)s->n, n2 = (double)other->n, part = s->sum / n1 - other->sum / n2,
           sum = s->sum + other->sum;
    if (isinf(sum) && !isinf(s->sum) && !isinf(other->sum))
        return float_overflow(c);
    s->n += other->n;
    s->sum = sum;
    double spread = s->spread + other->spread + n1 * n2 * part * part / (n1 + n2);
    if (isinf(spread) && !isinf(s->spread) && !isinf(other->spread))
        return float_overflow(c);
    s->spread = spread;
    return true;
}
static bool float_avg_final(struct fcall *c, void *state)
{
    const struct float_sum *s = state;
    return s->n ? return_float(c, s->sum / (double)s->n) : return_null(c);
}
static bool float_spread(struct fcall *c, void *state, enum spread which)
{
    const struct float_sum *s = state;
    if (too_few(which, s->n))
        return return_null(c);
    double v = s->spread / (double)(which == VAR_SAMP || which == STDDEV_SAMP ? s->n - 1 : s->n);
    return return_float(c, which == STDDEV_POP || which == STDDEV_SAMP ? sqrt(v) : v);
}

#define SPREADS(family)                                                                            \
    static bool family##_var_pop(struct fcall *c, void *state)                                     \
    {                                                                                              \
        return family##_spread(c, state, VAR_POP);                                                 \
    }                                                                                              \
    static bool family##_var_samp(struct fcall *c, void *state)                                    \
    {                                                                                              \
        return family##_spread(c, state, VAR_SAMP);                                                \
    }                                                                                              \
    static bool family##_stddev_pop(struct fcall *c, void *state)                                  \
    {                                                                                              \
        return family##_spread(c, state, STDDEV_POP);                                              \
    }                                                                                              \
    static bool family##_stddev_samp(struct fcall *c, void *state)                                 \
    {                                                                                              \
        return family##_spread(c, state, STDDEV_SAMP);                                             \
    }
SPREADS(int)
SPREADS(numeric)
SPREADS(float)

#define SPREAD_ENTRIES(type, state, step, family, merge, unstep)                                   \
    {"variance(" type ")", sizeof(state), true, step, family##_var_samp, merge, unstep},           \
        {"var_samp(" type ")", sizeof(state), true, step, family##_var_samp, merge, unstep},       \
        {"var_pop(" type ")", sizeof(state), true, step, family##_var_pop, merge, unstep},         \
        {"stddev(" type ")", sizeof(state), true, step, family##_stddev_samp, merge, unstep},      \
        {"stddev_samp(" type ")", sizeof(state), true, step, family##_stddev_samp, merge, unstep}, \
    {                                                                                              \
        "stddev_pop(" type ")", sizeof(state), true, step, family##_stddev_pop, merge, unstep      \
    }
#define INT_ENTRY(name, final)                                                                     \
    {                                                                                              \
        name, sizeof(struct int_sum), true, int_step, final, int_merge, int_unstep                 \
    }

AGG_TABLE(number_aggs) = {
    INT_ENTRY("sum(int2)", int_sum_final),
    INT_ENTRY("sum(int4)", int_sum_final),
    INT_ENTRY("sum(int8)", int8_sum_final),
    INT_ENTRY("avg(int2)", int_avg_final),
    INT_ENTRY("avg(int4)", int_avg_final),
    INT_ENTRY("avg(int8)", int_avg_final),
    {"sum(money)", sizeof(struct int_sum), true, money_step, money_final, int_merge, int_unstep},
    {"sum(numeric)", sizeof(struct numeric_sum), true, numeric_step, numeric_sum_final,
     numeric_merge, NULL},
    {"avg(numeric)", sizeof(struct numeric_sum), true, numeric_step, numeric_avg_final,
     numeric_merge, NULL},
    {"sum(float4)", sizeof(struct float_sum), true, float4_sum_step, float_sum_final,
     float4_sum_merge, NULL},
    {"sum(float8)", sizeof(struct float_sum), true, float8_sum_step, float_sum_final,
     float8_sum_merge, NULL},
    {"avg(float4)", sizeof(struct float_sum), true, float_step, float_avg_final, float_merge, NULL},
    {"avg(float8)", sizeof(struct float_sum), true, float_step, float_avg_final, float_merge, NULL},
    SPREAD_ENTRIES("int2", struct int_sum, int_squares_step, int, int_merge, int_squares_unstep),
    SPREAD_ENTRIES("int4", struct int_sum, int_squares_step, int, int_merge, int_squares_unstep),
    SPREAD_ENTRIES("int8", struct numeric_sum, int8_squares_step, numeric, numeric_merge, NULL),
    SPREAD_ENTRIES("numeric", struct numeric_sum, numeric_squares_step, numeric, numeric_merge,
                   NULL),
    SPREAD_ENTRIES("float4", struct float_sum, float_step, float, float_merge, NULL),
    SPREAD_ENTRIES("float8", struct float_sum, float_step, float, float_merge, NULL),
    {NULL},
};
