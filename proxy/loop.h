/* loop.h - one event loop: a thread, an epoll set, fibers, deadlines and a mailbox.
 *
 * Everything a loop owns is used by its own thread only; other threads talk to it through loop_post(). */
#ifndef SHARDLITE_PROXY_LOOP_H
#define SHARDLITE_PROXY_LOOP_H

#include "base/err.h"
#include "base/fiber_host.h"

struct loop;

/* A file descriptor that the loop looks at.  Embedded in its owner. */
struct loop_watch {
    int fd;
    uint32_t events; /* EPOLLIN | EPOLLOUT as asked for now */
    void (*ready)(void *arg, uint32_t events);
    void *arg;
};

struct loop *loop_new(uint32_t index, struct err *err);
void loop_free(struct loop *loop);                              /* after its thread ended */
MUST_CHECK bool loop_start(struct loop *loop, struct err *err); /* starts its thread */
void loop_stop(struct loop *loop); /* any thread; the loop ends after its turn */
void loop_join(struct loop *loop);
uint32_t loop_index(const struct loop *loop);

/* Calls fn(arg) on the loop's thread, outside fibers.  Any thread; in order for one poster. */
void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);
/* Calls fn(arg) when this turn ends: the place where objects that events may still name are freed. */
void loop_at_turn_end(struct loop *loop, void (*fn)(void *arg), void *arg);

MUST_CHECK bool loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events,
                               struct err *err);
void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);
/* An event of this turn that was not handed out yet is dropped too. */

struct fiber_host *loop_fibers(struct loop *loop);
struct deadlines *loop_deadlines(struct loop *loop);
int64_t loop_now_us(const struct loop *loop); /* monotonic, as of the start of this turn */

/* Buffers and arenas that sessions need for a moment and give back, many times a second. */
#define LOOP_BUFFER_BYTES 16384
void *loop_take_buffer(struct loop *loop);
void loop_give_buffer(struct loop *loop, void *buffer);
struct arena *loop_take_arena(struct loop *loop);
void loop_give_arena(struct loop *loop, struct arena *arena); /* resets it */

/* How many sessions live here: the listener hands new ones to the least loaded loop.  Any thread. */
uint32_t loop_load(const struct loop *loop);
void loop_add_load(struct loop *loop, int delta);

#endif
