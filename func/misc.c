/* misc.c - random numbers, UUIDs, counting NULLs, sizes in words. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "func/call.h"
#include "func/registry.h"
#include "types/numeric.h"
#include "types/text.h"

/* ---- random: xoroshiro128** as PostgreSQL has it, so that setseed() gives the same sequence ----
 */

/* The session's generator; all zeros until first used. */
static uint64_t *generator(const struct fcall *c)
{
    return ((struct env *)(uintptr_t)c->env)->random_seed;
}

static uint64_t rotate(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static uint64_t next_random(uint64_t s[2])
{
    uint64_t s0 = s[0], sx = s[1] ^ s0, v = rotate(s0 * 5, 7) * 9;
    s[0] = rotate(s0, 24) ^ sx ^ (sx << 16);
    s[1] = rotate(sx, 37);
    return v;
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t v = *state += 0x9e3779b97f4a7c15ULL;
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ULL;
    v = (v ^ v >> 27) * 0x94d049bb133111ebULL;
    return v ^ v >> 31;
}

static bool random_float(struct fcall *c)
{
    uint64_t *s = generator(c);
    while (!s[0] && !s[1])
        if (getrandom(s, 2 * sizeof(s[0]), 0) < 0)
            return err_set(c->err, ERR_SYSTEM_ERROR, "could not generate a random seed");
    return return_float(c, ldexp((double)(next_random(s) >> 12), -52));
}

static bool set_seed(struct fcall *c)
{
    double seed = ARG_F(c, 0);
    if (!(seed >= -1 && seed <= 1))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE,
                       "setseed parameter %g is out of allowed range [-1,1]", seed);
    uint64_t state = (uint64_t)(int64_t)((double)((1ULL << 52) - 1) * seed), *s = generator(c);
    s[0] = splitmix(&state);
    s[1] = splitmix(&state);
    return return_int(c, 0);
}

/* ---- UUID, version 4 ---- */

static bool random_uuid(struct fcall *c)
{
    uint8_t *bytes = arena_alloc(c->arena, 16);
    if (getrandom(bytes, 16, 0) != 16)
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not generate random values");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return return_bytes(c, bytes, 16);
}

/* ---- num_nulls, num_nonnulls ---- */

static bool count_nulls(struct fcall *c, bool null)
{
    struct variadic all = variadic_of(c, 0);
    int64_t n = 0;
    if (all.null_array)
        return return_null(c);
    for (int k = 0; k < all.n; k++)
        n += all.values[k].null == null;
    return return_int(c, n);
}

static bool num_nulls(struct fcall *c)
{
    return count_nulls(c, true);
}
static bool num_nonnulls(struct fcall *c)
{
    return count_nulls(c, false);
}

/* ---- pg_size_pretty, pg_size_bytes ---- */

struct size_unit {
    const char *name;
    int64_t limit; /* sizes below it are shown in this unit */
    bool round;    /* half away from zero, from one bit more than the unit */
    int bits;
};

static const struct size_unit size_units[] = {
    {"bytes", 10 * 1024, false, 0},  {"kB", 20 * 1024 - 1, true, 10},
    {"MB", 20 * 1024 - 1, true, 20}, {"GB", 20 * 1024 - 1, true, 30},
    {"TB", 20 * 1024 - 1, true, 40}, {"PB", 20 * 1024 - 1, true, 50},
};
#define N_SIZE_UNITS ((int)ARRAY_COUNT(size_units))

/* Bits to drop between this unit's scale and the next one's. */
static int bits_to_next(int k)
{
    return size_units[k + 1].bits - size_units[k].bits - size_units[k + 1].round +
           size_units[k].round;
}

static bool size_pretty(struct fcall *c)
{
    int64_t size = ARG_I(c, 0);
    for (int k = 0;; k++) {
        uint64_t magnitude = size < 0 ? 0 - (uint64_t)size : (uint64_t)size;
        if (k == N_SIZE_UNITS - 1 || magnitude < (uint64_t)size_units[k].limit) {
            if (size_units[k].round)
                size = (size + (size < 0 ? -1 : 1)) / 2;
            char *text = arena_printf(c->arena, "%lld %s", (long long)size, size_units[k].name);
            return return_bytes(c, text, strlen(text));
        }
        size /= (int64_t)1 << bits_to_next(k);
    }
}

