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
    uint32_t x = ((const struct type_ops_entry *)a)->oid, y = ((const struct type_ops_entry *)b)->oid;
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

const struct type_ops *type_ops_builtin(uint32_t oid)
{
    pthread_once(&once, build);
    struct type_ops_entry key = {.oid = oid};
    const struct type_ops_entry *found = bsearch(&key, entries, n_entries, sizeof(key), by_oid);
    return found ? found->ops : NULL;
}
