// Create, read, update and delete rows.
const { run, expect } = require('./example');

run(async (client) => {
  await client.query('DROP TABLE IF EXISTS example_books_js');
  await client.query('CREATE TABLE example_books_js (id bigint PRIMARY KEY, title text NOT NULL, price numeric(8, 2))');
  for (const book of [[1, 'Knuth', '199.99'], [2, 'Gray', '85.50'], [3, 'Codd', '0']]) {
    await client.query('INSERT INTO example_books_js VALUES ($1, $2, $3)', book);
  }
  const reduced = await client.query('UPDATE example_books_js SET price = price * 0.9 WHERE id = $1 RETURNING price', [2]);
  expect('reduced price', reduced.rows[0].price, '76.95');
  const gone = await client.query('DELETE FROM example_books_js WHERE price = 0');
  expect('deleted', gone.rowCount, 1);
  const left = await client.query('SELECT id, title FROM example_books_js ORDER BY id');
  expect('left', left.rows.map((r) => r.title), ['Knuth', 'Gray']);
  await client.query('DROP TABLE example_books_js');
});
