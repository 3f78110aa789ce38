/* rid.c - identities for new rows, and the hidden tables of global indexes.
 *
 * A counter per (relation, shard) starts behind the highest rid in the file, found at its first use, and only goes up, whatever
 * rolls back: locks, overlays and open cursors name rows by rid, so none is given twice while the server runs. */
#include <stdlib.h>
#include <string.h>

#include "txn/txn_int.h"

struct rid_counter {
    _Atomic int64_t next;
};
struct rid_source {
    pthread_mutex_t mutex;
    struct imap *counters; /* (oid, shard) to struct rid_counter */
    struct map *floors;    /* "shard table" to int64_t *: highest rid of prepared transactions */
};

struct rid_source *rid_source_new(void)
{
    struct rid_source *source = calloc(1, sizeof(*source));
    ASSERT(source != NULL);
    pthread_mutex_init(&source->mutex, NULL);
    source->counters = imap_new();
    source->floors = map_new();
    return source;
}

void rid_source_free(struct rid_source *source)
{
    size_t at = 0, key_bytes;
    uint64_t id;
    const void *key;
    void *value;
    while (imap_next(source->counters, &at, &id, &value))
        free(value);
    at = 0;
    while (map_next(source->floors, &at, &key, &key_bytes, &value))
        free(value);
    imap_free(source->counters);
    map_free(source->floors);
    pthread_mutex_destroy(&source->mutex);
    free(source);
}

static void floor_key(struct buf *key, const char *table, uint32_t shard)
{
    buf_put_u32(key, shard);
    buf_puts(key, table);
}

void rid_source_floor(struct rid_source *source, const char *table, uint32_t shard, int64_t rid)
{
    struct buf key = {0};
    floor_key(&key, table, shard);
    pthread_mutex_lock(&source->mutex);
    int64_t *floor = map_get(source->floors, key.p, key.n);
    if (!floor) {
        floor = calloc(1, sizeof(*floor));
        ASSERT(floor != NULL);
        map_put(source->floors, key.p, key.n, floor);
    }
    *floor = MAX(*floor, rid);
    pthread_mutex_unlock(&source->mutex);
    buf_free(&key);
}

static int64_t floor_of(const struct rid_source *source, const char *table, uint32_t shard)
{
    struct buf key = {0};
    floor_key(&key, table, shard);
    const int64_t *floor = map_get(source->floors, key.p, key.n);
    buf_free(&key);
    return floor ? *floor : 0;
}

/* The highest rid in the file; 0 when it cannot be told: then the file has trouble that the commit will meet. */
static int64_t highest(struct txn *txn, const char *table, uint32_t shard)
{
    struct arena *arena = arena_new("rid");
    struct err err = ERR_IN(arena);
    struct reader *reader = reader_acquire(txn->database->files, shard, &err);
    int64_t rid = 0;
    if (reader && reader_begin(reader, &err)) {
        struct buf sql = BUF_IN(arena);
        buf_puts(&sql, "SELECT max(_rid) FROM ");
        sql_put_name(&sql, table);
        sqlite3_stmt *statement = reader_statement(reader, buf_cstr(&sql), &err);
        if (statement) {
            if (sqlite3_step(statement) == SQLITE_ROW)
                rid = sqlite3_column_int64(statement, 0);
            reader_finish_statement(reader, statement);
        }
    }
    reader_release(reader);
    arena_free(arena);
    return rid;
}

int64_t rid_next(struct txn *txn, struct rid_source *source, uint32_t oid,
                 const char *committed_table, const char *next_table, uint32_t shard)
{
    uint64_t id = (uint64_t)oid << 32 | shard;
    pthread_mutex_lock(&source->mutex);
    struct rid_counter *counter = imap_get(source->counters, id);
    pthread_mutex_unlock(&source->mutex);
    if (LIKELY(counter))
        return atomic_fetch_add(&counter->next, 1);
    int64_t used = committed_table ? highest(txn, committed_table, shard) : 0;
    pthread_mutex_lock(&source->mutex);
    counter = imap_get(source->counters, id);
    if (!counter) {
        counter = calloc(1, sizeof(*counter));
        ASSERT(counter != NULL);
        if (committed_table)
            used = MAX(used, floor_of(source, committed_table, shard));
        if (next_table)
            used = MAX(used, floor_of(source, next_table, shard));
        atomic_init(&counter->next, used + 1);
        imap_put(source->counters, id, counter);
    }
    pthread_mutex_unlock(&source->mutex);
    return atomic_fetch_add(&counter->next, 1);
}
