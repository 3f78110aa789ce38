/* bundle.c - see bundle.h.  An entry takes two datums for its identity (rid, which is NULL for a null-extended row, and shard), then
 * its columns. */
#include "exec/bundle.h"

#include <string.h>

#define DIRECT_COLUMNS_MAX 4 /* so few are stored whether they are read or not */

struct entry {
    uint16_t rte;
    uint16_t n_columns; /* of the entry */
    uint16_t n_used;
    uint16_t *used;       /* column indexes; NULL: all, and the row is pointed at */
    struct datum *values; /* where it is put back otherwise */
};

struct bundle_shape {
    int n_columns;
    uint16_t n_entries;
    struct entry entries[];
};

static const struct node *find_scan(const struct node *node, uint16_t rte)
{
    if (!node)
        return NULL;
    if ((node->ops == &scan_ops || node->ops == &system_ops) && node->rte == rte)
        return node;
    const struct node *found = find_scan(node->left, rte);
    return found ? found : find_scan(node->right, rte);
}

static void pick_columns(struct entry *entry, const struct node *scan, struct arena *arena)
{
    entry->n_used = entry->n_columns;
    if (!scan || !scan->scan.columns || entry->n_columns <= DIRECT_COLUMNS_MAX)
        return;
    uint16_t *used = ARENA_ARRAY(arena, uint16_t, entry->n_columns);
    uint16_t n = 0;
    for (uint16_t k = 0; k < entry->n_columns; k++)
        if (scan->scan.columns[k / 8] >> k % 8 & 1)
            used[n++] = k;
    if (n == entry->n_columns)
        return;
    entry->n_used = n;
    entry->used = used;
    entry->values = ARENA_ARRAY(arena, struct datum, entry->n_columns);
    for (int k = 0; k < entry->n_columns; k++)
        entry->values[k] = datum_null();
}

struct bundle_shape *bundle_shape_new(struct frame *frame, const struct node *node)
{
    struct arena *arena = frame->exec->arena;
    struct bundle_shape *shape =
        arena_zalloc(arena, sizeof(*shape) + node->n_rtes * sizeof(struct entry));
    shape->n_entries = node->n_rtes;
    for (int k = 0; k < node->n_rtes; k++) {
        struct entry *entry = &shape->entries[k];
        entry->rte = node->rtes[k];
        entry->n_columns = frame->plan->query->rtes[entry->rte].n_columns;
        pick_columns(entry, find_scan(node, entry->rte), arena);
        shape->n_columns += 2 + entry->n_used;
    }
    return shape;
}

int bundle_columns(const struct bundle_shape *shape)
{
    return shape->n_columns;
}

void bundle_gather(const struct bundle_shape *shape, const struct frame *frame, struct datum *out)
{
    for (const struct entry *entry = shape->entries; entry < shape->entries + shape->n_entries;
         entry++) {
        const struct rowref *row = &frame->rows[entry->rte];
        out[0] = row->values ? datum_int(row->rid) : datum_null();
        out[1] = datum_int(row->shard);
        out += 2;
        if (!row->values)
            for (int k = 0; k < entry->n_used; k++)
                out[k] = datum_null();
        else if (entry->used)
            for (int k = 0; k < entry->n_used; k++)
                out[k] = row->values[entry->used[k]];
        else
            memcpy(out, row->values, sizeof(*out) * entry->n_used);
        out += entry->n_used;
    }
}

void bundle_restore(struct bundle_shape *shape, struct frame *frame, const struct datum *row)
{
    for (struct entry *entry = shape->entries; entry < shape->entries + shape->n_entries; entry++) {
        struct rowref *ref = &frame->rows[entry->rte];
        *ref = (struct rowref){
            .values = row[0].null ? NULL : row + 2, .shard = (uint32_t)row[1].i, .rid = row[0].i};
        if (entry->used && ref->values) {
            for (int k = 0; k < entry->n_used; k++)
                entry->values[entry->used[k]] = ref->values[k];
            ref->values = entry->values;
        }
        row += 2 + entry->n_used;
    }
}

void bundle_clear(const struct bundle_shape *shape, struct frame *frame)
{
    for (int k = 0; k < shape->n_entries; k++)
        frame->rows[shape->entries[k].rte] = (struct rowref){0};
}
