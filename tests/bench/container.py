"""Section 7: a small container, and more than fits into it: the server must live.

2 GB of mixed sizes are written into a group of 512 MB, while 1,000 clients ask for more than they read
and publishers flood subscribers that read nothing. The server takes its limit from the group (maxmemory
auto), evicts, and is short of memory all the time.

The group is a control group of its own where the machine allows that (v2 or v1), and the kernel then
measures the peak. Elsewhere the limit is given as maxmemory, the peak is the largest RSS (VmHWM), and
nothing but our own arithmetic would end the server; the table says which it was."""

import contextlib
import os
import random
import socket
import threading
import time

from servers import Client
from tools import Failure

LIMIT = 512 << 20
SIZES = (16, 64, 64, 200, 200, 1000, 1000, 4000, 16_000, 100_000)
BATCH = 256
SLOW_READERS = 1000
SUBSCRIBERS = 50
REPLIES_ASKED = 64


class Group:
    """A control group of its own; None of make() where there can be none."""

    def __init__(self, folder, files):
        self.folder, (self.limit, self.peak, self.oom) = folder, files

    @staticmethod
    def make():
        name = f"larder-bench-{os.getpid()}"
        for parent, files in [("/sys/fs/cgroup/memory",
                               ("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control")),
                              ("/sys/fs/cgroup", ("memory.max", "memory.peak", "memory.events"))]:
            if not os.path.exists(os.path.join(parent, "cgroup.procs")):
                continue
            folder = os.path.join(parent, name)
            try:
                os.mkdir(folder)
                with open(os.path.join(folder, files[0]), "w") as file:
                    file.write(str(LIMIT))
                return Group(folder, files)
            except OSError:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        return None

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def peak_bytes(self):
        return int(self.read(self.peak))

    def kills(self):
        lines = dict(line.split() for line in self.read(self.oom).splitlines())
        return int(lines.get("oom_kill", 0))

    def remove(self):
        for _ in range(100):
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)
                return
            time.sleep(0.05)


class Container:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        row = {"server": "larder"}
        group = Group.make()
        self.setup.say("container, larder ...")
        try:
            row.update(self.measure(group))
        except (Failure, OSError) as failure:
            self.setup.fail(row, "container", failure)
        finally:
            if group:
                group.remove()
        return row

    def measure(self, group):
        start = next(iter(self.setup.starters()))
        inner = os.path.join(group.folder, "cgroup.procs") if group else None
        options = "--maxmemory auto" if group else f"--maxmemory {LIMIT // 10 * 8}"
        with start_in(start, inner, options + " --maxmemory-policy allkeys-lru") as server:
            client = server.client
            watch = subscribe(server.port, "__pressure__")
            stop = threading.Event()
            threads = [threading.Thread(target=work, args=(server.port, stop), daemon=True)
                       for work in (slow_readers, flood)]
            for thread in threads:
                thread.start()
            written = write_much(client, self.setup.options.container_bytes)
            stop.set()
            for thread in threads:
                thread.join(60)
            client("MEMORY", "PRESSURE", "RUN", "moderate")
            result = {"group": group is not None, "written": written, "keys": client("DBSIZE"),
                      "alive": server.process.poll() is None,
                      "peak": group.peak_bytes() if group else peak_rss(server),
                      "kills": group.kills() if group else 0,
                      "evicted_clients": int(client.info("stats")["evicted_clients"]),
                      "evicted_keys": int(client.info("stats")["evicted_keys"]),
                      "levels": levels_of(watch)}
        if not result["alive"] or result["kills"]:
            raise Failure("the server was killed")
        if result["peak"] >= LIMIT and group:
            raise Failure(f"the peak is {result['peak']}")
        return result


@contextlib.contextmanager
def start_in(start, group_file, options):
    """Starts the server in the group: it has to be there before it looks for its limit."""
    command = f"{start.command} {options}"
    if group_file:
        # The shell starts in a folder of the server's own.
        path, _, words = command.partition(" ")
        command = f"sh -c 'echo $$ > {group_file}; exec {os.path.abspath(path)} {words} --port {{port}}'"
    with start(command=command) as server:
        yield server


def write_much(client, total):
    picks = random.Random(5)
    filler = os.urandom(max(SIZES))
    written = 0
    index = 0
    while written < total:
        batch = []
        for _ in range(BATCH):
            size = picks.choice(SIZES)
            key = b"key:%d" % index
            batch.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" %
                         (len(key), key, size, filler[:size]))
            written += size
            index += 1
        client.socket.sendall(b"".join(batch))
        for _ in batch:
            client.read()
    return written


def slow_readers(port, stop):
    """A thousand connections that ask for much and read nothing; who is closed comes again."""
    # One that replies share, and one that each of them copies.
    client = Client(port)
    client("SET", "large", b"x" * 200_000)
    client("SET", "small", b"x" * 16_000)
    request = b"".join(b"*2\r\n$3\r\nGET\r\n$5\r\n%s\r\n" % key for key in (b"large", b"small"))
    request *= REPLIES_ASKED // 2
    sockets = []
    while not stop.is_set():
        while len(sockets) < SLOW_READERS and not stop.is_set():
            with contextlib.suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", port), timeout=5)
                connection.sendall(request)
                connection.setblocking(False)
                sockets.append(connection)
        for connection in list(sockets):
            if is_closed(connection):
                connection.close()
                sockets.remove(connection)
        stop.wait(0.5)
    for connection in sockets:
        connection.close()


def is_closed(connection):
    """Looks at one byte without taking any."""
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def flood(port, stop):
    """Subscribers that read nothing, and one who publishes as fast as it can."""
    listeners = []
    publisher = Client(port)
    while not stop.is_set():
        while len(listeners) < SUBSCRIBERS:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            connection.sendall(b"*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nflood\r\n")
            listeners.append(connection)
        for _ in range(100):
            publisher("PUBLISH", "flood", b"y" * 1500)
        for connection in list(listeners):
            if is_closed_behind(connection):
                connection.close()
                listeners.remove(connection)
    for connection in listeners:
        connection.close()


def is_closed_behind(connection):
    """A subscriber has bytes to read; that it was closed shows when it writes."""
    try:
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        return False
    except OSError:
        return True


def subscribe(port, channel):
    client = Client(port)
    client("SUBSCRIBE", channel)
    return client


def levels_of(watch):
    """The levels that were published, in their order."""
    watch.socket.settimeout(2)
    levels = []
    with contextlib.suppress(OSError, ConnectionError):
        while True:
            message = watch.read()
            levels.append(message[2].decode().split()[0].split("=")[1])
    return levels


def peak_rss(server):
    with open(f"/proc/{server.process.pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise Failure("no VmHWM")


def tables(row):
    if "failed" in row:
        return []
    header = ["measured by", "written", "peak", "limit", "keys left", "evicted keys", "evicted clients",
              "changes of level"]
    line = ["own control group" if row["group"] else "VmHWM, no group", f"{row['written'] / 1e9:.1f} GB",
            f"{row['peak'] / 1e6:.0f} MB", f"{LIMIT / 1e6:.0f} MB", f"{row['keys']:,}",
            f"{row['evicted_keys']:,}", f"{row['evicted_clients']:,}", str(len(row["levels"]))]
    return [("A container of 512 MB", header, [line])]
