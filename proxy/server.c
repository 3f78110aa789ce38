/* server.c - the process's configuration and TLS context, which a reload replaces under running sessions. */
#include "proxy/server.h"

#include <openssl/err.h>
#include <string.h>

#include "base/log.h"
#include "proxy/param.h"

struct server server = {.tls_mutex = PTHREAD_MUTEX_INITIALIZER};

const struct config *server_config(void)
{
    return __atomic_load_n(&server.config, __ATOMIC_ACQUIRE);
}

bool server_is_stopping(void)
{
    return __atomic_load_n(&server.stopping, __ATOMIC_ACQUIRE) != 0;
}

/* ---- TLS ---- */

SSL_CTX *server_tls(void)
{
    pthread_mutex_lock(&server.tls_mutex);
    SSL_CTX *context = server.tls;
    if (context)
        SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&server.tls_mutex);
    return context;
}

void server_set_tls(SSL_CTX *context)
{
    pthread_mutex_lock(&server.tls_mutex);
    SSL_CTX *old = server.tls;
    server.tls = context;
    pthread_mutex_unlock(&server.tls_mutex);
    SSL_CTX_free(old);
}

static bool tls_failed(struct err *err, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    err_set(err, ERR_CONFIG_FILE_ERROR, "could not %s \"%s\": %s", what, file,
            reason ? reason : "unknown reason");
    ERR_clear_error();
    return false;
}

/* Client certificates are asked for, and checked if one comes; whether one is needed is up to the rule that fits the session. */
static int accept_any(int ok UNUSED, X509_STORE_CTX *store UNUSED)
{
    return 1;
}

static bool fill_tls(SSL_CTX *context, const struct config *config, struct err *err)
{
    SSL_CTX_set_min_proto_version(
        context, strcmp(config->tls_min_version, "1.3") == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(context, config->tls_cert) != 1)
        return tls_failed(err, "load certificate file", config->tls_cert);
    if (SSL_CTX_use_PrivateKey_file(context, config->tls_key, SSL_FILETYPE_PEM) != 1)
        return tls_failed(err, "load private key file", config->tls_key);
    if (SSL_CTX_check_private_key(context) != 1)
        return tls_failed(err, "use private key file", config->tls_key);
    if (!*config->tls_ca)
        return true;
    if (SSL_CTX_load_verify_locations(context, config->tls_ca, NULL) != 1)
        return tls_failed(err, "load root certificate file", config->tls_ca);
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(config->tls_ca));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, accept_any);
    return true;
}

bool server_load_tls(const struct config *config, SSL_CTX **context, struct err *err)
{
    *context = NULL;
    if (!*config->tls_cert)
        return true;
    SSL_CTX *made = SSL_CTX_new(TLS_server_method());
    if (!made)
        return err_set(err, ERR_INTERNAL_ERROR, "could not make a TLS context");
    if (!fill_tls(made, config, err)) {
        SSL_CTX_free(made);
        return false;
    }
    *context = made;
    return true;
}

/* ---- parameters of the configuration ---- */

static bool set_param(const char *name, const char *text, struct err *err)
{
    const struct param_def *def = param_find(name);
    const char *value;
    if (!def)
        return param_unknown(name, err);
    if (!param_check(def, text, &value, err))
        return false;
    if (def->id == PARAM_DATE_STYLE && value[0] != '-' && strstr(value, ", -"))
        value = arena_printf(err->arena, "%.*s, MDY", (int)(strchr(value, ',') - value), value);
    else if (def->id == PARAM_DATE_STYLE && value[0] == '-')
        value = arena_printf(err->arena, "ISO%s", value + 1);
    param_set_server_value(def, value);
    return true;
}

bool server_apply_params(const struct config *config, int port, struct err *err)
{
    struct arena *arena = err->arena;
    const struct {
        const char *name, *value;
    } fixed[] = {
        {"listen_addresses", config->listen},
        {"port", arena_printf(arena, "%d", port)},
        {"max_connections", arena_printf(arena, "%lld", (long long)config->max_connections)},
        {"data_directory", config->data_dir},
        {"config_file", config->file ? config->file : ""},
        {"unix_socket_directories", config->unix_socket_dir},
        {"log_statement", config->log_statement},
        {"log_min_duration_statement",
         arena_printf(arena, "%lld", (long long)config->log_min_duration_ms)},
        {"log_connections", config->log_connections ? "on" : "off"},
        {"authentication_timeout",
         arena_printf(arena, "%lld", (long long)config->authentication_timeout_s)},
        {"ssl", *config->tls_cert ? "on" : "off"},
        {"ssl_cert_file", config->tls_cert},
        {"ssl_key_file", config->tls_key},
        {"ssl_ca_file", config->tls_ca},
        {"shardlite.shards", arena_printf(arena, "%lld", (long long)config->shards)},
        {"shardlite.loops", arena_printf(arena, "%u", server.n_loops)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(fixed); i++)
        if (!set_param(fixed[i].name, fixed[i].value, err))
            return false;
    for (size_t i = 0; i < config->settings.n; i++) {
        const struct setting_rule *rule = &config->settings.items[i];
        if (!set_param(rule->name, rule->value, err))
            return err_context(err, "%s", rule->origin ? rule->origin : "configuration");
    }
    return true;
}

void server_reload(void)
{
    struct arena *arena = arena_new("reload");
    struct err err = ERR_IN(arena);
    SSL_CTX *tls = NULL;
    struct config *config = config_load(server.argc, server.argv, &err);
    if (!config || !server_load_tls(config, &tls, &err) ||
        !server_apply_params(config, (int)param_integer(param_server_value(param_find("port"))),
                             &err)) {
        log_err(LOG_ERROR_, 0, "the configuration was not reloaded", &err);
        config_free(config);
        SSL_CTX_free(tls);
    } else {
        enum log_level level;
        if (log_level_by_name(config->log_level, &level))
            log_set_level(level);
        config->previous = server.config;
        __atomic_store_n(&server.config, config, __ATOMIC_RELEASE);
        server_set_tls(tls);
        log_line(LOG_INFO_, "configuration reloaded");
    }
    arena_free(arena);
}
