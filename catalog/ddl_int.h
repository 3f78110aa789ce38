/* ddl_int.h - what the ddl files share. */
#ifndef SHARDLITE_CATALOG_DDL_INT_H
#define SHARDLITE_CATALOG_DDL_INT_H

#include "sql/pgnodes.h"

#include "catalog/acl.h"
#include "catalog/ddl.h"
#include "catalog/edit.h"
#include "catalog/objects.h"
#include "exec/exec.h"
#include "sql/analyze.h"

/* One statement under way. */
struct ddl {
    struct ddl_context *c;
    struct arena *arena;
    struct err *err;
    struct catalog *fork;
    struct env env; /* catalog is the fork */
    bool quiet;     /* no notices about implied steps */
};

#define LOCK_ACCESS_SHARE 1
#define LOCK_ROW_EXCLUSIVE 3
#define LOCK_SHARE 5
#define LOCK_SHARE_ROW_EXCLUSIVE 6
#define LOCK_ACCESS_EXCLUSIVE 8

/* ---- ddl.c ---- */
MUST_CHECK bool ddl_dispatch(struct ddl *d, const void *node, bool *handled);

bool fail_at(struct ddl *d, int location, const char *sqlstate, const char *format, ...)
    PRINTF_LIKE(4, 5);                             /* false */
bool unsupported(struct ddl *d, const char *what); /* 0A000 "... is not supported" */
void notice(struct ddl *d, const char *format, ...) PRINTF_LIKE(2, 3);
void notice_full(struct ddl *d, const char *severity, const char *sqlstate, const char *message,
                 const char *detail, const char *hint);
struct analyze_context
analysis(struct ddl *d); /* under the session's path, with positions in the statement's text */
struct analyze_context
stored_analysis(struct ddl *d); /* under pg_catalog alone: for texts kept in the catalog */
/* The canonical text of an expression, all names qualified; what it depends on goes to *depends. */
const char *canonical_expr(struct ddl *d, const struct expr *expr, const struct relation *relation);
const char *canonical_query(struct ddl *d, const struct query *query);
/* Rows of a query made here; the callback's false stops it. */
typedef bool (*row_fn)(void *arg, const struct datum *row);
MUST_CHECK bool run_sql(struct ddl *d, const char *sql, row_fn fn, void *arg, uint64_t *n_rows);
/* True in *found if the query gives a row. */
MUST_CHECK bool sql_has_row(struct ddl *d, const char *sql, bool *found);
/* Before catalog pointers are used after edits: nothing to refresh, but looks up again. */
static inline const struct relation *rel(const struct ddl *d, uint32_t oid)
{
    return catalog_relation(d->fork, oid);
}
static inline struct column *columns_of(struct relation *relation)
{
    return (struct column *)relation->columns;
}
const char *edit_text(struct ddl *d, uint32_t oid,
                      const char *text); /* a copy in the object's arena; NULL stays NULL */
/* Statement options: NULL when absent. */
const DefElem *option_named(const List *options, const char *name);
const char *option_text(struct ddl *d, const DefElem *option);
MUST_CHECK bool option_bool(struct ddl *d, const DefElem *option, bool *value);
MUST_CHECK bool option_int(struct ddl *d, const DefElem *option, int64_t *value);
bool prevent_in_block(struct ddl *d, const char *what);

/* ---- ddl_name.c: finding and making names ---- */
enum {
    KIND_TABLE = 1,
    KIND_VIEW = 2,
    KIND_MATVIEW = 4,
    KIND_SEQUENCE = 8,
    KIND_COMPOSITE = 16,
    KIND_INDEX = 32,
    KIND_ANY = 63
};
int kind_mask(char kind);
/* NULL with error 42P01, or without error when missing_ok.  Checks nothing about the kind. */
const struct relation *find_relation(struct ddl *d, const RangeVar *name, bool missing_ok,
                                     bool *missing);
const char *range_var_text(struct arena *arena, const RangeVar *name);
/* Splits a qualified name list ([catalog.]schema.name). */
MUST_CHECK bool split_names(struct ddl *d, const List *names, const char **schema,
                            const char **name);
