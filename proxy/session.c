/* session.c - the bytes of a connection, the fiber that works on them, and the end of both.
 *
 * The loop reads into `in` whenever the socket has something and there is room.  If no fiber runs and a whole message is there, it
 * starts one; the fiber handles messages until none is left, writes what it made with one write, and ends.  A fiber that needs more
 * input, or has more output than a slow client takes, sleeps on its waiter until the loop has read or written.  Invariants:
 *   (1) bytes [in_at, in_n) do not move while a fiber runs, unless that fiber moves them: a message may be borrowed;
 *   (2) EPOLLIN is asked for while there is room for input, EPOLLOUT while there is unwritten output that could not be written;
 *   (3) a session is freed at the end of the turn in which its fiber closed it, and nowhere else. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "proxy/session_int.h"

#define IN_BYTES LOOP_BUFFER_BYTES /* of a fresh input buffer */
#define OUT_PUSH_BYTES 65536       /* between rows: written from here on */
#define OUT_WAIT_BYTES 262144      /* unwritten output that a fiber lets stand before it waits */
#define OUT_KEEP_BYTES 16384       /* capacity that an idle session may keep */
#define CLOSE_WAIT_US 2000000      /* for the last bytes of a FATAL */

int64_t now_2000_us(void)
{
    return clock_realtime_us() - INT64_C(946684800000000);
}

int32_t session_pid(const struct session *s)
{
    return s->pid;
}

/* ---- watching the socket ---- */

static void rewatch(struct session *s)
{
    uint32_t events = 0;
    bool room = s->in_n < s->in_cap || s->in_at == s->in_n || !s->fiber;
    if (!s->in_eof && room && !s->broken)
        events |= EPOLLIN;
    if (s->out.n > s->out_sent && !s->broken)
        events |= EPOLLOUT;
    if (s->watch.fd >= 0)
        loop_watch_change(s->loop, &s->watch, events);
}

static void wake_io(struct session *s, int kind)
{
    if (s->io_waiter && s->io_wait == kind) {
        struct waiter *waiter = s->io_waiter;
        s->io_waiter = NULL;
        s->io_wait = IO_NONE;
        waiter_wake(waiter);
    }
}

/* False: interrupted, or the deadline came. */
static bool wait_io(struct session *s, int kind, int64_t deadline_us, bool interruptible)
{
    struct waiter waiter;
    waiter_init(&waiter);
    s->io_waiter = &waiter;
    s->io_wait = kind;
    rewatch(s);
    enum waiter_end end = waiter_sleep(&waiter, deadline_us, interruptible);
    s->io_waiter = NULL;
    s->io_wait = IO_NONE;
    return end == WAITER_WOKEN;
}

static void peer_gone(struct session *s)
{
    s->broken = true;
    s->in_eof = true;
    s->out.n = s->out_sent = 0;
    if (s->fiber)
        fiber_interrupt(s->fiber, FIBER_PEER_GONE);
    wake_io(s, IO_INPUT);
    wake_io(s, IO_OUTPUT);
    wake_io(s, IO_SOCKET);
}

/* ---- input ---- */

static void compact(struct session *s)
{
    if (s->in_at == 0)
        return;
    memmove(s->in, s->in + s->in_at, s->in_n - s->in_at);
    s->in_n -= s->in_at;
    s->in_at = 0;
}

/* Makes room for `need` bytes from in_at on.  Grows as bytes arrive, so that a length alone costs nobody memory. */
static void make_room(struct session *s, size_t need)
{
    compact(s);
    if (s->in_n < s->in_cap)
        return;
    if (!s->in_cap) {
        s->in = loop_take_buffer(s->loop);
        s->in_cap = IN_BYTES;
        return;
    }
    size_t cap = MAX(MIN(s->in_cap * 2, MAX(need, IN_BYTES)), s->in_n + 1024);
    uint8_t *in = realloc(s->in, cap);
    ASSERT(in != NULL);
    s->in = in;
    s->in_cap = cap;
}

