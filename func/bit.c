/* bit.c - functions, operators and aggregates of bit strings.  Positions count from 1, the index
 * of get_bit from 0. */
#include "types/bit.h"

#include <limits.h>
#include <string.h>

#include "func/registry.h"

#define ARG_BITS(c, k) bits_of(&(c)->args[k])

static bool return_bits(struct fcall *c, const struct bits *v)
{
    c->result = bits_datum(v);
    return true;
}

static struct bits *copy_bits(struct arena *arena, const struct bits *v)
{
    return arena_memdup(arena, v, bits_datum(v).n);
}

/* ---- bitwise ---- */

enum bit_op { BIT_AND, BIT_OR, BIT_XOR };

static uint8_t apply(enum bit_op op, uint8_t a, uint8_t b)
{
    return op == BIT_AND ? a & b : op == BIT_OR ? a | b : a ^ b;
}

static bool combine_into(struct fcall *c, enum bit_op op, struct bits *a, const struct bits *b)
{
    static const char *const names[] = {[BIT_AND] = "AND", [BIT_OR] = "OR", [BIT_XOR] = "XOR"};
    if (a->n_bits != b->n_bits)
        return err_set(c->err, ERR_STRING_DATA_LENGTH_MISMATCH,
                       "cannot %s bit strings of different sizes", names[op]);
    for (size_t k = 0; k < bits_bytes(a->n_bits); k++)
        a->bytes[k] = apply(op, a->bytes[k], b->bytes[k]);
    return true;
}

static bool combine(struct fcall *c, enum bit_op op)
{
    struct bits *v = copy_bits(c->arena, ARG_BITS(c, 0));
    return combine_into(c, op, v, ARG_BITS(c, 1)) && return_bits(c, v);
}

static bool and (struct fcall * c)
{
    return combine(c, BIT_AND);
}
static bool or (struct fcall * c)
{
    return combine(c, BIT_OR);
}
static bool xor (struct fcall * c) { return combine(c, BIT_XOR); }

    static bool not(struct fcall * c)
{
    struct bits *v = copy_bits(c->arena, ARG_BITS(c, 0));
    for (size_t k = 0; k < bits_bytes(v->n_bits); k++)
        v->bytes[k] = (uint8_t)~v->bytes[k];
    if (v->n_bits % 8)
        v->bytes[v->n_bits / 8] &= (uint8_t)(0xff << (8 - v->n_bits % 8));
    return return_bits(c, v);
}

/* To the left by `by` places, negative to the right; zeros come in. */
static bool shift(struct fcall *c, int64_t by)
{
    const struct bits *v = ARG_BITS(c, 0);
    struct bits *out = bits_new(c->arena, v->n_bits);
    for (uint32_t k = 0; k < v->n_bits; k++) {
        int64_t from = (int64_t)k + by;
        if (from >= 0 && from < v->n_bits && bit_at(v, (uint32_t)from))
            bit_set(out, k, 1);
    }
    return return_bits(c, out);
}

static bool shift_left(struct fcall *c)
{
    return shift(c, ARG_I(c, 1));
}
static bool shift_right(struct fcall *c)
{
    return shift(c, -ARG_I(c, 1));
}

static bool count_ones(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0);
    int64_t n = 0;
    for (size_t k = 0; k < bits_bytes(v->n_bits); k++)
        n += __builtin_popcount(v->bytes[k]);
    return return_int(c, n);
}

/* ---- pieces ---- */

static void append(struct bits *out, uint32_t at, const struct bits *v)
{
    for (uint32_t k = 0; k < v->n_bits; k++)
        if (bit_at(v, k))
            bit_set(out, at + k, 1);
}

static bool concatenate(struct fcall *c, const struct bits *a, const struct bits *b,
                        struct bits **out)
{
    if ((uint64_t)a->n_bits + b->n_bits > INT32_MAX)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "bit string length exceeds the maximum allowed (%d)", INT32_MAX);
    *out = bits_new(c->arena, a->n_bits + b->n_bits);
    memcpy((*out)->bytes, a->bytes, bits_bytes(a->n_bits));
    append(*out, a->n_bits, b);
    return true;
}

static bool cat(struct fcall *c)
{
    struct bits *v;
    return concatenate(c, ARG_BITS(c, 0), ARG_BITS(c, 1), &v) && return_bits(c, v);
}

