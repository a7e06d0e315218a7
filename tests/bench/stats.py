"""Section `stats`: what the statistics cost, and how near the predictions of CACHE.MRC come to the runs that
they are about."""

import os
import subprocess
import tempfile
from statistics import median

import eviction
from scrape import Scrapers, free_port
from servers import Server
from tools import Failure

# The server beside is linked without the modules that collect figures.
WITHOUT = "larder-server-without-statistics"
# In the other all of them work: metrics are read once in READ_EVERY_SECONDS, and a budget is kept.
BUDGET = ["BUDGET", "SET", "p99", "METRIC", "latency_service_usec.p99", "WARN", 1_000_000, "ERROR", 2_000_000]
READ_EVERY_SECONDS = 5
COST_KEYS = 10_000
PAIRS_PER_START = 6
PAIR_SECONDS = 0.15  # of each measurement
LEARNING_SECONDS = 3
# Commands, and what statistics may cost. Where commands alternate, each request is timed by itself.
WORKLOADS = {"GET, pipeline 32": (["GET {key}"], 1.03), "SET, pipeline 32": (["SET {key} {value}"], 1.03),
             "GET and SET in turns, pipeline 32": (["GET {key}", "SET {key} {value}"], None)}
# Rows of CACHE.MRC that are compared with runs, and by how many points they may be wrong.
SIZES = [0.2, 0.5, 0.8, 1.0, 1.5, 2.0]
POINTS = 3
# Of traces without sizes. A cache of fewer bytes has a coarse sample: a 128th of it, at 128 bytes a key.
CACHE_BYTES = 32 << 20


class Stats:
    def __init__(self, setup):
        self.setup, self.tools, self.options = setup, setup.tools, setup.options

    def run(self):
        result = {"cost": [], "predictions": []}
        wanted = self.options.workloads or [""]
        for name, (commands, target) in WORKLOADS.items():
            if not any(part in name for part in wanted):
                continue
            row = {"workload": name, "target": target}
            result["cost"].append(row)
            try:
                self.setup.say(f"statistics on and off: {name} ...")
                row["starts"] = [self.compare(commands) for _ in range(self.options.rounds)]
                row["ratio"] = median(start["ratio"] for start in row["starts"])
                if target and row["ratio"] > target:
                    self.setup.fail({}, name, Failure(f"{row['ratio']:.3f}, and at most {target} is wanted"))
            except Failure as failure:
                self.setup.fail(row, name, failure)
        with tempfile.TemporaryDirectory(prefix="larder-traces-") as folder:
            for name in self.options.traces:
                packed = os.path.join(self.options.trace_folder, name + ".ltr.zst")
                trace = os.path.join(folder, name + ".ltr")
                subprocess.run(["zstd", "-dqf", packed, "-o", trace], check=True)
                # A twentieth and a tenth of what there is.
                for capacity, *_ in eviction.REFERENCE[name][1:3]:
                    row = {"trace": name, "capacity": capacity}
                    result["predictions"].append(row)
                    try:
                        row["sizes"] = self.predict(name, trace, capacity)
                    except Failure as failure:
                        self.setup.fail(row, f"{name} {capacity}", failure)
        return result

    def start(self, name, more, offset=0, program=None):
        return Server(name, f"{program or self.options.larder} --bind 127.0.0.1 {more}",
                      self.options.port + offset, self.setup.server_cpus)

    def compare(self, commands):
        """CPU per request of two servers, with statistics and without, in turns. Two processes of the same program
        differ by a percent and more, wherever their memory happens to be, so that a figure needs many pairs of
        servers and little of each. What the first million requests may cost to learn from is not what all others
        do, and comes before."""
        without = os.path.join(self.tools.folder, WITHOUT)
        port = free_port()
        with (self.start("with", f"--metrics-port {port}") as on, self.start("without", "", 1, without) as off,
              Scrapers(port, ["/metrics"], count=1, pause=READ_EVERY_SECONDS)):
            on.client(*BUDGET)
            load = {"commands": commands, "connections": 4, "pipeline": 32, "keys": COST_KEYS, "value_size": 64,
                    "order": "uniform"}
            for server in (on, off):
                self.tools.fill(server, COST_KEYS, "SET {key} {value}", 64)
                self.tools.load(server, seed=0, seconds=LEARNING_SECONDS, warm_up=0, **load)
            pairs = [[self.tools.load(server, seed=number + 1, seconds=PAIR_SECONDS,
                                      warm_up=PAIR_SECONDS / 5, **load)["cpu_ns_per_request"]
                      for server in (on, off)] for number in range(PAIRS_PER_START)]
        return {"with": median(on for on, _ in pairs), "without": median(off for _, off in pairs),
                "ratio": median(on / off for on, off in pairs)}

    def predict(self, name, trace, capacity):
        """Asks after a run what other sizes would do, and lets them do it."""
        self.setup.say(f"predictions, {name}, {capacity} ...")
        replay = eviction.Replay(self.setup, CACHE_BYTES)
        sized = eviction.has_sizes(trace)
        with self.start("larder", "") as server:
            replay.measure(server, trace, capacity, sized, {"maxmemory-policy": "allkeys-lru"})
            rows = server.client("CACHE.MRC")
        common = ["--trace", trace, "--value-size", str(replay.value_size(capacity, sized)), "--pipeline",
                  str(self.options.replay_pipeline)]
        sizes = []
        for size in SIZES:
            limit, predicted = rows[round(size * 10) - 1]
            with self.start("larder", f"--maxmemory-policy allkeys-lru --maxmemory {limit}") as server:
                done = replay.tool(server, common)
            sizes.append({"size": size, "predicted": 100 * float(predicted),
                          "real": 100 * done["hits"] / done["requests"]})
        wrong = [entry for entry in sizes if abs(entry["predicted"] - entry["real"]) > POINTS]
        if wrong:
            self.setup.fail({}, f"CACHE.MRC, {name}, {capacity}", Failure(f"more than {POINTS} points: {wrong}"))
        return sizes


def tables(result):
    cost = []
    for row in result["cost"]:
        if "starts" not in row:
            continue
        ratios = sorted(start["ratio"] for start in row["starts"])
        quarter = len(ratios) // 4
        cost.append([row["workload"], f"{median(start['with'] for start in row['starts']):.0f}",
                     f"{median(start['without'] for start in row['starts']):.0f}", f"{row['ratio']:.3f}",
                     f"{ratios[quarter]:.3f} - {ratios[-1 - quarter]:.3f}", str(row["target"] or "")])
    lines = []
    for row in result["predictions"]:
        if "sizes" not in row:
            continue
        lines.append([f"{row['trace']} {row['capacity']}"] +
                     [f"{entry['predicted']:.1f} / {entry['real']:.1f}" for entry in row["sizes"]] +
                     [f"{max(abs(entry['predicted'] - entry['real']) for entry in row['sizes']):.1f}"])
    columns = ["workload", "with, ns", "without, ns", "ratio", "half of the starts", "target"]
    return [("CPU per request with statistics", columns, cost),
            ("Hits in percent by CACHE.MRC / in a run of that size",
             ["trace, capacity"] + [f"{size:.0%}" for size in SIZES] + ["farthest, points"], lines)]
