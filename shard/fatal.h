/* fatal.h - the end of the process, where going on could lose or half-do what was acknowledged. */
#ifndef SHARDLITE_SHARD_FATAL_H
#define SHARDLITE_SHARD_FATAL_H

#include "base/err.h"

/* Says what happened and that the next start recovers, then abort()s. */
NORETURN void fatal_stop(const struct err *err);

#endif
