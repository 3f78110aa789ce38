/* aggregate.c - aggregates over all shards. */
#include "example.h"

int main(void)
{
    PGconn *connection = example_connect();
    example_do(connection, "DROP TABLE IF EXISTS example_sales_c");
    example_do(connection, "CREATE TABLE example_sales_c (tenant_id int, sale_id int, amount int, "
                           "PRIMARY KEY (tenant_id, sale_id))"
                           " WITH (shard_key = 'tenant_id')");
    example_do(connection, "INSERT INTO example_sales_c SELECT t, s, t * 10 + s FROM "
                           "generate_series(1, 20) t, generate_series(1, 30) s");
    example_expect(connection, "SELECT count(*) FROM example_sales_c", "600");
    example_expect(connection, "SELECT sum(amount) FROM example_sales_c", "72300");
    example_expect(connection,
                   "SELECT tenant_id FROM example_sales_c GROUP BY tenant_id ORDER BY sum(amount) "
                   "DESC LIMIT 1",
                   "20");
    example_do(connection, "DROP TABLE example_sales_c");
    PQfinish(connection);
    return 0;
}
