/* txn_int.h - the guts of a transaction, for the files of txn/. */
#ifndef SHARDLITE_TXN_TXN_INT_H
#define SHARDLITE_TXN_TXN_INT_H

#include "base/waiter.h"
#include "txn/lock.h"
#include "txn/overlay.h"
#include "txn/serial.h"
#include "txn/txn.h"

#define SEQ_NONE UINT64_MAX
#define COMMAND_MAX UINT32_MAX
#define TXN_SHARDS_MAX CATALOG_SLOTS

/* What is shared by the transactions of one database. */
struct database_state {
    struct database_state *next;
    struct database_files *files;
    uint32_t oid;
    struct layout_cache *layouts;
    _Atomic uint64_t shard_seq[TXN_SHARDS_MAX]; /* the latest commit that changed the shard */
    struct rid_source *rids;                    /* rid.c */
    struct sequence_table *sequences;           /* sequence.c */
};

#define TXN_ENDED_MAX 16384
struct txn_manager {
    struct storage *storage;
    struct lock_table *locks;
    struct serial *serial;
    pthread_mutex_t mutex; /* guards the lists below */
    struct database_state *databases;
    struct txn *free_txns;
    struct prepared_txn *prepared; /* prepared.c */
    struct imap *sessions;         /* advisory.c: pid to its session-level owner */
    struct imap *temps; /* temp.c: pid to its temp_store, for sessions that brought none */
    _Atomic(struct txn *) all_txns; /* grows only */
    _Atomic uint64_t next_xid;
    _Atomic uint64_t ended_xids
        [TXN_ENDED_MAX]; /* by xid modulo its size: xid * 2 + committed; the latest that ended */
};

#define SNAPSHOT_REFRESHED_MAX 8
/* A moment, kept open by readers. */
struct snapshot {
    struct snapshot *next; /* of the transaction's snapshots */
    struct txn *txn;       /* NULL: the transaction has ended, the readers are closed */
    uint32_t refs;
    uint32_t n_shards;       /* length of readers */
    uint64_t seq;            /* commits up to this one are seen for sure */
    struct reader **readers; /* by shard; NULL: not open */
    uint32_t *open;          /* the shards that are */
    uint32_t n_open;
    /* READ COMMITTED, a statement that runs again after a row it wanted had changed: rows of these relations are read as they are now
     * where the snapshot's version is out of date. */
    uint32_t refreshed[SNAPSHOT_REFRESHED_MAX];
    uint32_t n_refreshed;
    struct imap *
        shown; /* rows given in a newer version than the snapshot's: row_id() to the commits included; or NULL */
};

/* Reading what is committed now. */
struct latest {
    struct reader *reader;
    uint64_t seq;     /* of the shard, at the beginning of its read transaction */
    uint32_t n_scans; /* in progress */
};

struct statement_frame {
    struct snapshot *snapshot;
    uint32_t command;
    struct overlay_mark mark;
    size_t n_ops;
    struct catalog *catalog;
};

struct savepoint {
    struct overlay_mark mark;
    size_t n_ops, n_held, n_advisory;
    struct catalog *catalog;
};

struct txn_callback {
    void (*end)(void *arg, bool committed);
    txn_check_fn check;
    void *arg;
};

struct txn {
    struct txn_manager *manager;
    struct database_state *database;
    struct txn_options options;
    struct arena *arena, *scratch;
    struct buf image, key; /* scratch, on the heap */
    _Atomic uint64_t xid;  /* 0: none yet */
    struct lock_owner locks;
    struct overlay overlay;
    uint32_t command; /* of the latest statement */
    bool used;        /* a statement has begun */
    bool in_use;
    struct catalog *
        seen; /* the catalog version of the latest statement, or NULL: for the slot map and names in messages */

    /* The least sequence number that a snapshot of ours may lack; SEQ_NONE: no snapshot.  Read by other threads. */
    _Atomic uint64_t oldest;
    struct snapshot *snapshots, *free_snapshots;
    struct snapshot *moment; /* REPEATABLE READ: the one for all */
    struct snapshot
        *restarting; /* borrowed: TXN_RESTART was the last thing that happened to this one */
    struct snapshot *carried; /* undone after that: the next statement goes on with it */
    struct sxact *sxact;      /* SERIALIZABLE, once the moment is fixed */
    uint64_t commit_seq;      /* of its commit, once published */
    struct latest *latest;    /* by shard */
    uint32_t n_latest;        /* length of latest */
    uint32_t *latest_open, n_latest_open;

    struct scan *scans; /* open ones */
    VEC(struct statement_frame) frames;
    VEC(struct savepoint) savepoints;
    VEC(struct op) ops;
    struct catalog *catalog; /* private, or NULL */
    void (*publish)(void *arg, struct catalog *catalog);
    void *publish_arg;
    VEC(struct txn_callback) callbacks;

    /* Filled before storage_commit() for published(). */
    VEC(struct lock_entry *) stamps;
    VEC(struct lock_entry *) key_stamps;
    VEC(uint32_t) touched_shards;

    void *attachment; /* txn_attachment() */
    struct txn *all_next, *free_next;
};

