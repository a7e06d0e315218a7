"""Section 2: bytes per key, by the sizes of key and value and by the number of keys."""

from statistics import mean

from tools import Failure

# Name, command, size of the value, target; keys have 16 bytes.
KINDS = [
    ("16 + 8", "SET {key} {value}", 8, 48),
    ("16 + 64", "SET {key} {value}", 64, 112),
    ("16 + 64 with TTL", "SET {key} {value} EX {ttl}", 64, 122),
    ("16 + 200 with TTL", "SET {key} {value} EX {ttl}", 200, 280),
]


class Memory:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = []
        for name, command, value_size, target in KINDS:
            row = {"kind": name, "target": target, "servers": {}}
            rows.append(row)
            try:
                for start in self.setup.starters():
                    points = []
                    for keys in self.setup.options.memory_keys:
                        self.setup.say(f"{name}, {keys:,} keys, {start.name} ...")
                        points.append(self.measure(start, keys, command, value_size))
                    row["servers"][start.name] = points
            except Failure as failure:
                self.setup.fail(row, name, failure)
        return rows

    def measure(self, start, keys, command, value_size):
        """A fresh server for each number of keys, so that nothing of before is left in its memory."""
        with start() as server:
            used_before, rss_before = server.settled_memory()
            self.setup.tools.fill(server, keys, command, value_size)
            used, rss = server.settled_memory()
        point = {"keys": keys, "rss": (rss - rss_before) / keys, "used_memory": None}
        if used is not None:
            point["used_memory"] = (used - used_before) / keys
        return point


def tables(rows):
    good = [row for row in rows if "failed" not in row]
    return [table(good, "used_memory"), table(good, "rss")] if good else []


def table(rows, what):
    names = list(rows[0]["servers"])
    sizes = [point["keys"] for point in rows[0]["servers"][names[0]]]
    header = ["key + value"]
    for name in names:
        header += [f"{name}, {keys / 1e6:g}M" for keys in sizes] + [f"{name}, mean"]
    lines = []
    for row in rows:
        line = [row["kind"]]
        for name in names:
            values = [point[what] for point in row["servers"][name]]
            if None in values:
                line += ["?"] * (len(values) + 1)
            else:
                line += [f"{value:.1f}" for value in values] + [f"{mean(values):.1f}"]
        lines.append(line + [str(row["target"])])
    title = "used_memory of INFO" if what == "used_memory" else "RSS"
    return f"Bytes per key, {title}", header + ["target"], lines
