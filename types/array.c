/* array.c - building and reading arrays; their order, keys, storage and binary form.  Text is in
 * array_text.c, subscripts in array_slice.c. */
#include "types/array.h"

#include "types/array_int.h"
#include "types/key.h"

const int32_t *array_dims(const struct array *array)
{
    return (const int32_t *)(array + 1);
}

const int32_t *array_lbounds(const struct array *array)
{
    return array_dims(array) + array->ndim;
}

static const struct array_slot *slots(const struct array *array)
{
    return (const struct array_slot *)(array_dims(array) + 2 * array->ndim);
}

struct datum slot_datum(const struct type *type, const void *block, const struct array_slot *slot)
{
    if (slot->null)
        return datum_null();
    if (type_by_ref(type))
        return datum_bytes((const char *)block + slot->offset, slot->n);
    return datum_int(slot->i); /* the bits of `f` as well */
}

struct datum array_item(const struct type *elem, const struct array *array, uint32_t index)
{
    return slot_datum(elem, array, &slots(array)[index]);
}

struct datum *array_items(struct arena *arena, const struct type *elem, const struct array *array)
{
    struct datum *items = ARENA_ARRAY(arena, struct datum, array->n_items + 1);
    for (uint32_t k = 0; k < array->n_items; k++)
        items[k] = array_item(elem, array, k);
    return items;
}

static size_t align8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

size_t slots_bytes(const struct type *type, const struct datum *items, uint32_t n)
{
    size_t bytes = 0;
    if (type_by_ref(type))
        for (uint32_t k = 0; k < n; k++)
            bytes += items[k].null ? 0 : align8(items[k].n);
    return bytes;
}

size_t slot_fill(const struct type *type, char *block, size_t at, struct array_slot *slot,
                 const struct datum *item)
{
    *slot = (struct array_slot){.null = item->null};
    if (item->null)
        return at;
    if (!type_by_ref(type)) {
        slot->i = item->i;
        return at;
    }
    slot->offset = at;
    slot->n = item->n;
    if (item->n)
        memcpy(block + at, item->p, item->n);
    memset(block + at + item->n, 0, align8(item->n) - item->n);
    return at + align8(item->n);
}

struct datum array_build(struct arena *arena, const struct type *elem, int ndim,
                         const int32_t *dims, const int32_t *lbounds, const struct datum *items)
{
    uint32_t n = ndim ? 1 : 0;
    for (int k = 0; k < ndim; k++)
        n *= (uint32_t)dims[k];
    if (!n)
        ndim = 0;
    size_t head =
        sizeof(struct array) + 2 * (size_t)ndim * sizeof(int32_t) + n * sizeof(struct array_slot);
    size_t bytes = head + slots_bytes(elem, items, n);
    struct array *array = arena_alloc(arena, bytes);
    *array = (struct array){.elem_oid = elem->oid, .ndim = ndim, .n_items = n};
    int32_t *bounds = (int32_t *)(array + 1);
    for (int k = 0; k < ndim; k++) {
        bounds[k] = dims[k];
        bounds[ndim + k] = lbounds ? lbounds[k] : 1;
    }
    struct array_slot *slot = (struct array_slot *)(bounds + 2 * ndim);
    for (uint32_t k = 0; k < n; k++) {
        head = slot_fill(elem, (char *)array, head, &slot[k], &items[k]);
        array->flags |= items[k].null ? ARRAY_HAS_NULL : 0;
    }
    return datum_bytes(array, bytes);
}

struct datum array_build_1d(struct arena *arena, const struct type *elem, const struct datum *items,
                            uint32_t n)
{
    int32_t dim = (int32_t)n;
    return array_build(arena, elem, 1, &dim, NULL, items);
}

struct datum array_empty(struct arena *arena, const struct type *elem)
{
    return array_build(arena, elem, 0, NULL, NULL, NULL);
}

/* int2vector and oidvector always have one dimension, also when empty. */
struct datum vector_build(struct arena *arena, const struct type *elem, const struct datum *items,
                          uint32_t n)
{
    int32_t dim = (int32_t)n, lbound = 0;
    if (n)
        return array_build(arena, elem, 1, &dim, &lbound, items);
    struct array *array = arena_zalloc(arena, sizeof(*array) + 2 * sizeof(int32_t));
    array->elem_oid = elem->oid;
    array->ndim = 1;
    return datum_bytes(array, sizeof(*array) + 2 * sizeof(int32_t));
}

