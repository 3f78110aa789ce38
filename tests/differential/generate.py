"""Random typed expressions from the catalog's own facts: every function, operator, cast and aggregate whose types we have values of."""
import csv
import os
import re

from server import ROOT
from values import ELEMENTS, VALUES, literal, quote, spell

POLYMORPHIC = {"anyelement": "{e}", "anynonarray": "{e}", "anyarray": "{e}[]", "anycompatible": "{e}", "anycompatiblenonarray": "{e}", "anycompatiblearray": "{e}[]", "anyenum": "mood",
               "anyrange": "{r}", "anymultirange": "{m}", "anycompatiblerange": "{r}", "anycompatiblemultirange": "{m}"}
RANGES = {"int4range": ("int4", "int4multirange"), "int8range": ("int8", "int8multirange"), "numrange": ("numeric", "nummultirange"), "daterange": ("date", "datemultirange"),
          "tsrange": ("timestamp", "tsmultirange"), "tstzrange": ("timestamptz", "tstzmultirange")}
UNORDERED = {"regconfig", "json", "jsonpath"}
# What depends on the clock, the session, the files or the planner; what has no fixed answer; what would take all memory.
SKIP = re.compile(r"^(pg_|has_|txid_|current|inet_(client|server)|lo_|.*_to_xml|xml|ts_stat|set_config|nextval|setval|lastval|version$|row_security|getdatabase|"
                  r"to_reg|reg|format_type|obj_desc|col_desc|shobj_|binary_|icu_|brin|gin_|gist|spg|bt.*support|.*_support$|.*sel$|.*joinsel$|generate_series|"
                  r"age$|now$|.*recv$|.*typmod|.*_internal|session_user|array_to_tsvector_|get_|amvalidate|postgresql_|uuid_generate|in_range|RI_|hash.*|acl|make.*acl|"
                  r"timeofday|statement_timestamp|transaction_timestamp|convert_from|convert_to|convert$|jsonb_path_.*_tz|.*_deserialize|.*_serialize|.*_combine|.*_accum.*|"
                  r".*_final.*|.*_transfn|.*_avg_.*|int[248]_sum|int[248]_avg.*|ordered_set|(dense_)?rank_|percent_rank_|cume_dist_|mode_|percentile|.*_agg_.*|(numeric|interval)_inv|"
                  r"ts_token_type|ts_parse|ts_lexize|ts_debug|suppress|unique_key|trigger|mxid|oidvector|num_nulls|num_nonnulls|uuid_send|satisfies|is_normalized)")


