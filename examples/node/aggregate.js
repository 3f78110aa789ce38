// Aggregates over all shards.
const { run, expect } = require('./example');

run(async (client) => {
  await client.query('DROP TABLE IF EXISTS example_sales_js');
  await client.query(`CREATE TABLE example_sales_js (tenant_id int, sale_id int, amount int, PRIMARY KEY (tenant_id, sale_id))
                      WITH (shard_key = 'tenant_id')`);
  await client.query('INSERT INTO example_sales_js SELECT t, s, t * 10 + s FROM generate_series(1, 20) t, generate_series(1, 30) s');
  const all = await client.query('SELECT count(*)::int AS n, sum(amount)::int AS total FROM example_sales_js');
  expect('all sales', { ...all.rows[0] }, { n: 600, total: 72300 });
  const best = await client.query('SELECT tenant_id, sum(amount)::int AS total FROM example_sales_js GROUP BY tenant_id ORDER BY 2 DESC LIMIT 1');
  expect('best tenant', { ...best.rows[0] }, { tenant_id: 20, total: 6465 });
  await client.query('DROP TABLE example_sales_js');
});
