/* fiber.h - stackful coroutines: the code of a statement runs straight on, and the loop never blocks.
 *
 * A fiber runs on the thread of the event loop that resumed it, until it returns or suspends.  A session
 * owns at most one fiber, and only while it has work; idle sessions have none.  Long scans call
 * fiber_breathe() so that one statement never holds the loop for more than about a millisecond. */
#ifndef SHARDLITE_BASE_FIBER_H
#define SHARDLITE_BASE_FIBER_H

#include "base/waiter.h"

struct fiber;
struct fiber *fiber_current(void); /* NULL on a plain thread */
/* Yields to the loop if this fiber has run for its time slice; cheap otherwise.  False when it was
 * interrupted meanwhile (cancel, timeout, shutdown): the caller then asks fiber_interrupt_err(). */
bool fiber_breathe(void);
/* How many other fibers the current one's event loop has alive; 0 on a plain thread.  At 0 a short block delays no one else's statement. */
uint32_t fiber_siblings(void);
/* Bytes of stack left to the caller, on a fiber or on a plain thread.  Recursive walkers fail with 54001
 * "stack depth limit exceeded" below STACK_RESERVE_BYTES. */
size_t stack_left_bytes(void);
#define STACK_RESERVE_BYTES (96 * 1024)
struct err;
/* True if there is room; otherwise fills 54001. */
MUST_CHECK bool stack_check(struct err *err);
/* Turns a pending interrupt into its error (57014 canceling statement due to user request | statement
 * timeout, 57P01 ...) and clears it; true when none was pending. */
MUST_CHECK bool fiber_check_interrupt(struct err *err);

#endif
