/* text.h - parsing and checking pieces that types and functions share. */
#ifndef SHARDLITE_TYPES_TEXT_H
#define SHARDLITE_TYPES_TEXT_H

#include "base/utf8.h"
#include "types/type.h"

/* Bytes of the first `n_chars` characters (n if there are fewer). */
static inline size_t utf8_prefix(const char *text, size_t n, size_t n_chars)
{
    return utf8_offset(text, n, n_chars);
}

/* true, false, yes, no, on, off, 1, 0 and unambiguous prefixes. */
bool bool_parse(const char *text, size_t n, bool *out);
/* `sql_name` ("integer") is for the error text. */
MUST_CHECK bool int_parse(struct err *err, const char *sql_name, int64_t min, int64_t max,
                          const char *text, size_t n, int64_t *out);
void int_print(struct buf *out, int64_t value);
MUST_CHECK bool oid_parse(struct err *err, const char *text, size_t n, uint32_t *out);
/* At most 63 bytes, cut at a character boundary, as identifiers are. */
size_t name_clip(const char *text, size_t n);
/* Text length coercion as casts do it: varchar(n), char(n).  `typmod` includes the 4 of
 * PostgreSQL's header.  An explicit cast truncates; otherwise only blanks may be cut and the rest
 * fails with 22001. */
MUST_CHECK bool varchar_coerce(struct arena *arena, struct err *err, int32_t typmod,
                               bool is_explicit, const struct datum *in, struct datum *out);
MUST_CHECK bool bpchar_coerce(struct arena *arena, struct err *err, int32_t typmod,
                              bool is_explicit, const struct datum *in, struct datum *out);
/* Length without trailing blanks: what comparison, hashing and storage of bpchar see. */
static inline uint32_t bpchar_length(const struct datum *value)
{
    const char *p = (const char *)value->p;
    uint32_t n = value->n;
    while (n && p[n - 1] == ' ')
        n--;
    return n;
}

#endif
