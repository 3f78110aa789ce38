#!/usr/bin/env python3
"""Records how PostgreSQL 15 describes statements, for tests/unit/sql/analyze_test.c.

    tools/record-statement-cases.py STATEMENTS > tests/unit/sql/statements.cases

STATEMENTS has one statement per line (blank lines and lines that start with -- are skipped).  Each is parsed and described, not run, on
the server that PGHOST, PGPORT, PGUSER and PGDATABASE tell.  The output has two lines per statement: the statement, and one of

    => parameter type OIDs | name:type OID:typmod, ...
    => ERROR sqlstate position message [| hint]
"""
import os
import socket
import struct
import sys


class Server:
    def __init__(self):
        self.sock = socket.create_connection((os.environ.get("PGHOST", "127.0.0.1"), int(os.environ.get("PGPORT", "5432"))))
        self.data = b""
        user = os.environ.get("PGUSER", "postgres")
        fields = ["user", user, "database", os.environ.get("PGDATABASE", user), "", ""]
        body = b"\0\3\0\0" + "\0".join(fields)[:-1].encode() + b"\0"
        self.sock.sendall(struct.pack(">I", len(body) + 4) + body)
        while self.message()[0] != "Z":
            pass

    def message(self):
        while len(self.data) < 5 or len(self.data) < struct.unpack(">I", self.data[1:5])[0] + 1:
            chunk = self.sock.recv(65536)
            if not chunk:
                sys.exit("the server hung up")
            self.data += chunk
        n = struct.unpack(">I", self.data[1:5])[0] + 1
        kind, body, self.data = chr(self.data[0]), self.data[5:n], self.data[n:]
        return kind, body

    def describe(self, sql):
        def frame(kind, body):
            return kind + struct.pack(">I", len(body) + 4) + body

        self.sock.sendall(frame(b"P", b"\0" + sql.encode() + b"\0\0\0") + frame(b"D", b"S\0") + frame(b"S", b""))
        params, columns, error = [], [], None
        while True:
            kind, body = self.message()
            if kind == "t":
                params = list(struct.unpack(">%dI" % struct.unpack(">H", body[:2])[0], body[2:]))
            elif kind == "T":
                at = 2
                for _ in range(struct.unpack(">H", body[:2])[0]):
                    end = body.index(b"\0", at)
                    oid, _, typmod = struct.unpack(">Ihi", body[end + 7:end + 17])
                    columns.append("%s:%d:%d" % (body[at:end].decode(), oid, typmod))
                    at = end + 19
            elif kind == "E":
                error = {chr(f[0]): f[1:].decode() for f in body.split(b"\0") if f}
            elif kind == "Z":
                break
        if error:
            hint = " | " + error["H"] if "H" in error else ""
            return "ERROR %s %s %s%s" % (error["C"], error.get("P", "0"), error["M"], hint)
        return "%s | %s" % (",".join(map(str, params)), ", ".join(columns))


def main():
    server = Server()
    for line in open(sys.argv[1], encoding="utf-8"):
        sql = line.strip()
        if sql and not sql.startswith("--"):
            print("%s\n=> %s" % (sql, server.describe(sql)))


main()
