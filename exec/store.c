/* store.c - rows in an arena, found through blocks of pointers so that growth never moves what was handed out. */
#include "exec/store.h"

#define ROWS_PER_BLOCK 1024

struct store {
    struct arena *arena;
    const struct type *const *types;
    int n_columns;
    struct datum ***blocks;
    size_t n_blocks, cap_blocks;
    size_t n;
};

struct store *store_new(struct arena *arena, const struct type *const *types, int n_columns)
{
    struct arena *own = arena_child(arena, "store");
    struct store *store = ARENA_NEW(arena, struct store);
    store->arena = own;
    store->types = types;
    store->n_columns = n_columns;
    return store;
}

struct datum *row_copy(struct arena *arena, const struct type *const *types, const struct datum *row, int n_columns)
{
    struct datum *copy = arena_alloc(arena, (size_t)(n_columns ? n_columns : 1) * sizeof(*copy));
    for (int k = 0; k < n_columns; k++)
        copy[k] = row[k].null || types[k]->by_value ? row[k] : datum_copy(types[k], arena, row[k]);
    return copy;
}

void store_add(struct store *store, const struct datum *row)
{
    if (store->n / ROWS_PER_BLOCK == store->n_blocks) {
        if (store->n_blocks == store->cap_blocks) {
            size_t cap = store->cap_blocks ? store->cap_blocks * 2 : 8;
            store->blocks = arena_realloc(store->arena, store->blocks, store->cap_blocks * sizeof(*store->blocks),
                                          cap * sizeof(*store->blocks));
            store->cap_blocks = cap;
        }
        size_t rows = store->n_blocks == 0 ? 16 : ROWS_PER_BLOCK;
        store->blocks[store->n_blocks++] = arena_alloc(store->arena, rows * sizeof(struct datum *));
    } else if (store->n == 16) {
        struct datum **first = arena_alloc(store->arena, ROWS_PER_BLOCK * sizeof(*first));
        for (int k = 0; k < 16; k++)
            first[k] = store->blocks[0][k];
        store->blocks[0] = first;
    }
    store->blocks[store->n / ROWS_PER_BLOCK][store->n % ROWS_PER_BLOCK] =
        row_copy(store->arena, store->types, row, store->n_columns);
    store->n++;
}

size_t store_count(const struct store *store)
{
    return store->n;
}

const struct datum *store_row(const struct store *store, size_t index)
{
    return store->blocks[index / ROWS_PER_BLOCK][index % ROWS_PER_BLOCK];
}

void store_clear(struct store *store)
{
    arena_reset(store->arena);
    store->blocks = NULL;
    store->n = store->n_blocks = store->cap_blocks = 0;
}

struct arena *store_arena(struct store *store)
{
    return store->arena;
}