static void read_some(struct session *s)
{
    do {
        if (s->in_n == s->in_cap) {
            if (s->fiber && s->in_at < s->in_n)
                return; /* a message may be borrowed: the fiber makes room itself */
            struct wire_message message;
            size_t used, need = 0;
            if (s->in && s->phase == PHASE_READY)
                wire_frame(s->in + s->in_at, s->in_n - s->in_at, &message, &used, &need);
            make_room(s, need);
        }
        size_t got;
        switch (stream_read(&s->stream, s->in + s->in_n, s->in_cap - s->in_n, &got)) {
        case STREAM_OK:
            s->in_n += got;
            break;
        case STREAM_WANT_READ:
        case STREAM_WANT_WRITE:
            return;
        case STREAM_EOF:
            s->in_eof = true;
            return;
        case STREAM_BROKEN:
            peer_gone(s);
            return;
        }
    } while (stream_has_pending(&s->stream));
}

void session_consume(struct session *s, size_t n)
{
    s->in_at += n;
    if (s->in_at == s->in_n)
        s->in_at = s->in_n = 0;
}

static bool frame(struct session *s, struct wire_message *message, size_t *need)
{
    size_t used;
    switch (wire_frame(s->in + s->in_at, s->in_n - s->in_at, message, &used, need)) {
    case WIRE_FRAME_OK:
        s->in_at += used; /* kept in place until the next call: in_at == in_n is tidied up there */
        return true;
    case WIRE_FRAME_MORE:
        return false;
    case WIRE_FRAME_BAD_TYPE:
        session_fatal(s, ERR_PROTOCOL_VIOLATION, "invalid frontend message type %d",
                      s->in[s->in_at]);
        return false;
    case WIRE_FRAME_BAD_LENGTH:
        session_fatal(s, ERR_PROTOCOL_VIOLATION, "invalid message length");
        return false;
    }
    return false;
}

bool session_next_message(struct session *s, struct wire_message *message)
{
    size_t need;
    if (s->in_at == s->in_n)
        s->in_at = s->in_n = 0;
    return s->phase != PHASE_CLOSING && frame(s, message, &need);
}

bool session_wait_message(struct session *s, struct wire_message *message, bool interruptible)
{
    for (;;) {
        size_t need = 0;
        if (s->in_at == s->in_n)
            s->in_at = s->in_n = 0;
        if (s->phase == PHASE_CLOSING)
            return false;
        if (frame(s, message, &need))
            return true;
        if (s->phase == PHASE_CLOSING || s->in_eof)
            return false;
        session_push(s);
        make_room(s, need);
        if (!wait_io(s, IO_INPUT, 0, interruptible))
            return false;
    }
}

const uint8_t *session_wait_bytes(struct session *s, size_t n)
{
    while (s->in_n - s->in_at < n) {
        if (s->in_eof || s->phase == PHASE_CLOSING)
            return NULL;
        session_push(s);
        make_room(s, n);
        if (!wait_io(s, IO_INPUT, 0, true))
            return NULL;
    }
    return s->in + s->in_at;
}

bool session_wait_socket(struct session *s, uint32_t events, int64_t deadline_us)
{
    if (s->broken)
        return false;
    loop_watch_change(s->loop, &s->watch, events);
    struct waiter waiter;
    waiter_init(&waiter);
    s->io_waiter = &waiter;
    s->io_wait = IO_SOCKET;
    enum waiter_end end = waiter_sleep(&waiter, deadline_us, true);
    s->io_waiter = NULL;
    s->io_wait = IO_NONE;
    return end == WAITER_WOKEN && !s->broken;
}

/* ---- output ---- */

static void write_some(struct session *s)
{
    while (s->out_sent < s->out.n && !s->broken) {
        size_t put;
        enum stream_end end =
            stream_write(&s->stream, s->out.p + s->out_sent, s->out.n - s->out_sent, &put);
        if (end == STREAM_OK) {
            s->out_sent += put;
        } else if (end == STREAM_WANT_WRITE || end == STREAM_WANT_READ) {
            break;
        } else {
            peer_gone(s);
            return;
        }
    }
    if (s->out_sent == s->out.n)
        s->out.n = s->out_sent = 0;
}

