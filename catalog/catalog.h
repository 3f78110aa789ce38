/* catalog.h - one version of one database's schema: types, functions, operators, relations, roles.
 *
 * A published catalog is immutable and reference-counted: statements, plans and sessions hold the version they were
 * analysed with.  A transaction that runs DDL works on a private fork (catalog_fork, ddl.h) that is published when it commits.
 * The built-in part (types, functions, operators, casts of PostgreSQL 15) is shared by all versions and comes from catalog/data.
 * All pointers handed out live as long as the catalog they came from. */
#ifndef SHARDLITE_CATALOG_CATALOG_H
#define SHARDLITE_CATALOG_CATALOG_H

#include "types/type.h"

struct catalog;

/* ---- what objects of several kinds carry ---- */

/* Privileges as in PostgreSQL's aclitem: one bit each. */
enum privilege {
    PRIV_INSERT = 1 << 0,
    PRIV_SELECT = 1 << 1,
    PRIV_UPDATE = 1 << 2,
    PRIV_DELETE = 1 << 3,
    PRIV_TRUNCATE = 1 << 4,
    PRIV_REFERENCES = 1 << 5,
    PRIV_TRIGGER = 1 << 6,
    PRIV_EXECUTE = 1 << 7,
    PRIV_USAGE = 1 << 8,
    PRIV_CREATE = 1 << 9,
    PRIV_TEMPORARY = 1 << 10,
    PRIV_CONNECT = 1 << 11,
    PRIV_SET = 1 << 12,
    PRIV_ALTER_SYSTEM = 1 << 13,
};
struct acl_item {
    uint32_t grantee, grantor;      /* role OIDs; grantee 0: PUBLIC */
    uint16_t privileges, grantable; /* bits of enum privilege */
};
struct acl {
    uint16_t n;
    struct acl_item items[];
};

/* A normal dependency: the holder needs this object (pg_depend's refclassid, refobjid, refobjsubid). */
struct dependency {
    uint32_t class_oid, oid;
    int16_t sub; /* attnum, or 0 */
};

/* What `struct type`'s `domain` points to. */
struct domain_check {
    uint32_t oid;
    const char *name, *sql; /* over VALUE, canonical */
    bool validated;
    const struct dependency *depends;
    uint16_t n_depends;
};
struct domain_info {
    const char *default_sql; /* NULL: none */
    uint16_t n_checks;
    const struct domain_check *checks;
};

/* ---- functions, operators, casts (built in, plus CREATE FUNCTION ... LANGUAGE SQL) ---- */

struct proc {
    uint32_t oid, namespace_oid;
    const char *name;
    char kind; /* f function, a aggregate, w window, p procedure */
    bool strict, returns_set;
    char volatility; /* i s v */
    uint32_t result_type;
    uint16_t n_args, n_defaults;
    const uint32_t *arg_types; /* input arguments */
    uint32_t variadic_type;    /* element type, or TYPE_ANY for VARIADIC "any"; 0 = not variadic */
    const char *const *default_sql; /* of the last n_defaults input arguments */
    uint16_t n_all_args;            /* with OUT/TABLE arguments; 0 = same as the input ones */
    const uint32_t *all_arg_types;
    const char *arg_modes;         /* i o b v t, n_all_args of them, or NULL */
    const char *const *arg_names;  /* n_all_args (or n_args) names, or NULL */
    const char *prosrc, *language; /* "internal", "sql" */
    const char *sql_body;          /* user's LANGUAGE SQL functions */
    double rows, cost;
    char parallel; /* s r u */
    bool leakproof, security_definer;
    uint32_t owner_oid;
    const struct acl *acl; /* NULL: the default */
    const struct dependency *
        depends; /* LANGUAGE SQL bodies kept as text depend on nothing, as in PostgreSQL; types do */
    uint16_t n_depends;
};

struct oper {
    uint32_t oid, namespace_oid;
    const char *name;
    uint32_t left_type, right_type; /* left 0: prefix operator */
    uint32_t result_type;
    uint32_t proc_oid, commutator_oid, negator_oid;
    bool can_hash, can_merge;
};

