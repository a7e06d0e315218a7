"""Section 5: bytes per element of large collections, and bytes per key of small ones."""

from tools import Failure

MEMBERS = [f"member{number:06}" for number in range(10)]  # 12 bytes each
FIELDS_7 = [f"field{number:02}" for number in range(10)]
FIELDS_8 = [f"field{number:03}" for number in range(200)]
VALUE = "{value}"


def words(command, elements):
    return " ".join([command, *elements])


# Name, command sent once per element, size of {value}, target in bytes per element.
LARGE = [
    ("set, 12-byte members", "SADD big {index}", 0, 28),
    ("set, integers", "SADD big {number}", 0, 18),
    ("hash, 12-byte fields, 16-byte values", "HSET big {index} {value}", 16, 46),
    ("sorted set, 12-byte members", "ZADD big {score} {index}", 0, 56),
    ("list, 16-byte values", "RPUSH big {value}", 16, 18),
    ("stream, two fields of 8 bytes", "XADD big * field1 {value} field2 {value}", 8, 30.5),
]
# Name, command sent once per key (of 12 bytes), size of {value}, target in bytes per key.
SMALL = [
    ("set of 10 x 12", words("SADD {index}", MEMBERS), 0, 190),
    ("sorted set of 10 x 12",
     words("ZADD {index}", [f"{score} {member}" for score, member in enumerate(MEMBERS)]), 0, 215),
    ("list of 10 x 16", words("RPUSH {index}", 10 * [VALUE]), 16, 230),
    ("hash of 10 x (7 + 16)", words("HSET {index}", [f"{field} {VALUE}" for field in FIELDS_7]), 16, 340),
    ("hash of 200 x (8 + 16)", words("HSET {index}", [f"{field} {VALUE}" for field in FIELDS_8]), 16,
     6170),
]


class Elements:
    def __init__(self, setup):
        self.setup = setup

    def run(self):
        rows = []
        for shape, kinds, count in [("large", LARGE, self.setup.options.elements),
                                    ("small", SMALL, self.setup.options.small_keys)]:
            for name, command, value_size, target in kinds:
                row = {"shape": shape, "kind": name, "count": count, "target": target, "servers": {}}
                rows.append(row)
                self.setup.say(f"{name}, {count:,} ...")
                try:
                    for start in self.setup.starters():
                        row["servers"][start.name] = self.measure(start, shape, count, command, value_size)
                except Failure as failure:
                    self.setup.fail(row, name, failure)
        return rows

    def measure(self, start, shape, count, command, value_size):
        with start() as server:
            used_before, rss_before = server.settled_memory()
            self.setup.tools.fill(server, count, command, value_size,
                                  expected=1 if shape == "large" else None)
            used, rss = server.settled_memory()
        point = {"rss": (rss - rss_before) / count, "used_memory": None}
        if used is not None:
            point["used_memory"] = (used - used_before) / count
        return point


def tables(rows):
    good = [row for row in rows if "failed" not in row]
    result = []
    for shape, title in [("large", "Bytes per element of one large key"),
                         ("small", "Bytes per key of small collections (12-byte keys)")]:
        chosen = [row for row in good if row["shape"] == shape]
        if not chosen:
            continue
        names = list(chosen[0]["servers"])
        header = [f"{chosen[0]['count']:,} times"]
        header += [f"{what}, {name}" for what in ("used_memory", "RSS") for name in names] + ["target"]
        lines = [[row["kind"]] + [figure(row["servers"][name][what]) for what in ("used_memory", "rss")
                                  for name in names] + [str(row["target"])] for row in chosen]
        result.append((title, header, lines))
    return result


def figure(value):
    return "?" if value is None else f"{value:.1f}"
