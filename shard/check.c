/* check.c - see check.h.
 *
 * Order: the commit log is read once, which gives the last position and, for each database and shard, the greatest position that names it;
 * then every folder, file by file. */
#include "shard/check.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "shard/connection.h"
#include "shard/directory.h"
#include "shard/disk.h"

struct found_file {
    const char *path, *folder; /* folder "": the data directory itself */
    uint32_t shard;
    uint64_t uid;      /* that it should have */
    uint32_t n_shards; /* that it should have */
};

struct check {
    struct storage *storage;
    struct check_report *report;
    struct arena *arena;
    VEC(struct found_file) files;
    uint64_t last_seq;
    struct map *log_positions; /* (uid, shard) -> seq in a heap cell */
};

static void problem(struct check *check, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void problem(struct check *check, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(check->arena, format, args);
    va_end(args);
    check->report->n_problems++;
    if (check->report->problem)
        check->report->problem(check->report->arg, path, text);
}

static void remark(struct check *check, const char *path, const char *text)
{
    if (check->report->remark)
        check->report->remark(check->report->arg, path, text);
}

/* ---- the log ---- */

struct position_key {
    uint64_t uid, shard;
};

static bool note_record(void *arg, const struct record *record, struct err *err)
{
    struct check *check = arg;
    struct arena *scratch = arena_new("check record");
    struct op_reader reader = {record->ops, record->ops + record->n_ops_bytes, .arena = scratch};
    check->last_seq = record->seq;
    for (struct op op; op_next(&reader, &op);) {
        if (record->kind != RECORD_COMMIT)
            continue;
        struct position_key key = {op.shard == SHARD_CLUSTER ? 0 : record->database_uid, op.shard};
        uint64_t *seq = map_get(check->log_positions, &key, sizeof(key));
        if (!seq) {
            seq = ARENA_NEW(check->arena, uint64_t);
            map_put(check->log_positions, &key, sizeof(key), seq);
        }
        *seq = record->seq;
    }
    bool ok =
        !reader.damaged || err_set(err, ERR_DATA_CORRUPTED,
                                   "commit log record %" PRIu64 " is not readable", record->seq);
    arena_free(scratch);
    return ok;
}

static void check_log(struct check *check)
{
    struct storage *storage = check->storage;
    char *dir = arena_printf(check->arena, "%s/" LOG_DIR, storage->data_dir);
    struct commit_log_options options = {.dir = dir,
                                         .segment_bytes = storage->options.log_segment_bytes,
                                         .identity = storage->identity,
                                         .arg = storage->options.log_arg};
    struct err err = ERR_IN(check->arena);
    storage->log = storage->log_ops->open(&options, false, &err);
    if (!storage->log || !storage->log_ops->replay(storage->log, note_record, check, &err))
        problem(check, dir, "%s", err.message);
}

/* ---- finding files ---- */

static void add_file(struct check *check, const char *dir, const char *folder, uint32_t shard,
                     const struct file_label *label)
{
    char *path = directory_file_path(dir, shard);
    struct found_file file = {arena_strdup(check->arena, path), arena_strdup(check->arena, folder),
                              shard, label->uid, label->n_shards};
    VEC_PUSH(check->arena, &check->files, file);
    free(path);
}

static bool is_ours(const char *name, const struct file_label *label)
{
    char base[300], *end;
    snprintf(base, sizeof(base), "%s", name);
    size_t n = strlen(base);
    if (n > 4 && (strcmp(base + n - 4, "-wal") == 0 || strcmp(base + n - 4, "-shm") == 0))
        base[n - 4] = 0;
    if (strcmp(base, "catalog.db") == 0)
        return true;
    if (strncmp(base, "shard-", 6) != 0)
        return false;
    unsigned long shard = strtoul(base + 6, &end, 10);
    return end == base + 10 && strcmp(end, ".db") == 0 && shard < label->n_shards;
}

static void find_leftovers(struct check *check, const char *path, const struct file_label *label)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_ours(name, label))
            continue;
        problem(check, arena_printf(check->arena, "%s/%s", path, name),
                "this file does not belong here");
    }
    if (dir)
        closedir(dir);
}

static void find_database(struct check *check, const char *folder)
{
    char *dir = arena_printf(check->arena, "%s/%s", check->storage->data_dir, folder);
    char *catalog = directory_file_path(dir, SHARD_CATALOG);
    struct file_label label;
    struct err err = ERR_IN(check->arena);
    if (disk_exists(catalog)) {
        if (directory_read_label(check->storage, catalog, &label, &err)) {
            add_file(check, dir, folder, SHARD_CATALOG, &label);
            for (uint32_t k = 0; k < label.n_shards; k++)
                add_file(check, dir, folder, k, &label);
            find_leftovers(check, dir, &label);
        } else {
            problem(check, catalog, "%s", err.message);
        }
    }
    free(catalog);
}

