/* workload.h - a multi-shard workload that can be checked after any crash.
 *
 * Step i of worker w is one transaction on two neighbouring shards: a row of its own on both, and on both the worker's "last" row set
 * to i.  Some steps are prepared first, some are large, some are asynchronous.  What was acknowledged is noted in memory that
 * survives the process, so that another one can tell what must be there, what may be, and what must not. */
#ifndef SHARDLITE_TESTS_UNIT_SHARD_WORKLOAD_H
#define SHARDLITE_TESTS_UNIT_SHARD_WORKLOAD_H

#include "shard/storage.h"

#define WORKLOAD_WORKERS 4
#define WORKLOAD_SHARDS 3

struct workload_notes {
    uint32_t acked[WORKLOAD_WORKERS];   /* steps acknowledged */
    uint32_t durable[WORKLOAD_WORKERS]; /* the last of them that promised to survive a power loss */
    uint32_t failed[WORKLOAD_WORKERS];  /* the step that was refused with an error, or 0 */
};

/* Shared with processes forked later. */
struct workload_notes *workload_notes_new(void);

/* The options all processes of a test use: small segments and WALs, so that cuts and checkpoints happen often. */
struct storage_options workload_options(const char *data_dir, const char *vfs);
/* Makes the database; false with err set. */
bool workload_create(struct storage *storage, struct err *err);
/* Runs steps first..last of each of n_workers, each in a thread (n 1: in this one); first 0: each behind what it has
 * acknowledged.  A worker stops at its first error. */
void workload_run(struct storage *storage, struct workload_notes *notes, uint32_t n_workers,
                  uint32_t first, uint32_t last);
/* After a power loss steps beyond the durable ones may be missing, but then all later ones of the worker are, too.
 * Ends prepared transactions, then checks every step up to `last` against the notes; false with what is wrong in err. */
bool workload_check(struct storage *storage, const struct workload_notes *notes, uint32_t n_workers,
                    uint32_t last, bool power_lost, struct err *err);

#endif
