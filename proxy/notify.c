/* notify.c - LISTEN, NOTIFY, UNLISTEN.
 *
 * One table a process: (database, channel) -> the sessions that listen.  NOTIFY waits in its transaction for the commit; then each
 * listener's loop gets a copy, in commit order, and tells its client when that is idle outside a block.  LISTEN and UNLISTEN
 * take effect at commit, too. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/session_int.h"

#define LISTEN 1
#define UNLISTEN 2

struct listeners {
    int32_t *pids;
    size_t n, cap;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct map *channels; /* guarded by mutex */

struct channel_key {
    uint32_t database;
    char name[64];
};

static struct channel_key key_of(const struct session *s, const char *channel)
{
    struct channel_key key;
    memset(&key, 0, sizeof(key));
    key.database = database_oid(s->database);
    memcpy(key.name, channel, strnlen(channel, sizeof(key.name) - 1));
    return key;
}

/* ---- the table (with the mutex held) ---- */

static void add_listener(const struct session *s, const char *channel)
{
    struct channel_key key = key_of(s, channel);
    if (!channels)
        channels = map_new();
    struct listeners *list = map_get(channels, &key, sizeof(key));
    if (!list) {
        list = calloc(1, sizeof(*list));
        ASSERT(list != NULL);
        map_put(channels, &key, sizeof(key), list);
    }
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->pids = realloc(list->pids, list->cap * sizeof(*list->pids));
        ASSERT(list->pids != NULL);
    }
    list->pids[list->n++] = s->pid;
}

static void remove_listener(const struct session *s, const char *channel)
{
    struct channel_key key = key_of(s, channel);
    struct listeners *list = channels ? map_get(channels, &key, sizeof(key)) : NULL;
    for (size_t i = 0; list && i < list->n; i++)
        if (list->pids[i] == s->pid) {
            list->pids[i] = list->pids[--list->n];
            break;
        }
    if (list && list->n == 0) {
        map_remove(channels, &key, sizeof(key));
        free(list->pids);
        free(list);
    }
}

/* ---- delivery ---- */

static struct pending_notification *notification_new(int32_t pid, const char *channel,
                                                     const char *payload)
{
    size_t n_channel = strlen(channel) + 1, n_payload = strlen(payload) + 1;
    struct pending_notification *note = malloc(sizeof(*note) + n_channel + n_payload);
    ASSERT(note != NULL);
    *note = (struct pending_notification){.pid = pid};
    note->channel = (char *)(note + 1);
    note->payload = note->channel + n_channel;
    memcpy(note->channel, channel, n_channel);
    memcpy(note->payload, payload, n_payload);
    return note;
}

static void append(struct pending_notification **list, struct pending_notification *note)
{
    while (*list)
        list = &(*list)->next;
    note->next = NULL;
    *list = note;
}

static void free_all(struct pending_notification **list)
{
    while (*list) {
        struct pending_notification *note = *list;
        *list = note->next;
        free(note);
    }
}

/* On the listener's loop.  sessions_post() frees `arg` afterwards, so a copy is kept. */
static void receive(struct session *s, void *arg)
{
    const struct pending_notification *note = arg;
    append(&s->notify_in, notification_new(note->pid, note->channel, note->payload));
    session_poke(s);
}

static void send_to_all(struct session *s, const struct pending_notification *note)
{
    struct channel_key key = key_of(s, note->channel);
    struct arena *arena = arena_new("listeners");
    pthread_mutex_lock(&mutex);
    struct listeners *list = channels ? map_get(channels, &key, sizeof(key)) : NULL;
    size_t n = list ? list->n : 0;
    int32_t *pids = list ? arena_memdup(arena, list->pids, n * sizeof(*pids)) : NULL;
    pthread_mutex_unlock(&mutex);
    for (size_t i = 0; i < n; i++) {
        struct pending_notification *copy =
            notification_new(note->pid, note->channel, note->payload);
        if (pids[i] == s->pid)
            append(&s->notify_in, copy);
        else
            sessions_post(pids[i], receive, copy);
    }
    arena_free(arena);
}

void notify_deliver(struct session *s)
{
    for (struct pending_notification *note = s->notify_in; note; note = note->next)
        wire_notification(&s->out, note->pid, note->channel, note->payload);
    free_all(&s->notify_in);
}

/* ---- within a transaction ---- */

void notify_send(struct session *s, const char *channel, const char *payload)
{
    for (struct pending_notification *note = s->notify_out; note; note = note->next)
        if (strcmp(note->channel, channel) == 0 && strcmp(note->payload, payload) == 0)
            return; /* once a transaction is enough */
    struct pending_notification *note = notification_new(s->pid, channel, payload);
    note->level = session_level(s);
    append(&s->notify_out, note);
}

static void pend(struct session *s, const char *channel, uintptr_t what)
{
    if (!s->listen_pending)
        s->listen_pending = map_new();
    map_put(s->listen_pending, channel, strlen(channel) + 1, (void *)what);
}

void notify_listen(struct session *s, const char *channel)
{
    pend(s, channel, LISTEN);
}

void notify_unlisten(struct session *s, const char *channel)
{
    if (channel) {
        pend(s, channel, UNLISTEN);
        return;
    }
    map_free(s->listen_pending);
    s->listen_pending = NULL;
    s->unlisten_all_pending = true;
}

bool notify_is_pending(const struct session *s)
{
    return s->notify_out || s->unlisten_all_pending || s->listen_pending;
}

static void stop_listening_to_all(struct session *s)
{
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    if (!s->listening)
        return;
    pthread_mutex_lock(&mutex);
    while (map_next(s->listening, &at, &key, &key_bytes, &value))
        remove_listener(s, key);
    pthread_mutex_unlock(&mutex);
    map_free(s->listening);
    s->listening = NULL;
}

static void apply_listens(struct session *s)
{
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    pthread_mutex_lock(&mutex);
    while (map_next(s->listen_pending, &at, &key, &key_bytes, &value)) {
        if (!s->listening)
            s->listening = map_new();
        bool listens = map_get(s->listening, key, key_bytes) != NULL;
        if ((uintptr_t)value == LISTEN && !listens) {
            map_put(s->listening, key, key_bytes, s);
            add_listener(s, key);
        } else if ((uintptr_t)value == UNLISTEN && listens) {
            map_remove(s->listening, key, key_bytes);
            remove_listener(s, key);
        }
    }
    pthread_mutex_unlock(&mutex);
    map_free(s->listen_pending);
    s->listen_pending = NULL;
}

void notify_commit(struct session *s)
{
    if (s->unlisten_all_pending)
        stop_listening_to_all(s);
    s->unlisten_all_pending = false;
    if (s->listen_pending)
        apply_listens(s);
    for (struct pending_notification *note = s->notify_out; note; note = note->next)
        send_to_all(s, note);
    free_all(&s->notify_out);
}

void notify_abort(struct session *s, uint32_t level)
{
    struct pending_notification **at = &s->notify_out;
    while (*at) {
        struct pending_notification *note = *at;
        if (note->level >= level) {
            *at = note->next;
            free(note);
        } else {
            at = &note->next;
        }
    }
    if (level > 1)
        return;
    map_free(s->listen_pending);
    s->listen_pending = NULL;
    s->unlisten_all_pending = false;
}

void notify_release(struct session *s, uint32_t level)
{
    for (struct pending_notification *note = s->notify_out; note; note = note->next)
        if (note->level >= level)
            note->level = level - 1;
}

void notify_forget(struct session *s)
{
    notify_abort(s, 1);
    stop_listening_to_all(s);
    free_all(&s->notify_in);
}
