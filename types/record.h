/* record.h - a row value: one flat block of fields with their types. */
#ifndef SHARDLITE_TYPES_RECORD_H
#define SHARDLITE_TYPES_RECORD_H

#include "types/array.h"

struct record {
    uint32_t n_fields;
    uint32_t type_oid; /* TYPE_RECORD for anonymous ones */
    uint32_t names_at; /* offset of n_fields NUL-terminated names; 0: it has none of its own */
    uint32_t pad;      /* 0 */
};
/* struct record is followed by n_fields of these, then by-reference bytes, each 8-byte aligned. */
struct record_field {
    uint32_t type_oid;
    uint32_t
        hint; /* what comparing needs of a user's type: of an enum, the label's position from 1 on, with HINT_ENUM;
                    * of a domain, the OID of its base type; else 0 */
    struct array_slot slot;
};
#define RECORD_HINT_ENUM 0x80000000U

struct datum record_build(struct arena *arena, uint32_t type_oid, const struct type *const *types,
                          const struct datum *fields, uint32_t n_fields);
/* An anonymous record whose fields have names (a row of a sub-select, say): row_to_json and the like use them.  `names` may be NULL. */
struct datum record_build_named(struct arena *arena, uint32_t type_oid,
                                const struct type *const *types, const char *const *names,
                                const struct datum *fields, uint32_t n_fields);
const char *record_field_name(const struct datum *record,
                              uint32_t index); /* NULL: none; borrowed */
/* Borrowed from the record.  `type` is the field's type (needed to tell by-value from by-reference). */
struct datum record_field(const struct datum *record, const struct type *type, uint32_t index);
uint32_t record_field_type(const struct datum *record, uint32_t index);

#endif
