/* sequence.c - sequences: values from memory, high-water marks in the log.
 *
 * catalog.db has a row per sequence that was ever used: what its state would be after a crash.  It runs ahead of memory by up to
 * PREFETCH values; a value is handed out only after the mark that covers it was appended, and an append is durable before any later
 * commit, so a value that a commit carries is never given again.  A clean shutdown writes the exact state.
 * Sequences are not transactional: nextval and setval hold at once, for all. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

#define PREFETCH 32

struct sequence_state {
    pthread_mutex_t mutex;
    uint32_t oid;
    bool loaded, temp;
    bool is_called;
    int64_t last_value;
    uint32_t n_covered; /* values that may be given out under the mark in the log */
    bool ahead;         /* the log's mark is not the state */
};

struct sequence_table {
    pthread_mutex_t mutex;
    struct imap *states;
    bool table_made; /* this process has made sure of catalog.db's table */
};

static const char *const columns[] = {"last_value", "is_called"};
static const struct layout layout = {"sequence", "oid", ARRAY_COUNT(columns), columns};

struct sequence_table *sequence_table_new(void)
{
    struct sequence_table *table = calloc(1, sizeof(*table));
    ASSERT(table != NULL);
    pthread_mutex_init(&table->mutex, NULL);
    table->states = imap_new();
    return table;
}

static void state_free(struct sequence_state *state)
{
    pthread_mutex_destroy(&state->mutex);
    free(state);
}

void sequence_table_free(struct sequence_table *table)
{
    size_t at = 0;
    uint64_t oid;
    void *state;
    while (imap_next(table->states, &at, &oid, &state))
        state_free(state);
    imap_free(table->states);
    pthread_mutex_destroy(&table->mutex);
    free(table);
}

static struct sequence_state *state_of(struct sequence_table *table, uint32_t oid)
{
    pthread_mutex_lock(&table->mutex);
    struct sequence_state *state = imap_get(table->states, oid);
    if (!state) {
        state = calloc(1, sizeof(*state));
        ASSERT(state != NULL);
        pthread_mutex_init(&state->mutex, NULL);
        state->oid = oid;
        imap_put(table->states, oid, state);
    }
    pthread_mutex_unlock(&table->mutex);
    return state;
}

/* ---- catalog.db ---- */

/* Reads the row of catalog.db; *found false without one (or without the table). */
static bool read_state(struct txn *txn, struct sequence_state *state, bool *found, struct err *err)
{
    struct reader *reader = reader_acquire(txn->database->files, SHARD_CATALOG, err);
    *found = false;
    bool ok = reader && reader_begin(reader, err);
    sqlite3_stmt *statement =
        ok ? reader_statement(
                 reader, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sequence'",
                 err)
           : NULL;
    ok = ok && statement;
    bool exists = statement && sqlite3_step(statement) == SQLITE_ROW;
    if (statement)
        reader_finish_statement(reader, statement);
    statement =
        exists ? reader_statement(reader,
                                  "SELECT last_value, is_called FROM sequence WHERE oid = ?", err)
               : NULL;
    ok = ok && (statement || !exists);
    if (statement) {
        sqlite3_bind_int64(statement, 1, state->oid);
        int rc = sqlite3_step(statement);
        *found = rc == SQLITE_ROW;
        if (*found) {
            state->last_value = sqlite3_column_int64(statement, 0);
            state->is_called = sqlite3_column_int64(statement, 1) != 0;
        } else if (rc != SQLITE_DONE) {
            ok = reader_error(reader, rc, err);
        }
        reader_finish_statement(reader, statement);
    }
    reader_release(reader);
    return ok;
}

static bool append_state(struct txn_manager *manager, struct database_state *database, uint32_t oid,
                         int64_t last_value, bool is_called, struct err *err)
{
    struct buf image = {0};
    struct stored value = {.kind = STORED_INTEGER, .i = last_value};
    image_put(&image, &value);
    value.i = is_called;
    image_put(&image, &value);
    struct op ops[] = {
        {.kind = OP_SQL,
         .shard = SHARD_CATALOG,
         .sql = "CREATE TABLE IF NOT EXISTS sequence (oid INTEGER PRIMARY KEY, last_value INTEGER "
                "NOT NULL, is_called INTEGER "
                "NOT NULL)"},
        {.kind = OP_INSERT,
         .shard = SHARD_CATALOG,
         .layout = &layout,
         .rid = oid,
         .image = {(const uint8_t *)image.p, (uint32_t)image.n}},
    };
    bool made = __atomic_load_n(&database->sequences->table_made, __ATOMIC_ACQUIRE);
    bool ok =
        storage_append(manager->storage, database->files, made ? ops + 1 : ops, made ? 1 : 2, err);
    if (ok)
        __atomic_store_n(&database->sequences->table_made, true, __ATOMIC_RELEASE);
    buf_free(&image);
    return ok;
}

