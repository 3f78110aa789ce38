/* fault_int.h - what fault.c, fault_shadow.c and fault_vfs.c share. */
#ifndef SHARDLITE_SHARD_FAULT_INT_H
#define SHARDLITE_SHARD_FAULT_INT_H

#include "shard/fault.h"

#define FAULT_PATH_BYTES 4096

NORETURN void fault_end_process(void);
bool fault_watches(const char *path); /* below the watched directory, and not a -shm file */

/* fault_shadow.c */
bool fault_shadowing(void);
const char *fault_shadow_dir(void);
/* The part of a path behind the watched directory; false if it is not shadowed. */
bool fault_relative_path(const char *path, char out[FAULT_PATH_BYTES]);
bool fault_copy_file(const char *from, const char *to);

/* fault_names.c */
/* The file's bytes are durable; `with_name`: whoever synced it has synced its directory too. */
void fault_names_file_synced(const char *path, bool with_name);
void fault_names_lose(const char *real, const char *shadow, uint64_t random);

#endif
