/* lock_wait.c - who waits for whom: deadlocks, blocking pids, the view of the table.
 *
 * The wait-for graph is never stored: it is read off the queues with every partition held.  An edge to a holder is hard; one to a
 * waiter further ahead in the same queue is soft, and a cycle with a soft edge in it is undone by letting the one behind go
 * first.  A cycle of hard edges ends the transaction that found it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "txn/lock_int.h"

#define BIT(mode) (1u << (mode))
#define CYCLE_MAX 400 /* longer chains are not searched further: bounded stack */
#define QUEUE_JUMPS_MAX 16

void lock_all_partitions(struct lock_table *table)
{
    pthread_mutex_lock(&table->owners_mutex);
    for (size_t k = 0; k < LOCK_PARTITIONS; k++)
        pthread_mutex_lock(&table->partitions[k].mutex);
}

void lock_no_partition(struct lock_table *table)
{
    for (size_t k = LOCK_PARTITIONS; k-- > 0;)
        pthread_mutex_unlock(&table->partitions[k].mutex);
    pthread_mutex_unlock(&table->owners_mutex);
}

const char *lock_mode_name(const struct lock_tag *tag, int mode)
{
    static const char *const row[] = {NULL, "AccessShareLock", "RowShareLock", "ExclusiveLock",
                                      "AccessExclusiveLock"};
    static const char *const table[] = {NULL,
                                        "AccessShareLock",
                                        "RowShareLock",
                                        "RowExclusiveLock",
                                        "ShareUpdateExclusiveLock",
                                        "ShareLock",
                                        "ShareRowExclusiveLock",
                                        "ExclusiveLock",
                                        "AccessExclusiveLock"};
    return tag->kind == LOCK_ROW ? row[mode] : table[mode];
}

/* What the process of `owner` waits for, through whichever of its owners; NULL: it runs. */
static struct lock_wait *wait_of(const struct lock_table *table, const struct lock_owner *owner)
{
    if (owner->wait || !owner->pid)
        return owner->wait;
    for (const struct lock_owner *other = table->owners; other; other = other->next)
        if (other->pid == owner->pid && other->wait)
            return other->wait;
    return NULL;
}

/* ---- the search ---- */

struct edge {
    struct lock_wait *wait;
    struct lock_owner *blocker;
    struct lock_wait *ahead; /* soft: the blocker's place in the queue */
};
struct search {
    struct lock_table *table;
    const struct lock_owner *start;
    struct edge path[CYCLE_MAX];
    size_t n;
};

static bool visit(struct search *search, struct lock_wait *wait);

static bool follow(struct search *search, struct lock_wait *wait, struct lock_owner *blocker,
                   struct lock_wait *ahead)
{
    if (lock_same_process(blocker, wait->owner) || search->n == CYCLE_MAX)
        return false;
    search->path[search->n++] = (struct edge){wait, blocker, ahead};
    if (lock_same_process(blocker, search->start))
        return true;
    struct lock_wait *next = wait_of(search->table, blocker);
    if (next && next->owner->visit != search->table->visit && visit(search, next))
        return true;
    search->n--;
    return false;
}

static bool visit(struct search *search, struct lock_wait *wait)
{
    struct lock_entry *entry = wait->entry;
    uint32_t conflicts = lock_conflicts(&entry->tag, wait->mode);
    wait->owner->visit = search->table->visit;
    if (wait->granted)
        return false;
    for (struct lock_grant *grant = &entry->grant; grant; grant = grant->next)
        if (grant->owner && (grant->modes & conflicts) && follow(search, wait, grant->owner, NULL))
            return true;
    for (struct lock_wait *ahead = entry->queue; ahead && ahead != wait; ahead = ahead->next)
        if ((BIT(ahead->mode) & conflicts) && follow(search, wait, ahead->owner, ahead))
            return true;
    return false;
}

static bool jump_queue(const struct search *search)
{
    for (size_t k = 0; k < search->n; k++) {
        const struct edge *edge = &search->path[k];
        if (!edge->ahead)
            continue;
        struct lock_wait *wait = edge->wait, **at = &wait->entry->queue;
        while (*at != wait)
            at = &(*at)->next;
        *at = wait->next;
        at = &wait->entry->queue;
        while (*at != edge->ahead)
            at = &(*at)->next;
        wait->next = *at;
        *at = wait;
        lock_grant_waiters(wait->entry);
        return true;
    }
    return false;
}

static uint64_t xid_of(struct lock_table *table, const struct lock_owner *owner)
{
    if (!owner->xid)
        return 0;
    uint64_t xid = atomic_load(owner->xid);
    if (xid)
        return xid;
    uint64_t fresh = table->next_xid(table->arg);
    return atomic_compare_exchange_strong(owner->xid, &xid, fresh) ? fresh : xid;
}

