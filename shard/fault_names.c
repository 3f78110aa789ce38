/* fault_names.c - names in the simulated disk cache: a created, renamed or removed file is so after a power loss only if
 * its directory was synced.
 *
 * What was done to names and not synced yet is a list, kept in the file <shadow>.names because the process that made it dies.  Syncing a
 * directory mirrors its part of the list in the shadow.  A power loss keeps a prefix of what is left of it, as a journalling file
 * system does, and undoes the rest, latest first.
 *
 * The fault layer must not kill the process between a change and its entry: names_lock() is held over both, and taken by
 * fault_end_process().  Making and removing directories is durable at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shard/fault_int.h"

enum change { CREATED = 'C', RENAMED = 'R', REMOVED = 'D' };

/* Paths are relative to the data directory and begin with '/'. */
struct name_change {
    enum change change;
    char from[FAULT_PATH_BYTES], to[FAULT_PATH_BYTES]; /* `to`: of a rename only */
};

struct names {
    struct name_change *list;
    size_t n;
};

static pthread_mutex_t names_mutex = PTHREAD_MUTEX_INITIALIZER;

void fault_names_lock(void)
{
    pthread_mutex_lock(&names_mutex);
}

void fault_names_unlock(void)
{
    pthread_mutex_unlock(&names_mutex);
}

/* ---- the list on disk ---- */

static FILE *open_list(const char *shadow, const char *mode)
{
    char path[FAULT_PATH_BYTES];
    snprintf(path, sizeof(path), "%s.names", shadow);
    return fopen(path, mode);
}

static bool read_line(FILE *in, char *out)
{
    if (!fgets(out, FAULT_PATH_BYTES, in))
        return false;
    out[strcspn(out, "\n")] = 0;
    return true;
}

static struct names read_list(const char *shadow)
{
    struct names names = {0};
    FILE *in = open_list(shadow, "r");
    struct name_change change;
    char kind[FAULT_PATH_BYTES];
    while (in && read_line(in, kind) && read_line(in, change.from) && read_line(in, change.to)) {
        change.change = (enum change)kind[0];
        names.list = realloc(names.list, (names.n + 1) * sizeof(*names.list));
        ASSERT(names.list != NULL);
        names.list[names.n++] = change;
    }
    if (in)
        fclose(in);
    return names;
}

static void put_change(FILE *out, const struct name_change *change)
{
    fprintf(out, "%c\n%s\n%s\n", change->change, change->from, change->to);
}

static void write_list(const char *shadow, const struct names *names)
{
    FILE *out = open_list(shadow, "w");
    ASSERT(out != NULL);
    for (size_t k = 0; k < names->n; k++)
        put_change(out, &names->list[k]);
    fclose(out);
}

/* Both are called with names_lock() held. */
static void note(enum change kind, const char *from, const char *to)
{
    struct name_change change = {.change = kind};
    if (!fault_relative_path(from, change.from) || (to && !fault_relative_path(to, change.to)))
        return;
    FILE *out = open_list(fault_shadow_dir(), "a");
    ASSERT(out != NULL);
    put_change(out, &change);
    fclose(out);
}

void fault_note_create(const char *path)
{
    note(CREATED, path, NULL);
}

void fault_note_rename(const char *from, const char *to)
{
    note(RENAMED, from, to);
}

void fault_note_remove(const char *path)
{
    note(REMOVED, path, NULL);
}

/* ---- becoming durable ---- */

static void join(char *out, const char *dir, const char *path)
{
    ASSERT(snprintf(out, FAULT_PATH_BYTES, "%s%s", dir, path) < FAULT_PATH_BYTES);
}

/* A file that was synced under its new name is there already, and what is under the old one is stale. */
static void mirror(const char *shadow, const struct name_change *change)
{
    char from[FAULT_PATH_BYTES], to[FAULT_PATH_BYTES];
    struct stat st;
    join(from, shadow, change->from);
    join(to, shadow, change->to);
    switch (change->change) {
    case CREATED:
        break;
    case RENAMED:
        if (lstat(to, &st) == 0)
            unlink(from);
        else
            rename(from, to);
        break;
    case REMOVED:
        unlink(from);
        break;
    }
}

