/* fatal.c - see fatal.h. */
#include "shard/fatal.h"

#include <stdlib.h>

#include "base/log.h"

void fatal_stop(const struct err *err)
{
    log_line(LOG_PANIC_, "%s (%s)", err->message ? err->message : "unknown error", err->sqlstate);
    log_line(LOG_PANIC_,
             "the server stops now, because what is on disk is not known any more; "
             "starting it again recovers every acknowledged transaction from the commit log");
    abort();
}
