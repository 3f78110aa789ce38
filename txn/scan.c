/* scan.c - rows of one relation as a transaction sees them.
 *
 * Shard by shard: committed rows from a SELECT on the statement's snapshot, without those that the overlay hides; then the overlay's
 * own rows that pass the conditions.  When an order is asked for the two are merged.  Temporary tables have the session's
 * store in the place of committed rows.
 *
 * When a statement runs again after a conflict (snapshot.c), a committed row that passed in the snapshot's version but was changed since is
 * replaced by what it is now, in its place, and has to pass again.
 *
 * Versions made by the statement itself are out of sight (version_at), so a scan may run while its statement writes.  Values of
 * a committed row belong to the SQLite statement until its next step; other memory is the row arena's. */
#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "txn/txn_int.h"

#define BREATHE_ROWS 256
#define OPS_PER_BREATH 20000 /* of SQLite's machine: well below a millisecond */
#define INDEX_ROWS_MIN                                                                             \
    24 /* below, reading all rows of an overlay is cheaper than keeping an index */

enum loader { LOAD_INTEGER, LOAD_REAL, LOAD_TEXT, LOAD_BLOB, LOAD_TYPE };
struct load {
    uint16_t attribute;
    uint8_t loader;
};

/* A source of rows kept in memory: the overlay, or a temporary table's store. */
struct memory {
    struct overlay *overlay;
    struct overlay_part *part;
    uint32_t command;
    bool hidden_by_overlay; /* the store: rows that the overlay has changed are not ours */
    bool indexed;
    size_t at, end; /* in part->rows */
    const struct eq_index *index;
    uint64_t *hashes;
    uint32_t n_hashes, hash_at, candidate;
};

struct sorted_row {
    struct datum key; /* in sort_arena */
    int64_t rid;
    const struct overlay_part *part;
    const struct version *version;
};

enum phase { PHASE_SHARD, PHASE_COMMITTED, PHASE_STORE, PHASE_OVERLAY, PHASE_MERGE, PHASE_END };

struct scan {
    struct txn *txn;
    struct scan *next, *previous; /* of the transaction's open scans */
    struct arena *arena, *row_arena, *own_arena, *present_arena, *qual_arena, *sort_arena;
    const struct env *env;
    struct scan_spec spec;
    struct scan_qual *quals;
    uint32_t cap_quals;
    const struct relation *relation;
    struct row_layout *layout;
    struct snapshot *snapshot;
    uint32_t command;
    uint8_t *columns; /* to decode: asked for, conditions, order.  NULL = all */

    const struct scan_shape *shape; /* NULL: no committed rows */
    struct load *loads;
    bool slow_loads, recheck;
    bool refresh;          /* rows that are out of date in the snapshot are given as they are now */
    struct datum *present; /* such a row's values; NULL until needed */
    bool absent; /* the table is younger than the snapshot: no committed rows on this shard */
    struct latest_lease lease;
    struct reader *reader;
    sqlite3_stmt *statement;
    uint32_t n_steps;

    enum phase phase;
    uint32_t shard_at, shard;
    struct overlay_table *table;
    struct memory memory;
    struct datum *committed, *own; /* values of a row from the files, and from memory */

    struct sorted_row *sorted;
    size_t n_sorted, sorted_at, cap_sorted;
    bool pending;   /* merge: a committed row is loaded and not given yet */
    bool exhausted; /* merge: no more committed rows on this shard */
    int64_t pending_rid;
    struct datum *pending_values;
};

/* ---- conditions ---- */

bool scan_qual_holds(const struct scan_qual *qual, const struct type *type,
                     const struct datum *value)
{
    if (qual->op == QUAL_IS_NULL)
        return value->null;
    if (value->null)
        return false;
    switch (qual->op) {
    case QUAL_EQ:
        return type_cmp(type, value, qual->values) == 0;
    case QUAL_LT:
        return type_cmp(type, value, qual->values) < 0;
    case QUAL_LE:
        return type_cmp(type, value, qual->values) <= 0;
    case QUAL_GT:
        return type_cmp(type, value, qual->values) > 0;
    case QUAL_GE:
        return type_cmp(type, value, qual->values) >= 0;
    case QUAL_IN:
        for (uint32_t k = 0; k < qual->n_values; k++)
            if (type_cmp(type, value, &qual->values[k]) == 0)
                return true;
        return false;
    case QUAL_IS_NULL:
    case QUAL_NOT_NULL:
        return true;
    }
    return true;
}

/* `left_only`: the conditions that the files have not evaluated. */
static bool quals_hold(const struct scan *scan, const struct datum *values, bool left_only)
{
    for (uint32_t k = 0; k < scan->spec.n_quals; k++) {
        const struct scan_qual *qual = &scan->quals[k];
        if (left_only && scan->shape->pushed[k])
            continue;
        if (!scan_qual_holds(qual, scan->relation->columns[qual->attnum - 1].type,
                             &values[qual->attnum - 1]))
            return false;
    }
    return true;
}

