/* client.c - histories of a server, through libpq.
 *
 *   history CONNINFO [read-committed|repeatable-read|serializable] [THREADS [TRANSACTIONS [KEYS [SEED]]]]
 *
 * Prints one line and exits 0 when nothing forbidden was seen.  Works against a PostgreSQL too. */
#include <inttypes.h>
#include <postgresql/libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/txn/history.h"

struct run {
    const char *conninfo, *level;
    struct history *history;
    int n_threads, n_txns, n_keys;
    unsigned seed;
    _Atomic int64_t next_value;
    _Atomic int n_failed, n_broken;
};

struct hand {
    struct run *run;
    unsigned seed;
    PGconn *conn;
    pthread_t thread;
};

static PGconn *connect_to(const struct run *run)
{
    PGconn *conn = PQconnectdb(run->conninfo);
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    fprintf(stderr, "history: %s", PQerrorMessage(conn));
    exit(2);
}

static bool exec(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static void must(PGconn *conn, const char *sql)
{
    if (exec(conn, sql))
        return;
    fprintf(stderr, "history: %s: %s", sql, PQerrorMessage(conn));
    exit(2);
}

/* 40001 and 40P01 are how a server says no; anything else breaks the run. */
static bool give_up(struct hand *hand, PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!sqlstate || (strcmp(sqlstate, "40001") != 0 && strcmp(sqlstate, "40P01") != 0)) {
        fprintf(stderr, "history: %s", PQresultErrorMessage(result));
        atomic_fetch_add(&hand->run->n_broken, 1);
    }
    PQclear(result);
    return false;
}

static bool statement(struct hand *hand, struct history_txn *record)
{
    struct run *run = hand->run;
    char sql[160];
    uint32_t key = (uint32_t)rand_r(&hand->seed) % (uint32_t)run->n_keys;
    int what = rand_r(&hand->seed) % 4;
    int64_t value = 0;
    if (what == 0) {
        snprintf(sql, sizeof(sql), "SELECT k, v FROM history_register");
    } else if (what == 1) {
        snprintf(sql, sizeof(sql), "SELECT k, v FROM history_register WHERE k = %u", key);
    } else {
        value = atomic_fetch_add(&run->next_value, 1);
        snprintf(sql, sizeof(sql),
                 "UPDATE history_register SET replaced = v, v = %" PRId64
                 " WHERE k = %u RETURNING k, replaced",
                 value, key);
    }
    PGresult *result = PQexec(hand->conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return give_up(hand, result);
    for (int row = 0; row < PQntuples(result); row++) {
        uint32_t k = (uint32_t)strtoul(PQgetvalue(result, row, 0), NULL, 10);
        int64_t v = strtoll(PQgetvalue(result, row, 1), NULL, 10);
        if (value)
            history_write(record, k, v, value);
        else
            history_read(record, k, v);
    }
    PQclear(result);
    return true;
}

static bool end(struct hand *hand, bool commit)
{
    PGresult *result = PQexec(hand->conn, commit ? "COMMIT" : "ROLLBACK");
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return give_up(hand, result);
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    return committed;
}

static void transaction(struct hand *hand)
{
    struct run *run = hand->run;
    int n_statements = 1 + rand_r(&hand->seed) % 4;
    bool weak = strcmp(run->level, "READ COMMITTED") == 0;
    char sql[80];
    snprintf(sql, sizeof(sql), "BEGIN ISOLATION LEVEL %s", run->level);
    struct history_txn *record = history_begin(run->history, !weak || n_statements == 1,
                                               strcmp(run->level, "SERIALIZABLE") == 0);
    must(hand->conn, sql);
    bool ok = true;
    for (int k = 0; ok && k < n_statements; k++)
        ok = statement(hand, record);
    bool commit = ok && rand_r(&hand->seed) % 8 != 0;
    bool committed = end(hand, commit);
    if (!ok || (commit && !committed))
        atomic_fetch_add(&run->n_failed, 1);
    history_end(record, committed);
}

static void *work(void *arg)
{
    struct hand *hand = arg;
    hand->conn = connect_to(hand->run);
    for (int k = 0; k < hand->run->n_txns; k++)
        transaction(hand);
    PQfinish(hand->conn);
    return NULL;
}

static void prepare(const struct run *run)
{
    PGconn *conn = connect_to(run);
    char sql[160];
    must(conn, "DROP TABLE IF EXISTS history_register");
    must(conn,
         "CREATE TABLE history_register (k int PRIMARY KEY, v bigint NOT NULL, replaced bigint)");
    snprintf(sql, sizeof(sql),
             "INSERT INTO history_register SELECT g, -g - 1, NULL FROM generate_series(0, %d) g",
             run->n_keys - 1);
    must(conn, sql);
    PQfinish(conn);
}

static const char *level_of(const char *name)
{
    if (strcmp(name, "read-committed") == 0)
        return "READ COMMITTED";
    if (strcmp(name, "repeatable-read") == 0)
        return "REPEATABLE READ";
    if (strcmp(name, "serializable") == 0)
        return "SERIALIZABLE";
    return NULL;
}

int main(int argc, char **argv)
{
    struct run run = {.conninfo = argc > 1 ? argv[1] : "",
                      .level = level_of(argc > 2 ? argv[2] : "read-committed"),
                      .n_threads = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 8,
                      .n_txns = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 200,
                      .n_keys = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 10,
                      .seed = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 1};
    if (argc < 2 || !run.level || run.n_threads < 1 || run.n_txns < 1 || run.n_keys < 1) {
        fprintf(stderr,
                "usage: %s CONNINFO [read-committed|repeatable-read|serializable] [THREADS "
                "[TRANSACTIONS [KEYS [SEED]]]]\n",
                argv[0]);
        return 2;
    }
    atomic_init(&run.next_value, 1);
    run.history = history_new();
    prepare(&run);
    struct hand *hands = calloc((size_t)run.n_threads, sizeof(*hands));
    ASSERT(hands != NULL);
    for (int k = 0; k < run.n_threads; k++) {
        hands[k] = (struct hand){.run = &run, .seed = run.seed * 1000 + (unsigned)k};
        pthread_create(&hands[k].thread, NULL, work, &hands[k]);
    }
    for (int k = 0; k < run.n_threads; k++)
        pthread_join(hands[k].thread, NULL);
    struct arena *arena = arena_new("history");
    const char *found = history_check(run.history, arena);
    printf("history: %s, %zu committed, %d failed: %s\n", run.level,
           history_n_committed(run.history), run.n_failed, found ? found : "nothing forbidden");
    bool good = !found && !run.n_broken;
    arena_free(arena);
    history_free(run.history);
    free(hands);
    return good ? 0 : 1;
}
