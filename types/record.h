/* record.h - a row value: one flat block of fields with their types. */
#ifndef SHARDLITE_TYPES_RECORD_H
#define SHARDLITE_TYPES_RECORD_H

#include "types/array.h"

struct record {
    uint32_t n_fields;
    uint32_t type_oid; /* TYPE_RECORD for anonymous ones */
};
/* struct record is followed by n_fields of these, then by-reference bytes, each 8-byte aligned. */
struct record_field {
    uint32_t type_oid;
    uint32_t hint; /* what comparing needs of a user's type: of an enum, the label's position from 1 on, with HINT_ENUM;
                    * of a domain, the OID of its base type; else 0 */
    struct array_slot slot;
};
#define RECORD_HINT_ENUM 0x80000000U

struct datum record_build(struct arena *arena, uint32_t type_oid, const struct type *const *types,
                          const struct datum *fields, uint32_t n_fields);
/* Borrowed from the record.  `type` is the field's type (needed to tell by-value from by-reference). */
struct datum record_field(const struct datum *record, const struct type *type, uint32_t index);
uint32_t record_field_type(const struct datum *record, uint32_t index);

#endif
