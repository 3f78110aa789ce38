/* transfer.c - a transfer between rows of two shards: committed together, rolled back together. */
#include "example.h"

static const char *transfer(PGconn *connection, const char *from, const char *to,
                            const char *amount)
{
    const char *take[] = {amount, from}, *give[] = {amount, to};
    static char state[6];
    example_do(connection, "BEGIN");
    PGresult *given = PQexecParams(
        connection, "UPDATE example_accounts_c SET balance = balance + $1::int WHERE id = $2::int",
        2, NULL, give, NULL, NULL, 0);
    PGresult *taken = PQexecParams(
        connection, "UPDATE example_accounts_c SET balance = balance - $1::int WHERE id = $2::int",
        2, NULL, take, NULL, NULL, 0);
    int ok = PQresultStatus(given) == PGRES_COMMAND_OK && PQresultStatus(taken) == PGRES_COMMAND_OK;
    snprintf(state, sizeof(state), "%s", ok ? "done" : PQresultErrorField(taken, PG_DIAG_SQLSTATE));
    PQclear(given);
    PQclear(taken);
    example_do(connection, ok ? "COMMIT" : "ROLLBACK");
    return state;
}

int main(void)
{
    PGconn *connection = example_connect();
    example_do(connection, "DROP TABLE IF EXISTS example_accounts_c");
    example_do(connection, "CREATE TABLE example_accounts_c (id int PRIMARY KEY, balance int NOT "
                           "NULL CHECK (balance >= 0))");
    example_do(connection,
               "INSERT INTO example_accounts_c SELECT g, 100 FROM generate_series(1, 16) g");
    printf("30 from 1 to 2: %s\n", transfer(connection, "1", "2", "30"));
    const char *refused = transfer(connection, "3", "4", "500");
    printf("500 from 3 to 4: %s\n", refused);
    if (strcmp(refused, "23514") != 0)
        return 1;
    example_expect(
        connection,
        "SELECT string_agg(balance::text, ' ' ORDER BY id) FROM example_accounts_c WHERE id <= 4",
        "70 130 100 100");
    example_expect(connection, "SELECT sum(balance) FROM example_accounts_c", "1600");
    example_do(connection, "DROP TABLE example_accounts_c");
    PQfinish(connection);
    return 0;
}
