/* settings.c - session settings. */
#include "example.h"

int main(void)
{
    PGconn *connection = example_connect();
    printf("server %s, encoding %s\n", PQparameterStatus(connection, "server_version"),
           PQparameterStatus(connection, "server_encoding"));
    example_do(connection, "SET TimeZone = 'Europe/Berlin'");
    if (strcmp(PQparameterStatus(connection, "TimeZone"), "Europe/Berlin") != 0)
        return 1; /* the server reports the change by itself */
    example_expect(connection, "SELECT timestamptz '2024-07-01 12:00+00'",
                   "2024-07-01 14:00:00+02");
    example_do(connection, "SET statement_timeout = '5s'");
    example_expect(connection, "SHOW statement_timeout", "5s");
    PQfinish(connection);
    return 0;
}
