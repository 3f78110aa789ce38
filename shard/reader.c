/* reader.c - read connections: pools of threads, the process-wide limit, snapshots.
 *
 * Each thread that reads has a pool: idle readers by file, and all of them in order of last use.  Its mutex is its own thread's
 * alone but for two visitors: a thread that has hit the process-wide limit closes the longest idle reader of any pool, and dropping a
 * database closes all readers of it.  A reader handed out is in no list.
 *
 * A read transaction is held open by the "pin": a statement over _shardlite_applied that stands on its row.  SQLite ends the read
 * transaction when the last running statement is reset, so resetting the pin ends it; that saves a BEGIN and a COMMIT.
 *
 * The limit is kept by counting before opening.  Who finds no room and nothing idle sleeps until a reader is released,
 * READER_WAIT_US at most: two statements that each hold some and want more would otherwise wait for ever. */
#include <stdlib.h>
#include <string.h>

#include "base/waiter.h"
#include "shard/connection.h"
#include "shard/fault.h"
#include "shard/storage_int.h"

#define READER_WAIT_US (10 * 1000 * 1000)

struct reader {
    struct connection connection;
    struct file *file;
    struct pool *pool;
    sqlite3_stmt *pin;
    struct reader *next_idle;     /* of this file, in the pool */
    struct reader *newer, *older; /* idle ones of the pool */
};

struct pool {
    struct storage *storage;
    pthread_mutex_t mutex;
    struct reader **idle; /* by file id */
    uint32_t n_idle_slots;
    struct reader *newest, *oldest;
    struct pool *next;
};

static __thread struct pool *thread_pool;
static __thread uint64_t thread_pool_instance;

/* ---- pools ---- */

static struct pool *pool_of_thread(struct storage *storage)
{
    if (thread_pool_instance == storage->instance)
        return thread_pool;
    struct pool *pool = calloc(1, sizeof(*pool));
    ASSERT(pool != NULL);
    pool->storage = storage;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_mutex_lock(&storage->pools_mutex);
    pool->next = storage->pools;
    storage->pools = pool;
    pthread_mutex_unlock(&storage->pools_mutex);
    thread_pool = pool;
    thread_pool_instance = storage->instance;
    return pool;
}

static void push_idle(struct pool *pool, struct reader *reader)
{
    uint32_t id = reader->file->id;
    if (id >= pool->n_idle_slots) {
        uint32_t n = MAX(16, 2 * id);
        pool->idle = realloc(pool->idle, n * sizeof(struct reader *));
        ASSERT(pool->idle != NULL);
        memset(pool->idle + pool->n_idle_slots, 0,
               (n - pool->n_idle_slots) * sizeof(struct reader *));
        pool->n_idle_slots = n;
    }
    reader->next_idle = pool->idle[id];
    pool->idle[id] = reader;
    reader->newer = NULL;
    reader->older = pool->newest;
    *(pool->newest ? &pool->newest->newer : &pool->oldest) = reader;
    pool->newest = reader;
}

static void unlink_idle(struct pool *pool, struct reader *reader)
{
    struct reader **link = &pool->idle[reader->file->id];
    while (*link != reader)
        link = &(*link)->next_idle;
    *link = reader->next_idle;
    *(reader->newer ? &reader->newer->older : &pool->newest) = reader->older;
    *(reader->older ? &reader->older->newer : &pool->oldest) = reader->newer;
}

static struct reader *pop_idle(struct pool *pool, const struct file *file)
{
    pthread_mutex_lock(&pool->mutex);
    struct reader *reader = file->id < pool->n_idle_slots ? pool->idle[file->id] : NULL;
    if (reader)
        unlink_idle(pool, reader);
    pthread_mutex_unlock(&pool->mutex);
    return reader;
}

static void destroy_reader(struct reader *reader)
{
    struct storage *storage = reader->file->storage;
    connection_close(&reader->connection);
    free(reader);
    __atomic_fetch_sub(&storage->n_open_readers, 1, __ATOMIC_ACQ_REL);
}

static bool close_oldest(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct reader *reader = pool->oldest;
    if (reader)
        unlink_idle(pool, reader);
    pthread_mutex_unlock(&pool->mutex);
    if (reader)
        destroy_reader(reader);
    return reader != NULL;
}

static bool close_some_idle(struct storage *storage, struct pool *own)
{
    if (close_oldest(own))
        return true;
    pthread_mutex_lock(&storage->pools_mutex);
    bool closed = false;
    for (struct pool *pool = storage->pools; pool && !closed; pool = pool->next)
        closed = close_oldest(pool);
    pthread_mutex_unlock(&storage->pools_mutex);
    return closed;
}

/* ---- the limit ---- */

