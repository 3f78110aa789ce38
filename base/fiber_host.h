/* fiber_host.h - the side of fibers that an event loop sees: starting them, running those that are ready.
 *
 * One host per loop thread.  All calls but waiter_wake() are for the host's own thread. */
#ifndef SHARDLITE_BASE_FIBER_HOST_H
#define SHARDLITE_BASE_FIBER_HOST_H

#include "base/deadline.h"
#include "base/fiber.h"

struct fiber_host;

/* `notify(arg)` is called from any thread when a fiber became ready while the host may sleep. */
struct fiber_host *fiber_host_new(void (*notify)(void *arg), void *arg);
void fiber_host_free(struct fiber_host *host); /* no fiber may be left */
/* The calling thread is the host's from now on. */
void fiber_host_enter(struct fiber_host *host);

/* Runs `fn(arg)` in a new fiber at once, until it returns or first suspends.  Not from within a fiber. */
void fiber_start(struct fiber_host *host, void (*fn)(void *arg), void *arg);
/* Resumes each fiber that is ready now, once.  True if some are ready again. */
bool fiber_host_run(struct fiber_host *host);
bool fiber_host_has_ready(
    struct fiber_host *host); /* sees wake-ups of other threads made before the call */
uint32_t fiber_host_count(const struct fiber_host *host); /* fibers alive */
struct deadlines *fiber_host_deadlines(struct fiber_host *host);

/* Reasons to end what a fiber does, kept as bits until they are reported. */
enum fiber_interrupt_bits {
    FIBER_CANCEL = 1,            /* 57014 ... due to user request */
    FIBER_STATEMENT_TIMEOUT = 2, /* 57014 ... due to statement timeout */
    FIBER_TERMINATE = 4,         /* 57P01; not cleared: the session ends */
    FIBER_PEER_GONE = 8,         /* 08006; not cleared */
    FIBER_DATABASE_DROPPED = 16, /* 57P04; not cleared */
};
void fiber_interrupt(struct fiber *fiber, uint32_t bits);
void fiber_clear_interrupts(struct fiber *fiber, uint32_t bits);
uint32_t fiber_interrupts(const struct fiber *fiber);

#endif