static bool find_files(struct check *check, struct err *err)
{
    struct storage *storage = check->storage;
    struct file_label label;
    char *path = directory_file_path(storage->data_dir, SHARD_CLUSTER);
    bool ok = directory_read_label(storage, path, &label, err);
    free(path);
    if (!ok)
        return false;
    storage->identity = label.uid;
    add_file(check, storage->data_dir, "", SHARD_CLUSTER, &label);
    DIR *dir = opendir(storage->data_dir);
    if (!dir)
        return disk_error(err, storage->data_dir, "open");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strncmp(name, CREATING_PREFIX, strlen(CREATING_PREFIX)) == 0 ||
            strncmp(name, DROPPED_PREFIX, strlen(DROPPED_PREFIX)) == 0)
            remark(check, name,
                   "left behind by a database that was being created or dropped; the next start "
                   "removes it");
        else if (!strchr(name, '.'))
            find_database(check, name);
    }
    closedir(dir);
    return true;
}

/* ---- one file ---- */

static void check_integrity(struct check *check, struct connection *connection, const char *path,
                            struct err *err)
{
    sqlite3_stmt *statement = connection_statement(connection, "PRAGMA integrity_check",
                                                   strlen("PRAGMA integrity_check"), err);
    int rc = SQLITE_ERROR;
    while (statement && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (text && strcmp(text, "ok") != 0)
            problem(check, path, "%s", text);
    }
    if (!statement || rc != SQLITE_DONE) {
        if (statement)
            connection_error(connection, rc, err);
        problem(check, path, "%s", err->message);
    }
    connection_finish(connection, statement);
}

static void check_position(struct check *check, struct connection *connection,
                           const struct found_file *file, struct err *err)
{
    int64_t position = 0;
    bool found = false;
    if (!connection_integer(connection, "SELECT position FROM _shardlite_applied WHERE id = 1",
                            &position, &found, err) ||
        !found) {
        problem(check, file->path, "%s",
                found ? err->message : "it has no position (table _shardlite_applied)");
        return;
    }
    struct position_key key = {file->shard == SHARD_CLUSTER ? 0 : file->uid, file->shard};
    const uint64_t *in_log = map_get(check->log_positions, &key, sizeof(key));
    if (in_log && *in_log > (uint64_t)position)
        remark(check, file->path,
               "the commit log has changes that it lacks; the next start replays them");
}

static void check_file(struct check *check, const struct found_file *file)
{
    struct err err = ERR_IN(check->arena);
    struct file_label label;
    struct connection connection;
    if (!directory_read_label(check->storage, file->path, &label, &err) ||
        !connection_open(&connection, file->path, CONNECTION_READER, check->storage->options.vfs,
                         &err)) {
        problem(check, file->path, "%s", err.message);
        return;
    }
    if (label.uid != file->uid)
        problem(check, file->path,
                "it belongs to another database (uid %" PRIu64 " instead of %" PRIu64 ")",
                label.uid, file->uid);
    else if (label.shard != file->shard || label.n_shards != file->n_shards)
        problem(check, file->path, "it says that it is shard %d of %u", (int)label.shard,
                label.n_shards);
    check_integrity(check, &connection, file->path, &err);
    check_position(check, &connection, file, &err);
    connection_close(&connection);
}

bool storage_check(const struct storage_options *options, struct check_report *report,
                   struct err *err)
{
    struct check check = {
        .report = report, .arena = arena_new("check"), .log_positions = map_new()};
    check.storage = storage_new(options);
    report->n_files = report->n_problems = 0;
    bool ok = disk_exists(check.storage->data_dir) ||
              err_set(err, ERR_UNDEFINED_FILE, "data directory \"%s\" does not exist",
                      check.storage->data_dir);
    ok = ok && directory_lock(check.storage, err) && find_files(&check, err);
    if (ok)
        check_log(&check);
    for (uint32_t k = 0; ok && k < check.files.n; k++) {
        if (report->progress)
            report->progress(report->arg, check.files.items[k].path, k, (uint32_t)check.files.n);
        check_file(&check, &check.files.items[k]);
        report->n_files++;
    }
    storage_free(check.storage);
    map_free(check.log_positions);
    arena_free(check.arena);
    return ok;
}