/* ---- opening ---- */

static void add_column(uint8_t *bitmap, int16_t attnum)
{
    bitmap[(attnum - 1) / 8] |= (uint8_t)(1u << ((attnum - 1) % 8));
}

static void plan_columns(struct scan *scan)
{
    const struct scan_spec *spec = &scan->spec;
    if (!spec->columns)
        return;
    size_t n = (scan->relation->n_columns + 7u) / 8u;
    scan->columns = arena_zalloc(scan->arena, n + 1);
    memcpy(scan->columns, spec->columns, n);
    for (uint32_t k = 0; k < spec->n_quals; k++)
        add_column(scan->columns, spec->quals[k].attnum);
    if (spec->order_attnum)
        add_column(scan->columns, spec->order_attnum);
}

static uint8_t loader_of(const struct type *type)
{
    const struct type_ops *ops = type_base(type)->ops;
    if (ops->load)
        return LOAD_TYPE;
    switch (ops->storage) {
    case STORAGE_INTEGER:
        return LOAD_INTEGER;
    case STORAGE_REAL:
        return LOAD_REAL;
    case STORAGE_TEXT:
        return LOAD_TEXT;
    case STORAGE_BLOB:
        return LOAD_BLOB;
    }
    return LOAD_TYPE;
}

/* The type of what comes from the files; counts and sums are integers, whatever integers they are of. */
static const struct type *load_type(const struct scan *scan, uint16_t attribute)
{
    if (!scan->spec.n_aggs)
        return scan->relation->columns[attribute].type;
    const struct file_agg *agg = &scan->spec.aggs[attribute];
    bool extreme = agg->kind == FILE_MIN || agg->kind == FILE_MAX;
    return extreme ? scan->relation->columns[agg->attnum - 1].type : type_builtin(TYPE_INT8);
}

static void plan_loads(struct scan *scan)
{
    const struct scan_shape *shape = scan->shape;
    scan->loads = ARENA_ARRAY(scan->arena, struct load, shape->n_columns + 1u);
    scan->slow_loads = false;
    for (uint16_t k = 0; k < shape->n_columns; k++) {
        scan->loads[k] =
            (struct load){shape->columns[k], loader_of(load_type(scan, shape->columns[k]))};
        scan->slow_loads |= scan->loads[k].loader == LOAD_TYPE;
    }
    if (scan->spec.n_aggs)
        return;
    /* What the files do not have reads the same in every committed row. */
    for (uint16_t k = 0; k < scan->relation->n_columns; k++)
        scan->committed[k] = !scan->layout->stored_as[k] && !scan->relation->columns[k].dropped
                                 ? column_missing(&scan->relation->columns[k])
                                 : datum_null();
}

static bool reads_committed(const struct scan *scan)
{
    return scan->layout->committed && !scan->spec.only_overlay &&
           !(scan->table && scan->table->truncated);
}

static void set_quals(struct scan *scan, const struct scan_qual *quals)
{
    uint32_t n = scan->spec.n_quals;
    if (n > scan->cap_quals) {
        scan->quals = ARENA_ARRAY(scan->arena, struct scan_qual, n);
        scan->cap_quals = n;
    }
    if (n)
        memcpy(scan->quals, quals, n * sizeof(*quals));
    scan->spec.quals = scan->quals;
}

static void begin(struct scan *scan)
{
    scan->shard_at = 0;
    scan->phase = PHASE_SHARD;
    if (!reads_committed(scan)) {
        scan->shape = NULL;
        return;
    }
    const struct scan_shape *shape = layout_shape(scan->layout, &scan->spec);
    if (shape != scan->shape) {
        scan->shape = shape;
        plan_loads(scan);
    }
    scan->recheck = false;
    for (uint32_t k = 0; k < scan->spec.n_quals; k++)
        scan->recheck |= !shape->pushed[k];
}

/* SERIALIZABLE watches what is read.  Checks of constraints read what is committed now, and are not part of the history. */
static bool note_read(struct scan *scan, struct err *err)
{
    struct txn *txn = scan->txn;
    if (LIKELY(!txn->sxact) || scan->spec.latest || scan->relation->distribution == DIST_TEMP)
        return true;
    return serial_read(txn->sxact, scan->relation, scan->quals, scan->spec.n_quals, err);
}

static void close_with_arena(void *arg)
{
    scan_close(arg);
}

