-- Two rows on different shards change together or not at all.
\set ON_ERROR_STOP on
DROP TABLE IF EXISTS example_accounts;
CREATE TABLE example_accounts (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0));
INSERT INTO example_accounts SELECT g, 100 FROM generate_series(1, 16) g;
BEGIN;
UPDATE example_accounts SET balance = balance - 30 WHERE id = 1;
UPDATE example_accounts SET balance = balance + 30 WHERE id = 2;
COMMIT;
BEGIN;
UPDATE example_accounts SET balance = balance + 500 WHERE id = 4;
SAVEPOINT before_withdrawal;
\set ON_ERROR_STOP off
UPDATE example_accounts SET balance = balance - 500 WHERE id = 3; -- violates the CHECK
\set ON_ERROR_STOP on
ROLLBACK;
SELECT id, balance FROM example_accounts WHERE id <= 4 ORDER BY id;
SELECT sum(balance) FROM example_accounts;
DROP TABLE example_accounts;
