/* agg_basic.c - count, min, max, bool_and, bool_or, bit_and, bit_or, bit_xor, string_agg,
 * array_agg.
 *
 * A group's state lives in c->site_arena, which only grows; states that replace a value again and
 * again (min, max) keep one buffer and outgrow it by doubling. */
#include <string.h>

#include "func/registry.h"
#include "types/array.h"

/* ---- count ---- */

static bool count_step(struct fcall *c, void *state)
{
    ++*(int64_t *)state;
    return true;
}
static bool count_unstep(struct fcall *c, void *state)
{
    --*(int64_t *)state;
    return true;
}
static bool count_merge(struct fcall *c, void *into, const void *from)
{
    *(int64_t *)into += *(const int64_t *)from;
    return true;
}
static bool count_final(struct fcall *c, void *state)
{
    return return_int(c, *(int64_t *)state);
}

/* ---- min, max ---- */

struct extreme {
    bool any;
    uint32_t cap;
    struct datum value;
    char *bytes; /* the value's, if it is by reference */
};

static void extreme_set(struct fcall *c, struct extreme *e, const struct datum *value)
{
    e->any = true;
    e->value = *value;
    if (!type_by_ref(c->arg_types[0]))
        return;
    if (e->cap < value->n || !e->bytes) {
        e->cap = MAX(value->n, e->cap * 2) + 16;
        e->bytes = arena_alloc(c->site_arena, e->cap);
    }
    if (value->n)
        memmove(e->bytes, value->p, value->n);
    e->value.p = e->bytes;
}

static bool check_comparable(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    while (type->elem && (type->category == 'A' || type->kind == 'd'))
        type = type->elem;
    if (type->ops->key)
        return true;
    return err_set(c->err, ERR_UNDEFINED_FUNCTION,
                   "could not identify a comparison function for type %s", type->name);
}

/* Of equal values the later one stays, as in PostgreSQL: max of 1.0, 1.00 is 1.00. */
static bool extreme_step(struct fcall *c, struct extreme *e, const struct datum *value, int sign)
{
    if (!e->any) {
        if (!check_comparable(c))
            return false;
        extreme_set(c, e, value);
    } else if (sign * type_cmp(c->arg_types[0], value, &e->value) >= 0) {
        extreme_set(c, e, value);
    }
    return true;
}

static bool max_step(struct fcall *c, void *state)
{
    return extreme_step(c, state, &c->args[0], 1);
}
static bool min_step(struct fcall *c, void *state)
{
    return extreme_step(c, state, &c->args[0], -1);
}
static bool max_merge(struct fcall *c, void *into, const void *from)
{
    const struct extreme *other = from;
    return !other->any || extreme_step(c, into, &other->value, 1);
}
static bool min_merge(struct fcall *c, void *into, const void *from)
{
    const struct extreme *other = from;
    return !other->any || extreme_step(c, into, &other->value, -1);
}
static bool extreme_final(struct fcall *c, void *state)
{
    const struct extreme *e = state;
    c->result = e->any ? e->value : datum_null();
    return true;
}

/* ---- bool_and, bool_or ---- */

struct truths {
    int64_t n, n_true;
};

static bool bool_step(struct fcall *c, void *state)
{
    struct truths *t = state;
    t->n++;
    t->n_true += ARG_I(c, 0) != 0;
    return true;
}
static bool bool_unstep(struct fcall *c, void *state)
{
    struct truths *t = state;
    t->n--;
    t->n_true -= ARG_I(c, 0) != 0;
    return true;
}
static bool bool_merge(struct fcall *c, void *into, const void *from)
{
    struct truths *t = into;
    t->n += ((const struct truths *)from)->n;
    t->n_true += ((const struct truths *)from)->n_true;
    return true;
}
static bool bool_and_final(struct fcall *c, void *state)
{
    const struct truths *t = state;
    return t->n ? return_bool(c, t->n_true == t->n) : return_null(c);
}
static bool bool_or_final(struct fcall *c, void *state)
{
    const struct truths *t = state;
    return t->n ? return_bool(c, t->n_true > 0) : return_null(c);
}

/* ---- bit_and, bit_or, bit_xor of integers ---- */

struct int_bits {
    bool any;
    int64_t bits;
};

