"""Runs the load programs and hands back what they measured."""

import contextlib
import csv
import json
import os
import subprocess


class Failure(Exception):
    """A measurement that must not be believed."""


class Tools:
    def __init__(self, folder, cpus):
        self.folder, self.cpus = folder, cpus

    def _start(self, words):
        return subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))

    def load(self, server, commands, **options):
        """Runs bench_load; adds the server's CPU time to its result. An error reply is a failure."""
        words = [os.path.join(self.folder, "bench_load"), "--port", str(server.port), "--wait"]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        with self._start(words + list(commands)) as process:
            if process.stdout.readline() != "ready\n":
                raise Failure(process.stderr.read())
            before = server.cpu_ns()
            output, complaint = process.communicate("go\n")
            cpu_ns = server.cpu_ns() - before
        if process.returncode != 0:
            raise Failure(complaint)
        result = json.loads(output)
        result["cpu_ns_per_request"] = cpu_ns / result["requests"]
        result["requests_per_second"] = result["requests"] / result["seconds"]
        if result["errors"]:
            raise Failure(f"{server.name}: {result['errors']} errors: {result['first_error']}")
        return result

    def redis_benchmark(self, server, command, keys, value_size, connections, pipeline, requests):
        """The same by redis-benchmark, for a second opinion. Its CPU figure includes connecting, and
        it reports no p99.9."""
        command = command.replace("{key}", "key:__rand_int__").replace("{index}", "__rand_int__")
        command = command.replace("{value}", "x" * value_size).replace("{ttl}", "5000")
        words = ["redis-benchmark", "-p", str(server.port), "-c", str(connections),
                 "-P", str(pipeline), "-n", str(requests), "-r", str(keys), "--csv"]
        before = server.cpu_ns()
        with self._start(words + command.split(" ")) as process:
            output, complaint = process.communicate()
        cpu_ns = server.cpu_ns() - before
        lines = [line for line in output.splitlines() if line.startswith('"')]
        if process.returncode != 0 or len(lines) != 2:
            raise Failure(f"redis-benchmark: {output}{complaint}")
        row = next(csv.DictReader(lines))
        rate = float(row["rps"])
        latency = {"p50": float(row["p50_latency_ms"]) * 1000,
                   "p99": float(row["p99_latency_ms"]) * 1000,
                   "p99.9": None, "max": float(row["max_latency_ms"]) * 1000}
        return {"requests": requests, "seconds": requests / rate, "requests_per_second": rate,
                "cpu_ns_per_request": cpu_ns / requests, "latency_us": latency}

    def fill(self, server, keys, command, value_size=64, expected=None, **options):
        """Sends the command once for each index, and checks how many keys there are then: as many as
        indexes, or `expected`."""
        options = {"pipeline": 32, "connections": 8, "order": "shuffled", **options}
        result = self.load(server, [command], keys=keys, value_size=value_size, requests=keys,
                           **options)
        found = server.client("DBSIZE")
        if found != (keys if expected is None else expected):
            raise Failure(f"{server.name} has {found} keys of {keys if expected is None else expected}")
        return result

    @contextlib.contextmanager
    def pinger(self, server):
        """Pings the server during the block; afterwards the dictionary has the times between PONGs."""
        words = [os.path.join(self.folder, "bench_pinger"), str(server.port),
                 str(server.process.pid)]
        gaps = {}
        with self._start(words) as process:
            if process.stdout.readline() != "ready\n":
                raise Failure(process.stderr.read())
            try:
                yield gaps
            finally:
                output, complaint = process.communicate("stop\n")
            if process.returncode != 0:
                raise Failure(complaint)
            gaps.update(json.loads(output))
