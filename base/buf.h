/* buf.h - a growing byte buffer on the heap or in an arena. */
#ifndef SHARDLITE_BASE_BUF_H
#define SHARDLITE_BASE_BUF_H

#include "base/arena.h"

struct buf {
    char *p;
    size_t n, cap;
    struct arena *arena; /* NULL: malloc()ed, freed by buf_free() */
};

#define BUF_IN(arena_) ((struct buf){.arena = (arena_)})

void buf_reserve(struct buf *buf, size_t more);
void buf_append(struct buf *buf, const void *bytes, size_t n);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_put_zeros(struct buf *buf, size_t n);
char *buf_cstr(
    struct buf *buf); /* NUL-terminates without counting the NUL; valid until the next append */
void buf_free(struct buf *buf);

static inline void buf_putc(struct buf *buf, char c)
{
    if (buf->n == buf->cap)
        buf_reserve(buf, 1);
    buf->p[buf->n++] = c;
}

/* Big-endian, as on the wire. */
void buf_put_u16(struct buf *buf, uint16_t v);
void buf_put_u32(struct buf *buf, uint32_t v);
void buf_put_u64(struct buf *buf, uint64_t v);
void buf_set_u32(struct buf *buf, size_t at, uint32_t v); /* overwrites 4 bytes at `at` */

#endif
