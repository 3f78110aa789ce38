/* store.c - rows in chunks.
 *
 * A chunk is a block of flat rows and, behind them in the file, where each begins.  Its bytes never move while it is in memory; datums
 * point into it, and are moved by the distance when it is read back to another place.  The last chunk is open for adding.
 * Invariants:
 *   (1) slots[k] covers rows [first_row, slots[k + 1].first_row); its chunk is in memory or in the file, or both never;
 *   (2) a chunk lives until the store and all cursors have let go of it (refs), so spilling does not pull a row from under a reader;
 *   (3) only full chunks are spilled. */
#include "exec/store.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES_MIN 1024
#define CHUNK_BYTES_MAX (64 * 1024)

struct chunk {
    uint32_t refs;
    uint32_t n_rows, cap_rows;
    size_t first_row, used, cap;
    uint32_t *offsets; /* in 8-byte units */
    char *data;
};

struct slot {
    size_t first_row;
    struct chunk *chunk; /* NULL: in the file */
    uint64_t file_offset;
    const char *base; /* where its bytes were when written */
    size_t used;
    uint32_t n_rows;
};

struct store_cursor {
    struct store *store;
    struct store_cursor *next;
    struct chunk *chunk;
    size_t slot;
};

struct store {
    struct arena *arena;
    struct workspace *workspace;
    int n_columns;
    bool keeps_little;
    struct slot *slots;
    size_t n_slots, cap_slots, n_spilled; /* slots [0, n_spilled) are in the file */
    size_t n, chunk_bytes;
    size_t held_bytes, counted_bytes;
    struct store_cursor *cursors, *own;
    struct chunk *spare; /* left by the rows before store_clear() */
};

/* ---- flat rows ---- */

static size_t round8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

size_t flat_row_bytes(const struct datum *row, int n_columns)
{
    size_t bytes = sizeof(struct datum) * (size_t)n_columns;
    for (int k = 0; k < n_columns; k++)
        if (datum_has_bytes(&row[k]))
            bytes += round8(row[k].n);
    return bytes;
}

struct datum *flat_row_put(void *to, const struct datum *row, int n_columns)
{
    struct datum *copy = to;
    char *at = (char *)(copy + n_columns);
    for (int k = 0; k < n_columns; k++) {
        copy[k] = row[k];
        if (!datum_has_bytes(&row[k]))
            continue;
        memcpy(at, row[k].p, row[k].n);
        copy[k].p = at;
        at += round8(row[k].n);
    }
    return copy;
}

void flat_row_moved(struct datum *row, int n_columns, const void *old_base, const void *new_base)
{
    for (int k = 0; k < n_columns; k++)
        if (datum_has_bytes(&row[k]))
            row[k].p = (const char *)new_base + ((uintptr_t)row[k].p - (uintptr_t)old_base);
}

struct datum *row_copy(struct arena *arena, const struct datum *row, int n_columns)
{
    return flat_row_put(arena_alloc(arena, flat_row_bytes(row, n_columns)), row, n_columns);
}

/* ---- chunks ---- */

static void *checked_alloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    ASSERT(p != NULL);
    return p;
}

static struct chunk *chunk_new(size_t first_row, size_t bytes, uint32_t rows)
{
    struct chunk *chunk = checked_alloc(sizeof(*chunk));
    *chunk = (struct chunk){.refs = 1, .first_row = first_row, .cap = bytes, .cap_rows = rows};
    chunk->data = checked_alloc(bytes);
    chunk->offsets = checked_alloc(rows * sizeof(*chunk->offsets));
    return chunk;
}

static void chunk_unref(struct chunk *chunk)
{
    if (!chunk || --chunk->refs > 0)
        return;
    free(chunk->data);
    free(chunk->offsets);
    free(chunk);
}

static size_t chunk_held(const struct chunk *chunk)
{
    return sizeof(*chunk) + chunk->cap + chunk->cap_rows * sizeof(*chunk->offsets);
}

static void count_held(struct store *store)
{
    if (store->workspace)
        workspace_hold(store->workspace, &store->counted_bytes, store->held_bytes);
}

/* ---- the store ---- */

