/* txn.c - the life of a transaction: begin, statements, savepoints, callbacks, end.
 *
 * Transaction objects are pooled: a session that runs one-statement transactions allocates nothing.  They stay in the manager's list
 * for good, because other threads walk it (the oldest snapshot, everybody's weak table locks).
 *
 * Commands are numbered: a statement sees the changes of earlier ones, never its own; a scan stays with the number it began with,
 * so a cursor does not see later changes.  Statements nest (functions that run queries). */
#include "txn/txn_int.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_XID 700
#define SCRATCH_MAX (256 * 1024)

static uint64_t oldest_of(void *arg)
{
    return txn_oldest_seq(arg);
}

static uint64_t next_xid_of(void *arg)
{
    return atomic_fetch_add(&((struct txn_manager *)arg)->next_xid, 1);
}

static struct catalog *catalog_kept(struct catalog *catalog)
{
    return catalog ? catalog_ref(catalog) : NULL;
}

static void catalog_let_go(struct catalog *catalog)
{
    if (catalog)
        catalog_unref(catalog);
}

/* ---- the manager ---- */

struct txn_manager *txn_manager_new(struct storage *storage)
{
    struct txn_manager *manager = calloc(1, sizeof(*manager));
    ASSERT(manager != NULL);
    manager->storage = storage;
    pthread_mutex_init(&manager->mutex, NULL);
    manager->serial = serial_new();
    manager->locks = lock_table_new(oldest_of, next_xid_of, manager);
    manager->sessions = imap_new();
    manager->temps = imap_new();
    /* Commits are numbered for good, so this never goes back over a restart. */
    atomic_init(&manager->next_xid, FIRST_XID + storage_commit_seq(storage) * 2);
    prepared_load(manager);
    return manager;
}

static void database_free(struct txn_manager *manager, struct database_state *database)
{
    sequence_table_free(database->sequences);
    rid_source_free(database->rids);
    layout_cache_free(database->layouts);
    free(database);
}

void txn_manager_forget_database(struct txn_manager *manager, struct database_files *files)
{
    pthread_mutex_lock(&manager->mutex);
    for (struct database_state **at = &manager->databases; *at; at = &(*at)->next)
        if ((*at)->files == files) {
            struct database_state *database = *at;
            *at = database->next;
            database_free(manager, database);
            break;
        }
    pthread_mutex_unlock(&manager->mutex);
}

static void snapshots_free(struct txn *txn)
{
    struct snapshot *next;
    for (struct snapshot *snapshot = txn->free_snapshots; snapshot; snapshot = next) {
        next = snapshot->next;
        free(snapshot->readers);
        free(snapshot->open);
        free(snapshot);
    }
}

static void txn_free(struct txn *txn)
{
    lock_release(&txn->locks, 0);
    lock_owner_destroy(&txn->locks);
    overlay_clear(&txn->overlay);
    snapshots_free(txn);
    free(txn->latest);
    free(txn->latest_open);
    free(txn->frames.items);
    buf_free(&txn->image);
    buf_free(&txn->key);
    arena_free(txn->scratch);
    arena_free(txn->arena);
    free(txn);
}

void txn_manager_free(struct txn_manager *manager)
{
    if (!manager)
        return;
    for (struct database_state *database = manager->databases; database; database = database->next)
        sequence_table_flush(manager, database);
    prepared_free(manager);
    sessions_free(manager);
    temps_free(manager);
    struct txn *next;
    for (struct txn *txn = atomic_load(&manager->all_txns); txn; txn = next) {
        next = txn->all_next;
        txn_free(txn);
    }
    struct database_state *next_database;
    for (struct database_state *database = manager->databases; database; database = next_database) {
        next_database = database->next;
        database_free(manager, database);
    }
    lock_table_free(manager->locks);
    serial_free(manager->serial);
    imap_free(manager->sessions);
    pthread_mutex_destroy(&manager->mutex);
    free(manager);
}

