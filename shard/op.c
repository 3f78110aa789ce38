/* op.c - images, and ops as bytes.
 *
 * An image is a sequence of values: a tag byte, then
 *     NULL nothing | INTEGER zigzag varint | REAL 8 bytes, little-endian | TEXT, BLOB varint length, bytes.
 *
 * Ops as bytes (in the commit log and in memory for prepared transactions) are a sequence of entries:
 *     'L'  a layout: table, rid column, columns, and which of them are written; numbered from 0 in order of appearance
 *     else an op kind, the shard, and then
 *          INSERT, UPDATE  layout number, rid, image | DELETE layout number, rid | TRUNCATE layout number | SQL text
 * Layouts come once per run of ops that share one, so a bulk load costs its rows, not their names. */
#include "shard/op.h"

#include <stdlib.h>
#include <string.h>

#define LAYOUT_ENTRY 'L'

/* ---- primitives ---- */

static void put_varint(struct buf *out, uint64_t v)
{
    while (v >= 0x80) {
        buf_putc(out, (char)(v | 0x80));
        v >>= 7;
    }
    buf_putc(out, (char)v);
}

static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* A sticky reader: after the first short read all calls return zero and `bad` stays set. */
struct cursor {
    const uint8_t *p, *end;
    bool bad;
};

static uint8_t take_byte(struct cursor *in)
{
    if (!in->p || in->p == in->end) {
        in->bad = true;
        return 0;
    }
    return *in->p++;
}

static uint64_t take_varint(struct cursor *in)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = take_byte(in);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    in->bad = true;
    return 0;
}

static const uint8_t *take_bytes(struct cursor *in, uint64_t n)
{
    if (n > (uint64_t)(in->end - in->p)) {
        in->bad = true;
        in->p = in->end;
        return NULL;
    }
    const uint8_t *bytes = in->p;
    in->p += n;
    return bytes;
}

static void put_string(struct buf *out, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    put_varint(out, n);
    buf_append(out, text, n);
}

static const char *take_string(struct cursor *in, struct arena *arena)
{
    uint64_t n = take_varint(in);
    const uint8_t *bytes = take_bytes(in, n);
    return bytes ? arena_strndup(arena, (const char *)bytes, n) : "";
}

/* ---- images ---- */

void image_put(struct buf *out, const struct stored *value)
{
    buf_putc(out, (char)value->kind);
    switch (value->kind) {
    case STORED_NULL:
        break;
    case STORED_INTEGER:
        put_varint(out, zigzag(value->i));
        break;
    case STORED_REAL:
        buf_append(out, &value->f, sizeof(value->f));
        break;
    case STORED_TEXT:
    case STORED_BLOB:
        put_varint(out, value->n);
        buf_append(out, value->p, value->n);
        break;
    }
}

static void take_value(struct cursor *in, struct stored *value)
{
    *value = (struct stored){.kind = STORED_NULL};
    uint8_t kind = take_byte(in);
    switch (kind) {
    case STORED_NULL:
        break;
    case STORED_INTEGER:
        value->i = unzigzag(take_varint(in));
        break;
    case STORED_REAL: {
        const uint8_t *bytes = take_bytes(in, sizeof(value->f));
        if (bytes)
            memcpy(&value->f, bytes, sizeof(value->f));
        break;
    }
    case STORED_TEXT:
    case STORED_BLOB:
        value->n = take_varint(in);
        value->p = take_bytes(in, value->n);
        break;
    default:
        in->bad = true;
        return;
    }
    value->kind = kind;
}

bool image_next(const struct image *image, uint32_t *at, struct stored *value)
{
    if (!image->bytes || *at >= image->n_bytes)
        return false;
    struct cursor in = {image->bytes + *at, image->bytes + image->n_bytes, false};
    take_value(&in, value);
    *at = (uint32_t)(in.p - image->bytes);
    return !in.bad;
}

/* ---- ops as bytes ---- */

static size_t bitmap_bytes(uint16_t n_columns)
{
    return (n_columns + 7u) / 8u;
}

static bool has_bit(const uint8_t *bitmap, uint32_t k)
{
    return !bitmap || (bitmap[k / 8] >> (k % 8) & 1);
}

/* `only`: the columns that are written as a layout of their own (NULL: all). */
static void put_layout(struct buf *out, const struct layout *layout, const uint8_t *only)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < layout->n_columns; k++)
        n += has_bit(only, k);
    buf_putc(out, LAYOUT_ENTRY);
    put_string(out, layout->table);
    put_string(out, layout->rid_column);
    put_varint(out, n);
    for (uint32_t k = 0; k < layout->n_columns; k++) {
        if (has_bit(only, k))
            put_string(out, layout->columns[k]);
    }
}