void session_push(struct session *s)
{
    if (s->out.n == s->out_sent)
        return;
    write_some(s);
    if (s->out_sent > OUT_WAIT_BYTES) { /* what a slow reader has not got yet moves to the front */
        memmove(s->out.p, s->out.p + s->out_sent, s->out.n - s->out_sent);
        s->out.n -= s->out_sent;
        s->out_sent = 0;
    }
    rewatch(s);
}

bool session_relieve(struct session *s, struct err *err)
{
    if (LIKELY(s->out.n - s->out_sent < OUT_PUSH_BYTES))
        return true;
    session_push(s);
    while (s->out.n - s->out_sent >= OUT_WAIT_BYTES && !s->broken) {
        if (!wait_io(s, IO_OUTPUT, 0, true) && !fiber_check_interrupt(err))
            return false;
    }
    if (s->broken)
        return err_set(err, ERR_CONNECTION_FAILURE, "connection to client lost");
    return true;
}

void session_flush(struct session *s)
{
    session_push(s);
    int64_t deadline = clock_monotonic_us() + CLOSE_WAIT_US;
    while (s->out.n > s->out_sent && !s->broken)
        if (!wait_io(s, IO_OUTPUT, deadline, false))
            return;
}

/* ---- reports ---- */

static struct wire_report report_of(const struct err *err, const char *severity)
{
    return (struct wire_report){
        .severity = severity,
        .sqlstate = err->sqlstate[0] ? err->sqlstate : ERR_INTERNAL_ERROR,
        .message = err->message ? err->message : "unexpected error",
        .detail = err->detail,
        .hint = err->hint,
        .where = err->where,
        .position = err->position,
        .schema = err->schema,
        .table = err->table,
        .column = err->column,
        .datatype = err->datatype,
        .constraint = err->constraint,
    };
}

bool session_err_is_fatal(const struct session *s, const struct err *err)
{
    return s->phase != PHASE_READY || err_is(err, ERR_ADMIN_SHUTDOWN) ||
           err_is(err, ERR_DATABASE_DROPPED) ||
           err_is(err, ERR_IDLE_IN_TRANSACTION_SESSION_TIMEOUT) ||
           err_is(err, ERR_IDLE_SESSION_TIMEOUT);
}

static void log_failure(const struct session *s, const struct err *err, bool fatal)
{
    enum log_level level = fatal ? LOG_FATAL_ : s->logs_errors ? LOG_ERROR_ : LOG_DEBUG_;
    const char *query = s->phase == PHASE_READY && s->logs_failed_statements && s->entry
                            ? sessions_query(s->entry)
                            : NULL;
    if (query)
        log_line_pid(level, s->pid, "%s (%s)%s%s; STATEMENT: %s",
                     err->message ? err->message : "unknown error", err->sqlstate,
                     err->detail ? "; DETAIL: " : "", err->detail ? err->detail : "", query);
    else
        log_err(level, s->pid, NULL, err);
}

void session_send_err(struct session *s, const struct err *err)
{
    bool fatal = session_err_is_fatal(s, err);
    struct wire_report report = report_of(err, fatal ? "FATAL" : "ERROR");
    log_failure(s, err, fatal);
    if (!s->broken)
        wire_report(&s->out, 'E', &report);
    if (fatal)
        s->phase = PHASE_CLOSING;
}

void session_fatal(struct session *s, const char *sqlstate, const char *format, ...)
{
    if (s->phase == PHASE_CLOSING)
        return;
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(s->scratch, format, args);
    va_end(args);
    struct wire_report report = {.severity = "FATAL", .sqlstate = sqlstate, .message = message};
    log_line_pid(LOG_FATAL_, s->pid, "%s (%s)", message, sqlstate);
    if (!s->broken)
        wire_report(&s->out, 'E', &report);
    s->phase = PHASE_CLOSING;
}

static const struct {
    const char *severity;
    int weight; /* place in client_min_messages' order */
} notices[] = {
    [NOTICE_DEBUG] = {"DEBUG", 4},   [NOTICE_LOG] = {"LOG", 5},
    [NOTICE_NOTICE] = {"NOTICE", 6}, [NOTICE_WARNING] = {"WARNING", 7},
    [NOTICE_INFO] = {"INFO", 100},
};

