/* gate.h - a lock that fibers may hold while they wait for other things.
 *
 * A pthread mutex held over a storage_commit() would stop every other fiber of the thread that wants it; here they sleep by waiter.h and
 * the holder hands the gate on to the first in the queue. */
#ifndef SHARDLITE_CATALOG_GATE_H
#define SHARDLITE_CATALOG_GATE_H

#include <pthread.h>

#include "base/waiter.h"

struct gate {
    pthread_mutex_t mutex;
    bool held;
    struct waiter *first, **last;
};

void gate_init(struct gate *gate);
void gate_destroy(struct gate *gate);
void gate_lock(struct gate *gate);
void gate_unlock(struct gate *gate);

#endif
