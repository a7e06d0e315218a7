"""Sections of `make bench-eviction`: how often a cache that is full hits, and what being full costs."""

import contextlib
import json
import os
import struct
import subprocess
import tempfile
import threading
import time
from statistics import median

from servers import Client
from tools import Failure

# Traces with the capacities of the reference (entries; bytes where the trace has sizes), and what the
# reference says of each: exact LRU, Redis's allkeys-lru and allkeys-lfu, and the hybrid policy, which
# stands second where it does not look at sizes and last where it does.
REFERENCE = {
    "web12": [(137, 39.70, 39.45, 39.68, 43.15), (687, 60.00, 59.75, 61.99, 65.60),
              (1375, 68.48, 68.23, 70.04, 72.65), (2751, 75.67, 75.53, 76.47, 78.03)],
    "arc-oltp": [(1868, 41.63, 41.34, 42.48, 46.45), (9344, 60.08, 59.98, 59.91, 62.76),
                 (18688, 66.52, 66.39, 66.29, 68.51), (37376, 71.97, 71.91, 71.68, 73.17)],
    "cdn-adapt": [(2812103, 24.62, 24.46, 25.54, 26.96), (14060519, 31.30, 31.25, 33.86, 36.51),
                  (28121039, 34.37, 34.37, 37.38, 38.39), (56242078, 38.61, 38.52, 40.58, 40.81)],
}
SIZED_HYBRID = {2812103: 30.80, 14060519: 37.91, 28121039: 40.45, 56242078: 42.75}
# Where sizes do not matter, a cache of any capacity takes about so much, in which the buffers of the
# connection are nothing.
CACHE_BYTES = 4 << 20
LEAST_VALUE = 256
FILLED_BYTES = 60_000_000
REDIS_POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random"]
# A variant of Larder: the options that make it. Under volatile policies all keys get an expiry.
LARDER_POLICIES = {"hybrid": {"maxmemory-policy": "allkeys-hybrid", "hybrid-size-weight": 50},
                   "hybrid, no sizes": {"maxmemory-policy": "allkeys-hybrid", "hybrid-size-weight": 0},
                   "lru": {"maxmemory-policy": "allkeys-lru"}, "lfu": {"maxmemory-policy": "allkeys-lfu"},
                   "random": {"maxmemory-policy": "allkeys-random"}}
LARDER_POLICIES |= {f"volatile-{name}": {"maxmemory-policy": f"volatile-{name}"}
                    for name in ("hybrid", "lru", "lfu", "random", "ttl")}
EXPIRE_SECONDS = "100000"
TOLERANCE = 0.5


