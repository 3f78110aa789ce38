/* row.c - row operations: locking, inserting, updating, deleting. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

struct type_io txn_io(struct txn *txn, const struct env *env, struct err *err)
{
    return (struct type_io){.arena = txn->scratch,
                            .err = err,
                            .typmod = -1,
                            .settings = env ? env->settings : &settings_default,
                            .env = env};
}

struct lock_request txn_lock_request(const struct txn *txn, struct lock_tag tag, int mode,
                                     enum wait_policy policy)
{
    return (struct lock_request){.tag = tag,
                                 .mode = mode,
                                 .policy = policy,
                                 .lock_timeout_us = txn->options.lock_timeout_us,
                                 .deadlock_timeout_us = txn->options.deadlock_timeout_us};
}

static struct overlay_part *part_of(const struct txn *txn, const struct relation *relation,
                                    uint32_t shard)
{
    struct overlay_table *table = overlay_find(&txn->overlay, relation->oid);
    return table ? overlay_find_part(&txn->overlay, table, home_shard(relation, shard)) : NULL;
}

static struct version *newest_of(const struct txn *txn, const struct relation *relation,
                                 uint32_t shard, int64_t rid)
{
    const struct overlay_part *part = part_of(txn, relation, shard);
    return part ? overlay_newest(part, rid, NULL, 0) : NULL;
}

/* ---- locks ---- */

/* The row is locked; did a commit that the statement's snapshot may lack change it? */
static enum txn_result check_unchanged(struct txn *txn, const struct relation *relation,
                                       uint32_t shard, int64_t rid, enum row_lock mode,
                                       const struct lock_entry *entry, struct err *err)
{
    const struct statement_frame *frame = txn_frame(txn);
    uint64_t key_changed, changed = lock_entry_changed(entry, &key_changed);
    /* What the caller saw of it was no snapshot's version but the newest; a fixed snapshot may still not change it. */
    bool may_be_newer =
        txn->options.isolation == ISOLATION_READ_COMMITTED || mode < ROW_NO_KEY_UPDATE;
    if (changed && frame && may_be_newer &&
        changed <= snapshot_shown(frame->snapshot, relation->oid, shard, rid))
        return TXN_OK;
    if (LIKELY(!changed) || !frame || changed <= frame->snapshot->seq) {
        bool visible = true;
        if (LIKELY(txn->options.isolation == ISOLATION_READ_COMMITTED) || mode < ROW_NO_KEY_UPDATE)
            return TXN_OK;
        if (!txn_row_visible(txn, relation, shard, rid, &visible, err))
            return TXN_ERROR;
        if (visible)
            return TXN_OK;
        err_set(err, ERR_T_R_SERIALIZATION_FAILURE,
                "could not serialize access due to concurrent update");
        return TXN_ERROR;
    }
    if (txn->options.isolation == ISOLATION_READ_COMMITTED) {
        snapshot_stale(frame->snapshot, relation->oid);
        txn->restarting = frame->snapshot;
        return TXN_RESTART;
    }
    /* A key-share lock cares for the key only: rows that foreign keys point to. */
    if (mode == ROW_KEY_SHARE && key_changed <= frame->snapshot->seq)
        return TXN_OK;
    err_set(err, ERR_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent %s",
            row_exists(txn, relation, shard, rid) ? "update" : "delete");
    return TXN_ERROR;
}

enum txn_result txn_lock_row(struct txn *txn, const struct relation *relation, uint32_t shard,
                             int64_t rid, enum row_lock mode, enum wait_policy policy,
                             struct err *err)
{
    txn->restarting = NULL;
    if (relation->distribution == DIST_TEMP)
        return TXN_OK;
    const struct version *own = newest_of(txn, relation, shard, rid);
    if (own && own->fresh)
        return TXN_OK; /* nobody else knows of it */
    shard = home_shard(relation, shard);
    struct lock_tag tag = {.id = (uint64_t)rid,
                           .database = txn->database->oid,
                           .object = relation->oid,
                           .shard = shard,
                           .kind = LOCK_ROW};
    struct lock_request request = txn_lock_request(txn, tag, mode, policy);
    struct lock_entry *entry;
    switch (lock_acquire(&txn->locks, &request, &entry, err)) {
    case LOCK_GRANTED:
    case LOCK_WAITED:
        return own ? TXN_OK : check_unchanged(txn, relation, shard, rid, mode, entry, err);
    case LOCK_BUSY:
        if (policy == WAIT_SKIP)
            return TXN_SKIPPED;
        err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on row in relation \"%s\"",
                relation->name);
        return TXN_ERROR;
    case LOCK_FAILED:
        return TXN_ERROR;
    }
    return TXN_ERROR;
}

