/* ddl.h - statements that change the schema.
 *
 * Each statement works on a fork of the transaction's catalog (or of the published one, after taking the database's DDL lock), adds the row
 * operations and SQL for the files to the transaction, and hands the fork to it.  The fork becomes the published catalog when the transaction
 * commits.  A failed statement leaves no trace once the caller has undone its row changes (txn_rollback_to or txn_rollback): the fork
 * is dropped.  Fiber-aware: waits for locks. */
#ifndef SHARDLITE_CATALOG_DDL_H
#define SHARDLITE_CATALOG_DDL_H

#include "catalog/database.h"
#include "func/env.h"
#include "txn/txn.h"

struct ddl_notice {
    const char *severity; /* NOTICE, WARNING, INFO */
    const char *sqlstate, *message, *detail, *hint;
};

/* What a statement needs of its session.  Everything is borrowed for the call. */
struct ddl_context {
    struct arena *arena;
    const struct env *
        env; /* settings, clock, transaction, user; its catalog is the one the statement was parsed under */
    struct txn *txn;
    struct database *database;
    struct search_path path; /* as in env */
    uint32_t user_oid;       /* current role */
    const char *text;        /* the query string, for error positions */
    const char *statement;   /* this statement's own text, for function bodies; NULL: all of it */
    bool
        in_block; /* inside BEGIN, or one of several statements: CREATE DATABASE and its like are refused */
    bool skip_function_bodies; /* check_function_bodies = off */
    int32_t session_pid;       /* names pg_temp_N */
    uint32_t temp_namespace;   /* in and out: the session's temporary schema, 0 until it has one */
    /* Callbacks; `arg` goes to each. */
    void *arg;
    void (*notice)(void *arg, const struct ddl_notice *notice); /* NULL: nobody listens */
    const char *(*make_verifier)(
        void *arg, struct arena *arena,
        const char *password); /* SCRAM verifier, or the text if it is one already */
    /* Checks a SET or RESET clause (VariableSetStmt) and gives the parameter's name and, of SET, the value as text. */
    bool (*setting)(void *arg, const void *set, const char **name, const char **value,
                    struct err *err);
    /* [table.NAME] of the configuration: "shard_key", "shard_strategy", "distribution", "colocate_with"; NULL: not set.  May be NULL. */
    const char *(*table_option)(void *arg, const char *schema, const char *table,
                                const char *option);
};

/* True if ddl_execute() is who runs this statement. */
bool ddl_handles(const void *node);
/* Runs it.  *tag is the command tag without counts. */
MUST_CHECK bool ddl_execute(struct ddl_context *context, const void *node, const char **tag,
                            struct err *err);

/* CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: makes the empty relation; the caller fills a table by inserting the query's rows
 * (unless WITH NO DATA).  A materialized view is filled here; *n_rows tells how many rows it got.
 * `relation` gets the new relation out of txn_catalog(), or NULL when IF NOT EXISTS found one (a NOTICE was given). */
struct ddl_column {
    const char *name;
    const struct type *type;
    int32_t typmod;
    uint32_t collation_oid;
};
struct ddl_new_table {
    const void *
        into; /* IntoClause of the statement: name, column names, options, ON COMMIT, WITH [NO] DATA */
    bool if_not_exists;
    bool materialized_view;
    const struct query *query;        /* analysed; a materialized view keeps it */
    const struct ddl_column *columns; /* of the query's result */
    uint16_t n_columns;
    uint64_t *n_rows; /* materialized views */
};
MUST_CHECK bool ddl_create_table_from_columns(struct ddl_context *context,
                                              const struct ddl_new_table *table,
                                              const struct relation **relation, struct err *err);

/* create_distributed_table(), create_reference_table(), undistribute_table(): moves the rows too.  key NULL: reference; "" : local. */
MUST_CHECK bool ddl_distribute(struct ddl_context *context, uint32_t relation_oid,
                               enum distribution distribution, const char *key,
                               const char *strategy, const char *colocate_with, struct err *err);

/* ON COMMIT DELETE ROWS / DROP of temporary tables: called by the session just before it commits a transaction that may have used some. */
MUST_CHECK bool ddl_before_commit(struct ddl_context *context, struct err *err);
/* Drops all temporary objects of the session (DISCARD TEMP). */
MUST_CHECK bool ddl_discard_temp(struct ddl_context *context, struct err *err);

/* ---- what a session sees outside of a transaction that changed the schema: the published version, with its temporary objects ---- */
struct temp_view {
    struct catalog *view; /* NULL: no temporary objects */
    uint64_t base_version;
};
/* A reference to the version for a new statement. */
struct catalog *temp_view_catalog(struct temp_view *temp, struct database *database);
/* After a successful commit of a transaction whose private catalog was `catalog` (borrowed; taken before txn_commit). */
void temp_view_committed(struct temp_view *temp, const struct catalog *catalog);
void temp_view_free(struct temp_view *temp);

#endif