#define BIT_AGGREGATE(name, op)                                                                    \
    static bool name##_step(struct fcall *c, void *state)                                          \
    {                                                                                              \
        struct int_bits *b = state;                                                                \
        b->bits = b->any ? b->bits op ARG_I(c, 0) : ARG_I(c, 0);                                   \
        b->any = true;                                                                             \
        return true;                                                                               \
    }                                                                                              \
    static bool name##_merge(struct fcall *c, void *into, const void *from)                        \
    {                                                                                              \
        struct int_bits *b = into;                                                                 \
        const struct int_bits *other = from;                                                       \
        if (other->any)                                                                            \
            b->bits = b->any ? b->bits op other->bits : other->bits;                               \
        b->any = b->any || other->any;                                                             \
        return true;                                                                               \
    }
BIT_AGGREGATE(bit_and, &)
BIT_AGGREGATE(bit_or, |)
BIT_AGGREGATE(bit_xor, ^)

static bool int_bits_final(struct fcall *c, void *state)
{
    const struct int_bits *b = state;
    return b->any ? return_int(c, b->bits) : return_null(c);
}

/* ---- string_agg ---- */

struct joined {
    bool any;
    struct buf text;        /* every value behind its delimiter, also the first */
    size_t first_delimiter; /* bytes to leave out at the start */
};

static bool join_step(struct fcall *c, void *state)
{
    struct joined *j = state;
    if (c->args[0].null)
        return true;
    size_t delimiter = c->args[1].null ? 0 : ARG_N(c, 1);
    j->text.arena = c->site_arena;
    if (!j->any)
        j->first_delimiter = delimiter;
    j->any = true;
    if (j->text.n + delimiter + ARG_N(c, 0) > 0x3fffffff)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED, "out of memory");
    buf_append(&j->text, ARG_P(c, 1), delimiter);
    buf_append(&j->text, ARG_P(c, 0), ARG_N(c, 0));
    return true;
}
static bool join_merge(struct fcall *c, void *into, const void *from)
{
    struct joined *j = into;
    const struct joined *other = from;
    if (!other->any)
        return true;
    j->text.arena = c->site_arena;
    if (!j->any)
        j->first_delimiter = other->first_delimiter;
    j->any = true;
    buf_append(&j->text, other->text.p, other->text.n);
    return true;
}
static bool join_final(struct fcall *c, void *state)
{
    const struct joined *j = state;
    if (!j->any)
        return return_null(c);
    return return_bytes(c, j->text.p ? j->text.p + j->first_delimiter : "",
                        j->text.n - j->first_delimiter);
}

/* ---- array_agg ---- */

struct collected {
    VEC(struct datum) items;
    /* array_agg of arrays: the shape of each */
    bool any;
    int ndim;
    int32_t dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS], n_arrays;
};

static bool collect_step(struct fcall *c, void *state)
{
    struct collected *s = state;
    VEC_PUSH(c->site_arena, &s->items, datum_copy(c->arg_types[0], c->site_arena, c->args[0]));
    return true;
}
static bool collect_merge(struct fcall *c, void *into, const void *from)
{
    struct collected *s = into;
    const struct collected *other = from;
    for (size_t k = 0; k < other->items.n; k++)
        VEC_PUSH(c->site_arena, &s->items,
                 datum_copy(c->arg_types[0], c->site_arena, other->items.items[k]));
    return true;
}
static bool collect_final(struct fcall *c, void *state)
{
    const struct collected *s = state;
    if (!s->items.n)
        return return_null(c);
    if (s->items.n > ARRAY_MAX_ITEMS)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS_TOLD);
    c->result =
        array_build_1d(c->arena, c->result_type->elem, s->items.items, (uint32_t)s->items.n);
    return true;
}

static bool array_first(struct fcall *c, struct collected *s, const struct array *array)
{
    if (!array->ndim)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays");
    if (array->ndim + 1 > ARRAY_MAX_DIMS)
        return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                       array->ndim + 1, ARRAY_MAX_DIMS);
    s->ndim = array->ndim + 1;
    s->lbounds[0] = 1;
    memcpy(s->dims + 1, array_dims(array), (size_t)array->ndim * sizeof(int32_t));
    memcpy(s->lbounds + 1, array_lbounds(array), (size_t)array->ndim * sizeof(int32_t));
    s->any = true;
    return true;
}