enum txn_result txn_lock_key(struct txn *txn, uint32_t index_oid, const void *key, size_t key_bytes,
                             bool exclusive, enum wait_policy policy, struct err *err)
{
    struct lock_tag tag = {.id = hash_bytes(key, key_bytes),
                           .database = txn->database->oid,
                           .object = index_oid,
                           .kind = LOCK_KEY};
    struct lock_request request =
        txn_lock_request(txn, tag, exclusive ? LOCK_EXCLUSIVE : LOCK_SHARE, policy);
    switch (lock_acquire(&txn->locks, &request, NULL, err)) {
    case LOCK_GRANTED:
    case LOCK_WAITED:
        return TXN_OK;
    case LOCK_BUSY:
        if (policy == WAIT_SKIP)
            return TXN_SKIPPED;
        err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on a key");
        return TXN_ERROR;
    case LOCK_FAILED:
        return TXN_ERROR;
    }
    return TXN_ERROR;
}

bool txn_lock_table(struct txn *txn, uint32_t relation_oid, int mode, bool nowait, struct err *err)
{
    struct lock_tag tag = {
        .database = txn->database->oid, .object = relation_oid, .kind = LOCK_TABLE};
    struct lock_request request =
        txn_lock_request(txn, tag, mode, nowait ? WAIT_ERROR : WAIT_BLOCK);
    enum lock_result result = lock_acquire(&txn->locks, &request, NULL, err);
    if (result == LOCK_GRANTED || result == LOCK_WAITED)
        return true;
    if (result == LOCK_FAILED)
        return false;
    const struct catalog *catalog = txn->catalog ? txn->catalog : txn->seen;
    const struct relation *relation = catalog ? catalog_relation(catalog, relation_oid) : NULL;
    if (!relation)
        return err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on relation with OID %u",
                       relation_oid);
    return err_set(err, ERR_LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"%s\"",
                   relation->name);
}

bool txn_lock_ddl(struct txn *txn, struct err *err)
{
    struct lock_tag tag = {.database = txn->database->oid, .kind = LOCK_DDL};
    struct lock_request request = txn_lock_request(txn, tag, LOCK_EXCLUSIVE, WAIT_BLOCK);
    enum lock_result result = lock_acquire(&txn->locks, &request, NULL, err);
    return result == LOCK_GRANTED || result == LOCK_WAITED;
}

/* ---- changes ---- */

static uint32_t current_command(struct txn *txn)
{
    const struct statement_frame *frame = txn_frame(txn);
    return frame ? frame->command : txn->command;
}

bool txn_row_touched(const struct txn *txn, const struct relation *relation, uint32_t shard,
                     int64_t rid)
{
    const struct statement_frame *frame =
        txn->frames.n ? &txn->frames.items[txn->frames.n - 1] : NULL;
    const struct version *version = frame ? newest_of(txn, relation, shard, rid) : NULL;
    return version && version->command >= frame->command;
}

struct target {
    struct overlay_part *part;
    uint32_t layout;
    struct row_layout *row_layout; /* borrowed from the table */
};

static bool target_of(struct txn *txn, const struct relation *relation, uint32_t shard,
                      struct target *target, struct err *err)
{
    struct overlay_table *table = overlay_table(&txn->overlay, relation->oid);
    struct row_layout *last = table->n_layouts ? table->layouts[table->n_layouts - 1] : NULL;
    table->temp = relation->distribution == DIST_TEMP;
    table->reference = relation->distribution == DIST_REFERENCE;
    if (last && last->generation == relation->generation) {
        target->layout = table->n_layouts - 1;
    } else {
        struct row_layout *layout = layout_get(txn->database->layouts, relation);
        target->layout = overlay_layout(table, layout);
        layout_unref(layout);
        if (target->layout == UINT32_MAX)
            return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED,
                           "too many changes of table \"%s\" in one transaction", relation->name);
    }
    target->row_layout = table->layouts[target->layout];
    target->part = overlay_part(&txn->overlay, table, home_shard(relation, shard), false);
    return true;
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

/* SERIALIZABLE watches what is written: the row as it was and as it will be (NULL: it is deleted). */
static bool note_write(struct txn *txn, const struct env *env, const struct relation *relation,
                       uint32_t shard, int64_t rid, bool existed, const struct datum *after,
                       struct err *err)
{
    if (LIKELY(!txn->sxact) || relation->distribution == DIST_TEMP)
        return true;
    struct arena *arena = arena_new("row before");
    struct datum *before = ARENA_ARRAY(arena, struct datum, relation->n_columns + 1u);
    bool found = false;
    bool ok = !existed || txn_fetch_row(txn, arena, env, relation, shard, rid, before, &found, err);
    ok = ok && serial_write(txn->sxact, relation, found ? before : NULL, after, err);
    arena_free(arena);
    return ok;
}