void session_notice_err(struct session *s, enum notice level, const struct err *report)
{
    if (!s || s->broken || notices[level].weight < s->client_min_messages)
        return;
    struct wire_report wire = report_of(report, notices[level].severity);
    wire_report(&s->out, 'N', &wire);
}

void session_notice(struct session *s, enum notice level, const char *sqlstate, const char *format,
                    ...)
{
    if (!s || s->broken || notices[level].weight < s->client_min_messages)
        return;
    va_list args;
    va_start(args, format);
    struct err report = ERR_IN(s->scratch);
    err_set(&report, sqlstate, "%s", arena_vprintf(s->scratch, format, args));
    va_end(args);
    session_notice_err(s, level, &report);
}

/* ---- the fiber ---- */

static void drop_input(struct session *s)
{
    if (s->in_cap == IN_BYTES)
        loop_give_buffer(s->loop, s->in);
    else
        free(s->in);
    s->in = NULL;
    s->in_cap = 0;
}

static void session_free(void *arg)
{
    struct session *s = arg;
    session_params_free(s);
    drop_input(s);
    buf_free(&s->out);
    arena_free(s->scratch);
    arena_free(s->arena);
    free(s);
}

/* In the fiber: after this the session is not touched any more by anyone but session_free(). */
static void session_end(struct session *s)
{
    deadline_clear(loop_deadlines(s->loop), &s->statement_deadline);
    deadline_clear(loop_deadlines(s->loop), &s->idle_deadline);
    fiber_clear_interrupts(s->fiber, ~0u);
    session_flush(s);
    session_release(s);
    if (server_config()->log_connections)
        log_line_pid(LOG_INFO_, s->pid, "disconnection: user=%s database=%s",
                     s->user ? s->user : "", s->database_name ? s->database_name : "");
    sessions_remove(s->entry);
    loop_watch_remove(s->loop, &s->watch);
    s->watch.fd = -1;
    stream_close(&s->stream);
    loop_add_load(s->loop, -1);
    s->fiber = NULL;
    loop_at_turn_end(s->loop, session_free, s);
}

static void idle_fired(void *arg);

static void go_idle(struct session *s)
{
    s->fiber = NULL;
    if (s->out.n == 0 && s->out.cap > OUT_KEEP_BYTES)
        buf_free(&s->out), s->out = (struct buf){0};
    if (s->in_at == s->in_n) {
        s->in_at = s->in_n = 0;
        drop_input(s);
    }
    int64_t timeout_ms = 0;
    s->idle_kind = IDLE_NONE;
    if (s->block == BLOCK_EXPLICIT || s->block == BLOCK_FAILED) {
        timeout_ms = s->idle_transaction_timeout_ms;
        s->idle_kind = IDLE_TRANSACTION;
    } else if (s->phase == PHASE_READY) {
        timeout_ms = s->idle_session_timeout_ms;
        s->idle_kind = IDLE_SESSION;
    }
    if (timeout_ms)
        deadline_set(loop_deadlines(s->loop), &s->idle_deadline,
                     clock_monotonic_us() + timeout_ms * 1000);
    rewatch(s);
}

static void run(void *arg)
{
    struct session *s = arg;
    s->fiber = fiber_current();
    deadline_clear(loop_deadlines(s->loop), &s->idle_deadline);
    if (s->phase == PHASE_START && session_start(s))
        s->phase = PHASE_READY;
    else if (s->phase == PHASE_START)
        s->phase = PHASE_CLOSING;
    if (s->phase == PHASE_READY)
        session_handle_messages(s);
    session_push(s);
    if (s->phase == PHASE_CLOSING || s->in_eof || s->broken)
        session_end(s);
    else
        go_idle(s);
}

static bool has_work(struct session *s)
{
    struct wire_message message;
    size_t used, need;
    if (s->in_eof || s->broken || s->fatal)
        return true;
    return s->in_n > s->in_at && wire_frame(s->in + s->in_at, s->in_n - s->in_at, &message, &used,
                                            &need) != WIRE_FRAME_MORE;
}

static void start_if_needed(struct session *s)
{
    if (!s->fiber && has_work(s))
        fiber_start(loop_fibers(s->loop), run, s);
    else if (!s->fiber)
        rewatch(s);
}

