/* commit.c - a transaction's overlay becomes ops, and the ops a commit.
 *
 * One op per changed row: the newest version against what is in the files.  Schema ops come first, in the order they were added, so
 * row ops are written to the tables as they are after the transaction: names come from the private catalog, and images made under an
 * older layout of the relation are brought to the last one.  Within a shard of a table deletions come first, so that a
 * unique index never meets the old and the new holder of a key at once.
 *
 * published() runs inside the gate, on the committer's thread, while this transaction sleeps: it stamps the lock entries of
 * the rows changed, found beforehand, and hands the new catalog on.  Only afterwards are the locks released, so whoever gets one
 * finds the stamp. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

/* ---- from overlay to ops ---- */

struct op_list {
    struct txn *txn;
    struct op *items;
    size_t n, cap;
    struct err *err;
};

static void push_op(struct op_list *list, const struct op *op)
{
    if (list->n == list->cap) {
        list->cap = MAX((size_t)16, list->cap * 2);
        list->items = realloc(list->items, list->cap * sizeof(*list->items));
        ASSERT(list->items != NULL);
    }
    list->items[list->n++] = *op;
}

static void push_row(struct op_list *list, const struct overlay_part *part, const struct op *op)
{
    struct op copy = *op;
    copy.shard = part->shard;
    if (!part->table->reference) {
        push_op(list, &copy);
        return;
    }
    uint32_t n_shards = database_n_shards(list->txn->database->files);
    for (copy.shard = 0; copy.shard < n_shards; copy.shard++)
        push_op(list, &copy);
}

/* Where the rows of a table go: its layout after this transaction; NULL: the table is gone. */
struct destination {
    const struct relation *relation; /* NULL: unchanged schema, images are right as they are */
    struct row_layout *layout;
};

static bool convert_field(const struct row_layout *from, const struct destination *to,
                          const struct row_field *field, const struct image *image,
                          struct type_io *io, struct buf *out)
{
    uint32_t attribute = (uint32_t)field->attnum - 1;
    const struct column *column = &to->relation->columns[attribute];
    const uint16_t *places = field->key ? from->key_of : from->field_of;
    uint16_t place = attribute < from->n_attributes ? places[attribute] : NO_FIELD;
    struct stored stored;
    uint32_t at = 0;
    if (place != NO_FIELD) {
        for (uint16_t k = 0; k <= place; k++)
            if (!image_next(image, &at, &stored))
                return err_set(io->err, ERR_DATA_CORRUPTED, "a row image of \"%s\" is damaged",
                               to->relation->name);
        image_put(out, &stored);
        return true;
    }
    struct datum value = column_missing(column);
    io->type = column->type;
    if (field->key) {
        uint8_t *only = ARENA_ARRAY(io->arena, uint8_t, to->relation->n_columns / 8u + 1u);
        struct datum *values = ARENA_ARRAY(io->arena, struct datum, to->relation->n_columns + 1u);
        only[attribute / 8] |= (uint8_t)(1u << (attribute % 8));
        if (!layout_decode(from, to->relation, io, image, only, values))
            return false;
        value = values[attribute];
        struct buf key = BUF_IN(io->arena);
        if (!value.null)
            layout_key(column->type, &value, &key);
        stored = value.null ? (struct stored){.kind = STORED_NULL}
                            : (struct stored){.kind = STORED_BLOB, .p = key.p, .n = key.n};
        image_put(out, &stored);
        return true;
    }
    if (!type_store(io, &value, &stored))
        return false;
    image_put(out, &stored);
    return true;
}

static bool convert(struct op_list *list, const struct row_layout *from,
                    const struct destination *to, struct image *image)
{
    struct txn *txn = list->txn;
    struct type_io io = txn_io(txn, NULL, list->err);
    struct buf out = BUF_IN(txn->arena);
    arena_reset(txn->scratch);
    for (uint16_t k = 0; k < to->layout->next.n_columns; k++)
        if (!convert_field(from, to, &to->layout->fields[k], image, &io, &out))
            return false;
    *image = (struct image){(const uint8_t *)out.p, (uint32_t)out.n};
    return true;
}

static bool row_op(struct op_list *list, const struct overlay_part *part,
                   const struct version *version, const struct destination *to, bool deletions)
{
    struct op op = {.rid = version->rid};
    if ((version->kind == VERSION_DEAD) != deletions)
        return true;
    struct row_layout *from = part->table->layouts[version->layout];
    struct row_layout *layout = to->layout ? to->layout : from;
    bool new_here = version->fresh || part->table->truncated;
    op.layout = &layout->next;
    if (deletions) {
        op.kind = OP_DELETE;
        if (!new_here)
            push_row(list, part, &op);
        return true;
    }
    op.kind = new_here ? OP_INSERT : OP_UPDATE;
    op.image = version_image(version);
    op.changed = new_here ? NULL : version_changed(version);
    if (layout != from) {
        op.changed = NULL;
        if (!convert(list, from, to, &op.image))
            return false;
    }
    push_row(list, part, &op);
    return true;
}

