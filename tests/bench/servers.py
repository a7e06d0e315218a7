"""Starts servers, and reads what the kernel and INFO know of them."""

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS = 30


class Refused(Exception):
    """An error reply."""


class Client:
    """A connection that speaks as much RESP2 as the benchmark needs."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 18)

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        request = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.socket.sendall(b"*%d\r\n%s" % (len(words), request))
        return self.read()

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(text.decode(errors="replace"))
        if kind == b":":
            return int(text)
        if kind == b"$":
            length = int(text)
            return self.reader.read(length + 2)[:-2] if length >= 0 else None
        if kind == b"*":
            return [self.read() for _ in range(int(text))]
        return text.decode()

    def info(self, section):
        lines = self("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def close(self):
        self.reader.close()
        self.socket.close()


class Server:
    """A running server. Its command gets "--port N" at its end, or N where it says {port}."""

    def __init__(self, name, command, port, cpus):
        self.name, self.port, self.cpus = name, port, cpus
        words = shlex.split(command.replace("{port}", str(port)))
        if "{port}" not in command:
            words += ["--port", str(port)]
        if os.sep in words[0]:
            words[0] = os.path.abspath(words[0])
        self._check_port_is_free()
        self.folder = tempfile.mkdtemp(prefix="larder-bench-")
        self.log = os.path.join(self.folder, "log")
        began = time.perf_counter()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        self.client = self._connect(began + START_SECONDS)
        self.start_ms = (time.perf_counter() - began) * 1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _check_port_is_free(self):
        """Otherwise another server would be measured under this one's name."""
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                raise SystemExit(f"port {self.port} is taken; choose another with --port")

    def _connect(self, deadline):
        while True:
            try:
                client = Client(self.port)
                client("PING")
                return client
            except OSError as failure:
                died = self.process.poll() is not None
                if died or time.perf_counter() > deadline:
                    with open(self.log, errors="replace") as log:
                        text = log.read()
                    self.stop()
                    raise SystemExit(f"{self.name} does not start: {failure}\n{text}")
                time.sleep(0.0002)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_ns(self):
        """What all its threads have used since they began."""
        total = 0
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
            except FileNotFoundError:
                pass  # a thread that has just ended
        return total

    def rss(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def used_memory(self):
        """What INFO says, or None when the server does not know."""
        try:
            return int(self.client.info("memory")["used_memory"])
        except (Refused, KeyError):
            return None

    def settled_memory(self, seconds=15):
        """(used_memory, RSS) once both have stopped moving: tables may still be growing, and what
        was freed may still be on its way back."""
        deadline = time.monotonic() + seconds
        before = None
        while True:
            now = (self.used_memory(), self.rss())
            if before and all(abs(a - b) < 65536 for a, b in zip(now, before) if a is not None):
                return now
            if time.monotonic() > deadline:
                return now
            before = now
            time.sleep(0.5)

    def version(self):
        try:
            info = self.client.info("server")
        except Refused:
            return self.name
        return f"{self.name} ({info.get('server_name', 'redis')} {info.get('redis_version', '?')})"

    def free_other_threads(self, cpus):
        """Lets all threads but the main one run on any of these processors, as they would on a
        machine of its own; otherwise one that frees memory would stand in the way of the main one."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            if int(task) != self.process.pid:
                os.sched_setaffinity(int(task), cpus)
