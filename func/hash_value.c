/* hash_value.c - hashtext(), hashint4() and their kin: PostgreSQL's hash of a value of each type.
 *
 * Every type has two: a 32-bit hash, and a 64-bit one with a seed (the "extended" functions); with
 * seed 0 the lower half of the second is the first.  Types that compare equal hash alike: int2,
 * int4, int8; float4, float8; the date and time types that are integers; and so on. */
#include <math.h>
#include <string.h>

#include "base/fiber.h"
#include "func/call.h"
#include "func/hash.h"
#include "func/registry.h"
#include "types/datetime.h"
#include "types/enum.h"
#include "types/inet.h"
#include "types/json.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/range.h"
#include "types/record.h"
#include "types/text.h"

struct hashing {
    struct fcall *c;
    bool extended;
    uint64_t seed; /* 0 unless extended */
};

static bool hash_of(const struct hashing *h, const struct type *type, const struct datum *value,
                    uint64_t *out);

static uint64_t hash_i64(int64_t value, uint64_t seed)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)((uint64_t)value >> 32);
    return pg_hash_u32(low ^ (value >= 0 ? high : ~high), seed);
}

static uint64_t hash_float(double value, uint64_t seed)
{
    if (value == 0)
        return seed;
    if (isnan(value))
        value = (double)NAN;
    return pg_hash_bytes(&value, sizeof(value), seed);
}

/* Over groups of four decimal digits, without zero groups at the ends, as in the binary form. */
static bool hash_numeric(const struct hashing *h, const struct type *type,
                         const struct datum *value, uint64_t *out)
{
    struct type_io io = fcall_io(h->c, type);
    struct buf wire = BUF_IN(h->c->arena);
    if (numeric_of(value)->kind != NUMERIC_FINITE) {
        *out = h->seed;
        return true;
    }
    if (!type->ops->send(&io, value, &wire))
        return false;
    const uint8_t *p = (const uint8_t *)wire.p;
    uint32_t n = get_u16(p), first = 0;
    int weight = (int16_t)get_u16(p + 2);
    uint16_t *groups = ARENA_ARRAY(h->c->arena, uint16_t, n + 1);
    for (uint32_t k = 0; k < n; k++)
        groups[k] = get_u16(p + 8 + 2 * (size_t)k);
    for (; first < n && !groups[first]; first++)
        weight--;
    while (n > first && !groups[n - 1])
        n--;
    if (first == n)
        *out = h->extended ? h->seed - 1 : UINT32_MAX;
    else
        *out = pg_hash_bytes(groups + first, 2 * (size_t)(n - first), h->seed) ^ (uint64_t)weight;
    return true;
}

static uint64_t hash_interval(const struct interval *v, uint64_t seed)
{
    __int128 span = (__int128)v->months * 30 + v->days;
    span = span * USEC_PER_DAY + v->usec;
    return hash_i64((int64_t)span, seed);
}

static uint64_t hash_timetz(const struct hashing *h, const struct timetz *v)
{
    uint64_t time = hash_i64(v->usec, h->seed);
    return time ^ pg_hash_u32((uint32_t)v->west, h->seed);
}

static uint64_t hash_inet(const struct inet *v, uint64_t seed)
{
    uint8_t bytes[18] = {v->family == 4 ? 2 : 3, v->bits};
    memcpy(bytes + 2, v->address, (size_t)inet_bytes(v));
    return pg_hash_bytes(bytes, 2 + (size_t)inet_bytes(v), seed);
}

static uint64_t hash_vector(const struct hashing *h, const struct type *type,
                            const struct datum *value)
{
    const struct array *array = array_of(value);
    uint32_t *oids = ARENA_ARRAY(h->c->arena, uint32_t, array->n_items + 1);
    for (uint32_t k = 0; k < array->n_items; k++)
        oids[k] = (uint32_t)array_item(type->elem, array, k).i;
    return pg_hash_bytes(oids, array->n_items * sizeof(oids[0]), h->seed);
}

/* ---- values of parts ---- */

/* A 32-bit hash must not carry into the upper half. */
static uint64_t narrow(const struct hashing *h, uint64_t hash)
{
    return h->extended ? hash : (uint32_t)hash;
}

static uint64_t rotate_one(const struct hashing *h, uint64_t v)
{
    if (!h->extended)
        return (uint32_t)v << 1 | (uint32_t)v >> 31;
    /* PostgreSQL rotates the halves of a 64-bit hash each by itself. */
    uint32_t high = (uint32_t)(v >> 32), low = (uint32_t)v;
    return (uint64_t)(high << 1 | high >> 31) << 32 | (low << 1 | low >> 31);
}

static bool hash_array(const struct hashing *h, const struct type *type, const struct datum *value,
                       uint64_t *out)
{
    const struct array *array = array_of(value);
    uint64_t result = 1, item_hash;
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(type->elem, array, k);
        if (!hash_of(h, type->elem, &item, &item_hash))
            return false;
        result = narrow(h, result * 31 + item_hash);
    }
    *out = result;
    return true;
}