static struct database_state *database_make(struct txn_manager *manager,
                                            struct database_files *files, uint32_t oid)
{
    struct database_state *database = calloc(1, sizeof(*database));
    ASSERT(database != NULL);
    database->files = files;
    for (const struct database_state *other = manager->databases; !oid && other;
         other = other->next)
        oid = MAX(oid, other->oid + 1);
    database->oid = oid ? oid : 1;
    database->layouts = layout_cache_new();
    database->rids = rid_source_new();
    database->sequences = sequence_table_new();
    database->next = manager->databases;
    manager->databases = database;
    return database;
}

struct database_state *txn_database(struct txn_manager *manager, struct database_files *files,
                                    uint32_t oid)
{
    pthread_mutex_lock(&manager->mutex);
    struct database_state *database = manager->databases;
    while (database && database->files != files)
        database = database->next;
    if (!database)
        database = database_make(manager, files, oid);
    pthread_mutex_unlock(&manager->mutex);
    return database;
}

/* ---- begin and end ---- */

static struct txn *txn_make(struct txn_manager *manager)
{
    struct txn *txn = calloc(1, sizeof(*txn));
    ASSERT(txn != NULL);
    txn->manager = manager;
    txn->arena = arena_new("transaction");
    txn->scratch = arena_new("row operation");
    overlay_init(&txn->overlay);
    atomic_init(&txn->oldest, SEQ_NONE);
    lock_owner_init(&txn->locks, manager->locks, &txn->xid);
    txn->all_next = atomic_load(&manager->all_txns);
    while (!atomic_compare_exchange_weak(&manager->all_txns, &txn->all_next, txn))
        ;
    return txn;
}

struct txn *txn_take(struct txn_manager *manager)
{
    pthread_mutex_lock(&manager->mutex);
    struct txn *txn = manager->free_txns;
    if (txn)
        manager->free_txns = txn->free_next;
    pthread_mutex_unlock(&manager->mutex);
    return txn ? txn : txn_make(manager);
}

struct txn *txn_begin(struct txn_manager *manager, const struct txn_options *options)
{
    struct txn *txn = txn_take(manager);
    if (!txn->database || txn->database->files != options->database)
        txn->database = txn_database(manager, options->database, options->database_oid);
    txn->options = *options;
    txn_use_catalog(txn, options->catalog);
    txn->locks.pid = options->session_pid;
    txn->attachment = NULL;
    txn->in_use = true;
    return txn;
}

void txn_recycle(struct txn *txn)
{
    struct txn_manager *manager = txn->manager;
    txn->database = NULL;
    txn->locks.pid = 0;
    txn->in_use = false;
    atomic_store(&txn->xid, 0);
    txn->command = 0;
    txn->used = false;
    txn_use_catalog(txn, NULL);
    if (txn->image.cap > SCRATCH_MAX)
        buf_free(&txn->image);
    arena_reset(txn->scratch);
    arena_reset(txn->arena);
    memset(&txn->savepoints, 0, sizeof(txn->savepoints));
    memset(&txn->ops, 0, sizeof(txn->ops));
    memset(&txn->callbacks, 0, sizeof(txn->callbacks));
    memset(&txn->stamps, 0, sizeof(txn->stamps));
    memset(&txn->key_stamps, 0, sizeof(txn->key_stamps));
    memset(&txn->touched_shards, 0, sizeof(txn->touched_shards));
    txn->publish = NULL;
    pthread_mutex_lock(&manager->mutex);
    txn->free_next = manager->free_txns;
    manager->free_txns = txn;
    pthread_mutex_unlock(&manager->mutex);
}

static void frame_pop(struct txn *txn)
{
    struct statement_frame *frame = txn_frame(txn);
    snapshot_unref(frame->snapshot);
    catalog_let_go(frame->catalog);
    txn->frames.n--;
    if (txn->frames.n == 0)
        latest_end(txn);
}

void txn_end_statements(struct txn *txn)
{
    while (txn->scans) /* cursors; whoever opened them may still call scan_close() */
        scan_close(txn->scans);
    while (txn->frames.n)
        frame_pop(txn);
    latest_end(txn);
    restart_forget(txn);
    snapshot_unref(txn->moment);
    txn->moment = NULL;
    if (txn->snapshots)
        snapshots_end(txn);
}

