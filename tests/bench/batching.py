"""Section 8: what the module `batching` makes of the same server: with it, and linked without it."""

import contextlib
import os

import throughput
from servers import Server
from tools import Failure
from workloads import Dataset, Workload


class Batching(throughput.Throughput):
    @contextlib.contextmanager
    def start_servers(self):
        without = os.path.join(self.tools.folder, "larder-server-without-batching")
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(Server(name, f"{program} --bind 127.0.0.1", port,
                                              self.setup.server_cpus))
                   for name, program, port in (("with", self.options.larder, self.options.port),
                                               ("without", without, self.options.port + 1))]

    def choose(self):
        for keys in self.options.batching_keys:
            data = Dataset(keys)
            size = f"{keys / 1e6:g}M keys"
            for name, command in (("GET", "GET {key}"), ("SET", "SET {key} {value}"),
                                  ("MGET of 4", "MGET" + 4 * " {key}")):
                yield Workload(f"{name}, {size}, pipeline 16", (command,), data, pipeline=16,
                               finds_all=name != "SET")
            for name, command in (("GET", "GET {key}"), ("SET", "SET {key} {value}")):
                yield Workload(f"{name}, {size}, 1,000 clients", (command,), data, connections=1000,
                               finds_all=name == "GET")

    def measure(self, workload, servers, rounds):
        super().measure(workload, servers, rounds)
        looked_ahead = [int(server.client.info("batching").get("batch_prefetched_keys", -1))
                        for server in servers]
        if looked_ahead[0] <= 0 or looked_ahead[1] != -1:
            raise Failure("it is not the module that makes the difference")


def tables(rows):
    return [(f"Batching: {title}", header, lines) for title, header, lines in throughput.tables(rows)]
