/* float.c - float4 and float8.
 *
 * Output is the shortest decimal that lies strictly between the midpoints to the neighbouring
 * floats, and of these the one closest to the value (PostgreSQL does the same with
 * extra_float_digits >= 1; it never uses a midpoint itself, even where round-to-even would read it
 * back).  The method is Raffaele Giulietti's "Schubfach": scale the value and both midpoints by a
 * power of ten, kept as the upper 128 bits rounded up, and look at the candidates around the
 * result. The table of powers is made with GMP at first use rather than written out. */
#include "types/float.h"

#include <errno.h>
#include <gmp.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "types/key.h"
#include "types/registry.h"
#include "types/settings.h"

/* ---- shortest digits ---- */

#define POW10_MIN (-330)
#define POW10_MAX 330

struct u128 {
    uint64_t hi, lo;
};

static struct u128 powers[POW10_MAX - POW10_MIN + 1];
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

static int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* 10^e * 2^(127 - floor(log2 10^e)), rounded up. */
static struct u128 pow10_upper(int e)
{
    mpz_t power, scaled;
    int shift = 127 - floor_log2_pow10(e);
    mpz_init(power);
    mpz_init(scaled);
    mpz_ui_pow_ui(power, 10, (unsigned long)abs(e));
    if (e < 0) {
        mpz_setbit(scaled, (mp_bitcnt_t)shift);
        mpz_cdiv_q(scaled, scaled, power);
    } else if (shift >= 0) {
        mpz_mul_2exp(scaled, power, (mp_bitcnt_t)shift);
    } else {
        mpz_cdiv_q_2exp(scaled, power, (mp_bitcnt_t)-shift);
    }
    struct u128 out;
    out.lo = mpz_get_ui(scaled);
    mpz_fdiv_q_2exp(scaled, scaled, 64);
    out.hi = mpz_get_ui(scaled);
    mpz_clear(power);
    mpz_clear(scaled);
    return out;
}

static void make_powers(void)
{
    for (int e = POW10_MIN; e <= POW10_MAX; e++)
        powers[e - POW10_MIN] = pow10_upper(e);
}