static bool hash_record(const struct hashing *h, const struct datum *value, uint64_t *out)
{
    uint64_t result = 0, field_hash;
    uint32_t n = ((const struct record *)value->p)->n_fields;
    for (uint32_t k = 0; k < n; k++) {
        const struct type *type = call_type(h->c, record_field_type(value, k));
        struct datum field = record_field(value, type, k);
        if (!hash_of(h, type, &field, &field_hash))
            return false;
        result = narrow(h, result * 31 + field_hash);
    }
    *out = result;
    return true;
}

static bool hash_range(const struct hashing *h, const struct type *type, const struct datum *value,
                       uint64_t *out)
{
    struct range_bound lower, upper;
    struct datum nothing = datum_null();
    uint32_t flags = range_flags(value);
    uint64_t hash_lower, hash_upper;
    range_bounds(type, value, &lower, &upper);
    if (!hash_of(h, type->elem, RANGE_HAS_LOWER(flags) ? &lower.value : &nothing, &hash_lower) ||
        !hash_of(h, type->elem, RANGE_HAS_UPPER(flags) ? &upper.value : &nothing, &hash_upper))
        return false;
    uint64_t result = narrow(h, pg_hash_u32(flags, h->seed)) ^ hash_lower;
    *out = rotate_one(h, result) ^ hash_upper;
    return true;
}

static bool hash_multirange(const struct hashing *h, const struct type *type,
                            const struct datum *value, uint64_t *out)
{
    uint64_t result = 1, range_hash;
    for (uint32_t k = 0; k < multirange_count(value); k++) {
        struct datum range = multirange_item(value, k);
        if (!hash_range(h, type->elem, &range, &range_hash))
            return false;
        result = narrow(h, result * 31 + range_hash);
    }
    *out = result;
    return true;
}

/* ---- jsonb: keys and scalars in order, containers by their kind ---- */

#define JSONB_OBJECT_BITS 0x20000000u
#define JSONB_ARRAY_BITS 0x40000000u

static uint64_t both_halves(const struct hashing *h, uint32_t bits)
{
    return h->extended ? (uint64_t)bits << 32 | bits : bits;
}

static bool mix_scalar(const struct hashing *h, const struct json *v, uint64_t *hash)
{
    uint64_t own = 0;
    if (v->kind == JSON_NULL) {
        own = h->seed + 1;
    } else if (v->kind == JSON_STRING) {
        own = pg_hash_bytes(v->text, v->n, h->seed);
    } else if (v->kind == JSON_BOOL && h->extended) {
        own = h->seed ? pg_hash_u32(v->truth, h->seed) : v->truth ? 2 : 4;
    } else if (v->kind == JSON_BOOL) {
        own = v->truth ? 2 : 4;
    } else {
        struct datum number = numeric_datum(json_number(h->c->arena, v));
        if (!hash_numeric(h, call_type(h->c, TYPE_NUMERIC), &number, &own))
            return false;
    }
    *hash = rotate_one(h, *hash) ^ narrow(h, own);
    return true;
}

static bool mix_json(const struct hashing *h, const struct json *v, uint64_t *hash)
{
    if (v->kind == JSON_ARRAY) {
        *hash ^= both_halves(h, JSONB_ARRAY_BITS);
        for (uint32_t k = 0; k < v->n; k++)
            if (!mix_json(h, &v->items[k], hash))
                return false;
        return true;
    }
    if (v->kind != JSON_OBJECT)
        return mix_scalar(h, v, hash);
    *hash ^= both_halves(h, JSONB_OBJECT_BITS);
    for (uint32_t k = 0; k < v->n; k++) {
        struct json key = json_string(v->members[k].key, v->members[k].n_key);
        if (!mix_scalar(h, &key, hash) || !mix_json(h, &v->members[k].value, hash))
            return false;
    }
    return true;
}

static bool hash_jsonb(const struct hashing *h, const struct datum *value, uint64_t *out)
{
    const struct json *tree = jsonb_tree(h->c->arena, value, h->c->err);
    if (!tree)
        return false;
    *out = h->seed;
    if ((tree->kind == JSON_ARRAY || tree->kind == JSON_OBJECT) && !tree->n)
        return true;
    *out = 0;
    if (tree->kind != JSON_ARRAY &&
        tree->kind != JSON_OBJECT) /* PostgreSQL keeps a scalar in an array of one */
        *out = both_halves(h, JSONB_ARRAY_BITS);
    return mix_json(h, tree, out);
}

/* ---- by type ---- */

