/* directory.c - the data directory: its lock, its folders, how databases are made and removed.
 *
 *     shardlite.lock            held while a server runs (an OFD lock: the file itself says nothing)
 *     shardlite.db              roles, databases, settings; its being there completes the creation of the directory
 *     commit.log/               commit_log.c
 *     <database>/catalog.db, shard-0000.db, ...
 *     .creating-<uid>/          a database being made: removed at start
 *     .dropped-<uid>/           a database being removed: removed at start
 *
 * A folder's name is the database's name with all but letters, digits, '_', '-' and non-ASCII bytes written as %XX, so no
 * database can take a name of ours.  Every SQLite file has two tables of ours: _shardlite_file says what the file is, and
 * _shardlite_applied how far in the commit log it is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "shard/connection.h"
#include "shard/directory.h"
#include "shard/disk.h"
#include "shard/fault.h"

#define SHARDS_MAX 9999

/* ---- the lock ---- */

static bool refuse_second(const char *path, int fd, struct err *err)
{
    char pid[32] = "";
    size_t got = 0;
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    (void)!disk_read(fd, path, pid, sizeof(pid) - 1, 0, &got, err);
    pid[strcspn(pid, "\n")] = 0;
    (void)fcntl(fd, F_OFD_GETLK, &held);
    err_set(err, ERR_OBJECT_IN_USE,
            "another server (process %s) uses the data directory: lock file \"%s\"",
            pid[0] ? pid : "unknown", path);
    return err_hint(err, "Stop that server, or start this one with another --data directory. The "
                         "lock goes away with the "
                         "process that holds it; removing the file does not help.");
}

bool directory_lock(struct storage *storage, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/" LOCK_FILE, storage->data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_error(err, path, "open lock");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        bool held = errno == EAGAIN || errno == EACCES;
        (void)(held ? refuse_second(path, fd, err) : disk_error(err, path, "lock"));
        close(fd);
        return false;
    }
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%d\n", (int)getpid()); /* for people and the message above */
    storage->lock_fd = fd;
    return true;
}

/* ---- names ---- */

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c >= 0x80;
}

char *directory_path_of(const struct storage *storage, const char *database)
{
    struct buf path = {0};
    buf_printf(&path, "%s/", storage->data_dir);
    for (const unsigned char *c = (const unsigned char *)database; *c; c++) {
        if (is_plain(*c))
            buf_putc(&path, (char)*c);
        else
            buf_printf(&path, "%%%02X", *c);
    }
    buf_cstr(&path);
    return path.p;
}

static char *name_of_folder(const char *folder)
{
    struct buf name = {0};
    for (const char *c = folder; *c; c++) {
        char hex[3] = {c[0] == '%' ? c[1] : 0, 0, 0};
        if (hex[0])
            hex[1] = c[2];
        if (hex[1]) {
            buf_putc(&name, (char)strtoul(hex, NULL, 16));
            c += 2;
        } else {
            buf_putc(&name, *c);
        }
    }
    buf_cstr(&name);
    return name.p;
}

char *directory_file_path(const char *dir, uint32_t shard)
{
    struct buf path = {0};
    switch (shard) {
    case SHARD_CATALOG:
        buf_printf(&path, "%s/catalog.db", dir);
        break;
    case SHARD_CLUSTER:
        buf_printf(&path, "%s/" CLUSTER_FILE, dir);
        break;
    default:
        buf_printf(&path, "%s/shard-%04u.db", dir, shard);
    }
    buf_cstr(&path);
    return path.p;
}

/* ---- making files ---- */

uint64_t directory_random_id(void)
{
    uint64_t id = 0;
    while (!(id >>= 2)) /* positive as SQLite's integers are signed */
        while (getrandom(&id, sizeof(id), 0) != sizeof(id))
            ;
    return id;
}

