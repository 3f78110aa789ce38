/* bytea.c - bytes, bits and pieces of bytea.
 *
 * Bit n of a bytea is bit n % 8 (from the least significant) of byte n / 8. */
#include <string.h>

#include "func/call.h"

static bool negative_length(struct fcall *c)
{
    return err_set(c->err, ERR_SUBSTRING_ERROR, "negative substring length not allowed");
}

/* As piece() of text_basic.c, in bytes. */
static struct datum piece(const char *p, size_t n, int64_t start, int64_t length)
{
    int64_t from = MAX(start, 1), end = length < 0 ? INT64_MAX : start + length;
    if (end <= from || from > (int64_t)n)
        return datum_bytes("", 0);
    return datum_bytes(p + from - 1, (size_t)(MIN(end, (int64_t)n + 1) - from));
}

static bool substr(struct fcall *c)
{
    int64_t length = c->n_args > 2 ? ARG_I(c, 2) : -1;
    if (c->n_args > 2 && length < 0)
        return negative_length(c);
    c->result = piece(ARG_P(c, 0), ARG_N(c, 0), ARG_I(c, 1), length);
    return true;
}

static bool overlay(struct fcall *c)
{
    int64_t start = ARG_I(c, 2), length = c->n_args > 3 ? ARG_I(c, 3) : ARG_N(c, 1);
    if (start <= 0)
        return negative_length(c);
    if (start + length > INT32_MAX || start + length < INT32_MIN)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    struct datum left = piece(ARG_P(c, 0), ARG_N(c, 0), 1, start - 1);
    struct datum right = piece(ARG_P(c, 0), ARG_N(c, 0), start + length, -1);
    size_t n_new = ARG_N(c, 1), total = left.n + n_new + right.n;
    char *p = result_alloc(c, total);
    if (!p)
        return false;
    memcpy(p, left.p, left.n);
    memcpy(p + left.n, ARG_P(c, 1), n_new);
    memcpy(p + left.n + n_new, right.p, right.n);
    return return_bytes(c, p, total);
}

static bool position(struct fcall *c)
{
    if (ARG_N(c, 1) == 0)
        return return_int(c, 1);
    const char *found = memmem(ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1));
    return return_int(c, found ? found - ARG_P(c, 0) + 1 : 0);
}

static bool trim(struct fcall *c, bool left, bool right)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    while (left && p < end && memchr(ARG_P(c, 1), *p, ARG_N(c, 1)))
        p++;
    while (right && p < end && memchr(ARG_P(c, 1), end[-1], ARG_N(c, 1)))
        end--;
    return return_bytes(c, p, (size_t)(end - p));
}
static bool btrim(struct fcall *c)
{
    return trim(c, true, true);
}
static bool ltrim(struct fcall *c)
{
    return trim(c, true, false);
}
static bool rtrim(struct fcall *c)
{
    return trim(c, false, true);
}

/* Is `index` one of 0..n-1? */
static bool index_check(struct fcall *c, int64_t index, int64_t n)
{
    if (index >= 0 && index < n)
        return true;
    return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "index %lld out of valid range, 0..%lld",
                   (long long)index, (long long)(n - 1));
}

static bool get_byte(struct fcall *c)
{
    if (!index_check(c, ARG_I(c, 1), ARG_N(c, 0)))
        return false;
    return return_int(c, (uint8_t)ARG_P(c, 0)[ARG_I(c, 1)]);
}

static bool set_byte(struct fcall *c)
{
    if (!index_check(c, ARG_I(c, 1), ARG_N(c, 0)))
        return false;
    char *p = arena_memdup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    p[ARG_I(c, 1)] = (char)ARG_I(c, 2);
    return return_bytes(c, p, ARG_N(c, 0));
}

static bool get_bit(struct fcall *c)
{
    int64_t index = ARG_I(c, 1);
    if (!index_check(c, index, (int64_t)ARG_N(c, 0) * 8))
        return false;
    return return_int(c, (uint8_t)ARG_P(c, 0)[index / 8] >> index % 8 & 1);
}

static bool set_bit(struct fcall *c)
{
    int64_t index = ARG_I(c, 1), bit = ARG_I(c, 2);
    if (!index_check(c, index, (int64_t)ARG_N(c, 0) * 8))
        return false;
    if (bit != 0 && bit != 1)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
    char *p = arena_memdup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    p[index / 8] = (char)((p[index / 8] & ~(1 << index % 8)) | (int)bit << index % 8);
    return return_bytes(c, p, ARG_N(c, 0));
}

static bool bit_count(struct fcall *c)
{
    int64_t count = 0;
    for (size_t k = 0; k < ARG_N(c, 0); k++)
        count += __builtin_popcount((uint8_t)ARG_P(c, 0)[k]);
    return return_int(c, count);
}

FUNC_TABLE(bytea_funcs) = {
    {"bytea_substr", substr},       {"bytea_substr_no_len", substr},
    {"byteaoverlay", overlay},      {"byteaoverlay_no_len", overlay},
    {"byteapos", position},         {"byteatrim", btrim},
    {"bytealtrim", ltrim},          {"byteartrim", rtrim},
    {"byteaGetByte", get_byte},     {"byteaSetByte", set_byte},
    {"byteaGetBit", get_bit},       {"byteaSetBit", set_bit},
    {"bytea_bit_count", bit_count}, {NULL, NULL},
};
