-- Create, read, update and delete rows of a table that is spread over the shards by its primary key.
\set ON_ERROR_STOP on
DROP TABLE IF EXISTS example_books;
CREATE TABLE example_books (
    id     bigint PRIMARY KEY,
    title  text NOT NULL,
    price  numeric(8, 2) CHECK (price >= 0),
    added  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO example_books (id, title, price) VALUES
    (1, 'The Art of Computer Programming', 199.99),
    (2, 'Transaction Processing', 85.50),
    (3, 'A Relational Model', 0);
SELECT id, title, price FROM example_books ORDER BY id;
UPDATE example_books SET price = price * 0.9 WHERE id = 2 RETURNING id, price;
DELETE FROM example_books WHERE price = 0 RETURNING title;
SELECT count(*) AS books, sum(price) AS worth FROM example_books;
DROP TABLE example_books;
