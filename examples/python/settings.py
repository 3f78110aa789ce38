"""Session settings."""
from example import connect, expect

connection = connect()
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("SHOW server_encoding")
expect("server_encoding", cursor.fetchone()[0], "UTF8")
cursor.execute("SET TimeZone = 'Europe/Berlin'")
cursor.execute("SELECT (timestamptz '2024-07-01 12:00+00')::text")
expect("noon UTC in Berlin", cursor.fetchone()[0], "2024-07-01 14:00:00+02")
cursor.execute("SET statement_timeout = '5s'")
cursor.execute("SELECT setting, unit FROM pg_settings WHERE name = 'statement_timeout'")
expect("statement_timeout", cursor.fetchone(), ("5000", "ms"))