static bool make_file(const struct storage *storage, const char *path,
                      const struct file_label *label, struct err *err)
{
    struct connection connection;
    if (!connection_open(&connection, path, CONNECTION_MAKER, storage->options.vfs, err))
        return false;
    char sql[1024];
    snprintf(
        sql, sizeof(sql),
        "BEGIN IMMEDIATE;"
        "PRAGMA application_id = %d; PRAGMA user_version = %d;"
        "CREATE TABLE _shardlite_file (id INTEGER PRIMARY KEY CHECK (id = 1), uid INTEGER NOT NULL,"
        " shard INTEGER NOT NULL, n_shards INTEGER NOT NULL);"
        "CREATE TABLE _shardlite_applied (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER "
        "NOT NULL);"
        "INSERT INTO _shardlite_file VALUES (1, %" PRIu64 ", %" PRId64 ", %u);"
        "INSERT INTO _shardlite_applied VALUES (1, 0);"
        "COMMIT;"
        "PRAGMA wal_checkpoint(TRUNCATE)",
        APPLICATION_ID, STORAGE_FORMAT, label->uid, (int64_t)(int32_t)label->shard,
        label->n_shards);
    bool ok = connection_exec(&connection, sql, err) && connection_sync(&connection, err);
    connection_close(&connection);
    return ok;
}

bool directory_read_label(const struct storage *storage, const char *path, struct file_label *label,
                          struct err *err)
{
    struct connection connection;
    if (!disk_exists(path)) {
        err_set(err, ERR_UNDEFINED_FILE, "shard file \"%s\" is missing", path);
        return err_hint(err, "Restore the data directory from a backup.");
    }
    if (!connection_open(&connection, path, CONNECTION_READER, storage->options.vfs, err))
        return false;
    int64_t application = 0, format = 0, uid = 0, shard = 0, n_shards = 0;
    bool found = false;
    bool ok = connection_integer(&connection, "PRAGMA application_id", &application, &found, err) &&
              connection_integer(&connection, "PRAGMA user_version", &format, &found, err);
    if (ok && application != APPLICATION_ID) {
        ok = err_set(err, ERR_DATA_CORRUPTED, "\"%s\" is a SQLite file, but not one of Shardlite's",
                     path);
    } else if (ok && format != STORAGE_FORMAT) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                "\"%s\" has storage format %" PRId64 "; this server knows format %d", path, format,
                STORAGE_FORMAT);
        ok = err_hint(err, "Use the version of Shardlite that wrote it.");
    }
    ok = ok &&
         connection_integer(&connection, "SELECT uid FROM _shardlite_file WHERE id = 1", &uid,
                            &found, err) &&
         connection_integer(&connection, "SELECT shard FROM _shardlite_file WHERE id = 1", &shard,
                            &found, err) &&
         connection_integer(&connection, "SELECT n_shards FROM _shardlite_file WHERE id = 1",
                            &n_shards, &found, err);
    if (ok && (!found || n_shards < 0 || n_shards > SHARDS_MAX))
        ok = err_set(err, ERR_DATA_CORRUPTED, "\"%s\" has no label (table _shardlite_file)", path);
    *label = (struct file_label){(uint64_t)uid, (uint32_t)shard, (uint32_t)n_shards};
    connection_close(&connection);
    return ok;
}

static bool make_database_files(const struct storage *storage, const char *dir, uint64_t uid,
                                uint32_t n_shards, struct err *err)
{
    bool ok = true;
    for (uint32_t k = 0; ok && k <= n_shards; k++) {
        uint32_t shard = k < n_shards ? k : SHARD_CATALOG;
        char *path = directory_file_path(dir, shard);
        ok = make_file(storage, path, &(struct file_label){uid, shard, n_shards}, err);
        FAILPOINT("database.file_made");
        free(path);
    }
    return ok;
}

