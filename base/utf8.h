/* utf8.h - UTF-8 as PostgreSQL accepts it: up to U+10FFFF, shortest form, no surrogates, no NUL. */
#ifndef SHARDLITE_BASE_UTF8_H
#define SHARDLITE_BASE_UTF8_H

#include "base/err.h"

/* Bytes of the character that starts with `lead` (1 for bytes that start none). */
static inline size_t utf8_char_bytes(unsigned char lead)
{
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
/* Bytes of the valid character at p, 0 if there is none (NUL is none). */
size_t utf8_valid_char(const char *p, size_t n);
/* Length of the valid prefix: n when all is valid. */
size_t utf8_valid_prefix(const char *p, size_t n);
/* 22021 invalid byte sequence for encoding "UTF8": 0x.. */
MUST_CHECK bool utf8_check(const char *p, size_t n, struct err *err);
size_t utf8_length(const char *p, size_t n); /* characters; p is valid */
/* Byte offset of character `index` (0-based), or n when there are fewer. */
size_t utf8_offset(const char *p, size_t n, size_t index);
/* Bytes of p's longest prefix that has at most max_bytes and no cut character. */
size_t utf8_clip(const char *p, size_t n, size_t max_bytes);

#endif
