"""A PostgreSQL 15 to compare with: its own folder, a free port of the loopback."""
import os
import pwd
import shutil
import subprocess
import tempfile

from server import free_port

PG_BIN = os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin")


def installed():
    return os.access(os.path.join(PG_BIN, "initdb"), os.X_OK)


class Postgres:
    """Runs from here to stop(), or as `with Postgres(...) as postgres:`.  Without a folder it makes one, and removes it at the end; `before`
    stands in front of each command that it runs."""
    name = "PostgreSQL"

    def __init__(self, folder=None, durable=True, connections=200, before=()):
        self.own = tempfile.mkdtemp(prefix="postgres-test-") if folder is None else None
        self.folder, self.port, self.before, self.prefix = os.path.join(folder or self.own, "postgresql"), free_port(), list(before), []
        os.chmod(folder or self.own, 0o755)
        os.makedirs(self.folder)
        if os.getuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        self.run(["initdb", "-D", self.folder + "/data", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"])
        self.run(["pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                  "-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=%d -c shared_buffers=256MB -c fsync=%s"
                  % (self.port, self.folder, connections, "on" if durable else "off"), "start"])
        with open(self.folder + "/data/postmaster.pid") as file:
            self.pid = int(file.readline())

    def run(self, command):
        subprocess.run(self.before + self.prefix + [os.path.join(PG_BIN, command[0])] + command[1:], check=True, stdout=subprocess.DEVNULL, cwd="/",
                       start_new_session=True)

    def stop(self):
        self.run(["pg_ctl", "-D", self.folder + "/data", "-m", "fast", "stop"])
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()
