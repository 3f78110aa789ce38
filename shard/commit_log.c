/* commit_log.c - the commit log in files.
 *
 * The log is a row of segments, commit.log/<number>.log, each written with zeros to its full size when made, and used again
 * under a later number once what it holds is in the shards and synced: overwriting is twice as fast to sync as appending.
 *
 *   segment   a header sector, then frames until the next one would not fit
 *   header    magic, format, identity of the data directory, number, last sequence number before it, epoch, checksum
 *   frame     one append: header (below) and records, padded to a 512-byte sector, so that no sector that was synced is
 *             ever written again
 *
 * A frame is valid if its checksum is right and it carries the number of the segment it stands in, so what an earlier use
 * left behind is never taken for live.  Frames are written one after the other; the batch before is synced before the next
 * one is written, unless nobody waited for it.
 *
 * Where the log ends: at the first frame that is not valid, if nothing says that it was once synced.  Two things can say
 * so, and then the log is damaged and we refuse to go on:
 *   (1) a valid frame further on in the segment whose `durable_seq` (synced when that frame was written) is beyond the
 *       last good record;
 *   (2) the next segment's header, which names the last record before it; a segment is synced before the next begins.
 *
 * Epochs: each start (and clean end) begins a new segment whose records count from epoch << 40.  So a record number that was given away
 * and lost in a crash is never given again, though a shard's file may remember it.
 *
 * Write errors: space is reserved (segments made) before the first byte of an append is written, which makes a full disk an
 * error like any other.  A failed write into reserved space, or a failed sync, leaves us not knowing what is on disk, and
 * ends the process; the next start finds out. */
#include "shard/commit_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"
#include "shard/disk.h"
#include "shard/fatal.h"
#include "shard/fault.h"

#define SECTOR 512
#define SEGMENT_MAGIC "SHLTLOG"
#define FRAME_MAGIC 0x4d415246u /* "FRAM" */
#define FORMAT 1
#define SEGMENT_BYTES_MIN (64u << 10)
#define SPARES_MAX 2
#define EPOCH_SHIFT 40
#define FRAME_TARGET_BYTES (4u << 20) /* an append is split into frames of about this size */

struct segment_header {
    char magic[8];
    uint32_t format, unused;
    uint64_t identity, number;
    uint64_t seq_before; /* of the last record in the segments before */
    uint64_t epoch;
    uint64_t checksum; /* of the fields above */
};

struct frame_header {
    uint32_t magic, format;
    uint64_t segment;
    uint64_t n_bytes; /* of records, without padding */
    uint64_t first_seq, last_seq;
    uint64_t durable_seq; /* all records up to here were on disk when this was written */
    uint64_t checksum;    /* of the fields above and the records */
};

struct segment {
    uint64_t number;
    uint64_t bytes;      /* of the file */
    uint64_t seq_before; /* header fields */
    uint64_t epoch;
};

struct commit_log {
    char *dir;
    uint64_t identity, segment_bytes;
    /* Written by the committer thread only. */
    int fd;
    char *path;
    struct segment current;
    uint64_t at; /* where the next frame goes */
    uint64_t last_seq, durable_seq, epoch;
    struct buf frame;
    /* Under `mutex`: ascending; the last one is being written once started. */
    pthread_mutex_t mutex;
    struct segment *segments;
    size_t n_segments, cap_segments;
    uint64_t spares[SPARES_MAX]; /* ready to use: full size, and durable under their spare name */
    uint32_t n_spares;
    uint64_t next_spare;
};

/* ---- names and the list of segments ---- */

static void segment_path(const struct commit_log *log, uint64_t number, char *out, size_t n)
{
    snprintf(out, n, "%s/%012llu.log", log->dir, (unsigned long long)number);
}

static void spare_path(const struct commit_log *log, uint64_t number, char *out, size_t n)
{
    snprintf(out, n, "%s/spare-%llu", log->dir, (unsigned long long)number);
}

