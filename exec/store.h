/* store.h - materialised rows of a fixed shape, in memory, in insertion order. */
#ifndef SHARDLITE_EXEC_STORE_H
#define SHARDLITE_EXEC_STORE_H

#include "types/type.h"

struct store;
/* `types` are borrowed.  Freed with the arena. */
struct store *store_new(struct arena *arena, const struct type *const *types, int n_columns);
void store_add(struct store *store, const struct datum *row); /* copies */
size_t store_count(const struct store *store);
const struct datum *store_row(const struct store *store, size_t index); /* valid until store_clear */
void store_clear(struct store *store);
struct arena *store_arena(struct store *store);
/* Copies a row of datums into `arena`. */
struct datum *row_copy(struct arena *arena, const struct type *const *types, const struct datum *row, int n_columns);

#endif
