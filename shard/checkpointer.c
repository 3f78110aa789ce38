/* checkpointer.c - the helper thread behind the committer.
 *
 * Two jobs come to it:
 *   - checkpoints: a file whose WAL has passed some 1000 frames is copied back (PASSIVE: nobody waits for it).  While it runs the
 *     committer may add frames, and a WAL starts over only when all of it was copied; so the committer is asked to copy the
 *     short rest itself, between two batches.  The WAL is overwritten from its start then, never truncated: syncing
 *     overwritten blocks is twice as fast as syncing appended ones.
 *   - cuts: when the commit log has grown, everything committed so far is made durable in the files, and the log forgets it.
 *
 * A cut needs no checkpoint: what makes a file's commits durable is that its WAL is synced (a database file is synced by SQLite before its
 * WAL starts over).  Order of a cut:
 *     1. S = published sequence number    2. prepared transactions are logged again, behind S
 *     3. take the list of dirty files     4. sync their WALs         5. the log is cut up to S
 * The committer notes a file as dirty after its COMMIT and before publishing, so every file with commits up to S is in the list of
 * step 3, or was synced after them. */
#include "shard/checkpointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "shard/committer.h"
#include "shard/connection.h"
#include "shard/disk.h"
#include "shard/fatal.h"
#include "shard/fault.h"

#define SYNC_ALL_FROM 32 /* this many dirty files are synced by one syncfs() */

struct checkpointer {
    struct storage *storage;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake, idle;
    struct file *dirty, *queued; /* lists by next_dirty, next_queued */
    bool cut, stopping;
    bool busy; /* the thread is at work on files it took off the lists */
};

/* ---- checkpoints ---- */

static void final_io_error(struct connection *connection, int rc)
{
    struct arena *scratch = arena_new("checkpoint");
    struct err err = ERR_IN(scratch);
    connection_error(connection, rc, &err);
    if ((rc & 0xff) == SQLITE_IOERR)
        fatal_stop(&err); /* a failed sync may have lost what the WAL is about to be emptied of */
    log_err(LOG_WARNING_, 0, "could not checkpoint", &err);
    arena_free(scratch);
}

/* False if a TRUNCATE left something in the WAL. */
static bool checkpoint_file(struct storage *storage, struct file *file, int mode)
{
    struct arena *scratch = arena_new("checkpoint");
    struct err err = ERR_IN(scratch);
    struct connection connection;
    FAILPOINT("checkpoint.file");
    if (!connection_open(&connection, file->path, CONNECTION_WRITER, storage->options.vfs, &err)) {
        log_err(LOG_WARNING_, 0, "could not checkpoint", &err);
        arena_free(scratch);
        return false;
    }
    int n_frames = 0, n_copied = 0;
    int rc = sqlite3_wal_checkpoint_v2(connection.db, NULL, mode, &n_frames, &n_copied);
    if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_PASSIVE)
        __atomic_store_n(&file->catch_up, true, __ATOMIC_RELEASE);
    else if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        final_io_error(&connection, rc);
    connection_close(&connection);
    arena_free(scratch);
    return rc == SQLITE_OK;
}

/* Nothing may get into the database file that the log might lose (committer.c, invariant 5). */
static void checkpoint_live(struct storage *storage, struct file *file)
{
    struct arena *scratch = arena_new("checkpoint");
    struct err err = ERR_IN(scratch);
    __atomic_fetch_add(&storage->n_sync_holds, 1, __ATOMIC_SEQ_CST);
    if (committer_sync_log(storage->committer, &err))
        checkpoint_file(storage, file, SQLITE_CHECKPOINT_PASSIVE);
    else
        log_err(LOG_WARNING_, 0, "could not checkpoint", &err);
    __atomic_fetch_sub(&storage->n_sync_holds, 1, __ATOMIC_SEQ_CST);
    arena_free(scratch);
}

/* ---- cuts ---- */

static bool sync_wal(const struct file *file, struct err *err)
{
    char path[4096];
    int fd;
    snprintf(path, sizeof(path), "%s-wal", file->path);
    if (!disk_exists(
            path)) /* an outside process was the last to close it: it checkpointed and synced */
        return true;
    if (!disk_open(path, &fd, err))
        return false;
    bool ok = disk_sync(fd, path, err);
    close(fd);
    return ok;
}

bool checkpointer_sync_files(struct storage *storage, struct file *const *files, size_t n,
                             struct err *err)
{
    if (n >= SYNC_ALL_FROM)
        return disk_sync_all(storage->data_dir, err);
    for (size_t k = 0; k < n; k++) {
        FAILPOINT("cut.sync_file");
        if (!sync_wal(files[k], err) || !disk_sync_dir(files[k]->database->dir, err))
            return false;
    }
    return true;
}

/* The list as an array: from here on the committer may link the files anew. */
static size_t take_dirty(struct checkpointer *checkpointer, struct arena *arena,
                         struct file ***files)
{
    VEC(struct file *) taken = {0};
    pthread_mutex_lock(&checkpointer->mutex);
    for (struct file *file = checkpointer->dirty; file; file = file->next_dirty) {
        VEC_PUSH(arena, &taken, file);
        file->dirty = false;
    }
    checkpointer->dirty = NULL;
    pthread_mutex_unlock(&checkpointer->mutex);
    *files = taken.items;
    return taken.n;
}

