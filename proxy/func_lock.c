/* func_lock.c - advisory locks, and who blocks whom. */
#include "func/call.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"
#include "types/array.h"

enum { SHARED = 1, XACT = 2, TRY = 4, TWO_KEYS = 8 };

/* One bigint key, or two integers: their spaces are apart. */
static bool lock(struct fcall *c, int flags)
{
    bool two = flags & TWO_KEYS, got = true;
    uint64_t key =
        two ? (uint64_t)(uint32_t)ARG_I(c, 0) << 32 | (uint32_t)ARG_I(c, 1) : (uint64_t)ARG_I(c, 0);
    if (!advisory_lock(server.transactions, session_pid(c->env->session), c->env->txn, key,
                       two ? 2 : 1, flags & SHARED, flags & XACT, flags & TRY, &got, c->err))
        return false;
    return flags & TRY ? return_bool(c, got) : return_int(c, 0);
}

static bool unlock(struct fcall *c, int flags)
{
    bool two = flags & TWO_KEYS;
    uint64_t key =
        two ? (uint64_t)(uint32_t)ARG_I(c, 0) << 32 | (uint32_t)ARG_I(c, 1) : (uint64_t)ARG_I(c, 0);
    bool held = advisory_unlock(server.transactions, session_pid(c->env->session), key, two ? 2 : 1,
                                flags & SHARED);
    if (!held)
        session_notice(c->env->session, NOTICE_WARNING, ERR_WARNING,
                       "you don't own a lock of type %s",
                       flags & SHARED ? "ShareLock" : "ExclusiveLock");
    return return_bool(c, held);
}

#define LOCK_FUNC(name, flags)                                                                     \
    static bool name(struct fcall *c)                                                              \
    {                                                                                              \
        return lock(c, flags);                                                                     \
    }                                                                                              \
    static bool name##_2(struct fcall *c)                                                          \
    {                                                                                              \
        return lock(c, (flags) | TWO_KEYS);                                                        \
    }
LOCK_FUNC(lock_exclusive, 0)
LOCK_FUNC(lock_shared, SHARED)
LOCK_FUNC(lock_xact, XACT)
LOCK_FUNC(lock_xact_shared, XACT | SHARED)
LOCK_FUNC(try_lock, TRY)
LOCK_FUNC(try_lock_shared, TRY | SHARED)
LOCK_FUNC(try_xact, TRY | XACT)
LOCK_FUNC(try_xact_shared, TRY | XACT | SHARED)

static bool unlock_one(struct fcall *c)
{
    return unlock(c, 0);
}
static bool unlock_two(struct fcall *c)
{
    return unlock(c, TWO_KEYS);
}
static bool unlock_shared(struct fcall *c)
{
    return unlock(c, SHARED);
}
static bool unlock_shared_two(struct fcall *c)
{
    return unlock(c, SHARED | TWO_KEYS);
}

static bool unlock_all(struct fcall *c)
{
    advisory_unlock_all(server.transactions, session_pid(c->env->session));
    return return_int(c, 0);
}

static bool blocking_pids(struct fcall *c)
{
    int32_t *pids;
    size_t n = lock_blocking_pids(server.transactions, (int32_t)ARG_I(c, 0), c->arena, &pids);
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = datum_int(pids[i]);
    c->result = array_build_1d(c->arena, env_type(c->env, TYPE_INT4), items, (uint32_t)n);
    return true;
}

static bool no_pids(struct fcall *c)
{
    c->result = array_empty(c->arena, env_type(c->env, TYPE_INT4));
    return true;
}

FUNC_TABLE(lock_funcs) = {
    {"pg_advisory_lock_int8", lock_exclusive},
    {"pg_advisory_lock_int4", lock_exclusive_2},
    {"pg_advisory_lock_shared_int8", lock_shared},
    {"pg_advisory_lock_shared_int4", lock_shared_2},
    {"pg_advisory_xact_lock_int8", lock_xact},
    {"pg_advisory_xact_lock_int4", lock_xact_2},
    {"pg_advisory_xact_lock_shared_int8", lock_xact_shared},
    {"pg_advisory_xact_lock_shared_int4", lock_xact_shared_2},
    {"pg_try_advisory_lock_int8", try_lock},
    {"pg_try_advisory_lock_int4", try_lock_2},
    {"pg_try_advisory_lock_shared_int8", try_lock_shared},
    {"pg_try_advisory_lock_shared_int4", try_lock_shared_2},
    {"pg_try_advisory_xact_lock_int8", try_xact},
    {"pg_try_advisory_xact_lock_int4", try_xact_2},
    {"pg_try_advisory_xact_lock_shared_int8", try_xact_shared},
    {"pg_try_advisory_xact_lock_shared_int4", try_xact_shared_2},
    {"pg_advisory_unlock_int8", unlock_one},
    {"pg_advisory_unlock_int4", unlock_two},
    {"pg_advisory_unlock_shared_int8", unlock_shared},
    {"pg_advisory_unlock_shared_int4", unlock_shared_two},
    {"pg_advisory_unlock_all", unlock_all},
    {"pg_blocking_pids", blocking_pids},
    {"pg_safe_snapshot_blocking_pids", no_pids},
    {NULL, NULL},
};
