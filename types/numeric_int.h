/* numeric_int.h - the guts that numeric.c, numeric_io.c and numeric_math.c share. */
#ifndef SHARDLITE_TYPES_NUMERIC_INT_H
#define SHARDLITE_TYPES_NUMERIC_INT_H

#include <gmp.h>

#include "types/numeric.h"

typedef unsigned __int128 u128;

/* 10^0 .. 10^19 */
extern const uint64_t numeric_pow10[20];
#define POW10_U64_MAX 19

/* Uninitialised limbs; the caller fills them and keeps the top one non-zero. */
struct numeric *numeric_alloc(struct arena *arena, bool negative, int dscale, uint32_t n_limbs);
struct numeric *numeric_from_u128(struct arena *arena, bool negative, u128 magnitude, int dscale);
struct numeric *numeric_from_mpz(struct arena *arena, const mpz_t z, int dscale);
/* A read-only view of the signed coefficient; nothing to clear. */
mpz_srcptr numeric_view(mpz_t z, const struct numeric *v);
void mpz_pow10(mpz_t out, unsigned long exponent);
/* z = z * 10^shift; a negative shift divides, rounding half away from zero. */
void mpz_shift10_round(mpz_t z, long shift);
/* Decimal digits of the coefficient; 0 for zero. */
long numeric_digits(const struct numeric *v);
/* Place of the leading digit: value = d.ddd * 10^this.  Not for zero. */
static inline long numeric_exponent(const struct numeric *v)
{
    return numeric_digits(v) - 1 - v->dscale;
}
/* The coefficient's digits, most significant first, in the arena, *n of them. */
char *numeric_digit_string(struct arena *arena, const struct numeric *v, size_t *n);
bool numeric_overflow(struct err *err); /* 22003 value overflows numeric format */
/* v, or NULL with the error set when it has too many digits. */
const struct numeric *numeric_checked(struct err *err, const struct numeric *v);

#endif
