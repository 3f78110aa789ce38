/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_reserve(struct buf *buf, size_t more)
{
    if (buf->cap - buf->n >= more)
        return;
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap - buf->n < more)
        cap *= 2;
    if (buf->arena) {
        buf->p = arena_realloc(buf->arena, buf->p, buf->cap, cap);
    } else {
        char *p = realloc(buf->p, cap);
        ASSERT(p != NULL);
        buf->p = p;
    }
    buf->cap = cap;
}

void buf_append(struct buf *buf, const void *bytes, size_t n)
{
    if (!n)
        return;
    buf_reserve(buf, n);
    memcpy(buf->p + buf->n, bytes, n);
    buf->n += n;
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_reserve(buf, 64);
    size_t room = buf->cap - buf->n;
    int n = vsnprintf(buf->p + buf->n, room, format, args);
    va_end(args);
    ASSERT(n >= 0);
    if ((size_t)n >= room) {
        buf_reserve(buf, (size_t)n + 1);
        va_start(args, format);
        vsnprintf(buf->p + buf->n, (size_t)n + 1, format, args);
        va_end(args);
    }
    buf->n += (size_t)n;
}

void buf_put_zeros(struct buf *buf, size_t n)
{
    buf_reserve(buf, n);
    memset(buf->p + buf->n, 0, n);
    buf->n += n;
}

char *buf_cstr(struct buf *buf)
{
    buf_reserve(buf, 1);
    buf->p[buf->n] = 0;
    return buf->p;
}

void buf_free(struct buf *buf)
{
    if (!buf->arena)
        free(buf->p);
    buf->p = NULL;
    buf->n = buf->cap = 0;
}

void buf_put_u16(struct buf *buf, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    buf_append(buf, b, sizeof(b));
}

static void encode_u32(uint8_t b[4], uint32_t v)
{
    for (int k = 0; k < 4; k++)
        b[k] = (uint8_t)(v >> (24 - 8 * k));
}

void buf_put_u32(struct buf *buf, uint32_t v)
{
    uint8_t b[4];
    encode_u32(b, v);
    buf_append(buf, b, sizeof(b));
}

void buf_put_u64(struct buf *buf, uint64_t v)
{
    buf_put_u32(buf, (uint32_t)(v >> 32));
    buf_put_u32(buf, (uint32_t)v);
}

void buf_set_u32(struct buf *buf, size_t at, uint32_t v)
{
    ASSERT(at + 4 <= buf->n);
    uint8_t b[4];
    encode_u32(b, v);
    memcpy(buf->p + at, b, sizeof(b));
}
