"""Section 6: what becomes of the memory when most values go and others of other sizes come."""

import random
import time

from servers import Refused
from tools import Failure

SECONDS = 30
TARGET = 1.25
BATCH = 2000
# Bytes of a value: at first, and of those that come later. Neighbouring size classes do not share slabs.
FIRST_SIZES = (40, 300)
LATER_SIZES = (310, 1200)
KEPT = 10  # one of so many stays


class Fragmentation:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = []
        for start in self.setup.starters():
            row = {"server": start.name}
            rows.append(row)
            self.setup.say(f"fragmentation, {start.name} ...")
            try:
                with start() as server:
                    row.update(self.measure(server))
            except Failure as failure:
                self.setup.fail(row, start.name, failure)
        return rows

    def measure(self, server):
        keys = self.setup.options.fragmentation_keys
        picks = random.Random(7)
        defragments = switch_on(server)
        write(server, ((f"first:{i}", picks.randint(*FIRST_SIZES)) for i in range(keys)))
        full = server.used_memory()
        gone = [i for i in range(keys) if picks.randrange(KEPT) != 0]
        picks.shuffle(gone)
        send(server, (b"*2\r\n$3\r\nDEL\r\n" + bulk(f"first:{i}".encode()) for i in gone))
        deleted = ratio_of(server)
        # As many bytes as before, of other sizes.
        count = (full - server.used_memory()) // (sum(LATER_SIZES) // 2 + 64)
        write(server, ((f"later:{i}", picks.randint(*LATER_SIZES)) for i in range(count)))
        refilled = ratio_of(server)
        within, last = self.watch(server)
        expected = keys - len(gone) + count
        if server.client("DBSIZE") != expected:
            raise Failure(f"{server.name} has not {expected} keys")
        return {"defragments": defragments, "used": server.used_memory(), "deleted": deleted,
                "refilled": refilled, "seconds": within, "ratio": last}

    @staticmethod
    def watch(server):
        """(seconds until RSS is within the target or None, the ratio at the end)"""
        began = time.monotonic()
        within = None
        while (passed := time.monotonic() - began) < SECONDS:
            if within is None and ratio_of(server) <= TARGET:
                within = passed
            time.sleep(0.25)
        return within, ratio_of(server)


def switch_on(server):
    """Whether the server can defragment."""
    try:
        server.client("CONFIG", "SET", "active-defrag-ignore-bytes", "1mb")
        server.client("CONFIG", "SET", "activedefrag", "yes")
        return True
    except Refused:
        return False


def ratio_of(server):
    return server.rss() / server.used_memory()


def bulk(word):
    return b"$%d\r\n%s\r\n" % (len(word), word)


def write(server, keys):
    filler = b"x" * max(LATER_SIZES)
    send(server, (b"*3\r\n$3\r\nSET\r\n" + bulk(key.encode()) + bulk(filler[:size]) for key, size in keys))


def send(server, requests):
    batch = []
    for request in requests:
        batch.append(request)
        if len(batch) == BATCH:
            exchange(server, batch)
            batch = []
    exchange(server, batch)


def exchange(server, batch):
    server.client.socket.sendall(b"".join(batch))
    for _ in batch:
        server.client.read()


def tables(rows):
    header = ["server", "active defragmentation", "used", "RSS / used after deletion", "after the refill",
              f"within {TARGET}", f"after {SECONDS} s"]
    lines = []
    for row in rows:
        if "failed" in row:
            continue
        seconds = "never" if row["seconds"] is None else f"{row['seconds']:.1f} s"
        lines.append([row["server"], "on" if row["defragments"] else "not possible",
                      f"{row['used'] / 1e6:.0f} MB", f"{row['deleted']:.2f}", f"{row['refilled']:.2f}",
                      seconds, f"{row['ratio']:.2f}"])
    return [("RSS after 90 % of the keys have gone and others of other sizes have come", header, lines)]
