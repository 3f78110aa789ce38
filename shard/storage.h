/* storage.h - the data directory: its lock, its databases, their SQLite files, the commit log and the committer.
 *
 * One `storage` a process.  Readers come from per-thread pools with a process-wide limit; writes go through storage_commit() only. */
#ifndef SHARDLITE_SHARD_STORAGE_H
#define SHARDLITE_SHARD_STORAGE_H

#include <sqlite3.h>

#include "shard/op.h"

struct storage;
struct database_files; /* one database's catalog.db and shard files */

struct storage_options {
    const char *data_dir;
    uint32_t n_shards;         /* of databases made from now on */
    uint32_t max_open_readers; /* process-wide; 0: 1024, or what the limit on open files allows */
    uint64_t
        log_segment_bytes; /* preallocated, reused; 0: 16 MB.  The log is cut after about as much again */
    uint32_t checkpoint_frames;       /* pages in a file's WAL before it is copied back; 0: 1000 */
    bool create;                      /* make the directory if missing */
    const struct commit_log_ops *log; /* NULL: the file log (commit_log.h) */
    void *log_arg;                    /* for commit_log_options.arg */
    uint32_t max_open_writers;        /* 0: 1024, or what the limit on open files allows */
    const char *vfs;                  /* of SQLite; NULL: ours (vfs.h) */
};

/* Opens or creates the directory, takes its lock (a second server is refused: 55006 with what to do), checks format versions,
 * runs recovery (replays what the log holds and the files lack).  Errors name the file and what to do next. */
struct storage *storage_open(const struct storage_options *options, struct err *err);
/* Waits for commits under way, checkpoints, releases the lock. */
void storage_close(struct storage *storage);
/* Progress of recovery and checkpoints is logged. */

struct database_files *storage_database(struct storage *storage,
                                        const char *name); /* NULL: no such database; kept open */
/* Stands for the files that belong to no database: shard is SHARD_CLUSTER always. */
struct database_files *storage_cluster(struct storage *storage);
/* Names of all databases that have a folder, in no order. */
size_t storage_database_names(struct storage *storage, struct arena *arena, const char ***names);
/* Creating and dropping are crash-safe each: after a crash a database is there whole, or not at all.  A drop needs that no reader of the
 * database is in use (55006).  The row in pg_database is the caller's: commit it after creating, before dropping, and drop at start-up what has no row. */
MUST_CHECK bool storage_create_database(struct storage *storage, const char *name,
                                        uint32_t n_shards, struct err *err);
MUST_CHECK bool storage_drop_database(struct storage *storage, const char *name, struct err *err);
MUST_CHECK bool storage_rename_database(struct storage *storage, const char *name,
                                        const char *new_name, struct err *err);
uint32_t database_n_shards(const struct database_files *database);
const char *database_name(const struct database_files *database);

/* ---- reading ---- */

/* A read connection to one file, with a cache of prepared statements.  Used by one statement at a time. */
struct reader;
/* From the calling thread's pool, or opened; waits (fiber-aware) when the process-wide limit is reached.  Errors: 58030 I/O, XX001 corrupt, 53300. */
struct reader *reader_acquire(struct database_files *database, uint32_t shard,
                              struct err *err); /* shard may be SHARD_CATALOG, SHARD_CLUSTER */
void reader_release(
    struct reader *reader); /* ends its read transaction if one is open; NULL is fine */
/* Starts a read transaction now (the snapshot is fixed on return, not at the first read). */
MUST_CHECK bool reader_begin(struct reader *reader, struct err *err);
void reader_end(struct reader *reader);
/* A cached prepared statement, reset and with bindings cleared; exclusive until reader_finish_statement.  Nested use of the same SQL gets another one. */
sqlite3_stmt *reader_statement(struct reader *reader, const char *sql, struct err *err);
void reader_finish_statement(struct reader *reader, sqlite3_stmt *statement);
/* Fills err from the connection's last error. */
bool reader_error(struct reader *reader, int rc, struct err *err);
uint32_t reader_shard(const struct reader *reader);

/* A consistent moment over several files: all read transactions start with no multi-file commit in between.  readers[k] are acquired
 * and begun for shards[k].  Returns the commit sequence number that the moment includes in *seq (taken before the first begin: never too high). */
MUST_CHECK bool snapshot_begin(struct database_files *database, const uint32_t *shards, uint32_t n,
                               struct reader **readers, uint64_t *seq, struct err *err);
uint64_t storage_commit_seq(const struct storage *storage); /* of the latest published commit */

/* ---- writing ---- */

struct commit {
    struct database_files *database; /* NULL: ops of SHARD_CLUSTER only */
    const struct op *ops;
    size_t n_ops;
    bool asynchronous; /* synchronous_commit = off: acknowledged before the log is synced */
    /* Called by the committer when the files show the commit and before it is acknowledged, with its sequence number, inside the gate that
     * snapshots pass: lock tables note the new row versions here.  May be NULL. */
    void (*published)(struct commit *commit, uint64_t seq);
    void *arg;
    /* PREPARE TRANSACTION: the record is logged under `gid` and nothing is applied; COMMIT PREPARED: `gid` set with resolve. */
    const char *prepare_gid;
    const char *prepare_owner; /* role name, for pg_prepared_xacts */
    const char *resolve_gid;
    bool resolve_commit;
};
/* Durable and visible on return (true), or nothing at all happened (false, err).  Blocks through waiter.h.  Group commit: many callers share one fdatasync. */
MUST_CHECK bool storage_commit(struct storage *storage, struct commit *commit, struct err *err);
/* Appends ops that need not be waited for, but are durable before any later storage_commit() returns (sequence high-water marks). */
MUST_CHECK bool storage_append(struct storage *storage, struct database_files *database,
                               const struct op *ops, size_t n_ops, struct err *err);

/* Prepared transactions found at start-up or made since. */
struct prepared {
    const char *gid, *database, *owner;
    int64_t prepared_us; /* 1970 epoch */
    const struct op *ops;
    size_t n_ops;
};
size_t storage_prepared(struct storage *storage, struct arena *arena, struct prepared **list);

#endif
