/* sorter.c - an external merge sort.
 *
 * Rows gather in memory as records, found through an array of (first 8 key bytes, record).  When the workspace is full the array is
 * sorted and written as a run; at the end the runs (and what is still in memory, as the last of them) are merged.  More
 * runs than can be merged at a time are first merged into longer ones.
 *
 * With a bound the records form a max-heap of the smallest rows so far: a row that is not smaller than its top can never come out.  The place of a
 * row that leaves the heap is used again when the new row fits; what is lost otherwise is regained by copying the heap now and then. */
#include "exec/sorter.h"

#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "exec/store.h"

#define RUNS_MAX 48             /* merged at a time: each holds a chunk in memory */
#define SORTED_PER_BREATH 16384 /* records moved between two looks at the clock */

struct record {
    uint64_t sequence;
    uint32_t key_bytes, row_bytes, room; /* room: for key and row together */
    _Alignas(8) char bytes[];            /* the row, then the key */
};

struct item {
    uint64_t prefix; /* of the key, big-endian, zero-padded */
    struct record *record;
};

struct run {
    struct store *rows; /* columns, then the key */
    struct store_cursor *cursor;
    size_t at;
    const struct datum *row; /* the head */
    uint64_t prefix;
};

struct sorter {
    struct arena *arena, *records;
    struct workspace *workspace;
    int n_columns;
    struct item *items;
    size_t n_items, cap_items, at;
    size_t n_added, counted_bytes;
    bool bounded, finished, spilled;
    size_t bound, wasted_bytes;
    struct run *runs;
    size_t n_runs, cap_runs;
    size_t *heap; /* of runs, the smallest head first */
    size_t n_heap;
    struct datum *run_row;
    bool started;
};

/* ---- comparing ---- */

static uint64_t prefix_of(const void *key, size_t n)
{
    uint64_t prefix = 0;
    memcpy(&prefix, key, MIN(n, sizeof(prefix)));
    return __builtin_bswap64(prefix);
}

