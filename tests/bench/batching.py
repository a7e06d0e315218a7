"""Section 8: what the module `batching` makes of the same server: with it, and switched off."""

import contextlib

import throughput
from servers import Server
from tools import Failure
from workloads import Dataset, Workload


class Batching(throughput.Throughput):
    @contextlib.contextmanager
    def start_all(self):
        command = f"{self.options.larder} --bind 127.0.0.1"
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(Server(name, f"{command} --batching {value}", port,
                                              self.setup.server_cpus))
                   for name, value, port in (("with", "yes", self.options.port),
                                             ("without", "no", self.options.port + 1))]

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
        looked_ahead = [int(server.client.info("batching")["batch_prefetched_keys"]) > 0
                        for server in servers]
        if looked_ahead != [True, False]:
            raise Failure("it is not the module that makes the difference")


def tables(rows):
    return [(f"Batching: {title}", header, lines) for title, header, lines in throughput.tables(rows)]
