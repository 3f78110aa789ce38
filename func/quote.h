/* quote.h - identifiers and literals as SQL text. */
#ifndef SHARDLITE_FUNC_QUOTE_H
#define SHARDLITE_FUNC_QUOTE_H

#include "base/buf.h"

/* Appends the identifier, in double quotes where it needs them: quote_ident(). */
void quote_ident_to(struct buf *out, const char *p, size_t n);
/* Appends a string constant, E'...' when it has backslashes: quote_literal(). */
void quote_literal_to(struct buf *out, const char *p, size_t n);

#endif
