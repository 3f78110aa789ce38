/* numeric.h - exact decimal numbers.
 *
 * A value is coefficient * 10^-dscale with a sign: PostgreSQL's display scale is kept exactly, so
 * 1.10 has coefficient 110 and dscale 2.  The coefficient is a GMP limb string without leading
 * zero limbs; zero has none.  One limb (up to 19 digits) covers nearly everything, and such values
 * take a path without GMP.  Numerics are immutable; results live in the arena given.  All limits
 * and all choices of result scale are PostgreSQL's. */
#ifndef SHARDLITE_TYPES_NUMERIC_H
#define SHARDLITE_TYPES_NUMERIC_H

#include "types/type.h"

enum numeric_kind { NUMERIC_FINITE, NUMERIC_NEG_INF, NUMERIC_INF, NUMERIC_NAN };

struct numeric {
    uint8_t kind;
    bool negative; /* finite only; never for zero */
    uint16_t dscale;
    uint32_t n_limbs;
    uint64_t limbs[]; /* least significant first */
};

#define NUMERIC_DSCALE_MAX 16383       /* digits after the point */
#define NUMERIC_DIGITS_MAX 131072      /* digits before the point */
#define NUMERIC_MAX_DISPLAY_SCALE 1000 /* of computed results */
#define NUMERIC_MIN_SIG_DIGITS 16

static inline const struct numeric *numeric_of(const struct datum *d)
{
    return (const struct numeric *)d->p;
}
static inline struct datum numeric_datum(const struct numeric *v)
{
    return datum_bytes(v, sizeof(*v) + v->n_limbs * sizeof(v->limbs[0]));
}
static inline bool numeric_is_zero(const struct numeric *v)
{
    return v->kind == NUMERIC_FINITE && v->n_limbs == 0;
}
/* -1, 0, 1; infinities have a sign, NaN counts as 1. */
int numeric_signum(const struct numeric *v);
bool numeric_is_integral(const struct numeric *v);

extern const struct type_ops numeric_ops;

/* ---- making ---- */
const struct numeric *numeric_special(enum numeric_kind kind); /* static */
const struct numeric *numeric_from_i64(struct arena *arena, int64_t v);
const struct numeric *numeric_from_i128(struct arena *arena, __int128 v);
/* v * 10^-dscale */
const struct numeric *numeric_scaled(struct arena *arena, __int128 v, int dscale);
/* PostgreSQL's cast: 15 (float4: 6) significant digits. */
const struct numeric *numeric_from_float8(struct arena *arena, double v);
const struct numeric *numeric_from_float4(struct arena *arena, float v);
MUST_CHECK const struct numeric *numeric_parse(struct arena *arena, struct err *err,
                                               const char *text, size_t n);
/* For text that is known to be a number. */
const struct numeric *numeric_literal(struct arena *arena, const char *text);

/* ---- reading ---- */
void numeric_print(const struct numeric *v, struct buf *out);
/* Rounded half away from zero; false if it does not fit (or is not finite). */
MUST_CHECK bool numeric_to_i64(const struct numeric *v, int64_t *out);
double numeric_to_float8(const struct numeric *v); /* +-HUGE_VAL beyond the range */
/* Order of all values: -Infinity < numbers < Infinity < NaN. */
int numeric_cmp(const struct numeric *a, const struct numeric *b);
void numeric_put_key(const struct numeric *v, struct buf *out);
/* As the key of int8 where the value is such an integer, otherwise its own. */
void numeric_hash_key(const struct numeric *v, struct buf *out);

/* ---- arithmetic; NULL on error ---- */
typedef const struct numeric *numeric_fn(struct arena *, struct err *, const struct numeric *,
                                         const struct numeric *);
MUST_CHECK const struct numeric *numeric_add(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_sub(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_mul(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_div(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *
numeric_div_trunc(struct arena *, struct err *, const struct numeric *a, const struct numeric *b);
MUST_CHECK const struct numeric *numeric_mod(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_gcd(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_lcm(struct arena *, struct err *, const struct numeric *a,
                                             const struct numeric *b);
MUST_CHECK const struct numeric *numeric_factorial(struct arena *, struct err *, int64_t n);
const struct numeric *numeric_neg(struct arena *, const struct numeric *v);
const struct numeric *numeric_abs(struct arena *, const struct numeric *v);
/* `scale` may be negative. */
const struct numeric *numeric_round(struct arena *, const struct numeric *v, int scale);
const struct numeric *numeric_trunc(struct arena *, const struct numeric *v, int scale);
const struct numeric *numeric_ceil(struct arena *, const struct numeric *v);
const struct numeric *numeric_floor(struct arena *, const struct numeric *v);
int numeric_min_scale(const struct numeric *v);
const struct numeric *numeric_trim_scale(struct arena *, const struct numeric *v);
/* Same value, more digits after the point shown. */
const struct numeric *numeric_rescale(struct arena *, const struct numeric *v, int dscale);
/* Rounds to typmod and checks the precision; -1 leaves the value alone. */
MUST_CHECK const struct numeric *numeric_coerce(struct arena *, struct err *,
                                                const struct numeric *v, int32_t typmod);

/* ---- numeric_math.c ---- */
MUST_CHECK const struct numeric *numeric_sqrt(struct arena *, struct err *,
                                              const struct numeric *v);
MUST_CHECK const struct numeric *numeric_exp(struct arena *, struct err *, const struct numeric *v);
MUST_CHECK const struct numeric *numeric_ln(struct arena *, struct err *, const struct numeric *v);
MUST_CHECK const struct numeric *numeric_log(struct arena *, struct err *,
                                             const struct numeric *base, const struct numeric *v);
MUST_CHECK const struct numeric *numeric_power(struct arena *, struct err *,
                                               const struct numeric *base,
                                               const struct numeric *exponent);
/* sqrt(v) to exactly `scale` digits after the point. */
const struct numeric *numeric_sqrt_scaled(struct arena *, const struct numeric *v, int scale);

/* ---- for numeric*.c and aggregates ---- */
/* Position of the leading digit in groups of four (PostgreSQL's weight), and that group's value;
 * 0, 0 for zero.  Choices of scale depend on these. */
void numeric_weight(const struct numeric *v, int *weight, int *first_group);
int numeric_div_scale(const struct numeric *a, const struct numeric *b);
/* a / b rounded half away from zero to `scale`; b is not zero, both are finite. */
MUST_CHECK const struct numeric *numeric_div_to(struct arena *, struct err *,
                                                const struct numeric *a, const struct numeric *b,
                                                int scale);

#endif
