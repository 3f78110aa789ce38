/* storage.c - the process's one storage: opening, closing, the list of databases.
 *
 * Order of opening: lock, folders and labels, log, recovery (recovery.c), a new log segment, then the threads.  A fresh directory gets its
 * shardlite.db last, so a crash on the way leaves one that is taken for fresh again. */
#include "shard/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fiber.h"
#include "shard/checkpointer.h"
#include "shard/committer.h"
#include "shard/directory.h"
#include "shard/disk.h"
#include "shard/fault.h"
#include "shard/prepared.h"
#include "shard/vfs.h"

#define FILES_KEPT_FREE 256 /* for sockets, the log, writers */
#define READERS_DEFAULT 1024
#define READERS_MIN 8
#define WRITERS_DEFAULT 1024
#define CHECKPOINT_FRAMES_DEFAULT 1000
#define LOG_SEGMENT_BYTES_DEFAULT (16u << 20)

/* ---- the list of databases ---- */

static struct file *new_file(struct storage *storage, struct database_files *database,
                             const char *dir, uint32_t shard)
{
    struct file *file = ARENA_NEW(storage->arena, struct file);
    char *path = directory_file_path(dir, shard);
    file->storage = storage;
    file->database = database;
    file->shard = shard;
    file->id = storage->n_files++;
    file->path = arena_strdup(storage->arena, path);
    free(path);
    return file;
}

static struct database_files *new_database(struct storage *storage, const char *name,
                                           const char *dir, uint64_t uid, uint32_t n_shards)
{
    struct database_files *database = ARENA_NEW(storage->arena, struct database_files);
    database->storage = storage;
    database->name = arena_strdup(storage->arena, name);
    database->dir = arena_strdup(storage->arena, dir);
    database->uid = uid;
    database->n_shards = n_shards;
    database->shards = ARENA_ARRAY(storage->arena, struct file *, n_shards + 1);
    for (uint32_t k = 0; k < n_shards; k++)
        database->shards[k] = new_file(storage, database, dir, k);
    database->catalog = new_file(storage, database, dir, uid ? SHARD_CATALOG : SHARD_CLUSTER);
    return database;
}

struct database_files *storage_register(struct storage *storage, const char *name, const char *dir,
                                        uint64_t uid, uint32_t n_shards)
{
    pthread_mutex_lock(&storage->databases_mutex);
    struct database_files *database = new_database(storage, name, dir, uid, n_shards);
    database->next = storage->databases;
    storage->databases = database;
    pthread_mutex_unlock(&storage->databases_mutex);
    return database;
}

static bool is_gone(const struct database_files *database)
{
    return __atomic_load_n(&database->gone, __ATOMIC_ACQUIRE);
}

struct database_files *storage_database(struct storage *storage, const char *name)
{
    pthread_mutex_lock(&storage->databases_mutex);
    struct database_files *database = storage->databases;
    while (database && (is_gone(database) || strcmp(database->name, name) != 0))
        database = database->next;
    pthread_mutex_unlock(&storage->databases_mutex);
    return database;
}

struct database_files *storage_database_by_uid(struct storage *storage, uint64_t uid)
{
    pthread_mutex_lock(&storage->databases_mutex);
    struct database_files *database = storage->databases;
    while (database && (is_gone(database) || database->uid != uid))
        database = database->next;
    pthread_mutex_unlock(&storage->databases_mutex);
    return database;
}

struct database_files *storage_cluster(struct storage *storage)
{
    return storage->cluster;
}

size_t storage_database_names(struct storage *storage, struct arena *arena, const char ***names)
{
    VEC(const char *) found = {0};
    pthread_mutex_lock(&storage->databases_mutex);
    for (struct database_files *database = storage->databases; database;
         database = database->next) {
        if (!is_gone(database))
            VEC_PUSH(arena, &found, arena_strdup(arena, database->name));
    }
    pthread_mutex_unlock(&storage->databases_mutex);
    *names = found.items;
    return found.n;
}

struct file *storage_file(struct storage *storage, struct database_files *database, uint32_t shard)
{
    if (shard == SHARD_CLUSTER)
        return storage->cluster->catalog;
    if (!database || !database->uid)
        return NULL;
    if (shard == SHARD_CATALOG)
        return database->catalog;
    return shard < database->n_shards ? database->shards[shard] : NULL;
}

uint32_t database_n_shards(const struct database_files *database)
{
    return database->n_shards;
}

const char *database_name(const struct database_files *database)
{
    return database->name;
}

/* ---- creating, dropping, renaming ---- */

/* These write and sync many files: on an event loop another thread does it, and the statement's fiber waits. */
struct task {
    bool (*fn)(struct task *task);
    struct storage *storage;
    const char *name, *new_name;
    uint32_t n_shards;
    struct err *err;
    bool ok;
    struct waiter waiter;
};