static void describe(struct lock_table *table, const struct edge *edge, struct buf *out)
{
    const struct lock_tag *tag = &edge->wait->entry->tag;
    if (out->n)
        buf_putc(out, '\n');
    buf_printf(out, "Process %d waits for ", edge->wait->owner->pid);
    switch ((enum lock_kind)tag->kind) {
    case LOCK_ROW:
    case LOCK_KEY:
        buf_printf(out, "ShareLock on transaction %llu",
                   (unsigned long long)xid_of(table, edge->blocker));
        break;
    case LOCK_TABLE:
        buf_printf(out, "%s on relation %u of database %u", lock_mode_name(tag, edge->wait->mode),
                   tag->object, tag->database);
        break;
    case LOCK_ADVISORY:
        buf_printf(out, "%s on advisory lock [%u,%u,%u,%u]", lock_mode_name(tag, edge->wait->mode),
                   tag->database, (uint32_t)(tag->id >> 32), (uint32_t)tag->id, tag->object);
        break;
    case LOCK_DDL:
        buf_printf(out, "%s on object 0 of class 1259 of database %u",
                   lock_mode_name(tag, edge->wait->mode), tag->database);
        break;
    }
    buf_printf(out, "; blocked by process %d.", edge->blocker->pid);
}

static bool deadlock_err(const struct search *search, struct err *err)
{
    struct buf detail = {0};
    for (size_t k = 0; k < search->n; k++)
        describe(search->table, &search->path[k], &detail);
    err_set(err, ERR_T_R_DEADLOCK_DETECTED, "deadlock detected");
    err_detail(err, "%s", buf_cstr(&detail));
    err_hint(err, "See server log for query details.");
    buf_free(&detail);
    return true;
}

bool lock_deadlocked(struct lock_table *table, struct lock_wait *wait, struct err *err)
{
    struct search *search = malloc(sizeof(*search));
    ASSERT(search != NULL);
    search->table = table;
    search->start = wait->owner;
    bool deadlocked = false;
    for (int jumps = 0;; jumps++) {
        table->visit++;
        search->n = 0;
        if (!visit(search, wait))
            break;
        if (jumps == QUEUE_JUMPS_MAX || !jump_queue(search)) {
            deadlocked = deadlock_err(search, err);
            break;
        }
    }
    free(search);
    return deadlocked;
}

/* ---- views ---- */

static void see_modes(const struct lock_entry *entry, const struct lock_grant *grant,
                      void (*see)(void *arg, const struct lock_sight *sight), void *arg)
{
    for (int mode = 1; mode <= 8; mode++)
        if (grant->owner && (grant->modes & BIT(mode))) {
            struct lock_sight sight = {entry->tag, grant->owner, mode, true};
            see(arg, &sight);
        }
}

static void see_fast(struct lock_owner *owner,
                     void (*see)(void *arg, const struct lock_sight *sight), void *arg)
{
    pthread_mutex_lock(&owner->fast_mutex);
    for (uint32_t k = 0; k < owner->n_fast; k++)
        for (int mode = 1; mode <= 3; mode++)
            if (!owner->fast[k].entry && (owner->fast[k].modes & BIT(mode))) {
                struct lock_sight sight = {{.database = owner->fast[k].database,
                                            .object = owner->fast[k].relation,
                                            .kind = LOCK_TABLE},
                                           owner,
                                           mode,
                                           true};
                see(arg, &sight);
            }
    pthread_mutex_unlock(&owner->fast_mutex);
}

void lock_table_walk(struct lock_table *table,
                     void (*see)(void *arg, const struct lock_sight *sight), void *arg)
{
    lock_all_partitions(table);
    for (struct lock_owner *owner = table->owners; owner; owner = owner->next)
        see_fast(owner, see, arg);
    for (size_t p = 0; p < LOCK_PARTITIONS; p++)
        for (size_t k = 0; k < table->partitions[p].n_buckets; k++)
            for (const struct lock_entry *entry = table->partitions[p].buckets[k]; entry;
                 entry = entry->chain) {
                for (const struct lock_grant *grant = &entry->grant; grant; grant = grant->next)
                    see_modes(entry, grant, see, arg);
                for (const struct lock_wait *wait = entry->queue; wait; wait = wait->next) {
                    struct lock_sight sight = {entry->tag, wait->owner, wait->mode, false};
                    see(arg, &sight);
                }
            }
    lock_no_partition(table);
}

struct pids {
    struct arena *arena;
    VEC(int32_t) list;
};

static void add_pid(struct pids *pids, int32_t pid)
{
    for (size_t k = 0; k < pids->list.n; k++)
        if (pids->list.items[k] == pid)
            return;
    VEC_PUSH(pids->arena, &pids->list, pid);
}

size_t lock_table_blockers(struct lock_table *table, int32_t pid, struct arena *arena,
                           int32_t **out)
{
    struct pids pids = {.arena = arena};
    lock_all_partitions(table);
    for (const struct lock_owner *owner = table->owners; owner; owner = owner->next) {
        const struct lock_wait *wait = owner->wait;
        if (owner->pid != pid || !wait || wait->granted)
            continue;
        uint32_t conflicts = lock_conflicts(&wait->entry->tag, wait->mode);
        for (const struct lock_grant *grant = &wait->entry->grant; grant; grant = grant->next)
            if (grant->owner && (grant->modes & conflicts) &&
                !lock_same_process(grant->owner, owner))
                add_pid(&pids, grant->owner->pid);
        for (const struct lock_wait *ahead = wait->entry->queue; ahead && ahead != wait;
             ahead = ahead->next)
            if (BIT(ahead->mode) & conflicts)
                add_pid(&pids, ahead->owner->pid);
    }
    lock_no_partition(table);
    *out = pids.list.items;
    return pids.list.n;
}
