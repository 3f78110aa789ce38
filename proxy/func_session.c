/* func_session.c - functions about the session, its parameters, and other sessions. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "func/call.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"

static struct session *session_of(const struct fcall *c)
{
    return c->env->session;
}

/* ---- parameters ---- */

static const char *arg_cstring(const struct fcall *c, int k)
{
    return arena_strndup(c->arena, ARG_P(c, k), ARG_N(c, k));
}

static bool current_setting(struct fcall *c, bool missing_ok)
{
    struct session *s = session_of(c);
    const struct param_def *def = session_param_find(s, arg_cstring(c, 0), false, c->err);
    if (!def && missing_ok) {
        err_clear(c->err);
        return return_null(c);
    }
    if (!def)
        return false;
    const char *value = session_param_shown(s, def, c->arena);
    return return_bytes(c, value, strlen(value));
}

static bool show_by_name(struct fcall *c)
{
    return current_setting(c, false);
}

static bool show_by_name_missing_ok(struct fcall *c)
{
    return current_setting(c, ARG_I(c, 1) != 0);
}

static bool set_by_name(struct fcall *c)
{
    struct session *s = session_of(c);
    if (c->args[0].null)
        return err_set(c->err, ERR_NULL_VALUE_NOT_ALLOWED, "SET requires parameter name");
    const struct param_def *def = session_param_find(s, arg_cstring(c, 0), true, c->err);
    const char *value = c->args[1].null ? NULL : arg_cstring(c, 1);
    bool local = !c->args[2].null && ARG_I(c, 2);
    if (!def || !session_param_set(s, def, value, local, SOURCE_SESSION, c->err))
        return false;
    const char *shown = session_param_shown(s, def, c->arena);
    return return_bytes(c, arena_strdup(c->arena, shown), strlen(shown));
}

/* ---- who and where ---- */

static bool backend_pid(struct fcall *c)
{
    return return_int(c, session_of(c)->pid);
}

static bool inet_text(struct fcall *c, const char *text)
{
    struct type_io io = fcall_io(c, c->result_type);
    return type_in(&io, text, strlen(text), &c->result);
}

static bool client_address(struct fcall *c)
{
    const struct session *s = session_of(c);
    return s->is_local ? return_null(c) : inet_text(c, s->address_text);
}

static bool client_port(struct fcall *c)
{
    const struct session *s = session_of(c);
    return s->is_local ? return_null(c) : return_int(c, s->port);
}

static bool own_address(const struct session *s, char *text, size_t room, int *port)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof(address);
    if (getsockname(s->stream.fd, (struct sockaddr *)&address, &n) != 0)
        return false;
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        *port = ntohs(v4->sin_port);
        return inet_ntop(AF_INET, &v4->sin_addr, text, (socklen_t)room) != NULL;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        *port = ntohs(v6->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            return inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, (socklen_t)room) != NULL;
        return inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)room) != NULL;
    }
    return false;
}

static bool server_address(struct fcall *c)
{
    char text[64];
    int port;
    return own_address(session_of(c), text, sizeof(text), &port) ? inet_text(c, text)
                                                                 : return_null(c);
}

static bool server_port(struct fcall *c)
{
    char text[64];
    int port;
    return own_address(session_of(c), text, sizeof(text), &port) ? return_int(c, port)
                                                                 : return_null(c);
}

static bool start_time(struct fcall *c)
{
    return return_int(c, server.started_us - INT64_C(946684800000000));
}

static bool my_temp_schema(struct fcall *c)
{
    return return_int(c, session_of(c)->temp_namespace);
}

/* ---- other sessions ---- */

static bool may_signal(struct fcall *c, int32_t pid, const char *what)
{
    struct session *s = session_of(c);
    uint32_t role;
    if (!sessions_user_of(pid, &role) || s->superuser ||
        role_is_member(c->env->catalog, s->current_role, role, true))
        return true;
    const struct role *owner = cluster_role(server.cluster, role);
    if (owner && owner->super) {
        return err_set(c->err, ERR_INSUFFICIENT_PRIVILEGE, "must be a superuser to %s superuser %s",
                       what, strcmp(what, "cancel") == 0 ? "query" : "process");
    }
    return err_set(
        c->err, ERR_INSUFFICIENT_PRIVILEGE,
        "must be a member of the role whose %s is being %s or member of pg_signal_backend",
        strcmp(what, "cancel") == 0 ? "query" : "process",
        strcmp(what, "cancel") == 0 ? "canceled" : "terminated");
}

