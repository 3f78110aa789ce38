/* crud.c - create, read, update and delete rows. */
#include "example.h"

int main(void)
{
    PGconn *connection = example_connect();
    example_do(connection, "DROP TABLE IF EXISTS example_books_c");
    example_do(connection, "CREATE TABLE example_books_c (id bigint PRIMARY KEY, title text NOT "
                           "NULL, price numeric(8, 2))");
    const char *titles[] = {"Knuth", "Gray", "Codd"}, *prices[] = {"199.99", "85.50", "0"},
               *ids[] = {"1", "2", "3"};
    for (int k = 0; k < 3; k++) {
        const char *values[] = {ids[k], titles[k], prices[k]};
        PGresult *result =
            PQexecParams(connection, "INSERT INTO example_books_c VALUES ($1, $2, $3)", 3, NULL,
                         values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            fprintf(stderr, "%s", PQerrorMessage(connection));
            return 1;
        }
        PQclear(result);
    }
    example_expect(connection,
                   "UPDATE example_books_c SET price = price * 0.9 WHERE id = 2 RETURNING price",
                   "76.95");
    example_expect(connection, "DELETE FROM example_books_c WHERE price = 0 RETURNING title",
                   "Codd");
    example_expect(connection, "SELECT count(*) FROM example_books_c", "2");
    example_do(connection, "DROP TABLE example_books_c");
    PQfinish(connection);
    return 0;
}
