/* vfs.h - SQLite's unix VFS with the WAL locks of our own connections kept in process memory. */
#ifndef SHARDLITE_SHARD_VFS_H
#define SHARDLITE_SHARD_VFS_H

/* Registers "shardlite" once, from any thread; returns the name for sqlite3_open_v2().  It is "unix" (same behaviour, more system
 * calls) where the unix VFS is not what we know. */
const char *vfs_register(void);

#endif
