/* sessions.c - see sessions.h.  Entries are found by pid in a hash map; texts of an entry are its own copies.
 *
 * A post names the pid, not the session: by the time the loop gets to it the session may have ended, and the map says so. */
#include "proxy/sessions.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

#define FIRST_PID 100

struct session_entry {
    uint32_t lock; /* of view and texts: taken for a few copies only, so one spins */
    struct session *session;
    struct loop *loop;
    uint32_t secret;
    struct session_view view;
    char database[64], user[64], application[64], address[64];
    char *query; /* SESSION_QUERY_BYTES_MAX, made on first use */
};

struct post {
    int32_t pid;
    void (*fn)(struct session *session, void *arg);
    void *arg;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct imap *entries;
static int32_t next_pid = FIRST_PID;

static void lock(struct session_entry *entry)
{
    while (__atomic_exchange_n(&entry->lock, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void unlock(struct session_entry *entry)
{
    __atomic_store_n(&entry->lock, 0, __ATOMIC_RELEASE);
}

struct session_entry *sessions_add(struct session *session, struct loop *loop, uint32_t max,
                                   int32_t *pid, uint32_t *secret)
{
    struct session_entry *entry = calloc(1, sizeof(*entry));
    ASSERT(entry != NULL);
    if (RAND_bytes((unsigned char *)secret, sizeof(*secret)) != 1)
        *secret = (uint32_t)clock_monotonic_us();
    pthread_mutex_lock(&mutex);
    if (!entries)
        entries = imap_new();
    bool ok = imap_count(entries) < max;
    do
        next_pid = next_pid == INT32_MAX ? FIRST_PID : next_pid + 1;
    while (imap_get(entries, (uint64_t)next_pid));
    *pid = next_pid;
    *entry = (struct session_entry){
        .session = session, .loop = loop, .secret = *secret, .view.pid = *pid};
    if (ok)
        imap_put(entries, (uint64_t)*pid, entry);
    pthread_mutex_unlock(&mutex);
    if (!ok)
        free(entry);
    return ok ? entry : NULL;
}

void sessions_remove(struct session_entry *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&mutex);
    imap_remove(entries, (uint64_t)entry->view.pid);
    pthread_mutex_unlock(&mutex);
    free(entry->query);
    free(entry);
}

uint32_t sessions_count(void)
{
    pthread_mutex_lock(&mutex);
    uint32_t n = entries ? (uint32_t)imap_count(entries) : 0;
    pthread_mutex_unlock(&mutex);
    return n;
}

/* With the mutex held. */
static struct session_entry *entry_of(int32_t pid)
{
    return entries ? imap_get(entries, (uint64_t)pid) : NULL;
}

uint32_t sessions_count_in(const char *database)
{
    uint32_t n = 0;
    size_t at = 0;
    uint64_t key;
    void *value;
    pthread_mutex_lock(&mutex);
    while (entries && imap_next(entries, &at, &key, &value))
        n += strcmp(((struct session_entry *)value)->database, database) == 0;
    pthread_mutex_unlock(&mutex);
    return n;
}

static void deliver(void *arg)
{
    struct post *post = arg;
    pthread_mutex_lock(&mutex);
    struct session_entry *entry = entry_of(post->pid);
    struct session *session = entry ? entry->session : NULL;
    pthread_mutex_unlock(&mutex);
    /* Sessions end on this very thread, so it stays alive during the call. */
    if (session)
        post->fn(session, post->arg);
    free(post->arg);
    free(post);
}

static void post_to(const struct session_entry *entry,
                    void (*fn)(struct session *session, void *arg), void *arg)
{
    struct post *post = malloc(sizeof(*post));
    ASSERT(post != NULL);
    *post = (struct post){.pid = entry->view.pid, .fn = fn, .arg = arg};
    loop_post(entry->loop, deliver, post);
}

bool sessions_post(int32_t pid, void (*fn)(struct session *session, void *arg), void *arg)
{
    pthread_mutex_lock(&mutex);
    struct session_entry *entry = entry_of(pid);
    if (entry)
        post_to(entry, fn, arg);
    pthread_mutex_unlock(&mutex);
    if (!entry)
        free(arg);
    return entry != NULL;
}

bool sessions_post_cancel(int32_t pid, uint32_t secret,
                          void (*fn)(struct session *session, void *arg))
{
    pthread_mutex_lock(&mutex);
    struct session_entry *entry = entry_of(pid);
    bool ok = entry && entry->secret == secret;
    if (ok)
        post_to(entry, fn, NULL);
    pthread_mutex_unlock(&mutex);
    return ok;
}

void sessions_post_all(const char *database, void (*fn)(struct session *session, void *arg))
{
    size_t at = 0;
    uint64_t key;
    void *value;
    pthread_mutex_lock(&mutex);
    while (entries && imap_next(entries, &at, &key, &value)) {
        struct session_entry *entry = value;
        if (!database || strcmp(entry->database, database) == 0)
            post_to(entry, fn, NULL);
    }
    pthread_mutex_unlock(&mutex);
}

static int compare_views(const void *a, const void *b)
{
    int32_t x = ((const struct session_view *)a)->pid, y = ((const struct session_view *)b)->pid;
    return (x > y) - (x < y);
}

size_t sessions_view(struct arena *arena, struct session_view **views)
{
    size_t n = 0, at = 0;
    uint64_t key;
    void *value;
    pthread_mutex_lock(&mutex);
    size_t count = entries ? imap_count(entries) : 0;
    *views = ARENA_ARRAY(arena, struct session_view, count + 1);
    while (entries && imap_next(entries, &at, &key, &value)) {
        struct session_entry *entry = value;
        struct session_view *view = &(*views)[n++];
        lock(entry);
        *view = entry->view;
        view->database = arena_strdup(arena, entry->database);
        view->user = arena_strdup(arena, entry->user);
        view->application = arena_strdup(arena, entry->application);
        view->client_address = arena_strdup(arena, entry->address);
        view->query = arena_strdup(arena, entry->query ? entry->query : "");
        unlock(entry);
    }
    pthread_mutex_unlock(&mutex);
    qsort(*views, n, sizeof(**views), compare_views);
    return n;
}

static void copy_text(char *to, size_t room, const char *from)
{
    if (!from)
        return;
    size_t n = strnlen(from, room - 1);
    memcpy(to, from, n);
    to[n] = 0;
}

void sessions_show_identity(struct session_entry *entry, const struct session_view *view)
{
    pthread_mutex_lock(&mutex); /* sessions_count_in() looks at the database */
    lock(entry);
    entry->view.database_oid = view->database_oid;
    entry->view.role_oid = view->role_oid;
    entry->view.client_port = view->client_port;
    entry->view.backend_start = view->backend_start;
    copy_text(entry->database, sizeof(entry->database), view->database);
    copy_text(entry->user, sizeof(entry->user), view->user);
    copy_text(entry->application, sizeof(entry->application), view->application);
    copy_text(entry->address, sizeof(entry->address), view->client_address);
    unlock(entry);
    pthread_mutex_unlock(&mutex);
}

void sessions_show_state(struct session_entry *entry, const char *state, const char *query,
                         size_t query_bytes, int64_t now, int64_t transaction_start)
{
    lock(entry);
    entry->view.state = state;
    entry->view.state_change = now;
    entry->view.transaction_start = transaction_start;
    if (query) {
        if (!entry->query)
            entry->query = malloc(SESSION_QUERY_BYTES_MAX);
        size_t n = MIN(query_bytes, SESSION_QUERY_BYTES_MAX - 1);
        if (entry->query) {
            memcpy(entry->query, query, n);
            entry->query[n] = 0;
        }
        entry->view.query_start = now;
    }
    unlock(entry);
}

const char *sessions_query(const struct session_entry *entry)
{
    return entry->query;
}

void sessions_show_application(struct session_entry *entry, const char *application)
{
    lock(entry);
    copy_text(entry->application, sizeof(entry->application), application);
    unlock(entry);
}

bool sessions_user_of(int32_t pid, uint32_t *role_oid)
{
    pthread_mutex_lock(&mutex);
    struct session_entry *entry = entry_of(pid);
    if (entry)
        *role_oid = entry->view.role_oid;
    pthread_mutex_unlock(&mutex);
    return entry != NULL;
}
