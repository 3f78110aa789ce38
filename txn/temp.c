/* temp.c - rows of a session's temporary tables.
 *
 * A base overlay: one image per row, in memory.  A transaction keeps its changes of temporary tables in its own overlay like all
 * others; at commit they are merged in here.  Belongs to one session; no locks. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

struct temp_store {
    struct overlay rows;
    struct imap *next_rids; /* by relation */
};

struct temp_store *temp_store_new(void)
{
    struct temp_store *store = calloc(1, sizeof(*store));
    ASSERT(store != NULL);
    overlay_init(&store->rows);
    store->rows.base = true;
    store->next_rids = imap_new();
    return store;
}

void temp_store_free(struct temp_store *store)
{
    if (!store)
        return;
    overlay_clear(&store->rows);
    imap_free(store->next_rids);
    free(store);
}

struct overlay *temp_store_rows(struct temp_store *store)
{
    return store ? &store->rows : NULL;
}

void temp_store_drop(struct temp_store *store, uint32_t relation_oid)
{
    struct overlay_table *table = store ? overlay_find(&store->rows, relation_oid) : NULL;
    if (table)
        overlay_empty(&store->rows, table);
}

size_t temp_store_bytes(const struct temp_store *store)
{
    size_t bytes = 0;
    for (uint32_t k = 0; k < store->rows.n_parts; k++) {
        const struct overlay_part *part = store->rows.parts[k];
        for (size_t row = 0; row < part->n_order; row++)
            if (part->rows[row])
                bytes += sizeof(struct version) + part->rows[row]->n_bytes;
    }
    return bytes;
}

int64_t temp_store_rid(struct temp_store *store, uint32_t relation_oid)
{
    uintptr_t rid = (uintptr_t)imap_get(store->next_rids, relation_oid) + 1;
    imap_put(store->next_rids, relation_oid, (void *)rid);
    return (int64_t)rid;
}

/* Makes room for a layout by dropping those that no row uses. */
static void forget_layouts(struct temp_store *store, struct overlay_table *table)
{
    bool used[OVERLAY_LAYOUTS_MAX] = {false};
    uint8_t moved[OVERLAY_LAYOUTS_MAX];
    struct overlay_part *part = overlay_find_part(&store->rows, table, 0);
    for (size_t k = 0; part && k < part->n_order; k++)
        if (part->rows[k])
            used[part->rows[k]->layout] = true;
    uint32_t n = 0;
    for (uint32_t k = 0; k < table->n_layouts; k++) {
        moved[k] = (uint8_t)n;
        if (used[k])
            table->layouts[n++] = table->layouts[k];
        else
            layout_unref(table->layouts[k]);
    }
    table->n_layouts = n;
    for (size_t k = 0; part && k < part->n_order; k++)
        if (part->rows[k])
            part->rows[k]->layout = moved[part->rows[k]->layout] & 0x7f;
}

static void merge_part(struct temp_store *store, const struct overlay_table *from,
                       const struct overlay_part *changes)
{
    struct overlay_table *table = overlay_table(&store->rows, from->oid);
    if (table->n_layouts + from->n_layouts > OVERLAY_LAYOUTS_MAX)
        forget_layouts(store, table);
    struct overlay_part *part = overlay_part(&store->rows, table, 0, false);
    for (size_t k = 0; k < changes->n_order; k++) {
        const struct version *version = overlay_newest(changes, changes->rows[k]->rid, NULL, 0);
        uint32_t layout = overlay_layout(table, from->layouts[version->layout]);
        ASSERT(layout != UINT32_MAX);
        overlay_replace(part, version, layout);
    }
}

static bool is_gone(const struct txn *txn, uint32_t oid)
{
    return txn->catalog && !catalog_relation(txn->catalog, oid);
}

void temp_merge(struct txn *txn)
{
    bool any = false;
    for (const struct overlay_table *table = txn->overlay.tables; table; table = table->next)
        any |= table->temp;
    struct temp_store *store = any || txn->catalog ? txn_temp(txn, any) : NULL;
    if (!store)
        return;
    for (const struct overlay_table *table = txn->overlay.tables; table; table = table->next) {
        if (!table->temp)
            continue;
        if (table->truncated)
            temp_store_drop(store, table->oid);
        for (uint32_t k = 0; !is_gone(txn, table->oid) && k < table->n_parts; k++)
            merge_part(store, table, txn->overlay.parts[table->parts[k]]);
    }
    for (struct overlay_table *table = txn->catalog ? store->rows.tables : NULL; table;
         table = table->next)
        if (table->n_layouts && is_gone(txn, table->oid))
            overlay_empty(&store->rows, table);
}

/* ---- stores by session ---- */

struct temp_store *txn_temp(struct txn *txn, bool make)
{
    struct txn_manager *manager = txn->manager;
    if (txn->options.temp)
        return txn->options.temp;
    pthread_mutex_lock(&manager->mutex);
    struct temp_store *store = imap_get(manager->temps, (uint32_t)txn->options.session_pid);
    if (!store && make) {
        store = temp_store_new();
        imap_put(manager->temps, (uint32_t)txn->options.session_pid, store);
    }
    pthread_mutex_unlock(&manager->mutex);
    txn->options.temp = store;
    return store;
}

void txn_session_end(struct txn_manager *manager, int32_t session_pid)
{
    advisory_unlock_all(manager, session_pid);
    pthread_mutex_lock(&manager->mutex);
    struct temp_store *store = imap_remove(manager->temps, (uint32_t)session_pid);
    pthread_mutex_unlock(&manager->mutex);
    temp_store_free(store);
}

void temps_free(struct txn_manager *manager)
{
    size_t at = 0;
    uint64_t pid;
    void *store;
    while (imap_next(manager->temps, &at, &pid, &store))
        temp_store_free(store);
    imap_free(manager->temps);
}
