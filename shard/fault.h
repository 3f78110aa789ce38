/* fault.h - breaking things on purpose, at a chosen step.
 *
 * Two means, both off unless a test or SHARDLITE_FAILPOINTS turns them on (one predictable branch each):
 *
 *   FAILPOINT("commit.after_decision")  a named step.  "name=crash@3" ends the process at the third time the step is
 *       reached, "name=sleep:50" delays it by 50 ms each time, "name=stop" stops it (SIGSTOP).  Several are separated by ','.
 *   faults of I/O   the n-th write, sync or open below the data directory fails, is torn, or ends the process.
 *       The commit log reaches them through disk.h, SQLite through the VFS of fault_vfs_register().
 *
 * A simulated power loss keeps a shadow directory beside the real one: a file's bytes get there only when they are synced, and
 * its name only when its directory is.  fault_power_loss() then makes the real directory what a disk could hold: for each 512-byte
 * sector that differs, the new or the synced contents, and of the unsynced changes of names some first part, by a seeded choice. */
#ifndef SHARDLITE_SHARD_FAULT_H
#define SHARDLITE_SHARD_FAULT_H

#include "base/err.h"

enum fault_kind { FAULT_WRITE, FAULT_SYNC, FAULT_OPEN };
enum fault_action {
    FAULT_FAIL,  /* EIO */
    FAULT_FULL,  /* ENOSPC; writes only */
    FAULT_TEAR,  /* half of it is written, then the process ends; writes only */
    FAULT_CRASH, /* the process ends before it happens */
};

extern bool fault_active; /* any I/O fault or shadow is set */
extern bool failpoints_active;

#define FAILPOINT(name)                                                                            \
    do {                                                                                           \
        if (UNLIKELY(failpoints_active))                                                           \
            failpoint_reached(name);                                                               \
    } while (0)
void failpoint_reached(const char *name);
/* Parses "name=action[@n],..."; replaces what was set; NULL or "" turns all off.  22023 for what it can't read. */
MUST_CHECK bool failpoints_set(const char *spec, struct err *err);
void failpoints_from_environment(void); /* SHARDLITE_FAILPOINTS; a bad spec ends the process */

/* The nth (1-based) operation of the kind, counted from now, meets `action`; 0 turns it off. */
void fault_arm(enum fault_kind kind, enum fault_action action, uint64_t nth);
bool fault_fired(void);                     /* since fault_arm() */
uint64_t fault_count(enum fault_kind kind); /* operations since fault_arm() */
void fault_disarm(void);

/* Only paths below `real` count and are shadowed.  `shadow` NULL: no shadow.  The caller made both equal. */
void fault_watch(const char *real, const char *shadow);
/* See above; call it in a process that has no file of the directory open. */
MUST_CHECK bool fault_power_loss(const char *real, const char *shadow, uint64_t seed,
                                 struct err *err);
/* Makes "shardlite-fault" a VFS over `base` (NULL: the default one).  Returns its name. */
const char *fault_vfs_register(const char *base);
/* The nth malloc of SQLite's fails (0: off).  Must be installed before sqlite3_initialize(). */
void fault_malloc_install(void);
void fault_malloc_arm(uint64_t nth);
bool fault_malloc_fired(void);

/* ---- for disk.c and the VFS ---- */
bool fault_check(enum fault_kind kind, const char *path);
size_t fault_check_write(const char *path, size_t n);
void fault_note_sync(const char *path);
void fault_note_sync_tree(const char *dir);
void fault_note_sync_dir(const char *dir);
/* From now on syncs of directories whose path ends so do nothing, as if their callers had forgotten them: shows that tests notice. */
void fault_plant_missing_dir_sync(const char *ending);
void fault_note_sync_all_dirs(void);
/* These three with the names locked, from before the change is made. */
void fault_note_create(const char *path);
void fault_note_rename(const char *from, const char *to);
void fault_note_remove(const char *path);
void fault_names_lock(void);
void fault_names_unlock(void);
int fault_errno(void); /* of the write that was just refused */

static inline bool fault_is_active(void)
{
    return UNLIKELY(__atomic_load_n(&fault_active, __ATOMIC_RELAXED));
}
static inline bool fault_allows(enum fault_kind kind, const char *path)
{
    return !fault_is_active() || fault_check(kind, path);
}
static inline size_t fault_write_bytes(const char *path,
                                       size_t n) /* how many of n may be written */
{
    return !fault_is_active() ? n : fault_check_write(path, n);
}
static inline void fault_synced(const char *path)
{
    if (fault_is_active())
        fault_note_sync(path);
}
static inline void fault_synced_tree(const char *dir)
{
    if (fault_is_active())
        fault_note_sync_tree(dir);
}
static inline void fault_synced_dir(const char *dir)
{
    if (fault_is_active())
        fault_note_sync_dir(dir);
}

#endif