static void *task_main(void *arg)
{
    struct task *task = arg;
    task->ok = task->fn(task);
    waiter_wake(&task->waiter);
    return NULL;
}

static bool run_task(struct task *task)
{
    pthread_t thread;
    waiter_init(&task->waiter);
    if (!fiber_current() || pthread_create(&thread, NULL, task_main, task) != 0)
        return task->fn(task);
    pthread_detach(thread);
    (void)waiter_sleep(&task->waiter, 0, false);
    return task->ok;
}

static bool create_database(struct task *task)
{
    struct storage *storage = task->storage;
    const char *name = task->name;
    uint32_t n_shards = task->n_shards ? task->n_shards : storage->options.n_shards;
    struct err *err = task->err;
    if (storage_database(storage, name))
        return err_set(err, ERR_DUPLICATE_DATABASE, "database \"%s\" already exists", name);
    uint64_t uid = directory_random_id();
    char *dir = directory_path_of(storage, name);
    bool ok = directory_make_database(storage, dir, uid, n_shards, err);
    if (ok)
        storage_register(storage, name, dir, uid, n_shards);
    free(dir);
    return ok;
}

bool storage_create_database(struct storage *storage, const char *name, uint32_t n_shards,
                             struct err *err)
{
    return run_task(&(struct task){
        .fn = create_database, .storage = storage, .name = name, .n_shards = n_shards, .err = err});
}

static bool no_such_database(const char *name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist", name);
}

/* Out of sight first, so that no new reader starts; then, in the log, the word that its records are void. */
static bool drop_database(struct task *task)
{
    struct storage *storage = task->storage;
    const char *name = task->name;
    struct err *err = task->err;
    struct database_files *database = storage_database(storage, name);
    if (!database)
        return no_such_database(name, err);
    __atomic_store_n(&database->gone, true, __ATOMIC_SEQ_CST);
    if (readers_in_use(database) > 0) {
        __atomic_store_n(&database->gone, false, __ATOMIC_SEQ_CST);
        return err_set(err, ERR_OBJECT_IN_USE, "database \"%s\" is being accessed by other users",
                       name);
    }
    if (!committer_drop_database(storage->committer, database, err)) {
        __atomic_store_n(&database->gone, false, __ATOMIC_SEQ_CST);
        return false;
    }
    FAILPOINT("database.drop_logged");
    checkpointer_forget(storage->checkpointer, database);
    readers_close_database(storage, database);
    return directory_remove_database(storage, database->dir, database->uid, err);
}

bool storage_drop_database(struct storage *storage, const char *name, struct err *err)
{
    return run_task(
        &(struct task){.fn = drop_database, .storage = storage, .name = name, .err = err});
}

/* Files are opened by path, so the folder moves only while none of the database's files is open or can be opened. */
static bool rename_database(struct task *task)
{
    struct storage *storage = task->storage;
    const char *name = task->name, *new_name = task->new_name;
    struct err *err = task->err;
    struct database_files *database = storage_database(storage, name);
    if (!database)
        return no_such_database(name, err);
    if (storage_database(storage, new_name))
        return err_set(err, ERR_DUPLICATE_DATABASE, "database \"%s\" already exists", new_name);
    __atomic_store_n(&database->gone, true, __ATOMIC_SEQ_CST);
    bool ok =
        readers_in_use(database) == 0 ||
        err_set(err, ERR_OBJECT_IN_USE, "database \"%s\" is being accessed by other users", name);
    char *dir = directory_path_of(storage, new_name);
    if (ok && (ok = committer_release_database(storage->committer, database, err))) {
        checkpointer_forget(storage->checkpointer, database);
        readers_close_database(storage, database);
        ok = disk_sync_all(storage->data_dir, err) && disk_rename(database->dir, dir, err) &&
             disk_sync_dir(storage->data_dir, err);
    }
    if (ok)
        storage_register(storage, new_name, dir, database->uid, database->n_shards);
    else
        __atomic_store_n(&database->gone, false, __ATOMIC_SEQ_CST);
    free(dir);
    return ok;
}

bool storage_rename_database(struct storage *storage, const char *name, const char *new_name,
                             struct err *err)
{
    return run_task(&(struct task){
        .fn = rename_database, .storage = storage, .name = name, .new_name = new_name, .err = err});
}

/* ---- opening and closing ---- */

