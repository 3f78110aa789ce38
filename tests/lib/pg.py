"""A small protocol client for tests: raw messages when wanted, simple queries when not."""
import socket
import struct


class Error(Exception):
    def __init__(self, fields):
        super().__init__("%s %s" % (fields.get("C"), fields.get("M")))
        self.fields, self.sqlstate = fields, fields.get("C")


class Raw:
    """A connection that sends and receives messages as they are."""

    def __init__(self, port, user="postgres", database="postgres", start=True, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""
        self.pid = self.secret = None
        if start:
            self.startup(user, database)

    def startup(self, user="postgres", database="postgres"):
        body = struct.pack("!I", 196608) + b"user\0" + user.encode() + b"\0database\0" + database.encode() + b"\0\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.until_ready()

    def send(self, kind, body=b""):
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def receive(self):
        """(type, body), or None when the server hung up."""
        while True:
            if len(self.buffer) >= 5:
                length = struct.unpack("!I", self.buffer[1:5])[0]
                if len(self.buffer) >= length + 1:
                    kind, body = self.buffer[:1], self.buffer[5:length + 1]
                    self.buffer = self.buffer[length + 1:]
                    return kind, body
            try:
                data = self.socket.recv(1 << 16)
            except (ConnectionResetError, BrokenPipeError):
                return None
            if not data:
                return None
            self.buffer += data

    @staticmethod
    def fields(body):
        return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}

    def until_ready(self):
        """All messages up to ReadyForQuery; None at the end when the server hung up instead."""
        got = []
        while True:
            message = self.receive()
            got.append(message)
            if message is None or message[0] == b"Z":
                return got
            if message[0] == b"K":
                self.pid, self.secret = struct.unpack("!iI", message[1])

    def query(self, sql):
        """Rows (lists of text) of the last result; raises Error."""
        self.send(b"Q", (sql.encode() if isinstance(sql, str) else sql) + b"\0")
        rows, error = [], None
        for message in self.until_ready():
            if message is None:
                raise ConnectionError("the server hung up")
            kind, body = message
            if kind == b"T":
                rows = []
            elif kind == b"D":
                rows.append(self.row(body))
            elif kind == b"E":
                error = Error(self.fields(body))
        if error:
            raise error
        return rows

    @staticmethod
    def row(body):
        values, at = [], 2
        for _ in range(struct.unpack("!H", body[:2])[0]):
            n = struct.unpack("!i", body[at:at + 4])[0]
            at += 4
            values.append(None if n < 0 else body[at:at + n].decode("utf-8", "replace"))
            at += max(n, 0)
        return values

    def close(self):
        self.socket.close()