/* Everything is made under a name that recovery removes; one rename makes it a database. */
bool directory_make_database(struct storage *storage, const char *dir, uint64_t uid,
                             uint32_t n_shards, struct err *err)
{
    char making[4096];
    if (n_shards < 1 || n_shards > SHARDS_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "number of shards must be between 1 and %d", SHARDS_MAX);
    snprintf(making, sizeof(making), "%s/" CREATING_PREFIX "%" PRIx64, storage->data_dir, uid);
    bool ok = disk_mkdir(making, err) && make_database_files(storage, making, uid, n_shards, err) &&
              disk_sync_dir(making, err) && disk_rename(making, dir, err) &&
              disk_sync_dir(storage->data_dir, err);
    if (!ok) {
        struct arena *scratch = arena_new("make database");
        struct err ignored = ERR_IN(scratch);
        (void)!disk_remove_tree(making, &ignored);
        arena_free(scratch);
    }
    return ok;
}

bool directory_remove_database(struct storage *storage, const char *dir, uint64_t uid,
                               struct err *err)
{
    char removing[4096];
    snprintf(removing, sizeof(removing), "%s/" DROPPED_PREFIX "%" PRIx64, storage->data_dir, uid);
    if (!disk_rename(dir, removing, err) || !disk_sync_dir(storage->data_dir, err))
        return false;
    FAILPOINT("database.renamed_away");
    return disk_remove_tree(removing, err);
}

/* ---- opening ---- */

static bool register_database(struct storage *storage, const char *folder, struct err *err)
{
    struct file_label label = {0};
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/%s", storage->data_dir, folder);
    char *path = directory_file_path(dir, SHARD_CATALOG);
    bool there = disk_exists(path); /* or it is a folder of someone else's */
    bool ok = !there || directory_read_label(storage, path, &label, err);
    if (ok && there) {
        char *name = name_of_folder(folder);
        storage_register(storage, name, dir, label.uid, label.n_shards);
        free(name);
    }
    free(path);
    return ok;
}

static bool scan_directory(struct storage *storage, struct err *err)
{
    DIR *dir = opendir(storage->data_dir);
    if (!dir)
        return disk_error(err, storage->data_dir, "open");
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strncmp(name, CREATING_PREFIX, strlen(CREATING_PREFIX)) == 0 ||
            strncmp(name, DROPPED_PREFIX, strlen(DROPPED_PREFIX)) == 0) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", storage->data_dir, name);
            log_line(LOG_INFO_,
                     "removing \"%s\", left behind by a database that was being created or dropped",
                     path);
            ok = disk_remove_tree(path, err);
        } else if (!strchr(name, '.')) {
            ok = register_database(storage, name, err);
        }
    }
    closedir(dir);
    return ok;
}

bool directory_open(struct storage *storage, bool *fresh, struct err *err)
{
    struct file_label label = {0};
    char *path = directory_file_path(storage->data_dir, SHARD_CLUSTER);
    *fresh = !disk_exists(path);
    bool ok = scan_directory(storage, err);
    if (ok && *fresh && storage->databases) {
        err_set(err, ERR_UNDEFINED_FILE,
                "\"%s\" is missing, but the data directory holds databases", path);
        ok = err_hint(err, "Restore the data directory as a whole.");
    }
    if (ok && !*fresh && (ok = directory_read_label(storage, path, &label, err)))
        storage->identity = label.uid;
    if (ok && *fresh)
        storage->identity = directory_random_id();
    free(path);
    return ok;
}

bool directory_complete(struct storage *storage, struct err *err)
{
    char *path = directory_file_path(storage->data_dir, SHARD_CLUSTER);
    char making[4096], making_wal[4096];
    snprintf(making, sizeof(making), "%s.new", path);
    snprintf(making_wal, sizeof(making_wal), "%s.new-wal", path);
    bool ok = disk_remove(making, err) && disk_remove(making_wal, err) &&
              make_file(storage, making, &(struct file_label){storage->identity, SHARD_CLUSTER, 0},
                        err) &&
              disk_remove(making_wal, err) && disk_rename(making, path, err) &&
              disk_sync_dir(storage->data_dir, err);
    snprintf(making_wal, sizeof(making_wal), "%s.new-shm", path);
    ok = ok && disk_remove(making_wal, err);
    free(path);
    return ok;
}
