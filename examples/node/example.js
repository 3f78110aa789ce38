// What the Node.js examples share: a client from the libpq environment, and a check.
const assert = require('assert');
const { Client } = require('pg');

exports.run = async (main) => {
  const client = new Client({
    host: process.env.PGHOST || '127.0.0.1',
    port: Number(process.env.PGPORT || 6432),
    user: process.env.PGUSER || 'postgres',
    database: process.env.PGDATABASE || 'postgres',
  });
  await client.connect();
  try {
    await main(client);
  } finally {
    await client.end();
  }
};

exports.expect = (what, got, wanted) => {
  assert.deepStrictEqual(got, wanted, what);
  console.log(`${what}: ${JSON.stringify(got)}`);
};
