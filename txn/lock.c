/* lock.c - taking and giving back locks.
 *
 * The table is split into partitions, each a hash of entries under one mutex; an entry has its holders (grants) and a queue.
 * A request is granted when it conflicts with no other process's grant and with nobody in the queue (or when its owner
 * holds a lock on the entry already: it must not wait behind those who wait for it).  Otherwise it queues; whoever makes room
 * grants in queue order and wakes.  After deadlock_timeout the waiter looks for a cycle itself (lock_wait.c).
 *
 * Weak table locks live in their owner (fast[]) as long as nobody asks for a strong lock on a relation of the same hash; who does
 * raises strong[] first, then moves every owner's weak locks on that relation into the main table.  An owner reads strong[]
 * under its fast_mutex, and the mover takes that mutex, so either the owner sees the count or the mover sees the lock.
 *
 * An owner uses one way or the other for a relation, never both: its first visit to the main table moves what it holds
 * there and leaves a slot in fast[] that says so, until it has released everything.
 *
 * Invariants: (1) an entry is in its partition while it has grants, waiters, or a stamp that a snapshot may need;
 * (2) owner->held is touched by the owner's thread only: a grant given by another thread is entered by the waiter on waking. */
#include "txn/lock_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/map.h"

#define BIT(mode) (1u << (mode))
#define FREE_ENTRIES_MAX 256
#define RETAINED_SWEEP 64

static const uint16_t row_conflicts[] = {
    [ROW_KEY_SHARE] = BIT(ROW_UPDATE),
    [ROW_SHARE] = BIT(ROW_NO_KEY_UPDATE) | BIT(ROW_UPDATE),
    [ROW_NO_KEY_UPDATE] = BIT(ROW_SHARE) | BIT(ROW_NO_KEY_UPDATE) | BIT(ROW_UPDATE),
    [ROW_UPDATE] = BIT(ROW_KEY_SHARE) | BIT(ROW_SHARE) | BIT(ROW_NO_KEY_UPDATE) | BIT(ROW_UPDATE),
};
/* PostgreSQL manual, "Table-Level Locks". */
static const uint16_t table_conflicts[] = {
    [1] = BIT(8),
    [2] = BIT(7) | BIT(8),
    [3] = BIT(5) | BIT(6) | BIT(7) | BIT(8),
    [4] = BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8),
    [5] = BIT(3) | BIT(4) | BIT(6) | BIT(7) | BIT(8),
    [6] = BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8),
    [7] = BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8),
    [8] = BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8),
};

uint32_t lock_conflicts(const struct lock_tag *tag, int mode)
{
    return tag->kind == LOCK_ROW ? row_conflicts[mode] : table_conflicts[mode];
}

static void *checked(void *p)
{
    ASSERT(p != NULL);
    return p;
}

/* ---- entries ---- */

static uint64_t tag_hash(const struct lock_tag *tag)
{
    return hash_u64(tag->id + ((uint64_t)tag->object << 32) + tag->shard * 0x9e3779b97f4a7c15ULL +
                    ((uint64_t)tag->database << 8) + tag->kind);
}

static bool tag_equal(const struct lock_tag *a, const struct lock_tag *b)
{
    return a->id == b->id && a->object == b->object && a->shard == b->shard &&
           a->database == b->database && a->kind == b->kind;
}

static struct lock_partition *partition_of(struct lock_table *table, uint64_t hash)
{
    return &table->partitions[hash >> (64 - LOCK_PARTITIONS_LOG2)];
}

static struct lock_entry *entry_find(const struct lock_partition *partition,
                                     const struct lock_tag *tag, uint64_t hash)
{
    struct lock_entry *entry = partition->buckets[hash & (partition->n_buckets - 1)];
    while (entry && !tag_equal(&entry->tag, tag))
        entry = entry->chain;
    return entry;
}

