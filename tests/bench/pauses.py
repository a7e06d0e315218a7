"""Section 3: the worst pauses that a client sees while the server has something big to do."""

import math
import time
from statistics import median

from servers import Refused
from tools import Failure

COLLECTIONS = [
    ("set", "SADD big {index}"),
    ("hash", "HSET big {index} {value}"),
    ("sorted set", "ZADD big {score} {index}"),
    ("list", "RPUSH big {value}"),
]
EXPIRY_BOUND_SECONDS = 120
UNLINKED_TOGETHER = 100


class Pauses:
    def __init__(self, setup):
        self.setup, self.tools, self.options = setup, setup.tools, setup.options

    def run(self):
        rounds = []
        for _ in range(self.options.pause_rounds):
            results = {}
            rounds.append(results)
            for start in self.setup.starters():
                results[start.name] = phases = {}
                try:
                    with start() as server:
                        self.measure_table(server, phases)
                    with start() as server:
                        self.measure_expiry(server, phases)
                    with start() as server:
                        self.measure_collections(server, phases)
                except Failure as failure:
                    self.setup.fail(results, f"pauses of {start.name}", failure)
        return rounds

    def measure_table(self, server, phases):
        keys = self.options.pause_keys
        unlinked = keys // 10
        with self.phase(server, phases, f"idle, {self.options.idle_seconds} s"):
            time.sleep(self.options.idle_seconds)
        with self.phase(server, phases, f"growing from 0 to {count(keys)} keys (SET)"):
            self.grow(server, keys)
        with self.phase(server, phases, f"SCAN over {count(keys)} keys"):
            self.scan(server, keys)
        with self.phase(server, phases, f"UNLINK of {count(unlinked)} keys, {UNLINKED_TOGETHER} at once"):
            self.tools.load(server, ["UNLINK" + UNLINKED_TOGETHER * " {key}"], keys=unlinked,
                            order="sequential", connections=1,
                            requests=unlinked // UNLINKED_TOGETHER)
            left = server.client("DBSIZE")
        if left != keys - unlinked:
            raise Failure(f"{server.name} has {left} keys after UNLINK")
        self.grow(server, keys)
        with self.phase(server, phases, f"FLUSHALL ASYNC of {count(keys)} keys"):
            server.client("FLUSHALL", "ASYNC")
            server.settled_memory(5)

    def measure_expiry(self, server, phases):
        keys = self.options.expiring_keys
        empty = server.used_memory()
        began = time.monotonic()
        self.grow(server, keys)  # tells how long the next one will take
        server.client("FLUSHALL")
        moment = math.ceil(time.time() + 2 + 2 * (time.monotonic() - began))
        self.tools.fill(server, keys, f"SET {{key}} {{value}} PXAT {moment}000", connections=4)
        time.sleep(max(0, moment - 0.5 - time.time()))
        with self.phase(server, phases, f"{count(keys)} keys expire in the same second") as gaps:
            time.sleep(max(0, moment - time.time()))
            while server.client("DBSIZE") > 0:
                if time.time() > moment + EXPIRY_BOUND_SECONDS:
                    raise Failure(f"{server.name} has not expired everything after "
                                  f"{EXPIRY_BOUND_SECONDS} s")
                time.sleep(0.01)
            gone = time.time() - moment
        gaps["seconds_until_gone"] = gone
        used = server.settled_memory()[0]
        gaps["bytes_left"] = used - empty if used is not None else None

    def measure_collections(self, server, phases):
        elements = self.options.pause_elements
        for name, command in COLLECTIONS:
            with self.phase(server, phases, f"a {name} growing to {count(elements)} elements"):
                self.tools.fill(server, elements, command, value_size=16, expected=1, connections=4,
                                pipeline=16)
            with self.phase(server, phases, f"DEL of a {name} of {count(elements)} elements"):
                server.client("DEL", "big")
                server.settled_memory(5)
        self.measure_field_expiry(server, phases, elements)

    def measure_field_expiry(self, server, phases, fields):
        """Not every server knows fields that expire."""
        began = time.monotonic()
        try:
            server.client("HSET", "big", "field", "value")
            server.client("HPEXPIRE", "big", "600000", "FIELDS", "1", "field")
        except Refused:
            return
        finally:
            server.client("DEL", "big")
        fill = "HSETEX big PXAT {moment}000 FIELDS 1 {{index}} {{value}}"
        distant = math.ceil(time.time() + 3600)
        self.tools.fill(server, fields, fill.format(moment=distant), 16, expected=1)
        server.client("DEL", "big")
        moment = math.ceil(time.time() + 3 + 2 * (time.monotonic() - began))
        self.tools.fill(server, fields, fill.format(moment=moment), 16, expected=1)
        time.sleep(max(0, moment - 0.5 - time.time()))
        with self.phase(server, phases, f"{count(fields)} fields of a hash expire in the same second") as gaps:
            while server.client("DBSIZE") > 0:
                if time.time() > moment + EXPIRY_BOUND_SECONDS:
                    raise Failure(f"{server.name} has not expired all fields after "
                                  f"{EXPIRY_BOUND_SECONDS} s")
                time.sleep(0.01)
            gone = time.time() - moment
        gaps["seconds_until_fields_gone"] = gone

    def grow(self, server, keys):
        """Few requests on their way, so that what a PING waits for is the table and not the queue."""
        self.tools.fill(server, keys, "SET {key} {value}", connections=4, pipeline=16)

    def scan(self, server, keys):
        cursor, found = "0", 0
        while True:
            cursor, part = server.client("SCAN", cursor, "COUNT", "500")
            found += len(part)
            if cursor == b"0":
                break
        if found < keys:
            raise Failure(f"SCAN of {server.name} found {found} keys of {keys}")

    def phase(self, server, phases, name):
        return Phase(self, server, phases, name)


class Phase:
    """The pinger runs during the block; what it saw is noted under the name."""

    def __init__(self, pauses, server, phases, name):
        pauses.setup.say(f"{server.name}: {name} ...")
        self.pinger = pauses.tools.pinger(server)
        server.free_other_threads(pauses.setup.cpus)
        self.phases, self.name = phases, name

    def __enter__(self):
        self.gaps = self.pinger.__enter__()
        self.began = time.monotonic()
        return self.gaps

    def __exit__(self, *failure):
        self.gaps["seconds"] = time.monotonic() - self.began
        self.phases[self.name] = self.gaps
        return self.pinger.__exit__(*failure)


def count(number):
    return f"{number / 1e6:g}M"


def tables(rounds):
    good = [results for results in rounds if "failed" not in results]
    if not good:
        return []
    names = list(good[0])
    header = ["while"]
    for name in names:
        header += [f"longest, {name}", f"CPU, {name}", f"pinger late, {name}"]
    lines = []
    for phase in good[0][names[0]]:
        line = [phase]
        for name in names:
            seen = [results[name][phase] for results in good if phase in results[name]]
            if not seen:  # something that this server cannot do
                line += 3 * [""]
                continue
            line += [f"{median(gaps[what] for gaps in seen) / 1000:.2f}"
                     for what in ("longest", "busiest", "late")]
        lines.append(line)
    tables = [("Most time and most server CPU between two PONGs of a 1 kHz pinger (ms)", header, lines)]
    lines = []
    for name in names:
        seen = [gaps for results in good for gaps in results[name].values()
                if "seconds_until_gone" in gaps]
        left = [gaps["bytes_left"] for gaps in seen if gaps["bytes_left"] is not None]
        lines.append([name, f"{median(gaps['seconds_until_gone'] for gaps in seen):.2f}",
                      f"{median(left) / 1e6:.1f}" if left else "?"])
    tables.append(("Keys that expire in the same second",
                   ["server", "DBSIZE is 0 after (s)", "used_memory left then (MB)"], lines))
    return tables