static bool signal_session(struct fcall *c, void (*fn)(struct session *session, void *arg),
                           const char *what)
{
    int32_t pid = (int32_t)ARG_I(c, 0);
    if (!may_signal(c, pid, what))
        return false;
    bool there = sessions_post(pid, fn, NULL);
    if (!there)
        session_notice(session_of(c), NOTICE_WARNING, ERR_WARNING,
                       "PID %d is not a PostgreSQL backend process", pid);
    return return_bool(c, there);
}

static bool cancel_backend(struct fcall *c)
{
    return signal_session(c, session_cancel, "cancel");
}

static bool terminate_backend(struct fcall *c)
{
    if (c->n_args > 1 && ARG_I(c, 1) < 0)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "\"timeout\" must not be negative");
    if (!signal_session(c, session_terminate, "terminate"))
        return false;
    if (c->n_args < 2 || !ARG_I(c, 1) || !c->result.i)
        return true;
    int64_t until = clock_monotonic_us() + ARG_I(c, 1) * 1000;
    uint32_t role;
    while (sessions_user_of((int32_t)ARG_I(c, 0), &role)) {
        if (clock_monotonic_us() >= until) {
            session_notice(session_of(c), NOTICE_WARNING, ERR_WARNING,
                           "backend with PID %d did not terminate within %lld millisecond%s",
                           (int)ARG_I(c, 0), (long long)ARG_I(c, 1), ARG_I(c, 1) == 1 ? "" : "s");
            return return_bool(c, false);
        }
        struct waiter waiter;
        waiter_init(&waiter);
        if (waiter_sleep(&waiter, clock_monotonic_us() + 10000, true) == WAITER_INTERRUPTED &&
            !fiber_check_interrupt(c->err))
            return false;
    }
    return return_bool(c, true);
}

static void reload(void *unused UNUSED)
{
    server_reload();
}

static bool reload_conf(struct fcall *c)
{
    if (!session_of(c)->superuser)
        return err_set(c->err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied for function pg_reload_conf");
    loop_post(server.loops[0], reload, NULL);
    return return_bool(c, true);
}

/* ---- notifications ---- */

static bool notify(struct fcall *c)
{
    const char *channel = c->args[0].null ? "" : arg_cstring(c, 0),
               *payload = c->args[1].null ? "" : arg_cstring(c, 1);
    if (!*channel)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "channel name cannot be empty");
    if (strlen(channel) >= 64)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "channel name too long");
    if (strlen(payload) >= 8000)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "payload string too long");
    notify_send(session_of(c), channel, payload);
    return return_int(c, 0);
}

static bool listening_channels(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 1, &is_new);
    const struct session *s = session_of(c);
    const void *key;
    size_t at = 0, key_bytes;
    void *value;
    while (is_new && s->listening && map_next(s->listening, &at, &key, &key_bytes, &value))
        row_list_add(list)[0] = bytes_in(list->arena, key, key_bytes - 1);
    return row_list_emit(c, list);
}

static bool queue_usage(struct fcall *c)
{
    return return_float(c, 0);
}

static bool no(struct fcall *c)
{
    return return_bool(c, false);
}

static bool export_snapshot(struct fcall *c)
{
    return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "exporting snapshots is not supported");
}

FUNC_TABLE(session_funcs) = {
    {"show_config_by_name", show_by_name},
    {"show_config_by_name_missing_ok", show_by_name_missing_ok},
    {"set_config_by_name", set_by_name},
    {"pg_backend_pid", backend_pid},
    {"inet_client_addr", client_address},
    {"inet_client_port", client_port},
    {"inet_server_addr", server_address},
    {"inet_server_port", server_port},
    {"pg_postmaster_start_time", start_time},
    {"pg_conf_load_time", start_time},
    {"pg_my_temp_schema", my_temp_schema},
    {"pg_cancel_backend", cancel_backend},
    {"pg_terminate_backend", terminate_backend},
    {"pg_reload_conf", reload_conf},
    {"pg_notify", notify},
    {"pg_listening_channels", listening_channels},
    {"pg_notification_queue_usage", queue_usage},
    {"pg_is_in_recovery", no},
    {"pg_jit_available", no},
    {"pg_export_snapshot", export_snapshot},
    {NULL, NULL},
};

const struct func_entry *const proxy_func_tables[] = {
    sequence_funcs, session_funcs, lock_funcs, xact_funcs, backend_funcs, distribution_funcs, NULL};

void session_seed_random(struct session *s, double seed)
{
    uint64_t state = (uint64_t)(int64_t)((double)((1ULL << 52) - 1) * seed);
    for (int i = 0; i < 2; i++) { /* splitmix64, as setseed() does */
        uint64_t v = state += 0x9e3779b97f4a7c15ULL;
        v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9ULL;
        v = (v ^ v >> 27) * 0x94d049bb133111ebULL;
        s->random_state[i] = v ^ v >> 31;
    }
}