RangeVar *range_var_of(struct ddl *d, const List *names);
/* Where a new object goes: the named schema or the first of the path.  `temp` makes the session's temporary schema. */
MUST_CHECK bool creation_namespace(struct ddl *d, const char *schema, bool temp,
                                   const struct namespace **namespace);
MUST_CHECK bool creation_namespace_of(struct ddl *d, const RangeVar *name,
                                      const struct namespace **namespace);
/* "name1_name2_label" cut to 63 bytes the way PostgreSQL cuts. */
char *make_object_name(struct arena *arena, const char *name1, const char *name2,
                       const char *label);
bool relation_name_taken(const struct catalog *fork, uint32_t namespace_oid, const char *name);
bool type_name_taken(const struct catalog *fork, uint32_t namespace_oid, const char *name);
/* Free names with numbers appended until they are. */
const char *choose_relation_name(struct ddl *d, const char *name1, const char *name2,
                                 const char *label, uint32_t namespace_oid, bool is_constraint);
const char *choose_constraint_name(struct ddl *d, const char *name1, const char *name2,
                                   const char *label, uint32_t namespace_oid,
                                   uint32_t relation_oid);
const char *
clip_name(struct ddl *d,
          const char *name); /* identifiers are at most 63 bytes; gives PostgreSQL's notice */
MUST_CHECK bool must_own_relation(struct ddl *d, const struct relation *relation);
MUST_CHECK bool must_be_owner(struct ddl *d, uint32_t owner_oid, const char *kind,
                              const char *name);
MUST_CHECK bool lock_relation(struct ddl *d, uint32_t oid, int mode);
const struct namespace *find_namespace(struct ddl *d, const char *name, bool missing_ok);
bool is_system_column(const char *name); /* ctid and the like */
MUST_CHECK bool must_create_in(struct ddl *d, const struct namespace *namespace);
MUST_CHECK bool find_role(struct ddl *d, const RoleSpec *spec, uint32_t *oid);
uint32_t superuser_or_self(struct ddl *d);

/* ---- depend.c: what a definition needs ---- */
struct depends {
    struct dependency *items;
    size_t n, cap;
};
void depends_on(struct ddl *d, struct depends *out, uint32_t class_oid, uint32_t oid, int16_t sub);
/* Objects that an expression or query uses; `relation`: whose columns EXPR_COLUMN {0, 0, n} are (0: a query's). */
void depends_of_expr(struct ddl *d, const struct expr *expr, uint32_t relation_oid,
                     struct depends *out);
void depends_of_query(struct ddl *d, const struct query *query, struct depends *out);
/* Columns of the relation that the expression uses, ascending, each once. */
uint16_t columns_used(struct ddl *d, const struct expr *expr, int16_t **columns);
bool expr_is_mutable(const struct expr *expr);  /* calls something not immutable */
bool expr_is_volatile(const struct expr *expr); /* calls something volatile */

/* ---- ddl_storage.c: the files ---- */
const char *stored_table_name(struct ddl *d, const struct relation *relation);
const char *stored_index_name(struct ddl *d, const struct relation *relation, const char *name);
const char *stored_column_name(struct ddl *d, const struct relation *relation, const char *name,
                               int16_t attnum);
/* SQL on every shard that has the table. */
MUST_CHECK bool shards_sql(struct ddl *d, const struct relation *relation, const char *sql);
MUST_CHECK bool storage_create(struct ddl *d, uint32_t relation_oid);
MUST_CHECK bool storage_drop(struct ddl *d, const struct relation *relation);
MUST_CHECK bool storage_rename(struct ddl *d,
                               uint32_t relation_oid); /* after a change of name or schema */
MUST_CHECK bool storage_add_column(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                                   const struct datum *missing);
MUST_CHECK bool storage_drop_column(struct ddl *d, const struct relation *relation, int16_t attnum);
MUST_CHECK bool storage_rename_column(struct ddl *d, uint32_t relation_oid, int16_t attnum);
MUST_CHECK bool storage_create_index(struct ddl *d, uint32_t index_oid);
MUST_CHECK bool storage_drop_index(struct ddl *d, const struct index *index);
MUST_CHECK bool storage_rename_index(struct ddl *d, uint32_t index_oid);
/* Gives the column its hidden key column, if its type needs one to be looked up. */
MUST_CHECK bool storage_need_key(struct ddl *d, uint32_t relation_oid, int16_t attnum);
bool has_committed_rows(const struct relation *relation); /* may have */