static bool size_pretty_numeric(struct fcall *c)
{
    const struct numeric *size = numeric_of(&c->args[0]);
    struct buf out = BUF_IN(c->arena);
    for (int k = 0; size; k++) {
        const struct numeric *limit = numeric_from_i64(c->arena, size_units[k].limit);
        if (k == N_SIZE_UNITS - 1 || numeric_cmp(numeric_abs(c->arena, size), limit) < 0) {
            if (size_units[k].round) {
                const struct numeric *one =
                    numeric_from_i64(c->arena, numeric_signum(size) < 0 ? -1 : 1);
                size = numeric_add(c->arena, c->err, size, one);
                size =
                    size ? numeric_div_trunc(c->arena, c->err, size, numeric_from_i64(c->arena, 2))
                         : NULL;
            }
            if (!size)
                return false;
            numeric_print(size, &out);
            buf_printf(&out, " %s", size_units[k].name);
            return return_bytes(c, out.p, out.n);
        }
        size = numeric_div_trunc(c->arena, c->err, size,
                                 numeric_from_i64(c->arena, (int64_t)1 << bits_to_next(k)));
    }
    return false;
}

static size_t skip_digits(const char *p, size_t n, size_t at)
{
    while (at < n && p[at] >= '0' && p[at] <= '9')
        at++;
    return at;
}

/* Length of the number that starts the text: sign, digits with a point, exponent; 0 if there is
 * none. */
static size_t number_prefix(const char *p, size_t n)
{
    size_t at = n && (p[0] == '-' || p[0] == '+'), start = at;
    at = skip_digits(p, n, at);
    size_t digits = at - start;
    if (at < n && p[at] == '.') {
        size_t end = skip_digits(p, n, at + 1);
        digits += end - at - 1;
        at = end;
    }
    if (!digits)
        return 0;
    if (at + 1 < n && (p[at] == 'e' || p[at] == 'E')) {
        size_t exponent = at + 1 + (p[at + 1] == '-' || p[at + 1] == '+');
        size_t end = skip_digits(p, n, exponent);
        at = end > exponent ? end : at;
    }
    return at;
}

static bool invalid_size(struct fcall *c)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid size: \"%.*s\"", (int)ARG_N(c, 0),
                   ARG_P(c, 0));
}

static bool size_bytes(struct fcall *c)
{
    const char *text = ARG_P(c, 0);
    size_t n = ARG_N(c, 0);
    while (n && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
        text++, n--;
    size_t number = number_prefix(text, n);
    if (!number)
        return invalid_size(c);
    const struct numeric *size = numeric_parse(c->arena, c->err, text, number);
    if (!size)
        return false;
    const char *unit = text + number;
    n -= number;
    while (n && (*unit == ' ' || (*unit >= '\t' && *unit <= '\r')))
        unit++, n--;
    while (n && (unit[n - 1] == ' ' || (unit[n - 1] >= '\t' && unit[n - 1] <= '\r')))
        n--;
    int bits = n ? -1 : 0;
    for (int k = 0; k < N_SIZE_UNITS && n; k++)
        if (strlen(size_units[k].name) == n && strncasecmp(size_units[k].name, unit, n) == 0)
            bits = size_units[k].bits;
    if (bits < 0) {
        invalid_size(c);
        err_detail(c->err, "Invalid size unit: \"%.*s\".", (int)n, unit);
        return err_hint(c->err,
                        "Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".");
    }
    size = numeric_mul(c->arena, c->err, size, numeric_from_i64(c->arena, (int64_t)1 << bits));
    int64_t bytes;
    if (!size)
        return false;
    if (!numeric_to_i64(size, &bytes))
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    return return_int(c, bytes);
}

FUNC_TABLE(misc_funcs) = {
    {"drandom", random_float},
    {"setseed", set_seed},
    {"gen_random_uuid", random_uuid},
    {"pg_num_nulls", num_nulls},
    {"pg_num_nonnulls", num_nonnulls},
    {"pg_size_pretty", size_pretty},
    {"pg_size_pretty_numeric", size_pretty_numeric},
    {"pg_size_bytes", size_bytes},
    {NULL, NULL},
};