static inline struct statement_frame *txn_frame(struct txn *txn)
{
    return txn->frames.n ? &txn->frames.items[txn->frames.n - 1] : NULL;
}

/* Where the overlay and the lock table keep a row: the copies of a reference table's row are one row. */
static inline uint32_t home_shard(const struct relation *relation, uint32_t shard)
{
    return relation->distribution == DIST_REFERENCE || relation->distribution == DIST_TEMP ? 0
                                                                                           : shard;
}

/* Remembers the catalog that the statement runs with. */
static inline void txn_see_env(struct txn *txn, const struct env *env)
{
    if (env && env->catalog && env->catalog != txn->seen)
        txn_use_catalog(txn, env->catalog);
}

/* snapshot.c */
struct snapshot *snapshot_new(struct txn *txn);
MUST_CHECK bool snapshot_open(struct snapshot *snapshot, const uint32_t *shards, uint32_t n,
                              struct err *err);
struct reader *snapshot_reader(struct snapshot *snapshot, uint32_t shard, struct err *err);
void snapshot_unref(struct snapshot *snapshot);
void snapshots_end(struct txn *txn); /* the transaction ends */
uint64_t txn_oldest_seq(struct txn_manager *manager);
/* How a statement goes on after TXN_RESTART: with the same snapshot, see snapshot.c. */
void snapshot_stale(struct snapshot *snapshot, uint32_t relation_oid);
bool snapshot_is_stale(const struct snapshot *snapshot, uint32_t relation_oid);
void snapshot_show(struct snapshot *snapshot, uint32_t relation_oid, uint32_t shard, int64_t rid,
                   uint64_t seq);
uint64_t snapshot_shown(const struct snapshot *snapshot, uint32_t relation_oid, uint32_t shard,
                        int64_t rid); /* 0: not */
void restart_forget(struct txn *txn);
/* A reader that sees everything committed on the shard by now; give it back with latest_release(). */
struct latest_lease {
    struct reader *reader;
    uint64_t seq; /* commits on the shard up to this one are seen */
    bool own;     /* acquired for this lease alone */
    bool counted; /* holds latest[shard].n_scans */
    uint32_t shard;
};
MUST_CHECK bool latest_acquire(struct txn *txn, uint32_t shard, struct latest_lease *lease,
                               struct err *err);
void latest_release(struct txn *txn, struct latest_lease *lease);
void latest_end(struct txn *txn); /* the statement ends */

/* txn.c */
struct txn *txn_take(struct txn_manager *manager);
void txn_recycle(struct txn *txn);
struct database_state *txn_database(struct txn_manager *manager, struct database_files *files,
                                    uint32_t oid);
/* Ends everything but the locks: snapshots, overlay, callbacks' list stays. */
void txn_end_statements(struct txn *txn);
void txn_finish(struct txn *txn, bool committed);
bool txn_run_checks(struct txn *txn, struct err *err);

/* commit.c */
MUST_CHECK bool commit_ops(struct txn *txn, const struct op **ops, size_t *n_ops, struct err *err);
void commit_published(struct commit *commit, uint64_t seq);
void commit_collect_stamps(struct txn *txn);
void commit_collect_shards(struct txn *txn, const struct op *ops, size_t n_ops);

/* row.c */
struct type_io txn_io(struct txn *txn, const struct env *env, struct err *err);
struct lock_request txn_lock_request(const struct txn *txn, struct lock_tag tag, int mode,
                                     enum wait_policy policy);

/* scan.c */
bool scan_qual_holds(const struct scan_qual *qual, const struct type *type,
                     const struct datum *value);

/* fetch.c */
/* The committed row as of now; `values` in io's arena.  *seq: commits up to it are included. */
MUST_CHECK bool fetch_present(struct txn *txn, struct type_io *io, const struct relation *relation,
                              struct row_layout *layout, uint32_t shard, int64_t rid,
                              struct datum *values, bool *found, uint64_t *seq);
bool row_exists(struct txn *txn, const struct relation *relation, uint32_t shard, int64_t rid);

/* rid.c */
struct rid_source *rid_source_new(void);
void rid_source_free(struct rid_source *source);
/* Rows of prepared transactions are not in the files yet, but their rids are taken. */
void rid_source_floor(struct rid_source *source, const char *table, uint32_t shard, int64_t rid);
int64_t rid_next(struct txn *txn, struct rid_source *source, uint32_t oid,
                 const char *committed_table, const char *next_table, uint32_t shard);

/* sequence.c */
struct sequence_table *sequence_table_new(void);
void sequence_table_flush(struct txn_manager *manager, struct database_state *database);
void sequence_table_free(struct sequence_table *table);

/* temp.c */
struct overlay *temp_store_rows(struct temp_store *store);
void temp_merge(struct txn *txn); /* at commit */
int64_t temp_store_rid(struct temp_store *store, uint32_t relation_oid);
/* The session's store; without `make`, NULL when it has none. */
struct temp_store *txn_temp(struct txn *txn, bool make);

/* prepared.c */
void prepared_load(struct txn_manager *manager);
void prepared_free(struct txn_manager *manager);

/* advisory.c */
void sessions_free(struct txn_manager *manager);
void temps_free(struct txn_manager *manager);

#endif
