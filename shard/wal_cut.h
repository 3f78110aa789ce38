/* wal_cut.h - taking back commits of one file that the commit log does not know. */
#ifndef SHARDLITE_SHARD_WAL_CUT_H
#define SHARDLITE_SHARD_WAL_CUT_H

#include "shard/storage_int.h"

/* If the file's position is beyond `last_seq`, shortens its WAL to the last commit whose position is not.  Only in recovery, while
 * no connection of ours is open.  *cut tells whether something was taken back. */
MUST_CHECK bool wal_cut(const struct file *file, uint64_t last_seq, bool *cut, struct err *err);

#endif
