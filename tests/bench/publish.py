"""Section 7: the CPU of a message on its way to many subscribers."""

import socket
from statistics import median

from tools import Failure

CHANNELS = 100
TARGET = 0.6
MESSAGE = b"x" * 64

# Name, and how many PUBLISH are sent before the first reply is read.
KINDS = [("one at a time", 1), ("pipeline of 16", 16)]


class Publish:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = [{"kind": name, "pipeline": pipeline, "servers": {}} for name, pipeline in KINDS]
        try:
            with self.setup.start_all() as servers:
                rooms = [Room(server, self.setup.options.subscribers) for server in servers]
                for row in rows:
                    self.setup.say(f"publish, {row['kind']} ...")
                    for _ in range(self.setup.options.rounds):
                        for room in rooms:
                            costs = row["servers"].setdefault(room.server.name, [])
                            costs.append(room.measure(row["pipeline"]))
                for room in rooms:
                    room.close()
        except (Failure, OSError) as failure:  # twice the subscribers are more than some limits of files
            self.setup.fail(rows[0], "publish", failure)
        return rows


class Room:
    """A server whose channels have the same number of subscribers each."""

    # Of each channel between two looks at the subscribers: what fits into the kernel's buffers, so that
    # nobody has to read meanwhile and be in the server's way.
    MESSAGES = 32

    def __init__(self, server, subscribers):
        self.server = server
        server.client("CONFIG", "SET", "maxclients", subscribers + 100)
        # Plain sockets: the buffers of ten thousand clients would be large.
        self.subscribers = []
        for number in range(subscribers):
            subscriber = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            subscriber.sendall(b"SUBSCRIBE %s\r\n" % channel_name(number % CHANNELS))
            self.subscribers.append(subscriber)
        for number, subscriber in enumerate(self.subscribers):
            channel = channel_name(number % CHANNELS)
            self.expect(subscriber, b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" %
                        (len(channel), channel))
        self.per_channel = subscribers // CHANNELS
        self.publish(1)
        self.drain(1)

    def publish(self, pipeline):
        client = self.server.client
        requests = [b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" %
                    (len(channel_name(i)), channel_name(i), len(MESSAGE), MESSAGE)
                    for i in range(CHANNELS)]
        # Messages to one channel do not follow each other, as they would be sent together then.
        reply = b":%d\r\n" % self.per_channel
        for first in range(0, CHANNELS, pipeline):
            part = requests[first:first + pipeline]
            client.socket.sendall(b"".join(part))
            if client.reader.read(len(reply) * len(part)) != reply * len(part):
                raise Failure(f"{self.server.name}: a message did not reach everybody")

    def expect(self, subscriber, expected):
        # The publisher's reply may be here before the last of the messages.
        received = b""
        while len(received) < len(expected):
            more = subscriber.recv(len(expected) - len(received))
            if not more:
                break
            received += more
        if received != expected:
            raise Failure(f"{self.server.name}: a message is wrong")

    def drain(self, messages):
        for number, subscriber in enumerate(self.subscribers):
            channel = channel_name(number % CHANNELS)
            frame = b"*3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (
                len(channel), channel, len(MESSAGE), MESSAGE)
            self.expect(subscriber, frame * messages)

    def measure(self, pipeline):
        before = self.server.cpu_ns()
        for _ in range(self.MESSAGES):
            self.publish(pipeline)
        cpu = self.server.cpu_ns() - before
        self.drain(self.MESSAGES)
        return cpu / (self.MESSAGES * len(self.subscribers))

    def close(self):
        for subscriber in self.subscribers:
            subscriber.close()


def channel_name(number):
    return b"channel:%04d" % number


def tables(rows):
    rows = [row for row in rows if "failed" not in row and all(row["servers"].values())]
    if not rows:
        return []
    names = list(rows[0]["servers"])
    lines = []
    for row in rows:
        costs = [row["servers"][name] for name in names]
        line = [row["kind"]] + [f"{median(cost):.0f}" for cost in costs]
        if len(costs) == 2:
            ratios = [a / b for a, b in zip(*costs)]
            line += [f"{median(ratios):.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}"]
        else:
            line += ["?", "?"]
        lines.append(line)
    header = ["64-byte messages"] + [f"{name}, ns" for name in names] + ["ratio", "range"]
    return [(f"CPU per delivered message, {CHANNELS} channels (target {TARGET})", header, lines)]