class Replay:
    """Traces through servers with a limit of memory: GET, and SET on a miss."""

    def __init__(self, setup, cache_bytes=CACHE_BYTES):
        self.setup, self.options, self.cache_bytes = setup, setup.options, cache_bytes

    def value_size(self, capacity, sized):
        """What bench_replay writes; 0: as the trace has it."""
        return 0 if sized else max(self.cache_bytes // capacity, LEAST_VALUE)

    def run(self):
        rows = []
        with tempfile.TemporaryDirectory(prefix="larder-traces-") as folder:
            for name in self.options.traces:
                packed = os.path.join(self.options.trace_folder, name + ".ltr.zst")
                trace = os.path.join(folder, name + ".ltr")
                subprocess.run(["zstd", "-dqf", packed, "-o", trace], check=True)
                rows += self.replay(name, trace)
        return rows

    def replay(self, name, trace):
        sized = has_sizes(trace)
        rows = []
        for capacity, *reference in REFERENCE[name]:
            row = {"trace": name, "capacity": capacity, "sized": sized, "reference": reference, "ratios": {}}
            rows.append(row)
            for start in self.setup.starters():
                is_larder = start.name == "larder"
                variants = LARDER_POLICIES if is_larder else {
                    f"{start.name} {policy}": {"maxmemory-policy": policy} for policy in REDIS_POLICIES}
                if not sized:
                    variants = {key: value for key, value in variants.items() if key != "hybrid, no sizes"}
                for variant, settings in variants.items():
                    if self.options.policies and variant not in self.options.policies and is_larder:
                        continue
                    self.setup.say(f"{name}, {capacity}: {variant} ...")
                    with start() as server:
                        try:
                            row["ratios"][variant] = self.measure(server, trace, capacity, sized, settings)
                        except Failure as failure:
                            self.setup.fail(row, f"{name} {capacity} {variant}", failure)
        return rows

    def measure(self, server, trace, capacity, sized, settings):
        """Gives the server as much memory as `capacity` takes there, which a fill with keys of the same
        kind has shown, and replays."""
        value_size = self.value_size(capacity, sized)
        common = ["--trace", trace, "--value-size", str(value_size), "--pipeline", str(self.options.replay_pipeline)]
        if settings["maxmemory-policy"].startswith("volatile"):
            common += ["--expire", EXPIRE_SECONDS]
        empty = server.used_memory()
        wanted = FILLED_BYTES if sized else capacity
        filled = self.tool(server, common + ["--fill", str(wanted)])["sum"]
        per_unit = (server.used_memory() - empty) / filled
        server.client("FLUSHALL")
        # Half an entry more, so that the last one fits.
        limit = round(empty + (capacity + (0 if sized else 0.5)) * per_unit)
        for option, value in settings.items():
            server.client("CONFIG", "SET", option, value)
        server.client("CONFIG", "SET", "maxmemory", limit)
        result = self.tool(server, common)
        if server.used_memory() > limit * 1.02 + value_size:
            raise Failure(f"{server.name} uses {server.used_memory()} bytes of {limit}")
        if int(server.client.info("stats")["evicted_keys"]) == 0:
            raise Failure(f"{server.name} has evicted nothing")
        return {"hit_percent": 100 * result["hits"] / result["requests"], "seconds": result["seconds"],
                "refused": result["refused"], "keys": server.client("DBSIZE")}

    def tool(self, server, words):
        done = subprocess.run(
            [os.path.join(self.setup.tools.folder, "bench_replay"), "--port", str(server.port)] + words,
            capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, self.setup.load_cpus))
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        return json.loads(done.stdout)


def has_sizes(trace):
    with open(trace, "rb") as file:
        return struct.unpack("<4sI", file.read(8))[1] & 1 == 1


def replay_tables(rows):
    """Hit ratios in percent; in brackets the difference from the reference, * where it is too large."""
    lines = []
    seen = {name for row in rows for name in row["ratios"]}
    peers = sorted(seen - set(LARDER_POLICIES))
    ours = [name for name in LARDER_POLICIES if name in seen]
    for row in rows:
        ratios = {name: result["hit_percent"] for name, result in row["ratios"].items()}
        exact_lru, _, _, hybrid = row["reference"]
        sized_hybrid = SIZED_HYBRID.get(row["capacity"], hybrid)
        goals = {"lru": exact_lru, "volatile-lru": exact_lru, "hybrid, no sizes": hybrid, "hybrid": sized_hybrid,
                 "volatile-hybrid": sized_hybrid}
        line = [f"{row['trace']} {row['capacity']}"]
        for name in ours:
            if name not in ratios:
                line.append("")
                continue
            text = f"{ratios[name]:.2f}"
            if name in goals:
                difference = ratios[name] - goals[name]
                missed = difference < -TOLERANCE or (name.endswith("lru") and difference > TOLERANCE)
                text += f" ({difference:+.2f}){'*' if missed else ''}"
            line.append(text)
        line += [f"{ratios[name]:.2f}" if name in ratios else "" for name in peers]
        best = max((ratios[name] for name in peers if name in ratios), default=None)
        line.append("" if best is None or "hybrid" not in ratios else f"{ratios['hybrid'] - best:+.2f}")
        lines.append(line)
    header = ["trace, capacity"] + ours + peers + ["hybrid - best of peer"]
    return [("Hits in percent (difference from the reference)", header, lines)]