static void put_image_of(struct buf *out, const struct op *op, const uint8_t *only)
{
    if (!only) {
        put_varint(out, op->image.n_bytes);
        buf_append(out, op->image.bytes, op->image.n_bytes);
        return;
    }
    struct buf values = {0};
    struct stored value;
    uint32_t at = 0;
    for (uint32_t k = 0; k < op->layout->n_columns && image_next(&op->image, &at, &value); k++) {
        if (has_bit(only, k))
            image_put(&values, &value);
    }
    put_varint(out, values.n);
    buf_append(out, values.p, values.n);
    buf_free(&values);
}

static bool same_layout(const struct op_writer *writer, const struct layout *layout,
                        const uint8_t *only)
{
    if (writer->last != layout || !writer->last_only != !only)
        return false;
    return !only || writer->last_only == only ||
           memcmp(writer->last_only, only, bitmap_bytes(layout->n_columns)) == 0;
}

void op_put(struct op_writer *writer, const struct op *op)
{
    struct buf *out = writer->out;
    bool keep_bitmap = op->kind == OP_UPDATE && op->changed && writer->whole_images;
    const uint8_t *only = op->kind == OP_UPDATE && !writer->whole_images ? op->changed : NULL;
    if (op->kind != OP_SQL && !same_layout(writer, op->layout, only)) {
        put_layout(out, op->layout, only);
        writer->last = op->layout;
        writer->last_only = only;
        writer->n_layouts++;
    }
    buf_putc(out, (char)op->kind);
    put_varint(out, op->shard);
    if (op->kind == OP_SQL) {
        put_string(out, op->sql);
        return;
    }
    put_varint(out, writer->n_layouts - 1);
    if (op->kind == OP_TRUNCATE)
        return;
    put_varint(out, zigzag(op->rid));
    if (op->kind == OP_DELETE)
        return;
    put_image_of(out, op, only);
    if (op->kind == OP_UPDATE) {
        buf_putc(out, keep_bitmap);
        if (keep_bitmap)
            buf_append(out, op->changed, bitmap_bytes(op->layout->n_columns));
    }
}

static struct layout *take_layout(struct cursor *in, struct arena *arena)
{
    struct layout *layout = ARENA_NEW(arena, struct layout);
    layout->table = take_string(in, arena);
    layout->rid_column = take_string(in, arena);
    uint64_t n = take_varint(in);
    if (n > (uint64_t)(in->end - in->p) ||
        n > UINT16_MAX) { /* a column name has at least its length byte */
        in->bad = true;
        return layout;
    }
    layout->n_columns = (uint16_t)n;
    const char **columns = ARENA_ARRAY(arena, const char *, n + 1);
    for (uint64_t k = 0; k < n; k++)
        columns[k] = take_string(in, arena);
    layout->columns = columns;
    return layout;
}

static void take_row(struct cursor *in, const struct op_reader *reader, struct op *op)
{
    uint64_t layout = take_varint(in);
    if (layout >= reader->layouts.n) {
        in->bad = true;
        return;
    }
    op->layout = reader->layouts.items[layout];
    if (op->kind == OP_TRUNCATE)
        return;
    op->rid = unzigzag(take_varint(in));
    if (op->kind == OP_DELETE)
        return;
    op->image.n_bytes = (uint32_t)take_varint(in);
    op->image.bytes = take_bytes(in, op->image.n_bytes);
    if (op->kind == OP_UPDATE && take_byte(in))
        op->changed = take_bytes(in, bitmap_bytes(op->layout->n_columns));
}

bool op_next(struct op_reader *reader, struct op *op)
{
    struct cursor in = {reader->p, reader->end, false};
    uint8_t kind = 0;
    while (in.p != in.end && !in.bad && (kind = take_byte(&in)) == LAYOUT_ENTRY) {
        struct layout *layout = take_layout(&in, reader->arena);
        VEC_PUSH(reader->arena, &reader->layouts, layout);
    }
    if (in.p == in.end) { /* the least op has a kind and a shard */
        reader->damaged = reader->damaged || in.bad || (reader->p != reader->end);
        reader->p = in.end;
        return false;
    }
    *op = (struct op){.kind = kind};
    op->shard = (uint32_t)take_varint(&in);
    if (kind == OP_SQL)
        op->sql = take_string(&in, reader->arena);
    else if (kind >= OP_INSERT && kind <= OP_TRUNCATE)
        take_row(&in, reader, op);
    else
        in.bad = true;
    reader->damaged = reader->damaged || in.bad;
    reader->p = in.bad ? in.end : in.p;
    return !in.bad;
}
