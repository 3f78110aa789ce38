/* lock_int.h - the guts of the lock table, for lock.c and lock_wait.c. */
#ifndef SHARDLITE_TXN_LOCK_INT_H
#define SHARDLITE_TXN_LOCK_INT_H

#include "base/waiter.h"
#include "txn/lock.h"

struct lock_grant {
    struct lock_grant *next;
    struct lock_owner *owner; /* NULL: a free inline grant */
    uint32_t modes;           /* bit mask: 1 << mode */
};

struct lock_wait {
    struct lock_wait *next; /* in the entry's queue, first come first */
    struct lock_owner *owner;
    struct lock_entry *entry;
    struct waiter waiter;
    int mode;
    uint32_t modes_before;
    bool granted; /* by whoever made room; the rest is the waiter's to do */
};

struct lock_entry {
    struct lock_entry *chain; /* of its hash bucket */
    struct lock_tag tag;
    struct lock_grant grant; /* the first; others hang behind */
    struct lock_wait *queue;
    _Atomic uint64_t changed, key_changed;
    struct lock_entry *retained_next;
    bool retained; /* in the partition's list of entries kept for their stamp */
};

#define LOCK_PARTITIONS_LOG2                                                                       \
    5 /* all are held at once by a deadlock search; ThreadSanitizer allows 64 mutexes */
#define LOCK_PARTITIONS (1 << LOCK_PARTITIONS_LOG2)
struct lock_partition {
    pthread_mutex_t mutex;
    struct lock_entry **buckets;
    size_t n_buckets, n_entries; /* n_buckets is a power of two */
    struct lock_entry *free_entries;
    uint32_t n_free;
    struct lock_entry *retained_first, *retained_last;
    uint32_t n_retained, n_releases;
};

#define LOCK_STRONG_SLOTS 1024
struct lock_table {
    struct lock_partition partitions[LOCK_PARTITIONS];
    /* How many strong table locks (SHARE and up) are held or asked for, by hash of the relation: while it is 0, weak ones
     * (ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE), which never conflict with each other, need not enter the main table. */
    _Atomic uint32_t strong[LOCK_STRONG_SLOTS];
    pthread_mutex_t owners_mutex; /* taken before any partition, fast_mutex after */
    struct lock_owner *owners;
    uint64_t (*oldest)(void *arg);
    uint64_t (*next_xid)(void *arg);
    void *arg;
    uint32_t visit;
};

uint32_t lock_conflicts(const struct lock_tag *tag,
                        int mode); /* mask of the modes that `mode` conflicts with */

static inline bool lock_same_process(const struct lock_owner *a, const struct lock_owner *b)
{
    return a == b || (a->pid && a->pid == b->pid);
}

void lock_all_partitions(struct lock_table *table);
void lock_no_partition(struct lock_table *table);
/* Grants whatever the head of the queue can get, in order.  Partition held. */
void lock_grant_waiters(struct lock_entry *entry);
/* With all partitions held: does `wait` close a cycle that cannot be undone by queue jumping?  Fills err. */
bool lock_deadlocked(struct lock_table *table, struct lock_wait *wait, struct err *err);

#endif
