/* wal_cut.c - see wal_cut.h.
 *
 * An asynchronous commit is in its files before its log record is synced.  When the power goes just then, the kernel may have written a
 * file's WAL and not the log: the file is ahead of the log, and other files of the same transaction may lack it.  Such
 * commits were promised to nobody, so they are taken back, which leaves a prefix of what was committed.
 *
 * That is possible because a WAL is not copied into its database file before the log is synced up to there (committer.c), so what is
 * ahead stands in the WAL.  A WAL is a 32-byte header and frames of a 24-byte header and a page; a frame whose second word is
 * not zero ends a commit, and frames whose salts differ from the header's are left from before it started over.  Cutting the file behind
 * an earlier commit frame is what a crash at that moment would have left, so SQLite recovers it. */
#include "shard/wal_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "shard/connection.h"
#include "shard/disk.h"

#define WAL_HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
#define WAL_MAGIC 0x377f0682u /* the last bit tells the byte order of checksums */
#define DEAD_MAN_SWITCH                                                                            \
    128 /* the byte of the -shm file that every open connection holds (sqlite3 os_unix.c) */

static bool read_position(const struct file *file, uint64_t *position, struct err *err)
{
    struct connection connection;
    int64_t value = 0;
    bool found = false;
    if (!connection_open(&connection, file->path, CONNECTION_READER, file->storage->options.vfs,
                         err))
        return false;
    bool ok = connection_integer(
        &connection, "SELECT position FROM _shardlite_applied WHERE id = 1", &value, &found, err);
    connection_close(&connection);
    *position = (uint64_t)value;
    return ok;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The lengths at which the WAL ends with a commit, ascending; the first is that of an empty one. */
struct lengths {
    VEC(off_t) list;
    struct arena *arena;
};

static bool find_commits(int fd, const char *path, struct lengths *lengths, struct err *err)
{
    uint8_t header[WAL_HEADER_BYTES], frame[FRAME_HEADER_BYTES];
    size_t got;
    if (!disk_read(fd, path, header, sizeof(header), 0, &got, err))
        return false;
    if (got < sizeof(header) || (big_endian(header) & ~1u) != WAL_MAGIC)
        return err_set(err, ERR_DATA_CORRUPTED, "\"%s\" is not a WAL", path);
    off_t frame_bytes = FRAME_HEADER_BYTES + (off_t)big_endian(header + 8);
    VEC_PUSH(lengths->arena, &lengths->list, WAL_HEADER_BYTES);
    for (off_t at = WAL_HEADER_BYTES;; at += frame_bytes) {
        if (!disk_read(fd, path, frame, sizeof(frame), at, &got, err))
            return false;
        if (got < sizeof(frame) || memcmp(frame + 8, header + 16, 8) != 0)
            return true;
        if (big_endian(frame + 4) != 0)
            VEC_PUSH(lengths->arena, &lengths->list, at + frame_bytes);
    }
}

/* SQLite takes the index in the -shm file for good while anyone has it open. */
static bool forget_index(const struct file *file, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s-shm", file->path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || disk_error(err, path, "open");
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = DEAD_MAN_SWITCH, .l_len = 1};
    bool alone = fcntl(fd, F_OFD_SETLK, &lock) == 0;
    close(fd);
    if (alone)
        return disk_remove(path, err);
    err_set(err, ERR_OBJECT_IN_USE, "shard file \"%s\" is open in another process", file->path);
    return err_hint(err, "Close it there, then start the server again.");
}

static bool cut_to(const struct file *file, int fd, const char *wal, off_t length, struct err *err)
{
    if (!forget_index(file, err))
        return false;
    return ftruncate(fd, length) == 0 ? disk_sync(fd, wal, err) : disk_error(err, wal, "truncate");
}

static bool cut_back(const struct file *file, int fd, const char *wal, uint64_t last_seq,
                     struct err *err)
{
    struct lengths lengths = {.arena = err->arena};
    uint64_t position;
    if (!find_commits(fd, wal, &lengths, err))
        return false;
    for (size_t k = lengths.list.n; k-- > 0;) {
        if (!cut_to(file, fd, wal, lengths.list.items[k], err) ||
            !read_position(file, &position, err))
            return false;
        if (position <= last_seq)
            return true;
    }
    err_set(err, ERR_DATA_CORRUPTED, "shard file \"%s\" is ahead of the commit log", file->path);
    return err_hint(
        err,
        "Restore the whole data directory from one backup: file and log do not belong together.");
}

bool wal_cut(const struct file *file, uint64_t last_seq, bool *cut, struct err *err)
{
    char wal[4096];
    uint64_t position;
    int fd;
    *cut = false;
    snprintf(wal, sizeof(wal), "%s-wal", file->path);
    if (disk_size(wal) == 0)
        return true;
    if (!read_position(file, &position, err))
        return false;
    if (position <= last_seq)
        return true;
    if (!disk_open(wal, &fd, err))
        return false;
    bool ok = cut_back(file, fd, wal, last_seq, err);
    close(fd);
    *cut = ok;
    if (ok)
        log_line(LOG_INFO_,
                 "recovery: took back from \"%s\" what was committed asynchronously and did not "
                 "reach the commit log",
                 file->path);
    return ok;
}
