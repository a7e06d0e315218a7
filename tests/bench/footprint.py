"""Section 4: what a server costs that has nothing to do."""

import time
from statistics import median

from servers import Client
from tools import Failure

STARTS = 11
IDLE_CLIENTS = 100


class Footprint:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        return {start.name: self.measure(start) for start in self.setup.starters()}

    def measure(self, start):
        self.setup.say(f"start and rest, {start.name} ...")
        result = {"start_ms": []}
        for _ in range(STARTS):
            with start() as server:
                result["start_ms"].append(server.start_ms)
        with start() as server:
            result["empty_rss"] = server.settled_memory()[1]
            try:
                result["idle_cpu"] = self.idle_cpu(server)
            except Failure as failure:
                self.setup.fail(result, f"idle CPU of {start.name}", failure)
        return result

    def idle_cpu(self, server):
        """The share of a processor, with keys that have a TTL and clients that are silent."""
        options = self.setup.options
        self.setup.tools.fill(server, options.idle_keys, "SET {key} {value} EX {ttl}")
        clients = [Client(server.port) for _ in range(IDLE_CLIENTS)]
        server.settled_memory()
        before, began = server.cpu_ns(), time.monotonic()
        time.sleep(options.idle_seconds)
        share = (server.cpu_ns() - before) / 1e9 / (time.monotonic() - began)
        for client in clients:
            client.close()
        return share


def tables(results):
    lines = []
    for name, result in results.items():
        idle = result.get("idle_cpu")
        lines.append([name, f"{median(result['start_ms']):.1f}", f"{result['empty_rss'] / 1e6:.1f}",
                      "?" if idle is None else f"{idle * 100:.2f}"])
    lines.append(["target", "50", "12", "1"])
    return [("Start and rest", ["server", "start to first PONG (ms)", "RSS when empty (MB)",
                                "idle CPU (% of a core)"], lines)]
