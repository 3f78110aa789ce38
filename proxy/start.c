/* start.c - from the first byte to ReadyForQuery: encryption requests, the start-up packet, authentication, first parameters.
 *
 * Straight-line code in the session's fiber; an authentication deadline ends those that dawdle.  Every error here is FATAL. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "catalog/database.h"
#include "proxy/session_int.h"

#define NAME_BYTES_MAX 63
#define PROTOCOL_LATEST 0x00030000u

struct start_option {
    const char *name, *value;
};
struct start_packet {
    uint32_t version;
    VEC(struct start_option) options; /* all name-value pairs but user and database */
    VEC(const char *) unrecognized;   /* _pq_ ones */
};

static bool fatal_now(struct session *s)
{
    return s->phase == PHASE_CLOSING;
}

/* A packet without a type byte.  NULL: the connection ended, or the length makes no sense. */
static const uint8_t *read_packet(struct session *s, uint32_t *n)
{
    const uint8_t *head = session_wait_bytes(s, 4);
    if (!head)
        return NULL;
    struct wire_reader in = wire_reader_over(head, 4);
    uint32_t length = wire_u32(&in);
    if (length < 8 || length > WIRE_STARTUP_MAX) {
        log_line_pid(LOG_INFO_, s->pid, "invalid length of startup packet");
        s->phase = PHASE_CLOSING;
        return NULL;
    }
    const uint8_t *packet = session_wait_bytes(s, length);
    *n = length - 4;
    return packet ? packet + 4 : NULL;
}

static bool start_tls(struct session *s)
{
    SSL_CTX *context = s->is_local ? NULL : server_tls();
    session_consume(s, 8);
    if (s->in_n > s->in_at && context) {
        SSL_CTX_free(context);
        session_fatal(s, ERR_PROTOCOL_VIOLATION, "received unencrypted data after SSL request");
        return false;
    }
    buf_putc(&s->out, context ? 'S' : 'N');
    session_flush(s);
    if (!context)
        return true;
    const char *failure;
    for (;;) {
        enum stream_end end = stream_handshake(&s->stream, context, &failure);
        if (end == STREAM_OK)
            break;
        bool wait = end == STREAM_WANT_READ || end == STREAM_WANT_WRITE;
        if (!wait || !session_wait_socket(s, end == STREAM_WANT_READ ? EPOLLIN : EPOLLOUT, 0)) {
            log_line_pid(LOG_INFO_, s->pid, "could not accept SSL connection: %s",
                         failure ? failure : "connection closed");
            s->broken = true;
            s->phase = PHASE_CLOSING;
            SSL_CTX_free(context);
            return false;
        }
    }
    SSL_CTX_free(context);
    loop_watch_change(s->loop, &s->watch, EPOLLIN);
    return true;
}

static void take_cancel(struct session *s, const uint8_t *packet, uint32_t n)
{
    struct wire_reader in = wire_reader_over(packet + 4, n - 4);
    int32_t pid = (int32_t)wire_u32(&in);
    uint32_t secret = wire_u32(&in);
    if (wire_finished(&in) && !sessions_post_cancel(pid, secret, session_cancel))
        log_line_pid(LOG_INFO_, s->pid, "cancel request for unknown pid %d, or with a wrong key",
                     pid);
    s->phase = PHASE_CLOSING;
}

static const char *clip_name(struct session *s, const char *name)
{
    return arena_strndup(s->arena, name, MIN(strlen(name), NAME_BYTES_MAX));
}

static bool parse_packet(struct session *s, const uint8_t *bytes, uint32_t n,
                         struct start_packet *packet)
{
    struct wire_reader in = wire_reader_over(bytes, n);
    packet->version = wire_u32(&in);
    if (WIRE_VERSION_MAJOR(packet->version) != 3) {
        session_fatal(s, ERR_FEATURE_NOT_SUPPORTED,
                      "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0",
                      WIRE_VERSION_MAJOR(packet->version), WIRE_VERSION_MINOR(packet->version));
        return false;
    }
    for (;;) {
        const char *name = wire_cstring(&in);
        if (in.failed || !*name)
            break;
        const char *value = wire_cstring(&in);
        if (in.failed)
            break;
        if (strcmp(name, "user") == 0)
            s->user = clip_name(s, value);
        else if (strcmp(name, "database") == 0)
            s->database_name = clip_name(s, value);
        else if (strncmp(name, "_pq_.", 5) == 0)
            VEC_PUSH(s->scratch, &packet->unrecognized, arena_strdup(s->scratch, name));
        else
            VEC_PUSH(s->scratch, &packet->options,
                     ((struct start_option){arena_strdup(s->scratch, name),
                                            arena_strdup(s->scratch, value)}));
    }
    if (!wire_finished(&in)) {
        session_fatal(s, ERR_PROTOCOL_VIOLATION,
                      "invalid startup packet layout: expected terminator as last byte");
        return false;
    }
    if (!s->user || !*s->user) {
        session_fatal(s, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                      "no PostgreSQL user name specified in startup packet");
        return false;
    }
    if (!s->database_name || !*s->database_name)
        s->database_name = s->user;
    return true;
}

