"""Create, read, update and delete rows."""
from decimal import Decimal

from example import connect, expect

connection = connect()
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("DROP TABLE IF EXISTS example_books_py")
cursor.execute("CREATE TABLE example_books_py (id bigint PRIMARY KEY, title text NOT NULL, price numeric(8, 2))")
cursor.executemany("INSERT INTO example_books_py VALUES (%s, %s, %s)", [(1, "Knuth", Decimal("199.99")), (2, "Gray", Decimal("85.50")), (3, "Codd", Decimal("0"))])
cursor.execute("UPDATE example_books_py SET price = price * 0.9 WHERE id = %s RETURNING price", (2,))
expect("reduced price", cursor.fetchone()[0], Decimal("76.95"))
cursor.execute("DELETE FROM example_books_py WHERE price = 0")
expect("deleted", cursor.rowcount, 1)
cursor.execute("SELECT id, title FROM example_books_py ORDER BY id")
expect("left", cursor.fetchall(), [(1, "Knuth"), (2, "Gray")])
cursor.execute("DROP TABLE example_books_py")