/* ---- ddl_rows.c: reading and rewriting rows ---- */
struct table_rows {
    struct row *items; /* values in d->arena */
    size_t n, cap;
};
MUST_CHECK bool read_rows(struct ddl *d, const struct relation *relation, struct table_rows *rows);
/* Computes new values for `attnums` of every row by the expressions over the row as `before` has it, and writes them. */
struct new_value {
    int16_t attnum;
    const struct expr *expr; /* over the old row; NULL with sequence_oid: next value */
    uint32_t sequence_oid;
};
MUST_CHECK bool rewrite_columns(struct ddl *d, const struct relation *before, uint32_t relation_oid,
                                const struct new_value *values, size_t n, bool new_storage);
MUST_CHECK bool touch_columns(struct ddl *d, uint32_t relation_oid,
                              int16_t attnum); /* writes a column's key anew in every row */
MUST_CHECK bool fill_global_index(struct ddl *d, uint32_t index_oid);
MUST_CHECK bool move_rows(struct ddl *d, const struct relation *before,
                          uint32_t relation_oid); /* new storage, new placement */

/* ---- ddl_table.c, ddl_column.c ---- */
MUST_CHECK bool resolve_collation(struct ddl *d, const CollateClause *clause,
                                  const struct type *type, uint32_t *collation_oid);
MUST_CHECK bool create_table(struct ddl *d, const CreateStmt *stmt);
MUST_CHECK bool create_table_as(struct ddl *d, const struct ddl_new_table *table,
                                uint32_t *oid); /* 0: there was one */
struct relation *new_relation(struct ddl *d, struct object **object,
                              const struct namespace *namespace, const char *name, char kind);
/* Adds a column to a mutable relation; returns its number. */
int16_t append_column(struct ddl *d, struct relation *relation, struct arena *arena,
                      const struct column *column);
/* A ColumnDef as a column: type, collation, NOT NULL, identity; constraints and defaults are not looked at. */
MUST_CHECK bool column_from_def(struct ddl *d, const ColumnDef *def, struct column *column,
                                bool *is_serial);
/* The same where neither serial nor the position of an error is known. */
MUST_CHECK bool plain_column_from_def(struct ddl *d, const ColumnDef *def, struct column *column);
MUST_CHECK bool set_column_default(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                                   const Node *raw, bool generated);
MUST_CHECK bool add_column_sequence(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                                    const List *options, char identity);
/* Everything about a column definition that makes other objects: defaults, sequences, constraints.  `before_rows`: in CREATE TABLE. */
struct constraint_list {
    const Constraint **items;
    size_t n, cap;
    VEC(int16_t) columns; /* parallel: the column it was written at, 0: the table */
};
MUST_CHECK bool apply_column_def(struct ddl *d, uint32_t relation_oid, int16_t attnum,
                                 const ColumnDef *def, bool is_serial,
                                 struct constraint_list *later);
MUST_CHECK bool add_constraints(struct ddl *d, uint32_t relation_oid,
                                const struct constraint_list *list, bool new_table);
const char *const *reloptions(struct ddl *d, struct arena *arena, const char *const *before,
                              const List *options, bool reset);

/* ---- ddl_distribution.c ---- */
/* For a table being created, whose constraints are still to be made: the shard key may be the primary key among them. */
MUST_CHECK bool choose_distribution_early(struct ddl *d, uint32_t relation_oid, const List *options,
                                          const struct constraint_list *constraints);
/* Columns of PRIMARY KEY constraints are NOT NULL from the start. */
MUST_CHECK bool mark_primary_columns(struct ddl *d, uint32_t relation_oid,
                                     const struct constraint_list *constraints);
bool is_distribution_option(const char *name);
const struct relation *relation_snapshot(struct ddl *d, uint32_t relation_oid);
MUST_CHECK bool renew_storage(struct ddl *d, const struct relation *before, uint32_t relation_oid);
MUST_CHECK bool renew_indexes(struct ddl *d, uint32_t relation_oid, bool check_rows);
/* Before a column of the shard key goes: the table is spread by row from now on. */
MUST_CHECK bool leave_shard_key(struct ddl *d, uint32_t relation_oid);
void refresh_colocation(struct ddl *d, uint32_t relation_oid);
MUST_CHECK bool adopt_primary_key(struct ddl *d, uint32_t relation_oid, const Constraint *node,
                                  int16_t at_column);
