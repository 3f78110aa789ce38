/* fault.c - see fault.h.  Failpoints and the counters of I/O faults; the VFS is in fault_vfs.c, the shadow directory
 * in fault_shadow.c.  All state is process-wide, under one mutex: speed does not matter once something is armed. */
#include "shard/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shard/fault_int.h"

#define MAX_FAILPOINTS 16
#define NAME_BYTES 64

bool fault_active, failpoints_active;

enum failpoint_action { FAILPOINT_CRASH, FAILPOINT_SLEEP, FAILPOINT_STOP };

struct failpoint {
    char name[NAME_BYTES];
    enum failpoint_action action;
    uint32_t sleep_ms;
    uint64_t left; /* reaches until it fires; sleeping ones fire each time */
};

static struct {
    pthread_mutex_t mutex;
    struct failpoint points[MAX_FAILPOINTS];
    size_t n_points;
    uint64_t count[3];
    uint64_t nth[3];
    enum fault_action action[3];
    bool fired, torn;
    int error;
} faults = {.mutex = PTHREAD_MUTEX_INITIALIZER};

NORETURN void fault_end_process(void)
{
    fault_names_lock();      /* not between a change of a name and its note */
    kill(getpid(), SIGKILL); /* no atexit handlers, no flushes: what a power switch leaves */
    for (;;)
        pause();
}

void failpoint_reached(const char *name)
{
    struct failpoint hit = {.left = 1};
    pthread_mutex_lock(&faults.mutex);
    for (size_t k = 0; k < faults.n_points; k++) {
        struct failpoint *point = &faults.points[k];
        if (strcmp(point->name, name) != 0)
            continue;
        hit = *point;
        hit.left = point->left ? --point->left : 0;
        break;
    }
    pthread_mutex_unlock(&faults.mutex);
    if (!hit.name[0] || (hit.left != 0 && hit.action != FAILPOINT_SLEEP))
        return;
    switch (hit.action) {
    case FAILPOINT_CRASH:
        fault_end_process();
    case FAILPOINT_SLEEP:
        usleep(hit.sleep_ms * 1000);
        break;
    case FAILPOINT_STOP:
        kill(getpid(), SIGSTOP);
        break;
    }
}

static bool parse_point(const char *text, size_t n, struct failpoint *point)
{
    char spec[NAME_BYTES * 2];
    if (n >= sizeof(spec))
        return false;
    memcpy(spec, text, n);
    spec[n] = 0;
    char *action = strchr(spec, '=');
    if (!action || action == spec || action - spec >= NAME_BYTES)
        return false;
    *action++ = 0;
    *point = (struct failpoint){.left = 1};
    memcpy(point->name, spec, (size_t)(action - spec));
    char *at = strchr(action, '@');
    if (at) {
        *at++ = 0;
        point->left = strtoull(at, NULL, 10);
        if (!point->left)
            return false;
    }
    if (strncmp(action, "sleep:", 6) == 0) {
        point->action = FAILPOINT_SLEEP;
        point->sleep_ms = (uint32_t)strtoul(action + 6, NULL, 10);
        return true;
    }
    point->action = strcmp(action, "stop") == 0 ? FAILPOINT_STOP : FAILPOINT_CRASH;
    return point->action == FAILPOINT_STOP || strcmp(action, "crash") == 0;
}

bool failpoints_set(const char *spec, struct err *err)
{
    bool ok = true;
    pthread_mutex_lock(&faults.mutex);
    faults.n_points = 0;
    for (const char *at = spec ? spec : ""; *at && ok;) {
        size_t n = strcspn(at, ",");
        ok =
            faults.n_points < MAX_FAILPOINTS && parse_point(at, n, &faults.points[faults.n_points]);
        faults.n_points += ok;
        at += n + (at[n] == ',');
    }
    failpoints_active = faults.n_points > 0;
    pthread_mutex_unlock(&faults.mutex);
    return ok || err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid failpoint list \"%s\"", spec);
}

void failpoints_from_environment(void)
{
    const char *spec = getenv("SHARDLITE_FAILPOINTS");
    if (!spec || !*spec)
        return;
    struct arena *arena = arena_new("failpoints");
    struct err err = ERR_IN(arena);
    if (!failpoints_set(spec, &err)) {
        fprintf(stderr, "SHARDLITE_FAILPOINTS: %s\n", err.message);
        exit(1);
    }
    arena_free(arena);
}

void fault_arm(enum fault_kind kind, enum fault_action action, uint64_t nth)
{
    pthread_mutex_lock(&faults.mutex);
    memset(faults.count, 0, sizeof(faults.count));
    memset(faults.nth, 0, sizeof(faults.nth));
    faults.nth[kind] = nth;
    faults.action[kind] = action;
    faults.fired = false;
    __atomic_store_n(&fault_active, true, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&faults.mutex);
}

void fault_disarm(void)
{
    pthread_mutex_lock(&faults.mutex);
    memset(faults.nth, 0, sizeof(faults.nth));
    __atomic_store_n(&fault_active, fault_shadowing(), __ATOMIC_RELAXED);
    pthread_mutex_unlock(&faults.mutex);
}

bool fault_fired(void)
{
    return __atomic_load_n(&faults.fired, __ATOMIC_ACQUIRE);
}

uint64_t fault_count(enum fault_kind kind)
{
    return __atomic_load_n(&faults.count[kind], __ATOMIC_RELAXED);
}

int fault_errno(void)
{
    if (faults.torn) /* its first half is written now */
        fault_end_process();
    return faults.error ? faults.error : EIO;
}

/* True if this operation is the one; then *action says what meets it. */
static bool is_the_one(enum fault_kind kind, const char *path, enum fault_action *action)
{
    if (!fault_watches(path))
        return false;
    pthread_mutex_lock(&faults.mutex);
    bool hit = ++faults.count[kind] == faults.nth[kind];
    *action = faults.action[kind];
    if (hit) {
        faults.error = *action == FAULT_FULL ? ENOSPC : EIO;
        __atomic_store_n(&faults.fired, true, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&faults.mutex);
    return hit;
}

bool fault_check(enum fault_kind kind, const char *path)
{
    enum fault_action action;
    if (!is_the_one(kind, path, &action))
        return true;
    if (action == FAULT_CRASH)
        fault_end_process();
    return false;
}

size_t fault_check_write(const char *path, size_t n)
{
    enum fault_action action;
    if (!is_the_one(FAULT_WRITE, path, &action))
        return n;
    switch (action) {
    case FAULT_CRASH:
        fault_end_process();
    case FAULT_TEAR:
        faults.torn = true;
        return n / 2;
    case FAULT_FAIL:
    case FAULT_FULL:
        break;
    }
    return 0;
}