static bool collect_array_step(struct fcall *c, void *state)
{
    struct collected *s = state;
    const struct type *elem = c->arg_types[0]->elem;
    if (c->args[0].null)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays");
    const struct array *array = array_of(&c->args[0]);
    if (!s->any && !array_first(c, s, array))
        return false;
    size_t shape_bytes = (size_t)array->ndim * sizeof(int32_t);
    if (array->ndim + 1 != s->ndim || memcmp(s->dims + 1, array_dims(array), shape_bytes) != 0 ||
        memcmp(s->lbounds + 1, array_lbounds(array), shape_bytes) != 0)
        return err_set(c->err, ERR_ARRAY_SUBSCRIPT_ERROR,
                       "cannot accumulate arrays of different dimensionality");
    for (uint32_t k = 0; k < array->n_items; k++)
        VEC_PUSH(c->site_arena, &s->items,
                 datum_copy(elem, c->site_arena, array_item(elem, array, k)));
    s->n_arrays++;
    return true;
}
static bool collect_array_final(struct fcall *c, void *state)
{
    struct collected *s = state;
    uint32_t n_items;
    if (!s->any)
        return return_null(c);
    s->dims[0] = s->n_arrays;
    if (!array_count(c->err, s->ndim, s->dims, &n_items))
        return false;
    c->result =
        array_build(c->arena, c->result_type->elem, s->ndim, s->dims, s->lbounds, s->items.items);
    return true;
}

#define MIN_MAX(type)                                                                              \
    {"max(" type ")", sizeof(struct extreme), true, max_step, extreme_final, max_merge, NULL},     \
    {                                                                                              \
        "min(" type ")", sizeof(struct extreme), true, min_step, extreme_final, min_merge, NULL    \
    }
#define INT_BITS(type)                                                                             \
    {"bit_and(" type ")", sizeof(struct int_bits), true, bit_and_step,                             \
     int_bits_final,      bit_and_merge,           NULL},                                          \
        {"bit_or(" type ")",                                                                       \
         sizeof(struct int_bits),                                                                  \
         true,                                                                                     \
         bit_or_step,                                                                              \
         int_bits_final,                                                                           \
         bit_or_merge,                                                                             \
         NULL},                                                                                    \
    {                                                                                              \
        "bit_xor(" type ")", sizeof(struct int_bits), true, bit_xor_step, int_bits_final,          \
            bit_xor_merge, NULL                                                                    \
    }

AGG_TABLE(basic_aggs) = {
    {"count()", sizeof(int64_t), false, count_step, count_final, count_merge, count_unstep},
    {"count(any)", sizeof(int64_t), true, count_step, count_final, count_merge, count_unstep},
    MIN_MAX("int2"),
    MIN_MAX("int4"),
    MIN_MAX("int8"),
    MIN_MAX("oid"),
    MIN_MAX("tid"),
    MIN_MAX("xid8"),
    MIN_MAX("pg_lsn"),
    MIN_MAX("float4"),
    MIN_MAX("float8"),
    MIN_MAX("numeric"),
    MIN_MAX("money"),
    MIN_MAX("date"),
    MIN_MAX("time"),
    MIN_MAX("timetz"),
    MIN_MAX("timestamp"),
    MIN_MAX("timestamptz"),
    MIN_MAX("interval"),
    MIN_MAX("text"),
    MIN_MAX("bpchar"),
    MIN_MAX("inet"),
    MIN_MAX("anyarray"),
    MIN_MAX("anyenum"),
    {"bool_and(bool)", sizeof(struct truths), true, bool_step, bool_and_final, bool_merge,
     bool_unstep},
    {"every(bool)", sizeof(struct truths), true, bool_step, bool_and_final, bool_merge,
     bool_unstep},
    {"bool_or(bool)", sizeof(struct truths), true, bool_step, bool_or_final, bool_merge,
     bool_unstep},
    INT_BITS("int2"),
    INT_BITS("int4"),
    INT_BITS("int8"),
    {"string_agg(text,text)", sizeof(struct joined), false, join_step, join_final, join_merge,
     NULL},
    {"string_agg(bytea,bytea)", sizeof(struct joined), false, join_step, join_final, join_merge,
     NULL},
    {"array_agg(anynonarray)", sizeof(struct collected), false, collect_step, collect_final,
     collect_merge, NULL},
    {"array_agg(anyarray)", sizeof(struct collected), false, collect_array_step,
     collect_array_final, NULL, NULL},
    {NULL},
};