enum cast_context { CAST_IMPLICIT, CAST_ASSIGNMENT, CAST_EXPLICIT };
enum cast_method { CAST_FUNCTION, CAST_BINARY, CAST_INOUT };
struct cast {
    uint32_t source, target, proc_oid;
    enum cast_context context; /* least context in which it may be used */
    enum cast_method method;
};

struct aggregate {
    uint32_t proc_oid;
    char kind; /* n normal, o ordered-set, h hypothetical-set */
    uint16_t n_direct_args;
    uint32_t sort_operator;
};

/* ---- relations ---- */

enum distribution {
    DIST_SHARDED,   /* rows spread by the shard key columns through the strategy */
    DIST_ROW,       /* no key: spread by row */
    DIST_REFERENCE, /* a copy on every shard */
    DIST_LOCAL,     /* whole, on one shard */
    DIST_TEMP,      /* in the session's own memory; never on a shard */
    DIST_SYSTEM,    /* rows made by code: pg_catalog (sysrel.h) */
};

struct column {
    const char *name;
    int16_t attnum; /* 1-based; dropped columns keep theirs */
    const struct type *type;
    int32_t typmod;
    uint32_t collation_oid;
    bool not_null, dropped;
    char identity;           /* 0, 'a' always, 'd' by default */
    char generated;          /* 0, 's' stored */
    const char *default_sql; /* default or generation expression, as canonical SQL; NULL = none */
    uint32_t sequence_oid;   /* serial and identity columns: the owned sequence */
    bool has_missing;        /* rows written before the column existed read as `missing` */
    struct datum missing;
    const char *
        stored_as; /* column name in the committed SQLite table; NULL: not there yet (added in this transaction) */
    const char *
        key_stored_as; /* hidden key column (type without native order, indexed) in the committed table, or NULL */
    /* The same names as they will be once the current transaction commits: what its row operations are written to. */
    const char *stored_next, *key_stored_next;
    const struct acl *acl;            /* NULL: none of its own */
    const struct dependency *depends; /* of the default or generation expression */
    uint16_t n_depends;
    int32_t statistics_target; /* -1 default */
    char storage;              /* ALTER COLUMN SET STORAGE; 0: the type's */
};

struct index_key {
    int16_t attnum; /* 0: an expression */
    const char *expr_sql;
    bool descending, nulls_first;
    const char *opclass; /* as written, or NULL */
    uint32_t collation_oid;
    const struct type *type; /* of the key */
    const char *name;        /* of an expression, as its column of the index is called; or NULL */
};

struct index {
    uint32_t oid, relation_oid, constraint_oid, namespace_oid;
    const char *name,
        *method; /* btree, hash, gin ...: all are kept as what SQLite offers, or as nothing */
    bool unique, primary, nulls_not_distinct, deferrable, deferred;
    uint16_t n_keys, n_include;
    const struct index_key *keys; /* n_keys, then n_include included columns */
    const char *where_sql;
    /* How it is kept.  stored: a SQLite index on each shard serves look-ups by its leading columns.  global: uniqueness across
     * shards is kept in a hidden table (key BLOB PRIMARY KEY, shard, rid) spread by the key; false when every key that can
     * collide lives on one shard (contains the shard key; reference and local tables). */
    bool stored, global;
    const char *
        stored_as; /* name of the SQLite index, or of the hidden table; NULL: not there yet (made in this transaction) */
    const char *stored_next;          /* its name after the commit */
    const struct dependency *depends; /* of the expressions and the predicate */
    uint16_t n_depends;
    const char *const *options;
    bool clustered;
};

