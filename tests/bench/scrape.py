"""Section 10: what clients notice of those who read metrics, which Larder alone serves itself."""

import http.client
import socket
import threading
import time

from statistics import median

from servers import Refused
from tools import Failure

SCRAPERS = 4
PATHS = ["/metrics", "/api/history", "/api/now"]
# For how long a scrape may hold up a client's request, by what the server uses of the processor: the usual
# one of some periods whose longest turn is looked at.
PERIODS = 10
MOST_MS = 1


class Scrape:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = []
        for start in self.setup.starters():
            self.setup.say(f"scrapes, {start.name} ...")
            with start() as server:
                port = free_port()
                try:
                    server.client("CONFIG", "SET", "metrics-port", port)
                except Refused:
                    continue
                rows += self.measure(server, port)
        return rows

    def measure(self, server, port):
        use_every_command(server)
        # A history that is worth reading.
        time.sleep(self.setup.options.idle_seconds)
        rows = []
        for name, paths in [("nobody reads", []), *((path, [path]) for path in PATHS)]:
            periods = [self.read(server, port, paths) for _ in range(PERIODS)]
            rows.append({"while": name, "periods": periods})
            if paths and median(period["max"] for period in periods) > MOST_MS:
                self.setup.fail({}, name, Failure(f"reading it holds others up by more than {MOST_MS} ms"))
        return rows

    def read(self, server, port, paths):
        # It resets what commands have taken too, and so what there is to read.
        server.client("CONFIG", "RESETSTAT")
        use_every_command(server)
        before = server.cpu_ns()
        with self.setup.tools.pinger(server) as gaps, Scrapers(port, paths) as scrapers:
            time.sleep(self.setup.options.idle_seconds / PERIODS)
        return {"answers": scrapers.answers, "bytes": scrapers.bytes, "cpu_ns": server.cpu_ns() - before,
                **gaps, **turn_times_ms(server)}


class Scrapers:
    """Read the paths, each on `count` connections that stay, with a pause of so many seconds between two answers."""

    def __init__(self, port, paths, count=SCRAPERS, pause=0):
        self.port, self.pause = port, pause
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.read, args=(path,)) for path in paths * count]
        self.lock = threading.Lock()
        self.answers = self.bytes = self.failures = 0

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise Failure("a scrape failed")

    def read(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.is_over.is_set():
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            with self.lock:
                self.answers += 1
                self.bytes += len(body)
                self.failures += answer.status != 200
            self.is_over.wait(self.pause)
        connection.close()


def turn_times_ms(server):
    """How long making and sending answers took in the turns of the loop."""
    field = server.client.info("metrics")["metrics_http_turn_usec"]
    times = dict(part.split("=") for part in field.split(","))
    return {name: float(times[name]) / 1000 for name in ("p50", "p99.9", "max")}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def use_every_command(server):
    """So that each has its lines: called with nothing where that is an error, and so does no harm."""
    for command in server.client("COMMAND"):
        if abs(command[1]) > 1:
            try:
                server.client(command[0])
            except Refused:
                pass
    for number in range(2000):
        for words in [("SET", f"key:{number}", "value"), ("GET", f"key:{number}"), ("HSET", "hash", number, "x"),
                      ("LPUSH", "list", number), ("ZADD", "board", number, number), ("INCR", "count"),
                      ("HGETALL", "hash"), ("LRANGE", "list", 0, -1), ("ZRANGE", "board", 0, number)]:
            server.client(*words)
    server.client("FLUSHALL")


def tables(rows):
    if not rows:
        return []
    lines = []
    for row in rows:
        periods = row["periods"]
        answers, size, cpu_ns = (sum(period[name] for period in periods) for name in ("answers", "bytes", "cpu_ns"))
        usual = [f"{median(period[name] for period in periods):.2f}" for name in ("p50", "p99.9", "max")]
        worst = [f"{max(period[name] for period in periods) / 1000:.2f}" for name in ("longest", "busiest", "late")]
        lines.append([row["while"], str(answers), f"{size / 1000 / max(1, answers):.0f}",
                      f"{cpu_ns / 1000 / max(1, answers):.0f}", *usual, *worst])
    header = ["read without pause", "answers", "kB each", "server CPU each (us)", "turn, p50 (ms)", "turn, p99.9 (ms)",
              "turn, longest (ms)", "longest gap (ms)", "CPU in it (ms)", "pinger late (ms)"]
    return [(f"What a turn of the loop spends on {SCRAPERS} connections that read, and the time between two PONGs of a "
             "1 kHz pinger", header, lines)]
