/* numeric_io.c - numerics as text, as binary, as keys, as floats; the type modifier; the type's
 * ops. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "types/float.h"
#include "types/key.h"
#include "types/numeric_int.h"
#include "types/registry.h"

/* ---- output ---- */

char *numeric_digit_string(struct arena *arena, const struct numeric *v, size_t *n)
{
    if (v->n_limbs <= 1) {
        char *text = arena_alloc(arena, 20), *p = text + 20;
        for (uint64_t c = v->n_limbs ? v->limbs[0] : 0; c; c /= 10)
            *--p = (char)('0' + c % 10);
        *n = (size_t)(text + 20 - p);
        return p;
    }
    mpz_t view;
    mpz_srcptr z = numeric_view(view, v);
    char *text = arena_alloc(arena, mpz_sizeinbase(z, 10) + 2);
    mpz_get_str(text, 10, z);
    text += *text == '-';
    *n = strlen(text);
    return text;
}

static void print_digits(struct buf *out, const char *digits, size_t n, size_t dscale)
{
    buf_reserve(out, MAX(n, dscale) + 2);
    if (n <= dscale)
        buf_putc(out, '0');
    else
        buf_append(out, digits, n - dscale);
    if (!dscale)
        return;
    buf_putc(out, '.');
    for (size_t k = n; k < dscale; k++)
        buf_putc(out, '0');
    size_t fraction = MIN(n, dscale);
    buf_append(out, digits + n - fraction, fraction);
}

void numeric_print(const struct numeric *v, struct buf *out)
{
    static const char *const names[] = {
        [NUMERIC_NEG_INF] = "-Infinity", [NUMERIC_INF] = "Infinity", [NUMERIC_NAN] = "NaN"};
    if (v->kind != NUMERIC_FINITE) {
        buf_puts(out, names[v->kind]);
        return;
    }
    if (v->negative)
        buf_putc(out, '-');
    if (v->n_limbs <= 1) {
        char text[20], *p = text + sizeof(text);
        for (uint64_t c = v->n_limbs ? v->limbs[0] : 0; c; c /= 10)
            *--p = (char)('0' + c % 10);
        print_digits(out, p, (size_t)(text + sizeof(text) - p), v->dscale);
        return;
    }
    struct arena *scratch = arena_new("numeric text");
    size_t n;
    char *digits = numeric_digit_string(scratch, v, &n);
    print_digits(out, digits, n, v->dscale);
    arena_free(scratch);
}

/* ---- input ---- */

struct cursor {
    const char *p, *end;
};

static bool at_digit(const struct cursor *c)
{
    return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || strncasecmp(c->p, word, n) != 0)
        return false;
    c->p += n;
    return true;
}

static const struct numeric *parse_special(struct cursor *c)
{
    if (take_word(c, "NaN"))
        return numeric_special(NUMERIC_NAN);
    bool negative = c->p < c->end && *c->p == '-';
    if (c->p < c->end && (*c->p == '-' || *c->p == '+'))
        c->p++;
    if (take_word(c, "Infinity") || take_word(c, "inf"))
        return numeric_special(negative ? NUMERIC_NEG_INF : NUMERIC_INF);
    return NULL;
}

/* As strtol() has it: blanks, sign, digits; values beyond any sense come out as LONG_MAX or
 * LONG_MIN. */
static bool parse_exponent(struct cursor *c, long *out)
{
    while (c->p < c->end && is_space(*c->p))
        c->p++;
    bool negative = c->p < c->end && *c->p == '-';
    if (c->p < c->end && (*c->p == '-' || *c->p == '+'))
        c->p++;
    if (!at_digit(c))
        return false;
    long v = 0;
    for (; at_digit(c); c->p++)
        v = v > LONG_MAX / 20 ? v : v * 10 + (*c->p - '0');
    *out = negative ? -v : v;
    return true;
}

struct digits {
    const char *start, *end; /* may contain one point */
    long n_fraction;
    uint64_t small; /* the coefficient, if it has at most 19 significant digits */
    int n_significant;
    bool any;
};

