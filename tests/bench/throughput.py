"""Section 1: server CPU per request, rate and latency, workload by workload."""

from statistics import median

from tools import Failure
from workloads import WORKLOADS


class Throughput:
    def __init__(self, setup):
        self.setup, self.tools, self.options = setup, setup.tools, setup.options
        self.loaded = {}  # server -> dataset

    def run(self):
        rows = []
        with self.start_all() as servers:
            for workload in self.choose():
                self.setup.say(f"{workload.name} ...")
                row = {"workload": workload.name, "target": workload.target,
                       "rounds": {server.name: [] for server in servers}}
                rows.append(row)
                try:
                    self.measure(workload, servers, row["rounds"])
                    row["ratios"] = ratios(*row["rounds"].values())
                except Failure as failure:
                    self.setup.fail(row, workload.name, failure)
        return rows

    def start_all(self):
        return self.setup.start_all()

    def choose(self):
        for workload in WORKLOADS:
            if self.options.workloads:
                is_chosen = any(part.lower() in workload.name.lower()
                                for part in self.options.workloads)
            else:
                is_chosen = workload.quick or not self.options.quick
            if is_chosen:
                yield workload

    def measure(self, workload, servers, rounds):
        for server in servers:  # one after the other, before anything is measured
            self.provide(server, workload.dataset)
        for number in range(self.options.rounds):
            for server in servers:
                self.provide(server, workload.dataset)
                rounds[server.name].append(self.load(server, workload, seed=number + 1))
                if workload.uses_up:
                    self.loaded.pop(server, None)
        if workload.alters:
            self.loaded.clear()

    def provide(self, server, dataset):
        if self.loaded.get(server) == dataset:
            return
        self.loaded.pop(server, None)
        server.client("FLUSHALL")
        if dataset.begin:
            server.client(*dataset.begin.split())
        if dataset.fill_randomly:
            self.tools.load(server, [dataset.fill_randomly], keys=dataset.keys, order="uniform",
                            requests=dataset.keys, pipeline=32, value_size=dataset.value_size)
        self.tools.fill(server, dataset.keys, dataset.fill, dataset.value_size, dataset.held)
        self.loaded[server] = dataset

    def load(self, server, workload, seed):
        if self.options.tool == "redis-benchmark":
            return self.load_by_redis_benchmark(server, workload)
        seconds = self.options.seconds
        how_long = {"requests": workload.keys // workload.uses} if workload.uses_up else {
            "seconds": seconds, "warm_up": seconds / 5}
        result = self.tools.load(
            server, workload.commands, connections=workload.connections, pipeline=workload.pipeline,
            keys=workload.keys, value_size=workload.dataset.value_size, order=workload.order,
            seed=seed, **how_long)
        missed = result["nulls"] + result["zeros"]
        if workload.finds_all and missed:
            raise Failure(f"{server.name}: {missed} keys were not there")
        return result

    def load_by_redis_benchmark(self, server, workload):
        if len(workload.commands) > 1 or workload.order != "uniform":
            raise Failure("redis-benchmark cannot do this one")
        guess_per_second = 500_000 if workload.pipeline > 1 else 60_000
        return self.tools.redis_benchmark(
            server, workload.commands[0], workload.keys, workload.dataset.value_size,
            workload.connections, workload.pipeline,
            requests=int(guess_per_second * self.options.seconds))


def ratios(ours, theirs=None):
    """CPU per request of each round, ours by theirs, which ran directly after it."""
    if theirs is None:
        return None
    pairs = sorted(a["cpu_ns_per_request"] / b["cpu_ns_per_request"] for a, b in zip(ours, theirs))
    return {"min": pairs[0], "median": median(pairs), "max": pairs[-1]}


def tables(rows):
    good = [row for row in rows if "failed" not in row]
    if not good:
        return []
    names = list(good[0]["rounds"])
    return [cpu_table(good, names), latency_table(good, names)]


def middle(row, name, read):
    values = [read(result) for result in row["rounds"][name]]
    return None if None in values else median(values)


def cpu_table(rows, names):
    header = ["workload"]
    header += [f"CPU per request, {name} (us)" for name in names]
    header += ["ratio", "min - max", "target"] if len(names) > 1 else []
    header += [f"requests/s, {name}" for name in names]
    lines = []
    for row in rows:
        line = [row["workload"]]
        line += [f"{middle(row, name, lambda r: r['cpu_ns_per_request']) / 1000:.3f}"
                 for name in names]
        if len(names) > 1:
            ratio = row["ratios"]
            line += [f"{ratio['median']:.2f}", f"{ratio['min']:.2f} - {ratio['max']:.2f}",
                     f"{row['target']:.2f}" if row["target"] else ""]
        line += [f"{middle(row, name, lambda r: r['requests_per_second']):,.0f}" for name in names]
        lines.append(line)
    return "CPU per request", header, lines


def latency_table(rows, names):
    header = ["workload"] + [f"{share}, {name} (us)" for share in ("p50", "p99", "p99.9")
                             for name in names]
    lines = []
    for row in rows:
        line = [row["workload"]]
        for share in ("p50", "p99", "p99.9"):
            for name in names:
                value = middle(row, name, lambda r: r["latency_us"][share])
                line.append("" if value is None else f"{value:,.0f}")
        lines.append(line)
    return "Latency", header, lines
