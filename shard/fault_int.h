/* fault_int.h - what fault.c, fault_shadow.c and fault_vfs.c share. */
#ifndef SHARDLITE_SHARD_FAULT_INT_H
#define SHARDLITE_SHARD_FAULT_INT_H

#include "shard/fault.h"

NORETURN void fault_end_process(void);
bool fault_watches(const char *path); /* below the watched directory, and not a -shm file */
bool fault_shadowing(void);

#endif