/* The state, loaded and locked; NULL with err. */
static struct sequence_state *state_lock(struct txn *txn, const struct relation *sequence,
                                         struct err *err)
{
    struct sequence_state *state = state_of(txn->database->sequences, sequence->oid);
    pthread_mutex_lock(&state->mutex);
    if (LIKELY(state->loaded))
        return state;
    bool found = false;
    state->temp = sequence->persistence == 't';
    if (!state->temp && !read_state(txn, state, &found, err)) {
        pthread_mutex_unlock(&state->mutex);
        return NULL;
    }
    if (!found) {
        state->last_value = sequence->sequence->start;
        state->is_called = false;
    }
    state->loaded = true;
    return state;
}

static bool log_state(struct txn *txn, struct sequence_state *state, int64_t mark, bool is_called,
                      struct err *err)
{
    return state->temp ||
           append_state(txn->manager, txn->database, state->oid, mark, is_called, err);
}

/* ---- the calls ---- */

/* `from` moved by `steps` increments, but not past the limit. */
static int64_t advance(const struct sequence *sequence, int64_t from, uint32_t steps,
                       uint32_t *n_taken)
{
    int64_t value = from;
    for (*n_taken = 0; *n_taken < steps; ++*n_taken) {
        int64_t next;
        if (__builtin_add_overflow(value, sequence->increment, &next) || next > sequence->max ||
            next < sequence->min)
            break;
        value = next;
    }
    return value;
}

static bool exhausted(const struct relation *sequence, struct err *err)
{
    const struct sequence *s = sequence->sequence;
    return err_set(err, ERR_SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                   "nextval: reached %s value of sequence \"%s\" (%" PRId64 ")",
                   s->increment > 0 ? "maximum" : "minimum", sequence->name,
                   s->increment > 0 ? s->max : s->min);
}

bool sequence_next(struct txn *txn, const struct relation *sequence, int64_t *value,
                   struct err *err)
{
    const struct sequence *s = sequence->sequence;
    struct sequence_state *state = state_lock(txn, sequence, err);
    if (!state)
        return false;
    uint32_t n_steps = 1;
    int64_t next =
        state->is_called ? advance(s, state->last_value, 1, &n_steps) : state->last_value;
    bool ok = n_steps == 1 || s->cycle || exhausted(sequence, err);
    if (ok && n_steps == 0) {
        next = s->increment > 0 ? s->min : s->max;
        state->n_covered = 0;
    }
    if (ok && state->n_covered == 0) {
        int64_t mark = advance(s, next, PREFETCH, &n_steps);
        ok = log_state(txn, state, mark, true, err);
        state->n_covered = ok ? n_steps + 1 : 0;
        state->ahead = true;
    }
    if (ok) {
        state->n_covered--;
        state->last_value = next;
        state->is_called = true;
        *value = next;
    }
    pthread_mutex_unlock(&state->mutex);
    return ok;
}

static bool set_locked(struct txn *txn, struct sequence_state *state, int64_t value, bool is_called,
                       struct err *err)
{
    if (!log_state(txn, state, value, is_called, err))
        return false;
    state->last_value = value;
    state->is_called = is_called;
    state->n_covered = 0;
    state->ahead = false;
    return true;
}

bool sequence_set(struct txn *txn, const struct relation *sequence, int64_t value, bool is_called,
                  struct err *err)
{
    const struct sequence *s = sequence->sequence;
    if (value < s->min || value > s->max)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "setval: value %" PRId64 " is out of bounds for sequence \"%s\" (%" PRId64
                       "..%" PRId64 ")",
                       value, sequence->name, s->min, s->max);
    struct sequence_state *state = state_lock(txn, sequence, err);
    if (!state)
        return false;
    bool ok = set_locked(txn, state, value, is_called, err);
    pthread_mutex_unlock(&state->mutex);
    return ok;
}