/* Everything is decided: lets go of what the transaction has, tells who asked to be told, and frees it. */
void txn_finish(struct txn *txn, bool committed)
{
    uint64_t xid = atomic_load(&txn->xid);
    if (xid)
        atomic_store(&txn->manager->ended_xids[xid % TXN_ENDED_MAX], xid * 2 + committed);
    txn_end_statements(txn);
    for (size_t k = 0; k < txn->savepoints.n; k++)
        catalog_let_go(txn->savepoints.items[k].catalog);
    catalog_let_go(txn->catalog);
    txn->catalog = NULL;
    if (!committed && txn->overlay.n_hooks)
        overlay_undo(&txn->overlay, &(struct overlay_mark){0});
    overlay_clear(&txn->overlay);
    if (txn->sxact && committed)
        serial_commit(txn->sxact, txn->commit_seq ? txn->commit_seq
                                                  : storage_commit_seq(txn->manager->storage));
    else if (txn->sxact)
        serial_abort(txn->sxact);
    txn->sxact = NULL;
    txn->commit_seq = 0;
    lock_release(&txn->locks, 0);
    for (size_t k = txn->callbacks.n; k-- > 0;)
        if (txn->callbacks.items[k].end)
            txn->callbacks.items[k].end(txn->callbacks.items[k].arg, committed);
    txn_recycle(txn);
}

void txn_rollback(struct txn *txn)
{
    txn_finish(txn, false);
}

void txn_on_end(struct txn *txn, void (*fn)(void *arg, bool committed), void *arg)
{
    struct txn_callback callback = {.end = fn, .arg = arg};
    VEC_PUSH(txn->arena, &txn->callbacks, callback);
}

void **txn_attachment(struct txn *txn)
{
    return &txn->attachment;
}

void txn_on_undo(struct txn *txn, void (*fn)(void *arg), void *arg)
{
    overlay_hook(&txn->overlay, fn, arg);
}

void txn_on_commit_check(struct txn *txn, txn_check_fn fn, void *arg)
{
    struct txn_callback callback = {.check = fn, .arg = arg};
    VEC_PUSH(txn->arena, &txn->callbacks, callback);
}

/* Checks may make changes (cascades), and those may queue checks: each runs once, in order. */
bool txn_run_checks(struct txn *txn, struct err *err)
{
    for (size_t k = 0; k < txn->callbacks.n; k++)
        if (txn->callbacks.items[k].check &&
            !txn->callbacks.items[k].check(txn->callbacks.items[k].arg, err))
            return false;
    return true;
}

/* ---- settings and questions ---- */

void txn_set_lock_timeout(struct txn *txn, int64_t lock_timeout_us)
{
    txn->options.lock_timeout_us = lock_timeout_us;
}

bool txn_set_isolation(struct txn *txn, enum isolation isolation, struct err *err)
{
    if (isolation == txn->options.isolation)
        return true;
    if (txn->savepoints.n)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
    if (txn->used)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    txn->options.isolation = isolation;
    return true;
}

bool txn_is_read_only(const struct txn *txn)
{
    return txn->options.read_only;
}

enum isolation txn_isolation(const struct txn *txn)
{
    return txn->options.isolation;
}

uint64_t txn_id(struct txn *txn)
{
    uint64_t xid = atomic_load(&txn->xid);
    if (xid)
        return xid;
    uint64_t fresh = next_xid_of(txn->manager);
    return atomic_compare_exchange_strong(&txn->xid, &xid, fresh) ? fresh : xid;
}

void txn_use_catalog(struct txn *txn, const struct catalog *catalog)
{
    struct catalog *before = txn->seen;
    if (before == catalog)
        return;
    txn->seen = catalog_kept((struct catalog *)(uintptr_t)catalog);
    if (txn->sxact && txn->seen)
        serial_keep_catalog(txn->sxact, txn->seen);
    catalog_let_go(before);
}

