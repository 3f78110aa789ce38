/* enum.c - enums: a value is its label; order is that of the type's labels. */
#include "types/key.h"
#include "types/enum.h"

#define LABEL_BYTES_MAX 63

int enum_position(const struct type *type, const char *label, size_t n)
{
    for (uint32_t k = 0; k < type->n_labels; k++)
        if (strlen(type->labels[k].label) == n && memcmp(type->labels[k].label, label, n) == 0)
            return (int)k;
    return -1;
}

struct datum enum_datum(const struct type *type, uint32_t position)
{
    const char *label = type->labels[position].label;
    return datum_bytes(label, strlen(label));
}

static bool enum_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    int position = n <= LABEL_BYTES_MAX ? enum_position(io->type, text, n) : -1;
    if (position < 0)
        return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input value for enum %s: \"%.*s\"", io->type->name, (int)n, text);
    *out = datum_bytes(arena_memdup(io->arena, text, n), n);
    return true;
}

static bool enum_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return enum_in(io, (const char *)bytes, n, out);
}

static bool enum_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static int enum_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_i64(enum_position(type, a->p, a->n), enum_position(type, b->p, b->n));
}

/* The label's sort number, not its position: that of other labels never changes when one is added,
 * so keys kept on disk stay right. */
static void enum_key(const struct type *type, const struct datum *value, struct buf *out)
{
    int position = enum_position(type, value->p, value->n);
    key_put_f64(out, position < 0 ? -1 : (double)type->labels[position].sort);
}

const struct type_ops enum_ops = {
    .name = "enum",
    .storage = STORAGE_TEXT,
    .in = enum_in,
    .out = enum_out,
    .recv = enum_recv,
    .send = enum_out,
    .cmp = enum_cmp,
    .key = enum_key,
};
