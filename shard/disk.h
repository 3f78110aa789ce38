/* disk.h - the file operations behind the commit log and the data directory, with their errors in words.
 *
 * Each call names the file in its error, maps a full disk to 53100 and everything else to 58030, and passes the
 * fault layer (fault.h), so that tests can fail or tear any of them.  Any thread. */
#ifndef SHARDLITE_SHARD_DISK_H
#define SHARDLITE_SHARD_DISK_H

#include <sys/types.h>

#include "base/err.h"

/* "could not <what> file \"<path>\": <strerror>", by errno. */
bool disk_error(struct err *err, const char *path, const char *what);

MUST_CHECK bool disk_create(const char *path, int *fd, struct err *err); /* read-write, truncated */
MUST_CHECK bool disk_open(const char *path, int *fd, struct err *err); /* read-write, must exist */
MUST_CHECK bool disk_write(int fd, const char *path, const void *bytes, size_t n, off_t at,
                           struct err *err);
/* Reads up to n bytes; *got is less at the end of the file only. */
MUST_CHECK bool disk_read(int fd, const char *path, void *bytes, size_t n, off_t at, size_t *got,
                          struct err *err);
/* Makes sure that the first n bytes have room; they read as zeros. */
MUST_CHECK bool disk_reserve(int fd, const char *path, uint64_t n, struct err *err);
MUST_CHECK bool disk_sync(int fd, const char *path, struct err *err); /* fdatasync */
MUST_CHECK bool disk_sync_dir(const char *dir, struct err *err);
/* Everything written so far to the file system that holds `dir`. */
MUST_CHECK bool disk_sync_all(const char *dir, struct err *err);
MUST_CHECK bool disk_rename(const char *from, const char *to, struct err *err);
MUST_CHECK bool disk_mkdir(const char *path, struct err *err);       /* fine if it is there */
MUST_CHECK bool disk_remove(const char *path, struct err *err);      /* fine if it is not there */
MUST_CHECK bool disk_remove_tree(const char *path, struct err *err); /* fine if it is not there */
bool disk_exists(const char *path);
int64_t disk_size(const char *path); /* 0 if it is not there */

#endif