static void scan_digits(struct cursor *c, struct digits *d)
{
    bool point = false;
    *d = (struct digits){.start = c->p};
    for (; c->p < c->end; c->p++) {
        if (*c->p == '.' && !point) {
            point = true;
            continue;
        }
        if (!at_digit(c))
            break;
        d->any = true;
        d->n_fraction += point;
        if (!d->n_significant && *c->p == '0')
            continue;
        if (++d->n_significant <= POW10_U64_MAX)
            d->small = d->small * 10 + (uint64_t)(*c->p - '0');
    }
    d->end = c->p;
}

/* The digits without the point as a big integer. */
static void digits_to_mpz(struct arena *arena, const struct digits *d, mpz_t out)
{
    char *text = arena_alloc(arena, (size_t)(d->end - d->start) + 1), *q = text;
    for (const char *p = d->start; p < d->end; p++)
        if (*p != '.')
            *q++ = *p;
    *q = 0;
    mpz_set_str(out, text, 10);
}

static const struct numeric *digits_to_numeric(struct arena *arena, struct err *err,
                                               const struct digits *d, bool negative, long exponent)
{
    long dscale = d->n_fraction - exponent;
    long before_point = d->n_significant - d->n_fraction + exponent;
    if (labs(exponent) >= INT_MAX / 2 || dscale > NUMERIC_DSCALE_MAX ||
        (d->n_significant && before_point > NUMERIC_DIGITS_MAX)) {
        numeric_overflow(err);
        return NULL;
    }
    long up = dscale < 0 ? -dscale : 0;
    if (d->n_significant <= POW10_U64_MAX && (up <= POW10_U64_MAX || !d->small))
        return numeric_from_u128(arena, negative, d->small ? (u128)d->small * numeric_pow10[up] : 0,
                                 (int)MAX(dscale, 0));
    mpz_t z;
    mpz_init(z);
    digits_to_mpz(arena, d, z);
    mpz_shift10_round(z, up);
    if (negative)
        mpz_neg(z, z);
    const struct numeric *out = numeric_from_mpz(arena, z, (int)MAX(dscale, 0));
    mpz_clear(z);
    return out;
}

const struct numeric *numeric_parse(struct arena *arena, struct err *err, const char *text,
                                    size_t n)
{
    struct cursor c = {text, text + n};
    while (c.p < c.end && is_space(*c.p))
        c.p++;
    struct cursor start = c;
    bool negative = c.p < c.end && *c.p == '-';
    if (c.p < c.end && (*c.p == '-' || *c.p == '+'))
        c.p++;
    struct digits digits;
    long exponent = 0;
    bool valid = true;
    const struct numeric *special = NULL;
    scan_digits(&c, &digits);
    if (!digits.any) {
        c = start;
        special = parse_special(&c);
        valid = special != NULL;
    } else if (c.p < c.end && (*c.p == 'e' || *c.p == 'E')) {
        c.p++;
        valid = parse_exponent(&c, &exponent);
    }
    while (c.p < c.end && is_space(*c.p))
        c.p++;
    if (!valid || c.p < c.end) {
        err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                "invalid input syntax for type numeric: \"%.*s\"", (int)n, text);
        return NULL;
    }
    return special ? special : digits_to_numeric(arena, err, &digits, negative, exponent);
}

const struct numeric *numeric_literal(struct arena *arena, const char *text)
{
    struct err err = ERR_IN(arena);
    const struct numeric *v = numeric_parse(arena, &err, text, strlen(text));
    ASSERT(v != NULL);
    return v;
}

/* ---- floats ---- */

static const struct numeric *from_float(struct arena *arena, double v, int digits)
{
    char text[FLOAT_TEXT_MAX];
    if (isnan(v))
        return numeric_special(NUMERIC_NAN);
    if (isinf(v))
        return numeric_special(v > 0 ? NUMERIC_INF : NUMERIC_NEG_INF);
    snprintf(text, sizeof(text), "%.*g", digits, v);
    return numeric_literal(arena, text);
}

const struct numeric *numeric_from_float8(struct arena *arena, double v)
{
    return from_float(arena, v, 15);
}

