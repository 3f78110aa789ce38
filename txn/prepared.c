/* prepared.c - PREPARE TRANSACTION and what becomes of it.
 *
 * A prepared transaction is a transaction object without a session: its locks stay, its changes are in the log under the gid.  The
 * record also names the locks, as the text of a SELECT that does nothing when it is applied, so that a restarted server can take
 * them again before the first session comes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "txn/lock_int.h"
#include "txn/txn_int.h"

struct prepared_txn {
    struct prepared_txn *next;
    char *gid, *database_name;
    struct txn *txn;
    bool resolving;
};

#define LOCKS_PREFIX "SELECT 'locks of a prepared transaction:"

/* ---- the list of locks in the record ---- */

static bool is_in(const struct lock_entry *entry, struct lock_entry *const *list, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (list[k] == entry)
            return true;
    return false;
}

static void put_lock(struct buf *sql, const struct lock_tag *tag, int mode, char stamp)
{
    buf_printf(sql, " %x:%x:%x:%x:%" PRIx64 ":%x%c", tag->kind, tag->database, tag->object,
               tag->shard, tag->id, (unsigned)mode, stamp);
}

static const char *locks_sql(struct txn *txn)
{
    struct buf sql = BUF_IN(txn->arena);
    buf_puts(&sql, LOCKS_PREFIX);
    for (size_t k = 0; k < txn->locks.n_held; k++) {
        const struct lock_held *held = &txn->locks.held[k];
        const struct lock_fast *fast = held->entry ? NULL : &txn->locks.fast[held->fast_index];
        struct lock_tag tag = {.kind = LOCK_TABLE};
        if (fast) {
            tag.database = fast->database;
            tag.object = fast->relation;
        } else {
            tag = held->entry->tag;
        }
        uint32_t modes = lock_modes_held(&txn->locks, &tag) & ~(uint32_t)held->modes_before;
        char stamp = '-';
        if (!fast && is_in(held->entry, txn->key_stamps.items, txn->key_stamps.n))
            stamp = 'k';
        else if (!fast && is_in(held->entry, txn->stamps.items, txn->stamps.n))
            stamp = 's';
        for (int mode = 1; mode <= 8; mode++)
            if (modes & (1u << mode))
                put_lock(&sql, &tag, mode, stamp);
    }
    buf_puts(&sql, "'");
    return buf_cstr(&sql);
}

static void take_locks(struct txn *txn, const char *text)
{
    struct lock_tag tag;
    unsigned mode;
    char stamp;
    int n;
    struct err err = ERR_IN(txn->arena);
    while (sscanf(text, " %x:%x:%x:%x:%" SCNx64 ":%x%c%n", &tag.kind, &tag.database, &tag.object,
                  &tag.shard, &tag.id, &mode, &stamp, &n) == 7) {
        struct lock_request request = {.tag = tag, .mode = (int)mode, .policy = WAIT_ERROR};
        struct lock_entry *entry = NULL;
        text += n;
        if (mode < 1 || mode > 8 || (tag.kind == LOCK_ROW && mode > ROW_UPDATE) ||
            tag.kind < LOCK_ROW || tag.kind > LOCK_DDL)
            return;
        if (lock_acquire(&txn->locks, &request, &entry, &err) == LOCK_FAILED || !entry)
            continue;
        if (stamp == 's')
            VEC_PUSH(txn->arena, &txn->stamps, entry);
        if (stamp == 'k')
            VEC_PUSH(txn->arena, &txn->key_stamps, entry);
    }
}

/* ---- the registry ---- */

static char *copy(const char *text)
{
    char *p = strdup(text);
    ASSERT(p != NULL);
    return p;
}

static void prepared_drop(struct txn_manager *manager, struct prepared_txn *prepared)
{
    pthread_mutex_lock(&manager->mutex);
    struct prepared_txn **at = &manager->prepared;
    while (*at != prepared)
        at = &(*at)->next;
    *at = prepared->next;
    pthread_mutex_unlock(&manager->mutex);
    free(prepared->gid);
    free(prepared->database_name);
    free(prepared);
}

/* NULL: the gid is taken. */
static struct prepared_txn *prepared_add(struct txn_manager *manager, const char *gid,
                                         const char *database_name, struct txn *txn)
{
    struct prepared_txn *prepared = calloc(1, sizeof(*prepared));
    ASSERT(prepared != NULL);
    pthread_mutex_lock(&manager->mutex);
    const struct prepared_txn *other = manager->prepared;
    while (other && strcmp(other->gid, gid) != 0)
        other = other->next;
    if (other) {
        pthread_mutex_unlock(&manager->mutex);
        free(prepared);
        return NULL;
    }
    *prepared = (struct prepared_txn){manager->prepared, copy(gid), copy(database_name), txn, true};
    manager->prepared = prepared;
    pthread_mutex_unlock(&manager->mutex);
    return prepared;
}

static void set_resolving(struct txn_manager *manager, struct prepared_txn *prepared,
                          bool resolving)
{
    pthread_mutex_lock(&manager->mutex);
    prepared->resolving = resolving;
    pthread_mutex_unlock(&manager->mutex);
}

/* ---- PREPARE TRANSACTION ---- */

static bool may_prepare(const struct txn *txn, const char *gid, struct err *err)
{
    if (strlen(gid) >= 200)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "transaction identifier \"%s\" is too long", gid);
    for (const struct overlay_table *table = txn->overlay.tables; table; table = table->next)
        if (table->temp)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "cannot PREPARE a transaction that has operated on temporary objects");
    if (txn->catalog)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "cannot PREPARE a transaction that has changed the schema");
    return true;
}

