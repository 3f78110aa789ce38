"""A PostgreSQL 15 of our own, for measurements beside it: its own folder, a free port of the loopback."""
import os
import pwd
import subprocess

from server import free_port

PG_BIN = os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin")


class Postgres:
    name = "PostgreSQL"

    def __init__(self, folder):
        self.folder, self.port = os.path.join(folder, "postgresql"), free_port()
        os.makedirs(self.folder)
        self.prefix = []
        if os.getuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        self.run(["initdb", "-D", self.folder + "/data", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"])
        self.run(["pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                  "-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=256MB" % (self.port, self.folder), "start"])

    def run(self, command):
        subprocess.run(self.prefix + [os.path.join(PG_BIN, command[0])] + command[1:], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self):
        self.run(["pg_ctl", "-D", self.folder + "/data", "-m", "fast", "stop"])
