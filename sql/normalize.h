/* normalize.h - statements that differ only in their literals share one plan.
 *
 * One pass over the text cuts the literals out.  What is left, with $1, $2 ... in their places, is a statement of its own
 * that is analysed once; the literals become its parameters.  Only texts whose meaning certainly does not depend on a literal's value are
 * taken (see normalize.c); all others are parsed as they are. */
#ifndef SHARDLITE_SQL_NORMALIZE_H
#define SHARDLITE_SQL_NORMALIZE_H

#include "base/buf.h"

#define NORMALIZE_LITERALS_MAX 64

enum literal_kind {
    LITERAL_INT4,   /* fits int4: a parameter declared int4 */
    LITERAL_INT8,
    LITERAL_STRING, /* a parameter of unknown type, as a string literal is */
};

struct literal {
    enum literal_kind kind;
    uint32_t offset, n; /* in the text; strings without their quotes */
    bool escaped;       /* a string with '' in it */
    int64_t value;      /* integers */
};

struct normalized {
    struct literal literals[NORMALIZE_LITERALS_MAX];
    int n_literals;
};

/* Appends the parameterised statement to `out`.  False: parse the text as it is. */
MUST_CHECK bool sql_normalize(const char *text, size_t n_bytes, struct normalized *normalized, struct buf *out);

#endif