static bool log_prepared(struct txn *txn, const char *gid, const char *owner, struct err *err)
{
    const struct op *ops;
    size_t n_ops;
    bool ok = commit_ops(txn, &ops, &n_ops, err);
    struct op *all = calloc(n_ops + 1, sizeof(*all));
    ASSERT(all != NULL);
    if (ok) {
        commit_collect_stamps(txn);
        commit_collect_shards(txn, ops, n_ops);
        if (n_ops)
            memcpy(all, ops, n_ops * sizeof(*all));
        all[n_ops] = (struct op){.kind = OP_SQL, .shard = SHARD_CATALOG, .sql = locks_sql(txn)};
        struct commit commit = {.database = txn->database->files,
                                .ops = all,
                                .n_ops = n_ops + 1,
                                .prepare_gid = gid,
                                .prepare_owner = owner};
        ok = storage_commit(txn->manager->storage, &commit, err);
    }
    free(all);
    free((void *)(uintptr_t)ops);
    return ok;
}

static void tell_end(struct txn *txn)
{
    for (size_t k = txn->callbacks.n; k-- > 0;)
        if (txn->callbacks.items[k].end)
            txn->callbacks.items[k].end(txn->callbacks.items[k].arg, true);
    memset(&txn->callbacks, 0, sizeof(txn->callbacks));
}

bool txn_prepare(struct txn *txn, const char *gid, const char *owner, struct err *err)
{
    struct txn_manager *manager = txn->manager;
    while (txn->frames.n)
        txn_statement_end(txn);
    if (!may_prepare(txn, gid, err) || !txn_run_checks(txn, err) ||
        (txn->sxact && !serial_precommit(txn->sxact, err))) {
        txn_rollback(txn);
        return false;
    }
    struct prepared_txn *prepared =
        prepared_add(manager, gid, database_name(txn->database->files), txn);
    if (!prepared) {
        err_set(err, ERR_DUPLICATE_OBJECT, "transaction identifier \"%s\" is already in use", gid);
        txn_rollback(txn);
        return false;
    }
    txn_end_statements(txn);
    txn_id(txn);
    if (!log_prepared(txn, gid, owner, err)) {
        prepared_drop(manager, prepared);
        txn_rollback(txn);
        return false;
    }
    overlay_clear(&txn->overlay);
    tell_end(txn);
    txn->locks.pid = 0;
    txn->options.temp = NULL;
    set_resolving(manager, prepared, false);
    return true;
}

bool txn_resolve_prepared(struct txn_manager *manager, const char *gid, bool commit,
                          struct err *err)
{
    pthread_mutex_lock(&manager->mutex);
    struct prepared_txn *prepared = manager->prepared;
    while (prepared && strcmp(prepared->gid, gid) != 0)
        prepared = prepared->next;
    bool busy = prepared && prepared->resolving;
    if (prepared && !busy)
        prepared->resolving = true;
    pthread_mutex_unlock(&manager->mutex);
    if (!prepared)
        return err_set(err, ERR_UNDEFINED_OBJECT,
                       "prepared transaction with identifier \"%s\" does not exist", gid);
    if (busy)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "prepared transaction with identifier \"%s\" is busy", gid);
    struct txn *txn = prepared->txn;
    struct commit record = {.database = txn->database->files,
                            .resolve_gid = gid,
                            .resolve_commit = commit,
                            .published = commit ? commit_published : NULL,
                            .arg = txn};
    if (!storage_commit(manager->storage, &record, err)) {
        set_resolving(manager, prepared, false);
        return false;
    }
    prepared_drop(manager, prepared);
    txn_finish(txn, commit);
    return true;
}

/* ---- restart ---- */

static uint32_t database_of_locks(const char *text)
{
    unsigned kind, database;
    return sscanf(text, " %x:%x", &kind, &database) == 2 ? database : 0;
}

static void load_one(struct txn_manager *manager, const struct prepared *found)
{
    struct database_files *files = storage_database(manager->storage, found->database);
    if (!files)
        return;
    const char *locks = "";
    for (size_t k = 0; k < found->n_ops; k++)
        if (found->ops[k].kind == OP_SQL &&
            strncmp(found->ops[k].sql, LOCKS_PREFIX, strlen(LOCKS_PREFIX)) == 0)
            locks = found->ops[k].sql + strlen(LOCKS_PREFIX);
    struct txn *txn = txn_take(manager);
    txn->database = txn_database(manager, files, database_of_locks(locks));
    txn->options = (struct txn_options){.database = files};
    txn->in_use = true;
    txn_id(txn);
    take_locks(txn, locks);
    for (size_t k = 0; k < found->n_ops; k++)
        if (found->ops[k].kind == OP_INSERT)
            rid_source_floor(txn->database->rids, found->ops[k].layout->table, found->ops[k].shard,
                             found->ops[k].rid);
    commit_collect_shards(txn, found->ops, found->n_ops);
    struct prepared_txn *prepared = prepared_add(manager, found->gid, found->database, txn);
    ASSERT(prepared != NULL);
    prepared->resolving = false;
}

void prepared_load(struct txn_manager *manager)
{
    struct arena *arena = arena_new("prepared transactions");
    struct prepared *list;
    size_t n = storage_prepared(manager->storage, arena, &list);
    for (size_t k = 0; k < n; k++)
        load_one(manager, &list[k]);
    arena_free(arena);
}

void prepared_free(struct txn_manager *manager)
{
    while (manager->prepared) {
        struct txn *txn = manager->prepared->txn;
        prepared_drop(manager, manager->prepared);
        txn_finish(txn, false);
    }
}