enum fk_action {
    FK_NO_ACTION = 'a',
    FK_RESTRICT = 'r',
    FK_CASCADE = 'c',
    FK_SET_NULL = 'n',
    FK_SET_DEFAULT = 'd'
};
struct constraint {
    uint32_t oid, relation_oid, namespace_oid;
    const char *name;
    char kind; /* c check, f foreign key, p primary, u unique, x exclusion (refused), n not used */
    uint16_t n_columns;
    const int16_t *columns;
    uint32_t index_oid;        /* p, u: its index; f: the referenced unique index */
    const char *check_sql;     /* c: canonical expression */
    uint32_t ref_relation_oid; /* f */
    const int16_t *ref_columns;
    enum fk_action on_update, on_delete;
    uint16_t n_set_columns; /* ON DELETE SET NULL (cols) */
    const int16_t *set_columns;
    char match; /* s simple, f full */
    bool deferrable, deferred, validated, no_inherit;
    const struct dependency *depends; /* of the check */
    uint16_t n_depends;
};

struct sequence {
    uint32_t type_oid;
    int64_t start, increment, min, max, cache;
    bool cycle;
    uint32_t owned_by_relation;
    int16_t owned_by_attnum;
    bool owned_internally; /* identity */
};

struct trigger {
    uint32_t oid, relation_oid, proc_oid;
    const char *name, *definition_sql;
    char timing, level; /* b a i; r s */
    uint16_t events;    /* bit 0 insert, 1 update, 2 delete, 3 truncate */
    bool enabled;
};

struct relation {
    uint32_t oid, namespace_oid, owner_oid, rowtype_oid;
    const char *name;
    const char *namespace_name;
    char
        kind; /* r table, v view, m materialized view, S sequence, c composite type, i index (in look-ups by name only) */
    char persistence;             /* p t u */
    const struct column *columns; /* attnum order, dropped ones included: columns[attnum - 1] */
    uint16_t n_columns;
    const struct index *const *indexes;
    uint16_t n_indexes;
    const struct constraint *const *constraints; /* own */
    uint16_t n_constraints;
    const struct constraint *const
        *referenced_by; /* foreign keys of other (and this) tables that point here */
    uint16_t n_referenced_by;
    const struct trigger *const *triggers;
    uint16_t n_triggers;
    enum distribution distribution;
    const int16_t *shard_key; /* attnums */
    uint16_t n_shard_key;
    const char *strategy;   /* "hash" ... */
    uint32_t colocation_id; /* equal ids: equal keys share a shard */
    uint32_t local_shard;   /* DIST_LOCAL */
    const char *
        stored_as; /* table name in SQLite ("t", "schema.t"); NULL while created in this transaction */
    const char *
        stored_next; /* its name after the commit: what this transaction's row operations are written to */
    bool temp;            /* in a session's temporary namespace */
    bool truncated_here;  /* storage replaced in this transaction: committed rows are not ours */
    const char *view_sql; /* v, m: canonical SELECT */
    bool populated;       /* m */
    bool updatable;       /* v: simple enough to be written through */
    char view_check;      /* 0, 'l' local, 'c' cascaded */
    const struct sequence *sequence; /* S */
    const char *const *options;      /* "fillfactor=70" ..., NULL-terminated, or NULL */
    const struct sysrel *
        system; /* DIST_SYSTEM: rows made by code.  A view (kind v) with this set has no view_sql: scan it */
    const struct acl *acl;            /* NULL: the default (all to the owner) */
    const struct dependency *depends; /* of the view's query */
    uint16_t n_depends;
    char replica_identity;                 /* d default, n nothing, f full, i index; 0 = default */
    bool row_security, force_row_security; /* always off */
    char on_commit;      /* temporary tables: 0 preserve, 'd' delete rows, 'x' drop */
    uint64_t generation; /* changes with every change of the relation: plan and layout cache key */
};

struct namespace
{
    uint32_t oid, owner_oid;
    const char *name;
    const struct acl *acl;
    bool temp; /* pg_temp_N of one session */
};

/* COMMENT ON. */
struct comment {
    uint32_t oid; /* of the comment itself, ours only */
    uint32_t class_oid, object_oid;
    int16_t sub;
    const char *text;
};

struct extension {
    uint32_t oid, owner_oid, namespace_oid;
    const char *name, *version;
};

/* ---- look-ups ---- */