MUST_CHECK bool distribute(struct ddl *d, uint32_t relation_oid, enum distribution distribution,
                           const char *key, const char *strategy, const char *colocate_with);

/* ---- ddl_constraint.c ---- */
MUST_CHECK bool add_constraint(struct ddl *d, uint32_t relation_oid, const Constraint *node,
                               int16_t at_column, bool new_table);
MUST_CHECK bool validate_constraint(struct ddl *d, uint32_t relation_oid, const char *name);
/* CHECKs and foreign keys over the column, against all rows. */
MUST_CHECK bool recheck_constraints(struct ddl *d, uint32_t relation_oid, int16_t attnum);
MUST_CHECK bool check_not_null(struct ddl *d, const struct relation *relation, int16_t attnum);
MUST_CHECK bool set_not_null(struct ddl *d, uint32_t relation_oid, int16_t attnum, bool check_rows);
const struct constraint *constraint_named(const struct relation *relation, const char *name);

/* ---- ddl_index.c ---- */
MUST_CHECK bool create_index(struct ddl *d, const IndexStmt *stmt);
struct index_request {
    const char *name; /* NULL: chosen */
    const char *method;
    const List *params, *including; /* IndexElems */
    const Node *where;
    const List *options;
    bool unique, primary, nulls_not_distinct, constraint, deferrable, deferred, if_not_exists,
        new_table;
    uint32_t constraint_oid;
    const char *comment;
};
/* *index_oid 0: IF NOT EXISTS found one. */
/* The constraint that an index is for: kind p or u. */
MUST_CHECK bool add_key_constraint(struct ddl *d, uint32_t relation_oid, uint32_t index_oid,
                                   char kind);
MUST_CHECK bool make_index(struct ddl *d, uint32_t relation_oid,
                           const struct index_request *request, uint32_t *index_oid);
/* After the table's storage was made anew. */
MUST_CHECK bool rebuild_index_storage(struct ddl *d, uint32_t index_oid, bool check_rows);
void decide_index_storage(struct ddl *d, const struct relation *relation, struct index *index);

/* ---- ddl_alter.c ---- */
MUST_CHECK bool alter_table(struct ddl *d, const AlterTableStmt *stmt);
/* The error for a column that ALTER TABLE names but cannot change: false. */
bool no_such_column(struct ddl *d, const struct relation *relation, const char *name);
/* ---- ddl_alter_column.c ---- */
MUST_CHECK bool alter_add_column(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd);
MUST_CHECK bool alter_drop_column(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd);
MUST_CHECK bool alter_column_type(struct ddl *d, uint32_t relation_oid, const AlterTableCmd *cmd);

/* ---- ddl_drop.c ---- */
MUST_CHECK bool drop_statement(struct ddl *d, const DropStmt *stmt);
struct object_address {
    uint32_t class_oid, oid;
    int16_t sub;
};
/* Drops the objects and what depends on them; RESTRICT refuses with 2BP01 when something else does. */
MUST_CHECK bool drop_objects(struct ddl *d, const struct object_address *objects, size_t n,
                             bool cascade, bool quiet);
const char *
describe_object(struct ddl *d,
                const struct object_address *object); /* "table t", "constraint c on table t" */

/* ---- ddl_view.c ---- */
MUST_CHECK bool create_view(struct ddl *d, const ViewStmt *stmt);
MUST_CHECK bool fill_matview(struct ddl *d, uint32_t oid, uint64_t *n_rows);
MUST_CHECK bool refresh_matview(struct ddl *d, const RefreshMatViewStmt *stmt);

/* ---- ddl_sequence.c ---- */
MUST_CHECK bool create_sequence_statement(struct ddl *d, const CreateSeqStmt *stmt);
MUST_CHECK bool alter_sequence_statement(struct ddl *d, const AlterSeqStmt *stmt);
/* A sequence of the given name; *oid 0 when IF NOT EXISTS found one. */
MUST_CHECK bool make_sequence(struct ddl *d, const struct namespace *namespace, const char *name,
                              const List *options, uint32_t type_oid, bool temp, char persistence,
                              bool for_identity, uint32_t *oid);