static void negotiate(struct session *s, const struct start_packet *packet)
{
    if (packet->version == PROTOCOL_LATEST && !packet->unrecognized.n)
        return;
    size_t at = wire_begin(&s->out, 'v');
    buf_put_u32(&s->out, PROTOCOL_LATEST);
    buf_put_u32(&s->out, (uint32_t)packet->unrecognized.n);
    for (size_t i = 0; i < packet->unrecognized.n; i++)
        wire_put_cstring(&s->out, packet->unrecognized.items[i]);
    wire_end(&s->out, at);
}

/* ---- who, and where ---- */

static bool find_role(struct session *s, struct err *err)
{
    const struct role *role = cluster_role_by_name(server.cluster, s->user);
    if (!role)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "role \"%s\" does not exist",
                       s->user);
    if (!role->login)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                       "role \"%s\" is not permitted to log in", s->user);
    s->auth_role = s->session_role = s->current_role = role->oid;
    s->superuser = role->super;
    return true;
}

static bool find_database(struct session *s, struct err *err)
{
    const struct cluster_database *found =
        cluster_database_by_name(server.cluster, s->database_name);
    if (!found)
        return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%s\" does not exist",
                       s->database_name);
    if (!found->allow_connections)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "database \"%s\" is not currently accepting connections", s->database_name);
    s->database = database_acquire(server.databases, s->database_name, err);
    if (!s->database)
        return false;
    if (found->connection_limit >= 0 && !s->superuser &&
        database_n_users(s->database) > (uint32_t)found->connection_limit)
        return err_set(err, ERR_TOO_MANY_CONNECTIONS, "too many connections for database \"%s\"",
                       s->database_name);
    return true;
}

/* ---- parameters ---- */

static bool initial(struct session *s, const char *name, const char *value,
                    enum param_source source, struct err *err)
{
    const struct param_def *def = session_param_find(s, name, true, err);
    return def && session_param_initial(s, def, value, source, err);
}

static bool apply_stored(struct session *s, const struct role_setting *settings, uint16_t n,
                         enum param_source source, bool want_database, bool want_role,
                         struct err *err)
{
    for (uint16_t i = 0; i < n; i++) {
        if ((settings[i].database_oid != 0) != want_database ||
            (settings[i].role_oid != 0) != want_role)
            continue;
        if (settings[i].database_oid && settings[i].database_oid != database_oid(s->database))
            continue;
        const char *equals = strchr(settings[i].text, '=');
        if (!equals)
            continue;
        const char *name =
            arena_strndup(s->scratch, settings[i].text, (size_t)(equals - settings[i].text));
        if (!initial(s, name, equals + 1, source,
                     err)) { /* as PostgreSQL: a stale setting does not lock anybody out */
            session_notice_err(s, NOTICE_WARNING, err);
            err_clear(err);
        }
    }
    return true;
}

/* ALTER DATABASE ... SET, ALTER ROLE ... SET, ALTER ROLE ... IN DATABASE ... SET: from weak to strong. */
static bool apply_all_stored(struct session *s, struct err *err)
{
    const struct cluster_database *database =
        cluster_database_by_name(server.cluster, s->database_name);
    const struct role *role = cluster_role(server.cluster, s->auth_role);
    if (database && !apply_stored(s, database->settings, database->n_settings, SOURCE_DATABASE,
                                  true, false, err))
        return false;
    return !role ||
           (apply_stored(s, role->settings, role->n_settings, SOURCE_USER, false, true, err) &&
            apply_stored(s, role->settings, role->n_settings, SOURCE_DATABASE_USER, true, true,
                         err));
}

/* One word of `options`: unescaped; NULL at the end. */
static const char *next_word(struct arena *arena, const char **at)
{
    const char *p = *at;
    while (*p == ' ' || *p == '\t' || *p == '\n')
        p++;
    if (!*p)
        return NULL;
    struct buf word = BUF_IN(arena);
    while (*p && *p != ' ' && *p != '\t' && *p != '\n') {
        p += *p == '\\' && p[1];
        buf_putc(&word, *p++);
    }
    *at = p;
    return buf_cstr(&word);
}

static bool apply_assignment(struct session *s, const char *assignment, struct err *err)
{
    const char *equals = strchr(assignment, '=');
    if (!equals)
        return err_set(err, ERR_SYNTAX_ERROR, "-c %s requires a value", assignment);
    char *name = arena_strndup(s->scratch, assignment, (size_t)(equals - assignment));
    for (char *p = name; *p; p++)
        if (*p == '-')
            *p = '_';
    return initial(s, name, equals + 1, SOURCE_CLIENT, err);
}

