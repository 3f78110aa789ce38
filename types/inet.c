/* inet.c - inet and cidr.
 *
 * Order: IPv4 before IPv6, then the network, then the length of the mask, then the whole address.
 * In the key the network is spelt with two bits for each bit (01 zero, 10 one, 00 end), so that a
 * network sorts before those inside it. */
#include "types/inet.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "types/key.h"
#include "types/registry.h"

#define INET_TEXT_MAX 64

struct datum inet_datum(struct arena *arena, const struct inet *v)
{
    return datum_bytes(arena_memdup(arena, v, sizeof(*v)), sizeof(*v));
}

/* ---- bits ---- */

bool inet_same_prefix(const struct inet *a, const struct inet *b, int bits)
{
    int bytes = bits / 8, rest = bits % 8;
    if (memcmp(a->address, b->address, (size_t)bytes) != 0)
        return false;
    return !rest || ((a->address[bytes] ^ b->address[bytes]) >> (8 - rest)) == 0;
}

void inet_clear_host(struct inet *v)
{
    for (int k = 0; k < inet_bytes(v); k++) {
        int kept = v->bits - 8 * k;
        if (kept < 8)
            v->address[k] &= kept <= 0 ? 0 : (uint8_t)(0xff << (8 - kept));
    }
}

static int cmp_prefix(const struct inet *a, const struct inet *b, int bits)
{
    int bytes = bits / 8, rest = bits % 8, order = memcmp(a->address, b->address, (size_t)bytes);
    if (order || !rest)
        return order;
    return (a->address[bytes] >> (8 - rest)) - (b->address[bytes] >> (8 - rest));
}

int inet_cmp(const struct inet *a, const struct inet *b)
{
    if (a->family != b->family)
        return a->family - b->family;
    int order = cmp_prefix(a, b, MIN(a->bits, b->bits));
    if (!order)
        order = a->bits - b->bits;
    return order ? order : cmp_prefix(a, b, inet_max_bits(a));
}

/* ---- input ---- */

/* Reads digits with a value of at most `max`. */
static bool take_number(const char **p, int max, int *out)
{
    const char *start = *p;
    for (*out = 0; **p >= '0' && **p <= '9'; ++*p) {
        *out = *out * 10 + (**p - '0');
        if (*out > max)
            return false;
    }
    return *p > start;
}

static bool take_mask(const char *p, int max, int *bits)
{
    return take_number(&p, max, bits) && !*p;
}

static bool parse_v4(const char *p, struct inet *v)
{
    int octet, bits = 32;
    for (int k = 0; k < 4; k++) {
        if (k && *p++ != '.')
            return false;
        if (!take_number(&p, 255, &octet))
            return false;
        v->address[k] = (uint8_t)octet;
    }
    if (*p == '/') {
        if (!take_mask(p + 1, 32, &bits))
            return false;
    } else if (*p) {
        return false;
    }
    v->family = 4;
    v->bits = (uint8_t)bits;
    return true;
}

static bool parse_v6(char *text, struct inet *v)
{
    int bits = 128;
    char *slash = strchr(text, '/');
    if (slash) {
        *slash = 0;
        if ((slash[1] == '0' && slash[2]) || !take_mask(slash + 1, 128, &bits))
            return false;
    }
    v->family = 6;
    v->bits = (uint8_t)bits;
    return inet_pton(AF_INET6, text, v->address) == 1;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The mask of an address written without one, by its old class; wider if more octets were written.
 */
static int class_bits(const struct inet *v, int n_octets)
{
    int first = v->address[0];
    int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
    bits = MAX(bits, n_octets * 8);
    return bits == 8 && first == 224 ? 4 : bits;
}

/* As for IPv4 networks: octets may be missing at the end, 0x... is hexadecimal. */
static bool parse_v4_network(const char *p, struct inet *v)
{
    int n = 0, value, bits = -1;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && hex_value(p[2]) >= 0) {
        int digits = 0;
        for (p += 2; hex_value(*p) >= 0; p++, digits++) {
            if (digits / 2 == 4)
                return false;
            v->address[digits / 2] |= (uint8_t)(hex_value(*p) << (digits % 2 ? 0 : 4));
        }
        n = (digits + 1) / 2;
    } else {
        for (;; p++) {
            if (n == 4 || !take_number(&p, 255, &value))
                return false;
            v->address[n++] = (uint8_t)value;
            if (*p != '.')
                break;
        }
    }
    if (*p == '/') {
        if (!take_mask(p + 1, 32, &bits))
            return false;
    } else if (*p) {
        return false;
    }
    v->family = 4;
    v->bits = (uint8_t)(bits < 0 ? class_bits(v, n) : bits);
    return true;
}