static void buckets_grow(struct lock_partition *partition)
{
    size_t n = partition->n_buckets * 2;
    struct lock_entry **buckets = checked(calloc(n, sizeof(struct lock_entry *)));
    for (size_t k = 0; k < partition->n_buckets; k++) {
        struct lock_entry *next;
        for (struct lock_entry *entry = partition->buckets[k]; entry; entry = next) {
            next = entry->chain;
            struct lock_entry **bucket = &buckets[tag_hash(&entry->tag) & (n - 1)];
            entry->chain = *bucket;
            *bucket = entry;
        }
    }
    free(partition->buckets);
    partition->buckets = buckets;
    partition->n_buckets = n;
}

static struct lock_entry *entry_make(struct lock_partition *partition, const struct lock_tag *tag,
                                     uint64_t hash)
{
    if (partition->n_entries >= partition->n_buckets)
        buckets_grow(partition);
    struct lock_entry *entry = partition->free_entries;
    if (entry) {
        partition->free_entries = entry->chain;
        partition->n_free--;
        memset(entry, 0, sizeof(*entry));
    } else {
        entry = checked(calloc(1, sizeof(*entry)));
    }
    entry->tag = *tag;
    struct lock_entry **bucket = &partition->buckets[hash & (partition->n_buckets - 1)];
    entry->chain = *bucket;
    *bucket = entry;
    partition->n_entries++;
    return entry;
}

static void entry_drop(struct lock_partition *partition, struct lock_entry *entry)
{
    struct lock_entry **at =
        &partition->buckets[tag_hash(&entry->tag) & (partition->n_buckets - 1)];
    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    partition->n_entries--;
    if (partition->n_free >= FREE_ENTRIES_MAX) {
        free(entry);
        return;
    }
    entry->chain = partition->free_entries;
    partition->free_entries = entry;
    partition->n_free++;
}

static bool entry_in_use(const struct lock_entry *entry)
{
    return entry->grant.owner || entry->grant.next || entry->queue;
}

static void retain(struct lock_partition *partition, struct lock_entry *entry)
{
    entry->retained = true;
    entry->retained_next = NULL;
    if (partition->retained_last)
        partition->retained_last->retained_next = entry;
    else
        partition->retained_first = entry;
    partition->retained_last = entry;
    partition->n_retained++;
}

/* Lets go of retained entries that no snapshot can need any more. */
static void sweep(struct lock_table *table, struct lock_partition *partition)
{
    uint64_t oldest = table->oldest(table->arg);
    for (uint32_t n = partition->n_retained; n > 0; n--) {
        struct lock_entry *entry = partition->retained_first;
        if (!entry_in_use(entry) && atomic_load(&entry->changed) > oldest)
            return; /* the list is nearly in the order of stamps: the rest is newer */
        partition->retained_first = entry->retained_next;
        if (!entry->retained_next)
            partition->retained_last = NULL;
        partition->n_retained--;
        entry->retained = false;
        if (!entry_in_use(entry))
            entry_drop(partition, entry);
    }
}

/* After a grant or a waiter has gone. */
static void entry_settle(struct lock_table *table, struct lock_partition *partition,
                         struct lock_entry *entry)
{
    if (entry_in_use(entry) || entry->retained)
        return;
    if (atomic_load_explicit(&entry->changed, memory_order_relaxed) == 0) {
        entry_drop(partition, entry);
        return;
    }
    retain(partition, entry);
    if (++partition->n_releases % RETAINED_SWEEP == 0)
        sweep(table, partition);
}

/* ---- grants ---- */

static struct lock_grant *grant_find(struct lock_entry *entry, const struct lock_owner *owner)
{
    for (struct lock_grant *grant = &entry->grant; grant; grant = grant->next)
        if (grant->owner == owner)
            return grant;
    return NULL;
}

/* Adds modes to the owner's grant and returns what it had before. */
static uint32_t grant_add(struct lock_entry *entry, struct lock_owner *owner, uint32_t modes)
{
    struct lock_grant *grant = grant_find(entry, owner);
    if (!grant && !entry->grant.owner) {
        grant = &entry->grant;
        grant->owner = owner;
        grant->modes = 0;
    } else if (!grant) {
        grant = checked(calloc(1, sizeof(*grant)));
        grant->owner = owner;
        grant->next = entry->grant.next;
        entry->grant.next = grant;
    }
    uint32_t before = grant->modes;
    grant->modes |= modes;
    return before;
}