static bool take_slot(struct storage *storage)
{
    uint32_t open = __atomic_load_n(&storage->n_open_readers, __ATOMIC_ACQUIRE);
    while (open < storage->options.max_open_readers) {
        if (__atomic_compare_exchange_n(&storage->n_open_readers, &open, open + 1, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return true;
    }
    return false;
}

static void publish_waiter(struct storage *storage, struct waiter *waiter)
{
    pthread_mutex_lock(&storage->pools_mutex);
    waiter->next = storage->reader_waiters;
    storage->reader_waiters = waiter;
    __atomic_fetch_add(&storage->n_reader_waiters, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&storage->pools_mutex);
}

/* False if a waker took it off the list already. */
static bool unpublish_waiter(struct storage *storage, struct waiter *waiter)
{
    pthread_mutex_lock(&storage->pools_mutex);
    struct waiter **link = &storage->reader_waiters;
    while (*link && *link != waiter)
        link = &(*link)->next;
    bool found = *link != NULL;
    if (found) {
        *link = waiter->next;
        __atomic_fetch_sub(&storage->n_reader_waiters, 1, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&storage->pools_mutex);
    return found;
}

static void wake_one_waiter(struct storage *storage)
{
    pthread_mutex_lock(&storage->pools_mutex);
    struct waiter **link = &storage->reader_waiters;
    while (*link && (*link)->next) /* the longest waiting */
        link = &(*link)->next;
    struct waiter *waiter = *link;
    if (waiter) {
        *link = NULL;
        __atomic_fetch_sub(&storage->n_reader_waiters, 1, __ATOMIC_SEQ_CST);
        waiter_wake(waiter);
    }
    pthread_mutex_unlock(&storage->pools_mutex);
}

/* True with a slot taken, or with *idle set to a reader of the file that became idle. */
static bool wait_for_slot(struct file *file, struct pool *pool, struct reader **idle,
                          struct err *err)
{
    struct storage *storage = file->storage;
    int64_t deadline_us = clock_monotonic_us() + READER_WAIT_US;
    for (;;) {
        struct waiter waiter;
        waiter_init(&waiter);
        publish_waiter(storage, &waiter);
        /* Looked again after publishing: a release in between would have woken nobody. */
        bool got = (*idle = pop_idle(pool, file)) != NULL || take_slot(storage) ||
                   (close_some_idle(storage, pool) && take_slot(storage));
        enum waiter_end end = got ? WAITER_WOKEN : waiter_sleep(&waiter, deadline_us, true);
        bool chosen = !unpublish_waiter(storage, &waiter);
        if (chosen && (got || end != WAITER_WOKEN))
            wake_one_waiter(storage); /* that wake-up was not needed here: pass it on */
        if (got)
            return true;
        if (end == WAITER_INTERRUPTED)
            return err_set(err, ERR_QUERY_CANCELED, "canceled while waiting for a read connection");
        if (end == WAITER_TIMEOUT) {
            err_set(err, ERR_TOO_MANY_CONNECTIONS,
                    "all %u read connections to shard files are in use",
                    storage->options.max_open_readers);
            return err_hint(
                err,
                "Raise max_open_readers, or run fewer statements that read many shards at a time.");
        }
    }
}

/* ---- acquire and release ---- */

static struct reader *open_reader(struct file *file, struct pool *pool, struct err *err)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    ASSERT(reader != NULL);
    reader->file = file;
    reader->pool = pool;
    if (connection_open(&reader->connection, file->path, CONNECTION_READER,
                        file->storage->options.vfs, err))
        return reader;
    free(reader);
    __atomic_fetch_sub(&file->storage->n_open_readers, 1, __ATOMIC_ACQ_REL);
    return NULL;
}

static struct reader *acquire(struct file *file, struct err *err)
{
    struct storage *storage = file->storage;
    struct pool *pool = pool_of_thread(storage);
    struct reader *reader = pop_idle(pool, file);
    if (reader)
        return reader;
    while (!take_slot(storage)) {
        if (close_some_idle(storage, pool))
            continue;
        if (!wait_for_slot(file, pool, &reader, err))
            return NULL;
        return reader ? reader : open_reader(file, pool, err);
    }
    return open_reader(file, pool, err);
}

struct reader *reader_acquire(struct database_files *database, uint32_t shard, struct err *err)
{
    struct file *file = storage_file(database->storage, database, shard);
    if (!file) {
        err_set(err, ERR_INTERNAL_ERROR, "database \"%s\" has no shard %u", database->name, shard);
        return NULL;
    }
    /* Counted first, then looked at: a drop does the same in the other order. */
    __atomic_fetch_add(&file->n_in_use, 1, __ATOMIC_SEQ_CST);
    struct reader *reader = NULL;
    if (__atomic_load_n(&database->gone, __ATOMIC_SEQ_CST))
        err_set(err, ERR_DATABASE_DROPPED, "database \"%s\" does not exist any more",
                database->name);
    else
        reader = acquire(file, err);
    if (!reader)
        __atomic_fetch_sub(&file->n_in_use, 1, __ATOMIC_SEQ_CST);
    return reader;
}

void reader_release(struct reader *reader)
{
    if (!reader)
        return;
    struct file *file = reader->file;
    struct pool *pool = reader->pool;
    reader_end(reader);
    pthread_mutex_lock(&pool->mutex);
    push_idle(pool, reader);
    pthread_mutex_unlock(&pool->mutex);
    __atomic_fetch_sub(&file->n_in_use, 1, __ATOMIC_SEQ_CST);
    if (UNLIKELY(__atomic_load_n(&file->storage->n_reader_waiters, __ATOMIC_SEQ_CST) > 0))
        wake_one_waiter(file->storage);
}

uint32_t reader_shard(const struct reader *reader)
{
    return reader->file->shard;
}

/* ---- read transactions ---- */

bool reader_begin(struct reader *reader, struct err *err)
{
    static const char sql[] = "SELECT position FROM _shardlite_applied";
    ASSERT(!reader->pin);
    sqlite3_stmt *pin = connection_statement(&reader->connection, sql, sizeof(sql) - 1, err);
    if (!pin)
        return false;
    int rc = sqlite3_step(pin);
    if (rc == SQLITE_ROW) {
        reader->pin = pin;
        return true;
    }
    if (rc == SQLITE_DONE)
        err_set(err, ERR_DATA_CORRUPTED, "shard file \"%s\" has no applied position",
                reader->file->path);
    else
        connection_error(&reader->connection, rc, err);
    connection_finish(&reader->connection, pin);
    return false;
}

void reader_end(struct reader *reader)
{
    if (reader->pin)
        connection_finish(&reader->connection, reader->pin);
    reader->pin = NULL;
}

sqlite3_stmt *reader_statement(struct reader *reader, const char *sql, struct err *err)
{
    return connection_statement(&reader->connection, sql, strlen(sql), err);
}

void reader_finish_statement(struct reader *reader, sqlite3_stmt *statement)
{
    connection_finish(&reader->connection, statement);
}

bool reader_error(struct reader *reader, int rc, struct err *err)
{
    return connection_error(&reader->connection, rc, err);
}

/* The sequence number is read before the first transaction begins and, with several files, inside the gate, where no commit is
 * half published. */
static bool begin_all(struct storage *storage, struct reader **readers, uint32_t n, uint64_t *seq,
                      struct err *err)
{
    bool ok = true;
    if (n > 1)
        pthread_rwlock_rdlock(&storage->gate);
    *seq = storage_commit_seq(storage);
    for (uint32_t k = 0; ok && k < n; k++)
        ok = reader_begin(readers[k], err);
    if (n > 1)
        pthread_rwlock_unlock(&storage->gate);
    return ok;
}

bool snapshot_begin(struct database_files *database, const uint32_t *shards, uint32_t n,
                    struct reader **readers, uint64_t *seq, struct err *err)
{
    uint32_t n_acquired = 0;
    while (n_acquired < n &&
           (readers[n_acquired] = reader_acquire(database, shards[n_acquired], err)) != NULL)
        n_acquired++;
    if (n_acquired == n && begin_all(database->storage, readers, n, seq, err))
        return true;
    for (uint32_t k = 0; k < n_acquired; k++)
        reader_release(readers[k]);
    memset(readers, 0, n * sizeof(struct reader *));
    return false;
}

/* ---- closing ---- */

uint32_t readers_in_use(const struct database_files *database)
{
    uint32_t n = __atomic_load_n(&database->catalog->n_in_use, __ATOMIC_SEQ_CST);
    for (uint32_t k = 0; k < database->n_shards; k++)
        n += __atomic_load_n(&database->shards[k]->n_in_use, __ATOMIC_SEQ_CST);
    return n;
}

static void close_idle_of(struct pool *pool, const struct database_files *database)
{
    pthread_mutex_lock(&pool->mutex);
    for (struct reader *reader = pool->newest; reader;) {
        struct reader *older = reader->older;
        if (!database || reader->file->database == database) {
            unlink_idle(pool, reader);
            destroy_reader(reader);
        }
        reader = older;
    }
    pthread_mutex_unlock(&pool->mutex);
}

void readers_close_database(struct storage *storage, struct database_files *database)
{
    pthread_mutex_lock(&storage->pools_mutex);
    for (struct pool *pool = storage->pools; pool; pool = pool->next)
        close_idle_of(pool, database);
    pthread_mutex_unlock(&storage->pools_mutex);
}

void readers_close_all(struct storage *storage)
{
    readers_close_database(storage, NULL);
    for (struct pool *pool = storage->pools; pool;) {
        struct pool *next = pool->next;
        free(pool->idle);
        pthread_mutex_destroy(&pool->mutex);
        free(pool);
        pool = next;
    }
    storage->pools = NULL;
    if (thread_pool_instance == storage->instance)
        thread_pool_instance = 0;
}
