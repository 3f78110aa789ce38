/* enum.h - labels of an enum type. */
#ifndef SHARDLITE_TYPES_ENUM_H
#define SHARDLITE_TYPES_ENUM_H

#include "types/type.h"

/* Index of the label in sort order; -1 if the type has none such. */
int enum_position(const struct type *type, const char *label, size_t n);
/* Borrowed from the type. */
struct datum enum_datum(const struct type *type, uint32_t position);

#endif