MUST_CHECK bool alter_sequence(struct ddl *d, uint32_t oid, const List *options, bool for_identity);

/* ---- ddl_type.c ---- */
MUST_CHECK bool create_enum(struct ddl *d, const CreateEnumStmt *stmt);
MUST_CHECK bool alter_enum(struct ddl *d, const AlterEnumStmt *stmt);
MUST_CHECK bool create_composite(struct ddl *d, const CompositeTypeStmt *stmt);
MUST_CHECK bool create_domain(struct ddl *d, const CreateDomainStmt *stmt);
MUST_CHECK bool alter_domain(struct ddl *d, const AlterDomainStmt *stmt);
MUST_CHECK bool alter_composite(struct ddl *d, const AlterTableStmt *stmt);
const struct type *find_ddl_type(struct ddl *d, const List *names, bool missing_ok);

/* ---- ddl_function.c ---- */
MUST_CHECK bool create_function(struct ddl *d, const CreateFunctionStmt *stmt);
MUST_CHECK bool alter_function(struct ddl *d, const AlterFunctionStmt *stmt);
/* NULL with error unless missing_ok. */
const struct proc *find_function(struct ddl *d, const ObjectWithArgs *spec, ObjectType kind,
                                 bool missing_ok);
const char *function_signature(struct ddl *d, const struct proc *proc);

/* ---- ddl_misc.c ---- */
MUST_CHECK bool create_schema(struct ddl *d, const CreateSchemaStmt *stmt);
MUST_CHECK bool comment_on(struct ddl *d, const CommentStmt *stmt);
MUST_CHECK bool truncate_statement(struct ddl *d, const TruncateStmt *stmt);
MUST_CHECK bool create_extension(struct ddl *d, const CreateExtensionStmt *stmt);
MUST_CHECK bool alter_extension(struct ddl *d, const AlterExtensionStmt *stmt);

/* ---- ddl_rename.c ---- */
MUST_CHECK bool rename_statement(struct ddl *d, const RenameStmt *stmt);
MUST_CHECK bool set_schema_statement(struct ddl *d, const AlterObjectSchemaStmt *stmt);
MUST_CHECK bool owner_statement(struct ddl *d, const AlterOwnerStmt *stmt);
MUST_CHECK bool change_relation_owner(struct ddl *d, uint32_t oid, uint32_t owner);
MUST_CHECK bool change_schema_owner(struct ddl *d, uint32_t oid, uint32_t owner);
MUST_CHECK bool change_function_owner(struct ddl *d, uint32_t oid, uint32_t owner);
void change_database_owner(struct ddl *d, uint32_t oid, uint32_t owner);
MUST_CHECK bool rename_column(struct ddl *d, uint32_t relation_oid, const char *before,
                              const char *after);

/* ---- ddl_grant.c ---- */
struct cluster_database;
const struct cluster_database *cluster_database_of(struct ddl *d, uint32_t oid);
MUST_CHECK bool grant(struct ddl *d, const GrantStmt *stmt);

/* ---- ddl_role.c ---- */
MUST_CHECK bool create_role(struct ddl *d, const CreateRoleStmt *stmt);
MUST_CHECK bool alter_role(struct ddl *d, const AlterRoleStmt *stmt);
MUST_CHECK bool alter_role_set(struct ddl *d, const AlterRoleSetStmt *stmt);
MUST_CHECK bool drop_role(struct ddl *d, const DropRoleStmt *stmt);
MUST_CHECK bool grant_role(struct ddl *d, const GrantRoleStmt *stmt);
MUST_CHECK bool drop_owned(struct ddl *d, const DropOwnedStmt *stmt);
MUST_CHECK bool reassign_owned(struct ddl *d, const ReassignOwnedStmt *stmt);
MUST_CHECK bool create_database(struct ddl *d, const CreatedbStmt *stmt);
MUST_CHECK bool drop_database(struct ddl *d, const DropdbStmt *stmt);
MUST_CHECK bool alter_database(struct ddl *d, const AlterDatabaseStmt *stmt);
MUST_CHECK bool alter_database_set(struct ddl *d, const AlterDatabaseSetStmt *stmt);

#endif
