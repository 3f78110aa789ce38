/* store.h - rows of a fixed number of columns, kept in insertion order and fetched by index; what memory cannot hold goes to the
 * workspace's temporary file.
 *
 * Rows are read through cursors.  A row that a cursor gave stays valid until that cursor's next call, whatever is added meanwhile;
 * cursors going forward read the file chunk by chunk. */
#ifndef SHARDLITE_EXEC_STORE_H
#define SHARDLITE_EXEC_STORE_H

#include "exec/spill.h"
#include "types/type.h"

struct store;
struct store_cursor;

/* `workspace` NULL: one of its own.  Both must live as long as the store, which ends with `arena`. */
struct store *store_new(struct arena *arena, struct workspace *workspace, int n_columns);
/* Copies the row. */
MUST_CHECK bool store_add(struct store *store, const struct datum *row, struct err *err);
size_t store_count(const struct store *store);
/* By the store's own cursor. */
MUST_CHECK bool store_row(struct store *store, size_t index, const struct datum **row,
                          struct err *err);
void store_clear(struct store *store); /* forgets all rows; those that cursors gave too */
/* Rows go to the file as soon as a chunk of them is full: partitions and sorted runs, of which there are many at a time. */
void store_keep_little(struct store *store);
size_t store_bytes(const struct store *store); /* in memory */

struct store_cursor *store_cursor_new(struct store *store); /* ends with the store */
const struct store *store_cursor_store(const struct store_cursor *cursor);
MUST_CHECK bool store_read(struct store_cursor *cursor, size_t index, const struct datum **row,
                           struct err *err);

/* ---- flat rows: the datums, then the bytes that they point at, in one piece ---- */

static inline bool datum_has_bytes(const struct datum *value)
{
    return value->n && !value->null;
}
size_t flat_row_bytes(const struct datum *row, int n_columns); /* a multiple of 8 */
/* `to` is 8-byte aligned, with room for flat_row_bytes(). */
struct datum *flat_row_put(void *to, const struct datum *row, int n_columns);
/* After the bytes were moved from `old_base` to `new_base`. */
void flat_row_moved(struct datum *row, int n_columns, const void *old_base, const void *new_base);
struct datum *row_copy(struct arena *arena, const struct datum *row, int n_columns);

#endif
