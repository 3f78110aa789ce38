/* bytea.c - byte strings: hex and escape forms, binary as they are. */
#include "base/utf8.h"
#include "types/key.h"
#include "types/registry.h"
#include "types/settings.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool bad_hex(const struct type_io *io, const char *p, const char *end)
{
    size_t n = MIN(utf8_char_bytes((uint8_t)*p), (size_t)(end - p));
    return err_set(io->err, ERR_INVALID_PARAMETER_VALUE, "invalid hexadecimal digit: \"%.*s\"",
                   (int)n, p);
}

static bool hex_in(const struct type_io *io, const char *p, const char *end, struct datum *out)
{
    char *bytes = arena_alloc(io->arena, (size_t)(end - p) / 2 + 1), *q = bytes;
    while (p < end) {
        if (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') {
            p++;
            continue;
        }
        if (hex_value(p[0]) < 0)
            return bad_hex(io, p, end);
        if (p + 1 == end)
            return err_set(io->err, ERR_INVALID_PARAMETER_VALUE,
                           "invalid hexadecimal data: odd number of digits");
        if (hex_value(p[1]) < 0)
            return bad_hex(io, p + 1, end);
        *q++ = (char)(hex_value(p[0]) << 4 | hex_value(p[1]));
        p += 2;
    }
    *out = datum_bytes(bytes, (size_t)(q - bytes));
    return true;
}

static bool is_octal(const char *p, const char *end)
{
    return end - p >= 4 && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
           p[3] >= '0' && p[3] <= '7';
}

static bool bytea_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    const char *p = text, *end = text + n;
    if (n >= 2 && p[0] == '\\' && p[1] == 'x')
        return hex_in(io, p + 2, end, out);
    char *bytes = arena_alloc(io->arena, n + 1), *q = bytes;
    while (p < end) {
        if (*p != '\\') {
            *q++ = *p++;
        } else if (is_octal(p, end)) {
            *q++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else if (p + 1 < end && p[1] == '\\') {
            *q++ = '\\';
            p += 2;
        } else {
            return err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION,
                           "invalid input syntax for type %s", "bytea");
        }
    }
    *out = datum_bytes(bytes, (size_t)(q - bytes));
    return true;
}

static void escape_out(const uint8_t *p, size_t n, struct buf *out)
{
    for (size_t k = 0; k < n; k++) {
        if (p[k] == '\\')
            buf_append(out, "\\\\", 2);
        else if (p[k] < 0x20 || p[k] > 0x7e)
            buf_printf(out, "\\%03o", p[k]);
        else
            buf_putc(out, (char)p[k]);
    }
}

static bool bytea_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = value->p;
    if (io->settings->bytea_escape) {
        escape_out(p, value->n, out);
        return true;
    }
    buf_reserve(out, 2 + 2 * (size_t)value->n);
    char *q = out->p + out->n;
    *q++ = '\\';
    *q++ = 'x';
    for (size_t k = 0; k < value->n; k++) {
        *q++ = digits[p[k] >> 4];
        *q++ = digits[p[k] & 15];
    }
    out->n = (size_t)(q - out->p);
    return true;
}

static bool bytea_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    *out = datum_bytes(arena_memdup(io->arena, bytes, n), n);
    return true;
}

static bool bytea_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static int bytea_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return cmp_bytes(a->p, a->n, b->p, b->n);
}

static void bytea_key(const struct type *type, const struct datum *value, struct buf *out)
{
    key_put_bytes(out, value->p, value->n);
}

static const struct type_ops bytea_ops = {
    .name = "bytea",
    .storage = STORAGE_BLOB,
    .native_order = true,
    .in = bytea_in,
    .out = bytea_out,
    .recv = bytea_recv,
    .send = bytea_send,
    .cmp = bytea_cmp,
    .key = bytea_key,
};

const struct type_ops_entry bytea_type_ops[] = {
    {TYPE_BYTEA, &bytea_ops},
    {0, NULL},
};
