/* registry.c - key -> implementation, over the tables of all files. */
#include "func/registry.h"

#include <pthread.h>
#include <string.h>

#include "base/map.h"

static struct map *funcs, *aggs; /* built once, read-only afterwards */
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define LISTS_MAX 8
static const struct func_entry *const *added[LISTS_MAX];
static size_t n_added;

void func_add_tables(const struct func_entry *const *tables)
{
    ASSERT(!funcs && n_added < LISTS_MAX);
    added[n_added++] = tables;
}

static void add(struct map *map, const char *key, const void *entry)
{
    void *before = map_put(map, key, strlen(key), (void *)(uintptr_t)entry);
    ASSERT(before == NULL); /* two files implement the same key */
}

static void build(void)
{
#define TAKE_TABLE(name) name,
    static const struct func_entry *const func_tables[] = {FUNC_TABLES(TAKE_TABLE)};
    static const struct agg_entry *const agg_tables[] = {AGG_TABLES(TAKE_TABLE)};
#undef TAKE_TABLE
    funcs = map_new();
    aggs = map_new();
    for (size_t k = 0; k < ARRAY_COUNT(func_tables); k++)
        for (const struct func_entry *entry = func_tables[k]; entry->key; entry++)
            add(funcs, entry->key, entry);
    for (size_t k = 0; k < n_added; k++)
        for (const struct func_entry *const *table = added[k]; *table; table++)
            for (const struct func_entry *entry = *table; entry->key; entry++)
                add(funcs, entry->key, entry);
    for (size_t k = 0; k < ARRAY_COUNT(agg_tables); k++)
        for (const struct agg_entry *entry = agg_tables[k]; entry->key; entry++)
            add(aggs, entry->key, entry);
}

func_impl func_find(const char *signature_key, const char *prosrc)
{
    pthread_once(&once, build);
    const struct func_entry *entry = NULL;
    if (signature_key)
        entry = map_get(funcs, signature_key, strlen(signature_key));
    if (!entry && prosrc)
        entry = map_get(funcs, prosrc, strlen(prosrc));
    return entry ? entry->impl : NULL;
}

const struct agg_entry *agg_find(const char *signature_key)
{
    pthread_once(&once, build);
    return map_get(aggs, signature_key, strlen(signature_key));
}

struct type_io fcall_io(const struct fcall *c, const struct type *type)
{
    return (struct type_io){
        .arena = c->arena,
        .err = c->err,
        .type = type,
        .typmod = -1,
        .settings = c->env->settings,
        .env = c->env,
    };
}
