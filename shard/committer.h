/* committer.h - the thread that makes commits durable and visible.  Internal to shard/; storage_commit() is its front. */
#ifndef SHARDLITE_SHARD_COMMITTER_H
#define SHARDLITE_SHARD_COMMITTER_H

#include "shard/storage_int.h"

struct committer *committer_start(struct storage *storage);
/* Finishes what is queued; later commits fail with 57P03. */
void committer_stop(struct committer *committer);

/* Logs that the database's records are void and closes its writers.  Durable on return. */
MUST_CHECK bool committer_drop_database(struct committer *committer,
                                        struct database_files *database, struct err *err);
/* Closes its writers: its folder is about to move. */
MUST_CHECK bool committer_release_database(struct committer *committer,
                                           struct database_files *database, struct err *err);
/* What is published is synced on return, and with n_sync_holds above 0 it stays so. */
MUST_CHECK bool committer_sync_log(struct committer *committer, struct err *err);
/* Logs every prepared transaction again, so that what the log holds up to now can be cut.  Durable on return. */
MUST_CHECK bool committer_log_prepared(struct committer *committer, struct err *err);

#endif
