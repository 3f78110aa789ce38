/* commit_log_tee.c - a commit log that also writes a line for people, or for the tool that watches the file.
 *
 * Lines are made at append and written after the inner log has synced them, so a line never tells of something that a crash could take back.
 * The other way round, a crash between the two leaves out lines: the log is the truth, this is a copy.  Names and
 * identifiers are percent-encoded where they could break a line into wrong fields.  A failure to write ends the
 * process, as a sync error would: an audit trail with silent holes is worth nothing. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "shard/commit_log.h"
#include "shard/disk.h"
#include "shard/fatal.h"

struct commit_log {
    const struct commit_log_ops *inner_ops;
    struct commit_log *inner;
    char *path;
    int fd;
    off_t at;
    struct buf lines; /* of appended records that are not synced yet */
};

/* ---- lines ---- */

static const char *const kind_names[] = {
    [RECORD_COMMIT] = "commit",
    [RECORD_PREPARE] = "prepare",
    [RECORD_ROLLBACK_PREPARED] = "rollback_prepared",
    [RECORD_DROP_DATABASE] = "drop_database",
};

static void put_word(struct buf *out, const char *word)
{
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (*c <= ' ' || *c == '%' || *c == ',' || *c == '=' || *c == 0x7f)
            buf_printf(out, "%%%02X", *c);
        else
            buf_putc(out, (char)*c);
    }
}

static void put_field(struct buf *out, const char *name, const char *word)
{
    if (!word || !*word)
        return;
    buf_printf(out, " %s=", name);
    put_word(out, word);
}

static void put_time(struct buf *out, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(out, "%s.%06dZ", text, (int)(time_us % 1000000));
}

static void put_ops(struct buf *out, const struct record *record)
{
    struct arena *arena = arena_new("audit line");
    struct op_reader reader = {record->ops, record->ops + record->n_ops_bytes, .arena = arena};
    struct map *seen = map_new();
    struct buf tables = BUF_IN(arena);
    uint64_t n[OP_SQL + 1] = {0};
    for (struct op op; op_next(&reader, &op);) {
        n[op.kind]++;
        if (!op.layout || map_put(seen, op.layout->table, strlen(op.layout->table), seen))
            continue;
        if (tables.n)
            buf_putc(&tables, ',');
        put_word(&tables, op.layout->table);
    }
    buf_printf(out,
               " insert=%" PRIu64 " update=%" PRIu64 " delete=%" PRIu64 " truncate=%" PRIu64
               " ddl=%" PRIu64,
               n[OP_INSERT], n[OP_UPDATE], n[OP_DELETE], n[OP_TRUNCATE], n[OP_SQL]);
    if (tables.n)
        buf_printf(out, " tables=%.*s", (int)tables.n, tables.p);
    map_free(seen);
    arena_free(arena);
}

static void put_line(struct buf *out, const struct record *record)
{
    put_time(out, record->time_us);
    buf_printf(out, " %s%s seq=%" PRIu64, kind_names[record->kind], record->more ? "_part" : "",
               record->seq);
    put_field(out, "database", record->database);
    put_field(out, "gid", record->gid);
    put_field(out, "owner", record->owner);
    put_ops(out, record);
    buf_putc(out, '\n');
}

/* ---- the log ---- */

static void tee_close(struct commit_log *log)
{
    if (log->inner)
        log->inner_ops->close(log->inner);
    if (log->fd >= 0)
        close(log->fd);
    buf_free(&log->lines);
    free(log->path);
    free(log);
}

static struct commit_log *tee_open(const struct commit_log_options *options, bool create,
                                   struct err *err)
{
    const struct commit_log_tee *tee = options->arg;
    struct commit_log *log = calloc(1, sizeof(*log));
    ASSERT(log != NULL);
    log->inner_ops = tee->inner;
    log->path = strdup(tee->path);
    log->fd = open(tee->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (log->fd < 0) {
        disk_error(err, tee->path, "open");
    } else {
        log->at = lseek(log->fd, 0, SEEK_END);
        log->inner = log->inner_ops->open(options, create, err);
    }
    if (log->inner)
        return log;
    tee_close(log);
    return NULL;
}

static bool tee_replay(struct commit_log *log, record_visit visit, void *arg, struct err *err)
{
    return log->inner_ops->replay(log->inner, visit, arg, err);
}

static bool tee_start(struct commit_log *log, uint64_t *first_seq, struct err *err)
{
    return log->inner_ops->start(log->inner, first_seq, err);
}

static bool tee_append(struct commit_log *log, const struct record *records, size_t n,
                       struct err *err)
{
    if (!log->inner_ops->append(log->inner, records, n, err))
        return false;
    for (size_t k = 0; k < n; k++)
        put_line(&log->lines, &records[k]);
    return true;
}

static bool tee_sync(struct commit_log *log, struct err *err)
{
    if (!log->inner_ops->sync(log->inner, err))
        return false;
    if (!log->lines.n)
        return true;
    if (!disk_write(log->fd, log->path, log->lines.p, log->lines.n, log->at, err))
        fatal_stop(err);
    log->at += (off_t)log->lines.n;
    log->lines.n = 0;
    return true;
}

static bool tee_cut(struct commit_log *log, uint64_t seq, struct err *err)
{
    return log->inner_ops->cut(log->inner, seq, err);
}

static uint64_t tee_last_seq(struct commit_log *log)
{
    return log->inner_ops->last_seq(log->inner);
}

static uint64_t tee_size(struct commit_log *log)
{
    return log->inner_ops->size(log->inner);
}

const struct commit_log_ops commit_log_tee = {
    .name = "tee",
    .open = tee_open,
    .replay = tee_replay,
    .last_seq = tee_last_seq,
    .start = tee_start,
    .append = tee_append,
    .sync = tee_sync,
    .cut = tee_cut,
    .size = tee_size,
    .close = tee_close,
};