static bool part_ops(struct op_list *list, const struct overlay_part *part,
                     const struct destination *to)
{
    for (int deletions = part->n_hiding > 0; deletions >= 0; deletions--)
        for (size_t k = 0; k < part->n_order; k++)
            if (!row_op(list, part, overlay_newest_at(part, k), to, deletions))
                return false;
    return true;
}

/* Without schema changes of its own every image is right under the names it was made with. */
static void find_destination(struct txn *txn, const struct overlay_table *table,
                             struct destination *to, bool *gone)
{
    *to = (struct destination){0};
    *gone = false;
    if (!txn->catalog)
        return;
    to->relation = catalog_relation(txn->catalog, table->oid);
    *gone = !to->relation;
    if (to->relation)
        to->layout = layout_get(txn->database->layouts, to->relation);
}

static void truncate_ops(struct op_list *list, const struct overlay_table *table,
                         const struct row_layout *layout)
{
    uint32_t n_shards = database_n_shards(list->txn->database->files);
    struct op op = {.kind = OP_TRUNCATE, .layout = &layout->next};
    for (op.shard = 0; op.shard < n_shards; op.shard++)
        push_op(list, &op);
}

static bool table_ops(struct op_list *list, const struct overlay_table *table)
{
    struct txn *txn = list->txn;
    struct destination to;
    bool gone;
    if (table->temp || table->n_layouts == 0)
        return true;
    find_destination(txn, table, &to, &gone);
    if (gone)
        return true;
    if (table->truncated && table->layouts[0]->committed)
        truncate_ops(list, table, to.layout ? to.layout : table->layouts[0]);
    bool ok = true;
    for (uint32_t k = 0; ok && k < table->n_parts; k++)
        ok = part_ops(list, txn->overlay.parts[table->parts[k]], &to);
    /* The ops borrow from the layout: a table of the overlay keeps it. */
    if (to.layout && overlay_layout((struct overlay_table *)table, to.layout) == UINT32_MAX)
        ok = err_set(list->err, ERR_PROGRAM_LIMIT_EXCEEDED,
                     "too many changes of one table in one transaction");
    layout_unref(to.layout);
    return ok;
}

static void global_ops(struct op_list *list, const struct overlay_table *table);

/* Oldest table first: the overlay's list is newest first. */
static bool tables_ops(struct op_list *list, const struct overlay_table *table)
{
    uint32_t n = 0;
    const struct overlay_table **tables = calloc(list->txn->overlay.n_tables + 1, sizeof(*tables));
    ASSERT(tables != NULL);
    for (; table; table = table->next)
        tables[n++] = table;
    bool ok = true;
    while (ok && n-- > 0) {
        if (tables[n]->index_key)
            global_ops(list, tables[n]);
        else
            ok = table_ops(list, tables[n]);
    }
    free(tables);
    return ok;
}

/* ---- hidden tables of global indexes ---- */

static const char *const global_columns[] = {"key", "shard", "rid"};

static void put_global_image(struct buf *out, const struct global_entry *entry)
{
    struct stored key = {.kind = STORED_BLOB, .p = entry->key, .n = entry->key_bytes};
    struct stored shard = {.kind = STORED_INTEGER, .i = entry->row_shard};
    struct stored rid = {.kind = STORED_INTEGER, .i = entry->row_rid};
    image_put(out, &key);
    image_put(out, &shard);
    image_put(out, &rid);
}

static void global_op(struct op_list *list, const struct overlay_part *part,
                      const struct layout *layout, const struct version *version, bool deletions)
{
    struct txn *txn = list->txn;
    struct image image = version_image(version);
    const struct global_entry *entry = (const struct global_entry *)(const void *)image.bytes;
    struct op op = {.layout = layout, .shard = part->shard, .rid = entry->hidden_rid};
    if ((version->kind == VERSION_DEAD) != deletions)
        return;
    if (deletions) {
        op.kind = OP_DELETE;
        if (entry->hidden_rid && !part->table->truncated)
            push_op(list, &op);
        return;
    }
    struct buf out = BUF_IN(txn->arena);
    buf_reserve(&out, entry->key_bytes + 24);
    put_global_image(&out, entry);
    op.kind = OP_INSERT;
    op.image = (struct image){(const uint8_t *)out.p, (uint32_t)out.n};
    if (!op.rid)
        op.rid = rid_next(txn, txn->database->rids, part->table->oid, layout->table, layout->table,
                          part->shard);
    push_op(list, &op);
}

static void global_ops(struct op_list *list, const struct overlay_table *table)
{
    struct txn *txn = list->txn;
    const char *name = table->index_key;
    if (txn->catalog) {
        const struct index *index = catalog_index(txn->catalog, table->oid);
        if (!index || !index->global)
            return;
        name = index->stored_next ? index->stored_next : index->stored_as;
    }
    struct layout *layout = ARENA_NEW(txn->arena, struct layout);
    *layout = (struct layout){arena_strdup(txn->arena, name), "_rid", ARRAY_COUNT(global_columns),
                              global_columns};
    if (table->truncated) {
        uint32_t n_shards = database_n_shards(txn->database->files);
        struct op op = {.kind = OP_TRUNCATE, .layout = layout};
        for (op.shard = 0; op.shard < n_shards; op.shard++)
            push_op(list, &op);
    }
    for (uint32_t p = 0; p < table->n_parts; p++) {
        const struct overlay_part *part = txn->overlay.parts[table->parts[p]];
        for (int deletions = 1; deletions >= 0; deletions--)
            for (size_t k = 0; k < part->n_order; k++)
                global_op(list, part, layout, overlay_newest_at(part, k), deletions);
    }
}