static void grant_set(struct lock_entry *entry, const struct lock_owner *owner, uint32_t modes)
{
    struct lock_grant *grant = grant_find(entry, owner);
    ASSERT(grant != NULL);
    grant->modes = modes;
    if (modes)
        return;
    grant->owner = NULL;
    if (grant == &entry->grant)
        return;
    struct lock_grant **at = &entry->grant.next;
    while (*at != grant)
        at = &(*at)->next;
    *at = grant->next;
    free(grant);
}

static bool conflicts_with_grants(const struct lock_entry *entry, const struct lock_owner *owner,
                                  int mode)
{
    uint32_t conflicts = lock_conflicts(&entry->tag, mode);
    for (const struct lock_grant *grant = &entry->grant; grant; grant = grant->next)
        if (grant->owner && (grant->modes & conflicts) && !lock_same_process(grant->owner, owner))
            return true;
    return false;
}

static bool conflicts_with_queue(const struct lock_entry *entry, const struct lock_owner *owner,
                                 int mode)
{
    uint32_t conflicts = lock_conflicts(&entry->tag, mode);
    for (const struct lock_wait *wait = entry->queue; wait; wait = wait->next)
        if ((conflicts & BIT(wait->mode)) && !lock_same_process(wait->owner, owner))
            return true;
    return false;
}

