/* txn.h - transactions: the rows they see, the locks they hold, what they changed.
 *
 * A transaction's changes stay in memory (its overlay) until it commits; its own scans merge them with the committed rows.  Row,
 * unique-key and table locks are in one lock table (lock.h) until the end.  READ COMMITTED: each statement has its own
 * snapshot; REPEATABLE READ: one for all.  A transaction belongs to one session and is used by one thread at a time. */
#ifndef SHARDLITE_TXN_TXN_H
#define SHARDLITE_TXN_TXN_H

#include "catalog/catalog.h"
#include "shard/storage.h"

struct txn;
struct txn_manager; /* one a process: lock table, active snapshots, rid and sequence allocators */

enum isolation { ISOLATION_READ_COMMITTED, ISOLATION_REPEATABLE_READ, ISOLATION_SERIALIZABLE };

struct txn_options {
    struct database_files *database;
    enum isolation isolation;
    bool read_only, deferrable, synchronous_off;
    int32_t session_pid;     /* for pg_locks, pg_blocking_pids and the deadlock DETAIL */
    int64_t lock_timeout_us; /* 0 none; may change with txn_set_lock_timeout */
    int64_t deadlock_timeout_us;
    uint32_t database_oid; /* for lock views and messages; 0: made up */
    const struct catalog *
        catalog; /* the transaction takes a reference; its slot map places global index entries.  May be NULL */
    struct temp_store *
        temp; /* the session's temporary tables; NULL: the manager keeps them by session_pid until txn_session_end() */
};

/* Rows of a session's temporary tables; made by the session, used by its transactions.  In memory. */
struct temp_store;
struct temp_store *temp_store_new(void);
void temp_store_free(struct temp_store *store); /* NULL is fine */
void temp_store_drop(
    struct temp_store *store,
    uint32_t relation_oid); /* forgets a table's rows (a committed DROP TABLE does it) */
size_t temp_store_bytes(const struct temp_store *store);

struct txn_manager *txn_manager_new(struct storage *storage);
void txn_manager_free(struct txn_manager *manager);
/* The session is over: its advisory locks and temporary rows go. */
void txn_session_end(struct txn_manager *manager, int32_t session_pid);
/* After DROP DATABASE, before the files go: nobody may be using it. */
void txn_manager_forget_database(struct txn_manager *manager, struct database_files *database);

struct txn *txn_begin(struct txn_manager *manager, const struct txn_options *options);
void txn_set_lock_timeout(struct txn *txn, int64_t lock_timeout_us);
MUST_CHECK bool txn_set_isolation(struct txn *txn, enum isolation isolation,
                                  struct err *err); /* 25001 after the first query */
bool txn_is_read_only(const struct txn *txn);
enum isolation txn_isolation(const struct txn *txn);
uint64_t txn_id(struct txn *txn);             /* assigned on first use: txid_current */
uint64_t txn_id_if_assigned(struct txn *txn); /* 0: it has changed nothing so far */
/* pg_current_snapshot(): ids below *xmin are all over, ids from *xmax on have not begun, the list (ascending, in `arena`) is in progress. */
size_t txn_ids_in_progress(struct txn_manager *manager, struct arena *arena, uint64_t *xmin,
                           uint64_t *xmax, uint64_t **list);
/* txid_status(): 'p' in progress, 'c' committed, 'a' aborted, 0 too old to tell, 'f' in the future. */
char txn_id_status(struct txn_manager *manager, uint64_t xid);
/* Commits (durable and visible on return) or fails and rolls back.  Frees `txn` either way.  With nothing changed it costs nothing. */
MUST_CHECK bool txn_commit(struct txn *txn, struct err *err);
void txn_rollback(struct txn *txn); /* frees it */
/* PREPARE TRANSACTION: frees `txn`; its locks are kept under the gid. */
MUST_CHECK bool txn_prepare(struct txn *txn, const char *gid, const char *owner, struct err *err);
MUST_CHECK bool txn_resolve_prepared(struct txn_manager *manager, const char *gid, bool commit,
                                     struct err *err);

/* Savepoints nest; names are the session's business.  Levels count from 1. */
uint32_t txn_savepoint(struct txn *txn);
void txn_rollback_to(
    struct txn *txn,
    uint32_t level); /* undoes changes and releases locks taken since; the savepoint stays */
