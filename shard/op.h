/* op.h - one change to one SQLite file, as the commit log carries it and the committer applies it.
 *
 * Ops are self-contained: a replay needs no catalog.  Values are already in storage form. */
#ifndef SHARDLITE_SHARD_OP_H
#define SHARDLITE_SHARD_OP_H

#include "types/type.h"

#define SHARD_CATALOG UINT32_MAX       /* <database>/catalog.db */
#define SHARD_CLUSTER (UINT32_MAX - 1) /* shardlite.db */

/* A table as the files know it.  Immutable, lives as long as the ops that name it. */
struct layout {
    const char *table; /* SQLite name, unquoted */
    const char
        *rid_column; /* "_rid" for user tables; catalog tables name their INTEGER PRIMARY KEY */
    uint16_t n_columns;
    const char *const *columns; /* without the rid */
};

enum op_kind {
    OP_INSERT = 1, /* idempotent: INSERT OR REPLACE */
    OP_UPDATE,     /* `image` has all columns; only `changed` ones are written (NULL: all) */
    OP_DELETE,
    OP_TRUNCATE, /* DELETE FROM table */
    OP_SQL,      /* `sql`: one DDL statement */
};

/* A row in storage form: per column a tag byte (enum of struct stored) and its value; see op.c. */
struct image {
    const uint8_t *bytes;
    uint32_t n_bytes;
};

struct op {
    enum op_kind kind;
    uint32_t shard;
    const struct layout *layout;
    int64_t rid;
    struct image image;
    const uint8_t *changed; /* bitmap, one bit a column */
    const char *sql;
};

/* Encodes/decodes images. */
void image_put(struct buf *out, const struct stored *value);
/* Reads the next value; false at the end or on a damaged image.  *at starts at 0.  Borrowed from the image. */
bool image_next(const struct image *image, uint32_t *at, struct stored *value);

/* Ops as bytes, one after the other.  Unless `whole_images`, an UPDATE keeps the changed columns only (it comes back with a layout of
 * just those and `changed` NULL).  Layouts and bitmaps must stay while the writer is used. */
struct op_writer {
    struct buf *out;
    bool whole_images;
    uint32_t n_layouts;
    const struct layout *last;
    const uint8_t *last_only;
};
void op_put(struct op_writer *writer, const struct op *op);

/* Reads them back.  Layouts and SQL are made in `arena`; images are borrowed from the bytes. */
struct op_reader {
    const uint8_t *p, *end;
    struct arena *arena;
    bool damaged;
    VEC(struct layout *) layouts;
};
/* False at the end, or with `damaged` set. */
bool op_next(struct op_reader *reader, struct op *op);

#endif
