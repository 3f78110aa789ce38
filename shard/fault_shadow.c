/* fault_shadow.c - the simulated disk cache: what would be left after a power loss.
 *
 * The shadow directory holds of each file what was synced.  A sync copies the whole file (test data is small).  What
 * happens to names is in fault_names.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shard/disk.h"
#include "shard/fault_int.h"

#define SECTOR_BYTES 512

static char watched[FAULT_PATH_BYTES], shadow_dir[FAULT_PATH_BYTES];
static pthread_mutex_t shadow_mutex = PTHREAD_MUTEX_INITIALIZER;

void fault_watch(const char *real, const char *shadow)
{
    snprintf(watched, sizeof(watched), "%s", real ? real : "");
    snprintf(shadow_dir, sizeof(shadow_dir), "%s", shadow ? shadow : "");
    fault_active = fault_active || shadow_dir[0];
}

bool fault_shadowing(void)
{
    return shadow_dir[0] != 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

bool fault_watches(const char *path)
{
    size_t n = strlen(watched);
    return n && strncmp(path, watched, n) == 0 && (path[n] == '/' || !path[n]) &&
           !ends_with(path, "-shm");
}

const char *fault_shadow_dir(void)
{
    return shadow_dir;
}

bool fault_relative_path(const char *path, char out[FAULT_PATH_BYTES])
{
    if (!shadow_dir[0] || !fault_watches(path))
        return false;
    return snprintf(out, FAULT_PATH_BYTES, "%s", path + strlen(watched)) < FAULT_PATH_BYTES;
}

static bool shadow_path(const char *path, char out[FAULT_PATH_BYTES])
{
    char relative[FAULT_PATH_BYTES];
    return fault_relative_path(path, relative) &&
           snprintf(out, FAULT_PATH_BYTES, "%s%s", shadow_dir, relative) < FAULT_PATH_BYTES;
}

static void make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

static char *read_all(const char *path, size_t *n)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *bytes = fstat(fd, &st) == 0 ? calloc(1, (size_t)st.st_size + 1) : NULL;
    *n = bytes && pread(fd, bytes, (size_t)st.st_size, 0) == st.st_size ? (size_t)st.st_size : 0;
    close(fd);
    return bytes;
}

/* In one step as others see it: the process may be killed meanwhile by a fault that another thread meets. */
static bool write_all(const char *path, const char *bytes, size_t n)
{
    char fresh[FAULT_PATH_BYTES];
    if (snprintf(fresh, sizeof(fresh), "%s.tmp", path) >= (int)sizeof(fresh))
        return false;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n;
    if (fd >= 0)
        close(fd);
    return ok && rename(fresh, path) == 0;
}

void fault_note_sync(const char *path)
{
    char copy[FAULT_PATH_BYTES];
    if (!shadow_path(path, copy))
        return;
    pthread_mutex_lock(&shadow_mutex);
    size_t n = 0;
    /* Closing a database file drops the POSIX locks SQLite holds on it: harmless, for a watched
     * directory has one process only and SQLite keeps the locks within a process itself. */
    char *bytes = read_all(path, &n);
    if (bytes) {
        make_parents(copy);
        write_all(copy, bytes, n);
    }
    free(bytes);
    pthread_mutex_unlock(&shadow_mutex);
    /* SQLite syncs the directory itself when it syncs a new journal or WAL. */
    fault_names_file_synced(path, ends_with(path, "-wal") || ends_with(path, "-journal"));
}

bool fault_copy_file(const char *from, const char *to)
{
    char path[FAULT_PATH_BYTES];
    size_t n = 0;
    char *bytes = read_all(from, &n);
    snprintf(path, sizeof(path), "%s", to);
    make_parents(path);
    bool ok = bytes && write_all(to, bytes, n);
    free(bytes);
    return ok;
}

static void each_file(const char *dir, void (*fn)(const char *path, void *arg), void *arg)
{
    DIR *stream = opendir(dir);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char path[FAULT_PATH_BYTES];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        if (lstat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            each_file(path, fn, arg);
        else
            fn(path, arg);
    }
    if (stream)
        closedir(stream);
}

static void note_one(const char *path, void *arg)
{
    fault_note_sync(path);
}

void fault_note_sync_tree(const char *dir)
{
    if (!shadow_dir[0])
        return;
    each_file(dir, note_one, NULL);
    fault_note_sync_all_dirs();
}

/* ---- after the crash ---- */

struct power_loss {
    const char *real, *shadow;
    uint64_t random;
    bool ok;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Old or new, sector by sector; the length is one of the two as well. */
static void lose_one(const char *path, void *arg)
{
    struct power_loss *loss = arg;
    char copy[FAULT_PATH_BYTES];
    if (ends_with(path, "-shm")) {
        unlink(path);
        return;
    }
    snprintf(copy, sizeof(copy), "%s%s", loss->shadow, path + strlen(loss->real));
    size_t n_new = 0, n_old = 0;
    char *fresh = read_all(path, &n_new);
    char *synced = read_all(copy, &n_old);
    size_t n = next_random(&loss->random) & 1 ? n_new : n_old;
    char *mixed = calloc(1, n + 1);
    loss->ok = loss->ok && fresh && mixed;
    for (size_t at = 0; loss->ok && at < n; at += SECTOR_BYTES) {
        bool take_new = next_random(&loss->random) & 1;
        const char *from = take_new ? fresh : synced;
        size_t n_from = take_new ? n_new : n_old;
        if (from && at < n_from)
            memcpy(mixed + at, from + at, MIN(SECTOR_BYTES, MIN(n, n_from) - at));
    }
    loss->ok = loss->ok && write_all(path, mixed, n);
    free(fresh);
    free(synced);
    free(mixed);
}

bool fault_power_loss(const char *real, const char *shadow, uint64_t seed, struct err *err)
{
    struct power_loss loss = {.real = real,
                              .shadow = shadow,
                              .random = seed * 2654435761u + 88172645463325252u,
                              .ok = true};
    fault_names_lose(real, shadow, next_random(&loss.random));
    each_file(real, lose_one, &loss);
    return loss.ok || err_set(err, ERR_IO_ERROR, "could not simulate a power loss in \"%s\"", real);
}
