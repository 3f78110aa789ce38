/* encoding.h - PostgreSQL's encodings by name and number, and conversion from and to UTF-8. */
#ifndef SHARDLITE_FUNC_ENCODING_H
#define SHARDLITE_FUNC_ENCODING_H

#include "base/buf.h"
#include "base/err.h"

#define ENCODING_SQL_ASCII 0
#define ENCODING_UTF8 6
#define ENCODING_LATIN1 8

/* The number of an encoding; case, blanks and punctuation do not count.  -1: unknown. */
int encoding_find(const char *name, size_t n);
const char *encoding_name(int encoding); /* "" for a number that is none */
/* Checks that `bytes` are valid in `encoding` (22021). */
MUST_CHECK bool encoding_check(int encoding, const char *bytes, size_t n, struct err *err);
/* Converts between any two encodings that PostgreSQL has a conversion for (42883 otherwise),
 * appending to `out`. Bytes that are invalid fail with 22021, characters without an equivalent
 * with 22P05. */
MUST_CHECK bool encoding_convert(int from, int to, const char *bytes, size_t n, struct buf *out,
                                 struct err *err);

#endif