def read(name):
    with open(os.path.join(ROOT, "catalog/data", name + ".tsv"), newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


class Facts:
    def __init__(self):
        names = {}
        for row in read("type"):
            names[row["oid"]] = row["typname"]
        for row in read("type"):
            if row["typname"].startswith("_") and row["typelem"] != "0" and names[row["typelem"]] in VALUES:
                names[row["oid"]] = names[row["typelem"]] + "[]"
        known = set(VALUES) | {e + "[]" for e in VALUES} | set(POLYMORPHIC)
        self.by_result, self.sets, self.aggregates = {}, [], []
        volatile, functions = set(), {}
        for row in read("proc"):
            arguments = [names.get(oid, "?") for oid in row["proargtypes"].replace("\\N", "").split()]
            result = names.get(row["prorettype"], "?")
            functions[row["oid"]] = row
            if row["provolatile"] == "v":
                volatile.add(row["oid"])
            if row["provolatile"] == "v" or SKIP.match(row["proname"]) or not set(arguments) <= known or row["lanname"] == "c":
                continue
            quoted = '"%s"' % row["proname"] if not re.fullmatch("[a-z_0-9]+", row["proname"]) or row["proname"] in ("overlay", "position", "substring", "trim", "normalize") else row["proname"]
            entry = ("call", quoted, tuple(arguments), result)
            if row["prokind"] == "a":
                self.aggregates.append(entry)
            elif row["prokind"] == "f" and row["proretset"] == "t":
                self.sets.append(entry)
            elif row["prokind"] == "f" and result in known:
                self.add(entry)
        for row in read("operator"):
            code = functions.get(row["oprcode"])
            left, right, result = names.get(row["oprleft"], None), names.get(row["oprright"], "?"), names.get(row["oprresult"], "?")
            sides = (right,) if row["oprleft"] == "0" else (left, right)
            if set(sides) <= known and result in known and not (code and row["oprcode"] in volatile):
                self.add(("operator", row["oprname"], sides, result))
        for row in read("cast"):
            source, target = names.get(row["castsource"]), names.get(row["casttarget"])
            if source in known and target in known:
                self.add(("cast", target, (source,), target))
        for name in VALUES:
            if name not in ("regconfig",):
                self.add(("cast", name, ("text",), name))
                self.add(("cast", "text", (name,), "text"))

    def add(self, entry):
        self.by_result.setdefault(entry[3], []).append(entry)


class Generator:
    def __init__(self, rng, facts):
        self.rng, self.facts, self.columns = rng, facts, False
        self.types = [t for t in VALUES if t not in ("regconfig",)] + [e + "[]" for e in ELEMENTS]
        self.forms = []
        for result, entries in facts.by_result.items():
            self.forms += entries

    def leaf(self, name, bare=0.12):
        rng = self.rng
        if self.columns and rng.random() < 0.7 and not name.endswith("[]") and name != "regconfig":
            return "v.c_%s" % name
        p = rng.random()
        if p < 0.04:
            return "NULL::%s" % spell(name)
        text = literal(rng, name)
        if p < 0.04 + bare:
            if name in ("int4", "numeric") and re.fullmatch(r"-?[0-9.]{1,20}", text):
                return "(%s)" % text
            return quote(text)
        if name == "bit":
            return "B'%s'" % text
        if name in ("numeric", "varchar", "bpchar", "timestamp", "time", "interval", "varbit") and p > 0.94:
            return "%s::%s(%d)" % (quote(text), {"numeric": "numeric"}.get(name, name), rng.randint(1, 6))
        return "%s::%s" % (quote(text), spell(name))

    def bind(self, types):
        """Polymorphic types become one choice of real ones."""
        if any("range" in t and t in POLYMORPHIC for t in types):
            r = self.rng.choice(list(RANGES))
            e, m = RANGES[r]
        else:
            e, r, m = self.rng.choice(ELEMENTS), "", ""
        return [POLYMORPHIC[t].format(e=e, r=r, m=m) if t in POLYMORPHIC else t for t in types]

    def matching(self, name):
        """A form that gives the type, with its arguments' types."""
        choices = self.facts.by_result.get(name, [])
        if self.rng.random() < 0.1 or not choices:
            base = name[:-2] if name.endswith("[]") else name
            generic = ("anyarray", "anycompatiblearray") if name.endswith("[]") else ("anyelement",)
            poly = [entry for g in generic for entry in self.facts.by_result.get(g, [])]
            kind, word, arguments, _ = self.rng.choice(poly)
            if any("range" in a for a in arguments):
                return kind, word, self.bind(arguments)
            return kind, word, [POLYMORPHIC[a].format(e=base, r="", m="") if a in POLYMORPHIC else a for a in arguments]
        kind, word, arguments, _ = self.rng.choice(choices)
        return kind, word, self.bind(arguments)

    def expression(self, name, depth):
        rng = self.rng
        if depth <= 0 or rng.random() < 0.15:
            return self.leaf(name)
        p = rng.random()
        if p < 0.05:
            return "CASE WHEN %s THEN %s ELSE %s END" % (self.expression("bool", depth - 1), self.expression(name, depth - 1), self.leaf(name))
        if p < 0.09:
            return "%s(%s, %s)" % (rng.choice(("COALESCE", "NULLIF", "GREATEST", "LEAST")), self.expression(name, depth - 1), self.leaf(name))
        if name == "bool" and p < 0.3:
            return self.truth(depth)
        if name.endswith("[]") and p < 0.3:
            return "ARRAY[%s]" % ", ".join(self.expression(name[:-2], depth - 1) for _ in range(rng.randint(1, 3)))
        if name in ELEMENTS and p < 0.12:
            return "(%s)[%s]" % (self.expression(name + "[]", depth - 1), self.leaf("int4"))
        return self.form(*self.matching(name), depth)

    def truth(self, depth):
        rng = self.rng
        name = rng.choice(self.types)
        a, b, c = (self.expression(name, depth - 1) for _ in range(3))
        return rng.choice(("%s IS NULL" % a, "(%s) IS DISTINCT FROM (%s)" % (a, b), "(%s) IN (%s, %s)" % (a, b, c), "(%s) BETWEEN (%s) AND (%s)" % (a, b, c),
                           "(%s) = ANY (ARRAY[%s, %s])" % (a, b, c), "ROW(%s, %s) < ROW(%s, %s)" % (a, b, c, a), "NOT (%s)" % self.expression("bool", depth - 1),
                           "(%s) AND (%s)" % (self.expression("bool", depth - 1), self.expression("bool", depth - 1)),
                           "(%s) OR (%s)" % (self.expression("bool", depth - 1), self.expression("bool", depth - 1)), "(%s) NOT IN (%s)" % (a, b)))

    def form(self, kind, word, arguments, depth):
        rng = self.rng
        arguments = [rng.choice(self.types) if rng.random() < 0.02 else a for a in arguments]
        parts = [self.expression(a, depth - 1) for a in arguments]
        if kind == "cast":
            return "(%s)::%s" % (parts[0], spell(word))
        if kind == "operator":
            return "(%s %s)" % (word, "(%s)" % parts[0]) if len(parts) == 1 else "((%s) %s (%s))" % (parts[0], word, parts[1])
        return "%s(%s)" % (word, ", ".join(parts))

    def scalar(self):
        self.columns = False
        kind, word, arguments, _ = self.rng.choice(self.forms)
        depth = self.rng.choice((1, 1, 1, 2, 2, 3, 4))
        if self.rng.random() < 0.15:
            return "SELECT %s" % self.expression(self.rng.choice(self.types), depth)
        return "SELECT %s" % self.form(kind, word, self.bind(arguments), depth)

    def rows(self):
        """Over a table's columns, in order, so that the first error is the same one."""
        self.columns = True
        source = "(SELECT * FROM v ORDER BY id OFFSET 0) v"
        rng, depth = self.rng, self.rng.choice((1, 1, 2))
        p = rng.random()
        if p < 0.3:
            kind, word, arguments, _ = rng.choice(self.forms)
            return "SELECT id, %s FROM %s" % (self.form(kind, word, self.bind(arguments), depth), source)
        if p < 0.45:
            return "SELECT id FROM %s WHERE %s ORDER BY id" % (source, self.expression("bool", depth))
        if p < 0.6:
            name = rng.choice(sorted(VALUES.keys() - UNORDERED))
            return "SELECT id, c_%s FROM v ORDER BY c_%s %s NULLS %s, id" % (name, name, rng.choice(("ASC", "DESC")), rng.choice(("FIRST", "LAST")))
        if p < 0.7 and self.facts.sets:
            self.columns = False
            _, word, arguments, _ = rng.choice(self.facts.sets)
            return "SELECT * FROM %s" % self.form("call", word, self.bind(arguments), 1)
        _, word, arguments, _ = rng.choice(self.facts.aggregates)
        call = self.form("call", word, self.bind(arguments), depth) if arguments else "count(*)"
        if rng.random() < 0.3:
            return "SELECT id, %s OVER (ORDER BY id ROWS BETWEEN %d PRECEDING AND %s) FROM v ORDER BY id" % (call, rng.randint(0, 3), rng.choice(("CURRENT ROW", "1 FOLLOWING", "UNBOUNDED FOLLOWING")))
        if rng.random() < 0.3:
            return "SELECT %s FILTER (WHERE id %% 3 = %d) FROM %s" % (call, rng.randint(0, 2), source)
        return "SELECT %s FROM %s" % (call, source)

    def statement(self):
        return self.scalar() if self.rng.random() < 0.8 else self.rows()

    def table(self, rows=12):
        """What makes the table that rows() reads."""
        names = [n for n in VALUES if n != "regconfig"]
        yield "CREATE TABLE v (id int PRIMARY KEY, %s)" % ", ".join("c_%s %s" % (n, "bit varying" if n == "bit" else spell(n)) for n in names)
        for k in range(rows):
            cells = ["NULL" if self.rng.random() < 0.1 else "%s::%s" % (quote(literal(self.rng, n)), "bit varying" if n == "bit" else spell(n)) for n in names]
            yield "INSERT INTO v VALUES (%d, %s)" % (k, ", ".join(cells))
