/* record.h - one entry of the commit log.
 *
 * A transaction is one record, or several with the same sequence number when it is large: all but the last have `more`
 * set, and only the last one decides. */
#ifndef SHARDLITE_SHARD_RECORD_H
#define SHARDLITE_SHARD_RECORD_H

#include "shard/op.h"

enum record_kind {
    RECORD_COMMIT = 1,
    RECORD_PREPARE,           /* ops wait under `gid` */
    RECORD_ROLLBACK_PREPARED, /* of `gid` */
    RECORD_DROP_DATABASE,     /* `database_uid` */
};

struct record {
    enum record_kind kind;
    bool more;
    uint64_t seq;          /* ascending; equal within one transaction */
    uint64_t database_uid; /* 0: ops of SHARD_CLUSTER only */
    int64_t time_us;       /* since 1970 UTC: of the commit, or of PREPARE TRANSACTION */
    const char *database;  /* its name, for people */
    const char *gid;       /* "" = none.  On a COMMIT: the prepared transaction that it ends */
    const char *owner;     /* PREPARE */
    const uint8_t *ops;    /* op.h's encoding */
    uint64_t n_ops_bytes;
};

/* Appends the record with its length in front. */
void record_put(struct buf *out, const struct record *record);
/* Bytes that record_put() will append. */
size_t record_bytes(const struct record *record);
/* Reads the record at *at and moves *at behind it; strings and ops are borrowed from the bytes.  False if it is damaged. */
MUST_CHECK bool record_take(const uint8_t *bytes, size_t n, size_t *at, struct record *record);

#endif
