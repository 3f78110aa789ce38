/* server.h - the one server of the process: configuration, storage, loops and the list of sessions.
 *
 * Made by main() before any thread starts; the pointers in it never change while loops run, except `config` (reload) and `tls`. */
#ifndef SHARDLITE_PROXY_SERVER_H
#define SHARDLITE_PROXY_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "config/config.h"
#include "proxy/loop.h"
#include "shard/storage.h"
#include "txn/txn.h"

struct cluster;
struct databases;
struct session;
struct plan_cache;

struct server {
    struct arena *arena;
    struct config *config; /* atomic: server_config() */
    int argc;              /* the flags, for a reload */
    char *const *argv;
    struct storage *storage;
    struct txn_manager *transactions;
    struct cluster *cluster;     /* catalog/cluster.h */
    struct databases *databases; /* catalog/database.h */
    struct loop **loops;
    uint32_t n_loops;
    SSL_CTX *tls; /* guarded by tls_mutex: server_tls() */
    pthread_mutex_t tls_mutex;
    int64_t started_us;              /* realtime */
    uint8_t mock_seed[32];           /* for SCRAM with users that do not exist */
    uint32_t stopping;               /* atomic; 1: no new sessions, 2: end what runs */
    struct plan_cache **plan_caches; /* one a loop */
};

extern struct server server;

const struct config *server_config(void);
SSL_CTX *server_tls(void); /* a reference, or NULL: no TLS */
MUST_CHECK bool server_load_tls(const struct config *config, SSL_CTX **context, struct err *err);
void server_set_tls(SSL_CTX *context); /* steals it */
bool server_is_stopping(void);
/* Server-wide values of parameters, from the configuration. */
MUST_CHECK bool server_apply_params(const struct config *config, int port, struct err *err);
/* SIGHUP. */
void server_reload(void);

#endif
