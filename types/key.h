/* key.h - building blocks of the order-preserving key encoding (type.h) and of big-endian binary
 * I/O. */
#ifndef SHARDLITE_TYPES_KEY_H
#define SHARDLITE_TYPES_KEY_H

#include <string.h>

#include "types/type.h"

static inline void key_put_u64(struct buf *out, uint64_t v)
{
    buf_put_u64(out, v);
}
/* int2, int4 and int8 share this, so that equal integers have equal keys whatever their width. */
static inline void key_put_i64(struct buf *out, int64_t v)
{
    buf_put_u64(out, (uint64_t)v ^ (1ULL << 63));
}
/* -0 equals 0; NaN equals NaN and is above Infinity. */
static inline void key_put_f64(struct buf *out, double v)
{
    uint64_t bits;
    if (v == 0)
        v = 0;
    if (v != v) {
        buf_put_u64(out, UINT64_MAX);
        return;
    }
    memcpy(&bits, &v, sizeof(bits));
    buf_put_u64(out, bits >> 63 ? ~bits : bits | 1ULL << 63);
}
/* Bytes of any length: 00 becomes 00 FF, and 00 00 ends the key. */
static inline void key_put_bytes(struct buf *out, const void *bytes, size_t n)
{
    const char *p = bytes, *end = p + n;
    buf_reserve(out, n + 2);
    while (p < end) {
        const char *zero = memchr(p, 0, (size_t)(end - p));
        if (!zero) {
            buf_append(out, p, (size_t)(end - p));
            break;
        }
        buf_append(out, p, (size_t)(zero - p));
        buf_append(out, "\0\xff", 2);
        p = zero + 1;
    }
    buf_append(out, "\0\0", 2);
}

/* Binary input of fixed width: the caller has checked the length. */
static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t get_u64(const uint8_t *p)
{
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

/* Fails as PostgreSQL does when a binary value is not as long as its type wants: 08P01 or 22P03. */
bool recv_short(const struct type_io *io);
bool recv_excess(const struct type_io *io);
/* True if exactly `want` bytes came; otherwise fills the error. */
static inline bool recv_exact(const struct type_io *io, size_t n, size_t want)
{
    if (LIKELY(n == want))
        return true;
    return n < want ? recv_short(io) : recv_excess(io);
}

/* "invalid input syntax for type int4: ..." with the SQL name of the type, 22P02. */
bool invalid_syntax(const struct type_io *io, const char *sql_name, const char *text, size_t n);

/* Storage as the text form under settings_storage, whatever the session's settings are: for types
 * whose memory form is not what a stock sqlite3 shell should show. */
bool store_as_text(const struct type_io *io, const struct datum *value, struct stored *out);
bool load_from_text(const struct type_io *io, const struct stored *value, struct datum *out);

static inline int cmp_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}
static inline int cmp_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}
static inline int cmp_bytes(const void *a, size_t n_a, const void *b, size_t n_b)
{
    size_t n = n_a < n_b ? n_a : n_b;
    int order = n ? memcmp(a, b, n) : 0; /* an empty string may be at NULL */
    return order ? order : cmp_u64(n_a, n_b);
}
/* NaN equals NaN and is above everything. */
static inline int cmp_f64(double a, double b)
{
    if (UNLIKELY(a != a))
        return b != b ? 0 : 1;
    if (UNLIKELY(b != b))
        return -1;
    return (a > b) - (a < b);
}

/* The whitespace of PostgreSQL's input functions (isspace in the C locale). */
static inline bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline void trim_space(const char **text, size_t *n)
{
    while (*n && is_space(**text))
        ++*text, --*n;
    while (*n && is_space((*text)[*n - 1]))
        --*n;
}

#endif