static void choose_limits(struct storage_options *options)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    rlim_t room = files.rlim_cur > FILES_KEPT_FREE ? files.rlim_cur - FILES_KEPT_FREE : 0;
    if (!options->max_open_readers)
        options->max_open_readers = READERS_DEFAULT;
    if (!options->max_open_writers)
        options->max_open_writers = WRITERS_DEFAULT;
    /* A connection has two files open, and a third is shared by those to one database file. */
    options->max_open_writers =
        MIN(options->max_open_writers, MAX(READERS_MIN, (uint32_t)MIN(room / 8, UINT32_MAX)));
    options->max_open_readers =
        MAX(READERS_MIN, MIN(options->max_open_readers, (uint32_t)MIN(room / 4, UINT32_MAX)));
    if (!options->checkpoint_frames)
        options->checkpoint_frames = CHECKPOINT_FRAMES_DEFAULT;
    if (!options->log_segment_bytes)
        options->log_segment_bytes = LOG_SEGMENT_BYTES_DEFAULT;
    if (!options->n_shards)
        options->n_shards = 1;
    if (!options->log)
        options->log = &commit_log_file;
    if (!options->vfs)
        options->vfs = vfs_register();
}

struct storage *storage_new(const struct storage_options *options)
{
    static uint64_t instances;
    struct storage *storage = calloc(1, sizeof(*storage));
    ASSERT(storage != NULL);
    storage->options = *options;
    choose_limits(&storage->options);
    storage->data_dir = strdup(options->data_dir);
    size_t n = strlen(storage->data_dir);
    while (n > 1 && storage->data_dir[n - 1] == '/')
        storage->data_dir[--n] = 0;
    storage->lock_fd = -1;
    storage->instance = __atomic_add_fetch(&instances, 1, __ATOMIC_RELAXED);
    storage->arena = arena_new("storage");
    storage->log_ops = storage->options.log;
    storage->prepared = prepared_table_new();
    pthread_mutex_init(&storage->databases_mutex, NULL);
    pthread_mutex_init(&storage->pools_mutex, NULL);
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&storage->gate, &attr);
    pthread_rwlockattr_destroy(&attr);
    return storage;
}

void storage_free(struct storage *storage)
{
    readers_close_all(storage);
    if (storage->log)
        storage->log_ops->close(storage->log);
    prepared_table_free(storage->prepared);
    if (storage->lock_fd >= 0)
        close(storage->lock_fd);
    pthread_rwlock_destroy(&storage->gate);
    pthread_mutex_destroy(&storage->pools_mutex);
    pthread_mutex_destroy(&storage->databases_mutex);
    arena_free(storage->arena);
    free(storage->data_dir);
    free(storage);
}

static bool open_data_dir(struct storage *storage, struct err *err)
{
    if (disk_exists(storage->data_dir))
        return true;
    if (storage->options.create)
        return disk_mkdir(storage->data_dir, err);
    err_set(err, ERR_UNDEFINED_FILE, "data directory \"%s\" does not exist", storage->data_dir);
    return err_hint(err, "Check the path, or let the server create it.");
}

static bool open_log(struct storage *storage, bool fresh, struct err *err)
{
    char *dir = arena_printf(storage->arena, "%s/" LOG_DIR, storage->data_dir);
    /* Left by a creation that did not complete: its identity was lost with it. */
    if (fresh && !disk_remove_tree(dir, err))
        return false;
    struct commit_log_options options = {.dir = dir,
                                         .segment_bytes = storage->options.log_segment_bytes,
                                         .identity = storage->identity,
                                         .arg = storage->options.log_arg};
    storage->log = storage->log_ops->open(&options, fresh, err);
    return storage->log != NULL;
}

static bool open_all(struct storage *storage, struct err *err)
{
    bool fresh;
    if (!open_data_dir(storage, err) || !directory_lock(storage, err) ||
        !directory_open(storage, &fresh, err))
        return false;
    if (fresh && !storage->options.create) {
        err_set(err, ERR_UNDEFINED_FILE, "\"%s\" is not a data directory: it has no " CLUSTER_FILE,
                storage->data_dir);
        return err_hint(err, "Check the path, or let the server create it.");
    }
    storage->cluster = new_database(storage, "", storage->data_dir, 0, 0);
    return open_log(storage, fresh, err) && (!fresh || directory_complete(storage, err)) &&
           recovery_run(storage, err);
}

struct storage *storage_open(const struct storage_options *options, struct err *err)
{
    failpoints_from_environment();
    struct storage *storage = storage_new(options);
    if (!open_all(storage, err)) {
        storage_free(storage);
        return NULL;
    }
    storage->checkpointer = checkpointer_start(storage);
    storage->committer = committer_start(storage);
    return storage;
}

void storage_close(struct storage *storage)
{
    if (!storage)
        return;
    checkpointer_halt(storage->checkpointer); /* it calls the committer */
    committer_stop(storage->committer);
    readers_close_all(storage); /* so that the last checkpoint can empty every WAL */
    checkpointer_finish(storage->checkpointer);
    storage_free(storage);
}

uint64_t storage_commit_seq(const struct storage *storage)
{
    return __atomic_load_n(&storage->published_seq, __ATOMIC_ACQUIRE);
}
