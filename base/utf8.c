/* utf8.c - see utf8.h. */
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_valid_char(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    if (n == 0 || p[0] == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    size_t bytes = utf8_char_bytes(p[0]);
    if (bytes > n)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if (!is_tail(p[i]))
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) /* overlong; surrogates */
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f)) /* overlong; beyond U+10FFFF */
        return 0;
    return bytes;
}

size_t utf8_valid_prefix(const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        while (n - at >= 8) { /* eight ASCII bytes at a time */
            uint64_t word;
            memcpy(&word, p + at, sizeof(word));
            uint64_t has_zero = (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
            if ((word & 0x8080808080808080u) || has_zero)
                break;
            at += 8;
        }
        if (at == n)
            break;
        size_t bytes = utf8_valid_char(p + at, n - at);
        if (!bytes)
            break;
        at += bytes;
    }
    return at;
}

bool utf8_check(const char *p, size_t n, struct err *err)
{
    size_t good = utf8_valid_prefix(p, n);
    if (LIKELY(good == n))
        return true;
    size_t bytes = MIN(utf8_char_bytes((unsigned char)p[good]), n - good);
    char hex[4 * 5 + 1];
    size_t at = 0;
    for (size_t i = 0; i < bytes; i++)
        at += (size_t)snprintf(hex + at, sizeof(hex) - at, "%s0x%02x", i ? " " : "",
                               (unsigned char)p[good + i]);
    return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE,
                   "invalid byte sequence for encoding \"UTF8\": %s", hex);
}

size_t utf8_length(const char *p, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        length += !is_tail((unsigned char)p[i]);
    return length;
}

size_t utf8_offset(const char *p, size_t n, size_t index)
{
    size_t at = 0;
    while (at < n && index--)
        at += utf8_char_bytes((unsigned char)p[at]);
    return MIN(at, n);
}

size_t utf8_clip(const char *p, size_t n, size_t max_bytes)
{
    if (n <= max_bytes)
        return n;
    size_t at = max_bytes;
    while (at > 0 && is_tail((unsigned char)p[at]))
        at--;
    return at;
}
