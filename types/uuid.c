/* uuid.c - 16 bytes; stored as the canonical text, whose order is that of the bytes. */
#include "types/key.h"
#include "types/registry.h"

#define UUID_BYTES 16

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 32 hex digits, a hyphen allowed after every fourth, braces allowed around. */
static bool uuid_parse(const char *p, const char *end, uint8_t bytes[UUID_BYTES])
{
    bool braces = p < end && *p == '{';
    p += braces;
    for (int k = 0; k < UUID_BYTES; k++) {
        if (end - p < 2 || hex_value(p[0]) < 0 || hex_value(p[1]) < 0)
            return false;
        bytes[k] = (uint8_t)(hex_value(p[0]) << 4 | hex_value(p[1]));
        p += 2;
        if (k % 2 == 1 && k < UUID_BYTES - 1 && p < end && *p == '-')
            p++;
    }
    if (braces && (p == end || *p++ != '}'))
        return false;
    return p == end;
}

static bool uuid_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    uint8_t *bytes = arena_alloc(io->arena, UUID_BYTES);
    if (!uuid_parse(text, text + n, bytes))
        return invalid_syntax(io, "uuid", text, n);
    *out = datum_bytes(bytes, UUID_BYTES);
    return true;
}

static bool uuid_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = value->p;
    buf_reserve(out, 36);
    for (int k = 0; k < UUID_BYTES; k++) {
        if (k == 4 || k == 6 || k == 8 || k == 10)
            buf_putc(out, '-');
        buf_putc(out, digits[bytes[k] >> 4]);
        buf_putc(out, digits[bytes[k] & 15]);
    }
    return true;
}

static bool uuid_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    if (!recv_exact(io, n, UUID_BYTES))
        return false;
    *out = datum_bytes(arena_memdup(io->arena, bytes, n), n);
    return true;
}

static bool uuid_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, UUID_BYTES);
    return true;
}

static int uuid_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return memcmp(a->p, b->p, UUID_BYTES);
}

static void uuid_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, UUID_BYTES);
}

static const struct type_ops uuid_ops = {
    .name = "uuid",
    .storage = STORAGE_TEXT,
    .native_order = true,
    .in = uuid_in,
    .out = uuid_out,
    .recv = uuid_recv,
    .send = uuid_send,
    .cmp = uuid_cmp,
    .key = uuid_key,
    .store = store_as_text,
    .load = load_from_text,
};

const struct type_ops_entry uuid_type_ops[] = {
    {TYPE_UUID, &uuid_ops},
    {0, NULL},
};
