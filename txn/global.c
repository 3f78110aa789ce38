/* global.c - uniqueness across shards: entries of hidden tables, key -> (shard, rid).
 *
 * An entry lives on the shard of its key's hash slot.  In the overlay it is a row of a keyed part: found by the hash of the key and
 * then by the key.  Whoever calls holds the key's lock, so what is committed under a key does not change meanwhile. */
#include <string.h>

#include "txn/txn_int.h"

static uint32_t key_shard(const struct txn *txn, uint64_t hash)
{
    uint32_t slot = (uint32_t)(hash % CATALOG_SLOTS);
    const struct catalog *catalog = txn->catalog ? txn->catalog : txn->seen;
    return catalog ? catalog_slot_shard(catalog, slot)
                   : slot * database_n_shards(txn->database->files) / CATALOG_SLOTS;
}

static struct overlay_part *global_part(struct txn *txn, const struct index *index, uint32_t shard,
                                        bool make)
{
    struct overlay_table *table = overlay_find(&txn->overlay, index->oid);
    if (!table && !make)
        return NULL;
    if (!table) {
        table = overlay_table(&txn->overlay, index->oid);
        const char *name = index->stored_next ? index->stored_next
                           : index->stored_as ? index->stored_as
                                              : index->name;
        table->index_key = arena_strdup(txn->arena, name);
    }
    return make ? overlay_part(&txn->overlay, table, shard, true)
                : overlay_find_part(&txn->overlay, table, shard);
}

static const struct global_entry *entry_of(const struct version *version)
{
    return (const struct global_entry *)(const void *)(version->data + version->n_changed);
}

static bool look_up(struct txn *txn, const struct index *index, const void *key, size_t key_bytes,
                    uint32_t shard, struct global_entry *entry, bool *found, struct err *err)
{
    struct latest_lease lease;
    const struct overlay_table *table = overlay_find(&txn->overlay, index->oid);
    *found = false;
    if (!index->stored_as || (table && table->truncated))
        return true; /* not in the files yet */
    if (!latest_acquire(txn, shard, &lease, err))
        return false;
    txn->key.n = 0;
    buf_puts(&txn->key, "SELECT _rid, shard, rid FROM ");
    sql_put_name(&txn->key, index->stored_as);
    buf_puts(&txn->key, " WHERE key = ?");
    sqlite3_stmt *statement = reader_statement(lease.reader, buf_cstr(&txn->key), err);
    bool ok = statement != NULL;
    if (ok) {
        sqlite3_bind_blob64(statement, 1, key_bytes ? key : "", key_bytes, SQLITE_STATIC);
        int rc = sqlite3_step(statement);
        *found = rc == SQLITE_ROW;
        if (*found) {
            entry->hidden_rid = sqlite3_column_int64(statement, 0);
            entry->row_shard = (uint32_t)sqlite3_column_int64(statement, 1);
            entry->row_rid = sqlite3_column_int64(statement, 2);
        } else if (rc != SQLITE_DONE) {
            ok = reader_error(lease.reader, rc, err);
        }
        reader_finish_statement(lease.reader, statement);
    }
    latest_release(txn, &lease);
    return ok;
}

static bool put_entry(struct txn *txn, struct overlay_part *part, uint64_t hash,
                      const struct global_entry *entry, const void *key, size_t key_bytes,
                      enum version_kind kind, struct err *err)
{
    txn->image.n = 0;
    buf_append(&txn->image, entry, sizeof(*entry));
    buf_append(&txn->image, key, key_bytes);
    ((struct global_entry *)(void *)txn->image.p)->key_bytes = (uint32_t)key_bytes;
    const struct statement_frame *frame = txn_frame(txn);
    struct version_parts parts = {.kind = kind,
                                  .fresh = entry->hidden_rid == 0,
                                  .command = frame ? frame->command : txn->command,
                                  .bytes = txn->image.p,
                                  .n_bytes = txn->image.n,
                                  .key = key,
                                  .key_bytes = key_bytes};
    return overlay_put(&txn->overlay, part, (int64_t)hash, &parts)
               ? true
               : err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

bool txn_global_put(struct txn *txn, const struct index *index, const void *key, size_t key_bytes,
                    uint32_t row_shard, int64_t rid, struct err *err)
{
    uint64_t hash = hash_bytes(key, key_bytes);
    struct overlay_part *part = global_part(txn, index, key_shard(txn, hash), true);
    const struct version *before = overlay_newest(part, (int64_t)hash, key, key_bytes);
    struct global_entry entry = {.row_shard = row_shard,
                                 .row_rid = rid,
                                 .hidden_rid = before ? entry_of(before)->hidden_rid : 0};
    return put_entry(txn, part, hash, &entry, key, key_bytes, VERSION_LIVE, err);
}

bool txn_global_remove(struct txn *txn, const struct index *index, const void *key,
                       size_t key_bytes, struct err *err)
{
    uint64_t hash = hash_bytes(key, key_bytes);
    uint32_t shard = key_shard(txn, hash);
    struct overlay_part *part = global_part(txn, index, shard, true);
    const struct version *before = overlay_newest(part, (int64_t)hash, key, key_bytes);
    struct global_entry entry = {0};
    bool found;
    if (before) {
        entry = *entry_of(before);
        if (before->kind == VERSION_DEAD)
            return true;
    } else {
        if (!look_up(txn, index, key, key_bytes, shard, &entry, &found, err))
            return false;
        if (!found)
            return true;
    }
    return put_entry(txn, part, hash, &entry, key, key_bytes, VERSION_DEAD, err);
}

bool txn_global_get(struct txn *txn, const struct index *index, const void *key, size_t key_bytes,
                    bool *found, uint32_t *row_shard, int64_t *rid, struct err *err)
{
    uint64_t hash = hash_bytes(key, key_bytes);
    uint32_t shard = key_shard(txn, hash);
    const struct overlay_part *part = global_part(txn, index, shard, false);
    const struct version *own = part ? overlay_newest(part, (int64_t)hash, key, key_bytes) : NULL;
    struct global_entry entry = {0};
    if (own) {
        entry = *entry_of(own);
        *found = own->kind == VERSION_LIVE;
    } else if (!look_up(txn, index, key, key_bytes, shard, &entry, found, err)) {
        return false;
    }
    *row_shard = entry.row_shard;
    *rid = entry.row_rid;
    return true;
}

void txn_global_truncate(struct txn *txn, const struct index *index)
{
    struct overlay_part *part = global_part(txn, index, 0, true);
    const struct statement_frame *frame = txn_frame(txn);
    overlay_truncate(&txn->overlay, part->table, frame ? frame->command : txn->command);
}
