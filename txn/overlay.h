/* overlay.h - the row changes of one transaction, and the rows of one session's temporary tables.
 *
 * Per (relation, shard) a hash of row identities to versions, newest first; a log of versions in the order made gives undo.  Not
 * thread-safe: belongs to whoever runs the transaction. */
#ifndef SHARDLITE_TXN_OVERLAY_H
#define SHARDLITE_TXN_OVERLAY_H

#include "txn/layout.h"

enum version_kind {
    VERSION_LIVE,
    VERSION_DEAD,     /* a tombstone: no image */
    VERSION_TRUNCATE, /* in the log only: `table` of the record was emptied */
    VERSION_HOOK,     /* in the log only: a call to make when it is undone */
};

/* Followed by the bitmap of changed image fields (n_changed bytes) and the image. */
struct version {
    struct version *older; /* the same row before; NULL: this transaction had not touched it */
    int64_t rid;           /* keyed parts: the hash of the key */
    uint32_t command;      /* of the statement that made it */
    uint32_t n_bytes;      /* of the image */
    uint32_t part;         /* index in overlay->parts */
    uint16_t n_changed;    /* bytes of the bitmap; 0: all fields */
    uint8_t kind;
    uint8_t fresh : 1;  /* the row did not exist before this transaction */
    uint8_t layout : 7; /* index in the table's layouts */
    uint8_t data[];
};

struct eq_index;
struct overlay_table;

struct overlay_part {
    struct overlay_table *table;
    uint32_t shard, index; /* of overlay->parts */
    bool keyed; /* rows are found by key bytes (global index entries), not by rid alone */
    struct version **slots; /* newest versions; open addressing */
    size_t n_slots, n_rows; /* n_slots is a power of two, or 0 */
    struct version *
        *rows; /* the first version of each row, in the order first touched; base: may have NULLs */
    size_t n_order, cap_order;
    int64_t top_rid;          /* no row has a higher one */
    bool rewritten;           /* some row may have more than one version */
    size_t n_hiding;          /* rows that hide a committed one */
    size_t n_holes;           /* base: NULLs in rows[] */
    struct eq_index *indexes; /* overlay_index.c */
};

#define OVERLAY_LAYOUTS_MAX 127
struct overlay_table {
    uint32_t oid;
    bool truncated; /* committed rows are gone */
    bool temp, reference;
    const void *index_key; /* global indexes: what their layout was made from */
    struct row_layout *layouts[OVERLAY_LAYOUTS_MAX];
    uint32_t n_layouts;
    uint32_t *parts; /* indexes in overlay->parts, those in use now */
    uint32_t n_parts, cap_parts;
    uint32_t last_shard, last_part; /* of the latest look-up */
    struct overlay_table *next;
};

struct overlay {
    struct overlay_table *tables; /* latest first */
    struct imap *by_oid;          /* NULL while there are few */
    uint32_t n_tables;
    struct overlay_part **parts;
    uint32_t n_parts, cap_parts;
    struct version **log;
    size_t n_log, cap_log;
    struct chunk *chunks;
    size_t n_bytes; /* of chunks */
    size_t n_hooks;
    bool base; /* rows of temporary tables: no log, each version on its own */
};

void overlay_init(struct overlay *overlay);
void overlay_clear(struct overlay *overlay); /* frees everything; ready for use again */

struct overlay_table *overlay_find(const struct overlay *overlay,
                                   uint32_t oid); /* NULL: untouched */
struct overlay_table *overlay_table(struct overlay *overlay, uint32_t oid);
/* The index of the layout in table->layouts; keeps a reference of its own.  UINT32_MAX: too many generations. */
uint32_t overlay_layout(struct overlay_table *table, struct row_layout *layout);
struct overlay_part *overlay_find_part(const struct overlay *overlay, struct overlay_table *table,
                                       uint32_t shard);