static bool parse(const struct type_io *io, const char *text, size_t n, bool is_cidr,
                  struct datum *out)
{
    char copy[INET_TEXT_MAX];
    struct inet v = {0};
    const char *sql_name = is_cidr ? "cidr" : "inet";
    if (n >= sizeof(copy) || memchr(text, 0, n))
        return invalid_syntax(io, sql_name, text, n);
    memcpy(copy, text, n);
    copy[n] = 0;
    bool ok = strchr(copy, ':') ? parse_v6(copy, &v)
              : is_cidr         ? parse_v4_network(copy, &v)
                                : parse_v4(copy, &v);
    if (!ok)
        return invalid_syntax(io, sql_name, text, n);
    struct inet network = v;
    inet_clear_host(&network);
    if (is_cidr && memcmp(&network, &v, sizeof(v)) != 0) {
        err_set(io->err, ERR_INVALID_TEXT_REPRESENTATION, "invalid cidr value: \"%.*s\"", (int)n,
                text);
        return err_detail(io->err, "Value has bits set to right of mask.");
    }
    *out = inet_datum(io->arena, &v);
    return true;
}

static bool inet_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return parse(io, text, n, false, out);
}
static bool cidr_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    return parse(io, text, n, true, out);
}

/* ---- output ---- */

static unsigned word_at(const struct inet *v, int k)
{
    return (unsigned)v->address[2 * k] << 8 | v->address[2 * k + 1];
}

struct zero_run {
    int start, length;
};

static struct zero_run longest_zeros(const struct inet *v, int n_words)
{
    struct zero_run best = {-1, 0}, run = {-1, 0};
    for (int k = 0; k < n_words; k++) {
        if (word_at(v, k)) {
            run = (struct zero_run){-1, 0};
            continue;
        }
        if (run.start < 0)
            run.start = k;
        if (++run.length > best.length)
            best = run;
    }
    return best;
}

/* The first `n_words` words; a run of zeros of at least `least` becomes "::". */
static void print_words(const struct inet *v, int n_words, struct zero_run zeros, bool v4_tail,
                        struct buf *out)
{
    for (int k = 0; k < n_words; k++) {
        if (zeros.length && k >= zeros.start && k < zeros.start + zeros.length) {
            if (k == zeros.start)
                buf_putc(out, ':');
            continue;
        }
        if (k)
            buf_putc(out, ':');
        if (k == 6 && v4_tail) {
            buf_printf(out, "%d.%d.%d.%d", v->address[12], v->address[13], v->address[14],
                       v->address[15]);
            return;
        }
        buf_printf(out, "%x", word_at(v, k));
    }
    if (zeros.length && zeros.start + zeros.length == n_words)
        buf_putc(out, ':');
}

/* ::1.2.3.4 and ::ffff:1.2.3.4 */
static bool has_v4_tail(const struct inet *v, struct zero_run zeros, int n_words)
{
    return zeros.start == 0 && n_words == 8 &&
           (zeros.length == 6 || (zeros.length == 5 && word_at(v, 5) == 0xffff));
}

void inet_print_address(const struct inet *v, struct buf *out)
{
    if (v->family == 4) {
        buf_printf(out, "%d.%d.%d.%d", v->address[0], v->address[1], v->address[2], v->address[3]);
        return;
    }
    struct zero_run zeros = longest_zeros(v, 8);
    if (zeros.length < 2)
        zeros.length = 0;
    print_words(v, 8, zeros, zeros.length && has_v4_tail(v, zeros, 8), out);
}

void inet_print_abbreviated(const struct inet *v, struct buf *out)
{
    if (v->family == 4) {
        for (int k = 0; k < MAX((v->bits + 7) / 8, 1); k++)
            buf_printf(out, k ? ".%d" : "%d", v->address[k]);
    } else if (!v->bits) {
        buf_puts(out, "::");
    } else {
        int n_words = MAX((v->bits + 15) / 16, 2);
        struct zero_run zeros = longest_zeros(v, n_words);
        if (zeros.length == 7 && zeros.start == 0 && v->address[14] && v->address[15] != 1) {
            buf_printf(out, ":.%d.%d/%d", v->address[14], v->address[15],
                       v->bits); /* PostgreSQL's slip, kept */
            return;
        }
        print_words(v, n_words, zeros, has_v4_tail(v, zeros, n_words), out);
    }
    buf_printf(out, "/%d", v->bits);
}

