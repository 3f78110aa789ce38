/* partition.h - rows set aside in the temporary file, split by the hash of a key, to be worked on later part by part.
 *
 * Who runs out of memory in the middle of hashing (DISTINCT, set operations, GROUP BY, hash joins) sets rows aside here, and
 * comes back to one part after the other with its memory free again.  A part that is still too much is split once more, by other bits of
 * the hash: parts have a level. */
#ifndef SHARDLITE_EXEC_PARTITION_H
#define SHARDLITE_EXEC_PARTITION_H

#include "exec/store.h"

#define PARTITION_BITS 5
#define PARTITIONS (1 << PARTITION_BITS)
#define PARTITION_LEVELS                                                                           \
    10 /* beyond, keys are equal in all their hash bits that count: no use in splitting */

struct partitions {
    struct arena *arena;
    struct workspace *workspace;
    int n_columns, level;
    struct store *stores[PARTITIONS]; /* NULL: empty */
};

struct partitions *partitions_new(struct arena *arena, struct workspace *workspace, int n_columns,
                                  int level);
static inline unsigned partition_of(uint64_t hash, int level)
{
    return (unsigned)(hash >> (64 - PARTITION_BITS * (level + 1))) & (PARTITIONS - 1);
}
MUST_CHECK bool partitions_add(struct partitions *partitions, uint64_t hash,
                               const struct datum *row, struct err *err);

/* What is left to do: a part, or the two parts of a pair of inputs. */
struct part {
    struct part *next;
    struct store *left, *right; /* NULL: empty */
    int level;                  /* of what is set aside while working on it */
};
/* Puts the parts of one or two sets (NULL is fine) in front of the list. */
void parts_push(struct part **list, struct arena *arena, const struct partitions *left,
                const struct partitions *right);

/* ---- keys seen before, for DISTINCT and UNION ---- */

struct dedup;
struct dedup *dedup_new(struct arena *arena, struct workspace *workspace, int n_columns);
/* *is_new: the key was not seen before.  A row with a key that memory has no room for is set aside. */
MUST_CHECK bool dedup_offer(struct dedup *dedup, const void *key, size_t key_bytes,
                            const struct datum *row, bool *is_new, struct err *err);
/* After the last row was offered: the next of the rows set aside whose key is new; *row NULL at the end. */
MUST_CHECK bool dedup_next(struct dedup *dedup, const struct datum **row, struct err *err);
void dedup_clear(struct dedup *dedup);

#endif
