/* example.h - what the C examples share: a connection from the libpq environment, and checks. */
#ifndef SHARDLITE_EXAMPLE_H
#define SHARDLITE_EXAMPLE_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline PGconn *example_connect(void)
{
    const char *port = getenv("PGPORT"), *host = getenv("PGHOST");
    const char *keys[] = {"host", "port", "user", "dbname", NULL};
    const char *values[] = {host ? host : "127.0.0.1", port ? port : "6432",
                            getenv("PGUSER") ? getenv("PGUSER") : "postgres",
                            getenv("PGDATABASE") ? getenv("PGDATABASE") : "postgres", NULL};
    PGconn *connection = PQconnectdbParams(keys, values, 0);
    if (PQstatus(connection) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(connection));
        exit(1);
    }
    return connection;
}

/* Runs a statement; its result must not be an error. */
static inline PGresult *example_run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s\n%s", sql, PQerrorMessage(connection));
        exit(1);
    }
    return result;
}

static inline void example_do(PGconn *connection, const char *sql)
{
    PQclear(example_run(connection, sql));
}

/* The first value of the result must read `wanted`. */
static inline void example_expect(PGconn *connection, const char *sql, const char *wanted)
{
    PGresult *result = example_run(connection, sql);
    const char *got = PQntuples(result) ? PQgetvalue(result, 0, 0) : "(no row)";
    printf("%s\n    %s\n", sql, got);
    if (strcmp(got, wanted) != 0) {
        fprintf(stderr, "expected %s\n", wanted);
        exit(1);
    }
    PQclear(result);
}

#endif