const struct numeric *numeric_from_float4(struct arena *arena, float v)
{
    return from_float(arena, (double)v, 6);
}

double numeric_to_float8(const struct numeric *v)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (v->kind != NUMERIC_FINITE)
        return v->kind == NUMERIC_NAN ? NAN : v->kind == NUMERIC_INF ? HUGE_VAL : -HUGE_VAL;
    if (!v->n_limbs)
        return 0;
    if (v->n_limbs == 1 && v->limbs[0] <= 1ULL << 53 && v->dscale < ARRAY_COUNT(exact)) {
        double magnitude = (double)v->limbs[0] / exact[v->dscale]; /* both exact, so rounded once */
        return v->negative ? -magnitude : magnitude;
    }
    struct buf text = {0};
    numeric_print(v, &text);
    double value = strtod(buf_cstr(&text), NULL);
    buf_free(&text);
    return value;
}

/* ---- keys ---- */

enum key_class { KEY_NEG_INF = 1, KEY_NEGATIVE, KEY_ZERO, KEY_POSITIVE, KEY_INF, KEY_NAN };

/* Exponent of the leading digit, then the digits without trailing zeros, two to a byte from 1 to
 * 100, then 0; for negative numbers all of it inverted. */
static void put_magnitude(const struct numeric *v, struct buf *out, uint8_t flip)
{
    struct arena *scratch = v->n_limbs > 1 ? arena_new("numeric key") : NULL;
    char small[20];
    const char *digits;
    size_t n;
    if (scratch) {
        digits = numeric_digit_string(scratch, v, &n);
    } else {
        char *p = small + sizeof(small);
        for (uint64_t c = v->limbs[0]; c; c /= 10)
            *--p = (char)('0' + c % 10);
        n = (size_t)(small + sizeof(small) - p);
        digits = p;
    }
    uint32_t exponent = (uint32_t)((long)n - 1 - v->dscale) + 0x80000000U;
    while (digits[n - 1] == '0')
        n--;
    buf_put_u32(out, flip ? ~exponent : exponent);
    for (size_t k = 0; k < n; k += 2) {
        int pair = (digits[k] - '0') * 10 + (k + 1 < n ? digits[k + 1] - '0' : 0);
        buf_putc(out, (char)((uint8_t)(pair + 1) ^ flip));
    }
    buf_putc(out, (char)flip);
    arena_free(scratch);
}

void numeric_put_key(const struct numeric *v, struct buf *out)
{
    static const uint8_t special[] = {
        [NUMERIC_NEG_INF] = KEY_NEG_INF, [NUMERIC_INF] = KEY_INF, [NUMERIC_NAN] = KEY_NAN};
    if (v->kind != NUMERIC_FINITE) {
        buf_putc(out, (char)special[v->kind]);
    } else if (!v->n_limbs) {
        buf_putc(out, KEY_ZERO);
    } else {
        buf_putc(out, v->negative ? KEY_NEGATIVE : KEY_POSITIVE);
        put_magnitude(v, out, v->negative ? 0xff : 0);
    }
}

void numeric_hash_key(const struct numeric *v, struct buf *out)
{
    int64_t i;
    if (numeric_is_integral(v) && numeric_to_i64(v, &i))
        key_put_i64(out, i);
    else
        numeric_put_key(v, out);
}

/* ---- type modifier: ((precision << 16) | (scale & 0x7ff)) + 4 ---- */

#define PRECISION_MAX 1000
#define SCALE_LIMIT 1000

static void typmod_parts(int32_t typmod, int *precision, int *scale)
{
    *precision = ((typmod - 4) >> 16) & 0xffff;
    *scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
}

const struct numeric *numeric_coerce(struct arena *arena, struct err *err, const struct numeric *v,
                                     int32_t typmod)
{
    if (typmod < 4 || v->kind == NUMERIC_NAN)
        return v;
    int precision, scale;
    typmod_parts(typmod, &precision, &scale);
    if (v->kind != NUMERIC_FINITE) {
        err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
        err_detail(err, "A field with precision %d, scale %d cannot hold an infinite value.",
                   precision, scale);
        return NULL;
    }
    int most = precision - scale;
    v = numeric_round(arena, v, scale);
    if (!v->n_limbs || numeric_exponent(v) + 1 <= most)
        return v;
    err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
    if (most)
        err_detail(
            err,
            "A field with precision %d, scale %d must round to an absolute value less than 10^%d.",
            precision, scale, most);
    else
        err_detail(
            err, "A field with precision %d, scale %d must round to an absolute value less than 1.",
            precision, scale);
    return NULL;
}