static bool apply_command_line(struct session *s, const char *options, struct err *err)
{
    const char *word;
    while ((word = next_word(s->scratch, &options))) {
        bool ok = true;
        if (strcmp(word, "-c") == 0) {
            const char *assignment = next_word(s->scratch, &options);
            ok = apply_assignment(s, assignment ? assignment : "", err);
        } else if (strncmp(word, "-c", 2) == 0 || strncmp(word, "--", 2) == 0) {
            ok = apply_assignment(s, word + 2, err);
        } else {
            err_set(err, ERR_SYNTAX_ERROR, "invalid command-line argument for server process: %s",
                    word);
            ok = err_hint(err, "Try \"shardlite --help\" for more information.");
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool apply_options(struct session *s, const struct start_packet *packet, struct err *err)
{
    for (size_t i = 0; i < packet->options.n; i++) /* `options` first: explicit keys are stronger */
        if (strcmp(packet->options.items[i].name, "options") == 0 &&
            !apply_command_line(s, packet->options.items[i].value, err))
            return false;
    for (size_t i = 0; i < packet->options.n; i++) {
        const struct start_option *option = &packet->options.items[i];
        if (strcmp(option->name, "options") == 0)
            continue;
        if (strcmp(option->name, "replication") == 0) {
            bool on = false;
            if (strcmp(option->value, "database") == 0 ||
                (param_parse_bool(option->value, &on) && on))
                return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                               "replication connections are not supported");
            continue;
        }
        if (!initial(s, option->name, option->value, SOURCE_CLIENT, err))
            return false;
    }
    return true;
}

static bool admit(struct session *s, struct err *err)
{
    if (server_is_stopping())
        return err_set(err, ERR_CANNOT_CONNECT_NOW, "the database system is shutting down");
    if (sessions_count() > (uint32_t)server_config()->max_connections)
        return err_set(err, ERR_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
    return true;
}

static void show_identity(struct session *s)
{
    struct session_view view = {
        .database_oid = database_oid(s->database),
        .role_oid = s->auth_role,
        .database = s->database_name,
        .user = s->user,
        .application = session_param_named(s, "application_name"),
        .client_address = s->address_text,
        .client_port = s->port,
        .backend_start = s->backend_start,
    };
    sessions_show_identity(s->entry, &view);
    sessions_show_state(s->entry, "idle", "", 0, s->backend_start, 0);
}

static void greet(struct session *s)
{
    session_params_report_all(s);
    size_t at = wire_begin(&s->out, 'K');
    buf_put_u32(&s->out, (uint32_t)s->pid);
    buf_put_u32(&s->out, s->secret);
    wire_end(&s->out, at);
    wire_ready(&s->out, 'I');
}

static bool open_session(struct session *s, const struct start_packet *packet, struct err *err)
{
    if (!admit(s, err) || !session_authenticate(s, err) || !find_role(s, err))
        return false;
    size_t at = wire_begin(&s->out, 'R');
    buf_put_u32(&s->out, 0);
    wire_end(&s->out, at);
    if (!find_database(s, err))
        return false;
    session_params_init(s);
    return apply_all_stored(s, err) && apply_options(s, packet, err);
}

/* Answers encryption requests until the start-up packet itself is there. */
static bool read_start_packet(struct session *s, struct start_packet *packet)
{
    bool asked_tls = false, asked_gss = false;
    for (;;) {
        uint32_t n;
        const uint8_t *bytes = read_packet(s, &n);
        if (!bytes)
            return false;
        struct wire_reader in = wire_reader_over(bytes, 4);
        uint32_t code = wire_u32(&in);
        if (code == WIRE_CODE_SSL && !asked_tls) {
            asked_tls = true;
            if (n != 4) {
                s->phase = PHASE_CLOSING;
                return false;
            }
            if (!start_tls(s))
                return false;
        } else if (code == WIRE_CODE_GSS && !asked_gss) {
            asked_gss = true;
            session_consume(s, n + 4);
            buf_putc(&s->out, 'N');
        } else if (code == WIRE_CODE_CANCEL) {
            take_cancel(s, bytes, n);
            return false;
        } else {
            bool ok = parse_packet(s, bytes, n, packet);
            session_consume(s, n + 4);
            return ok;
        }
    }
}

bool session_start(struct session *s)
{
    struct start_packet packet = {0};
    struct err err = ERR_IN(s->scratch);
    if (!read_start_packet(s, &packet))
        return false;
    negotiate(s, &packet);
    if (!open_session(s, &packet, &err)) {
        if (!fatal_now(s))
            session_send_err(s, &err);
        return false;
    }
    deadline_clear(loop_deadlines(s->loop), &s->statement_deadline);
    fiber_clear_interrupts(s->fiber, FIBER_TERMINATE);
    show_identity(s);
    greet(s);
    if (server_config()->log_connections)
        log_line_pid(LOG_INFO_, s->pid, "connection authorized: user=%s database=%s host=%s",
                     s->user, s->database_name, s->is_local ? "[local]" : s->address_text);
    arena_reset(s->scratch);
    return true;
}