static int compare_keys(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    int c = memcmp(a, b, MIN(a_bytes, b_bytes));
    return c ? c : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static const char *record_key(const struct record *record)
{
    return record->bytes + record->row_bytes;
}

static int compare_items(const struct item *a, const struct item *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    return compare_keys(record_key(a->record), a->record->key_bytes, record_key(b->record),
                        b->record->key_bytes);
}

/* ---- sorting in memory: a merge sort, which is stable ---- */

static void insertion_sort(struct item *items, size_t n)
{
    for (size_t k = 1; k < n; k++) {
        struct item moved = items[k];
        size_t at = k;
        for (; at > 0 && compare_items(&items[at - 1], &moved) > 0; at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

struct merge_sort {
    size_t moved;
    struct err *err;
};

static bool breathe(struct merge_sort *m, size_t n)
{
    m->moved += n;
    if (m->moved < SORTED_PER_BREATH)
        return true;
    m->moved = 0;
    return fiber_breathe() || fiber_check_interrupt(m->err);
}

/* Merges the sorted halves of items through `spare`, which has room for the first. */
static void merge_halves(struct item *items, size_t n_left, size_t n, struct item *spare)
{
    if (compare_items(&items[n_left - 1], &items[n_left]) <= 0)
        return;
    memcpy(spare, items, n_left * sizeof(*items));
    size_t left = 0, right = n_left, to = 0;
    while (left < n_left && right < n)
        items[to++] =
            compare_items(&spare[left], &items[right]) <= 0 ? spare[left++] : items[right++];
    memcpy(&items[to], &spare[left], (n_left - left) * sizeof(*items));
}

static bool merge_sort(struct merge_sort *m, struct item *items, size_t n, struct item *spare)
{
    if (n <= 12) {
        insertion_sort(items, n);
        return true;
    }
    size_t n_left = n / 2;
    if (!merge_sort(m, items, n_left, spare) || !merge_sort(m, items + n_left, n - n_left, spare))
        return false;
    merge_halves(items, n_left, n, spare);
    return breathe(m, n);
}

static bool sort_items(struct sorter *s, struct err *err)
{
    struct merge_sort m = {.err = err};
    struct item *spare = malloc((s->n_items / 2 + 1) * sizeof(*spare));
    ASSERT(spare != NULL);
    bool ok = merge_sort(&m, s->items, s->n_items, spare);
    free(spare);
    return ok;
}

/* ---- adding ---- */

static void free_memory(void *arg)
{
    struct sorter *s = arg;
    free(s->items);
    s->items = NULL;
    s->cap_items = s->n_items = 0;
    workspace_hold(s->workspace, &s->counted_bytes, 0);
}

struct sorter *sorter_new(struct arena *arena, struct workspace *workspace, int n_columns)
{
    struct sorter *s = ARENA_NEW(arena, struct sorter);
    s->arena = arena_child(arena, "sorter");
    s->records = arena_child(s->arena, "sorter records");
    s->workspace = workspace;
    s->n_columns = n_columns;
    arena_on_free(arena, free_memory, s);
    return s;
}

void sorter_bound(struct sorter *s, size_t n)
{
    s->bounded = true;
    s->bound = n;
}

size_t sorter_count(const struct sorter *s)
{
    return s->n_added;
}

bool sorter_spilled(const struct sorter *s)
{
    return s->spilled;
}

static size_t held_bytes(const struct sorter *s)
{
    return arena_bytes(s->records) + s->cap_items * sizeof(struct item) * 3 / 2;
}

static void fill_record(struct sorter *s, struct record *record, const void *key, size_t key_bytes,
                        const struct datum *row, size_t row_bytes)
{
    record->sequence = s->n_added;
    record->key_bytes = (uint32_t)key_bytes;
    record->row_bytes = (uint32_t)row_bytes;
    flat_row_put(record->bytes, row, s->n_columns);
    if (key_bytes)
        memcpy(record->bytes + row_bytes, key, key_bytes);
}

static struct record *record_new(struct sorter *s, const void *key, size_t key_bytes,
                                 const struct datum *row)
{
    size_t row_bytes = flat_row_bytes(row, s->n_columns);
    struct record *record = arena_alloc(s->records, sizeof(*record) + row_bytes + key_bytes);
    record->room = (uint32_t)(row_bytes + key_bytes);
    fill_record(s, record, key, key_bytes, row, row_bytes);
    return record;
}

static void push_item(struct sorter *s, struct item item)
{
    if (s->n_items == s->cap_items) {
        s->cap_items = s->cap_items ? s->cap_items * 2 : 32;
        s->items = realloc(s->items, s->cap_items * sizeof(*s->items));
        ASSERT(s->items != NULL);
    }
    s->items[s->n_items++] = item;
}

static struct run *run_new(struct sorter *s)
{
    if (s->n_runs == s->cap_runs) {
        size_t cap = s->cap_runs ? s->cap_runs * 2 : 8;
        s->runs = arena_realloc(s->arena, s->runs, s->cap_runs * sizeof(*s->runs),
                                cap * sizeof(*s->runs));
        s->cap_runs = cap;
    }
    struct run *run = &s->runs[s->n_runs++];
    *run = (struct run){.rows = store_new(s->arena, s->workspace, s->n_columns + 1)};
    store_keep_little(run->rows);
    if (!s->run_row)
        s->run_row = ARENA_ARRAY(s->arena, struct datum, s->n_columns + 1);
    return run;
}

static bool write_run(struct sorter *s, struct err *err)
{
    struct run *run = run_new(s);
    for (size_t k = 0; k < s->n_items; k++) {
        const struct record *record = s->items[k].record;
        memcpy(s->run_row, record->bytes, sizeof(struct datum) * (size_t)s->n_columns);
        s->run_row[s->n_columns] = datum_bytes(record_key(record), record->key_bytes);
        if (!store_add(run->rows, s->run_row, err))
            return false;
        if (k % 1024 == 1023 && !fiber_breathe() && !fiber_check_interrupt(err))
            return false;
    }
    s->n_items = 0;
    s->spilled = true;
    arena_reset(s->records);
    workspace_hold(s->workspace, &s->counted_bytes, held_bytes(s));
    return true;
}

/* ---- the bounded heap: the greatest on top ---- */

static int compare_for_heap(const struct item *a, const struct item *b)
{
    int c = compare_items(a, b);
    return c ? c
             : (a->record->sequence > b->record->sequence) -
                   (a->record->sequence < b->record->sequence);
}

static void sift_down(struct item *heap, size_t n, size_t at)
{
    struct item moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare_for_heap(&heap[child], &heap[child + 1]) < 0)
            child++;
        if (compare_for_heap(&moved, &heap[child]) >= 0)
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* A full heap is taken down from its top; its order is not that of arrival, which sorting would keep. */
static bool sort_memory(struct sorter *s, struct err *err)
{
    if (!s->bounded || s->n_items < s->bound)
        return sort_items(s, err);
    for (size_t n = s->n_items; n > 1;) {
        struct item greatest = s->items[0];
        s->items[0] = s->items[--n];
        sift_down(s->items, n, 0);
        s->items[n] = greatest;
    }
    return true;
}

static bool note_memory(struct sorter *s, struct err *err)
{
    size_t held = held_bytes(s);
    if (LIKELY(held == s->counted_bytes))
        return true;
    workspace_hold(s->workspace, &s->counted_bytes, held);
    if (!workspace_is_full(s->workspace, held) || s->n_items < 2)
        return true;
    bool ok = sort_memory(s, err) && write_run(s, err);
    s->bounded =
        false; /* what the bound has dropped so far cannot come out; from here on all rows are kept */
    return ok;
}

/* ---- the bound ---- */

/* Copies the records that count to a new arena once most of the old one is waste. */
static void regain_waste(struct sorter *s)
{
    size_t held = arena_bytes(s->records);
    if (s->wasted_bytes < 256 * 1024 || s->wasted_bytes < held / 2)
        return;
    struct arena *records = arena_child(s->arena, "sorter records");
    for (size_t k = 0; k < s->n_items; k++) {
        const struct record *old = s->items[k].record;
        struct record *record =
            arena_memdup(records, old, sizeof(*old) + old->row_bytes + old->key_bytes);
        record->room = old->row_bytes + old->key_bytes;
        flat_row_moved((struct datum *)record->bytes, s->n_columns, old->bytes, record->bytes);
        s->items[k].record = record;
    }
    arena_free(s->records);
    s->records = records;
    s->wasted_bytes = 0;
}

static void replace_greatest(struct sorter *s, uint64_t prefix, const void *key, size_t key_bytes,
                             const struct datum *row)
{
    struct record *record = s->items[0].record;
    size_t row_bytes = flat_row_bytes(row, s->n_columns);
    if (row_bytes + key_bytes <= record->room) {
        fill_record(s, record, key, key_bytes, row, row_bytes);
    } else {
        s->wasted_bytes += record->room;
        record = record_new(s, key, key_bytes, row);
    }
    s->items[0] = (struct item){prefix, record};
    sift_down(s->items, s->n_items, 0);
    regain_waste(s);
}

static bool add_bounded(struct sorter *s, const void *key, size_t key_bytes,
                        const struct datum *row)
{
    uint64_t prefix = prefix_of(key, key_bytes);
    if (s->n_items < s->bound) {
        push_item(s, (struct item){prefix, record_new(s, key, key_bytes, row)});
        if (s->n_items == s->bound)
            for (size_t k = s->n_items / 2 + 1; k-- > 0;)
                sift_down(s->items, s->n_items, k);
        return true;
    }
    if (!s->bound)
        return false;
    const struct record *top = s->items[0].record;
    bool smaller = prefix != s->items[0].prefix
                       ? prefix < s->items[0].prefix
                       : compare_keys(key, key_bytes, record_key(top), top->key_bytes) < 0;
    if (smaller)
        replace_greatest(s, prefix, key, key_bytes, row);
    return smaller;
}

bool sorter_add(struct sorter *s, const void *key, size_t key_bytes, const struct datum *row,
                struct err *err)
{
    ASSERT(!s->finished);
    bool kept = true;
    if (s->bounded)
        kept = add_bounded(s, key, key_bytes, row);
    else
        push_item(s, (struct item){prefix_of(key, key_bytes), record_new(s, key, key_bytes, row)});
    s->n_added++;
    return !kept || note_memory(s, err);
}

/* ---- merging ---- */

static bool run_advance(struct sorter *s, struct run *run, struct err *err)
{
    if (run->at == store_count(run->rows)) {
        run->row = NULL;
        return true;
    }
    if (!run->cursor)
        run->cursor = store_cursor_new(run->rows);
    if (!store_read(run->cursor, run->at++, &run->row, err))
        return false;
    const struct datum *key = &run->row[s->n_columns];
    run->prefix = prefix_of(key->p, key->n);
    return true;
}

/* By key, then by run: earlier runs hold earlier rows. */
static bool run_before(const struct sorter *s, size_t a, size_t b)
{
    const struct run *x = &s->runs[a], *y = &s->runs[b];
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix;
    const struct datum *kx = &x->row[s->n_columns], *ky = &y->row[s->n_columns];
    int c = compare_keys(kx->p, kx->n, ky->p, ky->n);
    return c ? c < 0 : a < b;
}

static void runs_sift(struct sorter *s, size_t at)
{
    size_t moved = s->heap[at];
    for (size_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && run_before(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (run_before(s, moved, s->heap[child]))
            break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = moved;
}

/* Sets out to merge runs [first, end). */
static bool merge_begin(struct sorter *s, size_t first, size_t end, struct err *err)
{
    s->heap = ARENA_ARRAY(s->arena, size_t, end - first);
    s->n_heap = 0;
    for (size_t k = first; k < end; k++) {
        if (!run_advance(s, &s->runs[k], err))
            return false;
        if (s->runs[k].row)
            s->heap[s->n_heap++] = k;
    }
    for (size_t k = s->n_heap / 2 + 1; k-- > 0;)
        if (k < s->n_heap)
            runs_sift(s, k);
    s->started = false;
    return true;
}

/* The smallest head; the one given before is passed only now, since its row had to stay. */
static bool merge_next(struct sorter *s, const struct datum **row, struct err *err)
{
    *row = NULL;
    if (s->started && s->n_heap) {
        struct run *run = &s->runs[s->heap[0]];
        if (!run_advance(s, run, err))
            return false;
        if (!run->row)
            s->heap[0] = s->heap[--s->n_heap];
        if (s->n_heap)
            runs_sift(s, 0);
    }
    s->started = true;
    if (s->n_heap)
        *row = s->runs[s->heap[0]].row;
    return true;
}

/* Merges the first runs into one, which takes their place. */
static bool merge_some(struct sorter *s, size_t n, struct err *err)
{
    if (!merge_begin(s, 0, n, err))
        return false;
    struct run merged = {.rows = store_new(s->arena, s->workspace, s->n_columns + 1)};
    store_keep_little(merged.rows);
    for (size_t k = 0;; k++) {
        const struct datum *row;
        if (!merge_next(s, &row, err))
            return false;
        if (!row)
            break;
        if (!store_add(merged.rows, row, err))
            return false;
        if (k % 1024 == 1023 && !fiber_breathe() && !fiber_check_interrupt(err))
            return false;
    }
    for (size_t k = 0; k < n; k++)
        store_clear(s->runs[k].rows);
    s->runs[0] = merged;
    memmove(&s->runs[1], &s->runs[n], (s->n_runs - n) * sizeof(*s->runs));
    s->n_runs -= n - 1;
    return true;
}

bool sorter_finish(struct sorter *s, struct err *err)
{
    s->finished = true;
    s->at = 0;
    if (!sort_memory(s, err))
        return false;
    if (!s->n_runs)
        return true;
    if (s->n_items && !write_run(s, err))
        return false;
    while (s->n_runs > RUNS_MAX)
        if (!merge_some(s, MIN(RUNS_MAX, s->n_runs - RUNS_MAX + 1), err))
            return false;
    return merge_begin(s, 0, s->n_runs, err);
}

bool sorter_next(struct sorter *s, const struct datum **row, const void **key, size_t *key_bytes,
                 struct err *err)
{
    const struct datum *found = NULL;
    ASSERT(s->finished);
    if (s->n_runs) {
        if (!merge_next(s, &found, err))
            return false;
        if (found && key) {
            *key = found[s->n_columns].p;
            *key_bytes = found[s->n_columns].n;
        }
    } else if (s->at < s->n_items) {
        const struct record *record = s->items[s->at++].record;
        found = (const struct datum *)record->bytes;
        if (key) {
            *key = record_key(record);
            *key_bytes = record->key_bytes;
        }
    }
    *row = found;
    return true;
}

void sorter_clear(struct sorter *s)
{
    struct arena *parent = s->arena;
    arena_reset(parent); /* runs and records */
    s->records = arena_child(parent, "sorter records");
    s->runs = NULL;
    s->heap = NULL;
    s->run_row = NULL;
    s->n_runs = s->cap_runs = s->n_heap = s->n_items = s->n_added = s->wasted_bytes = 0;
    s->bounded = s->finished = s->spilled = false;
    workspace_hold(s->workspace, &s->counted_bytes, held_bytes(s));
}
