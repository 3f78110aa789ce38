/* builtin.h - what PostgreSQL 15 has from birth: types, functions, operators, casts, aggregates, system relations.
 *
 * tools/gen-builtin.py turns catalog/data into the raw tables below; builtin_init() indexes them once a process.  All of it is
 * read-only afterwards and shared by every catalog version of every database. */
#ifndef SHARDLITE_CATALOG_BUILTIN_H
#define SHARDLITE_CATALOG_BUILTIN_H

#include "catalog/catalog.h"

#define NAMESPACE_PG_TOAST 99u
#define ROLE_BOOTSTRAP 10u /* "postgres" */
#define CLASS_TYPE                                                                                 \
    1247u /* OIDs of the catalogs themselves: classid in pg_depend and pg_description */
#define CLASS_ATTRDEF 2604u
#define CLASS_CONSTRAINT 2606u
#define CLASS_PROC 1255u
#define CLASS_RELATION 1259u
#define CLASS_AUTHID 1260u
#define CLASS_DATABASE 1262u
#define CLASS_NAMESPACE 2615u
#define CLASS_TRIGGER 2620u
#define CLASS_REWRITE 2618u
#define CLASS_EXTENSION 3079u
#define CLASS_OPERATOR 2617u
#define CLASS_COLLATION 3456u
#define CLASS_LANGUAGE 2612u
#define COLLATION_DEFAULT 100u
#define COLLATION_C 950u
#define AM_HEAP 2u
#define AM_BTREE 403u
#define AM_HASH 405u

/* ---- raw tables ---- */

struct builtin_type {
    uint32_t oid, namespace_oid;
    const char *name;
    int16_t len;
    bool by_value;
    char kind, category;
    bool preferred, defined, not_null;
    char delim, align, storage;
    uint32_t rel_oid, elem, array, base, collation;
    int32_t base_typmod;
    uint32_t subscript, input, output, receive, send, typmod_in, typmod_out; /* functions */
};
struct builtin_aggregate {
    struct aggregate aggregate;
    uint32_t transition_proc, final_proc, transition_type;
    const char *initial;
};
struct builtin_range {
    uint32_t type, subtype, multirange;
};
struct builtin_opclass {
    uint32_t oid, method, family, type, key_type;
    bool is_default;
    const char *name;
}; /* key_type 0: type */
struct builtin_amop {
    uint32_t family, left, right, oper;
    int16_t strategy;
};
struct builtin_column {
    const char *name;
    uint32_t type_oid;
    int16_t attnum;
    int32_t typmod;
    bool not_null;
};
struct builtin_relation {
    uint32_t oid, namespace_oid, rowtype, rowtype_array;
    const char *name;
    char kind;
    bool shared, has_index, has_rules;
    uint16_t n_columns;
    const struct builtin_column *columns;
};
struct builtin_index { /* of a system catalog */
    uint32_t oid, relation_oid;
    const char *name;
    bool unique, primary;
    const char *keys, *opclasses, *collations,
        *options; /* space-separated, as int2vector and oidvector print */
};
struct builtin_constraint {
    uint32_t oid, relation_oid, index_oid;
    const char *name;
    char kind;
    const char *columns;
};
/* Whole rows as text, NULL for SQL NULL: n_rows * n_columns cells. */
struct builtin_rows {
    const char *relation;
    uint16_t n_columns;
    uint32_t n_rows;
    const char *const *cells;
};
struct builtin_encoding {
    int number;
    const char *name;
};
struct builtin_keyword {
    const char *word;
    char category;
    bool bare_label;
    const char *description, *bare_description;
};
struct builtin_setting {
    const char *name, *setting, *unit, *category, *context, *vartype, *min, *max, *enums, *boot,
        *short_desc, *extra_desc;
};

#define BUILTIN_TABLE(type, name)                                                                  \
    extern const type builtin_##name[];                                                            \
    extern const size_t builtin_n_##name;
BUILTIN_TABLE(struct builtin_type, types)
BUILTIN_TABLE(struct proc, procs) /* by OID */
BUILTIN_TABLE(struct oper, opers) /* by OID */
BUILTIN_TABLE(struct cast, casts)
BUILTIN_TABLE(struct builtin_aggregate, aggregates)
BUILTIN_TABLE(struct builtin_range, ranges)
BUILTIN_TABLE(struct builtin_opclass, opclasses)
BUILTIN_TABLE(struct builtin_amop, amops)
BUILTIN_TABLE(struct builtin_relation, relations) /* tables and views, by OID */
BUILTIN_TABLE(struct builtin_index, indexes)
BUILTIN_TABLE(struct builtin_constraint, constraints)
BUILTIN_TABLE(struct namespace, namespaces)
BUILTIN_TABLE(struct builtin_rows, rows)
BUILTIN_TABLE(struct builtin_encoding, encodings)
BUILTIN_TABLE(struct builtin_keyword, keywords)
BUILTIN_TABLE(struct builtin_setting, settings)
#undef BUILTIN_TABLE

/* ---- look-ups; each makes sure of builtin_init() ---- */

void builtin_init(void);
const struct type *builtin_type(uint32_t oid);
const struct builtin_type *builtin_type_facts(uint32_t oid);
const struct type *builtin_type_by_name(uint32_t namespace_oid, const char *name);
const struct proc *builtin_proc(uint32_t oid);
/* All built-in functions of that name (pg_catalog's and information_schema's). */
const struct proc *const *builtin_procs_by_name(const char *name, size_t *n);
const struct oper *builtin_oper(uint32_t oid);
const struct oper *const *builtin_opers_by_name(const char *name, size_t *n);
const struct cast *builtin_cast(uint32_t source, uint32_t target);
const struct aggregate *builtin_aggregate(uint32_t proc_oid);
const struct oper *builtin_btree_oper(const struct type *type, int strategy);
/* The default opclass of `method` for the type (through binary coercion, polymorphism); NULL: none. */
const struct builtin_opclass *builtin_default_opclass(uint32_t method, const struct type *type);
const struct builtin_opclass *builtin_opclass_by_name(uint32_t method, const char *name,
                                                      const struct type *type);
const struct builtin_opclass *builtin_opclass(uint32_t oid);
const struct relation *builtin_relation(uint32_t oid);
const struct relation *builtin_relation_by_name(uint32_t namespace_oid, const char *name);
const struct relation *builtin_relation_at(size_t index); /* in OID order; NULL at the end */
const struct namespace *builtin_namespace(uint32_t oid);
const struct namespace *builtin_namespace_by_name(const char *name);
const struct builtin_rows *builtin_rows_of(const char *relation);
uint32_t builtin_information_schema(void); /* its namespace OID */

/* Ops for a type of our making: by kind and element. */
const struct type_ops *type_ops_for(char kind, bool is_array, const struct type *base);
/* Functions of a user's type, as pg_type shows them: input, output, receive, send, subscript. */
void type_kind_procs(char kind, bool is_array, uint32_t procs[5]);

#endif
