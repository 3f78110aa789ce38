#!/usr/bin/env python3
"""Writes builtin_data.c: the facts of catalog/data/*.tsv as C tables (catalog/builtin.h tells their shape).

Usage: tools/gen-builtin.py OUT.c
"""
import glob
import os
import sys

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "catalog", "data")
SPECIAL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(cell):
    """A cell of COPY's text format; None for NULL."""
    if cell == "\\N":
        return None
    if "\\" not in cell:
        return cell
    out, at = [], 0
    while at < len(cell):
        if cell[at] == "\\":
            at += 1
            out.append(SPECIAL.get(cell[at], cell[at]))
        else:
            out.append(cell[at])
        at += 1
    return "".join(out)


def table(name):
    with open(os.path.join(DATA, name + ".tsv"), encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    header = rows[0]
    return header, [[unescape(cell) for cell in row] for row in rows[1:]]


def records(name):
    header, rows = table(name)
    return [dict(zip(header, row)) for row in rows]


def array_items(text):
    """The elements of a one-dimensional array in its output form."""
    if text is None:
        return None
    body, items, at = text[1:-1], [], 0
    while at < len(body):
        if body[at] == '"':
            at += 1
            item = []
            while body[at] != '"':
                if body[at] == "\\":
                    at += 1
                item.append(body[at])
                at += 1
            items.append("".join(item))
            at += 2
        else:
            end = body.find(",", at)
            end = len(body) if end < 0 else end
            items.append(body[at:end])
            at = end + 1
    return items


def split_top_level(text):
    """Splits a list of SQL expressions at commas outside quotes and parentheses."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted and char in "([":
            depth += 1
        elif not quoted and char in ")]":
            depth -= 1
        elif not quoted and not depth and char == ",":
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return parts


def c_string(text):
    if text is None:
        return "NULL"
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127 and char != "?":
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '"'


def c_char(text):
    return "0" if not text else "'%s'" % ("\\" + text if text in "'\\" else text)


def c_bool(text):
    return "true" if text == "t" else "false"


class Pool:
    """Arrays that tables point into, each different one once."""

    def __init__(self, ctype, name):
        self.ctype, self.name = ctype, name
        self.items, self.known = [], {}

    def put(self, items):
        if not items:
            return "NULL"
        key = tuple(items)
        if key not in self.known:
            self.known[key] = len(self.items)
            self.items.extend(items)
        return "%s + %d" % (self.name, self.known[key])

    def write(self, out):
        out.write("static %s %s[] = {\n" % (self.ctype, self.name))
        write_wrapped(out, self.items or ["0"])
        out.write("};\n")


def write_wrapped(out, items):
    line = "   "
    for item in items:
        if len(line) + len(item) > 110:
            out.write(line + "\n")
            line = "   "
        line += " " + item + ","
    out.write(line + "\n")


def write_table(out, ctype, name, rows):
    out.write("const %s builtin_%s[] = {\n" % (ctype, name))
    for row in rows:
        out.write("    {%s},\n" % row)
    out.write("};\nconst size_t builtin_n_%s = %d;\n" % (name, len(rows)))


def proc_rows(procs, namespace, oids, strings, languages):
    rows = []
    for p in procs:
        arg_types = p["proargtypes"].split() if p["proargtypes"] else []
        all_types = array_items(p["proallargtypes"])
        modes = array_items(p["proargmodes"])
        names = array_items(p["proargnames"])
        defaults = split_top_level(p["proargdefaults"]) if p["proargdefaults"] else []
        assert len(defaults) == int(p["pronargdefaults"]), p["proname"]
        fields = [
            (".oid", p["oid"]), (".namespace_oid", namespace), (".name", c_string(p["proname"])),
            (".kind", c_char(p["prokind"])), (".strict", c_bool(p["proisstrict"])),
            (".returns_set", c_bool(p["proretset"])), (".volatility", c_char(p["provolatile"])),
            (".result_type", p["prorettype"]), (".n_args", str(len(arg_types))),
            (".arg_types", oids.put(arg_types)), (".variadic_type", p["provariadic"]),
            (".n_defaults", str(len(defaults))),
            (".default_sql", strings.put([c_string(d) for d in defaults])),
            (".n_all_args", str(len(all_types or []))), (".all_arg_types", oids.put(all_types)),
            (".arg_modes", c_string("".join(modes)) if modes else "NULL"),
            (".arg_names", strings.put([c_string(n) for n in names or []])),
            (".prosrc", c_string(p["prosrc"])), (".language", languages[p["lanname"]]),
            (".rows", p["prorows"]), (".cost", p["procost"]), (".parallel", c_char(p["proparallel"])),
            (".leakproof", c_bool(p["proleakproof"])), (".owner_oid", "10"),
        ]
        rows.append(", ".join("%s = %s" % field for field in fields if field[1] not in ("0", "NULL", "false")))
    return rows


def main(path):
    namespaces = records("namespace")
    namespace_oid = {n["nspname"]: n["oid"] for n in namespaces}
    oids, strings = Pool("const uint32_t", "oid_pool"), Pool("const char *const", "string_pool")
    types, classes, attributes = records("type"), records("class"), records("attribute")
    procs, infoprocs = records("proc") + records("distproc"), records("infoproc")
    proc_oid = {"-": "0"}
    for p in procs:
        proc_oid.setdefault(p["proname"], p["oid"])

    type_rows, seen = [], set()
    by_oid = {t["oid"]: t for t in types}

    def add_type(oid, namespace, name, **facts):
        if oid in seen or oid == "0":
            return
        seen.add(oid)
        fields = [".oid = %s" % oid, ".namespace_oid = %s" % namespace, ".name = %s" % c_string(name)]
        fields += [".%s = %s" % item for item in facts.items() if item[1] not in ("0", "false")]
        type_rows.append((int(oid), ", ".join(fields)))

    def functions(kind):
        return {"input": proc_oid[kind + "_in"], "output": proc_oid[kind + "_out"],
                "receive": proc_oid[kind + "_recv"], "send": proc_oid[kind + "_send"]}

    for t in types:
        add_type(t["oid"], namespace_oid[t["namespace"]], t["typname"], len=t["typlen"], by_value=c_bool(t["typbyval"]),
                 kind=c_char(t["typtype"]), category=c_char(t["typcategory"]),
                 preferred=c_bool(t["typispreferred"]), defined=c_bool(t["typisdefined"]), delim=c_char(t["typdelim"]),
                 align=c_char(t["typalign"]), storage=c_char(t["typstorage"]), rel_oid=t["typrelid"],
                 elem=t["typelem"], array=t["typarray"], collation=t["typcollation"], base_typmod="-1",
                 subscript=proc_oid[t["typsubscript"]], input=proc_oid[t["typinput"]], output=proc_oid[t["typoutput"]],
                 receive=proc_oid[t["typreceive"]], send=proc_oid[t["typsend"]],
                 typmod_in=proc_oid[t["typmodin"]], typmod_out=proc_oid[t["typmodout"]])

    def add_array(oid, namespace, name, elem):
        add_type(oid, namespace, name, len="-1", kind="'b'", category="'A'", defined="true", delim="','", align="'d'",
                 storage="'x'", elem=elem, base_typmod="-1", subscript=proc_oid["array_subscript_handler"],
                 **functions("array"))

    for c in classes:
        if c["reltype"] == "0":
            continue
        namespace = namespace_oid[c["nspname"]]
        add_type(c["reltype"], namespace, c["relname"], len="-1", kind="'c'", category="'C'", defined="true",
                 delim="','", align="'d'", storage="'x'", rel_oid=c["oid"], array=c["reltypearray"], base_typmod="-1",
                 **functions("record"))
        add_array(c["reltypearray"], namespace, "_" + c["relname"], c["reltype"])
    info = namespace_oid["information_schema"]
    for t in records("infotype"):
        if t["typtype"] == "d":
            base = by_oid[t["typbasetype"]]
            add_type(t["oid"], info, t["typname"], len=base["typlen"], by_value=c_bool(base["typbyval"]), kind="'d'",
                     category=c_char(base["typcategory"]), defined="true", delim="','", align=c_char(base["typalign"]),
                     storage=c_char(base["typstorage"]), array=t["typarray"], base=t["typbasetype"],
                     base_typmod=t["typtypmod"], not_null=c_bool(t["typnotnull"]), collation=base["typcollation"],
                     input=proc_oid["domain_in"], output=proc_oid[base["typoutput"]],
                     receive=proc_oid["domain_recv"], send=proc_oid[base["typsend"]])
        else:
            add_array(t["oid"], info, t["typname"], t["typelem"])

    languages = {"internal": '"internal"', "c": '"c"', "sql": '"sql"'}
    all_procs = proc_rows(procs, namespace_oid["pg_catalog"], oids, strings, languages)
    all_procs += proc_rows(infoprocs, info, oids, strings, languages)

    columns, column_start, n_columns = [], {}, {}
    for a in attributes:
        column_start.setdefault(a["attrelid"], len(columns))
        n_columns[a["attrelid"]] = n_columns.get(a["attrelid"], 0) + 1
        columns.append("%s, %s, %s, %s, %s" % (c_string(a["attname"]), a["atttypid"], a["attnum"], a["atttypmod"],
                                               c_bool(a["attnotnull"])))
    relations = []
    for c in sorted((c for c in classes if c["relkind"] in "rv"), key=lambda c: int(c["oid"])):
        relations.append("%s, %s, %s, %s, %s, %s, %s, %s, %s, %d, columns + %d" % (
            c["oid"], namespace_oid[c["nspname"]], c["reltype"], c["reltypearray"], c_string(c["relname"]),
            c_char(c["relkind"]), c_bool(c["relisshared"]), c_bool(c["relhasindex"]), c_bool(c["relhasrules"]),
            n_columns[c["oid"]], column_start[c["oid"]]))
    class_name = {c["oid"]: c["relname"] for c in classes}

    rows, cells = [], []
    for file in sorted(glob.glob(os.path.join(DATA, "rows_*.tsv"))):
        name = os.path.basename(file)[len("rows_"):-len(".tsv")]
        header, body = table("rows_" + name)
        rows.append("%s, %d, %d, cells + %d" % (c_string(name), len(header), len(body), len(cells)))
        cells += [c_string(cell) for row in body for cell in row]

    with open(path, "w", encoding="utf-8") as out:
        out.write("/* Made by tools/gen-builtin.py from catalog/data: do not edit. */\n#include \"catalog/builtin.h\"\n\n")
        oids.write(out)
        strings.write(out)
        write_table(out, "struct builtin_type", "types", [row for _, row in sorted(type_rows)])
        write_table(out, "struct proc", "procs", all_procs)
        write_table(out, "struct oper", "opers", [
            "%s, 11, %s, %s, %s, %s, %s, %s, %s, %s, %s" % (
                o["oid"], c_string(o["oprname"]), o["oprleft"], o["oprright"], o["oprresult"], o["oprcode"], o["oprcom"],
                o["oprnegate"], c_bool(o["oprcanhash"]), c_bool(o["oprcanmerge"])) for o in records("operator")])
        context = {"i": "CAST_IMPLICIT", "a": "CAST_ASSIGNMENT", "e": "CAST_EXPLICIT"}
        method = {"f": "CAST_FUNCTION", "b": "CAST_BINARY", "i": "CAST_INOUT"}
        write_table(out, "struct cast", "casts", [
            "%s, %s, %s, %s, %s" % (c["castsource"], c["casttarget"], c["castfunc"], context[c["castcontext"]],
                                    method[c["castmethod"]]) for c in records("cast")])
        write_table(out, "struct builtin_aggregate", "aggregates", [
            "{%s, %s, %s, %s}, %s, %s, %s, %s" % (
                a["aggfnoid"], c_char(a["aggkind"]), a["aggnumdirectargs"], a["aggsortop"], a["aggtransfn"],
                a["aggfinalfn"], a["aggtranstype"], c_string(a["agginitval"])) for a in records("aggregate")])
        write_table(out, "struct builtin_range", "ranges", [
            "%s, %s, %s" % (r["rngtypid"], r["rngsubtype"], r["rngmultitypid"]) for r in records("range")])
        write_table(out, "struct builtin_opclass", "opclasses", [
            "%s, %s, %s, %s, %s, %s, %s" % (o["oid"], o["opcmethod"], o["opcfamily"], o["opcintype"], o["opckeytype"],
                                            c_bool(o["opcdefault"]), c_string(o["opcname"]))
            for o in records("opclass")])
        write_table(out, "struct builtin_amop", "amops", [
            "%s, %s, %s, %s, %s" % (a["amopfamily"], a["amoplefttype"], a["amoprighttype"], a["amopopr"],
                                    a["amopstrategy"])
            for a in records("amop") if a["amopmethod"] == "403"])
        out.write("static const struct builtin_column columns[] = {\n%s};\n" % "".join(
            "    {%s},\n" % column for column in columns))
        write_table(out, "struct builtin_relation", "relations", relations)
        write_table(out, "struct builtin_index", "indexes", [
            "%s, %s, %s, %s, %s, %s, %s, %s, %s" % (
                i["indexrelid"], i["indrelid"], c_string(class_name[i["indexrelid"]]), c_bool(i["indisunique"]),
                c_bool(i["indisprimary"]), c_string(i["indkey"]), c_string(i["indclass"]), c_string(i["indcollation"]),
                c_string(i["indoption"])) for i in records("index")])
        write_table(out, "struct builtin_constraint", "constraints", [
            "%s, %s, %s, %s, %s, %s" % (c["oid"], c["conrelid"], c["conindid"], c_string(c["conname"]),
                                        c_char(c["contype"]), c_string(c["conkey"])) for c in records("constraint")])
        write_table(out, "struct namespace", "namespaces", [
            ".oid = %s, .owner_oid = 10, .name = %s" % (n["oid"], c_string(n["nspname"])) for n in namespaces
            if n["nspname"] != "public"])
        out.write("static const char *const cells[] = {\n")
        write_wrapped(out, cells)
        out.write("};\n")
        write_table(out, "struct builtin_rows", "rows", rows)
        write_table(out, "struct builtin_encoding", "encodings", [
            "%s, %s" % (e["encoding"], c_string(e["name"])) for e in records("encoding") if e["name"]])
        write_table(out, "struct builtin_keyword", "keywords", [
            "%s, %s, %s, %s, %s" % (c_string(k["word"]), c_char(k["catcode"]), c_bool(k["barelabel"]),
                                    c_string(k["catdesc"]), c_string(k["baredesc"])) for k in records("keyword")])
        setting_fields = ("name", "setting", "unit", "category", "context", "vartype", "min_val", "max_val", "enumvals",
                          "boot_val", "short_desc", "extra_desc")
        write_table(out, "struct builtin_setting", "settings", [
            ", ".join(c_string(s[field]) for field in setting_fields) for s in records("setting")])


main(sys.argv[1])
