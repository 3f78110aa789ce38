/* sorter.h - rows in the order of their encoded keys, in memory or by merging sorted runs from the temporary file.
 *
 * Keys are compared with memcmp (type_sort_key); rows with equal keys come out in the order in which they came in. */
#ifndef SHARDLITE_EXEC_SORTER_H
#define SHARDLITE_EXEC_SORTER_H

#include "exec/spill.h"
#include "types/datum.h"

struct sorter;

struct sorter *sorter_new(struct arena *arena, struct workspace *workspace, int n_columns);
/* Before the first row: only the `n` first rows will be asked for. */
void sorter_bound(struct sorter *sorter, size_t n);
/* Copies key and row. */
MUST_CHECK bool sorter_add(struct sorter *sorter, const void *key, size_t key_bytes,
                           const struct datum *row, struct err *err);
size_t sorter_count(const struct sorter *sorter); /* rows added */
/* Ends the adding: sorts.  Fails on I/O, and when the statement is interrupted. */
MUST_CHECK bool sorter_finish(struct sorter *sorter, struct err *err);
/* The next row, valid until the next call; *row NULL at the end.  `key` may be NULL. */
MUST_CHECK bool sorter_next(struct sorter *sorter, const struct datum **row, const void **key,
                            size_t *key_bytes, struct err *err);
void sorter_clear(struct sorter *sorter); /* empty again, without bound */
/* Did it write runs?  For EXPLAIN ANALYZE. */
bool sorter_spilled(const struct sorter *sorter);

#endif
