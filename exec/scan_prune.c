/* scan_prune.c - from a scan's conditions to shards and file-level quals.
 *
 * The shard key is known when each of its columns is compared with = or IN.  IN lists over several key columns multiply; beyond
 * KEYS_MAX combinations the scan reads every shard.  A shard too many costs time, a shard too few would lose rows: whatever is
 * not certainly a key condition therefore prunes nothing. */
#include "exec/scan_prune.h"

#include <stdlib.h>
#include <string.h>

#include "router/placement.h"
#include "types/array.h"

#define KEYS_MAX 4096

struct cond_values {
    struct datum *values;
    uint32_t n;
};

static int compare_shards(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The values of one condition without NULLs, which never match. */
static bool cond_values(const struct scan_cond *cond, struct frame *f, struct arena *arena,
                        struct cond_values *out)
{
    struct datum v;
    *out = (struct cond_values){0};
    if (!eval(cond->value, f, &v))
        return false;
    if (v.null)
        return true;
    if (!cond->value_is_array) {
        out->values = arena_memdup(arena, &v, sizeof(v));
        out->n = 1;
        return true;
    }
    const struct array *array = array_of(&v);
    const struct type *elem = env_type(f->exec->env, array->elem_oid);
    struct datum *items = array_items(arena, elem, array);
    for (uint32_t k = 0; k < array->n_items; k++)
        if (!items[k].null)
            items[out->n++] = items[k];
    out->values = items;
    return true;
}

static const struct cond_values *key_cond(const struct node *node, const struct cond_values *values,
                                          int16_t attnum)
{
    for (int k = 0; k < node->scan.n_conds; k++)
        if (node->scan.conds[k].attnum == attnum &&
            (node->scan.conds[k].op == QUAL_EQ || node->scan.conds[k].op == QUAL_IN))
            return &values[k];
    return NULL;
}

#define KEY_COLUMNS_MAX 32

/* False: the key is not pinned. */
static bool shards_of_key(const struct node *node, const struct catalog *catalog,
                          const struct cond_values *values, struct arena *arena,
                          struct scan_prune *prune)
{
    const struct relation *relation = node->scan.relation;
    const struct cond_values *parts[KEY_COLUMNS_MAX];
    const struct datum *key[KEY_COLUMNS_MAX];
    uint32_t at[KEY_COLUMNS_MAX] = {0};
    uint64_t combinations = 1;
    int n_key = relation->n_shard_key;
    if (relation->distribution != DIST_SHARDED || n_key > KEY_COLUMNS_MAX)
        return false;
    for (int k = 0; k < n_key; k++) {
        parts[k] = key_cond(node, values, relation->shard_key[k]);
        if (!parts[k])
            return false;
        combinations *= parts[k]->n;
        if (combinations > KEYS_MAX)
            return false;
    }
    prune->shards = ARENA_ARRAY(arena, uint32_t, combinations + 1);
    uint32_t n = 0;
    for (uint64_t c = 0; c < combinations; c++) {
        for (int k = 0; k < n_key; k++)
            key[k] = &parts[k]->values[at[k]];
        prune->shards[n++] = placement_of_key(catalog, relation, key);
        for (int k = 0; k < n_key && ++at[k] == parts[k]->n; k++)
            at[k] = 0;
    }
    if (n > 1)
        qsort(prune->shards, n, sizeof(*prune->shards), compare_shards);
    for (uint32_t k = 0; k < n; k++)
        if (prune->n_shards == 0 || prune->shards[prune->n_shards - 1] != prune->shards[k])
            prune->shards[prune->n_shards++] = prune->shards[k];
    return true;
}

static bool limit_of(const struct node *node, struct frame *f, struct scan_prune *prune)
{
    struct datum v;
    if (!node->scan.limit)
        return true;
    if (!eval(node->scan.limit, f, &v))
        return false;
    if (!v.null && v.i > 0)
        prune->limit = (uint64_t)v.i;
    return true;
}

bool scan_prune(const struct node *node, struct frame *f, struct arena *arena,
                struct scan_prune *prune)
{
    struct arena *saved = f->arena;
    f->arena = arena;
    *prune = (struct scan_prune){0};
    int n = node->scan.n_conds;
    struct cond_values *values = n ? ARENA_ARRAY(arena, struct cond_values, n) : NULL;
    prune->quals = n ? ARENA_ARRAY(arena, struct scan_qual, n) : NULL;
    bool ok = limit_of(node, f, prune);
    for (int k = 0; ok && k < n; k++) {
        const struct scan_cond *cond = &node->scan.conds[k];
        if (cond->value) {
            ok = cond_values(cond, f, arena, &values[k]);
            if (ok && !values[k].n)
                prune->nothing = true;
        }
        if (ok && cond->in_files)
            prune->quals[prune->n_quals++] = (struct scan_qual){.attnum = cond->attnum,
                                                                .op = cond->op,
                                                                .values = values[k].values,
                                                                .n_values = values[k].n};
    }
    f->arena = saved;
    if (!ok || prune->nothing)
        return ok;
    if (!shards_of_key(node, f->exec->env->catalog, values, arena, prune))
        prune->shards =
            placement_all(f->exec->env->catalog, node->scan.relation, arena, &prune->n_shards);
    return true;
}