static void add_segment(struct commit_log *log, struct segment segment)
{
    if (log->n_segments == log->cap_segments) {
        log->cap_segments = log->cap_segments ? 2 * log->cap_segments : 8;
        log->segments = realloc(log->segments, log->cap_segments * sizeof(*log->segments));
        ASSERT(log->segments != NULL);
    }
    log->segments[log->n_segments++] = segment;
}

static int by_number(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static uint64_t segment_checksum(const struct segment_header *header)
{
    return XXH3_64bits(header, offsetof(struct segment_header, checksum));
}

static bool damaged(struct err *err, const char *path, const char *what)
{
    err_set(err, ERR_DATA_CORRUPTED, "commit log file \"%s\" is damaged: %s", path, what);
    return err_hint(
        err, "Restore the whole data directory from a backup. Transactions that were acknowledged "
             "may be in the damaged part, so it is not skipped.");
}

/* ---- opening ---- */

static bool read_segment_header(struct commit_log *log, uint64_t number, struct err *err)
{
    char path[4096];
    segment_path(log, number, path, sizeof(path));
    struct segment_header header;
    struct stat st;
    size_t got = 0;
    int fd;
    if (!disk_open(path, &fd, err))
        return false;
    bool ok = disk_read(fd, path, &header, sizeof(header), 0, &got, err);
    ok = ok && (fstat(fd, &st) == 0 || disk_error(err, path, "stat"));
    close(fd);
    if (!ok)
        return false;
    if (got < sizeof(header) || memcmp(header.magic, SEGMENT_MAGIC, 8) != 0 ||
        header.checksum != segment_checksum(&header) || header.number != number)
        return damaged(err, path, "its header is not valid");
    if (header.format != FORMAT)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "commit log file \"%s\" has format %u; this server knows format %u", path,
                       header.format, FORMAT);
    if (header.identity != log->identity) {
        err_set(err, ERR_DATA_CORRUPTED, "commit log file \"%s\" belongs to another data directory",
                path);
        return err_hint(err, "Copy or restore a data directory as a whole.");
    }
    add_segment(log,
                (struct segment){number, (uint64_t)st.st_size, header.seq_before, header.epoch});
    return true;
}

static bool list_segments(struct commit_log *log, struct err *err)
{
    DIR *dir = opendir(log->dir);
    if (!dir)
        return disk_error(err, log->dir, "open");
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        char *end;
        uint64_t number = strtoull(entry->d_name, &end, 10);
        if (end != entry->d_name && strcmp(end, ".log") == 0)
            ok = read_segment_header(log, number, err);
    }
    closedir(dir);
    if (!ok)
        return false;
    if (log->n_segments)
        qsort(log->segments, log->n_segments, sizeof(*log->segments), by_number);
    for (size_t k = 1; k < log->n_segments; k++) {
        char path[4096];
        segment_path(log, log->segments[k].number - 1, path, sizeof(path));
        if (log->segments[k].number != log->segments[k - 1].number + 1)
            return damaged(err, path, "it is missing");
    }
    return true;
}

static void file_close(struct commit_log *log)
{
    if (!log)
        return;
    if (log->fd >= 0)
        close(log->fd);
    buf_free(&log->frame);
    free(log->segments);
    free(log->path);
    free(log->dir);
    pthread_mutex_destroy(&log->mutex);
    free(log);
}

static struct commit_log *file_open(const struct commit_log_options *options, bool create,
                                    struct err *err)
{
    struct commit_log *log = calloc(1, sizeof(*log));
    ASSERT(log != NULL);
    log->fd = -1;
    log->dir = strdup(options->dir);
    log->identity = options->identity;
    log->next_spare = 1;
    log->segment_bytes = MAX(options->segment_bytes, SEGMENT_BYTES_MIN) / SECTOR * SECTOR;
    pthread_mutex_init(&log->mutex, NULL);
    if ((!create || disk_mkdir(log->dir, err)) && list_segments(log, err)) {
        if (log->n_segments || create)
            return log;
        err_set(err, ERR_DATA_CORRUPTED, "commit log directory \"%s\" is empty", log->dir);
        err_hint(err,
                 "Restore commit.log from the same copy of the data directory as the rest of it.");
    }
    file_close(log);
    return NULL;
}

