"""A Shardlite server for tests: its own data directory and port, stopped and removed at the end."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOWNESS = 10 if os.environ.get("FLAVOR") == "valgrind" else 1
SHARED = os.environ.get("SHARDLITE_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))


def binary():
    return os.environ.get("SHARDLITE_BIN", os.path.join(ROOT, "build", os.environ.get("FLAVOR", "release"), "shardlite"))


def runner():
    """What the programs under test are started with: valgrind in its flavour, nothing otherwise."""
    if os.environ.get("FLAVOR") != "valgrind":
        return []
    return ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite",
            "--max-stackframe=8388608", "--fair-sched=yes"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """Started by `with Server(shards=8) as server:`; `flags` are handed on."""

    def __init__(self, shards=8, flags=(), data=None, keep=False, env=None):
        self.shards, self.flags, self.keep = shards, list(flags), keep
        self.data = data or tempfile.mkdtemp(prefix="shardlite-test-")
        self.port = free_port()
        self.env = dict(os.environ, **(env or {}))
        self.process, self.log = None, os.path.join(self.data, "..", os.path.basename(self.data) + ".log")

    def start(self, limit=30 * SLOWNESS):
        out = open(self.log, "ab")
        self.process = subprocess.Popen(
            runner() + [binary(), "serve", "--data", self.data, "--port", str(self.port), "--shards", str(self.shards)] + self.flags,
            stdout=out, stderr=subprocess.STDOUT, env=self.env)
        end = time.time() + limit
        while time.time() < end:
            if self.process.poll() is not None:
                raise RuntimeError("the server ended at start:\n" + self.tail())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the server did not come up:\n" + self.tail())

    def tail(self, n=4000):
        try:
            with open(self.log, "rb") as f:
                return f.read()[-n:].decode("utf-8", "replace")
        except OSError:
            return ""

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, limit=30 * SLOWNESS):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError("the server did not stop on SIGTERM")
        return self.process.returncode

    def remove(self):
        if not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)
            if os.path.exists(self.log):
                os.unlink(self.log)

    def uri(self, user="postgres", database="postgres"):
        return "postgres://%s@127.0.0.1:%d/%s" % (user, self.port, database)

    def psql(self, sql, database="postgres", user="postgres", flags=("-At",), check=True):
        done = subprocess.run(["psql", "-X", "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database,
                               "-v", "ON_ERROR_STOP=1", *flags], input=sql, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120)
        if check and done.returncode != 0:
            raise RuntimeError("psql failed (%d):\n%s" % (done.returncode, done.stdout))
        return done.stdout

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            code = self.stop()
            if kind is None and code != 0:
                raise RuntimeError("the server ended with %s:\n%s" % (code, self.tail()))
        finally:
            if kind is not None:
                print(self.tail())
            self.remove()
