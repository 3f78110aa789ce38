/* hash.c - lookup3 (Bob Jenkins, 2006, public domain) as PostgreSQL runs it on a little-endian
 * machine. */
#include "func/hash.h"

struct mixer {
    uint32_t a, b, c;
};

static uint32_t rotate(uint32_t v, int bits)
{
    return v << bits | v >> (32 - bits);
}

static void mix(struct mixer *m)
{
    uint32_t a = m->a, b = m->b, c = m->c;
    a -= c, a ^= rotate(c, 4), c += b;
    b -= a, b ^= rotate(a, 6), a += c;
    c -= b, c ^= rotate(b, 8), b += a;
    a -= c, a ^= rotate(c, 16), c += b;
    b -= a, b ^= rotate(a, 19), a += c;
    c -= b, c ^= rotate(b, 4), b += a;
    *m = (struct mixer){a, b, c};
}

static void finish(struct mixer *m)
{
    uint32_t a = m->a, b = m->b, c = m->c;
    c ^= b, c -= rotate(b, 14);
    a ^= c, a -= rotate(c, 11);
    b ^= a, b -= rotate(a, 25);
    c ^= b, c -= rotate(b, 16);
    a ^= c, a -= rotate(c, 4);
    b ^= a, b -= rotate(a, 14);
    c ^= b, c -= rotate(b, 24);
    *m = (struct mixer){a, b, c};
}

static struct mixer start(size_t n, uint64_t seed)
{
    uint32_t first = 0x9e3779b9u + (uint32_t)n + 3923095u;
    struct mixer m = {first, first, first};
    if (seed) {
        m.a += (uint32_t)(seed >> 32);
        m.b += (uint32_t)seed;
        mix(&m);
    }
    return m;
}

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

uint64_t pg_hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const uint8_t *p = bytes;
    struct mixer m = start(n, seed);
    for (; n >= 12; p += 12, n -= 12) {
        m.a += word(p);
        m.b += word(p + 4);
        m.c += word(p + 8);
        mix(&m);
    }
    uint8_t tail[12] = {0};
    for (size_t k = 0; k < n; k++)
        tail[k] = p[k];
    m.a += word(tail);
    m.b += word(tail + 4);
    m.c += word(tail + 8) << 8; /* the lowest byte of c is the length's */
    finish(&m);
    return (uint64_t)m.b << 32 | m.c;
}

uint64_t pg_hash_u32(uint32_t value, uint64_t seed)
{
    struct mixer m = start(sizeof(value), seed);
    m.a += value;
    finish(&m);
    return (uint64_t)m.b << 32 | m.c;
}