/* ---- replay ---- */

struct walk {
    struct commit_log *log;
    int fd;
    char path[4096];
    const struct segment *segment;
    uint8_t *bytes; /* of the frame at `at` */
    size_t cap;
    uint64_t last_seq;
};

static uint64_t frame_checksum(const struct frame_header *header, const void *records)
{
    XXH64_hash_t seed = XXH3_64bits(header, offsetof(struct frame_header, checksum));
    return XXH3_64bits_withSeed(records, header->n_bytes, seed);
}

static uint64_t frame_span(uint64_t n_bytes)
{
    return (sizeof(struct frame_header) + n_bytes + SECTOR - 1) / SECTOR * SECTOR;
}

/* Loads the frame at `at`.  *valid false: there is none. */
static bool load_frame(struct walk *walk, uint64_t at, struct frame_header *header, bool *valid,
                       struct err *err)
{
    size_t got;
    *valid = false;
    if (!disk_read(walk->fd, walk->path, header, sizeof(*header), (off_t)at, &got, err))
        return false;
    if (got < sizeof(*header) || header->magic != FRAME_MAGIC ||
        header->segment != walk->segment->number ||
        header->n_bytes > walk->segment->bytes - at - sizeof(*header))
        return true;
    if (header->n_bytes > walk->cap) {
        uint8_t *bytes = realloc(walk->bytes, header->n_bytes);
        if (!bytes)
            return err_set(err, ERR_OUT_OF_MEMORY, "out of memory reading commit log file \"%s\"",
                           walk->path);
        walk->bytes = bytes;
        walk->cap = header->n_bytes;
    }
    if (!disk_read(walk->fd, walk->path, walk->bytes, header->n_bytes,
                   (off_t)(at + sizeof(*header)), &got, err))
        return false;
    *valid = got == header->n_bytes && header->checksum == frame_checksum(header, walk->bytes);
    return true;
}

static bool visit_records(struct walk *walk, const struct frame_header *header, record_visit visit,
                          void *arg, struct err *err)
{
    struct record record;
    for (size_t at = 0; at < header->n_bytes;) {
        if (!record_take(walk->bytes, header->n_bytes, &at, &record))
            return damaged(err, walk->path, "a record has the right checksum but makes no sense");
        if (!visit(arg, &record, err))
            return false;
    }
    walk->last_seq = header->last_seq;
    return true;
}

/* Looks at one sector that may begin a frame. */
static bool check_leftover(struct walk *walk, uint64_t at, struct err *err)
{
    struct frame_header header;
    bool valid;
    if (!load_frame(walk, at, &header, &valid, err))
        return false;
    return !valid || header.durable_seq <= walk->last_seq ||
           damaged(err, walk->path, "a record in its middle is not readable, and later ones are");
}

/* Rule (1) of the essay.  Most of what is left is zeros: read in bulk, and only likely sectors are looked at. */
static bool check_torn_end(struct walk *walk, uint64_t at, struct err *err)
{
    enum { BULK = 1 << 20 };
    char *bulk = malloc(BULK);
    ASSERT(bulk != NULL);
    bool ok = true;
    for (at += SECTOR; ok && at < walk->segment->bytes; at += BULK) {
        size_t got;
        ok = disk_read(walk->fd, walk->path, bulk, BULK, (off_t)at, &got, err);
        for (size_t k = 0; ok && k + sizeof(struct frame_header) <= got; k += SECTOR) {
            struct frame_header header;
            memcpy(&header, bulk + k, sizeof(header));
            if (header.magic == FRAME_MAGIC && header.segment == walk->segment->number)
                ok = check_leftover(walk, at + k, err);
        }
    }
    free(bulk);
    return ok;
}

