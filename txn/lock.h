/* lock.h - the in-memory lock table: rows, keys, tables, advisory locks.
 *
 * A lock is (tag, mode) held by an owner until it is released; owners are transactions, and sessions for session-level advisory
 * locks.  Two owners with the same non-zero pid never wait for each other.  Waiting is first come, first served.  Entries of
 * rows remember the commit that changed them last for as long as an older snapshot is in use. */
#ifndef SHARDLITE_TXN_LOCK_H
#define SHARDLITE_TXN_LOCK_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/err.h"
#include "txn/txn.h"

enum lock_kind {
    LOCK_ROW = 1,  /* object: relation, shard, id: rid; modes of enum row_lock */
    LOCK_KEY,      /* object: index, id: hash of the key; LOCK_SHARE or LOCK_EXCLUSIVE */
    LOCK_TABLE,    /* object: relation; PostgreSQL's eight modes */
    LOCK_ADVISORY, /* object: class, id: key; LOCK_SHARE or LOCK_EXCLUSIVE */
    LOCK_DDL,      /* LOCK_EXCLUSIVE */
};
#define LOCK_SHARE 5
#define LOCK_EXCLUSIVE 7
#define LOCK_ACCESS_EXCLUSIVE 8

struct lock_tag {
    uint64_t id;
    uint32_t
        database; /* number of the database within this process (its OID outside is the caller's business) */
    uint32_t object;
    uint32_t shard;
    uint32_t kind;
};

struct lock_table;
struct lock_entry;
struct lock_wait;

/* One lock that an owner took, in the order taken. */
struct lock_held {
    struct lock_entry *entry; /* NULL: a weak table lock in fast[fast_index] */
    uint16_t
        modes_before; /* the owner's modes on the entry before this one: what a partial release restores */
    uint16_t fast_index;
};

#define LOCK_FAST_MAX 16
struct lock_fast {
    uint32_t database, relation;
    uint16_t modes;
    struct lock_entry *entry; /* moved to the main table by somebody who wants a strong lock */
};

struct lock_owner {
    struct lock_table *table;
    _Atomic int32_t pid;   /* 0: a prepared transaction, or none at all */
    _Atomic uint64_t *xid; /* where its transaction id is; NULL: has none */
    struct lock_held *held;
    size_t n_held, cap_held;
    pthread_mutex_t fast_mutex; /* fast[] is read and moved by other threads */
    struct lock_fast fast[LOCK_FAST_MAX];
    uint32_t n_fast;
    struct lock_wait *wait;             /* guarded by the partition of the entry waited for */
    struct lock_owner *next, *previous; /* all owners of the table */
    uint32_t visit;                     /* the deadlock search's mark */
};

/* `oldest(arg)`: the least commit sequence number that a snapshot in use may lack; entries stamped above it are kept. */
struct lock_table *lock_table_new(uint64_t (*oldest)(void *arg), uint64_t (*next_xid)(void *arg),
                                  void *arg);
void lock_table_free(struct lock_table *table);

void lock_owner_init(struct lock_owner *owner, struct lock_table *table, _Atomic uint64_t *xid);
void lock_owner_destroy(struct lock_owner *owner); /* must hold nothing */

enum lock_result {
    LOCK_GRANTED,
    LOCK_WAITED, /* granted after a wait */
    LOCK_BUSY,   /* WAIT_SKIP or WAIT_ERROR, and somebody is in the way */
    LOCK_FAILED, /* err: deadlock, lock timeout, cancel */
};
struct lock_request {
    struct lock_tag tag;
    int mode;
    enum wait_policy policy;
    int64_t lock_timeout_us;     /* 0: none */
    int64_t deadlock_timeout_us; /* how long to wait before looking for a cycle; 0: look at once */
};
/* `entry` (may be NULL) gets the entry of a row lock: valid while it is held. */
enum lock_result lock_acquire(struct lock_owner *owner, const struct lock_request *request,
                              struct lock_entry **entry, struct err *err);
/* Takes back the locks beyond the first `n_kept`, latest first, and wakes whoever can go on. */
void lock_release(struct lock_owner *owner, size_t n_kept);
/* Gives up one mode of one tag (advisory locks of sessions); false when it is not held. */
bool lock_release_one(struct lock_owner *owner, const struct lock_tag *tag, int mode);

/* The modes this owner holds on the tag (bit mask), 0 = none. */
uint32_t lock_modes_held(struct lock_owner *owner, const struct lock_tag *tag);
/* The entry of a tag on which the owner holds a lock; NULL when it does not. */
struct lock_entry *lock_entry_held(struct lock_owner *owner, const struct lock_tag *tag,
                                   uint32_t *modes);
/* Commit sequence numbers of the last committed change of the row, and of its last change of key or deletion; 0 = long ago. */
uint64_t lock_entry_changed(const struct lock_entry *entry, uint64_t *key_changed);
/* The first of these for a row that nobody need hold; 0 = long ago. */
uint64_t lock_peek_changed(struct lock_table *table, const struct lock_tag *tag);
void lock_entry_stamp(struct lock_entry *entry, uint64_t seq, bool key_changed);

/* Walks every lock held and waited for. */
struct lock_sight {
    struct lock_tag tag;
    const struct lock_owner *owner;
    int mode;
    bool granted;
};
void lock_table_walk(struct lock_table *table,
                     void (*see)(void *arg, const struct lock_sight *sight), void *arg);
/* The pids that keep `pid` waiting, in `arena`. */
size_t lock_table_blockers(struct lock_table *table, int32_t pid, struct arena *arena,
                           int32_t **pids);

const char *lock_mode_name(const struct lock_tag *tag, int mode); /* "RowExclusiveLock" */

#endif