bool sequence_get(struct txn *txn, const struct relation *sequence, int64_t *last_value,
                  bool *is_called, struct err *err)
{
    struct sequence_state *state = state_lock(txn, sequence, err);
    if (!state)
        return false;
    *last_value = state->last_value;
    *is_called = state->is_called;
    pthread_mutex_unlock(&state->mutex);
    return true;
}

struct restart {
    struct txn_manager *manager;
    struct database_state *database;
    struct sequence_state *state;
    int64_t last_value;
    bool is_called;
};

static void undo_restart(void *arg)
{
    struct restart *restart = arg;
    struct sequence_state *state = restart->state;
    struct arena *arena = arena_new("sequence");
    struct err err = ERR_IN(arena);
    pthread_mutex_lock(&state->mutex);
    state->last_value = restart->last_value;
    state->is_called = restart->is_called;
    state->n_covered = 0;
    /* On failure the storage has failed as a whole, and no later commit can succeed. */
    if (!state->temp && !append_state(restart->manager, restart->database, state->oid,
                                      state->last_value, state->is_called, &err))
        state->ahead = true;
    pthread_mutex_unlock(&state->mutex);
    arena_free(arena);
}

bool sequence_restart(struct txn *txn, const struct relation *sequence, int64_t value,
                      struct err *err)
{
    struct sequence_state *state = state_lock(txn, sequence, err);
    if (!state)
        return false;
    struct restart *restart = ARENA_NEW(txn->arena, struct restart);
    *restart =
        (struct restart){txn->manager, txn->database, state, state->last_value, state->is_called};
    txn_on_undo(txn, undo_restart, restart);
    /* The mark in the log stays where it is until the commit: after a crash without one the old state counts. */
    struct buf image = BUF_IN(txn->arena);
    struct stored stored = {.kind = STORED_INTEGER, .i = value};
    image_put(&image, &stored);
    stored.i = 0;
    image_put(&image, &stored);
    struct op op = {.kind = OP_INSERT,
                    .shard = SHARD_CATALOG,
                    .layout = &layout,
                    .rid = state->oid,
                    .image = {(const uint8_t *)image.p, (uint32_t)image.n}};
    bool ok = state->temp || (append_state(txn->manager, txn->database, state->oid,
                                           state->last_value, state->is_called, err) &&
                              txn_add_op(txn, &op, err));
    state->last_value = value;
    state->is_called = false;
    state->n_covered = 0;
    state->ahead = false;
    pthread_mutex_unlock(&state->mutex);
    return ok;
}

struct forget {
    struct txn_manager *manager;
    struct database_state *database;
    uint32_t oid;
};

static void forget_at_end(void *arg, bool committed)
{
    const struct forget *forget = arg;
    if (!committed)
        return;
    struct sequence_table *table = forget->database->sequences;
    pthread_mutex_lock(&table->mutex);
    struct sequence_state *state = imap_remove(table->states, forget->oid);
    pthread_mutex_unlock(&table->mutex);
    if (state)
        state_free(state);
    struct arena *arena = arena_new("sequence");
    struct err err = ERR_IN(arena);
    struct op op = {
        .kind = OP_DELETE, .shard = SHARD_CATALOG, .layout = &layout, .rid = forget->oid};
    if (__atomic_load_n(&table->table_made, __ATOMIC_ACQUIRE) &&
        !storage_append(forget->manager->storage, forget->database->files, &op, 1, &err))
        err_clear(&err); /* a row nobody will read stays behind: OIDs are not used twice */
    arena_free(arena);
}

void sequence_forget(struct txn *txn, uint32_t sequence_oid)
{
    struct forget *forget = ARENA_NEW(txn->arena, struct forget);
    *forget = (struct forget){txn->manager, txn->database, sequence_oid};
    txn_on_end(txn, forget_at_end, forget);
}

void sequence_table_flush(struct txn_manager *manager, struct database_state *database)
{
    struct arena *arena = arena_new("sequences");
    struct err err = ERR_IN(arena);
    size_t at = 0;
    uint64_t oid;
    void *value;
    while (imap_next(database->sequences->states, &at, &oid, &value)) {
        const struct sequence_state *state = value;
        if (state->loaded && state->ahead && !state->temp &&
            !append_state(manager, database, state->oid, state->last_value, state->is_called, &err))
            break; /* the marks in the log are good enough: numbers are skipped */
    }
    arena_free(arena);
}