struct scan *scan_open(struct txn *txn, struct arena *arena, const struct env *env,
                       const struct scan_spec *spec, struct err *err)
{
    const struct relation *relation = spec->relation;
    const struct statement_frame *frame = txn_frame(txn);
    struct scan *scan = ARENA_NEW(arena, struct scan);
    txn_see_env(txn, env);
    scan->txn = txn;
    scan->arena = arena;
    scan->env = env;
    scan->spec = *spec;
    scan->relation = relation;
    scan->command = frame && !spec->latest ? frame->command : COMMAND_MAX;
    scan->spec.latest = spec->latest || !frame;
    if (relation->distribution == DIST_TEMP ||
        (relation->distribution == DIST_REFERENCE && spec->n_shards > 1))
        scan->spec.n_shards = 1;
    set_quals(scan, spec->quals);
    plan_columns(scan);
    scan->layout = layout_get(txn->database->layouts, relation);
    scan->table = spec->skip_overlay ? NULL : overlay_find(&txn->overlay, relation->oid);
    scan->committed =
        ARENA_ARRAY(arena, struct datum, relation->n_columns * 2u + spec->n_aggs + 1u);
    scan->own = scan->committed + relation->n_columns;
    if (!note_read(scan, err)) {
        layout_unref(scan->layout);
        return NULL;
    }
    begin(scan);
    txn->restarting = NULL;
    if (!scan->spec.latest) {
        scan->snapshot = frame->snapshot;
        scan->snapshot->refs++;
        scan->refresh = !spec->as_begun && snapshot_is_stale(scan->snapshot, relation->oid);
    }
    scan->next = txn->scans;
    if (txn->scans)
        txn->scans->previous = scan;
    txn->scans = scan;
    arena_on_free(arena, close_with_arena, scan);
    return scan;
}

bool scan_can_aggregate(struct txn *txn, const struct scan_spec *spec)
{
    const struct overlay_table *own = overlay_find(&txn->overlay, spec->relation->oid);
    if (spec->relation->distribution == DIST_TEMP || (own && (own->n_parts || own->truncated)))
        return false;
    struct row_layout *layout = layout_get(txn->database->layouts, spec->relation);
    bool can = layout->committed;
    for (uint32_t k = 0; can && k < spec->n_aggs; k++)
        can = spec->aggs[k].kind == FILE_COUNT_ROWS || layout->stored_as[spec->aggs[k].attnum - 1];
    const struct scan_shape *shape = can ? layout_shape(layout, spec) : NULL;
    for (uint32_t k = 0; can && k < spec->n_quals; k++)
        can = shape->pushed[k];
    layout_unref(layout);
    return can;
}

static struct arena *lazy_arena(struct scan *scan, struct arena **arena, const char *name)
{
    if (!*arena)
        *arena = arena_child(scan->arena, name);
    return *arena;
}

static struct type_io scan_io(struct scan *scan, struct arena *arena, struct err *err)
{
    return (struct type_io){.arena = arena,
                            .err = err,
                            .typmod = -1,
                            .settings = scan->env ? scan->env->settings : &settings_default,
                            .env = scan->env};
}

/* A step may look at many rows before it finds one that passes (or, of aggregates, at all of them). */
static int breathe_in_step(void *unused UNUSED)
{
    return !fiber_breathe();
}

static void close_statement(struct scan *scan)
{
    if (scan->statement) {
        sqlite3_progress_handler(sqlite3_db_handle(scan->statement), 0, NULL, NULL);
        reader_finish_statement(scan->reader, scan->statement);
    }
    scan->statement = NULL;
    if (scan->lease.reader)
        latest_release(scan->txn, &scan->lease);
    scan->reader = NULL;
}

void scan_close(struct scan *scan)
{
    if (!scan || !scan->layout)
        return;
    close_statement(scan);
    snapshot_unref(scan->snapshot);
    scan->snapshot = NULL;
    layout_unref(scan->layout);
    scan->layout = NULL;
    if (scan->previous)
        scan->previous->next = scan->next;
    else
        scan->txn->scans = scan->next;
    if (scan->next)
        scan->next->previous = scan->previous;
    free(scan->memory.hashes);
    free(scan->sorted);
    scan->memory.hashes = NULL;
    scan->sorted = NULL;
    scan->phase = PHASE_END;
}

bool scan_rescan(struct scan *scan, const struct scan_qual *quals, const uint32_t *shards,
                 uint32_t n_shards, struct err *err)
{
    set_quals(scan, quals);
    if (!note_read(scan, err))
        return false;
    scan->spec.shards = shards;
    scan->spec.n_shards = n_shards;
    if (scan->relation->distribution == DIST_TEMP ||
        (scan->relation->distribution == DIST_REFERENCE && n_shards > 1))
        scan->spec.n_shards = 1;
    if (scan->spec.latest || n_shards != 1 || (scan->statement && shards[0] != scan->shard))
        close_statement(scan);
    if (!scan->spec.skip_overlay)
        scan->table = overlay_find(&scan->txn->overlay, scan->relation->oid);
    scan->pending = false;
    const struct scan_shape *shape = scan->shape;
    begin(scan);
    if (scan->shape != shape)
        close_statement(scan);
    return true;
}

