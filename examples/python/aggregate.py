"""Aggregates over all shards."""
from example import connect, expect

connection = connect()
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("DROP TABLE IF EXISTS example_sales_py")
cursor.execute("CREATE TABLE example_sales_py (tenant_id int, sale_id int, amount int, PRIMARY KEY (tenant_id, sale_id)) WITH (shard_key = 'tenant_id')")
cursor.execute("INSERT INTO example_sales_py SELECT t, s, t * 10 + s FROM generate_series(1, 20) t, generate_series(1, 30) s")
cursor.execute("SELECT count(*), sum(amount), max(amount) FROM example_sales_py")
expect("all sales", cursor.fetchone(), (600, 72300, 230))
cursor.execute("SELECT tenant_id, sum(amount) FROM example_sales_py GROUP BY tenant_id ORDER BY 2 DESC LIMIT 2")
expect("best tenants", cursor.fetchall(), [(20, 6465), (19, 6165)])
cursor.execute("DROP TABLE example_sales_py")