/* Puts a live version with `values`. */
static bool put_row(struct txn *txn, const struct env *env, const struct relation *relation,
                    const struct target *target, int64_t rid, const struct datum *values,
                    struct version_parts *parts, struct err *err)
{
    struct type_io io = txn_io(txn, env, err);
    txn->restarting = NULL;
    arena_reset(txn->scratch);
    txn->image.n = 0;
    if (!layout_encode(target->row_layout, relation, &io, values, &txn->image))
        return false;
    parts->kind = VERSION_LIVE;
    parts->command = current_command(txn);
    parts->layout = target->layout;
    parts->bytes = txn->image.p;
    parts->n_bytes = txn->image.n;
    struct version *version = overlay_put(&txn->overlay, target->part, rid, parts);
    if (!version)
        return out_of_memory(err);
    if (target->part->indexes)
        part_index_add(&txn->overlay, target->part, relation, values, version, &txn->key);
    return true;
}

bool txn_insert(struct txn *txn, const struct env *env, const struct relation *relation,
                uint32_t shard, int64_t rid, const struct datum *values, struct err *err)
{
    struct target target;
    struct version_parts parts = {.fresh = true};
    txn_see_env(txn, env);
    return note_write(txn, env, relation, shard, rid, false, values, err) &&
           target_of(txn, relation, shard, &target, err) &&
           put_row(txn, env, relation, &target, rid, values, &parts, err);
}

/* Which image fields an update of `changed` attributes writes, together with what earlier versions of the row changed. */
static uint16_t changed_fields(const struct row_layout *layout, const uint8_t *changed,
                               const struct version *before, uint32_t layout_index, uint8_t *bitmap)
{
    uint16_t n = (uint16_t)((layout->next.n_columns + 7u) / 8u);
    if (before &&
        (before->layout != layout_index || before->kind != VERSION_LIVE || before->n_changed == 0))
        return 0; /* all of them */
    memset(bitmap, 0, n);
    for (uint16_t k = 0; k < layout->next.n_columns; k++)
        if (bitmap_has(changed, (uint32_t)layout->fields[k].attnum - 1))
            bitmap[k / 8] |= (uint8_t)(1u << (k % 8));
    for (uint16_t k = 0; before && k < n; k++)
        bitmap[k] |= before->data[k];
    return n;
}

bool txn_update(struct txn *txn, const struct env *env, const struct relation *relation,
                uint32_t shard, int64_t rid, const struct datum *values, const uint8_t *changed,
                struct err *err)
{
    struct target target;
    uint8_t bitmap[512]; /* twice 1,600 columns */
    txn_see_env(txn, env);
    if (!note_write(txn, env, relation, shard, rid, true, values, err) ||
        !target_of(txn, relation, shard, &target, err))
        return false;
    const struct version *before = overlay_newest(target.part, rid, NULL, 0);
    struct version_parts parts = {.fresh = before && before->fresh};
    bool whole = !changed || parts.fresh || target.row_layout->next.n_columns > sizeof(bitmap) * 8;
    if (!whole) {
        parts.n_changed = changed_fields(target.row_layout, changed, before, target.layout, bitmap);
        parts.changed = parts.n_changed ? bitmap : NULL;
    }
    return put_row(txn, env, relation, &target, rid, values, &parts, err);
}

bool txn_delete(struct txn *txn, const struct relation *relation, uint32_t shard, int64_t rid,
                struct err *err)
{
    struct target target;
    if (!note_write(txn, NULL, relation, shard, rid, true, NULL, err) ||
        !target_of(txn, relation, shard, &target, err))
        return false;
    const struct version *before = overlay_newest(target.part, rid, NULL, 0);
    struct version_parts parts = {.kind = VERSION_DEAD,
                                  .fresh = before && before->fresh,
                                  .command = current_command(txn),
                                  .layout = target.layout};
    return overlay_put(&txn->overlay, target.part, rid, &parts) ? true : out_of_memory(err);
}

bool txn_truncate(struct txn *txn, const struct relation *relation, struct err *err)
{
    struct target target;
    if (txn->sxact && !serial_write(txn->sxact, relation, NULL, NULL, err))
        return false;
    if (!target_of(txn, relation, 0, &target, err))
        return false;
    overlay_truncate(&txn->overlay, target.part->table, current_command(txn));
    for (uint16_t k = 0; k < relation->n_indexes; k++)
        if (relation->indexes[k]->global)
            txn_global_truncate(txn, relation->indexes[k]);
    return true;
}

int64_t txn_new_rid(struct txn *txn, const struct relation *relation, uint32_t shard)
{
    if (relation->distribution == DIST_TEMP)
        return temp_store_rid(txn_temp(txn, true), relation->oid);
    const char *committed = relation->truncated_here ? NULL : relation->stored_as;
    return rid_next(txn, txn->database->rids, relation->oid, committed,
                    relation->stored_next ? relation->stored_next : relation->stored_as,
                    home_shard(relation, shard));
}
