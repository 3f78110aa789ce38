"""kill -9 under a multi-shard workload, again and again: nothing acknowledged is lost, nothing is half done."""
import random
import sys
import threading
import time

from pg import Error, Raw
from server import Server

ACCOUNTS = 64


class Worker(threading.Thread):
    """Moves money between accounts on different shards and keeps a numbered diary in the same transactions."""

    def __init__(self, port, number, first):
        super().__init__(daemon=True)
        self.port, self.number, self.next, self.acked, self.stop = port, number, first, first - 1, False

    def run(self):
        try:
            connection = Raw(self.port)
            while not self.stop:
                a, b = random.sample(range(ACCOUNTS), 2)
                a, b = min(a, b), max(a, b)
                amount = random.randint(1, 9)
                try:
                    connection.query("BEGIN")
                    connection.query("UPDATE crash_accounts SET balance = balance - %d WHERE id = %d" % (amount, a))
                    connection.query("UPDATE crash_accounts SET balance = balance + %d WHERE id = %d" % (amount, b))
                    connection.query("INSERT INTO crash_diary VALUES (%d, %d, %d, %d, %d)" % (self.number, self.next, a, b, amount))
                    connection.query("COMMIT")
                    self.acked = self.next
                    self.next += 1
                except Error as e:
                    if e.sqlstate not in ("40P01", "40001"):
                        raise
                    connection.query("ROLLBACK")
        except (OSError, ConnectionError, AttributeError, TypeError):
            pass # killed


def check(port, acked):
    connection = Raw(port)
    balances = {int(r[0]): int(r[1]) for r in connection.query("SELECT id, balance FROM crash_accounts")}
    diary = [tuple(map(int, r)) for r in connection.query("SELECT worker, n, a, b, amount FROM crash_diary")]
    connection.close()
    expected = {k: 1000 for k in range(ACCOUNTS)}
    for _, _, a, b, amount in diary:
        expected[a] -= amount
        expected[b] += amount
    if balances != expected:
        sys.exit("half a transaction: balances and diary differ at %s" % [k for k in expected if expected[k] != balances.get(k)])
    for worker, last in acked.items():
        numbers = sorted(n for w, n, *_ in diary if w == worker)
        if numbers != list(range(len(numbers))):
            sys.exit("a gap in the diary of worker %d" % worker)
        if len(numbers) <= last:
            sys.exit("worker %d: transaction %d was acknowledged and is lost" % (worker, last))
    return {worker: sum(1 for w, *_ in diary if w == worker) for worker in acked}


def run(rounds, shards=8, workers=6):
    server = Server(shards=shards)
    server.start()
    slowest, total = 0.0, 0
    try:
        connection = Raw(server.port)
        connection.query("CREATE TABLE crash_accounts (id int PRIMARY KEY, balance int NOT NULL)")
        connection.query("CREATE TABLE crash_diary (worker int, n int, a int, b int, amount int, PRIMARY KEY (worker, n))")
        connection.query("INSERT INTO crash_accounts SELECT g, 1000 FROM generate_series(0, %d) g" % (ACCOUNTS - 1))
        connection.close()
        firsts = {w: 0 for w in range(workers)}
        for number in range(rounds):
            threads = [Worker(server.port, w, firsts[w]) for w in range(workers)]
            for t in threads:
                t.start()
            time.sleep(random.uniform(0.05, 0.4))
            server.kill()
            for t in threads:
                t.stop = True
                t.join(10)
            begin = time.time()
            server.start()
            firsts = check(server.port, {t.number: t.acked for t in threads})
            slowest, total = max(slowest, time.time() - begin), sum(firsts.values())
            if sys.stderr.isatty():
                print("\rround %d of %d, %d transactions" % (number + 1, rounds, total), end="", file=sys.stderr)
        server.stop()
    except BaseException:
        print(server.tail())
        if server.process.poll() is None:
            server.kill()
        raise
    finally:
        server.remove()
    print("%d kills, %d transactions, slowest restart %.2f s" % (rounds, total, slowest))
