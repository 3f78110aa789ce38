// A transfer between rows of two shards: committed together, rolled back together.
const { run, expect } = require('./example');

run(async (client) => {
  await client.query('DROP TABLE IF EXISTS example_accounts_js');
  await client.query('CREATE TABLE example_accounts_js (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))');
  await client.query('INSERT INTO example_accounts_js SELECT g, 100 FROM generate_series(1, 16) g');
  const transfer = async (source, target, amount) => {
    await client.query('BEGIN');
    try {
      await client.query('UPDATE example_accounts_js SET balance = balance + $1 WHERE id = $2', [amount, target]);
      await client.query('UPDATE example_accounts_js SET balance = balance - $1 WHERE id = $2', [amount, source]);
      await client.query('COMMIT');
      return 'done';
    } catch (e) {
      await client.query('ROLLBACK');
      return e.code;
    }
  };
  expect('30 from 1 to 2', await transfer(1, 2, 30), 'done');
  expect('500 from 3 to 4', await transfer(3, 4, 500), '23514');
  const rows = await client.query('SELECT balance FROM example_accounts_js WHERE id <= 4 ORDER BY id');
  expect('balances', rows.rows.map((r) => r.balance), [70, 130, 100, 100]);
  await client.query('DROP TABLE example_accounts_js');
});