/* Upper 64 bits of the 192-bit product, with a sticky lowest bit. */
static uint64_t multiply_sticky(struct u128 g, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)g.lo * c;
    unsigned __int128 y = (unsigned __int128)g.hi * c + (uint64_t)(low >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

struct decimal {
    uint64_t digits;
    int exponent; /* value = digits * 10^exponent */
};

/* The value is c * 2^q; the neighbour below is at half the usual distance when `lower_is_closer`.
 */
static struct decimal shortest(uint64_t c, int q, bool lower_is_closer)
{
    if (q <= 0 && q > -64 && (c & ((1ULL << -q) - 1)) == 0)
        return (struct decimal){c >> -q, 0};
    pthread_once(&powers_once, make_powers);
    int k = (q * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
    int h = q + floor_log2_pow10(-k) + 1;
    struct u128 g = powers[-k - POW10_MIN];
    uint64_t below = multiply_sticky(g, (4 * c - 2 + lower_is_closer) << h) + 1;
    uint64_t at = multiply_sticky(g, (4 * c) << h);
    uint64_t above = multiply_sticky(g, (4 * c + 2) << h) - 1;
    uint64_t s = at / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool low_fits = below <= 40 * tens, high_fits = 40 * tens + 40 <= above;
        if (low_fits != high_fits)
            return (struct decimal){tens + high_fits, k + 1};
    }
    bool low_fits = below <= 4 * s, high_fits = 4 * s + 4 <= above;
    if (low_fits != high_fits)
        return (struct decimal){s + high_fits, k};
    uint64_t middle = 4 * s + 2;
    bool up = at > middle || (at == middle && (s & 1));
    return (struct decimal){s + up, k};
}

static struct decimal shortest_float8(double value)
{
    uint64_t bits, fraction;
    memcpy(&bits, &value, sizeof(bits));
    fraction = bits & ((1ULL << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff);
    if (!exponent)
        return shortest(fraction, -1074, false);
    return shortest(fraction | 1ULL << 52, exponent - 1075, fraction == 0 && exponent > 1);
}

static struct decimal shortest_float4(float value)
{
    uint32_t bits, fraction;
    memcpy(&bits, &value, sizeof(bits));
    fraction = bits & ((1U << 23) - 1);
    int exponent = (int)(bits >> 23 & 0xff);
    if (!exponent)
        return shortest(fraction, -149, false);
    return shortest(fraction | 1U << 23, exponent - 150, fraction == 0 && exponent > 1);
}

/* ---- layout ---- */

static size_t print_fixed(char *out, const char *digits, int n, int point)
{
    char *p = out;
    if (point <= 0) {
        *p++ = '0';
        *p++ = '.';
        for (int k = point; k < 0; k++)
            *p++ = '0';
        memcpy(p, digits, (size_t)n);
        return (size_t)(p + n - out);
    }
    for (int k = 0; k < MAX(n, point); k++) {
        if (k == point)
            *p++ = '.';
        *p++ = k < n ? digits[k] : '0';
    }
    return (size_t)(p - out);
}

static size_t print_exponent(char *out, const char *digits, int n, int exponent)
{
    char *p = out;
    *p++ = digits[0];
    if (n > 1) {
        *p++ = '.';
        memcpy(p, digits + 1, (size_t)n - 1);
        p += n - 1;
    }
    return (size_t)(p - out) +
           (size_t)snprintf(p, 8, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* `fixed_below`: values from 10^this on are written with an exponent. */
static size_t print_decimal(char *out, struct decimal value, int fixed_below)
{
    char text[24], *digits = text + sizeof(text);
    uint64_t v = value.digits;
    while (v % 10 == 0) {
        v /= 10;
        value.exponent++;
    }
    for (; v; v /= 10)
        *--digits = (char)('0' + v % 10);
    int n = (int)(text + sizeof(text) - digits), leading = value.exponent + n - 1;
    if (leading >= -4 && leading < fixed_below)
        return print_fixed(out, digits, n, leading + 1);
    return print_exponent(out, digits, n, leading);
}

static size_t put(char *out, const char *text)
{
    size_t n = strlen(text);
    memcpy(out, text, n);
    return n;
}

/* True if the value needs no digits. */
static bool print_special(char *out, double value, size_t *n)
{
    if (isnan(value))
        *n = put(out, "NaN");
    else if (isinf(value))
        *n = put(out, value > 0 ? "Infinity" : "-Infinity");
    else if (value == 0)
        *n = put(out, signbit(value) ? "-0" : "0");
    else
        return false;
    return true;
}

size_t float8_print(char *out, double value, int extra_digits)
{
    size_t n;
    if (print_special(out, value, &n))
        return n;
    if (extra_digits <= 0)
        return (size_t)snprintf(out, FLOAT_TEXT_MAX, "%.*g", MAX(15 + extra_digits, 1), value);
    size_t sign = value < 0;
    if (sign)
        out[0] = '-';
    return sign + print_decimal(out + sign, shortest_float8(fabs(value)), 15);
}

size_t float4_print(char *out, float value, int extra_digits)
{
    size_t n;
    if (print_special(out, (double)value, &n))
        return n;
    if (extra_digits <= 0)
        return (size_t)snprintf(out, FLOAT_TEXT_MAX, "%.*g", MAX(6 + extra_digits, 1),
                                (double)value);
    size_t sign = value < 0;
    if (sign)
        out[0] = '-';
    return sign + print_decimal(out + sign, shortest_float4(fabsf(value)), 6);
}

/* ---- input ---- */

/* `double_width`: 8-byte float. */
static bool parse(struct arena *arena, struct err *err, const char *text, size_t n,
                  bool double_width, double *out)
{
    const char *sql_name = double_width ? "double precision" : "real";
    char *copy = arena_strndup(arena, text, n), *start = copy, *end;
    while (is_space(*start))
        start++;
    errno = 0;
    *out = double_width ? strtod(start, &end) : (double)strtof(start, &end);
    bool out_of_range = errno == ERANGE && (*out == 0 || isinf(*out));
    char *stop = end;
    while (is_space(*stop))
        stop++;
    if (out_of_range) { /* only the number itself is told; of a real, all of the text */
        if (double_width)
            *end = 0;
        else
            start = copy;
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "\"%s\" is out of range for type %s",
                       start, sql_name);
    }
    if (end == start || *stop)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type %s: \"%.*s\"", sql_name, (int)n, text);
    return true;
}

bool float8_parse(struct arena *arena, struct err *err, const char *text, size_t n, double *out)
{
    return parse(arena, err, text, n, true, out);
}

bool float4_parse(struct arena *arena, struct err *err, const char *text, size_t n, float *out)
{
    double value;
    if (!parse(arena, err, text, n, false, &value))
        return false;
    *out = (float)value;
    return true;
}

static bool float8_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_float(0);
    return parse(io->arena, io->err, text, n, true, &out->f);
}
static bool float4_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    *out = datum_float(0);
    return parse(io->arena, io->err, text, n, false, &out->f);
}
static bool float8_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_reserve(out, FLOAT_TEXT_MAX);
    out->n += float8_print(out->p + out->n, value->f, io->settings->extra_float_digits);
    return true;
}
static bool float4_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_reserve(out, FLOAT_TEXT_MAX);
    out->n += float4_print(out->p + out->n, (float)value->f, io->settings->extra_float_digits);
    return true;
}