static bool walk_segment(struct walk *walk, record_visit visit, void *arg, struct err *err)
{
    uint64_t at = SECTOR;
    while (at + sizeof(struct frame_header) <= walk->segment->bytes) {
        struct frame_header header;
        bool valid;
        if (!load_frame(walk, at, &header, &valid, err))
            return false;
        if (!valid)
            return check_torn_end(walk, at, err);
        if (!visit_records(walk, &header, visit, arg, err))
            return false;
        at += frame_span(header.n_bytes);
    }
    return true;
}

static bool file_replay(struct commit_log *log, record_visit visit, void *arg, struct err *err)
{
    struct walk walk = {.log = log};
    bool ok = true;
    for (size_t k = 0; ok && k < log->n_segments; k++) {
        walk.segment = &log->segments[k];
        segment_path(log, walk.segment->number, walk.path, sizeof(walk.path));
        if (k == 0)
            walk.last_seq = walk.segment->seq_before;
        if (walk.segment->seq_before != walk.last_seq) { /* rule (2) */
            segment_path(log, walk.segment->number - 1, walk.path, sizeof(walk.path));
            ok = damaged(err, walk.path, "its last records are not readable");
            break;
        }
        ok = disk_open(walk.path, &walk.fd, err) && walk_segment(&walk, visit, arg, err);
        if (walk.fd > 0)
            close(walk.fd);
        walk.fd = 0;
    }
    free(walk.bytes);
    log->last_seq = walk.last_seq;
    log->epoch = log->n_segments ? log->segments[log->n_segments - 1].epoch : 0;
    return ok;
}

/* ---- making segments ---- */

static bool fill_with_zeros(int fd, const char *path, uint64_t bytes, struct err *err)
{
    enum { CHUNK = 1 << 20 };
    char *zeros = calloc(1, CHUNK);
    ASSERT(zeros != NULL);
    bool ok = true;
    for (uint64_t at = 0; ok && at < bytes; at += CHUNK)
        ok = disk_write(fd, path, zeros, MIN(CHUNK, bytes - at), (off_t)at, err);
    free(zeros);
    return ok && disk_sync(fd, path, err);
}

static bool write_segment_header(struct commit_log *log, int fd, const char *path,
                                 const struct segment *segment, struct err *err)
{
    char sector[SECTOR] = {0};
    struct segment_header header = {.format = FORMAT,
                                    .identity = log->identity,
                                    .number = segment->number,
                                    .seq_before = segment->seq_before,
                                    .epoch = segment->epoch};
    memcpy(header.magic, SEGMENT_MAGIC, 8);
    header.checksum = segment_checksum(&header);
    memcpy(sector, &header, sizeof(header));
    return disk_write(fd, path, sector, sizeof(sector), 0, err) && disk_sync(fd, path, err);
}

/* A file of `bytes` zeros under a spare name.  Nothing is left of it on failure: it may be what filled the disk. */
static bool make_spare(struct commit_log *log, uint64_t bytes, uint64_t number, int *fd,
                       struct err *err)
{
    char path[4096];
    spare_path(log, number, path, sizeof(path));
    if (!disk_create(path, fd, err))
        return false;
    /* A segment for one large transaction is written once: no use in overwriting zeros. */
    bool once = bytes > log->segment_bytes;
    if (once ? disk_reserve(*fd, path, bytes, err) : fill_with_zeros(*fd, path, bytes, err))
        return true;
    struct arena *scratch = arena_new("spare");
    struct err ignored = ERR_IN(scratch);
    close(*fd);
    (void)!disk_remove(path, &ignored);
    arena_free(scratch);
    return false;
}

/* One of the spares, or a new file. */
static bool take_spare(struct commit_log *log, uint64_t bytes, char *path, size_t n, int *fd,
                       struct err *err)
{
    pthread_mutex_lock(&log->mutex);
    bool reuse = log->n_spares > 0 && bytes == log->segment_bytes;
    uint64_t number = reuse ? log->spares[--log->n_spares] : log->next_spare++;
    pthread_mutex_unlock(&log->mutex);
    spare_path(log, number, path, n);
    return reuse ? disk_open(path, fd, err) : make_spare(log, bytes, number, fd, err);
}

