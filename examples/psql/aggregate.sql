-- Groups, averages and ranks over all shards: the answers are those of one database.
\set ON_ERROR_STOP on
DROP TABLE IF EXISTS example_sales;
CREATE TABLE example_sales (
    tenant_id int,
    sale_id   int,
    amount    numeric(10, 2),
    sold_on   date,
    PRIMARY KEY (tenant_id, sale_id)
) WITH (shard_key = 'tenant_id');
INSERT INTO example_sales
SELECT t, s, t * 10 + s, date '2024-01-01' + s FROM generate_series(1, 20) t, generate_series(1, 30) s;
SELECT count(*), sum(amount), round(avg(amount), 2) AS average FROM example_sales;
SELECT tenant_id, sum(amount) FROM example_sales GROUP BY tenant_id HAVING sum(amount) > 6000 ORDER BY sum(amount) DESC;
SELECT tenant_id, amount, rank() OVER (ORDER BY amount DESC) FROM example_sales ORDER BY 3, 1 LIMIT 3;
SELECT date_trunc('week', sold_on)::date AS week, count(DISTINCT tenant_id) FROM example_sales GROUP BY 1 ORDER BY 1;
DROP TABLE example_sales;
