/* modify.h - INSERT, UPDATE, DELETE, MERGE: from collected rows to row operations.
 *
 * A modification works in two steps.  It collects: every row to change is found, locked, and its new values computed, against the state that
 * the statement's snapshot and earlier statements show.  Then it applies, row by row: constraints, unique keys, row operations, and at the end
 * of the statement the foreign keys and their actions.  So no row is met twice, and data-modifying CTEs, which apply after the main query has
 * been read, see each other's tables as they were. */
#ifndef SHARDLITE_EXEC_MODIFY_H
#define SHARDLITE_EXEC_MODIFY_H

#include "exec/exec_int.h"

/* A unique index with what is needed to make its keys. */
struct unique_index {
    const struct index *index;
    struct expr **exprs; /* per key; NULL entries: plain columns */
    struct expr *where;  /* partial; NULL: all rows */
    bool is_arbiter;
};

/* The tables a statement may change (its own, and those foreign keys lead to) with their unique indexes. */
struct modify_table {
    const struct relation *relation;
    struct unique_index *uniques;
    int n_uniques;
    struct exprs checks;
    const char **check_names;
    struct assignments generated;
};

struct modify {
    struct modify_table table;
    uint8_t *set_columns; /* UPDATE: bitmap of assigned (and generated) columns */
};

enum pending_kind { PENDING_INSERT, PENDING_UPDATE, PENDING_DELETE };
struct pending {
    enum pending_kind kind;
    uint32_t shard;
    int64_t rid;
    const struct datum *old_values, *new_values;
    const uint8_t *changed;
    struct pending *next;
};

/* What one modification collected. */
struct modify_run {
    struct modify_run *next;
    const struct plan *plan;
    struct frame *frame;
    struct pending *first, **last;
    bool applied;
};

/* ---- apply.c ---- */
MUST_CHECK bool make_modify_table(struct arena *arena, const struct env *env,
                                  const struct relation *relation, struct modify_table *out,
                                  struct err *err);
/* NOT NULL and CHECK constraints over a new row. */
MUST_CHECK bool check_row(struct frame *f, const struct modify_table *table, uint16_t rte,
                          const struct datum *values);
MUST_CHECK bool apply_insert(struct frame *f, const struct modify_table *table,
                             const struct datum *values);
MUST_CHECK bool apply_update(struct frame *f, const struct modify_table *table, uint32_t shard,
                             int64_t rid, const struct datum *old_values,
                             const struct datum *new_values, const uint8_t *changed);
MUST_CHECK bool apply_delete(struct frame *f, const struct modify_table *table, uint32_t shard,
                             int64_t rid, const struct datum *old_values);
/* The row that holds this unique key, if any: waits for transactions that are about to make or remove it. */
MUST_CHECK bool find_unique(struct frame *f, const struct modify_table *table,
                            const struct unique_index *unique, uint32_t home,
                            const struct datum *values, bool exclude, uint32_t not_shard,
                            int64_t not_rid, bool *found, uint32_t *shard, int64_t *rid);
bool unique_violation(struct frame *f, const struct relation *relation,
                      const struct unique_index *unique, const struct datum *values);
const char *row_description(struct frame *f, const struct relation *relation,
                            const struct datum *values);
/* "(a, b)=(1, 2)" */
const char *key_description(struct frame *f, const struct relation *relation,
                            const int16_t *attnums, int n, const struct datum *values);
enum row_lock update_lock_mode(const struct relation *relation, const uint8_t *changed);

/* ---- foreign_key.c: checks queued by row operations, run at the end of the statement (or of the transaction) ---- */
bool fk_after_insert(struct frame *f, const struct relation *relation,
                     const struct datum *new_values);
bool fk_after_update(struct frame *f, const struct relation *relation,
                     const struct datum *old_values, const struct datum *new_values,
                     const uint8_t *changed);
bool fk_after_delete(struct frame *f, const struct relation *relation,
                     const struct datum *old_values);
MUST_CHECK bool fk_run(struct exec *x);
/* A deferrable unique key: looked at again at the end of the statement or transaction. */
bool unique_later(struct frame *f, const struct modify_table *table,
                  const struct unique_index *unique, const struct datum *values);
/* Encodes the key; *comparable false: nothing can equal it. */
MUST_CHECK bool unique_key(struct frame *f, const struct modify_table *table,
                           const struct unique_index *unique, const struct datum *values,
                           struct buf *out, bool *comparable);

static inline bool bit_is_set(const uint8_t *bitmap, int16_t attnum)
{
    return bitmap[(attnum - 1) / 8] >> (attnum - 1) % 8 & 1;
}
static inline void bit_set(uint8_t *bitmap, int16_t attnum)
{
    bitmap[(attnum - 1) / 8] |= (uint8_t)(1u << (attnum - 1) % 8);
}

#endif