static bool float8_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 8))
        return false;
    uint64_t bits = get_u64(bytes);
    *out = datum_float(0);
    memcpy(&out->f, &bits, sizeof(bits));
    return true;
}
static bool float4_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, 4))
        return false;
    uint32_t bits = get_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof(bits));
    *out = datum_float((double)value);
    return true;
}
static bool float8_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    uint64_t bits;
    memcpy(&bits, &value->f, sizeof(bits));
    buf_put_u64(out, bits);
    return true;
}
static bool float4_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    float narrow = (float)value->f;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof(bits));
    buf_put_u32(out, bits);
    return true;
}

static int float_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_f64(a->f, b->f);
}

static void float_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_f64(out, value->f);
}

/* SQLite turns NaN into NULL, so it is kept as text, which sorts after all numbers as NaN does. */
static bool float_store(const struct type_io *io, const struct datum *value, struct stored *out)
{
    if (isnan(value->f)) {
        out->kind = STORED_TEXT;
        out->p = "NaN";
        out->n = 3;
        return true;
    }
    out->kind = STORED_REAL;
    out->f = value->f;
    return true;
}

static bool float_load(const struct type_io *io, const struct stored *value, struct datum *out)
{
    *out = datum_float(NAN);
    if (value->kind == STORED_REAL)
        out->f = value->f;
    else if (value->kind == STORED_INTEGER)
        out->f = (double)value->i;
    else if (value->kind != STORED_TEXT)
        return err_set(io->err, ERR_DATA_CORRUPTED, "a stored value is not of type %s",
                       io->type->name);
    return true;
}

#define FLOAT_OPS(type)                                                                            \
    static const struct type_ops type##_ops = {                                                    \
        .name = #type,                                                                             \
        .storage = STORAGE_REAL,                                                                   \
        .native_order = true,                                                                      \
        .in = type##_in,                                                                           \
        .out = type##_out,                                                                         \
        .recv = type##_recv,                                                                       \
        .send = type##_send,                                                                       \
        .cmp = float_cmp,                                                                          \
        .key = float_key,                                                                          \
        .store = float_store,                                                                      \
        .load = float_load,                                                                        \
    }
FLOAT_OPS(float4);
FLOAT_OPS(float8);

const struct type_ops_entry float_type_ops[] = {
    {TYPE_FLOAT4, &float4_ops},
    {TYPE_FLOAT8, &float8_ops},
    {0, NULL},
};
