/* registry.h - which ops serve which built-in type.
 *
 * Every file of types/ that implements built-in types ends with a table of entries, ended by OID 0, and is listed in
 * TYPE_TABLES: adding a file takes one line there. */
#ifndef SHARDLITE_TYPES_REGISTRY_H
#define SHARDLITE_TYPES_REGISTRY_H

#include "types/type.h"

struct type_ops_entry {
    uint32_t oid;
    const struct type_ops *ops;
};

/* Which array type belongs to which element type; ended by zeros (array_types.c). */
struct array_pair {
    uint32_t elem_oid, array_oid;
};
extern const struct array_pair array_pairs[];

/* The built-in ranges; ended by zeros (range_io.c). */
struct range_triple {
    uint32_t range_oid, subtype_oid, multirange_oid;
};
extern const struct range_triple range_triples[];

/* One name per line. */
#define TYPE_TABLES(TABLE)                                                                         \
    TABLE(int_type_ops)                                                                            \
    TABLE(float_type_ops)                                                                          \
    TABLE(numeric_type_ops)                                                                        \
    TABLE(datetime_type_ops)                                                                       \
    TABLE(text_type_ops)                                                                           \
    TABLE(bytea_type_ops)                                                                          \
    TABLE(uuid_type_ops)                                                                           \
    TABLE(array_type_ops)                                                                          \
    TABLE(record_type_ops)                                                                         \
    TABLE(reg_type_ops)                                                                            \
    TABLE(jsonpath_type_ops)                                                                       \
    TABLE(tsvector_type_ops)                                                                       \
    TABLE(tsquery_type_ops)                                                                        \
    TABLE(json_type_ops)                                                                           \
    TABLE(aclitem_type_ops)                                                                        \
    TABLE(snapshot_type_ops)                                                                       \
    TABLE(money_type_ops)                                                                          \
    TABLE(bit_type_ops)                                                                            \
    TABLE(inet_type_ops)                                                                           \
    TABLE(macaddr_type_ops)                                                                        \
    TABLE(range_type_ops)                                                                          \
    TABLE(geo_type_ops)                                                                            \
    TABLE(pseudo_type_ops)

#define DECLARE_TYPE_TABLE(name) extern const struct type_ops_entry name[];
TYPE_TABLES(DECLARE_TYPE_TABLE)
#undef DECLARE_TYPE_TABLE

#endif
