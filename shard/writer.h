/* writer.h - the one write connection of a file, and how ops are applied to it.
 *
 * Used by the committer thread, and by recovery before that thread runs. */
#ifndef SHARDLITE_SHARD_WRITER_H
#define SHARDLITE_SHARD_WRITER_H

#include "shard/connection.h"
#include "shard/storage_int.h"

struct writer {
    struct connection connection;
    struct file *file;
    bool begun;          /* inside a SQLite transaction */
    uint32_t wal_frames; /* after the last commit */
    uint64_t wal_bytes;  /* the WAL is at least this long */
    uint32_t n_ops;      /* of this transaction */
    uint64_t position;   /* recovery: what the file had applied when opened */
    struct buf sql;      /* scratch */
    /* The last op's statement, kept for a next one of the same shape (committer only: there layouts
     * live as long as the transaction). */
    sqlite3_stmt *shape;
    const struct layout *shape_layout;
    const uint8_t *shape_changed;
    enum op_kind shape_kind;
    bool keep_shape;
    struct writer *newer, *older;
};

/* Open writers, least recently used ones closed first. */
struct writers {
    struct writer *newest, *oldest;
    uint32_t n, max;
    bool keep_shapes; /* see struct writer */
};

/* The file's writer, opened if need be.  Never closes one that is inside a transaction. */
struct writer *writer_acquire(struct writers *writers, struct file *file, struct err *err);
void writer_close(struct writers *writers, struct writer *writer); /* rolls back; NULL is fine */
void writers_close_all(struct writers *writers);

MUST_CHECK bool writer_begin(struct writer *writer, struct err *err); /* BEGIN IMMEDIATE */
MUST_CHECK bool writer_apply(struct writer *writer, const struct op *op, struct err *err);
/* Writes the log position that the transaction brings the file to. */
MUST_CHECK bool writer_set_position(struct writer *writer, uint64_t seq, struct err *err);
/* Makes sure, as far as one can, that the commit will not meet a full disk: unless the WAL has room for it, the changed pages are
 * written to it now. */
MUST_CHECK bool writer_reserve(struct writer *writer, struct err *err);
MUST_CHECK bool writer_commit(struct writer *writer, struct err *err);
void writer_rollback(struct writer *writer);

#endif
