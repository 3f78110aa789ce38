/* spill.c - see spill.h.  The file only grows at its end; released ranges become holes. */
#include "exec/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_BYTES_DEFAULT ((size_t)64 << 20)

static size_t default_limit_bytes = LIMIT_BYTES_DEFAULT;
static const char *default_folder;

void spill_configure(size_t limit_bytes, const char *folder)
{
    default_limit_bytes = limit_bytes ? limit_bytes : LIMIT_BYTES_DEFAULT;
    default_folder = folder;
}

static void close_file(void *arg)
{
    struct workspace *workspace = arg;
    if (workspace->fd >= 0)
        close(workspace->fd);
    workspace->fd = -1;
}

struct workspace *workspace_new(struct arena *arena)
{
    struct workspace *workspace = ARENA_NEW(arena, struct workspace);
    workspace->limit_bytes = default_limit_bytes;
    workspace->arena = arena;
    workspace->fd = -1;
    return workspace;
}

static bool io_error(struct err *err, const char *action)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return err_set(err, full ? ERR_DISK_FULL : ERR_IO_ERROR, "could not %s temporary file: %s",
                   action, strerror(errno));
}

/* File systems without O_TMPFILE get a named file that loses its name at once. */
static int open_unnamed(struct arena *arena, const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT))
        return fd;
    char *path = arena_printf(arena, "%s/spill-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static bool open_file(struct workspace *workspace, struct err *err)
{
    const char *folder = default_folder;
    if (folder && mkdir(folder, 0700) != 0 && errno != EEXIST)
        return io_error(err, "create a folder for a");
    if (!folder)
        folder = getenv("TMPDIR");
    workspace->fd = open_unnamed(workspace->arena, folder && *folder ? folder : "/tmp");
    if (workspace->fd < 0)
        return io_error(err, "create");
    arena_on_free(workspace->arena, close_file, workspace);
    return true;
}

bool spill_write(struct workspace *workspace, const void *bytes, size_t n, uint64_t *offset,
                 struct err *err)
{
    const char *at = bytes;
    if (workspace->fd < 0 && !open_file(workspace, err))
        return false;
    *offset = workspace->end;
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(workspace->fd, at + done, n - done, (off_t)(*offset + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            if (wrote == 0)
                errno = ENOSPC;
            return io_error(err, "write to");
        }
        done += (size_t)wrote;
    }
    workspace->end += n;
    workspace->spilled_bytes += n;
    return true;
}

bool spill_read(struct workspace *workspace, uint64_t offset, void *bytes, size_t n,
                struct err *err)
{
    char *at = bytes;
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(workspace->fd, at + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(err, "read from");
        if (got == 0)
            return err_set(err, ERR_IO_ERROR, "could not read from temporary file: it ends early");
        done += (size_t)got;
    }
    return true;
}

void spill_release(struct workspace *workspace, uint64_t offset, size_t n)
{
    if (workspace->fd >= 0)
        (void)!fallocate(workspace->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                         (off_t)n);
}
