/* registry.c - built-in OID -> ops.  The tables are merged into one sorted by OID at first use. */
#include "types/registry.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_ENTRIES 512

static struct type_ops_entry entries[MAX_ENTRIES];
static size_t n_entries;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int by_oid(const void *a, const void *b)
{
    uint32_t x = ((const struct type_ops_entry *)a)->oid,
             y = ((const struct type_ops_entry *)b)->oid;
    return (x > y) - (x < y);
}

static void build(void)
{
#define TAKE_TABLE(name) name,
    static const struct type_ops_entry *const tables[] = {TYPE_TABLES(TAKE_TABLE)};
#undef TAKE_TABLE
    for (size_t k = 0; k < ARRAY_COUNT(tables); k++)
        for (const struct type_ops_entry *entry = tables[k]; entry->oid; entry++) {
            ASSERT(n_entries < MAX_ENTRIES);
            entries[n_entries++] = *entry;
        }
    qsort(entries, n_entries, sizeof(entries[0]), by_oid);
}

static const struct type_ops_entry *find_entry(uint32_t oid)
{
    pthread_once(&once, build);
    struct type_ops_entry key = {.oid = oid};
    return bsearch(&key, entries, n_entries, sizeof(key), by_oid);
}

const struct type_ops *type_ops_builtin(uint32_t oid)
{
    const struct type_ops_entry *found = find_entry(oid);
    return found ? found->ops : NULL;
}

/* ---- plain types, until the catalog has its own ---- */

static struct type plain_types[MAX_ENTRIES];
static pthread_once_t plain_once = PTHREAD_ONCE_INIT;

static struct type *plain_type_at(uint32_t oid)
{
    const struct type_ops_entry *entry = find_entry(oid);
    return entry ? &plain_types[entry - entries] : NULL;
}

static void build_plain_types(void)
{
    pthread_once(&once, build);
    for (size_t k = 0; k < n_entries; k++)
        plain_types[k] = (struct type){
            .oid = entries[k].oid,
            .name = entries[k].ops->name,
            .kind = 'b',
            .category = 'U',
            .delim = ',',
            .by_value = entries[k].ops->storage == STORAGE_INTEGER ||
                        entries[k].ops->storage == STORAGE_REAL,
            .ops = entries[k].ops,
        };
    for (const struct array_pair *pair = array_pairs; pair->array_oid; pair++) {
        struct type *elem = plain_type_at(pair->elem_oid), *array = plain_type_at(pair->array_oid);
        if (!elem || !array)
            continue;
        if (!elem->array_oid)
            elem->array_oid = pair->array_oid;
        array->elem_oid = pair->elem_oid;
        array->elem = elem;
        array->category = 'A';
    }
    for (const struct range_triple *triple = range_triples; triple->range_oid; triple++) {
        struct type *range = plain_type_at(triple->range_oid),
                    *multirange = plain_type_at(triple->multirange_oid);
        range->kind = 'r';
        range->subtype_oid = triple->subtype_oid;
        range->elem = plain_type_at(triple->subtype_oid);
        multirange->kind = 'm';
        multirange->subtype_oid = triple->range_oid;
        multirange->elem = range;
    }
}

static const struct type *plain_type(uint32_t oid)
{
    pthread_once(&plain_once, build_plain_types);
    return plain_type_at(oid);
}

static const struct type *(*find_builtin)(uint32_t oid) = plain_type;

void type_set_builtin(const struct type *(*find)(uint32_t oid))
{
    find_builtin = find;
}

const struct type *type_builtin(uint32_t oid)
{
    return find_builtin(oid);
}
