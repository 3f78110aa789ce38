#!/usr/bin/env python3
"""Fills in the expected column of function case files by asking a PostgreSQL 15.

usage: record-func-cases.py HOST PORT USER DATABASE FILE...

A case is a line of tab-separated cells, read by tests/unit/func/cases.h:

    name(argtypes)  arg...  =>  expected     a call; `agg:` in front: an aggregate over rows of arguments
    ::type          text    =>  expected     input, then output
    cmp:type        a  b    =>  -1 | 0 | 1   order
    send:type       text    =>  hex          binary output
    type            name    a:int4,b:text    a composite type for the cases below
    set             name    value            DateStyle, IntervalStyle or TimeZone for the cases below

Cells escape tab, newline and backslash as \\t \\n \\\\; \\N is NULL; `@type@text` is an argument of another type than the
declared one; `AS a:int4,b:text` is a column definition list.  What is after `=>` is replaced."""
import os, re, socket, struct, sys


class Server:
    def __init__(self, host, port, user, database):
        self.s = socket.create_connection((host, int(port)))
        self.f = self.s.makefile('rb')
        body = struct.pack('!I', 196608)
        for k, v in (('user', user), ('database', database), ('TimeZone', 'UTC'), ('client_encoding', 'UTF8')):
            body += k.encode() + b'\0' + v.encode() + b'\0'
        body += b'\0'
        self.s.sendall(struct.pack('!I', len(body) + 4) + body)
        self.answer()

    def message(self):
        kind = self.f.read(1)
        length, = struct.unpack('!I', self.f.read(4))
        return kind, self.f.read(length - 4)

    def answer(self):
        rows, error = [], None
        while True:
            kind, body = self.message()
            if kind == b'D':
                n, = struct.unpack('!H', body[:2])
                at, row = 2, []
                for _ in range(n):
                    length, = struct.unpack('!i', body[at:at + 4])
                    at += 4
                    row.append(None if length < 0 else body[at:at + length].decode())
                    at += max(length, 0)
                rows.append(row)
            elif kind == b'E':
                error = {chr(f[0]): f[1:].decode() for f in body.split(b'\0') if f}
            elif kind == b'Z':
                return rows, error

    def query(self, sql):
        body = sql.encode() + b'\0'
        self.s.sendall(b'Q' + struct.pack('!I', len(body) + 4) + body)
        return self.answer()


def unescape(cell):
    return re.sub(r'\\(.)', lambda m: {'t': '\t', 'n': '\n', 'r': '\r'}.get(m[1], m[1]), cell)


def escape(text):
    return text.replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n').replace('\r', '\\r')


def literal(text):
    return "E'" + text.replace('\\', '\\\\').replace("'", "''") + "'"


def sql_type(name):
    if name.startswith('_'):
        return sql_type(name[1:]) + '[]'
    return f'"{name}"' if name in ('char', 'bit') else 'pg_catalog.bpchar' if name == 'bpchar' else name


def value(cell, declared):
    m = re.match(r'@([^@]*)@(.*)$', cell, re.S)
    if m:
        declared, cell = m[1], m[2]
    if declared.startswith('any'):
        declared = 'text'
    text = 'NULL' if cell == '\\N' else literal(unescape(cell))
    return f'{text}::{sql_type(declared)}'


def statement(cells, variadic):
    key, args = cells[0], cells[1:]
    if key.startswith('::'):
        return f"SELECT {value(args[0], key[2:])}"
    if key.startswith('cmp:'):
        a, b = value(args[0], key[4:]), value(args[1], key[4:])
        return f"SELECT ({a} > {b})::int - ({a} < {b})::int"
    if key.startswith('send:'):
        name = key[5:]
        underscored = ('json', 'jsonb', 'jsonpath', 'numeric', 'inet', 'cidr', 'macaddr', 'macaddr8', 'varbit', 'bit', 'uuid',
                       'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'point', 'lseg', 'box', 'line', 'circle',
                       'path', 'polygon')
        send = ('multirange_send' if name.endswith('multirange') else 'range_send' if name.endswith('range')
                else 'array_send' if name.startswith('_') else 'cash_send' if name == 'money' else 'poly_send' if name == 'polygon'
                else name + ('_send' if name in underscored else 'send'))
        return f"SELECT encode({send}({value(args[0], key[5:])}), 'hex')"
    aggregate = key.startswith('agg:')
    name, types = re.match(r'(?:agg:)?([^(]+)\((.*)\)$', key).groups()
    types = types.split(',') if types else []
    columns = ''
    if args and args[-1].startswith('AS '):
        columns = ' AS t(' + ', '.join('"%s" %s' % (c.split(':')[0], sql_type(c.split(':')[1]))
                                       for c in args.pop()[3:].split(',')) + ')'
    if aggregate:
        n = len(types)
        rows = [', '.join(value(a, t) for a, t in zip(args[k:k + n], types)) for k in range(0, len(args), n)]
        names = ', '.join('abcdef'[:n])
        return f'SELECT {name}({names}) FROM (VALUES ({"), (".join(rows)})) v({names})'
    while len(types) < len(args):
        types.append(types[-1])
    values = [value(a, t) for a, t in zip(args, types)]
    if (name, ','.join(types)) in variadic and values:
        values[-1] = 'VARIADIC ' + values[-1]
    call = f'pg_catalog."{name}"({", ".join(values)})'
    return f'SELECT t.* FROM {call}{columns or " AS t"}'


def show(rows, error):
    if error:
        text = 'ERR %s: %s' % (error['C'], error['M'])
        for field, name in (('D', 'DETAIL'), ('H', 'HINT'), ('W', 'CONTEXT')):
            if field in error:
                text += ' | %s: %s' % (name, error[field])
        return text
    return '\n'.join('|'.join('<NULL>' if v is None else v for v in row) for row in rows)


def main():
    server = Server(*sys.argv[1:5])
    types = dict(server.query('SELECT oid, typname FROM pg_type')[0])
    variadic = set()
    for name, args, kind in server.query("SELECT proname, proargtypes, provariadic FROM pg_proc WHERE provariadic <> 0")[0]:
        if types[kind] != 'any':
            variadic.add((name, ','.join(types[a] for a in args.split())))
    for path in sys.argv[5:]:
        out = []
        for setting in ('DateStyle', 'IntervalStyle', 'TimeZone'):
            server.query(f'RESET {setting}')
        for line in open(path, newline='\n').read().split('\n'):
            cells = line.split('\t')
            if cells[0] == 'type':
                server.query(f'DROP TYPE IF EXISTS {cells[1]} CASCADE')
                fields = ', '.join('"%s" %s' % (c.split(':')[0], sql_type(c.split(':')[1])) for c in cells[2].split(','))
                _, error = server.query(f'CREATE TYPE {cells[1]} AS ({fields})')
                if error:
                    sys.exit(f'{path}: {line}: {error["M"]}')
            elif cells[0] == 'set':
                _, error = server.query(f"SET {cells[1]} TO {cells[2] if cells[1] == 'DateStyle' else literal(cells[2])}")
                if error:
                    sys.exit(f'{path}: {line}: {error["M"]}')
            elif line and not line.startswith('#'):
                if '=>' in cells:
                    cells = cells[:cells.index('=>')]
                sql = statement(list(cells), variadic)
                if os.environ.get('SHOW_SQL'):
                    print(sql)
                line = '\t'.join(cells + ['=>', escape(show(*server.query(sql)))])
            out.append(line)
        with open(path, 'w', newline='\n') as f:
            f.write('\n'.join(out))


main()
