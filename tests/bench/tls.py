"""Section 12: CPU per request, rate and latency of clients that speak TLS."""

import contextlib
import os
import subprocess
import tempfile

from throughput import Throughput
from workloads import TLS_WORKLOADS

# Of the TLS port from the other one, so that the ports of all servers differ.
PORT_DISTANCE = 100


class Tls(Throughput):
    workloads = TLS_WORKLOADS

    @contextlib.contextmanager
    def start_servers(self):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="larder-bench-"))
            certificate, key = make_certificate(folder)
            servers = []
            for offset, start in enumerate(self.setup.starters()):
                port = self.options.port + PORT_DISTANCE + offset
                server = stack.enter_context(start(
                    command=f"{start.command} --tls-port {port} --tls-cert-file {certificate} "
                            f"--tls-key-file {key} --tls-auth-clients no"))
                server.tls_port = port
                servers.append(server)
            yield servers

    def connect_options(self, server):
        return {"tls_port": server.tls_port}

    def load_by_redis_benchmark(self, server, workload):
        raise NotImplementedError("--tool redis-benchmark has no TLS here")


def make_certificate(folder):
    certificate, key = os.path.join(folder, "server.crt"), os.path.join(folder, "server.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key