struct overlay_part *overlay_part(struct overlay *overlay, struct overlay_table *table,
                                  uint32_t shard, bool keyed);

/* The newest version of a row; NULL: untouched.  `key`: keyed parts only. */
struct version *overlay_newest(const struct overlay_part *part, int64_t rid, const void *key,
                               size_t key_bytes);
/* That of rows[k]. */
struct version *overlay_newest_at(const struct overlay_part *part, size_t k);
/* What a reader sees that started at `command`: changes of earlier ones.  NULL: the committed row, if any. */
static inline struct version *version_at(struct version *version, uint32_t command)
{
    while (version && version->command >= command)
        version = version->older;
    return version;
}

struct version_parts {
    enum version_kind kind;
    bool fresh;
    uint32_t command, layout;
    const uint8_t *changed; /* NULL: all */
    uint16_t n_changed;
    const void *bytes;
    size_t n_bytes;
    const void *key; /* keyed: within `bytes` */
    size_t key_bytes;
};
/* Adds a version of the row.  NULL: out of memory. */
struct version *overlay_put(struct overlay *overlay, struct overlay_part *part, int64_t rid,
                            const struct version_parts *parts);
/* Empties the table: its changes so far are out of sight, and so are committed rows. */
void overlay_truncate(struct overlay *overlay, struct overlay_table *table, uint32_t command);

/* `fn(arg)` is called when the log is undone to before this point. */
void overlay_hook(struct overlay *overlay, void (*fn)(void *arg), void *arg);

struct overlay_mark {
    size_t n_log;
    struct chunk *chunk;
    size_t chunk_used;
};
struct overlay_mark overlay_mark(const struct overlay *overlay);
void overlay_undo(struct overlay *overlay, const struct overlay_mark *mark);

static inline struct image version_image(const struct version *version)
{
    return (struct image){version->data + version->n_changed, version->n_bytes};
}
static inline const uint8_t *version_changed(const struct version *version)
{
    return version->n_changed ? version->data : NULL;
}
/* Keyed parts hold global index entries: this, then the key. */
struct global_entry {
    int64_t hidden_rid; /* of the committed row of the hidden table, 0 = none */
    int64_t row_rid;
    uint32_t row_shard;
    uint32_t key_bytes;
    uint8_t key[];
};

/* ---- base overlays (temporary tables) ---- */
/* Takes over a transaction's newest version of a row; `layout`: index in the base table's layouts. */
void overlay_replace(struct overlay_part *part, const struct version *version, uint32_t layout);
void overlay_empty(struct overlay *base,
                   struct overlay_table *table); /* forgets the table's rows */

/* ---- look-ups by value: overlay_index.c ---- */
struct eq_probe {
    const int16_t *attnums; /* ascending */
    uint16_t n;
    uint64_t hash;
};
#define EQ_ATTNUMS_MAX 8
/* The hash of values of these columns; false when one is NULL. */
bool eq_hash(const struct relation *relation, const int16_t *attnums, uint16_t n,
             const struct datum *values, struct buf *scratch, uint64_t *hash);
/* An index on the columns, built when missing; NULL when that fails. */
struct eq_index *part_index(struct overlay *overlay, struct overlay_part *part,
                            const struct relation *relation, const int16_t *attnums, uint16_t n,
                            struct type_io *io);
/* Candidates of a hash, latest first: *at starts at UINT32_MAX - 1, NULL at the end.  Any version, not only the one to be seen. */
#define EQ_START (UINT32_MAX - 1)
struct version *part_index_next(const struct eq_index *index, uint64_t hash, uint32_t *at);
/* Tells the part's indexes of a live version just put. */
void part_index_add(struct overlay *overlay, struct overlay_part *part,
                    const struct relation *relation, const struct datum *values,
                    struct version *version, struct buf *scratch);
void part_index_undo(struct overlay_part *part, const struct version *version, size_t n_log);
void part_index_drop(struct overlay_part *part);

#endif
