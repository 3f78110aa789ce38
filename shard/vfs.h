/* vfs.h - the VFS that our connections use. */
#ifndef SHARDLITE_SHARD_VFS_H
#define SHARDLITE_SHARD_VFS_H

/* Registers it once; returns its name for sqlite3_open_v2(). */
const char *vfs_register(void);

#endif