static bool numeric_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                              int32_t *typmod)
{
    if (n_args < 1 || n_args > 2)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier");
    if (args[0] < 1 || args[0] > PRECISION_MAX)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "NUMERIC precision %d must be between 1 and %d", args[0], PRECISION_MAX);
    int32_t scale = n_args == 2 ? args[1] : 0;
    if (scale < -SCALE_LIMIT || scale > SCALE_LIMIT)
        return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                       "NUMERIC scale %d must be between %d and %d", scale, -SCALE_LIMIT,
                       SCALE_LIMIT);
    *typmod = ((args[0] << 16) | (scale & 0x7ff)) + 4;
    return true;
}

static void numeric_typmod_out(int32_t typmod, struct buf *out)
{
    int precision, scale;
    if (typmod < 4)
        return;
    typmod_parts(typmod, &precision, &scale);
    buf_printf(out, "(%d,%d)", precision, scale);
}

/* ---- binary form: count, weight, sign, dscale, then groups of four digits ---- */

#define SIGN_POSITIVE 0x0000
#define SIGN_NEGATIVE 0x4000
#define SIGN_NAN 0xc000
#define SIGN_INF 0xd000
#define SIGN_NEG_INF 0xf000

static void send_header(struct buf *out, long n_groups, long weight, int sign, int dscale)
{
    buf_put_u16(out, (uint16_t)n_groups);
    buf_put_u16(out, (uint16_t)weight);
    buf_put_u16(out, (uint16_t)sign);
    buf_put_u16(out, (uint16_t)dscale);
}

static bool numeric_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    static const int signs[] = {
        [NUMERIC_NEG_INF] = SIGN_NEG_INF, [NUMERIC_INF] = SIGN_INF, [NUMERIC_NAN] = SIGN_NAN};
    const struct numeric *v = numeric_of(value);
    if (v->kind != NUMERIC_FINITE || !v->n_limbs) {
        bool infinite = v->kind == NUMERIC_INF || v->kind == NUMERIC_NEG_INF;
        /* A bit of the infinities' mark is read as part of the scale, on PostgreSQL. */
        send_header(out, 0, 0, signs[v->kind], infinite ? 0x20 : v->kind ? 0 : v->dscale);
        return true;
    }
    size_t n;
    char *digits = numeric_digit_string(io->arena, v, &n);
    int weight, first;
    numeric_weight(v, &weight, &first);
    long exponent = (long)n - 1 - v->dscale;
    while (digits[n - 1] == '0')
        n--;
    long lead = 3 - (exponent - 4L * weight); /* zeros in front of the first digit in its group */
    long n_groups = ((long)n + lead + 3) / 4;
    send_header(out, n_groups, weight, v->negative ? SIGN_NEGATIVE : SIGN_POSITIVE, v->dscale);
    for (long group = 0; group < n_groups; group++) {
        int digit_group = 0;
        for (long k = group * 4 - lead; k < group * 4 - lead + 4; k++)
            digit_group = digit_group * 10 + (k >= 0 && k < (long)n ? digits[k] - '0' : 0);
        buf_put_u16(out, (uint16_t)digit_group);
    }
    return true;
}

static bool recv_special(int sign, const struct numeric **out)
{
    *out = sign == SIGN_NAN       ? numeric_special(NUMERIC_NAN)
           : sign == SIGN_INF     ? numeric_special(NUMERIC_INF)
           : sign == SIGN_NEG_INF ? numeric_special(NUMERIC_NEG_INF)
                                  : NULL;
    return *out != NULL;
}

