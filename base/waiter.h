/* waiter.h - one sleeper that another thread can wake.
 *
 * The only way that code below proxy/ blocks (row locks, commit, advisory locks, pg_sleep).  Inside a
 * fiber (fiber.h) it suspends the fiber and its event loop goes on; on a plain thread it blocks the thread.
 * Use: waiter_init, publish the address where the waker finds it (under your mutex), drop the mutex,
 * waiter_sleep.  waiter_wake may come before waiter_sleep; exactly one wake-up is remembered.  The
 * object must stay alive until the waker is done with it: unpublish under the same mutex. */
#ifndef SHARDLITE_BASE_WAITER_H
#define SHARDLITE_BASE_WAITER_H

#include "base/util.h"

enum waiter_end {
    WAITER_WOKEN,
    WAITER_TIMEOUT,
    WAITER_INTERRUPTED, /* cancel request, statement timeout, shutdown: fiber_interrupt() */
};

struct waiter {
    void *target;        /* the fiber, or NULL for a plain thread */
    uint32_t state;      /* futex word on a plain thread; guarded by the loop for a fiber */
    struct waiter *next; /* free for the publisher's lists */
    void *arg;
};

void waiter_init(struct waiter *waiter);
/* `deadline_us`: monotonic clock (clock_monotonic_us), 0 = none.  `interruptible`: a cancel ends the sleep. */
enum waiter_end waiter_sleep(struct waiter *waiter, int64_t deadline_us, bool interruptible);
void waiter_wake(struct waiter *waiter); /* any thread */

int64_t clock_monotonic_us(void);
int64_t clock_realtime_us(void); /* since 1970-01-01 UTC */

#endif
