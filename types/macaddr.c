/* macaddr.c - macaddr and macaddr8: stored as their canonical text, whose order is that of the
 * bytes. */
#include <stdio.h>

#include "types/inet.h"
#include "types/key.h"
#include "types/registry.h"

#define MAC_TEXT_MAX 128

static bool macaddr_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    static const char *const forms[] = {
        "%x:%x:%x:%x:%x:%x%1s",   "%x-%x-%x-%x-%x-%x%1s",    "%2x%2x%2x:%2x%2x%2x%1s",
        "%2x%2x%2x-%2x%2x%2x%1s", "%2x%2x.%2x%2x.%2x%2x%1s", "%2x%2x-%2x%2x-%2x%2x%1s",
        "%2x%2x%2x%2x%2x%2x%1s",
    };
    char copy[MAC_TEXT_MAX], junk[2];
    unsigned v[MACADDR_BYTES];
    int taken = 0;
    size_t length = MIN(n, sizeof(copy) - 1);
    memcpy(copy, text, length);
    copy[length] = 0;
    for (size_t k = 0; k < ARRAY_COUNT(forms) && taken != MACADDR_BYTES; k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        taken = sscanf(copy, forms[k], &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], junk);
#pragma GCC diagnostic pop
    }
    if (taken != MACADDR_BYTES)
        return invalid_syntax(io, "macaddr", text, n);
    uint8_t *bytes = arena_alloc(io->arena, MACADDR_BYTES);
    for (int k = 0; k < MACADDR_BYTES; k++) {
        if (v[k] > 255)
            return err_set(io->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                           "invalid octet value in \"macaddr\" value: \"%.*s\"", (int)n, text);
        bytes[k] = (uint8_t)v[k];
    }
    *out = datum_bytes(bytes, MACADDR_BYTES);
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Pairs of digits with one kind of separator anywhere between them.  Returns how many bytes, 0 if
 * malformed.  A single character left at the end is not looked at: PostgreSQL takes
 * 08:00:2b:01:02:03x. */
static int parse_pairs(const char *p, const char *end, uint8_t bytes[MACADDR8_BYTES])
{
    int count = 0;
    char separator = 0;
    while (p < end && is_space(*p))
        p++;
    while (end - p >= 2) {
        if (count == MACADDR8_BYTES || hex_value(p[0]) < 0 || hex_value(p[1]) < 0)
            return 0;
        bytes[count++] = (uint8_t)(hex_value(p[0]) << 4 | hex_value(p[1]));
        p += 2;
        if (p < end && (*p == ':' || *p == '-' || *p == '.')) {
            if (separator && *p != separator)
                return 0;
            separator = *p++;
        }
        if ((count == 6 || count == 8) && p < end && is_space(*p)) {
            while (p < end && is_space(*p))
                p++;
            return p == end ? count : 0;
        }
    }
    return count;
}

static bool macaddr8_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    uint8_t *bytes = arena_zalloc(io->arena, MACADDR8_BYTES);
    int count = parse_pairs(text, text + n, bytes);
    if (count == MACADDR_BYTES) {
        memmove(bytes + 5, bytes + 3, 3);
        bytes[3] = 0xff;
        bytes[4] = 0xfe;
    } else if (count != MACADDR8_BYTES) {
        return invalid_syntax(io, "macaddr8", text, n);
    }
    *out = datum_bytes(bytes, MACADDR8_BYTES);
    return true;
}

static bool mac_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const uint8_t *bytes = value->p;
    for (uint32_t k = 0; k < value->n; k++)
        buf_printf(out, k ? ":%02x" : "%02x", bytes[k]);
    return true;
}

static bool macaddr_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                         struct datum *out)
{
    if (!recv_exact(io, n, MACADDR_BYTES))
        return false;
    *out = datum_bytes(arena_memdup(io->arena, bytes, n), n);
    return true;
}

static bool macaddr8_recv(const struct type_io *io, const uint8_t *bytes, size_t n,
                          struct datum *out)
{
    uint8_t *v = arena_zalloc(io->arena, MACADDR8_BYTES);
    if (n == MACADDR_BYTES) {
        memcpy(v, bytes, 3);
        v[3] = 0xff;
        v[4] = 0xfe;
        memcpy(v + 5, bytes + 3, 3);
    } else if (recv_exact(io, n, MACADDR8_BYTES)) {
        memcpy(v, bytes, MACADDR8_BYTES);
    } else {
        return false;
    }
    *out = datum_bytes(v, MACADDR8_BYTES);
    return true;
}

static bool mac_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

static int mac_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return memcmp(a->p, b->p, a->n);
}

static void mac_key(const struct type *type, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
}

#define MAC_OPS(type)                                                                              \
    static const struct type_ops type##_ops = {                                                    \
        .name = #type,                                                                             \
        .storage = STORAGE_TEXT,                                                                   \
        .native_order = true,                                                                      \
        .in = type##_in,                                                                           \
        .out = mac_out,                                                                            \
        .recv = type##_recv,                                                                       \
        .send = mac_send,                                                                          \
        .cmp = mac_cmp,                                                                            \
        .key = mac_key,                                                                            \
        .store = store_as_text,                                                                    \
        .load = load_from_text,                                                                    \
    }
MAC_OPS(macaddr);
MAC_OPS(macaddr8);

const struct type_ops_entry macaddr_type_ops[] = {
    {TYPE_MACADDR, &macaddr_ops},
    {TYPE_MACADDR8, &macaddr8_ops},
    {0, NULL},
};
