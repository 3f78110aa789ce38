/* advisory.c - advisory locks, and what the lock table looks like from outside.
 *
 * Session-level locks belong to an owner per session (pid) and are counted; transaction-level ones to the transaction.  The two
 * never stand in each other's way, being of one process. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

struct session_lock {
    struct lock_tag tag;
    int mode;
    uint32_t count;
};

struct session_owner {
    struct lock_owner locks;
    struct session_lock *list;
    size_t n, cap;
};

static struct session_owner *session_of(struct txn_manager *manager, int32_t pid, bool make)
{
    pthread_mutex_lock(&manager->mutex);
    struct session_owner *session = imap_get(manager->sessions, (uint32_t)pid);
    if (!session && make) {
        session = calloc(1, sizeof(*session));
        ASSERT(session != NULL);
        lock_owner_init(&session->locks, manager->locks, NULL);
        session->locks.pid = pid;
        imap_put(manager->sessions, (uint32_t)pid, session);
    }
    pthread_mutex_unlock(&manager->mutex);
    return session;
}

static void session_free(struct session_owner *session)
{
    lock_release(&session->locks, 0);
    lock_owner_destroy(&session->locks);
    free(session->list);
    free(session);
}

void sessions_free(struct txn_manager *manager)
{
    size_t at = 0;
    uint64_t pid;
    void *session;
    while (imap_next(manager->sessions, &at, &pid, &session))
        session_free(session);
}

static struct session_lock *find_lock(struct session_owner *session, const struct lock_tag *tag,
                                      int mode)
{
    for (size_t k = 0; k < session->n; k++)
        if (session->list[k].mode == mode && memcmp(&session->list[k].tag, tag, sizeof(*tag)) == 0)
            return &session->list[k];
    return NULL;
}

static void count_lock(struct session_owner *session, const struct lock_tag *tag, int mode)
{
    struct session_lock *lock = find_lock(session, tag, mode);
    if (lock) {
        lock->count++;
        return;
    }
    if (session->n == session->cap) {
        session->cap = MAX((size_t)8, session->cap * 2);
        session->list = realloc(session->list, session->cap * sizeof(*session->list));
        ASSERT(session->list != NULL);
    }
    session->list[session->n++] = (struct session_lock){*tag, mode, 1};
}

static struct lock_tag advisory_tag(uint32_t database_oid, uint64_t key, uint32_t class)
{
    return (struct lock_tag){
        .id = key, .database = database_oid, .object = class, .kind = LOCK_ADVISORY};
}

bool advisory_lock(struct txn_manager *manager, int32_t session_pid, struct txn *txn, uint64_t key1,
                   uint32_t key2_class, bool shared, bool transaction_level, bool try_only,
                   bool *got, struct err *err)
{
    struct session_owner *session =
        transaction_level ? NULL : session_of(manager, session_pid, true);
    int mode = shared ? LOCK_SHARE : LOCK_EXCLUSIVE;
    struct lock_tag tag = advisory_tag(txn->database->oid, key1, key2_class);
    struct lock_request request =
        txn_lock_request(txn, tag, mode, try_only ? WAIT_SKIP : WAIT_BLOCK);
    *got = true;
    switch (lock_acquire(session ? &session->locks : &txn->locks, &request, NULL, err)) {
    case LOCK_GRANTED:
    case LOCK_WAITED:
        if (session)
            count_lock(session, &tag, mode);
        return true;
    case LOCK_BUSY:
        *got = false;
        return true;
    case LOCK_FAILED:
        break;
    }
    *got = false;
    return false;
}

bool advisory_unlock(struct txn_manager *manager, int32_t session_pid, uint64_t key1,
                     uint32_t key2_class, bool shared)
{
    struct session_owner *session = session_of(manager, session_pid, false);
    int mode = shared ? LOCK_SHARE : LOCK_EXCLUSIVE;
    struct session_lock *lock = NULL;
    /* A session is in one database, so its keys need not name it. */
    for (size_t k = 0; session && !lock && k < session->n; k++)
        if (session->list[k].tag.id == key1 && session->list[k].tag.object == key2_class &&
            session->list[k].mode == mode)
            lock = &session->list[k];
    if (!lock)
        return false;
    if (--lock->count > 0)
        return true;
    struct lock_tag tag = lock->tag;
    *lock = session->list[--session->n];
    return lock_release_one(&session->locks, &tag, mode);
}

void advisory_unlock_all(struct txn_manager *manager, int32_t session_pid)
{
    pthread_mutex_lock(&manager->mutex);
    struct session_owner *session = imap_remove(manager->sessions, (uint32_t)session_pid);
    pthread_mutex_unlock(&manager->mutex);
    if (session)
        session_free(session);
}

/* ---- views ---- */

struct view {
    struct arena *arena;
    VEC(struct lock_view) list;
};

/* Row and key locks are not in PostgreSQL's view; who waits for one is shown waiting for the transaction that has it. */
static void see_lock(void *arg, const struct lock_sight *sight)
{
    struct view *view = arg;
    const struct lock_tag *tag = &sight->tag;
    struct lock_view row = {.database_oid = tag->database,
                            .pid = sight->owner->pid,
                            .mode = lock_mode_name(tag, sight->mode),
                            .granted = sight->granted};
    switch ((enum lock_kind)tag->kind) {
    case LOCK_ROW:
    case LOCK_KEY:
        if (sight->granted)
            return;
        row.type = "transactionid";
        row.mode = "ShareLock";
        row.database_oid = 0;
        break;
    case LOCK_TABLE:
        row.type = "relation";
        row.relation_oid = tag->object;
        break;
    case LOCK_ADVISORY:
        row.type = "advisory";
        row.relation_oid = tag->object; /* the class */
        row.object = tag->id;
        break;
    case LOCK_DDL:
        row.type = "object";
        break;
    }
    VEC_PUSH(view->arena, &view->list, row);
}

size_t lock_table_view(struct txn_manager *manager, struct arena *arena, struct lock_view **list)
{
    struct view view = {.arena = arena};
    lock_table_walk(manager->locks, see_lock, &view);
    for (const struct txn *txn = atomic_load(&manager->all_txns); txn; txn = txn->all_next) {
        uint64_t xid = atomic_load(&txn->xid);
        if (txn->locks.pid) {
            struct lock_view own = {.type = "virtualxid",
                                    .object = (uint64_t)(uint32_t)txn->locks.pid,
                                    .pid = txn->locks.pid,
                                    .mode = "ExclusiveLock",
                                    .granted = true};
            VEC_PUSH(arena, &view.list, own);
        }
        if (!xid)
            continue;
        struct lock_view row = {.type = "transactionid",
                                .object = xid,
                                .pid = txn->locks.pid,
                                .mode = "ExclusiveLock",
                                .granted = true};
        VEC_PUSH(arena, &view.list, row);
    }
    *list = view.list.items;
    return view.list.n;
}

size_t lock_blocking_pids(struct txn_manager *manager, int32_t pid, struct arena *arena,
                          int32_t **pids)
{
    return lock_table_blockers(manager->locks, pid, arena, pids);
}