struct catalog *catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);
uint64_t catalog_version(
    const struct catalog *catalog); /* never reused within a data directory's life in memory */
const char *catalog_database(const struct catalog *catalog);

/* A search path: namespace OIDs in order; pg_catalog (11) and the session's temporary namespace are implicit in front
 * unless listed, as in PostgreSQL. */
struct search_path {
    const uint32_t *namespaces;
    uint16_t n;
    uint32_t temp_namespace; /* 0 = none */
};

const struct type *catalog_type(const struct catalog *catalog, uint32_t oid); /* NULL: none */
const struct type *catalog_type_by_name(const struct catalog *catalog,
                                        const struct search_path *path, const char *schema,
                                        const char *name); /* schema NULL: by path */
const struct relation *catalog_relation(const struct catalog *catalog, uint32_t oid);
const struct relation *catalog_relation_by_name(const struct catalog *catalog,
                                                const struct search_path *path, const char *schema,
                                                const char *name);
const struct index *catalog_index(const struct catalog *catalog, uint32_t oid);
const struct constraint *catalog_constraint(const struct catalog *catalog, uint32_t oid);
const struct namespace *catalog_namespace(const struct catalog *catalog, uint32_t oid);
const struct namespace *catalog_namespace_by_name(const struct catalog *catalog, const char *name);

const struct proc *catalog_proc(const struct catalog *catalog, uint32_t oid);
/* All functions of that name that the path can see (or in `schema`), first-in-path first; *n of them. */
const struct proc *const *catalog_procs_by_name(const struct catalog *catalog, struct arena *arena,
                                                const struct search_path *path, const char *schema,
                                                const char *name, size_t *n);
const struct oper *catalog_oper(const struct catalog *catalog, uint32_t oid);
const struct oper *const *catalog_opers_by_name(const struct catalog *catalog, const char *name,
                                                size_t *n);
const struct cast *catalog_cast(const struct catalog *catalog, uint32_t source,
                                uint32_t target); /* pg_cast entry or NULL */
const struct aggregate *catalog_aggregate(const struct catalog *catalog, uint32_t proc_oid);
/* The = (strategy 3) or < (1) or > (5) operator of the type's default btree class, for arrays, enums, ranges, records too; NULL: none. */
const struct oper *catalog_btree_oper(const struct catalog *catalog, const struct type *type,
                                      int strategy);
/* Iteration over all relations (system ones included) in OID order: *at starts at 0. */
const struct relation *catalog_next_relation(const struct catalog *catalog, size_t *at);

const char *catalog_comment(const struct catalog *catalog, uint32_t class_oid, uint32_t object_oid,
                            int16_t sub); /* NULL: none */
/* Iterations over the user's objects of one kind, in OID order; *at starts at 0; NULL at the end. */
const struct type *catalog_next_type(const struct catalog *catalog, size_t *at);
const struct proc *catalog_next_proc(const struct catalog *catalog, size_t *at);
const struct namespace *catalog_next_namespace(const struct catalog *catalog, size_t *at);
const struct index *catalog_next_index(const struct catalog *catalog, size_t *at);
const struct constraint *catalog_next_constraint(const struct catalog *catalog, size_t *at);
const struct comment *catalog_next_comment(const struct catalog *catalog, size_t *at);
const struct extension *catalog_next_extension(const struct catalog *catalog, size_t *at);
const struct trigger *catalog_next_trigger(const struct catalog *catalog, size_t *at);
/* Like catalog_relation_by_name(), for indexes (they share one name space with relations). */
const struct index *catalog_index_by_name(const struct catalog *catalog,
                                          const struct search_path *path, const char *schema,
                                          const char *name);

uint16_t catalog_n_shards(const struct catalog *catalog);
uint32_t catalog_database_oid(const struct catalog *catalog);
/* The slot map: which shard holds a slot of the CATALOG_SLOTS that shard keys hash to. */
#define CATALOG_SLOTS 4096u
uint32_t catalog_slot_shard(const struct catalog *catalog, uint32_t slot);

#endif