/* ---- committed rows ---- */

static int bind_stored(sqlite3_stmt *statement, int at, const struct stored *value)
{
    switch (value->kind) {
    case STORED_NULL:
        return sqlite3_bind_null(statement, at);
    case STORED_INTEGER:
        return sqlite3_bind_int64(statement, at, value->i);
    case STORED_REAL:
        return sqlite3_bind_double(statement, at, value->f);
    case STORED_TEXT:
        return sqlite3_bind_text64(statement, at, value->p ? value->p : "", value->n, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case STORED_BLOB:
        return sqlite3_bind_blob64(statement, at, value->p ? value->p : "", value->n,
                                   SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static bool stored_for(struct scan *scan, const struct scan_qual *qual, const struct datum *value,
                       struct type_io *io, struct stored *out)
{
    const struct type *type = scan->relation->columns[qual->attnum - 1].type;
    if (type_base(type)->ops->native_order) {
        io->type = type;
        io->typmod = -1;
        return type_store(io, value, out);
    }
    struct buf key = BUF_IN(io->arena);
    layout_key(type, value, &key);
    *out = (struct stored){.kind = STORED_BLOB, .p = key.p, .n = key.n};
    return true;
}

/* Must values of the condition be converted, which takes memory? */
static bool is_converted(const struct scan *scan, const struct scan_qual *qual)
{
    const struct type_ops *ops = type_base(scan->relation->columns[qual->attnum - 1].type)->ops;
    return !ops->native_order || ops->store;
}

static bool bind_quals_at(struct scan *scan, int *parameter, struct err *err)
{
    for (uint32_t k = 0; !scan->qual_arena && k < scan->spec.n_quals; k++)
        if (is_converted(scan, &scan->quals[k]))
            lazy_arena(scan, &scan->qual_arena, "scan conditions");
    struct type_io io = scan_io(scan, scan->qual_arena, err);
    struct stored value;
    int at = *parameter;
    for (uint32_t k = 0; k < scan->spec.n_quals; k++)
        for (uint32_t v = 0; v < scan->shape->n_params[k]; v++) {
            const struct scan_qual *qual = &scan->quals[k];
            uint32_t last = qual->op == QUAL_IN ? qual->n_values - 1 : 0;
            if (!stored_for(scan, qual, &qual->values[MIN(v, last)], &io, &value))
                return false;
            int rc = bind_stored(scan->statement, at++, &value);
            if (rc != SQLITE_OK)
                return reader_error(scan->reader, rc, err);
        }
    *parameter = at;
    return true;
}

static bool bind_quals(struct scan *scan, struct err *err)
{
    int at = 1;
    for (uint32_t copies = scan->spec.aggs_by_index ? scan->spec.n_aggs : 1; copies > 0; copies--)
        if (!bind_quals_at(scan, &at, err))
            return false;
    if (!scan->shape->limited)
        return true;
    uint64_t limit = scan->spec.limit_hint + (scan->memory.part ? scan->memory.part->n_hiding : 0);
    bool unlimited = limit > INT64_MAX || scan->refresh; /* rows may drop out */
    int rc = sqlite3_bind_int64(scan->statement, at, unlimited ? -1 : (int64_t)limit);
    return rc == SQLITE_OK || reader_error(scan->reader, rc, err);
}

/* A snapshot for a whole transaction may be older than a table, or a column, that others have made since. */
static bool is_younger(struct scan *scan, struct err *err)
{
    if (scan->txn->options.isolation == ISOLATION_READ_COMMITTED || scan->spec.latest)
        return false;
    scan->absent = strstr(err->message, "no such table") != NULL;
    if (scan->absent) {
        err_clear(err);
        return true;
    }
    if (strstr(err->message, "no such column"))
        err_set(err, ERR_T_R_SERIALIZATION_FAILURE,
                "could not serialize access due to concurrent change of table \"%s\"",
                scan->relation->name);
    return false;
}

static bool open_statement(struct scan *scan, struct err *err)
{
    if (scan->statement) { /* the same shard again, with other values */
        sqlite3_reset(scan->statement);
        if (scan->qual_arena)
            arena_reset(scan->qual_arena);
        return bind_quals(scan, err);
    }
    if (scan->spec.latest) {
        if (!latest_acquire(scan->txn, scan->shard, &scan->lease, err))
            return false;
        scan->reader = scan->lease.reader;
    } else {
        scan->reader = snapshot_reader(scan->snapshot, scan->shard, err);
    }
    if (!scan->reader)
        return false;
    scan->statement = reader_statement(scan->reader, scan->shape->sql, err);
    if (UNLIKELY(!scan->statement))
        return is_younger(scan, err);
    sqlite3_progress_handler(sqlite3_db_handle(scan->statement), OPS_PER_BREATH, breathe_in_step,
                             NULL);
    return bind_quals(scan, err);
}

static bool load_by_type(struct scan *scan, const struct load *load, int at, struct datum *out,
                         struct err *err)
{
    struct type_io io = scan_io(scan, lazy_arena(scan, &scan->row_arena, "scan row"), err);
    struct stored stored = {0};
    io.type = load_type(scan, load->attribute);
    io.typmod = scan->relation->columns[load->attribute].typmod;
    switch (sqlite3_column_type(scan->statement, at)) {
    case SQLITE_INTEGER:
        stored.kind = STORED_INTEGER;
        stored.i = sqlite3_column_int64(scan->statement, at);
        break;
    case SQLITE_FLOAT:
        stored.kind = STORED_REAL;
        stored.f = sqlite3_column_double(scan->statement, at);
        break;
    case SQLITE_TEXT:
        stored.kind = STORED_TEXT;
        stored.p = sqlite3_column_text(scan->statement, at);
        stored.n = (size_t)sqlite3_column_bytes(scan->statement, at);
        break;
    case SQLITE_BLOB:
        stored.kind = STORED_BLOB;
        stored.p = sqlite3_column_blob(scan->statement, at);
        stored.n = (size_t)sqlite3_column_bytes(scan->statement, at);
        break;
    default:
        *out = datum_null();
        return true;
    }
    return type_load(&io, &stored, out);
}

static bool load_committed(struct scan *scan, struct err *err)
{
    sqlite3_stmt *statement = scan->statement;
    if (scan->slow_loads && scan->row_arena)
        arena_reset(scan->row_arena);
    for (uint16_t k = 0; k < scan->shape->n_columns; k++) {
        const struct load *load = &scan->loads[k];
        struct datum *out = &scan->committed[load->attribute];
        int at = k + 1;
        sqlite3_value *value = sqlite3_column_value(
            statement, at); /* as often as not half of the cost of the column calls */
        int type = sqlite3_value_type(value);
        if (type == SQLITE_NULL)
            *out = datum_null();
        else if (load->loader == LOAD_INTEGER && type == SQLITE_INTEGER)
            *out = datum_int(sqlite3_value_int64(value));
        else if (load->loader == LOAD_REAL && type == SQLITE_FLOAT)
            *out = datum_float(sqlite3_value_double(value));
        else if ((load->loader == LOAD_TEXT && type == SQLITE_TEXT) ||
                 (load->loader == LOAD_BLOB && type == SQLITE_BLOB)) {
            const void *bytes = sqlite3_value_blob(
                value); /* of a text: its UTF-8, without a copy for a NUL behind it */
            *out = datum_bytes(bytes ? bytes : "", (size_t)sqlite3_value_bytes(value));
        } else if (!load_by_type(scan, load, at, out, err))
            return false;
    }
    return true;
}

static bool breathe(struct scan *scan, struct err *err)
{
    if (LIKELY(++scan->n_steps % BREATHE_ROWS))
        return true;
    return fiber_breathe() || fiber_check_interrupt(err);
}

static bool hidden(const struct scan *scan, int64_t rid)
{
    const struct overlay_part *part = scan->memory.part;
    return part && part->n_hiding && version_at(overlay_newest(part, rid, NULL, 0), scan->command);
}

/* The row, which passed in the snapshot's version: if it was changed since, its present version goes to `values`; *found: it passes. */
static bool refresh_row(struct scan *scan, int64_t rid, struct datum **values, bool *found,
                        struct err *err)
{
    struct lock_tag tag = {.id = (uint64_t)rid,
                           .database = scan->txn->database->oid,
                           .object = scan->relation->oid,
                           .shard = home_shard(scan->relation, scan->shard),
                           .kind = LOCK_ROW};
    *found = true;
    if (lock_peek_changed(scan->txn->manager->locks, &tag) <= scan->snapshot->seq)
        return true;
    struct type_io io = scan_io(scan, lazy_arena(scan, &scan->present_arena, "present row"), err);
    uint64_t seq;
    if (!scan->present)
        scan->present = ARENA_ARRAY(scan->arena, struct datum, scan->relation->n_columns + 1u);
    arena_reset(scan->present_arena);
    if (!fetch_present(scan->txn, &io, scan->relation, scan->layout, scan->shard, rid,
                       scan->present, found, &seq))
        return false;
    if (!*found)
        return true;
    snapshot_show(scan->snapshot, scan->relation->oid, tag.shard, rid, seq);
    *found = quals_hold(scan, scan->present, false);
    *values = scan->present;
    return true;
}

/* What is read as of now includes commits that the snapshot lacks: locking the row must know. */
static void note_present(struct scan *scan, int64_t rid)
{
    const struct statement_frame *frame = txn_frame(scan->txn);
    if (frame && scan->spec.n_quals)
        snapshot_show(frame->snapshot, scan->relation->oid, home_shard(scan->relation, scan->shard),
                      rid, scan->lease.seq);
}

/* The next committed row that counts, with its values. */
static bool next_committed(struct scan *scan, int64_t *rid, struct datum **values, bool *found,
                           struct err *err)
{
    for (;;) {
        if (!breathe(scan, err))
            return false;
        int rc = sqlite3_step(scan->statement);
        if (rc == SQLITE_DONE) {
            *found = false;
            return true;
        }
        if (rc == SQLITE_INTERRUPT && !fiber_check_interrupt(err))
            return false;
        if (rc != SQLITE_ROW)
            return reader_error(scan->reader, rc, err);
        *rid = sqlite3_column_int64(scan->statement, 0);
        if (hidden(scan, *rid))
            continue;
        if (!load_committed(scan, err))
            return false;
        if (scan->recheck && !quals_hold(scan, scan->committed, true))
            continue;
        *values = scan->committed;
        *found = true;
        if (scan->spec.latest)
            note_present(scan, *rid);
        if (UNLIKELY(scan->refresh) && !refresh_row(scan, *rid, values, found, err))
            return false;
        if (*found)
            return true;
    }
}

/* ---- rows in memory ---- */

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool has_key(const struct scan *scan, const struct scan_qual *qual)
{
    return type_base(scan->relation->columns[qual->attnum - 1].type)->ops->key != NULL;
}

/* The equality conditions' columns, ascending; their values in `values` by attnum - 1. */
static uint16_t equality_columns(const struct scan *scan, int16_t *attnums, struct datum *values)
{
    uint16_t n = 0;
    for (uint32_t k = 0; k < scan->spec.n_quals && n < EQ_ATTNUMS_MAX; k++) {
        const struct scan_qual *qual = &scan->quals[k];
        uint16_t at = n;
        if (qual->op != QUAL_EQ || !has_key(scan, qual))
            continue;
        while (at > 0 && attnums[at - 1] > qual->attnum) {
            attnums[at] = attnums[at - 1];
            at--;
        }
        if (at > 0 && attnums[at - 1] == qual->attnum) { /* a = 1 AND a = 2: the first will do */
            memmove(&attnums[at], &attnums[at + 1], (size_t)(n - at) * sizeof(*attnums));
            continue;
        }
        attnums[at] = qual->attnum;
        values[qual->attnum - 1] = *qual->values;
        n++;
    }
    return n;
}

static void probe_list(struct scan *scan, struct memory *memory, const struct scan_qual *in,
                       const int16_t *attnums, uint16_t n, struct datum *values)
{
    uint32_t n_probes = in ? in->n_values : 1;
    memory->hashes = realloc(memory->hashes, MAX(n_probes, 1u) * sizeof(uint64_t));
    ASSERT(memory->hashes != NULL);
    memory->n_hashes = 0;
    for (uint32_t k = 0; k < n_probes; k++) {
        if (in)
            values[in->attnum - 1] = in->values[k];
        if (eq_hash(scan->relation, attnums, n, values, &scan->txn->key,
                    &memory->hashes[memory->n_hashes]))
            memory->n_hashes++;
    }
    qsort(memory->hashes, memory->n_hashes, sizeof(uint64_t), compare_u64);
    uint32_t n_kept = 0;
    for (uint32_t k = 0; k < memory->n_hashes; k++)
        if (k == 0 || memory->hashes[k] != memory->hashes[n_kept - 1])
            memory->hashes[n_kept++] = memory->hashes[k];
    memory->n_hashes = n_kept;
}

static void try_index(struct scan *scan, struct memory *memory)
{
    int16_t attnums[EQ_ATTNUMS_MAX + 1];
    const struct scan_qual *in = NULL;
    struct datum *values = scan->own; /* overwritten by the first row */
    uint16_t n = equality_columns(scan, attnums, values);
    for (uint32_t k = 0; n == 0 && !in && k < scan->spec.n_quals; k++)
        if (scan->quals[k].op == QUAL_IN && has_key(scan, &scan->quals[k]) &&
            scan->quals[k].n_values < memory->part->n_rows) {
            in = &scan->quals[k];
            attnums[0] = in->attnum;
        }
    if (in)
        n = 1;
    if (n == 0)
        return;
    struct err err = ERR_IN(scan->arena);
    struct type_io io = scan_io(scan, lazy_arena(scan, &scan->qual_arena, "scan conditions"), &err);
    memory->index = part_index(memory->overlay, memory->part, scan->relation, attnums, n, &io);
    if (!memory->index)
        return;
    memory->indexed = true;
    memory->hash_at = 0;
    memory->candidate = EQ_START;
    probe_list(scan, memory, in, attnums, n, values);
}

static void memory_begin(struct scan *scan, struct memory *memory)
{
    memory->indexed = false;
    memory->at = 0;
    memory->end = memory->part ? memory->part->n_order : 0;
    if (memory->part && memory->part->n_rows >= INDEX_ROWS_MIN && scan->spec.n_quals)
        try_index(scan, memory);
}

/* The next version that may be a row of the scan. */
static struct version *next_candidate(struct memory *memory)
{
    while (memory->indexed) {
        if (memory->hash_at == memory->n_hashes)
            return NULL;
        struct version *version =
            part_index_next(memory->index, memory->hashes[memory->hash_at], &memory->candidate);
        if (!version) {
            memory->hash_at++;
            memory->candidate = EQ_START;
            continue;
        }
        if (version ==
            version_at(overlay_newest(memory->part, version->rid, NULL, 0), memory->command))
            return version;
    }
    while (memory->at < MIN(memory->end, memory->part->n_order)) {
        struct version *first = memory->part->rows[memory->at++];
        struct version *version =
            first ? version_at(overlay_newest(memory->part, first->rid, NULL, 0), memory->command)
                  : NULL;
        if (version && version->kind == VERSION_LIVE)
            return version;
    }
    return NULL;
}

static bool load_version(struct scan *scan, const struct overlay_part *part,
                         const struct version *version, struct err *err)
{
    struct arena *arena = lazy_arena(scan, &scan->own_arena, "own row");
    struct type_io io = scan_io(scan, arena, err);
    struct image image = version_image(version);
    arena_reset(arena);
    return layout_decode(part->table->layouts[version->layout], scan->relation, &io, &image,
                         scan->columns, scan->own);
}

/* The next row in memory that passes, loaded in scan->own. */
static bool next_in_memory(struct scan *scan, struct version **out, struct err *err)
{
    struct memory *memory = &scan->memory;
    *out = NULL;
    if (!memory->part)
        return true;
    for (;;) {
        struct version *version = next_candidate(memory);
        if (!version)
            return true;
        if (!breathe(scan, err))
            return false;
        if (memory->hidden_by_overlay && scan->table) {
            const struct overlay_part *part =
                overlay_find_part(&scan->txn->overlay, scan->table, 0);
            if (part && version_at(overlay_newest(part, version->rid, NULL, 0), scan->command))
                continue;
        }
        if (!load_version(scan, memory->part, version, err))
            return false;
        if (!quals_hold(scan, scan->own, false))
            continue;
        *out = version;
        return true;
    }
}

static void give(const struct scan *scan, struct datum *values, int64_t rid, struct row *row)
{
    row->shard = home_shard(scan->relation, scan->shard);
    row->rid = rid;
    row->values = values;
}

/* ---- phases ---- */

static void use_overlay(struct scan *scan)
{
    struct overlay *overlay = &scan->txn->overlay;
    struct overlay_part *part =
        scan->table
            ? overlay_find_part(overlay, scan->table, home_shard(scan->relation, scan->shard))
            : NULL;
    scan->memory.overlay = overlay;
    scan->memory.part = part;
    scan->memory.command = scan->command;
    scan->memory.hidden_by_overlay = false;
    scan->memory.indexed = false;
}

static bool use_store(struct scan *scan)
{
    struct overlay *rows = temp_store_rows(txn_temp(scan->txn, false));
    struct overlay_table *table = rows ? overlay_find(rows, scan->relation->oid) : NULL;
    if (!table || (scan->table && scan->table->truncated) || scan->relation->truncated_here)
        return false;
    scan->memory.overlay = rows;
    scan->memory.part = overlay_find_part(rows, table, 0);
    scan->memory.command = COMMAND_MAX;
    scan->memory.hidden_by_overlay = true;
    memory_begin(scan, &scan->memory);
    return scan->memory.part != NULL;
}

static int compare_keys(const struct scan *scan, const struct datum *a, const struct datum *b)
{
    int order = type_cmp(scan->relation->columns[scan->spec.order_attnum - 1].type, a, b);
    return scan->spec.order_desc ? -order : order;
}

static _Thread_local const struct scan *sorting;
static int compare_sorted(const void *a, const void *b)
{
    const struct sorted_row *x = a, *y = b;
    int order = compare_keys(sorting, &x->key, &y->key);
    return order ? order : (x->rid > y->rid) - (x->rid < y->rid);
}

/* Adds the rows of the memory source to scan->sorted. */
static bool collect_sorted(struct scan *scan, struct err *err)
{
    struct arena *arena = lazy_arena(scan, &scan->sort_arena, "scan order");
    const struct type *type = scan->relation->columns[scan->spec.order_attnum - 1].type;
    struct version *version;
    for (;;) {
        if (!next_in_memory(scan, &version, err))
            return false;
        if (!version)
            return true;
        if (scan->n_sorted == scan->cap_sorted) {
            scan->cap_sorted = MAX((size_t)16, scan->cap_sorted * 2);
            scan->sorted = realloc(scan->sorted, scan->cap_sorted * sizeof(*scan->sorted));
            ASSERT(scan->sorted != NULL);
        }
        struct datum key = datum_copy(type, arena, scan->own[scan->spec.order_attnum - 1]);
        scan->sorted[scan->n_sorted++] =
            (struct sorted_row){key, version->rid, scan->memory.part, version};
    }
}

static bool start_sorted(struct scan *scan, struct err *err)
{
    scan->n_sorted = scan->sorted_at = 0;
    scan->pending = false;
    scan->exhausted = !scan->shape || scan->absent;
    if (scan->sort_arena)
        arena_reset(scan->sort_arena);
    if (scan->relation->distribution == DIST_TEMP && use_store(scan) && !collect_sorted(scan, err))
        return false;
    use_overlay(scan);
    memory_begin(scan, &scan->memory);
    if (!collect_sorted(scan, err))
        return false;
    if (scan->n_sorted) {
        sorting = scan;
        qsort(scan->sorted, scan->n_sorted, sizeof(*scan->sorted), compare_sorted);
    }
    return true;
}

static bool next_shard(struct scan *scan, struct err *err)
{
    if (scan->shard_at == scan->spec.n_shards &&
        !(scan->relation->distribution == DIST_TEMP && scan->shard_at == 0)) {
        scan->phase = PHASE_END;
        return true;
    }
    uint32_t shard =
        scan->relation->distribution == DIST_TEMP ? 0 : scan->spec.shards[scan->shard_at];
    if (scan->statement && shard != scan->shard)
        close_statement(scan);
    scan->shard_at++;
    scan->shard = shard;
    scan->absent = false;
    use_overlay(scan);
    if (scan->shape && !open_statement(scan, err))
        return false;
    if (scan->spec.order_attnum) {
        scan->phase = PHASE_MERGE;
        return start_sorted(scan, err);
    }
    scan->phase = scan->shape && !scan->absent ? PHASE_COMMITTED : PHASE_OVERLAY;
    if (scan->relation->distribution == DIST_TEMP && use_store(scan))
        scan->phase = PHASE_STORE;
    else if (scan->phase == PHASE_OVERLAY)
        memory_begin(scan, &scan->memory);
    return true;
}

static bool next_plain(struct scan *scan, struct row *row, bool *found, struct err *err)
{
    int64_t rid;
    struct version *version;
    struct datum *values;
    if (scan->phase == PHASE_COMMITTED) {
        if (!next_committed(scan, &rid, &values, found, err))
            return false;
        if (*found) {
            give(scan, values, rid, row);
            return true;
        }
        use_overlay(scan);
        memory_begin(scan, &scan->memory);
        scan->phase = PHASE_OVERLAY;
    }
    if (!next_in_memory(scan, &version, err))
        return false;
    *found = version != NULL;
    if (version) {
        give(scan, scan->own, version->rid, row);
        return true;
    }
    if (scan->phase == PHASE_STORE) {
        use_overlay(scan);
        memory_begin(scan, &scan->memory);
        scan->phase = PHASE_OVERLAY;
    } else {
        scan->phase = PHASE_SHARD;
    }
    return true;
}

static bool next_merged(struct scan *scan, struct row *row, bool *found, struct err *err)
{
    if (!scan->pending && !scan->exhausted) {
        if (!next_committed(scan, &scan->pending_rid, &scan->pending_values, &scan->pending, err))
            return false;
        scan->exhausted = !scan->pending;
    }
    const struct sorted_row *head =
        scan->sorted_at < scan->n_sorted ? &scan->sorted[scan->sorted_at] : NULL;
    *found = head || scan->pending;
    if (!*found) {
        scan->phase = PHASE_SHARD;
        return true;
    }
    if (scan->pending &&
        (!head ||
         compare_keys(scan, &scan->pending_values[scan->spec.order_attnum - 1], &head->key) <= 0)) {
        give(scan, scan->pending_values, scan->pending_rid, row);
        scan->pending = false;
        return true;
    }
    if (!load_version(scan, head->part, head->version, err))
        return false;
    scan->sorted_at++;
    give(scan, scan->own, head->rid, row);
    return true;
}

bool scan_next(struct scan *scan, struct row *row, bool *found, struct err *err)
{
    *found = false;
    for (;;) {
        switch (scan->phase) {
        case PHASE_SHARD:
            if (!next_shard(scan, err))
                return false;
            break;
        case PHASE_COMMITTED:
        case PHASE_STORE:
        case PHASE_OVERLAY:
            if (!next_plain(scan, row, found, err))
                return false;
            break;
        case PHASE_MERGE:
            if (!next_merged(scan, row, found, err))
                return false;
            break;
        case PHASE_END:
            return true;
        }
        if (*found)
            return true;
    }
}
