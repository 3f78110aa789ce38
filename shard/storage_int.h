/* storage_int.h - the guts that the files of shard/ share.  Who may touch a field is said beside it. */
#ifndef SHARDLITE_SHARD_STORAGE_INT_H
#define SHARDLITE_SHARD_STORAGE_INT_H

#include <pthread.h>

#include "shard/commit_log.h"
#include "shard/storage.h"

#define STORAGE_FORMAT 1
#define APPLICATION_ID 0x53484C54 /* "SHLT", in every SQLite file of ours */
#define CLUSTER_FILE "shardlite.db"
#define LOCK_FILE "shardlite.lock"
#define LOG_DIR "commit.log"
#define CREATING_PREFIX ".creating-"
#define DROPPED_PREFIX ".dropped-"

struct writer;
struct reader;
struct pool;
struct committer;
struct checkpointer;
struct prepared_table;

/* One SQLite file. */
struct file {
    struct storage *storage;
    struct database_files *database;
    uint32_t shard;
    uint32_t id; /* dense, process-wide: the index into each pool */
    char *path;
    /* Committer thread. */
    struct writer *writer; /* NULL: not open */
    struct file *next_in_batch;
    bool in_batch;
    /* Checkpointer's mutex. */
    struct file *next_dirty, *next_queued;
    bool dirty;  /* committed to since its WAL was last synced */
    bool queued; /* for a checkpoint */
    /* Atomic. */
    bool catch_up; /* the checkpointer has copied most of the WAL: the committer should finish it */
    uint32_t n_in_use; /* readers handed out */
};

struct database_files {
    struct storage *storage;
    char *name; /* changes under databases_mutex by rename only */
    char *dir;
    uint64_t uid; /* 0: the cluster pseudo-database */
    uint32_t n_shards;
    struct file **shards;
    struct file *catalog; /* for the cluster: shardlite.db */
    bool gone;            /* dropped; atomic.  The object stays until storage_close() */
    struct database_files *next;
};

struct storage {
    struct storage_options options;
    char *data_dir;
    int lock_fd;
    uint64_t identity;
    uint64_t instance;   /* of this open in this process: tells stale thread pools apart */
    struct arena *arena; /* under databases_mutex */
    pthread_mutex_t databases_mutex;
    struct database_files *databases; /* all ever opened, gone ones included */
    struct database_files *cluster;
    uint32_t n_files; /* ids given */

    const struct commit_log_ops *log_ops;
    struct commit_log *log;
    uint32_t
        n_sync_holds; /* atomic; while not 0, no commit is published before its record is synced */
    uint64_t published_seq; /* atomic; stored inside the gate */
    pthread_rwlock_t
        gate; /* committer: exclusive while it publishes; snapshots of several files: shared */
    struct committer *committer;
    struct checkpointer *checkpointer;
    struct prepared_table *prepared;

    /* readers (reader.c) */
    uint32_t n_open_readers;   /* atomic */
    uint32_t n_reader_waiters; /* atomic mirror of the list below */
    pthread_mutex_t pools_mutex;
    struct pool *pools;
    struct waiter *reader_waiters;
};

/* The object alone: nothing is opened yet.  storage_free() closes what is open but no threads. */
struct storage *storage_new(const struct storage_options *options);
void storage_free(struct storage *storage);
/* The file that an op or a reader means; NULL if the database has no such shard. */
struct file *storage_file(struct storage *storage, struct database_files *database, uint32_t shard);
/* The database of a uid, or NULL. */
struct database_files *storage_database_by_uid(struct storage *storage, uint64_t uid);

/* recovery.c - before any thread runs. */
MUST_CHECK bool recovery_run(struct storage *storage, struct err *err);
/* A new start for the log, once all files are synced: at the end of recovery, and of a clean stop. */
MUST_CHECK bool recovery_begin_log(struct storage *storage, struct err *err);

/* reader.c */
void readers_close_database(struct storage *storage, struct database_files *database);
void readers_close_all(struct storage *storage);
uint32_t readers_in_use(const struct database_files *database);

#endif