static bool is_in(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* `dir` NULL: all directories. */
static void settle(const char *dir)
{
    struct names names = read_list(fault_shadow_dir()), left = {.list = NULL};
    left.list = calloc(names.n + 1, sizeof(*left.list));
    ASSERT(left.list != NULL);
    for (size_t k = 0; k < names.n; k++) {
        if (!dir || is_in(names.list[k].from, dir))
            mirror(fault_shadow_dir(), &names.list[k]);
        else
            left.list[left.n++] = names.list[k];
    }
    write_list(fault_shadow_dir(), &left);
    free(names.list);
    free(left.list);
}

static const char *forgotten; /* ending of the directories whose syncs count for nothing */

void fault_plant_missing_dir_sync(const char *ending)
{
    forgotten = ending;
}

static bool is_forgotten(const char *dir)
{
    size_t n = strlen(dir), n_ending = forgotten ? strlen(forgotten) : 0;
    return forgotten && n >= n_ending && strcmp(dir + n - n_ending, forgotten) == 0;
}

void fault_note_sync_dir(const char *dir)
{
    char relative[FAULT_PATH_BYTES];
    if (is_forgotten(dir) || !fault_relative_path(dir, relative))
        return;
    fault_names_lock();
    settle(relative);
    fault_names_unlock();
}

void fault_note_sync_all_dirs(void)
{
    if (!fault_shadowing())
        return;
    fault_names_lock();
    settle(NULL);
    fault_names_unlock();
}

/* A removal of the same name is out of date now: the file that was synced is another one. */
void fault_names_file_synced(const char *path, bool with_name)
{
    char relative[FAULT_PATH_BYTES];
    if (!fault_relative_path(path, relative))
        return;
    fault_names_lock();
    struct names names = read_list(fault_shadow_dir());
    size_t n_left = 0;
    for (size_t k = 0; k < names.n; k++) {
        const struct name_change *change = &names.list[k];
        bool same = strcmp(change->from, relative) == 0;
        if (!same || change->change == RENAMED || (change->change == CREATED && !with_name))
            names.list[n_left++] = names.list[k];
    }
    bool changed = n_left != names.n;
    names.n = n_left;
    if (changed)
        write_list(fault_shadow_dir(), &names);
    free(names.list);
    fault_names_unlock();
}

/* ---- after the crash ---- */

static void undo(const char *real, const char *shadow, const struct name_change *change)
{
    char from[FAULT_PATH_BYTES], to[FAULT_PATH_BYTES], shadow_from[FAULT_PATH_BYTES],
        shadow_to[FAULT_PATH_BYTES];
    struct stat st;
    join(from, real, change->from);
    join(to, real, change->to);
    join(shadow_from, shadow, change->from);
    join(shadow_to, shadow, change->to);
    switch (change->change) {
    case CREATED:
        unlink(from);
        unlink(shadow_from);
        break;
    case RENAMED:
        if (lstat(from, &st) != 0)
            rename(to, from);
        if (lstat(shadow_to, &st) == 0)
            rename(shadow_to, shadow_from);
        break;
    case REMOVED:
        if (lstat(from, &st) != 0)
            fault_copy_file(shadow_from, from);
        break;
    }
}

void fault_names_lose(const char *real, const char *shadow, uint64_t random)
{
    struct names names = read_list(shadow);
    size_t kept = random % (names.n + 1);
    for (size_t k = names.n; k-- > kept;)
        undo(real, shadow, &names.list[k]);
    for (size_t k = 0; k < kept; k++)
        mirror(shadow, &names.list[k]);
    free(names.list);
    write_list(shadow, &(struct names){0});
}