bool array_count(struct err *err, int ndim, const int32_t *dims, uint32_t *n_items)
{
    uint64_t n = ndim ? 1 : 0;
    for (int k = 0; k < ndim; k++) {
        n *= (uint64_t)dims[k];
        if (n > ARRAY_MAX_ITEMS)
            return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED,
                           "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS_TOLD);
    }
    *n_items = (uint32_t)n;
    return true;
}

/* ---- order ---- */

static int cmp_bounds(const struct array *a, const struct array *b)
{
    if (a->n_items != b->n_items)
        return cmp_u64(a->n_items, b->n_items);
    if (a->ndim != b->ndim)
        return cmp_i64(a->ndim, b->ndim);
    for (int k = 0; k < 2 * a->ndim; k++) /* dims, then lower bounds */
        if (array_dims(a)[k] != array_dims(b)[k])
            return cmp_i64(array_dims(a)[k], array_dims(b)[k]);
    return 0;
}

static int array_cmp(const struct type *type, const struct datum *x, const struct datum *y)
{
    const struct array *a = array_of(x), *b = array_of(y);
    uint32_t n = MIN(a->n_items, b->n_items);
    for (uint32_t k = 0; k < n; k++) {
        struct datum p = array_item(type->elem, a, k), q = array_item(type->elem, b, k);
        int order = type_cmp(type->elem, &p, &q);
        if (order)
            return order;
    }
    return cmp_bounds(a, b);
}

/* Elements, each behind 1 (or 2 for NULL), ended by 0; then the shape, for arrays of equal
 * elements. */
static void array_key(const struct type *type, const struct datum *value, struct buf *out)
{
    const struct array *array = array_of(value);
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(type->elem, array, k);
        type_sort_key(type->elem, &item, false, false, out);
    }
    buf_putc(out, 0);
    buf_putc(out, (char)array->ndim);
    for (int k = 0; k < 2 * array->ndim; k++)
        buf_put_u32(out, (uint32_t)array_dims(array)[k] ^ 0x80000000U);
}

/* PostgreSQL orders oidvectors by length first, int2vectors as arrays. */
static int vector_cmp(const struct type *type, const struct datum *x, const struct datum *y)
{
    const struct array *a = array_of(x), *b = array_of(y);
    if (type->oid == TYPE_INT2VECTOR)
        return array_cmp(type, x, y);
    if (a->n_items != b->n_items)
        return cmp_u64(a->n_items, b->n_items);
    for (uint32_t k = 0; k < a->n_items; k++)
        if (slots(a)[k].i != slots(b)[k].i)
            return cmp_i64(slots(a)[k].i, slots(b)[k].i);
    return 0;
}

static void vector_key(const struct type *type, const struct datum *value, struct buf *out)
{
    const struct array *array = array_of(value);
    if (type->oid == TYPE_INT2VECTOR) {
        array_key(type, value, out);
        return;
    }
    buf_put_u32(out, array->n_items);
    for (uint32_t k = 0; k < array->n_items; k++)
        key_put_i64(out, slots(array)[k].i);
}

/* ---- binary form ---- */

static bool array_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct array *array = array_of(value);
    struct type_io item_io = *io;
    item_io.type = io->type->elem;
    item_io.typmod = -1;
    buf_put_u32(out, (uint32_t)array->ndim);
    buf_put_u32(out, array->flags & ARRAY_HAS_NULL);
    buf_put_u32(out, array->elem_oid);
    for (int k = 0; k < array->ndim; k++) {
        buf_put_u32(out, (uint32_t)array_dims(array)[k]);
        buf_put_u32(out, (uint32_t)array_lbounds(array)[k]);
    }
    for (uint32_t k = 0; k < array->n_items; k++) {
        struct datum item = array_item(item_io.type, array, k);
        size_t at = out->n;
        buf_put_u32(out, UINT32_MAX);
        if (item.null)
            continue;
        if (!item_io.type->ops->send(&item_io, &item, out))
            return false;
        buf_set_u32(out, at, (uint32_t)(out->n - at - 4));
    }
    return true;
}

static bool recv_bad(const struct type_io *io, const char *what, int value)
{
    return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION, what, value);
}