static bool negative_length(struct fcall *c)
{
    return err_set(c->err, ERR_SUBSTRING_ERROR, "negative substring length not allowed");
}

/* Places from..to-1, counted from 1, as far as they exist. */
static struct bits *piece(struct fcall *c, const struct bits *v, int64_t from, int64_t to)
{
    from = MAX(from, 1);
    to = MIN(to, (int64_t)v->n_bits + 1);
    if (to <= from)
        return bits_new(c->arena, 0);
    return bits_slice(c->arena, v, (uint32_t)(from - 1), (uint32_t)(to - from));
}

static bool substring(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0);
    int64_t from = ARG_I(c, 1), to = c->n_args > 2 ? from + ARG_I(c, 2) : INT64_MAX;
    if (c->n_args > 2 && ARG_I(c, 2) < 0)
        return negative_length(c);
    return return_bits(c, piece(c, v, from, to));
}

static bool overlay(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0), *with = ARG_BITS(c, 1);
    int64_t at = ARG_I(c, 2), length = c->n_args > 3 ? ARG_I(c, 3) : with->n_bits;
    struct bits *head;
    if (at <= 0)
        return negative_length(c);
    if (at + length > INT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    const struct bits *tail = piece(c, v, at + length, INT64_MAX);
    return concatenate(c, piece(c, v, 1, at), with, &head) && concatenate(c, head, tail, &head) &&
           return_bits(c, head);
}

static bool position(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0), *wanted = ARG_BITS(c, 1);
    if (!v->n_bits || wanted->n_bits > v->n_bits)
        return return_int(c, 0);
    for (uint32_t at = 0; at + wanted->n_bits <= v->n_bits; at++) {
        uint32_t k = 0;
        while (k < wanted->n_bits && bit_at(v, at + k) == bit_at(wanted, k))
            k++;
        if (k == wanted->n_bits)
            return return_int(c, at + 1);
    }
    return return_int(c, 0);
}

static bool length(struct fcall *c)
{
    return return_int(c, ARG_BITS(c, 0)->n_bits);
}

static bool octet_length(struct fcall *c)
{
    return return_int(c, (int64_t)bits_bytes(ARG_BITS(c, 0)->n_bits));
}

static bool check_index(struct fcall *c)
{
    int64_t index = ARG_I(c, 1);
    if (index >= 0 && index < ARG_BITS(c, 0)->n_bits)
        return true;
    return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "bit index %d out of valid range (0..%d)",
                   (int)index, (int)ARG_BITS(c, 0)->n_bits - 1);
}

static bool get_bit(struct fcall *c)
{
    return check_index(c) && return_int(c, bit_at(ARG_BITS(c, 0), (uint32_t)ARG_I(c, 1)));
}

static bool set_bit(struct fcall *c)
{
    if (!check_index(c))
        return false;
    if (ARG_I(c, 2) != 0 && ARG_I(c, 2) != 1)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
    struct bits *v = copy_bits(c->arena, ARG_BITS(c, 0));
    bit_set(v, (uint32_t)ARG_I(c, 1), (int)ARG_I(c, 2));
    return return_bits(c, v);
}

/* ---- casts ---- */

/* The low bits of the number, its sign repeated in front. */
static bool from_int(struct fcall *c)
{
    int64_t n = ARG_I(c, 1) <= 0 || ARG_I(c, 1) > BITS_MAX ? 1 : ARG_I(c, 1);
    struct bits *v = bits_new(c->arena, (uint32_t)n);
    for (int64_t k = 0; k < n; k++) {
        int64_t place = n - 1 - k; /* power of two */
        if (ARG_I(c, 0) >> MIN(place, 63) & 1)
            bit_set(v, (uint32_t)k, 1);
    }
    return return_bits(c, v);
}

static bool to_number(struct fcall *c, uint32_t n_bits_max, const char *sql_name, uint64_t *out)
{
    const struct bits *v = ARG_BITS(c, 0);
    if (v->n_bits > n_bits_max)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", sql_name);
    *out = 0;
    for (uint32_t k = 0; k < v->n_bits; k++)
        *out = *out << 1 | (uint64_t)bit_at(v, k);
    return true;
}

