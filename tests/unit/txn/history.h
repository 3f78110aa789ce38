/* history.h - what transactions observed, and whether an isolation level allows it.
 *
 * Registers hold numbers; every write has a number of its own and tells which number it replaced, so the order of versions is part of the
 * observation.  A recorder collects transactions from several threads; the checker looks for the anomalies of Adya, Liskov and O'Neil:
 *   G0 (write cycle), G1a (aborted read), G1b (intermediate read), G1c (circular information flow), lost update,
 *   stale read (of a version replaced by a commit that had been acknowledged before the reader began),
 *   G-single (read skew) for transactions that read one snapshot, G2 (any cycle) when all are serializable. */
#ifndef TESTS_TXN_HISTORY_H
#define TESTS_TXN_HISTORY_H

#include "base/arena.h"

struct history;
struct history_txn;

struct history *history_new(void);
void history_free(struct history *history);

/* One transaction, by one thread.  `snapshot`: all its reads are of one moment (REPEATABLE READ and up, or one statement). */
struct history_txn *history_begin(struct history *history, bool snapshot, bool serializable);
void history_read(struct history_txn *txn, uint32_t key, int64_t value);
void history_write(struct history_txn *txn, uint32_t key, int64_t replaced, int64_t value);
void history_end(struct history_txn *txn, bool committed);

/* NULL: nothing forbidden happened.  Else what, in words, in `arena`.  Initial values are whatever nobody wrote. */
const char *history_check(struct history *history, struct arena *arena);
size_t history_n_committed(const struct history *history);

#endif
