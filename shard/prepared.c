/* prepared.c - see prepared.h.  Entries are added and removed by the committer thread only (and by recovery before it runs), so
 * a pointer it got from prepared_find() stays valid for it; others look under the mutex. */
#include "shard/prepared.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shard/storage_int.h"

struct part {
    const uint8_t *ops;
    uint64_t n_bytes;
};

struct prepared_entry {
    struct arena *arena;
    struct record record; /* of the first part */
    VEC(struct part) parts;
    struct prepared_entry *next;
};

struct prepared_table {
    pthread_mutex_t mutex;
    struct prepared_entry *first;
};

struct prepared_table *prepared_table_new(void)
{
    struct prepared_table *table = calloc(1, sizeof(*table));
    ASSERT(table != NULL);
    pthread_mutex_init(&table->mutex, NULL);
    return table;
}

void prepared_table_free(struct prepared_table *table)
{
    while (table->first) {
        struct prepared_entry *entry = table->first;
        table->first = entry->next;
        arena_free(entry->arena);
    }
    pthread_mutex_destroy(&table->mutex);
    free(table);
}

static struct prepared_entry **find_link(struct prepared_table *table, const char *gid)
{
    struct prepared_entry **link = &table->first;
    while (*link && strcmp((*link)->record.gid, gid) != 0)
        link = &(*link)->next;
    return link;
}

static struct prepared_entry *new_entry(const struct record *record)
{
    struct arena *arena = arena_new("prepared transaction");
    struct prepared_entry *entry = ARENA_NEW(arena, struct prepared_entry);
    entry->arena = arena;
    entry->record = *record;
    entry->record.gid = arena_strdup(arena, record->gid);
    entry->record.database = arena_strdup(arena, record->database ? record->database : "");
    entry->record.owner = arena_strdup(arena, record->owner ? record->owner : "");
    return entry;
}

void prepared_add(struct prepared_table *table, const struct record *record)
{
    pthread_mutex_lock(&table->mutex);
    struct prepared_entry **link = find_link(table, record->gid);
    if (!*link) {
        *link = new_entry(record);
    } else if ((*link)->record.seq != record->seq) { /* logged again before a cut: the same ops */
        struct prepared_entry *old = *link, *next = old->next;
        *link = new_entry(record);
        (*link)->next = next;
        arena_free(old->arena);
    }
    struct prepared_entry *entry = *link;
    struct part part = {arena_memdup(entry->arena, record->ops, record->n_ops_bytes),
                        record->n_ops_bytes};
    VEC_PUSH(entry->arena, &entry->parts, part);
    pthread_mutex_unlock(&table->mutex);
}

struct prepared_entry *prepared_find(struct prepared_table *table, const char *gid)
{
    pthread_mutex_lock(&table->mutex);
    struct prepared_entry *entry = *find_link(table, gid);
    pthread_mutex_unlock(&table->mutex);
    return entry;
}

size_t prepared_records(const struct prepared_entry *entry, struct arena *arena,
                        struct record **records)
{
    *records = ARENA_ARRAY(arena, struct record, entry->parts.n);
    for (size_t k = 0; k < entry->parts.n; k++) {
        (*records)[k] = entry->record;
        (*records)[k].ops = entry->parts.items[k].ops;
        (*records)[k].n_ops_bytes = entry->parts.items[k].n_bytes;
    }
    return entry->parts.n;
}

uint64_t prepared_database_uid(const struct prepared_entry *entry)
{
    return entry->record.database_uid;
}

static void remove_link(struct prepared_entry **link)
{
    struct prepared_entry *entry = *link;
    *link = entry->next;
    arena_free(entry->arena);
}

void prepared_remove(struct prepared_table *table, const char *gid)
{
    pthread_mutex_lock(&table->mutex);
    struct prepared_entry **link = find_link(table, gid);
    if (*link)
        remove_link(link);
    pthread_mutex_unlock(&table->mutex);
}

void prepared_remove_database(struct prepared_table *table, uint64_t database_uid)
{
    pthread_mutex_lock(&table->mutex);
    for (struct prepared_entry **link = &table->first; *link;) {
        if ((*link)->record.database_uid == database_uid)
            remove_link(link);
        else
            link = &(*link)->next;
    }
    pthread_mutex_unlock(&table->mutex);
}

void prepared_each(struct prepared_table *table,
                   void (*fn)(void *arg, const struct prepared_entry *entry), void *arg)
{
    pthread_mutex_lock(&table->mutex);
    for (struct prepared_entry *entry = table->first; entry; entry = entry->next)
        fn(arg, entry);
    pthread_mutex_unlock(&table->mutex);
}

size_t prepared_count(struct prepared_table *table)
{
    size_t n = 0;
    pthread_mutex_lock(&table->mutex);
    for (struct prepared_entry *entry = table->first; entry; entry = entry->next)
        n++;
    pthread_mutex_unlock(&table->mutex);
    return n;
}

/* ---- the view for pg_prepared_xacts and for those who rebuild locks at start-up ---- */

struct view {
    struct arena *arena;
    VEC(struct prepared) list;
};

static void add_view(void *arg, const struct prepared_entry *entry)
{
    struct view *view = arg;
    VEC(struct op) ops = {0};
    for (size_t k = 0; k < entry->parts.n; k++) {
        const struct part *part = &entry->parts.items[k];
        const uint8_t *bytes = arena_memdup(view->arena, part->ops, part->n_bytes);
        struct op_reader reader = {bytes, bytes + part->n_bytes, .arena = view->arena};
        for (struct op op; op_next(&reader, &op);)
            VEC_PUSH(view->arena, &ops, op);
    }
    struct prepared prepared = {
        .gid = arena_strdup(view->arena, entry->record.gid),
        .database = arena_strdup(view->arena, entry->record.database),
        .owner = arena_strdup(view->arena, entry->record.owner),
        .prepared_us = entry->record.time_us,
        .ops = ops.items,
        .n_ops = ops.n,
    };
    VEC_PUSH(view->arena, &view->list, prepared);
}

size_t storage_prepared(struct storage *storage, struct arena *arena, struct prepared **list)
{
    struct view view = {.arena = arena};
    prepared_each(storage->prepared, add_view, &view);
    *list = view.list.items;
    return view.list.n;
}
