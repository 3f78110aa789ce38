"""Runs the shared conformance tools; the least share of identical statements is a ratchet: raise it, never lower it."""
import os
import re
import subprocess
import sys

from server import SHARED, Server

FLAGS = {"simple": [], "extended": ["--extended"], "binary": ["--extended", "--binary"]}
LEAST = {"simple": 99.0, "extended": 99.0, "binary": 99.0}


def percent(shards, mode):
    with Server(shards=shards) as server:
        done = subprocess.run([os.path.join(SHARED, "conformance", "pgdiff"), "--against", os.path.join(SHARED, "conformance", "sql"),
                               "--b", server.uri(), "--show", "0"] + FLAGS[mode], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = re.search(r"conformance: (\d+) of (\d+) statements identical", done.stdout)
        if not found:
            print(done.stdout[-3000:])
            sys.exit("no result")
        lost = len(re.findall(r"\[lost\]", done.stdout)) + sum(int(n) for n in re.findall(r"\| .*lost (\d+)", done.stdout))
        if lost:
            print(done.stdout[-3000:])
            sys.exit("%d answers were lost" % lost)
        return 100.0 * int(found.group(1)) / int(found.group(2))


def run_conformance(mode):
    if not os.path.isdir(SHARED):
        print("no shared corpus beside this checkout: nothing to compare")
        return
    results = {shards: percent(shards, mode) for shards in (1, 8)}
    for shards, share in results.items():
        if share < LEAST[mode]:
            sys.exit("%s at %d shard(s): %.1f %% identical, at least %.1f %% expected" % (mode, shards, share, LEAST[mode]))
    print(", ".join("%d shard(s): %.1f %% identical" % item for item in results.items()))
