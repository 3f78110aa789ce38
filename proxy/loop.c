/* loop.c - the turn of an event loop: wait, hand out events, run posts, deadlines and ready fibers, free the dead.
 *
 * A mailbox (mutex, list, eventfd) carries calls from other threads.  The eventfd is written only when the loop may be
 * asleep (`asleep`), so a busy loop costs its posters no system call. */
#include "proxy/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define SPARES_MAX 64
#define SPARE_ARENA_BYTES_MAX 65536
#define LOOP_STACK_BYTES (8u * 1024 * 1024)

struct call {
    struct call *next;
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    uint32_t index;
    int epoll_fd, event_fd;
    pthread_t thread;
    struct fiber_host *fibers;
    struct epoll_event events[EVENTS_PER_TURN];
    int n_events, at_event;
    int64_t now_us;
    uint32_t asleep, stopping, load; /* atomic */
    pthread_mutex_t mutex;
    struct call *posts, **posts_tail; /* guarded by mutex */
    struct call *turn_end;
    void *buffers[SPARES_MAX];
    struct arena *arenas[SPARES_MAX];
    uint32_t n_buffers, n_arenas;
};

static void wake(void *arg)
{
    struct loop *loop = arg;
    if (__atomic_exchange_n(&loop->asleep, 0, __ATOMIC_SEQ_CST)) {
        uint64_t one = 1;
        ssize_t n = write(loop->event_fd, &one, sizeof(one));
        (void)n; /* a full counter wakes just as well */
    }
}

struct loop *loop_new(uint32_t index, struct err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    ASSERT(loop != NULL);
    loop->index = index;
    loop->posts_tail = &loop->posts;
    pthread_mutex_init(&loop->mutex, NULL);
    loop->fibers = fiber_host_new(wake, loop);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->event_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->event_fd, &event) < 0) {
        err_set(err, ERR_SYSTEM_ERROR, "could not make an event loop: %s", strerror(errno));
        loop_free(loop);
        return NULL;
    }
    loop->now_us = clock_monotonic_us();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->event_fd >= 0)
        close(loop->event_fd);
    while (loop->posts) {
        struct call *call = loop->posts;
        loop->posts = call->next;
        free(call);
    }
    while (loop->n_buffers)
        free(loop->buffers[--loop->n_buffers]);
    while (loop->n_arenas)
        arena_free(loop->arenas[--loop->n_arenas]);
    fiber_host_free(loop->fibers);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

static struct call *call_new(void (*fn)(void *arg), void *arg)
{
    struct call *call = malloc(sizeof(*call));
    ASSERT(call != NULL);
    *call = (struct call){.fn = fn, .arg = arg};
    return call;
}

void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct call *call = call_new(fn, arg);
    pthread_mutex_lock(&loop->mutex);
    __atomic_store_n(loop->posts_tail, call, __ATOMIC_RELAXED); /* run_posts() peeks */
    loop->posts_tail = &call->next;
    pthread_mutex_unlock(&loop->mutex);
    wake(loop);
}

void loop_at_turn_end(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct call *call = call_new(fn, arg);
    call->next = loop->turn_end;
    loop->turn_end = call;
}

static void run_calls(struct call *call)
{
    while (call) {
        struct call *next = call->next;
        call->fn(call->arg);
        free(call);
        call = next;
    }
}

static void run_posts(struct loop *loop)
{
    if (!__atomic_load_n(&loop->posts, __ATOMIC_RELAXED))
        return;
    pthread_mutex_lock(&loop->mutex);
    struct call *posts = loop->posts;
    __atomic_store_n(&loop->posts, NULL, __ATOMIC_RELAXED);
    loop->posts_tail = &loop->posts;
    pthread_mutex_unlock(&loop->mutex);
    run_calls(posts);
}

static bool has_posts(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    bool has = loop->posts != NULL;
    pthread_mutex_unlock(&loop->mutex);
    return has;
}

static int timeout_ms(struct loop *loop)
{
    int64_t next = deadlines_next_us(fiber_host_deadlines(loop->fibers));
    if (next == INT64_MAX)
        return -1;
    int64_t left = next - clock_monotonic_us();
    if (left <= 0)
        return 0;
    return (int)MIN((left + 999) / 1000, 3600 * 1000);
}