/* Makes the next segment the current one.  What is written so far is synced first (rule 2). */
static bool next_segment(struct commit_log *log, uint64_t bytes, struct err *err)
{
    char spare[4096], path[4096];
    int fd;
    struct segment segment = {.bytes = bytes, .seq_before = log->last_seq, .epoch = log->epoch};
    pthread_mutex_lock(&log->mutex);
    segment.number = log->n_segments ? log->segments[log->n_segments - 1].number + 1 : 1;
    pthread_mutex_unlock(&log->mutex);
    segment_path(log, segment.number, path, sizeof(path));
    if (!take_spare(log, bytes, spare, sizeof(spare), &fd, err))
        return false;
    if (log->fd >= 0 && !disk_sync(log->fd, log->path, err))
        fatal_stop(err);
    log->durable_seq = log->last_seq;
    if (!write_segment_header(log, fd, spare, &segment, err) || !disk_rename(spare, path, err) ||
        !disk_sync_dir(log->dir, err)) {
        /* The new name may be durable and its header may not: nothing may be appended to the old one now. */
        fatal_stop(err);
    }
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    log->fd = fd;
    log->path = strdup(path);
    log->current = segment;
    log->at = SECTOR;
    pthread_mutex_lock(&log->mutex);
    add_segment(log, segment);
    pthread_mutex_unlock(&log->mutex);
    return true;
}

/* Of unknown contents: an earlier run may have died while making them. */
static bool remove_spares(struct commit_log *log, struct err *err)
{
    DIR *dir = opendir(log->dir);
    if (!dir)
        return disk_error(err, log->dir, "open");
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", log->dir, entry->d_name);
        ok = strncmp(entry->d_name, "spare-", 6) != 0 || disk_remove(path, err);
    }
    closedir(dir);
    return ok;
}

/* What replay read may be in the kernel's cache only; the new segment's header will vouch for it. */
static bool sync_last_segment(struct commit_log *log, struct err *err)
{
    char path[4096];
    int fd;
    if (!log->n_segments)
        return true;
    segment_path(log, log->segments[log->n_segments - 1].number, path, sizeof(path));
    if (!disk_open(path, &fd, err))
        return false;
    bool ok = disk_sync(fd, path, err);
    close(fd);
    return ok;
}

static bool file_start(struct commit_log *log, uint64_t *first_seq, struct err *err)
{
    if (log->fd < 0 && (!remove_spares(log, err) || !sync_last_segment(log, err)))
        return false;
    log->epoch++;
    if (!next_segment(log, log->segment_bytes, err))
        return false;
    *first_seq = log->epoch << EPOCH_SHIFT;
    return true;
}

/* ---- writing ---- */

/* Records that share a frame: at least one, up to about FRAME_TARGET_BYTES. */
static size_t frame_records(const struct record *records, size_t n, uint64_t *n_bytes)
{
    size_t k = 0;
    *n_bytes = 0;
    do {
        *n_bytes += record_bytes(&records[k++]);
    } while (k < n && *n_bytes + record_bytes(&records[k]) <= FRAME_TARGET_BYTES);
    return k;
}

static void write_frame(struct commit_log *log, const struct record *records, size_t n,
                        uint64_t n_bytes)
{
    struct frame_header header = {.magic = FRAME_MAGIC,
                                  .format = FORMAT,
                                  .segment = log->current.number,
                                  .n_bytes = n_bytes,
                                  .first_seq = records[0].seq,
                                  .last_seq = records[n - 1].seq,
                                  .durable_seq = log->durable_seq};
    struct buf *frame = &log->frame;
    frame->n = 0;
    buf_append(frame, &header, sizeof(header));
    for (size_t k = 0; k < n; k++)
        record_put(frame, &records[k]);
    ASSERT(frame->n == sizeof(header) + n_bytes);
    header.checksum = frame_checksum(&header, frame->p + sizeof(header));
    memcpy(frame->p, &header, sizeof(header));
    buf_put_zeros(frame, frame_span(n_bytes) - frame->n);
    struct arena *scratch = arena_new("log write");
    struct err err = ERR_IN(scratch);
    FAILPOINT("log.before_write");
    if (!disk_write(log->fd, log->path, frame->p, frame->n, (off_t)log->at, &err))
        fatal_stop(&err);
    FAILPOINT("log.after_write");
    arena_free(scratch);
    log->at += frame->n;
    log->last_seq = header.last_seq;
    if (frame->cap > 2 * FRAME_TARGET_BYTES)
        buf_free(frame);
}