/* Types whose bytes are hashed as they are; integers. */
static bool hash_builtin(const struct hashing *h, const struct type *type,
                         const struct datum *value, uint64_t *out)
{
    switch (type->oid) {
    case TYPE_BOOL:
        *out = pg_hash_u32(value->i != 0, h->seed);
        return true;
    case TYPE_CHAR:
        *out = pg_hash_u32((uint32_t)(int32_t)(int8_t)value->i, h->seed);
        return true;
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_DATE:
        *out = pg_hash_u32((uint32_t)value->i, h->seed);
        return true;
    case TYPE_INT8:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_PG_LSN:
    case TYPE_XID8:
        *out = hash_i64(value->i, h->seed);
        return true;
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        *out = hash_float(value->f, h->seed);
        return true;
    case TYPE_BPCHAR:
        *out = pg_hash_bytes(value->p, bpchar_length(value), h->seed);
        return true;
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_NAME:
    case TYPE_BYTEA:
    case TYPE_UUID:
    case TYPE_MACADDR:
    case TYPE_MACADDR8:
        *out = pg_hash_bytes(value->p, value->n, h->seed);
        return true;
    case TYPE_INTERVAL:
        *out = hash_interval(value->p, h->seed);
        return true;
    case TYPE_TIMETZ:
        *out = hash_timetz(h, value->p);
        return true;
    case TYPE_INET:
    case TYPE_CIDR:
        *out = hash_inet(inet_of(value), h->seed);
        return true;
    case TYPE_NUMERIC:
        return hash_numeric(h, type, value, out);
    case TYPE_JSONB:
        return hash_jsonb(h, value, out);
    case TYPE_OIDVECTOR:
        *out = hash_vector(h, type, value);
        return true;
    default:
        break;
    }
    if (type->ops->storage == STORAGE_INTEGER && type->len == 4 &&
        type->category == 'N') { /* oid, reg* */
        *out = pg_hash_u32((uint32_t)value->i, h->seed);
        return true;
    }
    return err_set(h->c->err, ERR_UNDEFINED_FUNCTION,
                   "could not identify a%s hash function for type %s",
                   h->extended ? "n extended" : "", type->name);
}

static bool hash_known(const struct hashing *h, const struct type *type, const struct datum *value,
                       uint64_t *out)
{
    int position;
    if (type_is_array(type) && type->oid != TYPE_OIDVECTOR)
        return hash_array(h, type, value, out);
    switch (type->kind) {
    case 'e':
        position = enum_position(type, value->p, value->n);
        *out = pg_hash_u32(position < 0 ? 0 : type->labels[position].oid, h->seed);
        return true;
    case 'r':
        return hash_range(h, type, value, out);
    case 'm':
        return hash_multirange(h, type, value, out);
    default:
        if (type->kind == 'c' || type->oid == TYPE_RECORD)
            return hash_record(h, value, out);
        return hash_builtin(h, type, value, out);
    }
}

/* A NULL part hashes to 0. */
static bool hash_of(const struct hashing *h, const struct type *type, const struct datum *value,
                    uint64_t *out)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    *out = 0;
    if (!stack_check(h->c->err))
        return false;
    if (!value->null && !hash_known(h, type, value, out))
        return false;
    *out = narrow(h, *out);
    return true;
}

static bool hash(struct fcall *c)
{
    struct hashing h = {
        .c = c, .extended = c->n_args > 1, .seed = c->n_args > 1 ? (uint64_t)ARG_I(c, 1) : 0};
    uint64_t out;
    if (!hash_of(&h, c->arg_types[0], &c->args[0], &out))
        return false;
    return return_int(c, h.extended ? (int64_t)out : (int64_t)(int32_t)(uint32_t)out);
}

/* Both hashes of a type. */
#define HASH(name)                                                                                 \
    {name, hash},                                                                                  \
    {                                                                                              \
        name "extended", hash                                                                      \
    }
#define HASH_(name)                                                                                \
    {name, hash},                                                                                  \
    {                                                                                              \
        name "_extended", hash                                                                     \
    }

FUNC_TABLE(hash_funcs) = {
    HASH("hashtext"),
    HASH("hashname"),
    HASH("hashvarlena"),
    HASH("hashbpchar"),
    HASH("hashchar"),
    HASH("hashint2"),
    HASH("hashint4"),
    HASH("hashint8"),
    HASH("hashoid"),
    HASH("hashenum"),
    HASH("hashfloat4"),
    HASH("hashfloat8"),
    HASH("hashinet"),
    HASH("hashmacaddr"),
    HASH("hashmacaddr8"),
    HASH("hashoidvector"),
    HASH_("hash_numeric"),
    HASH_("hash_array"),
    HASH_("hash_record"),
    HASH_("hash_range"),
    HASH_("hash_multirange"),
    HASH_("interval_hash"),
    HASH_("jsonb_hash"),
    HASH_("pg_lsn_hash"),
    HASH_("time_hash"),
    HASH_("timestamp_hash"),
    HASH_("timetz_hash"),
    HASH_("uuid_hash"),
    {NULL, NULL},
};
