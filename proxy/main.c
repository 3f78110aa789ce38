/* main.c - shardlite serve | check | passwd | --version | --help. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scram.h"
#include "catalog/reg_names.h"
#include "catalog/cluster.h"
#include "catalog/database.h"
#include "func/func.h"
#include "proxy/check.h"
#include "proxy/listener.h"
#include "proxy/param.h"
#include "proxy/server.h"
#include "proxy/session.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"
#include "proxy/version.h"
#include "sql/parse.h"

#define DESCRIPTORS_SPARE 512

static int fail(const struct err *err)
{
    fprintf(stderr, "shardlite: %s\n", err->message ? err->message : "unknown error");
    if (err->detail)
        fprintf(stderr, "  %s\n", err->detail);
    if (err->hint)
        fprintf(stderr, "  %s\n", err->hint);
    return 1;
}

static int help(void)
{
    printf(
        "shardlite %s - a PostgreSQL-speaking server whose storage is a folder of SQLite files\n\n"
        "  shardlite serve [flags]             run the server; prints one line when it is ready\n"
        "  shardlite check --data DIR          check every file, key placement, and catalog "
        "against shards\n"
        "  shardlite passwd USER               make a SCRAM verifier for CREATE ROLE ... PASSWORD "
        "(reads the password)\n"
        "  shardlite --version | --help\n\nFlags (each also as SHARDLITE_<NAME> in the "
        "environment, or in the file):\n",
        SHARDLITE_VERSION);
    config_help();
    return 0;
}

/* ---- passwd ---- */

static bool read_password(char *password, size_t room)
{
    struct termios old, quiet;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "Password: ");
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool ok = fgets(password, (int)room, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fprintf(stderr, "\n");
    }
    if (ok)
        password[strcspn(password, "\r\n")] = 0;
    return ok && *password;
}

static int passwd(const char *user)
{
    char password[1024];
    if (!read_password(password, sizeof(password))) {
        fprintf(stderr, "shardlite: no password was given\n");
        return 1;
    }
    struct arena *arena = arena_new("passwd");
    const char *verifier = scram_make_verifier(arena, password);
    memset(password, 0, sizeof(password));
    if (verifier && user)
        printf("ALTER ROLE \"%s\" PASSWORD '%s';\n", user, verifier);
    arena_free(arena);
    return verifier ? 0 : 1;
}

/* ---- serve ---- */

static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* As many descriptors as connections and files may need; what the system does not give is logged. */
static void raise_limits(const struct config *config)
{
    struct rlimit limit;
    rlim_t wanted =
        (rlim_t)(config->max_connections + config->max_open_readers * 3 + DESCRIPTORS_SPARE);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : MIN(wanted, limit.rlim_max);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < (rlim_t)config->max_connections + DESCRIPTORS_SPARE)
        log_line(LOG_WARNING_, "the limit of open files (%llu) is low for max_connections = %lld",
                 (unsigned long long)limit.rlim_cur, (long long)config->max_connections);
}

static bool open_data(const struct config *config, struct err *err)
{
    struct storage_options options = {
        .data_dir = config->data_dir,
        .n_shards = (uint32_t)config->shards,
        .max_open_readers = (uint32_t)config->max_open_readers,
        .log_segment_bytes = (uint64_t)config->log_segment_bytes,
        .create = true,
    };
    server.storage = storage_open(&options, err);
    if (!server.storage)
        return false;
    server.transactions = txn_manager_new(server.storage);
    server.cluster = cluster_open(server.storage, (uint32_t)config->shards, err);
    if (!server.cluster)
        return false;
    server.databases = databases_new(server.cluster);
    return true;
}

static bool make_loops(const struct config *config, struct err *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    server.n_loops = config->loops ? (uint32_t)config->loops : (uint32_t)MAX(cores, 1);
    server.loops = calloc(server.n_loops, sizeof(struct loop *));
    server.plan_caches = calloc(server.n_loops, sizeof(struct plan_cache *));
    ASSERT(server.loops && server.plan_caches);
    for (uint32_t i = 0; i < server.n_loops; i++) {
        server.loops[i] = loop_new(i, err);
        server.plan_caches[i] = plan_cache_new((size_t)config->plan_cache_bytes);
        if (!server.loops[i])
            return false;
    }
    return true;
}

