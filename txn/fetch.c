/* fetch.c - one row by identity, as of now: the transaction's own version, or what is committed. */
#include <string.h>

#include "txn/txn_int.h"

/* Finds the committed row; on success *statement is at it and `lease` is held, else both are done with. */
static bool step_to(struct txn *txn, const struct row_layout *layout, uint32_t shard, int64_t rid,
                    struct latest_lease *lease, sqlite3_stmt **statement, struct err *err)
{
    *statement = NULL;
    if (!latest_acquire(txn, shard, lease, err))
        return false;
    sqlite3_stmt *found = reader_statement(lease->reader, layout->fetch_sql, err);
    int rc = SQLITE_ERROR;
    if (found) {
        sqlite3_bind_int64(found, 1, rid);
        rc = sqlite3_step(found);
        if (rc == SQLITE_ROW) {
            *statement = found;
            return true;
        }
    }
    bool ok = rc == SQLITE_DONE || (found && reader_error(lease->reader, rc, err));
    if (found)
        reader_finish_statement(lease->reader, found);
    latest_release(txn, lease);
    return ok;
}

/* Only to word an error, so trouble counts as yes. */
bool row_exists(struct txn *txn, const struct relation *relation, uint32_t shard, int64_t rid)
{
    struct row_layout *layout = layout_get(txn->database->layouts, relation);
    struct arena *arena = arena_new("probe");
    struct err err = ERR_IN(arena);
    struct latest_lease lease;
    sqlite3_stmt *statement = NULL;
    bool exists = true;
    if (layout->committed &&
        step_to(txn, layout, home_shard(relation, shard), rid, &lease, &statement, &err)) {
        exists = statement != NULL;
        if (statement) {
            reader_finish_statement(lease.reader, statement);
            latest_release(txn, &lease);
        }
    }
    arena_free(arena);
    layout_unref(layout);
    return exists;
}

bool txn_row_visible(struct txn *txn, const struct relation *relation, uint32_t shard, int64_t rid,
                     bool *visible, struct err *err)
{
    const struct statement_frame *frame = txn_frame(txn);
    const struct overlay_table *table = overlay_find(&txn->overlay, relation->oid);
    const struct overlay_part *part =
        table ? overlay_find_part(&txn->overlay, (struct overlay_table *)(uintptr_t)table,
                                  home_shard(relation, shard))
              : NULL;
    *visible = true;
    if (!frame || relation->distribution == DIST_TEMP ||
        (part && overlay_newest(part, rid, NULL, 0)))
        return true;
    struct reader *reader = snapshot_reader(frame->snapshot, home_shard(relation, shard), err);
    if (!reader)
        return false;
    struct row_layout *layout = layout_get(txn->database->layouts, relation);
    bool ok = true;
    if (layout->committed) {
        sqlite3_stmt *statement = reader_statement(reader, layout->fetch_sql, err);
        ok = statement != NULL;
        if (ok) {
            sqlite3_bind_int64(statement, 1, rid);
            int rc = sqlite3_step(statement);
            *visible = rc == SQLITE_ROW;
            ok = rc == SQLITE_ROW || rc == SQLITE_DONE || reader_error(reader, rc, err);
            reader_finish_statement(reader, statement);
        }
    }
    layout_unref(layout);
    return ok;
}

static bool load_column(sqlite3_stmt *statement, int at, const struct column *column,
                        struct type_io *io, struct arena *arena, struct datum *out)
{
    struct stored stored = {.kind = STORED_NULL};
    switch (sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER:
        stored.kind = STORED_INTEGER;
        stored.i = sqlite3_column_int64(statement, at);
        break;
    case SQLITE_FLOAT:
        stored.kind = STORED_REAL;
        stored.f = sqlite3_column_double(statement, at);
        break;
    case SQLITE_TEXT:
        stored.kind = STORED_TEXT;
        stored.p = sqlite3_column_text(statement, at);
        stored.n = (size_t)sqlite3_column_bytes(statement, at);
        break;
    case SQLITE_BLOB:
        stored.kind = STORED_BLOB;
        stored.p = sqlite3_column_blob(statement, at);
        stored.n = (size_t)sqlite3_column_bytes(statement, at);
        break;
    }
    io->type = column->type;
    io->typmod = column->typmod;
    if (!type_load(io, &stored, out))
        return false;
    *out = datum_copy(column->type, arena, *out);
    return true;
}

bool fetch_present(struct txn *txn, struct type_io *io, const struct relation *relation,
                   struct row_layout *layout, uint32_t shard, int64_t rid, struct datum *values,
                   bool *found, uint64_t *seq)
{
    struct latest_lease lease;
    sqlite3_stmt *statement;
    if (!step_to(txn, layout, shard, rid, &lease, &statement, io->err))
        return false;
    *found = statement != NULL;
    if (!statement)
        return true;
    bool ok = true;
    int at = 1;
    *seq = lease.seq;
    for (uint16_t k = 0; ok && k < relation->n_columns; k++) {
        if (layout->stored_as[k])
            ok = load_column(statement, at++, &relation->columns[k], io, io->arena, &values[k]);
        else
            values[k] =
                relation->columns[k].dropped ? datum_null() : column_missing(&relation->columns[k]);
    }
    reader_finish_statement(lease.reader, statement);
    latest_release(txn, &lease);
    return ok;
}

/* The newest version in a memory source; NULL: it does not know the row. */
static const struct version *version_in(const struct overlay *overlay, uint32_t oid, uint32_t shard,
                                        int64_t rid, struct overlay_table **table)
{
    *table = overlay_find(overlay, oid);
    const struct overlay_part *part = *table ? overlay_find_part(overlay, *table, shard) : NULL;
    return part ? overlay_newest(part, rid, NULL, 0) : NULL;
}

bool txn_fetch_row(struct txn *txn, struct arena *arena, const struct env *env,
                   const struct relation *relation, uint32_t shard, int64_t rid,
                   struct datum *values, bool *found, struct err *err)
{
    struct type_io io = txn_io(txn, env, err);
    struct overlay_table *table;
    txn_see_env(txn, env);
    txn->restarting = NULL;
    io.arena = arena;
    shard = home_shard(relation, shard);
    const struct version *version = version_in(&txn->overlay, relation->oid, shard, rid, &table);
    bool truncated = table && table->truncated;
    struct temp_store *store =
        !version && !truncated && relation->distribution == DIST_TEMP ? txn_temp(txn, false) : NULL;
    if (store)
        version = version_in(temp_store_rows(store), relation->oid, shard, rid, &table);
    *found = version && version->kind == VERSION_LIVE;
    if (*found) {
        struct image image = version_image(version);
        if (!layout_decode(table->layouts[version->layout], relation, &io, &image, NULL, values))
            return false;
        for (uint16_t k = 0; k < relation->n_columns; k++)
            values[k] = datum_copy(relation->columns[k].type, arena, values[k]);
        return true;
    }
    if (version || truncated)
        return true;
    struct row_layout *layout = layout_get(txn->database->layouts, relation);
    uint64_t seq = 0;
    bool ok = !layout->committed ||
              fetch_present(txn, &io, relation, layout, shard, rid, values, found, &seq);
    const struct statement_frame *frame = txn_frame(txn);
    if (ok && *found && frame)
        snapshot_show(frame->snapshot, relation->oid, shard, rid, seq);
    layout_unref(layout);
    return ok;
}
