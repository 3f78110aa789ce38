/* serial.h - SERIALIZABLE: snapshot isolation plus a watch on read/write dependencies.
 *
 * Knows what each serializable transaction has read (its conditions) and written (rows before and after), for as long as a concurrent one
 * is in progress, and fails one with 40001 where a set of them might not be equal to any serial order. */
#ifndef SHARDLITE_TXN_SERIAL_H
#define SHARDLITE_TXN_SERIAL_H

#include "txn/txn.h"

struct serial; /* one a manager; safe from any thread */
struct sxact;  /* one serializable transaction; its calls come from that transaction's thread */

struct serial *serial_new(void);
void serial_free(struct serial *serial);

/* `seq`: commits up to it are seen by the transaction's snapshot for sure; may be raised once by serial_moment(). */
struct sxact *serial_begin(struct serial *serial, uint32_t database, uint64_t seq);
void serial_moment(struct sxact *sxact, uint64_t seq);
/* Keeps a catalog version as long as values of its types are remembered. */
void serial_keep_catalog(struct sxact *sxact, struct catalog *catalog);

/* Before rows that satisfy the conditions are read. */
MUST_CHECK bool serial_read(struct sxact *sxact, const struct relation *relation,
                            const struct scan_qual *quals, uint32_t n_quals, struct err *err);
/* Before a row is changed: values by attnum - 1; NULL: there is no such row before (after) it.  Both NULL: any row may be. */
MUST_CHECK bool serial_write(struct sxact *sxact, const struct relation *relation,
                             const struct datum *before, const struct datum *after,
                             struct err *err);
/* At the beginning of each statement: has another transaction's commit decided that this one must fail? */
MUST_CHECK bool serial_go_on(struct sxact *sxact, struct err *err);
/* From here on it counts as committed, unless serial_abort() follows. */
MUST_CHECK bool serial_precommit(struct sxact *sxact, struct err *err);
/* `seq`: of its commit; without changes, of the latest one.  `sxact` is the watch's from now on. */
void serial_commit(struct sxact *sxact, uint64_t seq);
void serial_abort(struct sxact *sxact); /* frees it */

#endif
