"""Random schemas, rows and statements whose answers follow from the SQL alone.

What could legitimately differ between two right servers is not generated: no order that ORDER BY leaves open where it shows
(LIMIT, row_number, array_agg sort by all there is), no floats that do not add up exactly, no division that may meet a zero, no
arithmetic that leaves its type.
"""
import random

INT, BIG, NUM, TEXT, BOOL, DATE, FLOAT = "int", "bigint", "numeric", "text", "boolean", "date", "float8"
TYPES = (INT, INT, INT, BIG, NUM, TEXT, TEXT, BOOL, DATE, FLOAT)
WORDS = ("a", "b", "ab", "abc", "B", "x y", "", "10", "9", "\u00e9", "Z_")
PLACES = ("", "", " WITH (shard_key = '%s')", " WITH (distribution = 'reference')", " WITH (distribution = 'local')")


class Table:
    def __init__(self, name, columns, key):
        self.name, self.columns, self.key = name, columns, key


class Source:
    """What a FROM item offers: alias and typed columns."""

    def __init__(self, alias, columns):
        self.alias, self.columns = alias, columns


class Gen:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.tables, self.n_alias, self.depth = [], 0, 0
        self.ctes = []

    # ---- schema and rows ----

    def literal(self, kind):
        r = self.r
        if kind in (INT, BIG):
            return str(r.choice((0, 1, 2, 3, 5, 7, 10, -1, -3, r.randint(-20, 20))))
        if kind == NUM:
            return r.choice(("0", "1", "1.0", "2.50", "-3.25", "0.001", "10", "7.5"))
        if kind == FLOAT:
            return "'%s'::float8" % r.choice(("0", "1", "0.5", "-2.25", "8", "100"))
        if kind == TEXT:
            return "'%s'" % r.choice(WORDS)
        if kind == BOOL:
            return r.choice(("true", "false"))
        return "date '2024-0%d-%02d'" % (r.randint(1, 3), r.randint(1, 28))

    def value(self, kind):
        return "NULL" if self.r.random() < 0.18 else self.literal(kind)

    def schema(self):
        """Statements for (PostgreSQL, Shardlite)."""
        r, out = self.r, []
        for n in range(1, 5):
            name = "t%d" % n
            columns = [("id", INT)] + [("c%d" % k, r.choice(TYPES)) for k in range(1, r.randint(3, 6))]
            has_key = r.random() < 0.8
            table = Table(name, columns, has_key)
            self.tables.append(table)
            texts = []
            for column, kind in columns:
                texts.append("%s %s%s" % (column, kind, " PRIMARY KEY" if column == "id" and has_key else ""))
            sql = "CREATE TABLE %s (%s)" % (name, ", ".join(texts))
            place = r.choice(PLACES)
            if "%s" in place:
                key = "id" if has_key else r.choice([c for c, kind in columns if kind != FLOAT])
                place = place % key
            out.append((sql, sql + place))
            n_rows = r.choice((0, 1, 5, 12, 30, 60))
            if n_rows:
                rows = ["(%s)" % ", ".join([str(k) if has_key else self.value(INT)] + [self.value(kind) for _, kind in columns[1:]])
                        for k in range(1, n_rows + 1)]
                out.append(("INSERT INTO %s VALUES %s" % (name, ", ".join(rows)),) * 2)
            for _ in range(r.randint(0, 2)):
                some = r.sample(columns, r.randint(1, 2))
                out.append(("CREATE INDEX ON %s (%s)" % (name, ", ".join(c for c, _ in some)),) * 2)
        return out

    # ---- expressions ----

    def alias(self):
        self.n_alias += 1
        return "x%d" % self.n_alias

    def column(self, scope, kind):
        """A column of that type (numbers stand for each other), or None."""
        found = [(s.alias, c) for s in scope for c, k in s.columns if k == kind]
        return "%s.%s" % self.r.choice(found) if found else None

    def leaf(self, scope, kind):
        column = self.column(scope, kind) if self.r.random() < 0.8 else None
        return column or self.value(kind) + ("" if self.r.random() < 0.9 or kind == FLOAT else "::" + kind)

    def expr(self, scope, kind, depth=2):
        r = self.r
        if depth <= 0 or r.random() < 0.35:
            return self.typed_null(self.leaf(scope, kind), kind)
        sub = lambda k: self.expr(scope, k, depth - 1)
        common = [lambda: "CASE WHEN %s THEN %s ELSE %s END" % (self.condition(scope, depth - 1), sub(kind), sub(kind)),
                  lambda: "COALESCE(%s, %s)" % (sub(kind), sub(kind)),
                  lambda: "NULLIF(%s, %s)" % (sub(kind), sub(kind)),
                  lambda: "%s(%s, %s)" % (r.choice(("GREATEST", "LEAST")), sub(kind), sub(kind)),
                  lambda: "CASE %s WHEN %s THEN %s END" % (sub(INT), sub(INT), sub(kind))]
        if self.depth < 2 and r.random() < 0.12:
            return self.scalar_select(scope, kind)
        if r.random() < 0.3:
            return r.choice(common)()
        if kind in (INT, BIG, NUM):
            own = [lambda: "(%s %s %s)" % (sub(kind), r.choice("+-"), sub(kind)),
                   lambda: "(%s * %s)" % (self.typed_null(self.leaf(scope, kind), kind), self.literal(INT)),
                   lambda: "abs(%s)" % sub(kind), lambda: "(- %s)" % sub(kind)]
            if kind == INT:
                own += [lambda: "length(%s)" % sub(TEXT), lambda: "(%s %% 7)" % sub(INT), lambda: "(%s / 3)" % sub(INT),
                        lambda: "(%s - %s)" % (sub(DATE), sub(DATE)), lambda: "strpos(%s, %s)" % (sub(TEXT), sub(TEXT)),
                        lambda: "sign(%s)::int" % sub(NUM)]
            if kind == NUM:
                own += [lambda: "round(%s, 1)" % sub(NUM), lambda: "(%s / 4.0)" % sub(NUM), lambda: "%s::numeric" % sub(INT),
                        lambda: "(%s + %s)" % (sub(NUM), sub(INT)), lambda: "floor(%s)" % sub(NUM)]
            if kind == BIG:
                own += [lambda: "(%s + %s)" % (sub(BIG), sub(INT)), lambda: "%s::bigint" % sub(INT)]
            return r.choice(own)()
        if kind == TEXT:
            return r.choice((lambda: "(%s || %s)" % (sub(TEXT), sub(TEXT)), lambda: "upper(%s)" % sub(TEXT), lambda: "substr(%s, 1, 2)" % sub(TEXT),
                             lambda: "%s::text" % sub(r.choice((INT, BOOL, DATE))), lambda: "concat(%s, '-', %s)" % (sub(TEXT), sub(INT)),
                             lambda: "replace(%s, 'a', 'zz')" % sub(TEXT), lambda: "lpad(%s, 4, '*')" % sub(TEXT)))()
        if kind == BOOL:
            return "(%s)" % self.condition(scope, depth - 1)
        if kind == DATE:
            return r.choice((lambda: "(%s + %s)" % (sub(DATE), self.literal(INT)), lambda: "(%s - %s)" % (sub(DATE), self.literal(INT)),
                             lambda: "date_trunc('month', %s)::date" % sub(DATE)))()
        return r.choice((lambda: "(%s + %s)" % (sub(FLOAT), sub(FLOAT)), lambda: "(%s * 0.5)" % sub(FLOAT), lambda: "%s::float8" % sub(INT)))()

    @staticmethod
    def typed_null(text, kind):
        return "NULL::" + kind if text == "NULL" else text

    def condition(self, scope, depth=2):
        r = self.r
        kind = r.choice(TYPES)
        sub = lambda k: self.expr(scope, k, depth - 1)
        if depth > 0 and r.random() < 0.35:
            return r.choice((lambda: "(%s AND %s)", lambda: "(%s OR %s)", lambda: "(NOT %s OR %s)"))() % (
                self.condition(scope, depth - 1), self.condition(scope, depth - 1))
        choices = [lambda: "%s %s %s" % (sub(kind), r.choice(("=", "=", "<>", "<", ">", "<=", ">=")), sub(kind)),
                   lambda: "%s %s %s" % (self.leaf(scope, INT), r.choice(("=", "<", ">=")), self.literal(INT)),
                   lambda: "%s IS %sNULL" % (sub(kind), r.choice(("", "NOT "))),
                   lambda: "%s IS %sDISTINCT FROM %s" % (sub(kind), r.choice(("", "NOT ")), sub(kind)),
                   lambda: "%s %sIN (%s)" % (sub(kind), r.choice(("", "NOT ")), ", ".join(self.value(kind) for _ in range(r.randint(1, 4)))),
                   lambda: "%s %sBETWEEN %s AND %s" % (sub(kind), r.choice(("", "NOT ")), sub(kind), sub(kind)),
                   lambda: "%s LIKE '%s'" % (sub(TEXT), r.choice(("a%", "%b%", "_", "%", "a_c"))),
                   lambda: "(%s) IS %s" % (sub(BOOL), r.choice(("TRUE", "NOT TRUE", "FALSE", "UNKNOWN", "NOT UNKNOWN"))),
                   lambda: "(%s, %s) %s (%s, %s)" % (sub(INT), sub(kind), r.choice(("=", "<", ">=", "<>")), sub(INT), sub(kind)),
                   lambda: "%s = ANY (ARRAY[%s, %s]::%s[])" % (sub(kind), self.value(kind), self.value(kind), kind)]
        if self.depth < 2 and depth > 0:
            choices += [lambda: "%sEXISTS (%s)" % (r.choice(("", "NOT ")), self.subselect(scope, [INT])[0]),
                        lambda: "%s %sIN (%s)" % (sub(kind), r.choice(("", "NOT ")), self.subselect(scope, [kind])[0]),
                        lambda: "%s %s %s (%s)" % (sub(kind), r.choice(("=", "<", ">=", "<>")), r.choice(("ANY", "ALL")), self.subselect(scope, [kind])[0])]
        return r.choice(choices)()

    def scalar_select(self, scope, kind):
        """One row at most: an aggregate, or a row that ORDER BY ... LIMIT 1 settles."""
        self.depth += 1
        try:
            text, inner = self.from_clause(scope, 2)
            where = self.where(scope + inner)
            value = self.expr(inner + scope, kind, 1)
            if kind in (INT,) and self.r.random() < 0.5:
                return "(SELECT count(*)::int FROM %s%s)" % (text, where)
            if kind in (BOOL,) or self.r.random() < 0.4:
                return "(SELECT %s AS v FROM %s%s ORDER BY 1 %s LIMIT 1)" % (value, text, where, self.r.choice(("", "DESC", "NULLS FIRST")))
            return "(SELECT %s(%s) FROM %s%s)" % (self.r.choice(("max", "min")), value, text, where)
        finally:
            self.depth -= 1

    # ---- FROM ----

    def from_item(self, outer, lateral_of):
        r, alias = self.r, self.alias()
        roll = r.random()
        if self.ctes and roll < 0.15:
            name, columns = r.choice(self.ctes)
            return "%s %s" % (name, alias), Source(alias, columns)
        if roll < 0.24 and self.depth < 2:
            kinds = [r.choice(TYPES) for _ in range(r.randint(1, 3))]
            lateral = lateral_of and r.random() < 0.6
            text, columns = self.subselect(outer + (lateral_of if lateral else []), kinds)
            return "%s(%s) %s" % ("LATERAL " if lateral else "", text, alias), Source(alias, columns)
        if roll < 0.28:
            kinds = [r.choice(TYPES) for _ in range(2)]
            rows = ["(%s)" % ", ".join(self.typed_null(self.value(k), k) for k in kinds) for _ in range(r.randint(1, 4))]
            columns = [("v%d" % k, kind) for k, kind in enumerate(kinds)]
            first = rows[0]
            first = "(%s)" % ", ".join("%s::%s" % (v, k) for v, k in zip([self.typed_null(self.value(k), k) for k in kinds], kinds))
            return "(VALUES %s) %s (%s)" % (", ".join([first] + rows), alias, ", ".join(c for c, _ in columns)), Source(alias, columns)
        if roll < 0.31:
            return "generate_series(%d, %d) %s (g)" % (r.randint(-2, 2), r.randint(1, 6), alias), Source(alias, [("g", INT)])
        table = r.choice(self.tables)
        return "%s %s" % (table.name, alias), Source(alias, table.columns)

    def from_clause(self, outer, limit=3):
        r = self.r
        text, source = self.from_item(outer, [])
        sources = [source]
        for _ in range(r.choice((0, 0, 1, 1, 2)) if limit > 2 else r.choice((0, 0, 1))):
            item, source = self.from_item(outer, sources if r.random() < 0.7 else [])
            lateral = item.startswith("LATERAL")
            join = r.choice(("JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","))
            if lateral and join in ("RIGHT JOIN", "FULL JOIN"):
                join = "LEFT JOIN"
            if join in ("CROSS JOIN", ","):
                if join == "," and not lateral:
                    join = "CROSS JOIN"
                text = "%s %s %s" % (text, join, item)
                sources = sources + [source]
                continue
            on = self.join_condition(sources, source, outer, join == "FULL JOIN")
            text = "%s %s %s ON %s" % (text, join, item, on)
            sources = sources + [source]
        return text, sources

    def join_condition(self, left, right, outer, plain):
        r = self.r
        pairs = [(s.alias, a, b) for s in left for a, ka in s.columns for b, kb in right.columns if ka == kb]
        if not pairs:
            return "true"
        one = lambda: "%s.%s = %s.%s" % ((lambda p: (p[0], p[1], right.alias, p[2]))(r.choice(pairs)))
        text = one()
        if r.random() < 0.25:
            text += " AND " + one()
        if not plain and r.random() < 0.3:
            saved, self.depth = self.depth, 2
            text += " AND " + self.condition(left + [right] + outer, 1)
            self.depth = saved
        elif not plain and r.random() < 0.1:
            text = text.replace("=", r.choice(("<", ">=")), 1)
        return text

    def where(self, scope):
        return " WHERE " + self.condition(scope) if self.r.random() < 0.6 else ""

    # ---- queries ----

    def aggregate(self, scope, kind):
        r = self.r
        distinct = "DISTINCT " if r.random() < 0.2 else ""
        filter_ = " FILTER (WHERE %s)" % self.condition(scope, 1) if r.random() < 0.15 else ""
        if kind == INT:
            return r.choice(("count(*)::int", "count(%s%s)::int" % (distinct, self.expr(scope, r.choice(TYPES), 1)))) .replace("::int", "") .join(("", filter_)).join(("(", ")::int"))
        if kind == BIG:
            return "sum(%s%s)%s" % (distinct, self.expr(scope, INT, 1), filter_)
        if kind == NUM:
            return "%s(%s%s)%s" % (r.choice(("sum", "avg", "max", "min")), distinct, self.expr(scope, NUM, 1), filter_)
        if kind == BOOL:
            return "%s(%s)%s" % (r.choice(("bool_and", "bool_or")), self.condition(scope, 1), filter_)
        if kind == TEXT and r.random() < 0.4:
            value = self.expr(scope, TEXT, 1)
            return "string_agg(%s%s, ',' ORDER BY %s%s)%s" % (distinct, value, value, r.choice(("", " DESC")) if not distinct else "", filter_)
        return "%s(%s)%s" % (r.choice(("max", "min")), self.expr(scope, kind, 1), filter_)

    def window(self, scope, kind):
        r = self.r
        over = []
        if r.random() < 0.6:
            over.append("PARTITION BY " + self.expr(scope, r.choice(TYPES), 1))
        order = None
        if r.random() < 0.7:
            order = self.expr(scope, r.choice((INT, NUM, TEXT, DATE)), 1)
            over.append("ORDER BY %s %s" % (order, r.choice(("", "DESC", "NULLS FIRST", "DESC NULLS LAST"))))
            if r.random() < 0.3:
                over.append(r.choice(("RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                                      "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", "GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
                                      "RANGE UNBOUNDED PRECEDING EXCLUDE GROUP", "GROUPS 2 PRECEDING EXCLUDE CURRENT ROW")))
        over = "OVER (%s)" % " ".join(over)
        if kind == BIG:
            return r.choice(("count(*) " + over, "sum(%s) %s" % (self.expr(scope, INT, 1), over), "count(%s) %s" % (self.expr(scope, TEXT, 1), over))
                            + (("rank() " + over, "dense_rank() " + over) if order else ()))
        if kind == NUM:
            return "%s(%s) %s" % (r.choice(("sum", "avg", "max")), self.expr(scope, NUM, 1), over)
        if kind == BOOL:
            return "bool_or(%s) %s" % (self.condition(scope, 1), over)
        return "%s(%s) %s" % (r.choice(("max", "min")), self.expr(scope, kind, 1), over)

    def core(self, outer, kinds):
        """SELECT ... without ORDER BY, giving columns of these types."""
        r = self.r
        text, sources = self.from_clause(outer)
        scope = sources + outer
        where = self.where(scope)
        style = r.random()
        if style < 0.3:
            n_groups = r.randint(0, 2)
            group_kinds = [r.choice(TYPES) for _ in range(n_groups)]
            groups = [self.column(sources, k) or self.column(sources, INT) for k in group_kinds]
            groups = [g for g in groups if g]
            saved, self.depth = self.depth, 2
            items = []
            for kind in kinds:
                usable = [g for g, k in zip(groups, group_kinds) if g and self.type_of(sources, g) == kind]
                items.append(r.choice(usable) if usable and r.random() < 0.6 else self.aggregate(sources, kind))
            having = " HAVING " + self.having(sources) if r.random() < 0.25 else ""
            self.depth = saved
            clause = ""
            if groups:
                clause = " GROUP BY " + r.choice(("%s",) * 4 + ("ROLLUP (%s)", "CUBE (%s)", "GROUPING SETS ((%s), ())")) % ", ".join(groups)
            return "SELECT %s FROM %s%s%s%s" % (", ".join(self.named(items)), text, where, clause, having)
        if style < 0.45:
            items = [self.window(sources, k) if r.random() < 0.6 else self.expr(scope, k) for k in kinds]
            return "SELECT %s FROM %s%s" % (", ".join(self.named(items)), text, where)
        distinct = "DISTINCT " if r.random() < 0.2 else ""
        return "SELECT %s%s FROM %s%s" % (distinct, ", ".join(self.named([self.expr(scope, k) for k in kinds])), text, where)

    @staticmethod
    def type_of(sources, column):
        alias, name = column.split(".")
        for s in sources:
            if s.alias == alias:
                return dict(s.columns)[name]
        return None

    def having(self, scope):
        return "%s %s %s" % (self.aggregate(scope, INT), self.r.choice(("<", ">", "=")), self.r.randint(0, 4))

    @staticmethod
    def named(items):
        return ["%s AS o%d" % (item, k) for k, item in enumerate(items)]

    def query(self, outer, kinds):
        r = self.r
        text = self.core(outer, kinds)
        if r.random() < 0.2:
            for _ in range(r.randint(1, 2)):
                text = "%s %s%s %s" % (text, r.choice(("UNION", "INTERSECT", "EXCEPT")), r.choice(("", " ALL")), self.core(outer, kinds))
        if r.random() < 0.2:
            text += " ORDER BY %s" % ", ".join("%d%s" % (k + 1, r.choice(("", " DESC", " NULLS FIRST"))) for k in range(len(kinds)))
            if r.random() < 0.7:
                text += " LIMIT %d" % r.randint(0, 8)
            if r.random() < 0.3:
                text += " OFFSET %d" % r.randint(0, 3)
        return text

    def subselect(self, outer, kinds):
        self.depth += 1
        try:
            return self.query(outer, kinds), [("o%d" % k, kind) for k, kind in enumerate(kinds)]
        finally:
            self.depth -= 1

    def with_clause(self):
        r, parts = self.r, []
        for k in range(r.randint(1, 2)):
            kinds = [r.choice(TYPES) for _ in range(r.randint(1, 3))]
            text, columns = self.subselect([], kinds)
            hint = r.choice(("", "", "MATERIALIZED ", "NOT MATERIALIZED "))
            name = "w%d" % k
            if r.random() < 0.2:
                name = "r%d" % k
                parts.append("%s(o0, o1) AS (SELECT 1, 'x'::text UNION ALL SELECT o0 + 1, o1 || 'y' FROM %s WHERE o0 < %d)" % (name, name, r.randint(1, 6)))
                columns = [("o0", INT), ("o1", TEXT)]
            else:
                parts.append("%s AS %s(%s)" % (name, hint, text))
            self.ctes.append((name, columns))
        return "WITH RECURSIVE %s " % ", ".join(parts)

    def select(self):
        self.ctes, self.n_alias = [], 0
        prefix = self.with_clause() if self.r.random() < 0.2 else ""
        kinds = [self.r.choice(TYPES) for _ in range(self.r.randint(1, 4))]
        return prefix + self.query([], kinds)

    # ---- changes ----

    def change(self):
        """A data-modifying statement with RETURNING."""
        self.ctes, self.n_alias, r = [], 0, self.r
        table = r.choice(self.tables)
        alias = self.alias()
        target = Source(alias, table.columns)
        returning = " RETURNING " + ", ".join("%s.%s" % (alias, c) for c, _ in table.columns)
        others = table.columns[1:]
        style = r.random()
        if style < 0.3:
            sets = ["%s = %s" % (c, self.expr([target], k)) for c, k in r.sample(others, r.randint(1, len(others)))]
            return table, "UPDATE %s %s SET %s%s%s" % (table.name, alias, ", ".join(sets), self.where([target]), returning)
        if style < 0.4 and table.key:
            other = r.choice([t for t in self.tables if t.key])
            extra = Source(self.alias(), other.columns)
            sets = ["%s = %s" % (c, self.expr([target, extra], k)) for c, k in r.sample(others, 1)]
            return table, "UPDATE %s %s SET %s FROM %s %s WHERE %s.id = %s.id AND %s%s" % (
                table.name, alias, ", ".join(sets), other.name, extra.alias, alias, extra.alias, self.condition([target, extra], 1), returning)
        if style < 0.55:
            return table, "DELETE FROM %s %s%s%s" % (table.name, alias, self.where([target]), returning)
        if style < 0.65 and table.key:
            other = r.choice(self.tables)
            extra = Source(self.alias(), other.columns)
            return table, "DELETE FROM %s %s USING %s %s WHERE %s.id = %s.id AND %s%s" % (
                table.name, alias, other.name, extra.alias, alias, extra.alias, self.condition([target, extra], 1), returning)
        kinds = [k for _, k in table.columns]
        if style < 0.75 or not table.key:
            text = self.core([], kinds[1:])
            columns = ", ".join(c for c, _ in table.columns[1:])
            if table.key:
                text = "SELECT 1000 + row_number() OVER (ORDER BY %s), s.* FROM (%s) s" % (", ".join("s.o%d" % k for k in range(len(kinds) - 1)), text)
                columns = "id, " + columns
            return table, "INSERT INTO %s AS %s (%s) %s%s" % (table.name, alias, columns, text, returning)
        rows = ", ".join("(%s)" % ", ".join([str(k)] + [self.value(kind) for kind in kinds[1:]]) for k in r.sample(range(1, 80), r.randint(1, 6)))
        if style < 0.9:
            excluded = Source("excluded", table.columns)
            action = "NOTHING" if r.random() < 0.3 else "UPDATE SET %s%s" % (
                ", ".join("%s = %s" % (c, self.expr([target, excluded], k, 1)) for c, k in r.sample(others, 1)),
                " WHERE " + self.condition([target, excluded], 1) if r.random() < 0.4 else "")
            saved = self.depth
            return table, "INSERT INTO %s AS %s VALUES %s ON CONFLICT (id) DO %s%s" % (table.name, alias, rows, action, returning)
        source = Source(self.alias(), table.columns)
        whens = []
        for _ in range(r.randint(1, 3)):
            also = " AND " + self.condition([target, source], 1) if r.random() < 0.5 else ""
            whens.append("WHEN MATCHED%s THEN %s" % (also, r.choice(("DELETE", "DO NOTHING", "UPDATE SET %s = %s" % (
                others[0][0], self.expr([target, source], others[0][1], 1))))))
        whens.append("WHEN NOT MATCHED THEN %s" % r.choice(("DO NOTHING", "INSERT VALUES (%s)" % ", ".join("%s.%s" % (source.alias, c) for c, _ in table.columns))))
        typed = "(SELECT %s FROM (VALUES %s) v (%s))" % (", ".join("v.%s::%s" % (c, k) for c, k in table.columns), rows, ", ".join(c for c, _ in table.columns))
        return table, "MERGE INTO %s %s USING %s %s ON %s.id = %s.id %s" % (table.name, alias, typed, source.alias, alias, source.alias, " ".join(whens))
