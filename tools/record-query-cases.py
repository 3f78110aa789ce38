#!/usr/bin/env python3
"""Records what PostgreSQL 15 answers, for tests/unit/exec/query_test.c.

    tools/record-query-cases.py FILE...

Rewrites each FILE: lines that start with "> " are statements, run one after the other on the server that PGHOST, PGPORT, PGUSER and PGDATABASE
tell, in a schema of their own that is dropped afterwards; what follows a statement up to an empty line is replaced by its rows (columns
with | between them, NULL as ~), or by "ERROR sqlstate message".  Comments (#) stay.
"""
import re
import subprocess
import sys


def answers(statements):
    script = "\\set VERBOSITY verbose\n\\pset null ~\ndrop schema if exists query_cases cascade;\ncreate schema query_cases;\nset search_path = query_cases;\n"
    for statement in statements:
        script += "\\echo @@@@\n" + statement.rstrip(";") + ";\n"
    script += "\\echo @@@@\ndrop schema query_cases cascade;\n"
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=0"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout.split("@@@@\n")[1:-1]


def tidy(answer):
    error = re.search(r"ERROR:  ([0-9A-Z]{5}): (.*)", answer)
    if error:
        return "ERROR %s %s\n" % error.groups()
    return "".join(line + "\n" for line in answer.splitlines() if not line.startswith("psql:"))


for name in sys.argv[1:]:
    with open(name) as f:
        lines = f.read().splitlines()
    got = iter(answers([line[2:] for line in lines if line.startswith("> ")]))
    out, skipping = [], False
    for line in lines:
        if line.startswith("> "):
            out.append(line + "\n" + tidy(next(got)))
            skipping = True
        elif not line:
            skipping = False
            out.append("\n")
        elif line.startswith("#") or not skipping:
            skipping = False
            out.append(line + "\n")
    with open(name, "w") as f:
        f.write("".join(out))
