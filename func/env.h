/* env.h - what a running statement's functions may see of their surroundings.
 *
 * Filled by the session for each statement.  Look-ups that need layers above (catalog, session, transaction) come in
 * as callbacks, so that func/ stays below them. */
#ifndef SHARDLITE_FUNC_ENV_H
#define SHARDLITE_FUNC_ENV_H

#include "types/settings.h"
#include "types/type.h"

struct catalog;
struct session;
struct txn;
struct search_path;
struct query;
struct err;

struct env {
    const struct settings *settings;
    int64_t transaction_us,
        statement_us;    /* now(), statement_timestamp(): timestamptz values (2000 epoch) */
    struct arena *arena; /* the statement's */
    const struct type *(*type)(const struct env *env, uint32_t oid); /* NULL: no such type */
    const struct catalog *catalog; /* this statement's version; for catalog/ and above */
    struct session *session;       /* for proxy/ functions */
    struct txn *txn;
    const char *user, *session_user; /* current_user, session_user */
    uint32_t user_oid;               /* of current_user */
    const struct search_path *path;  /* resolved search_path; NULL: pg_catalog alone */
    /* A sequence gave this value: currval() and lastval().  NULL: nobody keeps it. */
    void (*note_sequence)(const struct env *env, uint32_t sequence_oid, int64_t value);
    /* May env->user_oid run this analysed statement?  Asked for the statements inside of functions.  NULL: anybody may. */
    bool (*may_run)(const struct env *env, const struct query *query, struct err *err);
    uint64_t
        random_seed[2]; /* random(), setseed(): the session's generator state is behind `session` */
};

static inline const struct type *env_type(const struct env *env, uint32_t oid)
{
    return env->type(env, oid);
}

#endif
