/* utf8.h - walking valid UTF-8 and asking about characters.
 *
 * Strings inside the server are valid UTF-8 (types/text.h checks what comes in), so these do not
 * check.  Case and class follow the C.UTF-8 locale, one character to one character, as
 * PostgreSQL with that locale does. */
#ifndef SHARDLITE_FUNC_UTF8_H
#define SHARDLITE_FUNC_UTF8_H

#include "types/text.h"

/* Decodes the character at `p`; *bytes is its length. */
static inline uint32_t utf8_decode(const char *text, size_t *bytes)
{
    const uint8_t *p = (const uint8_t *)text;
    if (LIKELY(p[0] < 0x80)) {
        *bytes = 1;
        return p[0];
    }
    if (p[0] < 0xe0) {
        *bytes = 2;
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (p[0] < 0xf0) {
        *bytes = 3;
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *bytes = 4;
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
           (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

/* Writes at most 4 bytes; returns how many. */
static inline size_t utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static inline void buf_put_utf8(struct buf *buf, uint32_t code)
{
    buf_reserve(buf, 4);
    buf->n += utf8_encode(code, buf->p + buf->n);
}

/* Start of the character before `p`, which is not the first. */
static inline const char *utf8_back(const char *p)
{
    do
        p--;
    while (((uint8_t)*p & 0xc0) == 0x80);
    return p;
}

enum uc_class {
    UC_ALPHA,
    UC_DIGIT,
    UC_ALNUM,
    UC_UPPER,
    UC_LOWER,
    UC_GRAPH,
    UC_PRINT,
    UC_PUNCT,
    UC_SPACE,
    UC_N_CLASSES
};

uint32_t uc_lower(uint32_t code);
uint32_t uc_upper(uint32_t code);
bool uc_is(enum uc_class which, uint32_t code);

/* Appends `text` in lower or upper case. */
void text_lower(struct buf *out, const char *text, size_t n);
void text_upper(struct buf *out, const char *text, size_t n);

#endif
