/* scan_prune.h - the values a table scan compares with and the shards that can hold its rows. */
#ifndef SHARDLITE_EXEC_SCAN_PRUNE_H
#define SHARDLITE_EXEC_SCAN_PRUNE_H

#include "exec/exec_int.h"

struct scan_prune {
    bool nothing; /* a condition is NULL: no row can match */
    uint32_t *shards;
    uint32_t n_shards;
    struct scan_qual *quals;
    uint32_t n_quals;
    uint64_t limit;
};

/* Evaluates the conditions of a table scan over the frame's current rows; everything is allocated in `arena`. */
MUST_CHECK bool scan_prune(const struct node *node, struct frame *frame, struct arena *arena,
                           struct scan_prune *prune);

#endif