void lock_grant_waiters(struct lock_entry *entry)
{
    struct lock_wait **at = &entry->queue;
    uint32_t ahead = 0; /* modes of those who still wait in front */
    while (*at) {
        struct lock_wait *wait = *at;
        if ((lock_conflicts(&entry->tag, wait->mode) & ahead) ||
            conflicts_with_grants(entry, wait->owner, wait->mode)) {
            ahead |= BIT(wait->mode);
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        wait->modes_before = grant_add(entry, wait->owner, BIT(wait->mode));
        wait->granted = true;
        waiter_wake(&wait->waiter);
    }
}

/* ---- what an owner holds ---- */

static void held_push(struct lock_owner *owner, struct lock_entry *entry, uint32_t modes_before,
                      uint32_t fast_index)
{
    if (owner->n_held == owner->cap_held) {
        owner->cap_held = owner->cap_held ? owner->cap_held * 2 : 16;
        owner->held = checked(realloc(owner->held, owner->cap_held * sizeof(*owner->held)));
    }
    owner->held[owner->n_held++] =
        (struct lock_held){entry, (uint16_t)modes_before, (uint16_t)fast_index};
}

/* Does holding `held` make asking for `mode` pointless?  For rows the modes are a ladder. */
static bool covered(const struct lock_tag *tag, uint32_t held, int mode)
{
    return tag->kind == LOCK_ROW ? (held >> mode) != 0 : (held & BIT(mode)) != 0;
}

/* ---- weak table locks ---- */

static _Atomic uint32_t *strong_slot(struct lock_table *table, uint32_t database, uint32_t relation)
{
    return &table->strong[hash_u64((uint64_t)database << 32 | relation) % LOCK_STRONG_SLOTS];
}

static bool is_weak(const struct lock_request *request)
{
    return request->tag.kind == LOCK_TABLE && request->mode <= 3;
}

static bool is_strong(const struct lock_tag *tag, int mode)
{
    return tag->kind == LOCK_TABLE && mode >= 5; /* 4 does not conflict with the weak ones */
}

/* NULL when the owner has no slot for the relation and, with `make`, no room for one.  fast_mutex held. */
static struct lock_fast *fast_slot(struct lock_owner *owner, const struct lock_tag *tag, bool make)
{
    for (uint32_t k = 0; k < owner->n_fast; k++)
        if (owner->fast[k].relation == tag->object && owner->fast[k].database == tag->database)
            return &owner->fast[k];
    if (!make || owner->n_fast == LOCK_FAST_MAX)
        return NULL;
    struct lock_fast *fast = &owner->fast[owner->n_fast++];
    *fast = (struct lock_fast){.database = tag->database, .relation = tag->object};
    return fast;
}

/* True when the lock is held through fast[] on return. */
static bool fast_acquire(struct lock_owner *owner, const struct lock_request *request)
{
    const struct lock_tag *tag = &request->tag;
    bool done = false;
    pthread_mutex_lock(&owner->fast_mutex);
    struct lock_fast *fast = fast_slot(owner, tag, true);
    if (fast && !fast->entry) {
        done = (fast->modes & BIT(request->mode)) != 0;
        if (!done && atomic_load(strong_slot(owner->table, tag->database, tag->object)) == 0) {
            held_push(owner, NULL, fast->modes, (uint32_t)(fast - owner->fast));
            fast->modes |= (uint16_t)BIT(request->mode);
            done = true;
        }
    }
    pthread_mutex_unlock(&owner->fast_mutex);
    return done;
}

/* Partition held.  The slot's entry stays a valid pointer while the owner holds moved modes, and only then is it used. */
static void fast_move_one(struct lock_owner *owner, struct lock_entry *entry, bool make)
{
    pthread_mutex_lock(&owner->fast_mutex);
    struct lock_fast *fast = fast_slot(owner, &entry->tag, make);
    if (fast && !fast->entry) {
        if (fast->modes)
            grant_add(entry, owner, fast->modes);
        if (fast->modes || make)
            fast->entry = entry;
    }
    pthread_mutex_unlock(&owner->fast_mutex);
}

/* Moves everybody's weak locks on the relation into the main table, where the caller will meet them. */
static void fast_move(struct lock_table *table, const struct lock_tag *tag)
{
    uint64_t hash = tag_hash(tag);
    struct lock_partition *partition = partition_of(table, hash);
    pthread_mutex_lock(&table->owners_mutex);
    pthread_mutex_lock(&partition->mutex);
    struct lock_entry *entry = entry_find(partition, tag, hash);
    if (!entry)
        entry = entry_make(partition, tag, hash);
    for (struct lock_owner *owner = table->owners; owner; owner = owner->next)
        fast_move_one(owner, entry, false);
    entry_settle(table, partition, entry);
    pthread_mutex_unlock(&partition->mutex);
    pthread_mutex_unlock(&table->owners_mutex);
}

/* ---- acquiring ---- */

/* An owner that holds a lock here goes in front of those who wait for it; else last. */
static void enqueue(struct lock_entry *entry, struct lock_wait *wait, uint32_t own_modes)
{
    struct lock_wait **at = &entry->queue;
    while (*at && !(own_modes & lock_conflicts(&entry->tag, (*at)->mode)))
        at = &(*at)->next;
    wait->next = *at;
    *at = wait;
}

static void dequeue(struct lock_wait *wait)
{
    struct lock_wait **at = &wait->entry->queue;
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
}

enum wait_outcome { OUTCOME_GRANTED, OUTCOME_GIVE_UP, OUTCOME_GO_ON };

/* Called without the partition's mutex after each wake-up. */
static enum wait_outcome wait_step(struct lock_table *table, struct lock_partition *partition,
                                   struct lock_wait *wait, enum waiter_end end,
                                   int64_t *deadlock_at, int64_t timeout_at, struct err *err)
{
    enum wait_outcome outcome = OUTCOME_GO_ON;
    int64_t now = clock_monotonic_us();
    bool look = *deadlock_at && now >= *deadlock_at;
    if (look) {
        *deadlock_at = 0;
        lock_all_partitions(table);
    } else {
        pthread_mutex_lock(&partition->mutex);
    }
    if (wait->granted)
        outcome = OUTCOME_GRANTED;
    else if (end == WAITER_INTERRUPTED && !fiber_check_interrupt(err))
        outcome = OUTCOME_GIVE_UP;
    else if (look && lock_deadlocked(table, wait, err))
        outcome = OUTCOME_GIVE_UP;
    else if (timeout_at && now >= timeout_at) {
        err_set(err, ERR_LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout");
        outcome = OUTCOME_GIVE_UP;
    }
    if (wait->granted) /* perhaps by the search, which may have reordered the queue */
        outcome = OUTCOME_GRANTED;
    if (outcome != OUTCOME_GO_ON)
        wait->owner->wait = NULL;
    if (outcome == OUTCOME_GIVE_UP) {
        dequeue(wait);
        lock_grant_waiters(wait->entry);
        entry_settle(table, partition, wait->entry);
    }
    if (look)
        lock_no_partition(table);
    else
        pthread_mutex_unlock(&partition->mutex);
    return outcome;
}

/* `wait` is queued.  True when granted. */
static bool wait_for(struct lock_table *table, struct lock_partition *partition,
                     struct lock_wait *wait, const struct lock_request *request, struct err *err)
{
    int64_t now = clock_monotonic_us();
    int64_t deadlock_at = now + MAX(request->deadlock_timeout_us, 0);
    int64_t timeout_at = request->lock_timeout_us > 0 ? now + request->lock_timeout_us : 0;
    enum waiter_end end = WAITER_TIMEOUT;
    for (;;) {
        int64_t until =
            timeout_at && (!deadlock_at || timeout_at < deadlock_at) ? timeout_at : deadlock_at;
        if (!(deadlock_at && clock_monotonic_us() >= deadlock_at))
            end = waiter_sleep(&wait->waiter, until, true);
        switch (wait_step(table, partition, wait, end, &deadlock_at, timeout_at, err)) {
        case OUTCOME_GRANTED:
            return true;
        case OUTCOME_GIVE_UP:
            return false;
        case OUTCOME_GO_ON:
            break;
        }
    }
}

static enum lock_result acquire_main(struct lock_owner *owner, const struct lock_request *request,
                                     struct lock_entry **out, struct err *err)
{
    struct lock_table *table = owner->table;
    uint64_t hash = tag_hash(&request->tag);
    struct lock_partition *partition = partition_of(table, hash);
    pthread_mutex_lock(&partition->mutex);
    struct lock_entry *entry = entry_find(partition, &request->tag, hash);
    if (!entry)
        entry = entry_make(partition, &request->tag, hash);
    if (request->tag.kind == LOCK_TABLE)
        fast_move_one(owner, entry, true);
    struct lock_grant *own = grant_find(entry, owner);
    uint32_t own_modes = own && own->owner ? own->modes : 0;
    *out = entry;
    if (covered(&request->tag, own_modes, request->mode)) {
        pthread_mutex_unlock(&partition->mutex);
        return LOCK_GRANTED;
    }
    if (!conflicts_with_grants(entry, owner, request->mode) &&
        (own_modes || !conflicts_with_queue(entry, owner, request->mode))) {
        uint32_t before = grant_add(entry, owner, BIT(request->mode));
        pthread_mutex_unlock(&partition->mutex);
        held_push(owner, entry, before, 0);
        return LOCK_GRANTED;
    }
    if (request->policy != WAIT_BLOCK) {
        entry_settle(table, partition, entry);
        pthread_mutex_unlock(&partition->mutex);
        return LOCK_BUSY;
    }
    struct lock_wait wait = {.owner = owner, .entry = entry, .mode = request->mode};
    waiter_init(&wait.waiter);
    enqueue(entry, &wait, own_modes);
    owner->wait = &wait;
    pthread_mutex_unlock(&partition->mutex);
    if (!wait_for(table, partition, &wait, request, err))
        return LOCK_FAILED;
    held_push(owner, entry, wait.modes_before, 0);
    return LOCK_WAITED;
}

enum lock_result lock_acquire(struct lock_owner *owner, const struct lock_request *request,
                              struct lock_entry **entry, struct err *err)
{
    struct lock_entry *scratch;
    if (is_weak(request) && fast_acquire(owner, request))
        return LOCK_GRANTED;
    if (!is_strong(&request->tag, request->mode))
        return acquire_main(owner, request, entry ? entry : &scratch, err);
    _Atomic uint32_t *strong =
        strong_slot(owner->table, request->tag.database, request->tag.object);
    size_t n_held = owner->n_held;
    atomic_fetch_add(strong, 1);
    fast_move(owner->table, &request->tag);
    enum lock_result result = acquire_main(owner, request, entry ? entry : &scratch, err);
    if (owner->n_held == n_held) /* refused, or held before */
        atomic_fetch_sub(strong, 1);
    return result;
}

/* ---- releasing ---- */

static void give_back(struct lock_owner *owner, struct lock_entry *entry, uint32_t modes)
{
    struct lock_table *table = owner->table;
    struct lock_partition *partition = partition_of(table, tag_hash(&entry->tag));
    pthread_mutex_lock(&partition->mutex);
    struct lock_grant *grant = grant_find(entry, owner);
    ASSERT(grant != NULL);
    uint32_t gone = grant->modes & ~modes;
    grant_set(entry, owner, modes);
    if (entry->queue)
        lock_grant_waiters(entry);
    if (entry->tag.kind == LOCK_TABLE && gone >= BIT(5))
        atomic_fetch_sub(strong_slot(table, entry->tag.database, entry->tag.object), 1);
    entry_settle(table, partition, entry);
    pthread_mutex_unlock(&partition->mutex);
}

static void give_back_fast(struct lock_owner *owner, const struct lock_held *held)
{
    pthread_mutex_lock(&owner->fast_mutex);
    struct lock_fast *fast = &owner->fast[held->fast_index];
    struct lock_entry *entry = fast->entry;
    fast->modes = held->modes_before;
    pthread_mutex_unlock(&owner->fast_mutex);
    if (entry)
        give_back(owner, entry, held->modes_before);
}

void lock_release(struct lock_owner *owner, size_t n_kept)
{
    while (owner->n_held > n_kept) {
        const struct lock_held *held = &owner->held[owner->n_held - 1];
        if (held->entry)
            give_back(owner, held->entry, held->modes_before);
        else
            give_back_fast(owner, held);
        owner->n_held--;
    }
    if (owner->n_held == 0 && owner->n_fast) {
        pthread_mutex_lock(&owner->fast_mutex);
        owner->n_fast = 0;
        pthread_mutex_unlock(&owner->fast_mutex);
    }
    if (owner->n_held == 0 && owner->cap_held > 4096) {
        free(owner->held);
        owner->held = NULL;
        owner->cap_held = 0;
    }
}

bool lock_release_one(struct lock_owner *owner, const struct lock_tag *tag, int mode)
{
    for (size_t k = owner->n_held; k-- > 0;) {
        struct lock_held *held = &owner->held[k];
        if (!held->entry || !tag_equal(&held->entry->tag, tag))
            continue;
        uint32_t modes;
        struct lock_entry *entry = lock_entry_held(owner, tag, &modes);
        ASSERT(entry != NULL);
        if (!(modes & BIT(mode)))
            return false;
        /* Later entries of the same tag remember modes that include this one: none of them may bring it back. */
        for (size_t j = 0; j < owner->n_held; j++)
            if (owner->held[j].entry == entry)
                owner->held[j].modes_before &= (uint16_t)~BIT(mode);
        give_back(owner, entry, modes & ~BIT(mode));
        memmove(held, held + 1, (owner->n_held - k - 1) * sizeof(*held));
        owner->n_held--;
        return true;
    }
    return false;
}

/* ---- questions ---- */

struct lock_entry *lock_entry_held(struct lock_owner *owner, const struct lock_tag *tag,
                                   uint32_t *modes)
{
    uint64_t hash = tag_hash(tag);
    struct lock_partition *partition = partition_of(owner->table, hash);
    pthread_mutex_lock(&partition->mutex);
    struct lock_entry *entry = entry_find(partition, tag, hash);
    struct lock_grant *grant = entry ? grant_find(entry, owner) : NULL;
    if (grant && modes)
        *modes = grant->modes;
    pthread_mutex_unlock(&partition->mutex);
    return grant ? entry : NULL;
}

uint32_t lock_modes_held(struct lock_owner *owner, const struct lock_tag *tag)
{
    uint32_t modes = 0;
    lock_entry_held(owner, tag, &modes);
    if (tag->kind != LOCK_TABLE)
        return modes;
    pthread_mutex_lock(&owner->fast_mutex);
    const struct lock_fast *fast = fast_slot(owner, tag, false);
    if (fast)
        modes |= fast->modes;
    pthread_mutex_unlock(&owner->fast_mutex);
    return modes;
}

uint64_t lock_entry_changed(const struct lock_entry *entry, uint64_t *key_changed)
{
    *key_changed = atomic_load(&entry->key_changed);
    return atomic_load(&entry->changed);
}

uint64_t lock_peek_changed(struct lock_table *table, const struct lock_tag *tag)
{
    uint64_t hash = tag_hash(tag);
    struct lock_partition *partition = partition_of(table, hash);
    pthread_mutex_lock(&partition->mutex);
    const struct lock_entry *entry = entry_find(partition, tag, hash);
    uint64_t changed = entry ? atomic_load(&entry->changed) : 0;
    pthread_mutex_unlock(&partition->mutex);
    return changed;
}

void lock_entry_stamp(struct lock_entry *entry, uint64_t seq, bool key_changed)
{
    if (key_changed)
        atomic_store(&entry->key_changed, seq);
    atomic_store(&entry->changed, seq);
}

/* ---- owners and the table ---- */

void lock_owner_init(struct lock_owner *owner, struct lock_table *table, _Atomic uint64_t *xid)
{
    *owner = (struct lock_owner){.table = table, .xid = xid};
    pthread_mutex_init(&owner->fast_mutex, NULL);
    pthread_mutex_lock(&table->owners_mutex);
    owner->next = table->owners;
    if (table->owners)
        table->owners->previous = owner;
    table->owners = owner;
    pthread_mutex_unlock(&table->owners_mutex);
}

void lock_owner_destroy(struct lock_owner *owner)
{
    struct lock_table *table = owner->table;
    ASSERT(owner->n_held == 0);
    pthread_mutex_lock(&table->owners_mutex);
    if (owner->previous)
        owner->previous->next = owner->next;
    else
        table->owners = owner->next;
    if (owner->next)
        owner->next->previous = owner->previous;
    pthread_mutex_unlock(&table->owners_mutex);
    pthread_mutex_destroy(&owner->fast_mutex);
    free(owner->held);
    owner->held = NULL;
}

struct lock_table *lock_table_new(uint64_t (*oldest)(void *arg), uint64_t (*next_xid)(void *arg),
                                  void *arg)
{
    struct lock_table *table = checked(calloc(1, sizeof(*table)));
    table->oldest = oldest;
    table->next_xid = next_xid;
    table->arg = arg;
    pthread_mutex_init(&table->owners_mutex, NULL);
    for (size_t k = 0; k < LOCK_PARTITIONS; k++) {
        struct lock_partition *partition = &table->partitions[k];
        pthread_mutex_init(&partition->mutex, NULL);
        partition->n_buckets = 64;
        partition->buckets = checked(calloc(partition->n_buckets, sizeof(struct lock_entry *)));
    }
    return table;
}

static void partition_free(struct lock_partition *partition)
{
    struct lock_entry *next;
    for (size_t k = 0; k < partition->n_buckets; k++)
        for (struct lock_entry *entry = partition->buckets[k]; entry; entry = next) {
            next = entry->chain;
            struct lock_grant *next_grant;
            for (struct lock_grant *grant = entry->grant.next; grant; grant = next_grant) {
                next_grant = grant->next;
                free(grant);
            }
            free(entry);
        }
    for (struct lock_entry *entry = partition->free_entries; entry; entry = next) {
        next = entry->chain;
        free(entry);
    }
    free(partition->buckets);
    pthread_mutex_destroy(&partition->mutex);
}

void lock_table_free(struct lock_table *table)
{
    if (!table)
        return;
    for (size_t k = 0; k < LOCK_PARTITIONS; k++)
        partition_free(&table->partitions[k]);
    pthread_mutex_destroy(&table->owners_mutex);
    free(table);
}