class Full:
    """What it costs to write into a cache that is full: latency and memory, beside the same load without a
    limit; and how long others wait while a large value pushes many small ones out."""

    def __init__(self, setup):
        self.setup, self.tools, self.options = setup, setup.tools, setup.options

    def run(self):
        return [{start.name: self.measure(start) for start in self.setup.starters()}
                for _ in range(self.options.pause_rounds)]

    def measure(self, start):
        result = {}
        policy = "allkeys-hybrid" if start.name == "larder" else "allkeys-lru"
        try:
            with start() as server:
                result["unlimited"] = self.write(server)
            with start() as server:
                self.set_limit(server, policy)
                self.write(server, requests=int(self.options.full_mb * 1000))
                with self.watch_memory(server) as memory:
                    result["limited"] = self.write(server)
                result["limited"]["memory"] = memory
            with start() as server:
                self.set_limit(server, policy)
                self.write(server, requests=int(self.options.full_mb * 1000))
                result["large"] = self.write_large(server)
        except Failure as failure:
            self.setup.fail(result, f"full cache of {start.name}", failure)
        return result

    def set_limit(self, server, policy):
        server.client("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", f"{self.options.full_mb}mb")

    def write(self, server, requests=None):
        self.setup.say(f"writing to {server.name} ...")
        keys = self.options.full_writes
        return self.tools.load(server, ["SET {key} {value}"], keys=keys, value_size=1000, order="shuffled",
                               connections=50, pipeline=1, requests=requests or keys)

    @contextlib.contextmanager
    def watch_memory(self, server):
        """The most and the least of used_memory during the block, in parts of maxmemory."""
        memory, over = {"samples": 0, "most": 0, "least": 9}, threading.Event()
        client = Client(server.port)
        limit = self.options.full_mb * (1 << 20)

        def watch():
            while not over.wait(0.005):
                share = int(client.info("memory")["used_memory"]) / limit
                memory["most"], memory["least"] = max(memory["most"], share), min(memory["least"], share)
                memory["samples"] += 1
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield memory
        finally:
            over.set()
            thread.join()
            client.close()

    def write_large(self, server):
        before = int(server.client.info("stats")["evicted_keys"])
        value = bytes(self.options.large_mb << 20)
        with self.tools.pinger(server) as gaps:
            time.sleep(0.2)
            server.client("SET", "large", value)
            # Until memory is back below the limit.
            for _ in range(2000):
                if int(server.client.info("memory")["used_memory"]) <= self.options.full_mb << 20:
                    break
                time.sleep(0.005)
            time.sleep(0.2)
        gaps["victims"] = int(server.client.info("stats")["evicted_keys"]) - before
        gaps["kept"] = server.client("STRLEN", "large") == len(value)
        return gaps


def full_tables(rounds):
    lines, large = [], []
    for name in rounds[0]:
        good = [results[name] for results in rounds if "large" in results[name]]
        if not good:
            continue
        for kind in ("unlimited", "limited"):
            latencies = [result[kind]["latency_us"] for result in good]
            line = [f"{name}, {kind}"]
            line += [f"{median(latency[p] for latency in latencies):.0f}" for p in ("p50", "p99", "p99.9", "max")]
            line.append(f"{median(result[kind]['cpu_ns_per_request'] for result in good):.0f}")
            memory = [result[kind].get("memory") for result in good]
            line.append("" if None in memory else
                        f"{100 * min(m['least'] for m in memory):.2f} to {100 * max(m['most'] for m in memory):.2f}")
            lines.append(line)
        gaps = [result["large"] for result in good]
        large.append([name, f"{median(gap['victims'] for gap in gaps):.0f}"] +
                     [f"{median(gap[key] for gap in gaps) / 1000:.2f}" for key in ("longest", "late", "busiest", "busiest_main")])
    header = ["server", "p50 us", "p99 us", "p99.9 us", "max us", "CPU ns/request", "memory, % of limit"]
    large_header = ["server", "victims", "longest ms", "late ms", "CPU ms", "its main thread's"]
    return [("1 KB values from 50 connections, with and without a full cache", header, lines),
            ("One large value into a full cache: the longest time between two PONGs", large_header, large)]