/* Keeps a chunk for the next rows: stores that are cleared again and again. */
static void let_go(struct store *store, struct chunk *chunk)
{
    if (store->spare || chunk->refs > 1 || chunk->cap > CHUNK_BYTES_MAX) {
        chunk_unref(chunk);
        return;
    }
    chunk->n_rows = 0;
    chunk->used = 0;
    store->spare = chunk;
}

static void drop_rows(struct store *store)
{
    for (struct store_cursor *cursor = store->cursors; cursor; cursor = cursor->next) {
        chunk_unref(cursor->chunk);
        cursor->chunk = NULL;
        cursor->slot = 0;
    }
    for (size_t k = 0; k < store->n_slots; k++) {
        struct slot *slot = &store->slots[k];
        if (slot->chunk)
            let_go(store, slot->chunk);
        else
            spill_release(store->workspace, slot->file_offset,
                          slot->used + slot->n_rows * sizeof(uint32_t));
    }
    store->n = store->n_slots = store->n_spilled = 0;
    store->held_bytes = 0;
    count_held(store);
}

static void store_end(void *arg)
{
    struct store *store = arg;
    drop_rows(store);
    chunk_unref(store->spare);
    store->spare = NULL;
    free(store->slots);
    store->slots = NULL;
    store->cap_slots = 0;
}

struct store *store_new(struct arena *arena, struct workspace *workspace, int n_columns)
{
    struct store *store = ARENA_NEW(arena, struct store);
    store->arena = arena;
    store->workspace = workspace ? workspace : workspace_new(arena);
    store->n_columns = n_columns;
    store->chunk_bytes = CHUNK_BYTES_MIN;
    arena_on_free(arena, store_end, store);
    return store;
}

void store_keep_little(struct store *store)
{
    store->keeps_little = true;
    store->chunk_bytes = MIN((size_t)CHUNK_BYTES_MAX / 2,
                             MAX((size_t)CHUNK_BYTES_MIN, store->workspace->limit_bytes / 64));
}

static bool spill_slot(struct store *store, struct slot *slot, struct err *err)
{
    struct chunk *chunk = slot->chunk;
    uint64_t rest;
    if (!spill_write(store->workspace, chunk->data, chunk->used, &slot->file_offset, err) ||
        !spill_write(store->workspace, chunk->offsets, chunk->n_rows * sizeof(*chunk->offsets),
                     &rest, err))
        return false;
    slot->base = chunk->data;
    slot->used = chunk->used;
    slot->n_rows = chunk->n_rows;
    slot->chunk = NULL;
    store->held_bytes -= chunk_held(chunk);
    chunk_unref(chunk);
    return true;
}

/* Before a new chunk is opened: all there are, are full. */
static bool spill_if_full(struct store *store, struct err *err)
{
    if (!store->keeps_little && !workspace_is_full(store->workspace, store->held_bytes))
        return true;
    for (; store->n_spilled < store->n_slots; store->n_spilled++)
        if (!spill_slot(store, &store->slots[store->n_spilled], err))
            return false;
    return true;
}

static struct chunk *take_chunk(struct store *store, size_t row_bytes)
{
    struct chunk *spare = store->spare;
    if (spare && spare->cap >= row_bytes) {
        store->spare = NULL;
        spare->first_row = store->n;
        return spare;
    }
    size_t bytes = MAX(store->chunk_bytes, row_bytes);
    return chunk_new(store->n, bytes, (uint32_t)(bytes / (row_bytes + 1) + 1));
}

static bool open_chunk(struct store *store, size_t row_bytes, struct err *err)
{
    if (!spill_if_full(store, err))
        return false;
    if (store->n_slots == store->cap_slots) {
        store->cap_slots = store->cap_slots ? store->cap_slots * 2 : 4;
        store->slots = realloc(store->slots, store->cap_slots * sizeof(*store->slots));
        ASSERT(store->slots != NULL);
    }
    struct chunk *chunk = take_chunk(store, row_bytes);
    store->slots[store->n_slots++] = (struct slot){.first_row = store->n, .chunk = chunk};
    store->held_bytes += chunk_held(chunk);
    if (!store->keeps_little)
        store->chunk_bytes = MIN(store->chunk_bytes * 2, (size_t)CHUNK_BYTES_MAX);
    count_held(store);
    return true;
}

