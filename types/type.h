/* type.h - what a type can do: text and binary I/O, comparison, key encoding, storage.
 *
 * A `struct type` describes one SQL type (built in, or made by CREATE TYPE / DOMAIN); its `ops` are shared by all
 * types of one representation (text and varchar; every array; every enum).  Types are immutable and live as long as
 * the catalog version that holds them.
 *
 * The key encoding is the one notion of order and equality in Shardlite: memcmp() of two keys orders their values
 * as PostgreSQL's default btree operator class does, equal values have equal keys, and no key is a prefix of
 * another key of the same type, so keys concatenate.  Sort, DISTINCT, GROUP BY, hash joins, unique keys, row routing and the
 * shard index columns of types without native order all use it. */
#ifndef SHARDLITE_TYPES_TYPE_H
#define SHARDLITE_TYPES_TYPE_H

#include "types/datum.h"
#include "types/oids.h"

struct type;
struct settings;
struct env;

/* How a value is bound to SQLite and read back. */
enum storage_class {
    STORAGE_INTEGER,
    STORAGE_REAL, /* NaN is stored as the text 'NaN': SQLite turns a NaN into NULL, and text sorts after numbers */
    STORAGE_TEXT,
    STORAGE_BLOB,
};

/* A value on its way to or from SQLite.  Borrowed memory. */
struct stored {
    enum { STORED_NULL, STORED_INTEGER, STORED_REAL, STORED_TEXT, STORED_BLOB } kind;
    int64_t i;
    double f;
    const void *p;
    size_t n;
};

/* Everything an I/O routine may need.  Results are allocated in `arena`. */
struct type_io {
    struct arena *arena;
    struct err *err;
    const struct type *type;
    int32_t typmod; /* -1: none.  `in` and `recv` apply it (coercing as input does) */
    const struct settings
        *settings; /* DateStyle, TimeZone, IntervalStyle, extra_float_digits, bytea_output */
    const struct env
        *env; /* catalog look-ups (reg*, enums, composites); may be NULL in unit tests */
};

struct type_ops {
    const char *name; /* for traces */
    enum storage_class storage;
    /* SQLite's own order and equality of the storage form (BINARY collation) are PostgreSQL's, so quals on such a
     * column can be evaluated by SQLite and a plain SQLite index serves.  Otherwise a hidden key column does. */
    bool native_order;
    bool (*in)(const struct type_io *io, const char *text, size_t n, struct datum *out);
    bool (*out)(const struct type_io *io, const struct datum *value, struct buf *out);
    bool (*recv)(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out);
    bool (*send)(const struct type_io *io, const struct datum *value, struct buf *out);
    int (*cmp)(const struct type *type, const struct datum *a,
               const struct datum *b); /* neither is NULL */
    /* Appends the key encoding.  NULL: the type has no order (json, xml, point...): 42883 is the caller's. */
    void (*key)(const struct type *type, const struct datum *value, struct buf *out);
    /* NULL: the obvious mapping of the memory form (i, f, p/n as text or blob). */
    bool (*store)(const struct type_io *io, const struct datum *value, struct stored *out);
    bool (*load)(const struct type_io *io, const struct stored *value, struct datum *out);
    /* Type modifiers: parse (from the integers between parentheses) and print ("(10,2)").  NULL: none allowed. */
    bool (*typmod_in)(const struct type_io *io, const int32_t *args, int n_args, int32_t *typmod);
    void (*typmod_out)(int32_t typmod, struct buf *out);
};

struct enum_label {
    uint32_t oid;
    float sort;
    const char *label;
};

struct attribute { /* of a composite type */
    const char *name;
    uint32_t type_oid;
    int32_t typmod;
    int16_t attnum;
    bool dropped;
};

struct type {
    uint32_t oid;
    const char *name;
    uint32_t namespace_oid, owner_oid;
    int16_t len; /* as pg_type.typlen: -1 varlena, -2 cstring */
    bool by_value;
    char kind;     /* typtype: b c d e m p r */
    char category; /* typcategory */
    bool preferred;
    char delim, align, storage_char;
    uint32_t elem_oid;  /* element type of a true array (and of int2vector, oidvector) */
    uint32_t array_oid; /* its array type */
    uint32_t rel_oid;   /* composite: its relation */
    uint32_t base_oid;  /* domain: the base type */
    int32_t base_typmod;
    uint32_t subtype_oid; /* range: subtype; multirange: its range */
    uint32_t collation_oid;
    bool not_null;                   /* domain */
    const struct enum_label *labels; /* enum, in sort order */
    uint32_t n_labels;
    const struct attribute *attributes; /* composite */
    uint32_t n_attributes;
    const struct type *
        elem; /* array: resolved element type; range: the subtype; domain: the base type.  NULL otherwise */
    const struct type_ops
        *ops; /* never NULL; types we do not implement have ops whose every call fails with 0A000 */
    void *domain; /* domain: checks and default, for the analyser */
};

/* Ops of a built-in type, or NULL if this OID is not implemented. */
const struct type_ops *type_ops_builtin(uint32_t oid);
extern const struct type_ops array_ops, enum_ops, range_ops, multirange_ops, record_ops,
    unsupported_ops;

/* Built-in types by OID, for the places that have no env at hand (fields of a record being compared).  The catalog installs
 * its own at start (before any thread does); until then a plain table of the implemented ones serves. */
const struct type *type_builtin(uint32_t oid);
void type_set_builtin(const struct type *(*find)(uint32_t oid));

/* Does a datum of this type point at bytes (true), or hold its value itself? */
static inline bool type_by_ref(const struct type *type)
{
    return type->ops->storage == STORAGE_TEXT || type->ops->storage == STORAGE_BLOB;
}
/* A value of a type taken as binary-coercible type `to`: int4 -1 is oid 4294967295. */
static inline struct datum datum_relabel(const struct type *to, struct datum value)
{
    if (to->ops->storage == STORAGE_INTEGER && to->len == 4 && to->category == 'N' && !value.null)
        value.i = to->oid == TYPE_INT4 ? (int32_t)value.i : (int64_t)(uint32_t)value.i;
    return value;
}

/* Conveniences over ops. */
MUST_CHECK bool type_in(const struct type_io *io, const char *text, size_t n, struct datum *out);
MUST_CHECK bool type_out(const struct type_io *io, const struct datum *value, struct buf *out);
/* The text form, NUL-terminated, in io->arena. */
MUST_CHECK bool type_out_cstring(const struct type_io *io, const struct datum *value,
                                 const char **text);
MUST_CHECK bool type_store(const struct type_io *io, const struct datum *value, struct stored *out);
/* May borrow from `value` (text, bytea): datum_copy() what must outlive it. */
MUST_CHECK bool type_load(const struct type_io *io, const struct stored *value, struct datum *out);
/* NULL-aware three-way compare (NULLs equal each other and are greater than all else). */
int type_cmp(const struct type *type, const struct datum *a, const struct datum *b);
/* Copies by-reference bytes into `arena` (8-byte aligned). */
struct datum datum_copy(const struct type *type, struct arena *arena, struct datum value);
/* Appends the key with a NULL marker in front: `nulls_first` and `descending` as in ORDER BY. */
void type_sort_key(const struct type *type, const struct datum *value, bool descending,
                   bool nulls_first, struct buf *out);
/* Appends bytes that are equal for values that are equal across types of a family, for routing and hash joins:
 * int2, int4, int8 and numeric; float4 and float8; text, varchar, name; bpchar alone.  No order.  `value` is not NULL. */
void type_hash_key(const struct type *type, const struct datum *value, struct buf *out);

#endif