void txn_release(struct txn *txn, uint32_t level);

/* ---- statements ---- */

enum txn_result {
    TXN_OK,
    TXN_ERROR,   /* err is filled */
    TXN_RESTART, /* the row changed after the statement's snapshot: undo the statement, end it, run it again: it goes on with the same snapshot, only
                  * that rows which have changed since are read as they are now (PostgreSQL's re-check).  Or go on with txn_fetch_row() */
    TXN_SKIPPED, /* SKIP LOCKED */
    TXN_CONFLICT, /* txn_check_unique: another live row has the key */
};

/* The catalog version of the statement (takes a reference): needed before txn_global_*() unless a call with an env came first. */
void txn_use_catalog(struct txn *txn, const struct catalog *catalog);
/* Starts a statement: in READ COMMITTED a new snapshot over `shards` (ascending; those any scan of the statement may touch; n 0: none yet, opened
 * lazily one shard at a time, good for statements that touch one shard only).  Undo point for txn_statement_undo.  Right after a statement
 * that was undone because of TXN_RESTART: its snapshot again. */
MUST_CHECK bool txn_statement_begin(struct txn *txn, const uint32_t *shards, uint32_t n,
                                    struct err *err);
void txn_statement_end(
    struct txn *txn); /* releases the snapshot (unless REPEATABLE READ or a cursor holds it) */
void txn_statement_undo(
    struct txn *txn); /* takes back its changes, keeps its locks; then txn_statement_end */
/* A cursor that outlives its statement keeps the snapshot: end of statement leaves it to this handle. */
struct snapshot;
struct snapshot *txn_snapshot_ref(struct txn *txn);
void txn_snapshot_unref(struct snapshot *snapshot);

/* Table locks, PostgreSQL's eight modes (1 ACCESS SHARE ... 8 ACCESS EXCLUSIVE), until the end of the transaction. */
MUST_CHECK bool txn_lock_table(struct txn *txn, uint32_t relation_oid, int mode, bool nowait,
                               struct err *err);
/* Database-wide mutual exclusion of DDL. */
MUST_CHECK bool txn_lock_ddl(struct txn *txn, struct err *err);

/* ---- reading ---- */

enum qual_op { QUAL_EQ, QUAL_LT, QUAL_LE, QUAL_GT, QUAL_GE, QUAL_IN, QUAL_IS_NULL, QUAL_NOT_NULL };
/* A condition the files can evaluate on a column with native order (or, QUAL_EQ/IN, on one with a key column).  All are ANDed. */
struct scan_qual {
    int16_t attnum;
    enum qual_op op;
    const struct datum *values; /* 1, or n_values for IN; of the column's type; never NULL values */
    uint32_t n_values;
};
/* What the files compute over all rows that pass the conditions.  The two halves of a sum of bigints, which may not fit into one, are
 * sum(c >> 32) and sum(c & 0xffffffff). */
enum file_agg_kind {
    FILE_COUNT_ROWS,
    FILE_COUNT,
    FILE_SUM,
    FILE_SUM_HIGH,
    FILE_SUM_LOW,
    FILE_MIN,
    FILE_MAX
};
struct file_agg {
    enum file_agg_kind kind;
    int16_t attnum;
};
struct scan_spec {
    const struct relation *relation;
    const uint32_t *shards; /* ascending */
    uint32_t n_shards;
    const uint8_t *columns; /* bitmap by attnum - 1: which columns to load; NULL = all */
    const struct scan_qual *quals;
    uint32_t n_quals;
    int16_t
        order_attnum; /* 0: any order.  Else rows of each shard come in this column's (native) order ... */
    bool order_desc;
    uint64_t limit_hint; /* ... and at most this many are wanted from each shard; 0 = all */
    bool
        latest; /* read what is committed now instead of the statement's snapshot (unique and FK checks) */
    bool as_begun; /* the rows as the statement first saw them, also when it goes on after a wait */
    bool only_overlay, skip_overlay; /* reserved */
    /* Not rows but one row of aggregates from each shard, values[k] being aggs[k]; only where scan_can_aggregate(). */
    const struct file_agg *aggs;
    uint32_t n_aggs;
    bool aggs_by_index; /* minima and maxima of indexed columns: each is looked up on its own */
};
struct row {
    uint32_t shard;
    int64_t rid;
    struct datum *values; /* n_columns of the relation, by attnum - 1; not-loaded ones are NULL */
};
struct scan;
/* Rows of the relation as this transaction sees them: committed rows of the snapshot, minus those it changed, plus its own versions
 * that pass the quals.  `arena` holds the scan; a row is valid until the next call.  Temporary tables come from the session's store. */