bool txn_has_changes(const struct txn *txn)
{
    return txn->overlay.n_log || txn->ops.n || txn->catalog;
}

uint64_t txn_id_if_assigned(struct txn *txn)
{
    return txn_has_changes(txn) ? txn_id(txn) : atomic_load(&txn->xid);
}

static int compare_xids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

size_t txn_ids_in_progress(struct txn_manager *manager, struct arena *arena, uint64_t *xmin,
                           uint64_t *xmax, uint64_t **list)
{
    VEC(uint64_t) xids = {0};
    *xmax = atomic_load(&manager->next_xid);
    for (const struct txn *txn = atomic_load(&manager->all_txns); txn; txn = txn->all_next) {
        uint64_t xid = atomic_load(&txn->xid);
        if (xid && xid < *xmax)
            VEC_PUSH(arena, &xids, xid);
    }
    if (xids.n)
        qsort(xids.items, xids.n, sizeof(*xids.items), compare_xids);
    *xmin = xids.n ? xids.items[0] : *xmax;
    *list = xids.items;
    return xids.n;
}

char txn_id_status(struct txn_manager *manager, uint64_t xid)
{
    if (xid >= atomic_load(&manager->next_xid))
        return 'f';
    for (const struct txn *txn = atomic_load(&manager->all_txns); txn; txn = txn->all_next)
        if (atomic_load(&txn->xid) == xid)
            return 'p';
    uint64_t ended = atomic_load(&manager->ended_xids[xid % TXN_ENDED_MAX]);
    return ended / 2 != xid ? 0 : ended % 2 ? 'c' : 'a';
}

/* ---- statements ---- */

static bool open_moment(struct txn *txn, struct err *err)
{
    uint32_t n = database_n_shards(txn->database->files);
    uint32_t *shards = ARENA_ARRAY(txn->scratch, uint32_t, n);
    for (uint32_t k = 0; k < n; k++)
        shards[k] = k;
    txn->moment = snapshot_new(txn);
    if (txn->options.isolation == ISOLATION_SERIALIZABLE)
        txn->sxact = serial_begin(txn->manager->serial, txn->database->oid, txn->moment->seq);
    if (txn->sxact && txn->seen)
        serial_keep_catalog(txn->sxact, txn->seen);
    if (snapshot_open(txn->moment, shards, n, err)) {
        if (txn->sxact)
            serial_moment(txn->sxact, txn->moment->seq);
        return true;
    }
    snapshot_unref(txn->moment);
    txn->moment = NULL;
    return false;
}

static bool frame_push(struct txn *txn, struct snapshot *snapshot)
{
    if (txn->frames.n == txn->frames.cap) {
        txn->frames.cap = MAX((size_t)4, txn->frames.cap * 2);
        txn->frames.items =
            realloc(txn->frames.items, txn->frames.cap * sizeof(*txn->frames.items));
        ASSERT(txn->frames.items != NULL);
    }
    txn->frames.items[txn->frames.n++] =
        (struct statement_frame){.snapshot = snapshot,
                                 .command = ++txn->command,
                                 .mark = overlay_mark(&txn->overlay),
                                 .n_ops = txn->ops.n,
                                 .catalog = catalog_kept(txn->catalog)};
    return true;
}

bool txn_statement_begin(struct txn *txn, const uint32_t *shards, uint32_t n, struct err *err)
{
    txn->used = true;
    if (txn->command >= COMMAND_MAX - 2)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED,
                       "cannot have more than 2^32-2 commands in a transaction");
    if (txn->options.isolation != ISOLATION_READ_COMMITTED) {
        if (!txn->moment && !open_moment(txn, err))
            return false;
        if (txn->sxact && !serial_go_on(txn->sxact, err))
            return false;
        txn->moment->refs++;
        return frame_push(txn, txn->moment);
    }
    struct snapshot *snapshot = txn->carried;
    txn->carried = txn->restarting = NULL;
    if (snapshot) /* what it needs is open, or will be when it is read */
        return frame_push(txn, snapshot);
    snapshot = snapshot_new(txn);
    if (snapshot_open(snapshot, shards, n, err))
        return frame_push(txn, snapshot);
    snapshot_unref(snapshot);
    return false;
}