static bool start(struct err *err)
{
    const struct config *config = server_config();
    SSL_CTX *tls;
    enum log_level level;
    if (log_level_by_name(config->log_level, &level))
        log_set_level(level);
    raise_limits(config);
    if (RAND_bytes(server.mock_seed, sizeof(server.mock_seed)) != 1)
        return err_set(err, ERR_INTERNAL_ERROR, "the system gives no random bytes");
    func_add_tables(proxy_func_tables);
    catalog_install();
    params_init();
    session_relations_install();
    server.started_us = clock_realtime_us();
    if (!sql_parse_check(err) || !server_load_tls(config, &tls, err))
        return false;
    server_set_tls(tls);
    if (!make_loops(config, err) || !listeners_open(config, err))
        return false;
    if (!server_apply_params(config, listeners_port(), err) || !open_data(config, err))
        return false;
    for (uint32_t i = 0; i < server.n_loops; i++)
        if (!loop_start(server.loops[i], err))
            return false;
    loop_post(server.loops[0], listeners_start, NULL);
    return true;
}

/* True when all sessions have ended before the deadline. */
static bool wait_for_sessions(int64_t deadline_us)
{
    while (sessions_count() > 0) {
        if (clock_monotonic_us() >= deadline_us)
            return false;
        usleep(5000);
    }
    return true;
}

static void stop(void)
{
    log_line(LOG_INFO_, "stopping: no new connections, %u session(s) to end", sessions_count());
    __atomic_store_n(&server.stopping, 1, __ATOMIC_RELEASE);
    loop_post(server.loops[0], listeners_close, NULL);
    sessions_post_all(NULL, session_drain);
    int64_t patience_us = server_config()->shutdown_timeout_s * 1000000;
    if (!wait_for_sessions(clock_monotonic_us() + patience_us)) {
        log_line(LOG_WARNING_, "%u session(s) still run after %lld s: ending them",
                 sessions_count(), (long long)server_config()->shutdown_timeout_s);
        sessions_post_all(NULL, session_terminate);
        if (!wait_for_sessions(clock_monotonic_us() + 5000000))
            log_line(LOG_WARNING_, "%u session(s) do not end", sessions_count());
    }
    bool clean = sessions_count() == 0;
    for (uint32_t i = 0; i < server.n_loops; i++)
        loop_stop(server.loops[i]);
    for (uint32_t i = 0; i < server.n_loops; i++)
        loop_join(server.loops[i]);
    if (clean) {
        for (uint32_t i = 0; i < server.n_loops; i++) {
            plan_cache_free(server.plan_caches[i]);
            loop_free(server.loops[i]);
        }
        databases_free(server.databases);
        cluster_close(server.cluster);
        txn_manager_free(server.transactions);
    }
    storage_close(server.storage);
    server_set_tls(NULL);
    log_line(LOG_INFO_, "stopped");
}

static void handle_signals(const sigset_t *set)
{
    for (;;) {
        int signal_number = 0;
        if (sigwait(set, &signal_number) != 0)
            continue;
        if (signal_number == SIGHUP) {
            server_reload();
            continue;
        }
        return;
    }
}

static int serve(int argc, char **argv)
{
    struct arena *arena = arena_new("main");
    struct err err = ERR_IN(arena);
    sigset_t signals;
    server.argc = argc;
    server.argv = argv;
    server.config = config_load(argc, argv, &err);
    if (!server.config)
        return fail(&err);
    block_signals(&signals);
    if (!start(&err)) {
        listeners_remove_socket_file();
        return fail(&err);
    }
    printf("shardlite ready: %s port %d, data %s, %u loops\n", server_config()->listen,
           listeners_port(), server_config()->data_dir, server.n_loops);
    fflush(stdout);
    handle_signals(&signals);
    stop();
    config_free(server.config);
    arena_free(arena);
    return 0;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "--help";
    if (strcmp(command, "serve") == 0)
        return serve(argc - 2, argv + 2);
    if (strcmp(command, "check") == 0)
        return check_main(argc - 2, argv + 2);
    if (strcmp(command, "passwd") == 0 && argc == 3)
        return passwd(argv[2]);
    if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
        printf("shardlite %s (PostgreSQL %s)\n", SHARDLITE_VERSION, SHARDLITE_SERVER_VERSION);
        return 0;
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0)
        return help();
    fprintf(stderr, "shardlite: unknown command \"%s\"; see shardlite --help\n", command);
    return 2;
}
