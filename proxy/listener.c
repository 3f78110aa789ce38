/* listener.c - see listener.h. */
#include "proxy/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "proxy/server.h"
#include "proxy/session.h"

#define LISTENERS_MAX 32
#define BACKLOG 4096
#define ACCEPTS_PER_TURN 64

struct listener {
    struct loop_watch watch;
    bool is_local;
};

static struct listener listeners[LISTENERS_MAX];
static size_t n_listeners;
static int bound_port;
static char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
static struct deadline retry; /* after running out of descriptors */

struct newcomer {
    struct loop *loop;
    int fd, port;
    bool is_local;
    uint8_t address[16];
};

static void welcome(void *arg)
{
    struct newcomer *newcomer = arg;
    loop_add_load(newcomer->loop, -1); /* counted by the listener until here */
    session_new(newcomer->loop, newcomer->fd, newcomer->is_local ? NULL : newcomer->address,
                newcomer->port);
    free(newcomer);
}

static struct loop *least_loaded(void)
{
    struct loop *best = server.loops[0];
    for (uint32_t i = 1; i < server.n_loops; i++)
        if (loop_load(server.loops[i]) < loop_load(best))
            best = server.loops[i];
    return best;
}

static void take_address(const struct sockaddr_storage *from, struct newcomer *newcomer)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        memcpy(newcomer->address, mapped, sizeof(mapped));
        memcpy(newcomer->address + 12, &v4->sin_addr, 4);
        newcomer->port = ntohs(v4->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        memcpy(newcomer->address, &v6->sin6_addr, 16);
        newcomer->port = ntohs(v6->sin6_port);
    }
}

static void watch_all(uint32_t events)
{
    for (size_t i = 0; i < n_listeners; i++)
        loop_watch_change(server.loops[0], &listeners[i].watch, events);
}

static void resume(void *unused UNUSED)
{
    watch_all(EPOLLIN);
}

static void on_ready(void *arg, uint32_t events UNUSED)
{
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t n = sizeof(from);
        int fd =
            accept4(listener->watch.fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                log_line(LOG_WARNING_,
                         "could not accept a connection: %s; trying again in a moment",
                         strerror(errno));
                watch_all(0);
                retry.fn = resume;
                deadline_set(loop_deadlines(server.loops[0]), &retry,
                             clock_monotonic_us() + 100000);
            }
            return;
        }
        struct newcomer *newcomer = calloc(1, sizeof(*newcomer));
        ASSERT(newcomer != NULL);
        newcomer->loop = least_loaded();
        newcomer->fd = fd;
        newcomer->is_local = listener->is_local;
        take_address(&from, newcomer);
        loop_add_load(newcomer->loop, 1);
        loop_post(newcomer->loop, welcome, newcomer);
    }
}

static bool add(int fd, bool is_local, const char *name, struct err *err)
{
    if (n_listeners == LISTENERS_MAX) {
        close(fd);
        return err_set(err, ERR_CONFIG_FILE_ERROR, "more than %d addresses to listen on",
                       LISTENERS_MAX);
    }
    if (listen(fd, BACKLOG) < 0) {
        err_set(err, ERR_SYSTEM_ERROR, "could not listen on %s: %s", name, strerror(errno));
        close(fd);
        return false;
    }
    struct listener *listener = &listeners[n_listeners++];
    *listener = (struct listener){.watch = {.fd = fd, .ready = on_ready, .arg = listener},
                                  .is_local = is_local};
    return true;
}

static bool open_address(const struct addrinfo *info, const char *name, struct err *err)
{
    int one = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM_ERROR, "could not make a socket for %s: %s", name,
                       strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0) {
        err_set(err, ERR_SYSTEM_ERROR, "could not bind %s: %s", name, strerror(errno));
        if (errno == EADDRINUSE)
            err_hint(err, "Is another server running there?  Choose another --port, or --port 0 "
                          "for any free one.");
        close(fd);
        return false;
    }
    if (!bound_port) {
        struct sockaddr_storage bound;
        socklen_t n = sizeof(bound);
        if (getsockname(fd, (struct sockaddr *)&bound, &n) == 0)
            bound_port =
                ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                                 : ((struct sockaddr_in6 *)&bound)->sin6_port);
    }
    return add(fd, false, name, err);
}

static bool open_name(const char *name, int port, struct err *err)
{
    char service[16];
    snprintf(service, sizeof(service), "%d", bound_port ? bound_port : port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *list = NULL;
    int rc = getaddrinfo(strcmp(name, "*") == 0 ? NULL : name, service, &hints, &list);
    if (rc != 0)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "\"%s\" is not an address to listen on: %s",
                       name, gai_strerror(rc));
    bool ok = false;
    for (const struct addrinfo *info = list; info; info = info->ai_next) {
        if (info->ai_family != AF_INET && info->ai_family != AF_INET6)
            continue;
        err_clear(err);
        ok |= open_address(info, name, err);
    }
    freeaddrinfo(list);
    return ok || (err->sqlstate[0] ? false
                                   : err_set(err, ERR_CONFIG_FILE_ERROR,
                                             "no address to listen on for \"%s\"", name));
}

static bool open_local(const char *dir, int port, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.%d", dir, port);
    if (n < 0 || (size_t)n >= sizeof(address.sun_path))
        return err_set(err, ERR_CONFIG_FILE_ERROR, "unix_socket_dir \"%s\" is too long", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM_ERROR, "could not make a local socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        close(fd);
        return err_set(err, ERR_OBJECT_IN_USE, "another server listens on %s", address.sun_path);
    }
    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        err_set(err, ERR_SYSTEM_ERROR, "could not bind %s: %s", address.sun_path, strerror(errno));
        close(fd);
        return false;
    }
    chmod(address.sun_path, 0777);
    snprintf(socket_path, sizeof(socket_path), "%s", address.sun_path);
    return add(fd, true, address.sun_path, err);
}

bool listeners_open(const struct config *config, struct err *err)
{
    char *list = strdup(config->listen), *rest = NULL;
    bool ok = true;
    for (char *name = strtok_r(list, ", ", &rest); ok && name; name = strtok_r(NULL, ", ", &rest))
        ok = open_name(name, (int)config->port, err);
    free(list);
    if (ok && *config->unix_socket_dir)
        ok = open_local(config->unix_socket_dir, bound_port ? bound_port : (int)config->port, err);
    if (ok && !n_listeners)
        ok = err_set(err, ERR_CONFIG_FILE_ERROR, "there is no address to listen on");
    return ok;
}

void listeners_start(void *unused UNUSED)
{
    struct arena *arena = arena_new("listeners");
    struct err err = ERR_IN(arena);
    for (size_t i = 0; i < n_listeners; i++)
        if (!loop_watch_add(server.loops[0], &listeners[i].watch, EPOLLIN, &err))
            log_err(LOG_ERROR_, 0, "could not listen", &err);
    arena_free(arena);
}

void listeners_close(void *unused UNUSED)
{
    deadline_clear(loop_deadlines(server.loops[0]), &retry);
    for (size_t i = 0; i < n_listeners; i++) {
        loop_watch_remove(server.loops[0], &listeners[i].watch);
        close(listeners[i].watch.fd);
    }
    n_listeners = 0;
    listeners_remove_socket_file();
}

int listeners_port(void)
{
    return bound_port;
}

void listeners_remove_socket_file(void)
{
    if (*socket_path)
        unlink(socket_path);
    socket_path[0] = 0;
}