void txn_statement_end(struct txn *txn)
{
    if (txn->frames.n)
        frame_pop(txn);
}

static void catalog_restore(struct txn *txn, struct catalog *to)
{
    if (txn->catalog == to)
        return;
    catalog_let_go(txn->catalog);
    txn->catalog = catalog_kept(to);
}

void txn_statement_undo(struct txn *txn)
{
    struct statement_frame *frame = txn_frame(txn);
    if (!frame)
        return;
    overlay_undo(&txn->overlay, &frame->mark);
    txn->ops.n = frame->n_ops;
    catalog_restore(txn, frame->catalog);
    if (txn->restarting && txn->restarting == frame->snapshot) {
        restart_forget(txn);
        txn->carried = frame->snapshot;
        txn->carried->refs++;
    }
}

/* ---- savepoints ---- */

uint32_t txn_savepoint(struct txn *txn)
{
    restart_forget(txn);
    struct savepoint savepoint = {.mark = overlay_mark(&txn->overlay),
                                  .n_ops = txn->ops.n,
                                  .n_held = txn->locks.n_held,
                                  .catalog = catalog_kept(txn->catalog)};
    VEC_PUSH(txn->arena, &txn->savepoints, savepoint);
    txn->used = true;
    return (uint32_t)txn->savepoints.n;
}

static void savepoints_cut(struct txn *txn, size_t n)
{
    while (txn->savepoints.n > n)
        catalog_let_go(txn->savepoints.items[--txn->savepoints.n].catalog);
}

void txn_rollback_to(struct txn *txn, uint32_t level)
{
    if (level == 0 || level > txn->savepoints.n)
        return;
    savepoints_cut(txn, level);
    const struct savepoint *savepoint = &txn->savepoints.items[level - 1];
    restart_forget(txn);
    while (txn->frames.n)
        frame_pop(txn);
    overlay_undo(&txn->overlay, &savepoint->mark);
    txn->ops.n = savepoint->n_ops;
    catalog_restore(txn, savepoint->catalog);
    lock_release(&txn->locks, savepoint->n_held);
}

void txn_release(struct txn *txn, uint32_t level)
{
    if (level > 0 && level <= txn->savepoints.n)
        savepoints_cut(txn, level - 1);
}

/* ---- DDL ---- */

bool txn_add_op(struct txn *txn, const struct op *op, struct err *err)
{
    struct op copy = *op;
    if (op->layout) {
        struct layout *layout = ARENA_NEW(txn->arena, struct layout);
        const char **columns = ARENA_ARRAY(txn->arena, const char *, op->layout->n_columns + 1u);
        for (uint16_t k = 0; k < op->layout->n_columns; k++)
            columns[k] = arena_strdup(txn->arena, op->layout->columns[k]);
        *layout = (struct layout){arena_strdup(txn->arena, op->layout->table),
                                  arena_strdup(txn->arena, op->layout->rid_column),
                                  op->layout->n_columns, columns};
        copy.layout = layout;
    }
    if (op->image.n_bytes)
        copy.image.bytes = arena_memdup(txn->arena, op->image.bytes, op->image.n_bytes);
    if (op->changed && op->layout)
        copy.changed = arena_memdup(txn->arena, op->changed, (op->layout->n_columns + 7u) / 8u);
    if (op->sql)
        copy.sql = arena_strdup(txn->arena, op->sql);
    VEC_PUSH(txn->arena, &txn->ops, copy);
    return true;
}

const struct catalog *txn_catalog(const struct txn *txn)
{
    return txn->catalog;
}

void txn_set_catalog(struct txn *txn, struct catalog *catalog)
{
    catalog_let_go(txn->catalog);
    txn->catalog = catalog;
}

void txn_on_publish(struct txn *txn, void (*fn)(void *arg, struct catalog *catalog), void *arg)
{
    txn->publish = fn;
    txn->publish_arg = arg;
}
