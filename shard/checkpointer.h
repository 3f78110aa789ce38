/* checkpointer.h - the thread that copies WALs into their database files and cuts the commit log.  Internal to shard/. */
#ifndef SHARDLITE_SHARD_CHECKPOINTER_H
#define SHARDLITE_SHARD_CHECKPOINTER_H

#include "shard/storage_int.h"

struct checkpointer *checkpointer_start(struct storage *storage);
/* Ends the thread; the committer may go on calling. */
void checkpointer_halt(struct checkpointer *checkpointer);
/* After the committer has ended and no reader is open: empties every WAL into its file, and frees. */
void checkpointer_finish(struct checkpointer *checkpointer);

/* Committer, between a batch's COMMITs and its publishing: the files (linked by next_in_batch) are not synced any more. */
void checkpointer_note_dirty(struct checkpointer *checkpointer, struct file *first);
/* Makes durable what is committed in the files.  Needs no checkpointer. */
MUST_CHECK bool checkpointer_sync_files(struct storage *storage, struct file *const *files,
                                        size_t n, struct err *err);
/* A file's WAL has grown long. */
void checkpointer_queue(struct checkpointer *checkpointer, struct file *file);
/* The log has grown: sync what is dirty and cut it. */
void checkpointer_cut_log(struct checkpointer *checkpointer);
/* Forgets a database's files.  None of its connections is open on return. */
void checkpointer_forget(struct checkpointer *checkpointer, struct database_files *database);

#endif