struct scan *scan_open(struct txn *txn, struct arena *arena, const struct env *env,
                       const struct scan_spec *spec, struct err *err);
MUST_CHECK bool scan_next(struct scan *scan, struct row *row, bool *found, struct err *err);
void scan_close(struct scan *scan);
/* Do the files alone know the answer: no own changes of the relation, and all conditions and columns known to them? */
bool scan_can_aggregate(struct txn *txn, const struct scan_spec *spec);
/* Starts again with new qual values (same shape): parameterised inner scans of nested loops. */
MUST_CHECK bool scan_rescan(struct scan *scan, const struct scan_qual *quals,
                            const uint32_t *shards, uint32_t n_shards, struct err *err);
/* One row by identity: current committed or own version; *found false when gone. */
MUST_CHECK bool txn_fetch_row(struct txn *txn, struct arena *arena, const struct env *env,
                              const struct relation *relation, uint32_t shard, int64_t rid,
                              struct datum *values, bool *found, struct err *err);

/* ---- writing: row operations.  The caller has evaluated defaults, CHECKs and generated columns. ---- */

enum row_lock { ROW_KEY_SHARE = 1, ROW_SHARE, ROW_NO_KEY_UPDATE, ROW_UPDATE };
enum wait_policy { WAIT_BLOCK, WAIT_SKIP, WAIT_ERROR };
/* Locks a row that the statement's snapshot showed.  TXN_RESTART when it was changed or deleted since (40001 in REPEATABLE READ comes as TXN_ERROR). */
enum txn_result txn_lock_row(struct txn *txn, const struct relation *relation, uint32_t shard,
                             int64_t rid, enum row_lock mode, enum wait_policy policy,
                             struct err *err);
/* A unique-key (or referenced-key) lock: index OID and the key's encoded bytes. */
enum txn_result txn_lock_key(struct txn *txn, uint32_t index_oid, const void *key, size_t key_bytes,
                             bool exclusive, enum wait_policy policy, struct err *err);

/* A new identity for a row of the relation on `shard`. */
int64_t txn_new_rid(struct txn *txn, const struct relation *relation, uint32_t shard);
MUST_CHECK bool txn_insert(struct txn *txn, const struct env *env, const struct relation *relation,
                           uint32_t shard, int64_t rid, const struct datum *values,
                           struct err *err);
/* `changed`: bitmap by attnum - 1. */
MUST_CHECK bool txn_update(struct txn *txn, const struct env *env, const struct relation *relation,
                           uint32_t shard, int64_t rid, const struct datum *values,
                           const uint8_t *changed, struct err *err);
MUST_CHECK bool txn_delete(struct txn *txn, const struct relation *relation, uint32_t shard,
                           int64_t rid, struct err *err);
MUST_CHECK bool txn_truncate(struct txn *txn, const struct relation *relation,
                             struct err *err); /* caller holds ACCESS EXCLUSIVE */
/* Hidden tables of global unique indexes: key -> (shard, rid). */
MUST_CHECK bool txn_global_put(struct txn *txn, const struct index *index, const void *key,
                               size_t key_bytes, uint32_t row_shard, int64_t rid, struct err *err);
MUST_CHECK bool txn_global_remove(struct txn *txn, const struct index *index, const void *key,
                                  size_t key_bytes, struct err *err);
void txn_global_truncate(
    struct txn *txn,
    const struct index *index); /* txn_truncate() does it for the relation's indexes */
MUST_CHECK bool txn_global_get(struct txn *txn, const struct index *index, const void *key,
                               size_t key_bytes, bool *found, uint32_t *row_shard, int64_t *rid,
                               struct err *err); /* committed now, or own */

/* Did this statement change the row already?  (A second UPDATE of a row by one statement does nothing in PostgreSQL.) */
bool txn_row_touched(const struct txn *txn, const struct relation *relation, uint32_t shard,
                     int64_t rid);
