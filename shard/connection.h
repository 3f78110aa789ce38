/* connection.h - one SQLite connection of ours: how it is opened, its statement cache, its errors as SQLSTATEs.
 *
 * Readers, writers and the checkpointer embed one.  Used by one thread at a time (SQLITE_OPEN_NOMUTEX). */
#ifndef SHARDLITE_SHARD_CONNECTION_H
#define SHARDLITE_SHARD_CONNECTION_H

#include <sqlite3.h>

#include "base/err.h"

enum connection_role {
    CONNECTION_READER, /* query_only, small cache */
    CONNECTION_WRITER, /* synchronous=NORMAL, no automatic checkpoints */
    CONNECTION_MAKER,  /* creates the file; synchronous=OFF: the caller syncs it */
};

struct cached_statement;
#define STATEMENT_BUCKETS 64

struct connection {
    sqlite3 *db;
    const char *path; /* borrowed, must outlive it */
    struct cached_statement *buckets[STATEMENT_BUCKETS];
    struct cached_statement *newest, *oldest; /* idle and busy ones, by last use */
    uint32_t n_statements;
};

/* `vfs` NULL: SQLite's default. */
MUST_CHECK bool connection_open(struct connection *connection, const char *path,
                                enum connection_role role, const char *vfs, struct err *err);
void connection_close(struct connection *connection); /* fine on one that is zeroed */
/* A prepared statement, reset and without bindings, the caller's until connection_finish().  NULL with err set. */
sqlite3_stmt *connection_statement(struct connection *connection, const char *sql, size_t n,
                                   struct err *err);
void connection_finish(struct connection *connection, sqlite3_stmt *statement);
/* Runs statements that return nothing of interest. */
MUST_CHECK bool connection_exec(struct connection *connection, const char *sql, struct err *err);
/* One integer from a one-row query; *found false if there is no row. */
MUST_CHECK bool connection_integer(struct connection *connection, const char *sql, int64_t *value,
                                   bool *found, struct err *err);
/* Fills err from SQLite's result code and the connection's message.  Always false. */
bool connection_error(struct connection *connection, int rc, struct err *err);
/* Syncs the WAL and the database file to disk. */
MUST_CHECK bool connection_sync(struct connection *connection, struct err *err);

#endif
