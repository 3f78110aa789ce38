"""What the Python examples share: a connection from the libpq environment, and a check."""
import os

import psycopg2


def connect():
    return psycopg2.connect(host=os.environ.get("PGHOST", "127.0.0.1"), port=os.environ.get("PGPORT", "6432"),
                            user=os.environ.get("PGUSER", "postgres"), dbname=os.environ.get("PGDATABASE", "postgres"))


def expect(what, got, wanted):
    if got != wanted:
        raise SystemExit("%s: got %r, expected %r" % (what, got, wanted))
    print("%s: %r" % (what, got))