static bool inet_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct inet *v = inet_of(value);
    inet_print_address(v, out);
    if (v->bits != inet_max_bits(v))
        buf_printf(out, "/%d", v->bits);
    return true;
}

static bool cidr_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    inet_print_address(inet_of(value), out);
    buf_printf(out, "/%d", inet_of(value)->bits);
    return true;
}

/* ---- binary form: family, mask, is it a cidr, length, address ---- */

#define WIRE_V4 2
#define WIRE_V6 3

static bool send_inet(const struct datum *value, bool is_cidr, struct buf *out)
{
    const struct inet *v = inet_of(value);
    buf_putc(out, v->family == 4 ? WIRE_V4 : WIRE_V6);
    buf_putc(out, (char)v->bits);
    buf_putc(out, is_cidr);
    buf_putc(out, (char)inet_bytes(v));
    buf_append(out, v->address, (size_t)inet_bytes(v));
    return true;
}

static bool inet_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return send_inet(value, false, out);
}
static bool cidr_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    return send_inet(value, true, out);
}

static bool recv_invalid(const struct type_io *io, const char *what, bool is_cidr)
{
    return err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION,
                   "invalid %s in external \"%s\" value", what, is_cidr ? "cidr" : "inet");
}

static bool recv_inet(const struct type_io *io, const uint8_t *bytes, size_t n, bool is_cidr,
                      struct datum *out)
{
    struct inet v = {0};
    if (n < 4)
        return recv_short(io);
    if (bytes[0] != WIRE_V4 && bytes[0] != WIRE_V6)
        return recv_invalid(io, "address family", is_cidr);
    v.family = bytes[0] == WIRE_V4 ? 4 : 6;
    v.bits = bytes[1];
    if (v.bits > inet_max_bits(&v))
        return recv_invalid(io, "bits", is_cidr);
    if (bytes[3] != inet_bytes(&v))
        return recv_invalid(io, "length", is_cidr);
    if (!recv_exact(io, n, 4 + (size_t)inet_bytes(&v)))
        return false;
    memcpy(v.address, bytes + 4, (size_t)inet_bytes(&v));
    struct inet network = v;
    inet_clear_host(&network);
    if (is_cidr && memcmp(&network, &v, sizeof(v)) != 0) {
        err_set(io->err, ERR_INVALID_BINARY_REPRESENTATION, "invalid external \"cidr\" value");
        return err_detail(io->err, "Value has bits set to right of mask.");
    }
    *out = inet_datum(io->arena, &v);
    return true;
}

static bool inet_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return recv_inet(io, bytes, n, false, out);
}
static bool cidr_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    return recv_inet(io, bytes, n, true, out);
}

/* ---- order ---- */

static int inet_ops_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    return inet_cmp(inet_of(a), inet_of(b));
}

static void inet_key(const struct type *type, const struct datum *value, struct buf *out)
{
    const struct inet *v = inet_of(value);
    uint8_t network[33] = {0};
    for (int k = 0; k < v->bits; k++) {
        int bit = v->address[k / 8] >> (7 - k % 8) & 1;
        network[k / 4] |= (uint8_t)((bit ? 2 : 1) << (6 - 2 * (k % 4)));
    }
    buf_putc(out, (char)v->family);
    buf_append(out, network, v->family == 4 ? 9 : 33);
    buf_append(out, v->address, (size_t)inet_bytes(v));
}

#define INET_OPS(type)                                                                             \
    static const struct type_ops type##_ops = {                                                    \
        .name = #type,                                                                             \
        .storage = STORAGE_TEXT,                                                                   \
        .in = type##_in,                                                                           \
        .out = type##_out,                                                                         \
        .recv = type##_recv,                                                                       \
        .send = type##_send,                                                                       \
        .cmp = inet_ops_cmp,                                                                       \
        .key = inet_key,                                                                           \
        .store = store_as_text,                                                                    \
        .load = load_from_text,                                                                    \
    }
INET_OPS(inet);
INET_OPS(cidr);

const struct type_ops_entry inet_type_ops[] = {
    {TYPE_INET, &inet_ops},
    {TYPE_CIDR, &cidr_ops},
    {0, NULL},
};
