/* deadline.h - a heap of moments at which something is to be called, owned by one thread.
 *
 * The owner embeds a `struct deadline` in its own object; nothing is allocated per deadline but the heap's slots. */
#ifndef SHARDLITE_BASE_DEADLINE_H
#define SHARDLITE_BASE_DEADLINE_H

#include "base/util.h"

struct deadline {
    int64_t due_us; /* monotonic clock */
    uint32_t index; /* 1-based place in the heap; 0 = not set */
    void (*fn)(void *arg);
    void *arg;
};

struct deadlines {
    struct deadline **heap; /* heap[0] is the earliest */
    uint32_t n, cap;
};

void deadline_set(struct deadlines *all, struct deadline *deadline,
                  int64_t due_us);                                     /* moves it if set already */
void deadline_clear(struct deadlines *all, struct deadline *deadline); /* fine if not set */
/* Calls, and clears beforehand, all that are due at `now_us`. */
void deadlines_run(struct deadlines *all, int64_t now_us);
int64_t deadlines_next_us(const struct deadlines *all); /* INT64_MAX: none */
void deadlines_free(struct deadlines *all);             /* the slots only */

#endif
