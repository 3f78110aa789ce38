/* array_int.h - what array*.c and record.c share: slots, and the text routines. */
#ifndef SHARDLITE_TYPES_ARRAY_INT_H
#define SHARDLITE_TYPES_ARRAY_INT_H

#include "types/array.h"

/* The value in a slot; by-reference bytes are found from the start of `block`. */
struct datum slot_datum(const struct type *type, const void *block, const struct array_slot *slot);
/* Bytes that the by-reference items need behind the slots. */
size_t slots_bytes(const struct type *type, const struct datum *items, uint32_t n);
/* Puts an item into its slot, bytes at block + `at`; returns the next free place. */
size_t slot_fill(const struct type *type, char *block, size_t at, struct array_slot *slot,
                 const struct datum *item);

bool array_in(const struct type_io *io, const char *text, size_t n, struct datum *out);
bool array_out(const struct type_io *io, const struct datum *value, struct buf *out);
bool vector_in(const struct type_io *io, const char *text, size_t n, struct datum *out);
bool vector_out(const struct type_io *io, const struct datum *value, struct buf *out);

#endif
