"""Section 6: what it takes to remember which clients have read which keys."""

from servers import Client
from tools import Failure

CLIENTS = 100
KEYS_PER_REQUEST = 500
TARGET = 0.7

# Name, how many clients read each key, and by what the number of keys is divided.
KINDS = [
    ("each key by one client", 1, 1),
    ("each key by all of them", CLIENTS, 10),
]


class Tracking:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = []
        for name, readers, divisor in KINDS:
            keys = self.setup.options.tracked_keys // divisor
            row = {"kind": name, "keys": keys, "readers": readers, "servers": {}}
            rows.append(row)
            try:
                for start in self.setup.starters():
                    self.setup.say(f"tracking, {name}, {keys:,} keys, {start.name} ...")
                    row["servers"][start.name] = self.measure(start, keys, readers)
            except Failure as failure:
                self.setup.fail(row, name, failure)
        return rows

    def measure(self, start, keys, readers):
        """The keys need not be there: a client remembers that there is none, too."""
        with start() as server:
            server.client("CONFIG", "SET", "tracking-table-max-keys", 0)
            clients = [Client(server.port) for _ in range(CLIENTS)]
            for client in clients:
                client("CLIENT", "TRACKING", "ON")
                read(client, 0, KEYS_PER_REQUEST)
            server.client("FLUSHALL")
            used_before, rss_before = server.settled_memory()
            cpu_before = server.cpu_ns()
            for number, first in enumerate(range(0, keys, KEYS_PER_REQUEST)):
                count = min(KEYS_PER_REQUEST, keys - first)
                for reader in range(readers):
                    read(clients[(number + reader) % CLIENTS], first, count)
            cpu = server.cpu_ns() - cpu_before
            used, rss = server.settled_memory()
            stats = server.client.info("stats")
            found = (int(stats["tracking_total_keys"]), int(stats["tracking_total_items"]))
            if found != (keys, keys * readers):
                raise Failure(f"{server.name} tracks {found} instead of {(keys, keys * readers)}")
            for client in clients:
                client.close()
        return {"used_memory": None if used is None else used - used_before,
                "rss": rss - rss_before, "cpu_ns_per_read": cpu / (keys * readers)}


def read(client, first, count):
    """MGET of keys that are not there, so that the reply is known."""
    request = b"*%d\r\n$4\r\nMGET\r\n" % (count + 1)
    request += b"".join(b"$16\r\nkey:%012d\r\n" % index for index in range(first, first + count))
    client.socket.sendall(request)
    expected = b"*%d\r\n" % count + b"$-1\r\n" * count
    if client.reader.read(len(expected)) != expected:
        raise Failure("a key was found that nobody has set")


def tables(rows):
    rows = [row for row in rows if "failed" not in row]
    if not rows:
        return []
    names = list(rows[0]["servers"])
    lines = []
    for row in rows:
        line = [row["kind"], f"{row['keys']:,}"]
        for what, unit in [("used_memory", 1e6), ("rss", 1e6), ("cpu_ns_per_read", 1)]:
            values = [row["servers"][name][what] for name in names]
            line += ["?" if value is None else f"{value / unit:.1f}" for value in values]
            known = len(values) == 2 and None not in values and values[1] > 0
            line.append(f"{values[0] / values[1]:.2f}" if known else "?")
        lines.append(line)
    header = ["16-byte keys read", "keys"]
    for what in ["MB", "RSS, MB", "CPU ns/key"]:
        header += [f"{name}, {what}" for name in names] + ["ratio"]
    return [(f"Keys tracked for {CLIENTS} clients (target of memory: {TARGET})", header, lines)]
