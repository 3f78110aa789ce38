/* disk.c - see disk.h. */
#include "shard/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shard/fault.h"

bool disk_error(struct err *err, const char *path, const char *what)
{
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT;
    err_set(err, full ? ERR_DISK_FULL : ERR_IO_ERROR, "could not %s file \"%s\": %s", what, path,
            strerror(error));
    if (full)
        err_hint(err, "Free some space on the file system that holds the data directory.");
    return false;
}

static bool open_file(const char *path, int flags, int *fd, struct err *err)
{
    if (!fault_allows(FAULT_OPEN, path)) {
        errno = EIO;
        return disk_error(err, path, "open");
    }
    if (fault_is_active() && flags & O_CREAT) {
        fault_names_lock();
        bool is_new = !disk_exists(path);
        *fd = open(path, flags | O_CLOEXEC, 0600);
        int error = errno;
        if (*fd >= 0 && is_new)
            fault_note_create(path);
        fault_names_unlock();
        errno = error;
    } else {
        *fd = open(path, flags | O_CLOEXEC, 0600);
    }
    return *fd >= 0 || disk_error(err, path, flags & O_CREAT ? "create" : "open");
}

bool disk_create(const char *path, int *fd, struct err *err)
{
    return open_file(path, O_RDWR | O_CREAT | O_TRUNC, fd, err);
}

bool disk_open(const char *path, int *fd, struct err *err)
{
    return open_file(path, O_RDWR, fd, err);
}

bool disk_write(int fd, const char *path, const void *bytes, size_t n, off_t at, struct err *err)
{
    const char *p = bytes;
    size_t allowed = fault_write_bytes(path, n);
    for (size_t done = 0; done < allowed;) {
        ssize_t put = pwrite(fd, p + done, allowed - done, at + (off_t)done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return disk_error(err, path, "write");
        done += (size_t)put;
    }
    if (allowed == n)
        return true;
    errno = fault_errno();
    return disk_error(err, path, "write");
}

bool disk_read(int fd, const char *path, void *bytes, size_t n, off_t at, size_t *got,
               struct err *err)
{
    char *p = bytes;
    *got = 0;
    while (*got < n) {
        ssize_t bytes_read = pread(fd, p + *got, n - *got, at + (off_t)*got);
        if (bytes_read < 0 && errno == EINTR)
            continue;
        if (bytes_read < 0)
            return disk_error(err, path, "read");
        if (bytes_read == 0)
            break;
        *got += (size_t)bytes_read;
    }
    return true;
}

bool disk_reserve(int fd, const char *path, uint64_t n, struct err *err)
{
    bool allowed = fault_write_bytes(path, n) == n;
    errno = allowed ? posix_fallocate(fd, 0, (off_t)n) : fault_errno();
    return errno == 0 || disk_error(err, path, "reserve space in");
}

bool disk_sync(int fd, const char *path, struct err *err)
{
    if (!fault_allows(FAULT_SYNC, path)) {
        errno = EIO;
        return disk_error(err, path, "sync");
    }
    if (fdatasync(fd) != 0)
        return disk_error(err, path, "sync");
    fault_synced(path);
    return true;
}

static bool with_dir(const char *dir, int (*fn)(int), struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return disk_error(err, dir, "open");
    bool ok = fn(fd) == 0 || disk_error(err, dir, "sync");
    close(fd);
    return ok;
}

bool disk_sync_dir(const char *dir, struct err *err)
{
    if (!fault_allows(FAULT_SYNC, dir)) {
        errno = EIO;
        return disk_error(err, dir, "sync");
    }
    if (!with_dir(dir, fsync, err))
        return false;
    fault_synced_dir(dir);
    return true;
}

bool disk_sync_all(const char *dir, struct err *err)
{
    if (!fault_allows(FAULT_SYNC, dir)) {
        errno = EIO;
        return disk_error(err, dir, "sync");
    }
    if (!with_dir(dir, syncfs, err))
        return false;
    fault_synced_tree(dir);
    return true;
}

/* Changes a name; to the fault layer the change and its note are one step. */
static int change_name(int (*change)(const char *from, const char *to), const char *from,
                       const char *to, void (*note)(const char *from, const char *to))
{
    if (!fault_is_active())
        return change(from, to);
    fault_names_lock();
    int rc = change(from, to);
    int error = errno;
    if (rc == 0)
        note(from, to);
    fault_names_unlock();
    errno = error;
    return rc;
}

bool disk_rename(const char *from, const char *to, struct err *err)
{
    return change_name(rename, from, to, fault_note_rename) == 0 || disk_error(err, from, "rename");
}

bool disk_mkdir(const char *path, struct err *err)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST || disk_error(err, path, "create");
}

static int remove_name(const char *path, const char *unused)
{
    return unlink(path);
}

static void note_removed(const char *path, const char *unused)
{
    fault_note_remove(path);
}

bool disk_remove(const char *path, struct err *err)
{
    return change_name(remove_name, path, NULL, note_removed) == 0 || errno == ENOENT ||
           disk_error(err, path, "remove");
}

/* Depth is ours: the data directory has two levels. */
bool disk_remove_tree(const char *path, struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT || (errno == ENOTDIR && disk_remove(path, err)) ||
               disk_error(err, path, "open");
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        char child[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        ok = disk_remove_tree(child, err);
    }
    closedir(dir);
    return ok && (rmdir(path) == 0 || disk_error(err, path, "remove"));
}

bool disk_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int64_t disk_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}