static void cut_log(struct checkpointer *checkpointer)
{
    struct storage *storage = checkpointer->storage;
    struct arena *scratch = arena_new("cut");
    struct err err = ERR_IN(scratch);
    uint64_t seq = storage_commit_seq(storage);
    bool ok = committer_log_prepared(storage->committer, &err);
    if (ok) {
        struct file **files;
        size_t n = take_dirty(checkpointer, scratch, &files);
        if (!checkpointer_sync_files(storage, files, n, &err))
            fatal_stop(&err);
        FAILPOINT("cut.before_cut");
        ok = storage->log_ops->cut(storage->log, seq, &err);
    }
    if (!ok)
        log_err(LOG_WARNING_, 0, "could not cut the commit log", &err);
    arena_free(scratch);
}

/* ---- the thread ---- */

static struct file *pop_queued(struct checkpointer *checkpointer)
{
    struct file *file = checkpointer->queued;
    if (file) {
        checkpointer->queued = file->next_queued;
        file->queued = false;
    }
    return file;
}

static void *checkpointer_main(void *arg)
{
    struct checkpointer *checkpointer = arg;
    pthread_setname_np(pthread_self(), "checkpointer");
    pthread_mutex_lock(&checkpointer->mutex);
    while (!checkpointer->stopping) {
        struct file *file = pop_queued(checkpointer);
        bool cut = !file && checkpointer->cut;
        if (!file && !cut) {
            pthread_cond_wait(&checkpointer->wake, &checkpointer->mutex);
            continue;
        }
        checkpointer->cut = checkpointer->cut && !cut;
        checkpointer->busy = true;
        pthread_mutex_unlock(&checkpointer->mutex);
        if (cut)
            cut_log(checkpointer);
        else
            checkpoint_live(checkpointer->storage, file);
        pthread_mutex_lock(&checkpointer->mutex);
        checkpointer->busy = false;
        pthread_cond_broadcast(&checkpointer->idle);
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    return NULL;
}

/* ---- what others call ---- */

void checkpointer_note_dirty(struct checkpointer *checkpointer, struct file *first)
{
    pthread_mutex_lock(&checkpointer->mutex);
    for (struct file *file = first; file; file = file->next_in_batch) {
        if (file->dirty)
            continue;
        file->dirty = true;
        file->next_dirty = checkpointer->dirty;
        checkpointer->dirty = file;
    }
    pthread_mutex_unlock(&checkpointer->mutex);
}

void checkpointer_queue(struct checkpointer *checkpointer, struct file *file)
{
    pthread_mutex_lock(&checkpointer->mutex);
    bool queue = !file->queued;
    if (queue) {
        file->queued = true;
        file->next_queued = checkpointer->queued;
        checkpointer->queued = file;
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    if (queue)
        pthread_cond_signal(&checkpointer->wake);
}

void checkpointer_cut_log(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->cut = true;
    pthread_mutex_unlock(&checkpointer->mutex);
    pthread_cond_signal(&checkpointer->wake);
}

void checkpointer_forget(struct checkpointer *checkpointer, struct database_files *database)
{
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->busy)
        pthread_cond_wait(&checkpointer->idle, &checkpointer->mutex);
    for (struct file **link = &checkpointer->dirty; *link;) {
        struct file *file = *link;
        if (file->database == database) {
            *link = file->next_dirty;
            file->dirty = false;
        } else {
            link = &file->next_dirty;
        }
    }
    for (struct file **link = &checkpointer->queued; *link;) {
        struct file *file = *link;
        if (file->database == database) {
            *link = file->next_queued;
            file->queued = false;
        } else {
            link = &file->next_queued;
        }
    }
    pthread_mutex_unlock(&checkpointer->mutex);
}

struct checkpointer *checkpointer_start(struct storage *storage)
{
    struct checkpointer *checkpointer = calloc(1, sizeof(*checkpointer));
    ASSERT(checkpointer != NULL);
    checkpointer->storage = storage;
    pthread_mutex_init(&checkpointer->mutex, NULL);
    pthread_cond_init(&checkpointer->wake, NULL);
    pthread_cond_init(&checkpointer->idle, NULL);
    int rc = pthread_create(&checkpointer->thread, NULL, checkpointer_main, checkpointer);
    ASSERT(rc == 0);
    return checkpointer;
}

static bool empty_wal(struct storage *storage, struct file *file)
{
    char wal[4096];
    snprintf(wal, sizeof(wal), "%s-wal", file->path);
    return disk_size(wal) == 0 || checkpoint_file(storage, file, SQLITE_CHECKPOINT_TRUNCATE);
}

/* Nothing is open any more: each WAL can be emptied, so that every database file is whole by itself.  SQLite syncs them. */
static bool empty_all_wals(struct storage *storage)
{
    bool ok = empty_wal(storage, storage->cluster->catalog);
    for (struct database_files *database = storage->databases; database;
         database = database->next) {
        for (uint32_t k = 0; k <= database->n_shards && !database->gone; k++)
            ok &= empty_wal(storage,
                            k < database->n_shards ? database->shards[k] : database->catalog);
    }
    return ok;
}

void checkpointer_halt(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->stopping = true;
    pthread_mutex_unlock(&checkpointer->mutex);
    pthread_cond_signal(&checkpointer->wake);
    pthread_join(checkpointer->thread, NULL);
}

void checkpointer_finish(struct checkpointer *checkpointer)
{
    struct arena *scratch = arena_new("close");
    struct err err = ERR_IN(scratch);
    if (empty_all_wals(checkpointer->storage) && !recovery_begin_log(checkpointer->storage, &err))
        log_err(LOG_WARNING_, 0, "could not cut the commit log",
                &err); /* the next start reads it again */
    arena_free(scratch);
    pthread_mutex_destroy(&checkpointer->mutex);
    pthread_cond_destroy(&checkpointer->wake);
    pthread_cond_destroy(&checkpointer->idle);
    free(checkpointer);
}
