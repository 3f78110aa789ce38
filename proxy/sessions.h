/* sessions.h - who is connected: look-up by pid for cancel, terminate and notify, and the rows of pg_stat_activity.
 *
 * One list a process, under a mutex.  A session is touched by its own loop only; so what others want of it is posted there by pid. */
#ifndef SHARDLITE_PROXY_SESSIONS_H
#define SHARDLITE_PROXY_SESSIONS_H

#include "proxy/loop.h"

struct session;

/* What a session shows of itself.  Written by its loop under the list's mutex (sessions_update). */
#define SESSION_QUERY_BYTES_MAX 1024 /* track_activity_query_size: of a query shown, with its NUL */

struct session_view {
    int32_t pid;
    uint32_t database_oid, role_oid;
    const char *database, *user, *application, *client_address;
    int client_port;
    int64_t backend_start, transaction_start, query_start,
        state_change; /* 2000 epoch microseconds; 0 none */
    const char *state, *query;
};

/* The place of one session in the list; its own loop only. */
struct session_entry;
/* Gives the new session its pid and secret; NULL when `max` are there. */
struct session_entry *sessions_add(struct session *session, struct loop *loop, uint32_t max,
                                   int32_t *pid, uint32_t *secret);
void sessions_remove(struct session_entry *entry);
uint32_t sessions_count(void);
uint32_t sessions_count_in(const char *database); /* other sessions' databases: DROP DATABASE */
/* Posts fn(session, arg) to the loop of the session if it is still there then; `arg` is freed with free() afterwards.  False: no such pid. */
bool sessions_post(int32_t pid, void (*fn)(struct session *session, void *arg), void *arg);
/* The same if the secret is right. */
bool sessions_post_cancel(int32_t pid, uint32_t secret,
                          void (*fn)(struct session *session, void *arg));
/* Posts to all; with `database` only to those connected to it.  `make` gives each its own argument (NULL: none). */
void sessions_post_all(const char *database, void (*fn)(struct session *session, void *arg));
/* Copies of all views, ordered by pid. */
size_t sessions_view(struct arena *arena, struct session_view **views);
/* Changes what is shown: any NULL text is left as it is. */
void sessions_show_identity(struct session_entry *entry, const struct session_view *view);
/* What it runs, or ran last, cut as pg_stat_activity shows it; NULL: nothing yet.  The session's own thread. */
const char *sessions_query(const struct session_entry *entry);
void sessions_show_state(struct session_entry *entry, const char *state, const char *query,
                         size_t query_bytes, int64_t now, int64_t transaction_start);
void sessions_show_application(struct session_entry *entry, const char *application);
MUST_CHECK bool sessions_user_of(int32_t pid, uint32_t *role_oid); /* false: no such pid */

#endif