static const struct numeric *recv_groups(const struct type_io *io, const uint8_t *bytes,
                                         int n_groups, int weight, bool negative, int dscale)
{
    char *text = arena_alloc(io->arena, (size_t)n_groups * 4 + 2);
    text[0] = '0';
    for (int k = 0; k < n_groups; k++) {
        unsigned group = get_u16(bytes + 2 * k);
        if (group > 9999) {
            err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                    "invalid digit in external \"numeric\" value");
            return NULL;
        }
        snprintf(text + 1 + 4 * k, 5, "%04u", group);
    }
    text[1 + 4 * n_groups] = 0;
    mpz_t z, power;
    mpz_init(z);
    mpz_init(power);
    mpz_set_str(z, text, 10);
    long shift = 4L * (weight - n_groups + 1) + dscale; /* digits beyond dscale are cut */
    if (shift >= 0) {
        mpz_shift10_round(z, mpz_sgn(z) ? shift : 0);
    } else {
        mpz_pow10(power, (unsigned long)MIN(-shift, 4L * n_groups + 1));
        mpz_tdiv_q(z, z, power);
    }
    if (negative)
        mpz_neg(z, z);
    const struct numeric *v = numeric_from_mpz(io->arena, z, dscale);
    mpz_clear(z);
    mpz_clear(power);
    return numeric_checked(io->err, v);
}

static bool numeric_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                         struct datum *out)
{
    if (n < 8)
        return recv_short(io);
    int n_groups = get_u16(bytes), weight = (int16_t)get_u16(bytes + 2), sign = get_u16(bytes + 4);
    int dscale = get_u16(bytes + 6);
    const struct numeric *v;
    bool special = recv_special(sign, &v);
    if (!special && sign != SIGN_POSITIVE && sign != SIGN_NEGATIVE)
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid sign in external \"numeric\" value");
    if (dscale > NUMERIC_DSCALE_MAX)
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                       "invalid scale in external \"numeric\" value");
    if (!recv_exact(io, n, 8 + 2 * (size_t)n_groups))
        return false;
    if (!special)
        v = recv_groups(io, bytes + 8, n_groups, weight, sign == SIGN_NEGATIVE, dscale);
    v = v ? numeric_coerce(io->arena, io->err, v, io->typmod) : NULL;
    if (!v)
        return false;
    *out = numeric_datum(v);
    return true;
}

/* ---- ops ---- */

static bool numeric_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const struct numeric *v = numeric_parse(io->arena, io->err, text, n);
    v = v ? numeric_coerce(io->arena, io->err, v, io->typmod) : NULL;
    if (!v)
        return false;
    *out = numeric_datum(v);
    return true;
}

static bool numeric_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    numeric_print(numeric_of(value), out);
    return true;
}

static int numeric_ops_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return numeric_cmp(numeric_of(a), numeric_of(b));
}

static void numeric_key(const struct type *type, const struct datum *value, struct buf *out)
{
    numeric_put_key(numeric_of(value), out);
}

static bool numeric_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    return store_as_text(io, value, out);
}

/* The column's typmod was applied when the value was written. */
static bool numeric_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    if (value->kind == STORED_INTEGER) {
        *out = numeric_datum(numeric_from_i64(io->arena, value->i));
        return true;
    }
    if (value->kind != STORED_TEXT)
        return err_set(io->err, ERR_DATA_CORRUPTED, "a stored value is not of type %s",
                       io->type->name);
    const struct numeric *v = numeric_parse(io->arena, io->err, value->p, value->n);
    if (!v)
        return false;
    *out = numeric_datum(v);
    return true;
}

const struct type_ops numeric_ops = {
    .name = "numeric",
    .storage = STORAGE_TEXT,
    .in = numeric_in,
    .out = numeric_out,
    .recv = numeric_recv,
    .send = numeric_send,
    .cmp = numeric_ops_cmp,
    .key = numeric_key,
    .store = numeric_store,
    .load = numeric_load,
    .typmod_in = numeric_typmod_in,
    .typmod_out = numeric_typmod_out,
};

const struct type_ops_entry numeric_type_ops[] = {
    {TYPE_NUMERIC, &numeric_ops},
    {0, NULL},
};
