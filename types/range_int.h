/* range_int.h - what range.c, range_io.c and multirange.c share. */
#ifndef SHARDLITE_TYPES_RANGE_INT_H
#define SHARDLITE_TYPES_RANGE_INT_H

#include "types/range.h"

void range_key(const struct type *type, const struct datum *value, struct buf *out);
bool range_in(const struct type_io *io, const char *text, size_t n, struct datum *out);
bool range_out(const struct type_io *io, const struct datum *value, struct buf *out);
bool range_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out);
bool range_send(const struct type_io *io, const struct datum *value, struct buf *out);

#endif