static void wait_for_events(struct loop *loop, bool busy)
{
    int timeout = 0;
    if (!busy) {
        /* From here on posters write to the eventfd; what was posted before is seen by has_posts() and the fiber host. */
        __atomic_store_n(&loop->asleep, 1, __ATOMIC_SEQ_CST);
        if (!has_posts(loop) && !fiber_host_has_ready(loop->fibers) &&
            !__atomic_load_n(&loop->stopping, __ATOMIC_SEQ_CST))
            timeout = timeout_ms(loop);
    }
    int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, timeout);
    __atomic_store_n(&loop->asleep, 0, __ATOMIC_SEQ_CST);
    loop->n_events = MAX(n, 0);
    loop->now_us = clock_monotonic_us();
}

static void hand_out_events(struct loop *loop)
{
    for (loop->at_event = 0; loop->at_event < loop->n_events; loop->at_event++) {
        struct loop_watch *watch = loop->events[loop->at_event].data.ptr;
        if (watch) {
            watch->ready(watch->arg, loop->events[loop->at_event].events);
        } else if (loop->events[loop->at_event].events) {
            uint64_t count;
            ssize_t n = read(loop->event_fd, &count, sizeof(count));
            (void)n;
        }
    }
    loop->n_events = 0;
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    fiber_host_enter(loop->fibers);
    bool busy = false;
    while (!__atomic_load_n(&loop->stopping, __ATOMIC_SEQ_CST)) {
        wait_for_events(loop, busy);
        hand_out_events(loop);
        run_posts(loop);
        deadlines_run(fiber_host_deadlines(loop->fibers), loop->now_us);
        busy = fiber_host_run(loop->fibers);
        struct call *turn_end = loop->turn_end;
        loop->turn_end = NULL;
        run_calls(turn_end);
    }
    return NULL;
}

bool loop_start(struct loop *loop, struct err *err)
{
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, LOOP_STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
    int rc = pthread_create(&loop->thread, &attr, run, loop);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return err_set(err, ERR_SYSTEM_ERROR, "could not start a thread: %s", strerror(rc));
    return true;
}

void loop_stop(struct loop *loop)
{
    __atomic_store_n(&loop->stopping, 1, __ATOMIC_SEQ_CST);
    wake(loop);
}

void loop_join(struct loop *loop)
{
    pthread_join(loop->thread, NULL);
}

uint32_t loop_index(const struct loop *loop)
{
    return loop->index;
}

bool loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events, struct err *err)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
        return err_set(err, ERR_SYSTEM_ERROR, "could not watch a socket: %s", strerror(errno));
    watch->events = events;
    return true;
}

void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    if (watch->events == events)
        return;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int rc = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
    ASSERT(rc == 0);
    watch->events = events;
}

void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->at_event; i < loop->n_events; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i] = (struct epoll_event){0};
}

struct fiber_host *loop_fibers(struct loop *loop)
{
    return loop->fibers;
}

struct deadlines *loop_deadlines(struct loop *loop)
{
    return fiber_host_deadlines(loop->fibers);
}

int64_t loop_now_us(const struct loop *loop)
{
    return loop->now_us;
}

uint32_t loop_load(const struct loop *loop)
{
    return __atomic_load_n(&loop->load, __ATOMIC_RELAXED);
}

void loop_add_load(struct loop *loop, int delta)
{
    __atomic_fetch_add(&loop->load, (uint32_t)delta, __ATOMIC_RELAXED);
}

void *loop_take_buffer(struct loop *loop)
{
    void *buffer = loop->n_buffers ? loop->buffers[--loop->n_buffers] : malloc(LOOP_BUFFER_BYTES);
    ASSERT(buffer != NULL);
    return buffer;
}

void loop_give_buffer(struct loop *loop, void *buffer)
{
    if (loop->n_buffers < SPARES_MAX)
        loop->buffers[loop->n_buffers++] = buffer;
    else
        free(buffer);
}

struct arena *loop_take_arena(struct loop *loop)
{
    return loop->n_arenas ? loop->arenas[--loop->n_arenas] : arena_new("spare");
}

void loop_give_arena(struct loop *loop, struct arena *arena)
{
    if (loop->n_arenas == SPARES_MAX || arena_bytes(arena) > SPARE_ARENA_BYTES_MAX) {
        arena_free(arena);
        return;
    }
    arena_reset(arena);
    loop->arenas[loop->n_arenas++] = arena;
}
