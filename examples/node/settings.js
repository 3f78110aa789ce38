// Session settings.
const { run, expect } = require('./example');

run(async (client) => {
  await client.query("SET TimeZone = 'Europe/Berlin'");
  const noon = await client.query("SELECT (timestamptz '2024-07-01 12:00+00')::text AS t");
  expect('noon UTC in Berlin', noon.rows[0].t, '2024-07-01 14:00:00+02');
  await client.query("SET statement_timeout = '5s'");
  const setting = await client.query('SHOW statement_timeout');
  expect('statement_timeout', setting.rows[0].statement_timeout, '5s');
});