bool commit_ops(struct txn *txn, const struct op **ops, size_t *n_ops, struct err *err)
{
    struct op_list list = {.txn = txn, .err = err};
    for (size_t k = 0; k < txn->ops.n; k++)
        push_op(&list, &txn->ops.items[k]);
    bool ok = tables_ops(&list, txn->overlay.tables);
    *ops = list.items; /* malloc()ed, the caller's also on failure */
    *n_ops = list.n;
    return ok;
}

/* ---- stamps ---- */

static void collect_row(struct txn *txn, const struct overlay_part *part,
                        const struct version *version)
{
    struct lock_tag tag = {.id = (uint64_t)version->rid,
                           .database = txn->database->oid,
                           .object = part->table->oid,
                           .shard = part->shard,
                           .kind = LOCK_ROW};
    uint32_t modes = 0;
    struct lock_entry *entry = lock_entry_held(&txn->locks, &tag, &modes);
    if (!entry)
        return; /* rows that nobody else could change: under a table lock */
    if (version->kind == VERSION_DEAD || (modes & (1u << ROW_UPDATE)))
        VEC_PUSH(txn->arena, &txn->key_stamps, entry);
    else
        VEC_PUSH(txn->arena, &txn->stamps, entry);
}

void commit_collect_stamps(struct txn *txn)
{
    for (const struct overlay_table *table = txn->overlay.tables; table; table = table->next) {
        if (table->temp || table->index_key)
            continue;
        for (uint32_t p = 0; p < table->n_parts; p++) {
            const struct overlay_part *part = txn->overlay.parts[table->parts[p]];
            for (size_t k = 0; part->n_hiding && k < part->n_order; k++)
                if (!part->rows[k]->fresh)
                    collect_row(txn, part, overlay_newest_at(part, k));
        }
    }
}

void commit_collect_shards(struct txn *txn, const struct op *ops, size_t n_ops)
{
    uint32_t n_shards = database_n_shards(txn->database->files), last = UINT32_MAX;
    uint8_t *seen = ARENA_ARRAY(txn->scratch, uint8_t, n_shards + 1);
    for (size_t k = 0; k < n_ops; k++) {
        uint32_t shard = ops[k].shard;
        if (shard == last || shard >= n_shards || seen[shard])
            continue;
        seen[shard] = 1;
        last = shard;
        VEC_PUSH(txn->arena, &txn->touched_shards, shard);
    }
}

void commit_published(struct commit *commit, uint64_t seq)
{
    struct txn *txn = commit->arg;
    txn->commit_seq = seq;
    for (size_t k = 0; k < txn->stamps.n; k++)
        lock_entry_stamp(txn->stamps.items[k], seq, false);
    for (size_t k = 0; k < txn->key_stamps.n; k++)
        lock_entry_stamp(txn->key_stamps.items[k], seq, true);
    for (size_t k = 0; k < txn->touched_shards.n; k++) {
        uint32_t shard = txn->touched_shards.items[k];
        if (shard < TXN_SHARDS_MAX)
            atomic_store(&txn->database->shard_seq[shard], seq);
    }
    if (txn->publish && txn->catalog)
        txn->publish(txn->publish_arg, txn->catalog);
}

/* ---- the commit ---- */

static bool store(struct txn *txn, struct err *err)
{
    const struct op *ops;
    size_t n_ops;
    bool ok = commit_ops(txn, &ops, &n_ops, err);
    if (ok && n_ops == 0 && txn->publish && txn->catalog)
        txn->publish(txn->publish_arg, txn->catalog);
    if (ok && n_ops) {
        commit_collect_shards(txn, ops, n_ops);
        commit_collect_stamps(txn);
        struct commit commit = {.database = txn->database->files,
                                .ops = ops,
                                .n_ops = n_ops,
                                .asynchronous = txn->options.synchronous_off,
                                .published = commit_published,
                                .arg = txn};
        ok = storage_commit(txn->manager->storage, &commit, err);
    }
    free((void *)(uintptr_t)ops);
    return ok;
}

bool txn_commit(struct txn *txn, struct err *err)
{
    bool ok = true;
    if (txn->callbacks.n) {
        while (txn->frames.n)
            txn_statement_end(txn);
        ok = txn_run_checks(txn, err);
    }
    if (ok && txn->sxact)
        ok = serial_precommit(txn->sxact, err);
    if (ok && txn_has_changes(txn)) {
        /* A commit may wait: do not hold files at an old moment meanwhile. */
        txn_end_statements(txn);
        ok = store(txn, err);
        if (ok)
            temp_merge(txn);
    }
    txn_finish(txn, ok);
    return ok;
}
