/* layout.h - a relation as the files know it: table and column names, the order of values in images, cached SELECTs.
 *
 * Made once per relation generation and database, shared by all threads; holds no pointer into a catalog.  Reference-counted. */
#ifndef SHARDLITE_TXN_LAYOUT_H
#define SHARDLITE_TXN_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "func/env.h"
#include "txn/txn.h"

#define NO_FIELD UINT16_MAX

struct row_field {
    int16_t attnum;
    bool key; /* the hidden key column of attnum */
};
struct row_layout {
    _Atomic uint32_t refs;
    struct arena *arena;
    uint32_t oid;
    uint64_t generation;
    bool committed;        /* the files have rows of ours */
    const char *table;     /* where committed rows are; NULL when not `committed` */
    const char *fetch_sql; /* all columns that are in the files, by rid */
    uint16_t n_attributes;
    const char **stored_as, **key_stored_as; /* by attnum - 1: committed names, or NULL */
    struct layout next; /* what row operations are written to: the names after this transaction */
    const struct row_field *fields; /* next.n_columns of them, in image order */
    uint16_t *field_of, *key_of;    /* by attnum - 1: place in the image, or NO_FIELD */
    pthread_mutex_t mutex;          /* guards shapes */
    struct map *shapes;             /* scan_sql.c */
};

struct layout_cache;
struct layout_cache *layout_cache_new(void);
void layout_cache_free(struct layout_cache *cache);
/* A new reference. */
struct row_layout *layout_get(struct layout_cache *cache, const struct relation *relation);
struct row_layout *layout_ref(struct row_layout *layout);
void layout_unref(struct row_layout *layout);

/* The image of a row.  `values` by attnum - 1; io's arena is scratch.  False: err of io. */
MUST_CHECK bool layout_encode(const struct row_layout *layout, const struct relation *relation,
                              struct type_io *io, const struct datum *values, struct buf *image);
/* The columns of the bitmap (NULL: all) out of an image; columns that the layout lacks read as missing.  Borrows from the image. */
MUST_CHECK bool layout_decode(const struct row_layout *layout, const struct relation *relation,
                              struct type_io *io, const struct image *image, const uint8_t *columns,
                              struct datum *values);
/* What a hidden key column holds for a value. */
void layout_key(const struct type *type, const struct datum *value, struct buf *out);
/* What a row that was written before the column existed has in it. */
static inline struct datum column_missing(const struct column *column)
{
    return column->has_missing ? column->missing : datum_null();
}

static inline bool bitmap_has(const uint8_t *bitmap, uint32_t k)
{
    return (bitmap[k / 8] >> (k % 8)) & 1;
}

void sql_put_name(struct buf *sql, const char *name); /* quoted */

/* ---- SELECTs over the committed table ---- */

#define SHAPE_PARAMS_MAX 4096
struct scan_shape {
    const char *sql;         /* SELECT rid, columns ... */
    uint16_t n_columns;      /* after the rid */
    const uint16_t *columns; /* attnum - 1 of each */
    bool limited;            /* ends in LIMIT ? */
    bool *pushed;            /* by qual: evaluated by SQLite */
    uint16_t *n_params;      /* by qual: how many parameters it has (IN lists are padded) */
};
/* The shape of a scan; lives as long as the layout. */
const struct scan_shape *layout_shape(struct row_layout *layout, const struct scan_spec *spec);
const struct type *type_base(const struct type *type); /* what is below domains */

#endif
