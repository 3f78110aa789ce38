"""A transfer between rows of two shards: committed together, rolled back together."""
import psycopg2

from example import connect, expect

connection = connect()
cursor = connection.cursor()
cursor.execute("DROP TABLE IF EXISTS example_accounts_py")
cursor.execute("CREATE TABLE example_accounts_py (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))")
cursor.execute("INSERT INTO example_accounts_py SELECT g, 100 FROM generate_series(1, 16) g")
connection.commit()


def transfer(source, target, amount):
    try:
        cursor.execute("UPDATE example_accounts_py SET balance = balance + %s WHERE id = %s", (amount, target))
        cursor.execute("UPDATE example_accounts_py SET balance = balance - %s WHERE id = %s", (amount, source))
        connection.commit()
        return "done"
    except psycopg2.errors.CheckViolation:
        connection.rollback()
        return "refused"


expect("30 from 1 to 2", transfer(1, 2, 30), "done")
expect("500 from 3 to 4", transfer(3, 4, 500), "refused")
cursor.execute("SELECT id, balance FROM example_accounts_py WHERE id <= 4 ORDER BY id")
expect("balances", cursor.fetchall(), [(1, 70), (2, 130), (3, 100), (4, 100)])
cursor.execute("DROP TABLE example_accounts_py")
connection.commit()