static void on_socket(void *arg, uint32_t events)
{
    struct session *s = arg;
    if (s->io_wait == IO_SOCKET) {
        loop_watch_change(s->loop, &s->watch, 0);
        wake_io(s, IO_SOCKET);
        return;
    }
    if (events & EPOLLOUT) {
        write_some(s);
        if (s->out.n - s->out_sent < OUT_WAIT_BYTES / 2 || s->phase == PHASE_CLOSING)
            wake_io(s, IO_OUTPUT);
    }
    if (events & (EPOLLERR | EPOLLHUP))
        peer_gone(s);
    else if (events & EPOLLIN && !s->broken)
        read_some(s);
    if (s->fiber) {
        wake_io(s, IO_INPUT);
        rewatch(s);
        return;
    }
    start_if_needed(s);
}

/* ---- what other threads, and time, ask for (all on the loop, outside the fiber) ---- */

void session_cancel(struct session *s, void *unused UNUSED)
{
    if (s->fiber && s->phase == PHASE_READY)
        fiber_interrupt(s->fiber, FIBER_CANCEL);
}

static void end_idle(struct session *s, const char *sqlstate, const char *message)
{
    s->fatal_state = sqlstate;
    s->fatal = message;
    fiber_start(loop_fibers(s->loop), run, s);
}

void session_terminate(struct session *s, void *unused UNUSED)
{
    if (s->fiber)
        fiber_interrupt(s->fiber, FIBER_TERMINATE);
    else
        end_idle(s, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
}

void session_drain(struct session *s, void *unused UNUSED)
{
    s->draining = true;
    if (!s->fiber)
        session_terminate(s, NULL);
}

static void idle_fired(void *arg)
{
    struct session *s = arg;
    if (s->fiber)
        return;
    if (s->idle_kind == IDLE_TRANSACTION)
        end_idle(s, ERR_IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                 "terminating connection due to idle-in-transaction timeout");
    else
        end_idle(s, ERR_IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
}

static void statement_fired(void *arg)
{
    struct session *s = arg;
    if (s->fiber)
        fiber_interrupt(s->fiber,
                        s->phase == PHASE_START ? FIBER_TERMINATE : FIBER_STATEMENT_TIMEOUT);
}

void session_poke(struct session *s)
{
    if (!s->fiber && s->phase == PHASE_READY && s->block == BLOCK_NONE)
        fiber_start(loop_fibers(s->loop), run, s);
}

/* ---- birth ---- */

static void describe_address(struct session *s, const uint8_t *address, int port)
{
    s->is_local = address == NULL;
    s->port = address ? port : -1;
    if (!address)
        return;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(s->address, address, 16);
    if (memcmp(address, mapped, 12) == 0)
        inet_ntop(AF_INET, address + 12, s->address_text, sizeof(s->address_text));
    else
        inet_ntop(AF_INET6, address, s->address_text, sizeof(s->address_text));
}

void session_new(struct loop *loop, int fd, const uint8_t *address, int port)
{
    struct session *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->loop = loop;
    s->stream.fd = fd;
    s->watch = (struct loop_watch){.fd = fd, .ready = on_socket, .arg = s};
    s->statement_deadline = (struct deadline){.fn = statement_fired, .arg = s};
    s->idle_deadline = (struct deadline){.fn = idle_fired, .arg = s};
    s->arena = arena_new("session");
    s->scratch = arena_child(NULL, "message");
    s->backend_start = now_2000_us();
    describe_address(s, address, port);
    if (address) {
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    }
    struct err err = ERR_IN(s->scratch);
    if (!loop_watch_add(loop, &s->watch, EPOLLIN, &err)) {
        log_err(LOG_ERROR_, 0, NULL, &err);
        stream_close(&s->stream);
        session_free(s);
        return;
    }
    loop_add_load(loop, 1);
    s->entry = sessions_add(s, loop, UINT32_MAX, &s->pid, &s->secret);
    deadline_set(loop_deadlines(loop), &s->statement_deadline,
                 clock_monotonic_us() + server_config()->authentication_timeout_s * 1000000);
    fiber_start(loop_fibers(loop), run, s);
}
