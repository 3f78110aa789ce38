/* column_size.c - pg_column_size(): the bytes that PostgreSQL would use for the value in a row,
 * uncompressed.
 *
 * Shardlite stores values in SQLite's forms; what applications want is PostgreSQL's number.  A
 * value of variable length has a header of one byte, or of four if it is longer than 126 bytes. */
#include <string.h>

#include "func/call.h"
#include "func/registry.h"
#include "types/array.h"
#include "types/bit.h"
#include "types/inet.h"
#include "types/json.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/range.h"
#include "types/record.h"

#define HEADER_BYTES 4
#define SHORT_BYTES_MAX 126

static bool payload(const struct fcall *c, const struct type *type, const struct datum *value,
                    size_t *bytes);

static size_t align(size_t n, char how)
{
    size_t to = how == 'd' ? 8 : how == 'i' ? 4 : how == 's' ? 2 : 1;
    return (n + to - 1) / to * to;
}

/* Groups of four digits behind a header that is short unless the scale is large. */
static bool numeric_bytes(const struct fcall *c, const struct datum *value, size_t *bytes)
{
    const struct type *type = call_type(c, TYPE_NUMERIC);
    struct type_io io = fcall_io(c, type);
    struct buf wire = BUF_IN(c->arena);
    *bytes = 2;
    if (numeric_of(value)->kind != NUMERIC_FINITE)
        return true;
    if (!type->ops->send(&io, value, &wire))
        return false;
    const uint8_t *p = (const uint8_t *)wire.p;
    int weight = (int16_t)get_u16(p + 2), scale = get_u16(p + 6);
    *bytes = (scale <= 63 && weight >= -64 && weight <= 63 ? 2 : 4) + 2 * (size_t)get_u16(p);
    return true;
}

/* A part of a larger value, its header of four bytes included. */
static bool part(const struct fcall *c, const struct type *type, const struct datum *value,
                 size_t *at)
{
    size_t bytes;
    if (!payload(c, type, value, &bytes))
        return false;
    *at = align(*at, type->align) + bytes + (type->len < 0 ? HEADER_BYTES : 0);
    return true;
}

static bool array_bytes(const struct fcall *c, const struct type *elem, const struct datum *value,
                        size_t *bytes)
{
    const struct array *array = array_of(value);
    size_t at = 16 + 8 * (size_t)array->ndim;
    if (array->flags & ARRAY_HAS_NULL)
        at = align(at + (array->n_items + 7) / 8, 'd');
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(elem, array, k);
        if (!item.null && !part(c, elem, &item, &at))
            return false;
        at = align(at, elem->align);
    }
    *bytes = at - HEADER_BYTES;
    return true;
}

static bool record_bytes(const struct fcall *c, const struct datum *value, size_t *bytes)
{
    uint32_t n = ((const struct record *)value->p)->n_fields;
    size_t at = 23;
    bool has_null = false;
    for (uint32_t k = 0; k < n; k++)
        has_null |= record_field(value, call_type(c, record_field_type(value, k)), k).null;
    at = align(at + (has_null ? (n + 7) / 8 : 0), 'd');
    for (uint32_t k = 0; k < n; k++) {
        const struct type *type = call_type(c, record_field_type(value, k));
        struct datum field = record_field(value, type, k);
        if (!field.null && !part(c, type, &field, &at))
            return false;
    }
    *bytes = at - HEADER_BYTES;
    return true;
}

/* An OID, the bounds, a byte of flags. */
static bool range_bytes(const struct fcall *c, const struct type *type, const struct datum *value,
                        size_t *bytes)
{
    struct range_bound bounds[2];
    size_t at = HEADER_BYTES + 4;
    range_bounds(type, value, &bounds[0], &bounds[1]);
    for (int k = 0; k < 2; k++) {
        if (range_is_empty(value) || bounds[k].infinite)
            continue;
        size_t one;
        if (!payload(c, type->elem, &bounds[k].value, &one))
            return false;
        at = type->elem->len < 0 ? at + one + 1 : align(at, type->elem->align) + one;
    }
    *bytes = at + 1 - HEADER_BYTES;
    return true;
}

/* ---- jsonb: four bytes per container and per entry, then keys and values ---- */

static bool json_bytes(const struct fcall *c, const struct json *v, size_t *at)
{
    size_t number_bytes;
    switch (v->kind) {
    case JSON_STRING:
        *at += v->n;
        return true;
    case JSON_NUMBER: {
        struct datum number = numeric_datum(json_number(c->arena, v));
        if (!numeric_bytes(c, &number, &number_bytes))
            return false;
        *at = align(*at, 'i') + HEADER_BYTES + number_bytes;
        return true;
    }
    case JSON_ARRAY:
        *at = align(*at, 'i') + 4 + 4 * (size_t)v->n;
        for (uint32_t k = 0; k < v->n; k++)
            if (!json_bytes(c, &v->items[k], at))
                return false;
        return true;
    case JSON_OBJECT:
        *at = align(*at, 'i') + 4 + 8 * (size_t)v->n;
        for (uint32_t k = 0; k < v->n; k++)
            *at += v->members[k].n_key;
        for (uint32_t k = 0; k < v->n; k++)
            if (!json_bytes(c, &v->members[k].value, at))
                return false;
        return true;
    default:
        return true; /* null, true, false: in the entry */
    }
}

static bool jsonb_bytes(const struct fcall *c, const struct datum *value, size_t *bytes)
{
    const struct json *tree = jsonb_tree(c->arena, value, c->err);
    if (!tree)
        return false;
    *bytes = tree->kind == JSON_ARRAY || tree->kind == JSON_OBJECT
                 ? 0
                 : 8; /* a scalar is in an array of one */
    return json_bytes(c, tree, bytes);
}

/* Bytes without the header of variable-length types. */
static bool payload(const struct fcall *c, const struct type *type, const struct datum *value,
                    size_t *bytes)
{
    while (type->kind == 'd' && type->elem)
        type = type->elem;
    if (type->len > 0) {
        *bytes = (size_t)type->len;
        return true;
    }
    switch (type->oid) {
    case TYPE_NUMERIC:
        return numeric_bytes(c, value, bytes);
    case TYPE_JSONB:
        return jsonb_bytes(c, value, bytes);
    case TYPE_BIT:
    case TYPE_VARBIT:
        *bytes = 4 + bits_bytes(bits_of(value)->n_bits);
        return true;
    case TYPE_INET:
    case TYPE_CIDR:
        *bytes = 2 + (size_t)inet_bytes(inet_of(value));
        return true;
    default:
        break;
    }
    if (type_is_array(type))
        return array_bytes(c, type->elem, value, bytes);
    if (type->kind == 'c' || type->oid == TYPE_RECORD)
        return record_bytes(c, value, bytes);
    if (type->kind == 'r')
        return range_bytes(c, type, value, bytes);
    *bytes = value->n + (type->len == -2); /* a cstring ends with a zero byte */
    return true;
}

static bool column_size(struct fcall *c)
{
    const struct type *type = c->arg_types[0];
    size_t bytes;
    if (!payload(c, type, &c->args[0], &bytes))
        return false;
    if (type->len == -1)
        bytes += bytes > SHORT_BYTES_MAX || type->kind == 'c' || type->oid == TYPE_RECORD
                     ? HEADER_BYTES
                     : 1;
    return return_int(c, (int64_t)bytes);
}

/* Nothing is ever compressed. */
static bool column_compression(struct fcall *c)
{
    return return_null(c);
}

FUNC_TABLE(column_size_funcs) = {
    {"pg_column_size", column_size},
    {"pg_column_compression", column_compression},
    {NULL, NULL},
};