static void reserve_offset(struct store *store, struct chunk *chunk)
{
    if (LIKELY(chunk->n_rows < chunk->cap_rows))
        return;
    store->held_bytes += chunk->cap_rows * sizeof(*chunk->offsets);
    chunk->cap_rows *= 2;
    chunk->offsets = realloc(chunk->offsets, chunk->cap_rows * sizeof(*chunk->offsets));
    ASSERT(chunk->offsets != NULL);
}

bool store_add(struct store *store, const struct datum *row, struct err *err)
{
    size_t bytes = MAX(flat_row_bytes(row, store->n_columns), (size_t)8);
    struct chunk *chunk = store->n_slots ? store->slots[store->n_slots - 1].chunk : NULL;
    if (!chunk || chunk->cap - chunk->used < bytes || chunk->n_rows == UINT32_MAX) {
        if (!open_chunk(store, bytes, err))
            return false;
        chunk = store->slots[store->n_slots - 1].chunk;
    }
    reserve_offset(store, chunk);
    chunk->offsets[chunk->n_rows++] = (uint32_t)(chunk->used / 8);
    flat_row_put(chunk->data + chunk->used, row, store->n_columns);
    chunk->used += bytes;
    store->n++;
    return true;
}

size_t store_count(const struct store *store)
{
    return store->n;
}

size_t store_bytes(const struct store *store)
{
    return store->held_bytes;
}

void store_clear(struct store *store)
{
    drop_rows(store);
    if (!store->keeps_little)
        store->chunk_bytes = CHUNK_BYTES_MIN;
}

/* ---- cursors ---- */

struct store_cursor *store_cursor_new(struct store *store)
{
    struct store_cursor *cursor = ARENA_NEW(store->arena, struct store_cursor);
    cursor->store = store;
    cursor->next = store->cursors;
    store->cursors = cursor;
    return cursor;
}

const struct store *store_cursor_store(const struct store_cursor *cursor)
{
    return cursor->store;
}

static size_t slot_end(const struct store *store, size_t at)
{
    return at + 1 < store->n_slots ? store->slots[at + 1].first_row : store->n;
}

static size_t find_slot(const struct store *store, size_t hint, size_t index)
{
    for (size_t at = hint; at < store->n_slots && at <= hint + 1; at++)
        if (index >= store->slots[at].first_row && index < slot_end(store, at))
            return at;
    size_t low = 0, high = store->n_slots;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (store->slots[middle].first_row <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static struct chunk *load_chunk(struct store *store, const struct slot *slot, struct err *err)
{
    struct chunk *chunk = chunk_new(slot->first_row, slot->used, slot->n_rows);
    if (!spill_read(store->workspace, slot->file_offset, chunk->data, slot->used, err) ||
        !spill_read(store->workspace, slot->file_offset + slot->used, chunk->offsets,
                    slot->n_rows * sizeof(uint32_t), err)) {
        chunk_unref(chunk);
        return NULL;
    }
    chunk->used = slot->used;
    chunk->n_rows = slot->n_rows;
    for (uint32_t k = 0; k < chunk->n_rows; k++)
        flat_row_moved((struct datum *)(chunk->data + (size_t)chunk->offsets[k] * 8),
                       store->n_columns, slot->base, chunk->data);
    return chunk;
}

static bool cursor_move(struct store_cursor *cursor, size_t index, struct err *err)
{
    struct store *store = cursor->store;
    ASSERT(index < store->n);
    cursor->slot = find_slot(store, cursor->slot, index);
    const struct slot *slot = &store->slots[cursor->slot];
    struct chunk *chunk = slot->chunk;
    if (chunk)
        chunk->refs++;
    else if (!(chunk = load_chunk(store, slot, err)))
        return false;
    chunk_unref(cursor->chunk);
    cursor->chunk = chunk;
    return true;
}

bool store_read(struct store_cursor *cursor, size_t index, const struct datum **row,
                struct err *err)
{
    const struct chunk *chunk = cursor->chunk;
    if (UNLIKELY(!chunk || index - chunk->first_row >= chunk->n_rows)) {
        if (!cursor_move(cursor, index, err))
            return false;
        chunk = cursor->chunk;
    }
    *row =
        (const struct datum *)(chunk->data + (size_t)chunk->offsets[index - chunk->first_row] * 8);
    return true;
}

bool store_row(struct store *store, size_t index, const struct datum **row, struct err *err)
{
    if (!store->own)
        store->own = store_cursor_new(store);
    return store_read(store->own, index, row, err);
}