static bool to_int4(struct fcall *c)
{
    uint64_t v;
    return to_number(c, 32, "integer", &v) && return_int(c, (int32_t)(uint32_t)v);
}
static bool to_int8(struct fcall *c)
{
    uint64_t v;
    return to_number(c, 64, "bigint", &v) && return_int(c, (int64_t)v);
}

/* bit(n): an explicit cast cuts or pads with zeros at the end. */
static bool coerce_bit(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0);
    int64_t n = ARG_I(c, 1);
    c->result = c->args[0];
    if (n <= 0 || n > BITS_MAX || n == v->n_bits)
        return true;
    if (!ARG_I(c, 2))
        return err_set(c->err, ERR_STRING_DATA_LENGTH_MISMATCH,
                       "bit string length %d does not match type bit(%d)", (int)v->n_bits, (int)n);
    struct bits *out = bits_new(c->arena, (uint32_t)n);
    append(out, 0, n < v->n_bits ? bits_slice(c->arena, v, 0, (uint32_t)n) : v);
    return return_bits(c, out);
}

static bool coerce_varbit(struct fcall *c)
{
    const struct bits *v = ARG_BITS(c, 0);
    int64_t n = ARG_I(c, 1);
    c->result = c->args[0];
    if (n <= 0 || n >= v->n_bits)
        return true;
    if (!ARG_I(c, 2))
        return err_set(c->err, ERR_STRING_DATA_RIGHT_TRUNCATION,
                       "bit string too long for type bit varying(%d)", (int)n);
    return return_bits(c, bits_slice(c->arena, v, 0, (uint32_t)n));
}

FUNC_TABLE(bit_funcs) = {
    {"bit_and", and},
    {"bit_or", or },
    {"bitxor", xor},
    {"bitnot", not },
    {"bitshiftleft", shift_left},
    {"bitshiftright", shift_right},
    {"bitcat", cat},
    {"bitsubstr", substring},
    {"bitsubstr_no_len", substring},
    {"bitoverlay", overlay},
    {"bitoverlay_no_len", overlay},
    {"bitposition", position},
    {"bitlength", length},
    {"bit_length(bit)", length},
    {"bitoctetlength", octet_length},
    {"bitgetbit", get_bit},
    {"bitsetbit", set_bit},
    {"bit_bit_count", count_ones},
    {"bitfromint4", from_int},
    {"bitfromint8", from_int},
    {"bittoint4", to_int4},
    {"bittoint8", to_int8},
    {"bit", coerce_bit},
    {"varbit", coerce_varbit},
    {NULL, NULL},
};

/* ---- aggregates ---- */

static bool agg_step(struct fcall *c, void *state, enum bit_op op)
{
    struct bits **v = state;
    if (*v)
        return combine_into(c, op, *v, ARG_BITS(c, 0));
    *v = copy_bits(c->site_arena, ARG_BITS(c, 0));
    return true;
}
static bool agg_merge(struct fcall *c, void *into, const void *from, enum bit_op op)
{
    struct bits **v = into, *const *other = from;
    if (!*other)
        return true;
    if (*v)
        return combine_into(c, op, *v, *other);
    *v = copy_bits(c->site_arena, *other);
    return true;
}
static bool agg_final(struct fcall *c, void *state)
{
    struct bits **v = state;
    return *v ? return_bits(c, copy_bits(c->arena, *v)) : return_null(c);
}

#define BIT_AGGREGATE(name, op)                                                                    \
    static bool name##_step(struct fcall *c, void *state)                                          \
    {                                                                                              \
        return agg_step(c, state, op);                                                             \
    }                                                                                              \
    static bool name##_merge(struct fcall *c, void *into, const void *from)                        \
    {                                                                                              \
        return agg_merge(c, into, from, op);                                                       \
    }
BIT_AGGREGATE(agg_and, BIT_AND)
BIT_AGGREGATE(agg_or, BIT_OR)
BIT_AGGREGATE(agg_xor, BIT_XOR)

AGG_TABLE(bit_aggs) = {
    {"bit_and(bit)", sizeof(struct bits *), true, agg_and_step, agg_final, agg_and_merge, NULL},
    {"bit_or(bit)", sizeof(struct bits *), true, agg_or_step, agg_final, agg_or_merge, NULL},
    {"bit_xor(bit)", sizeof(struct bits *), true, agg_xor_step, agg_final, agg_xor_merge, NULL},
    {NULL},
};
