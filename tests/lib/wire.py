"""Conversations on the wire, written down: what is sent by name, what comes back one line a message."""
import struct
from pg import Raw


def z(text):
    return text.encode() + b"\0"


def parse(name, sql, *oids):
    return b"P", z(name) + z(sql) + struct.pack("!H", len(oids)) + b"".join(struct.pack("!I", oid) for oid in oids)


def bind(portal, name, params=(), formats=(), results=()):
    body = z(portal) + z(name) + struct.pack("!H", len(formats)) + b"".join(struct.pack("!H", f) for f in formats)
    body += struct.pack("!H", len(params))
    for p in params:
        body += struct.pack("!i", -1) if p is None else struct.pack("!i", len(p)) + p
    return b"B", body + struct.pack("!H", len(results)) + b"".join(struct.pack("!H", f) for f in results)


def describe(kind, name):
    return b"D", kind.encode() + z(name)


def execute(name="", limit=0):
    return b"E", z(name) + struct.pack("!I", limit)


def close(kind, name):
    return b"C", kind.encode() + z(name)


def query(sql):
    return b"Q", z(sql)


def copy_data(data):
    return b"d", data


SYNC, FLUSH, COPY_DONE = (b"S", b""), (b"H", b""), (b"c", b"")


def printable(data):
    return repr(data)[2:-1]


def show_columns(body):
    n, at, columns = struct.unpack("!H", body[:2])[0], 2, []
    for _ in range(n):
        end = body.index(b"\0", at)
        _, _, oid, length, typmod, form = struct.unpack("!IhIhih", body[end + 1:end + 19])
        columns.append("%s:%d/%d/%d/%d" % (body[at:end].decode(), oid, length, typmod, form))
        at = end + 19
    return ",".join(columns)


def show_row(body):
    n, at, values = struct.unpack("!H", body[:2])[0], 2, []
    for _ in range(n):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append("NULL" if length < 0 else printable(body[at:at + length]))
        at += max(length, 0)
    return "|".join(values)


def show(message):
    if message is None:
        return "hung up"
    kind, body = message[0].decode(), message[1]
    if kind in "EN":
        fields = Raw.fields(body)
        text = " ".join("%s=%s" % (code, fields[code]) for code in "SCMDHPWstcdn" if code in fields)
    elif kind == "T":
        text = show_columns(body)
    elif kind == "D":
        text = show_row(body)
    elif kind == "S":
        text = body[:-1].replace(b"\0", b"=").decode()
    elif kind == "A":
        text = printable(body[4:])
    elif kind == "K":
        text = ""
    else:
        text = printable(body)
    return "%s(%s)" % (kind, text)


class Talk:
    """A connection whose conversation is appended to `lines`."""

    def __init__(self, port, lines, params=None):
        self.lines, self.raw = lines, Raw(port, start=False)
        pairs = {"user": "postgres", "database": "postgres"}
        pairs.update(params or {})
        body = struct.pack("!I", 196608) + b"".join(z(k) + z(v) for k, v in pairs.items()) + b"\0"
        self.raw.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.greeting = self.raw.until_ready()

    def send(self, *messages):
        self.raw.socket.sendall(b"".join(k + struct.pack("!I", len(b) + 4) + b for k, b in messages))

    def say(self, title, *messages):
        """Sends the messages and notes all up to ReadyForQuery."""
        self.lines.append("## " + title)
        self.send(*messages)
        self.lines += ["   " + show(m) for m in self.raw.until_ready()]

    def copy_in(self, title, start, until, *data):
        """Starts a COPY, waits for CopyInResponse, sends the rest."""
        self.lines.append("## " + title)
        self.send(*start)
        for _ in range(until):
            self.lines.append("   " + show(self.raw.receive()))
        self.send(*data)
        self.lines += ["   " + show(m) for m in self.raw.until_ready()]