/* An append that fits goes out in place.  One that does not gets a segment that holds all of it: so the disk is full
 * either before anything is written or not at all. */
static bool file_append(struct commit_log *log, const struct record *records, size_t n,
                        struct err *err)
{
    uint64_t need = 0, n_bytes;
    for (size_t at = 0; at < n;
         at += frame_records(records + at, n - at, &n_bytes), need += frame_span(n_bytes))
        (void)0;
    if (need > log->current.bytes - log->at &&
        !next_segment(log, MAX(log->segment_bytes, need + SECTOR), err))
        return false;
    for (size_t at = 0; at < n;) {
        size_t n_here = frame_records(records + at, n - at, &n_bytes);
        write_frame(log, records + at, n_here, n_bytes);
        at += n_here;
    }
    return true;
}

static bool file_sync(struct commit_log *log, struct err *err)
{
    if (log->durable_seq == log->last_seq)
        return true;
    FAILPOINT("log.before_sync");
    if (!disk_sync(log->fd, log->path, err))
        return false;
    FAILPOINT("log.after_sync");
    log->durable_seq = log->last_seq;
    return true;
}

/* ---- cutting ---- */

/* A segment can go when the next one says that all of it is at or below `seq`.  *spare: the number to keep it under, or 0. */
static bool take_cuttable(struct commit_log *log, uint64_t seq, struct segment *segment,
                          uint64_t *spare)
{
    pthread_mutex_lock(&log->mutex);
    bool found = log->n_segments > 1 && log->segments[1].seq_before <= seq;
    if (found) {
        *segment = log->segments[0];
        memmove(log->segments, log->segments + 1, --log->n_segments * sizeof(*log->segments));
        *spare = segment->bytes == log->segment_bytes && log->n_spares < SPARES_MAX
                     ? log->next_spare++
                     : 0;
    }
    pthread_mutex_unlock(&log->mutex);
    return found;
}

static void offer_spare(struct commit_log *log, uint64_t number)
{
    pthread_mutex_lock(&log->mutex);
    ASSERT(log->n_spares < SPARES_MAX);
    log->spares[log->n_spares++] = number;
    pthread_mutex_unlock(&log->mutex);
}

/* Oldest first, so that what is left is always a row without gaps.  The new name is durable before the file may be written
 * under yet another one: else a power loss could bring back the old name over new contents. */
static bool file_cut(struct commit_log *log, uint64_t seq, struct err *err)
{
    struct segment segment;
    uint64_t spare = 0;
    while (take_cuttable(log, seq, &segment, &spare)) {
        char path[4096], spare_name[4096];
        segment_path(log, segment.number, path, sizeof(path));
        spare_path(log, spare, spare_name, sizeof(spare_name));
        FAILPOINT("log.cut");
        if (!(spare ? disk_rename(path, spare_name, err) : disk_remove(path, err)) ||
            !disk_sync_dir(log->dir, err))
            return false;
        if (spare)
            offer_spare(log, spare);
    }
    return true;
}

static uint64_t file_last_seq(struct commit_log *log)
{
    return log->last_seq;
}

static uint64_t file_size(struct commit_log *log)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&log->mutex);
    for (size_t k = 0; k < log->n_segments; k++)
        bytes += log->segments[k].bytes;
    pthread_mutex_unlock(&log->mutex);
    return bytes;
}

const struct commit_log_ops commit_log_file = {
    .name = "file",
    .open = file_open,
    .replay = file_replay,
    .last_seq = file_last_seq,
    .start = file_start,
    .append = file_append,
    .sync = file_sync,
    .cut = file_cut,
    .size = file_size,
    .close = file_close,
};