static bool recv_header(const struct type_io *io, const uint8_t **p, const uint8_t *end, int *ndim,
                        int32_t *dims, int32_t *lbounds)
{
    if (end - *p < 12)
        return recv_short(io);
    *ndim = (int32_t)get_u32(*p);
    uint32_t flags = get_u32(*p + 4), elem_oid = get_u32(*p + 8);
    *p += 12;
    if (*ndim < 0)
        return recv_bad(io, "invalid number of dimensions: %d", *ndim);
    if (*ndim > ARRAY_MAX_DIMS)
        return err_set(io->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)", *ndim,
                       ARRAY_MAX_DIMS);
    if (flags > 1)
        return recv_bad(io, "invalid array flags", 0);
    if (elem_oid != io->type->elem->oid)
        return err_set(io->err, ERR_DATATYPE_MISMATCH,
                       "binary data has array element type %u (%s) instead of expected %u (%s)",
                       elem_oid, type_builtin(elem_oid) ? type_builtin(elem_oid)->name : "???",
                       io->type->elem->oid, io->type->elem->name);
    if (end - *p < 8 * *ndim)
        return recv_short(io);
    for (int k = 0; k < *ndim; k++, *p += 8) {
        dims[k] = (int32_t)get_u32(*p);
        lbounds[k] = (int32_t)get_u32(*p + 4);
        if (dims[k] < 0)
            return recv_bad(io, "invalid array dimension: %d", dims[k]);
    }
    return true;
}

static bool array_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    const uint8_t *p = bytes, *end = bytes + n;
    int32_t dims[ARRAY_MAX_DIMS], lbounds[ARRAY_MAX_DIMS];
    int ndim = 0;
    uint32_t n_items = 0;
    struct type_io item_io = *io;
    item_io.type = io->type->elem;
    if (!recv_header(io, &p, end, &ndim, dims, lbounds) ||
        !array_count(io->err, ndim, dims, &n_items))
        return false;
    if (n_items > (size_t)(end - p) / 4)
        return recv_short(io);
    struct datum *items = ARENA_ARRAY(io->arena, struct datum, n_items + 1);
    for (uint32_t k = 0; k < n_items; k++) {
        if (end - p < 4)
            return recv_short(io);
        uint32_t length = get_u32(p);
        p += 4;
        if (length == UINT32_MAX) {
            items[k] = datum_null();
            continue;
        }
        if (length > (size_t)(end - p))
            return recv_short(io);
        if (!item_io.type->ops->recv(&item_io, p, length, &items[k]))
            return false;
        p += length;
    }
    if (p != end)
        return recv_excess(io);
    *out = array_build(io->arena, item_io.type, ndim, dims, lbounds, items);
    return true;
}

static bool vector_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    struct datum array;
    if (!array_recv(io, bytes, n, &array))
        return false;
    if (array_of(&array)->ndim > 1 || (array_of(&array)->flags & ARRAY_HAS_NULL))
        return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION, "invalid %s data",
                       io->type->name);
    *out = vector_build(io->arena, io->type->elem,
                        array_items(io->arena, io->type->elem, array_of(&array)),
                        array_of(&array)->n_items);
    return true;
}

/* A typmod on an array type is its elements'. */
static bool array_typmod_in(const struct type_io *io, const int32_t *args, int n_args,
                            int32_t *typmod)
{
    struct type_io elem_io = *io;
    elem_io.type = io->type->elem;
    if (!elem_io.type->ops->typmod_in)
        return err_set(io->err, ERR_SYNTAX_ERROR, "type modifier is not allowed for type \"%s\"",
                       io->type->name);
    return elem_io.type->ops->typmod_in(&elem_io, args, n_args, typmod);
}

const struct type_ops array_ops = {
    .name = "array",
    .storage = STORAGE_TEXT,
    .in = array_in,
    .out = array_out,
    .recv = array_recv,
    .send = array_send,
    .cmp = array_cmp,
    .key = array_key,
    .store = store_as_text,
    .load = load_from_text,
    .typmod_in = array_typmod_in,
};

const struct type_ops vector_ops = {
    .name = "vector",
    .storage = STORAGE_TEXT,
    .in = vector_in,
    .out = vector_out,
    .recv = vector_recv,
    .send = array_send,
    .cmp = vector_cmp,
    .key = vector_key,
    .store = store_as_text,
    .load = load_from_text,
};