/* Does the statement's snapshot (or an own change) show the row?  REPEATABLE READ: ON CONFLICT must not act on a row that it cannot see (40001);
 * txn_lock_row() in the two update modes checks that itself. */
MUST_CHECK bool txn_row_visible(struct txn *txn, const struct relation *relation, uint32_t shard,
                                int64_t rid, bool *visible, struct err *err);
/* Are there own changes at all? */
bool txn_has_changes(const struct txn *txn);

/* ---- DDL ---- */

/* Raw ops for the commit: OP_SQL on shards and rows of catalog.db / shardlite.db.  They run in order, before the row changes of tables made later in
 * the transaction.  Undone by savepoints like everything else. */
MUST_CHECK bool txn_add_op(struct txn *txn, const struct op *op, struct err *err); /* deep copy */
/* The transaction's private catalog (NULL: it did no DDL), savepoint-aware: setting it records the old one for rollback. */
const struct catalog *txn_catalog(const struct txn *txn);
void txn_set_catalog(struct txn *txn, struct catalog *catalog); /* steals the reference */
/* Called at commit, inside the publishing gate, with the private catalog: the database swaps its current one. */
void txn_on_publish(struct txn *txn, void (*fn)(void *arg, struct catalog *catalog), void *arg);
/* Called (once, latest first) if what is done from here on is taken back: by ROLLBACK TO, a failed statement, or the end. */
void txn_on_undo(struct txn *txn, void (*fn)(void *arg), void *arg);
/* Callbacks at the end (committed or not), latest first: deferred work of sessions (NOTIFY, ON COMMIT DROP). */
void txn_on_end(struct txn *txn, void (*fn)(void *arg, bool committed), void *arg);
/* Deferred constraint checks run at commit (or SET CONSTRAINTS ... IMMEDIATE), before anything is logged; false aborts the commit. */
typedef bool (*txn_check_fn)(void *arg, struct err *err);
void txn_on_commit_check(struct txn *txn, txn_check_fn fn, void *arg);
/* A pointer that the layer above keeps with the transaction (deferred constraints); NULL at first, its owner frees it in txn_on_end. */
void **txn_attachment(struct txn *txn);

/* ---- sequences ---- */
struct sequence_state;
/* nextval/setval/currval's shared part: allocates from memory, high-water marks are durable before any commit that follows. */
MUST_CHECK bool sequence_next(struct txn *txn, const struct relation *sequence, int64_t *value,
                              struct err *err); /* 2200H at the limit */
MUST_CHECK bool sequence_set(struct txn *txn, const struct relation *sequence, int64_t value,
                             bool is_called, struct err *err);
MUST_CHECK bool sequence_get(struct txn *txn, const struct relation *sequence, int64_t *last_value,
                             bool *is_called, struct err *err);
/* ALTER SEQUENCE RESTART, TRUNCATE ... RESTART IDENTITY: like sequence_set(..., false), but undone with the transaction.  The caller keeps others away. */
MUST_CHECK bool sequence_restart(struct txn *txn, const struct relation *sequence, int64_t value,
                                 struct err *err);
void sequence_forget(struct txn *txn, uint32_t sequence_oid); /* DROP: takes effect at commit */

/* ---- advisory locks, views of the lock table ---- */
MUST_CHECK bool advisory_lock(struct txn_manager *manager, int32_t session_pid, struct txn *txn,
                              uint64_t key1, uint32_t key2_class, bool shared,
                              bool transaction_level, bool try_only, bool *got, struct err *err);
bool advisory_unlock(struct txn_manager *manager, int32_t session_pid, uint64_t key1,
                     uint32_t key2_class, bool shared);
void advisory_unlock_all(struct txn_manager *manager, int32_t session_pid);
struct lock_view {
    const char *type; /* relation, tuple, transactionid, advisory ... */
    uint32_t database_oid, relation_oid;
    uint64_t object;
    int32_t pid;
    const char *mode;
    bool granted;
};
size_t lock_table_view(struct txn_manager *manager, struct arena *arena, struct lock_view **list);
size_t lock_blocking_pids(struct txn_manager *manager, int32_t pid, struct arena *arena,
                          int32_t **pids);

#endif
