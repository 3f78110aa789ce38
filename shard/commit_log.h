/* commit_log.h - where decisions are kept: what the committer needs of a log, and the log in files.
 *
 * A commit log is an append-only sequence of records (record.h).  The committer is its only user after replay, from one thread,
 * but for cut(), which the checkpointer calls.  An operator's own sink implements these ops (commit_log_tee.c is one
 * that wraps another log) and is named in storage_options. */
#ifndef SHARDLITE_SHARD_COMMIT_LOG_H
#define SHARDLITE_SHARD_COMMIT_LOG_H

#include "shard/record.h"

struct commit_log;

struct commit_log_options {
    const char *dir;        /* <data>/commit.log */
    uint64_t segment_bytes; /* a size to aim at */
    uint64_t identity;      /* of the data directory: a log of another one is refused */
    void *arg;              /* the implementation's own */
};

/* Called with each record, in order.  Strings and ops are borrowed for the call.  False with err set ends the replay. */
typedef bool (*record_visit)(void *arg, const struct record *record, struct err *err);

struct commit_log_ops {
    const char *name;
    /* Opens what is there, or an empty log if `create`.  NULL with err set on failure. */
    struct commit_log *(*open)(const struct commit_log_options *options, bool create,
                               struct err *err);
    /* Every record that may have been acknowledged, from the oldest not cut.  A torn end (never acknowledged) is left out; damage
     * before it is XX001.  May be called several times, before start(). */
    bool (*replay)(struct commit_log *log, record_visit visit, void *arg, struct err *err);
    /* After a replay: the greatest sequence number that is in the log, or was and has been cut. */
    uint64_t (*last_seq)(struct commit_log *log);
    /* Goes on behind the last replayed record.  Sequence numbers from now on are at least *first_seq, which is greater than any that
     * an earlier run can have used, even one that was lost.  Called again at a clean end, so that all before can be cut. */
    bool (*start)(struct commit_log *log, uint64_t *first_seq, struct err *err);
    /* Writes the records, all or none: false means that nothing of them will ever be replayed (disk full).  Whatever
     * makes that promise impossible ends the process. */
    bool (*append)(struct commit_log *log, const struct record *records, size_t n, struct err *err);
    /* What was appended is on disk on return.  Failure is final: the caller ends the process. */
    bool (*sync)(struct commit_log *log, struct err *err);
    /* Forgets records with a sequence number up to `seq`, as far as convenient.  Any thread. */
    bool (*cut)(struct commit_log *log, uint64_t seq, struct err *err);
    /* Bytes that a replay would read now.  Any thread. */
    uint64_t (*size)(struct commit_log *log);
    void (*close)(struct commit_log *log);
};

extern const struct commit_log_ops commit_log_file;

/* A tee: everything goes to `inner`, and once it is on disk a line per record is appended to a text file:
 *     2025-01-31T12:00:00.123456Z commit seq=17 database=shop insert=2 update=1 delete=0 tables=orders,items
 * Pass it as commit_log_options.arg with the ops `commit_log_tee`.  A failure of the text file is final too. */
struct commit_log_tee {
    const struct commit_log_ops *inner;
    const char *path;
};
extern const struct commit_log_ops commit_log_tee;

#endif
