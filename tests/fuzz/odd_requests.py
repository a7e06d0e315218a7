"""Requests to every command that a server knows, made out of the syntax that COMMAND DOCS tells."""

# At the edges of the widths of integers, and of what a double holds.
INTEGERS = (0, 1, -1, 2, 7, 100, -100, "-0", 2**31 - 1, 2**31, -(2**31), -(2**62), 2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1,
            2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**30, "", "x", "01", "+1", " 1", "1 ", "1.5")
DOUBLES = ("nan", "-nan", "inf", "-inf", "+inf", "1e308", "-1e308", "1e309", "4.9e-324", "1e-400", "-0", "-0.0", "0x10",
           "1e", ".", "1.7976931348623157e308", "9007199254740993", "0.1", "3.0e3", "(1", "(inf", "[a")
TEXTS = (b"", b"a", b"b", b"m1", b"m2", b"1", b"-1", b"01", b"\0", b"\r\n", b"\xff\xfe", b"-", b"+", b"(a", b"[a", b"*", b"$", b">",
         b"x" * 63, b"x" * 64, b"x" * 65, b"y" * 300, b"HYLL", b"1-1", b"5-*", b"%R~", b"user:*")
PATTERNS = (b"*", b"?", b"[", b"[a", b"[^", b"\\", b"a*a*a*a*a*b", b"*" * 1000, b"[z-a]", b"m*", b"")
FIELDS = ("i8", "u8", "u1", "i64", "u63", "u64", "u0", "i65", "i0", "i", "x", "i-1", "u18446744073709551617")

# They end the server or the connection, stop it on purpose, or belong to a protocol of their own.
NEVER = {"shutdown", "debug", "replicaof", "slaveof", "failover", "sync", "psync", "monitor", "quit", "client|pause",
         "client|kill", "client|reply", "hello", "reset", "subscribe", "psubscribe", "ssubscribe", "unsubscribe",
         "punsubscribe", "sunsubscribe", "auth", "acl|load", "acl|save", "config|rewrite", "config|set", "bgrewriteaof",
         "bgsave", "save", "wait", "waitaof", "client|unblock", "replconf", "multi", "exec", "pfselftest", "client|batch",
         "client|tracking", "client|no-touch", "cache|shrink"}
DATA_GROUPS = {"string", "list", "set", "sorted-set", "sorted_set", "hash", "bitmap", "hyperloglog", "geo", "stream", "generic"}


def flat(reply):
    return {as_text(name): value for name, value in zip(reply[::2], reply[1::2])}


def as_text(value):
    return value.lstrip(b"+").decode()


class Argument:
    def __init__(self, reply):
        facts = flat(reply)
        self.name = as_text(facts["name"])
        self.type = as_text(facts["type"])
        self.token = as_text(facts["token"]) if "token" in facts else None
        self.flags = {as_text(flag) for flag in facts.get("flags", ())}
        self.parts = [Argument(part) for part in facts.get("arguments", ())]

    def may_wait(self):
        return self.name == "timeout" or self.token == "BLOCK" or any(part.may_wait() for part in self.parts)


class Command:
    def __init__(self, name, facts):
        self.name = name
        self.words = name.split("|")
        self.group = as_text(facts.get("group", b""))
        self.arguments = [Argument(argument) for argument in facts.get("arguments", ())]
        self.may_wait = any(argument.may_wait() for argument in self.arguments)


def commands_of(client):
    """All commands by name, subcommands as "client|list"."""
    known = {}

    def add(docs):
        for name, facts in flat(docs).items():
            facts = flat(facts)
            known[name.lower()] = Command(name.lower(), facts)
            add(facts.get("subcommands", []))

    add(client("COMMAND", "DOCS"))
    return known


class OddRequests:
    def __init__(self, rng, commands):
        self.rng = rng
        self.commands = sorted((c for c in commands.values() if c.name not in NEVER and c.words[0] not in NEVER), key=lambda c: c.name)
        self.keys = [kind + digit for kind in (b"s", b"l", b"t", b"z", b"h", b"x", b"n") for digit in (b"0", b"1", b"2")]

    def fill(self):
        """Something of every type, to begin with."""
        rng = self.rng
        yield ["FLUSHALL"]
        yield ["SET", "s0", "hello world"]
        yield ["SET", "s1", str(2**63 - 1)]
        yield ["SET", "s2", "3.5"]
        yield ["PFADD", "s3", "a", "b"]
        yield ["RPUSH", "l0", *("abcab"), "1"]
        yield ["RPUSH", "l1", *range(300)]
        yield ["SADD", "t0", 1, 2, 3, 2**31]
        yield ["SADD", "t1", "a", "b", "m1"]
        yield ["ZADD", "z0", 1, "a", 2, "b", "inf", "m1", "-inf", "m2"]
        yield ["GEOADD", "z1", 13.361389, 38.115556, "m1", 15.087269, 37.502669, "m2"]
        yield ["ZADD", "z2", *(part for i in range(200) for part in (i % 7, f"m{i}"))]
        yield ["HSET", "h0", "a", 1, "b", 2**63 - 1, "m1", "1.5"]
        yield ["HSET", "h1", *(part for i in range(200) for part in (f"f{i}", rng.randrange(9)))]
        for i in range(1, 9):
            yield ["XADD", "x0", f"{i}-1", "a", i]
        yield ["XGROUP", "CREATE", "x0", "g", "0"]
        yield ["XREADGROUP", "GROUP", "g", "a", "COUNT", 4, "STREAMS", "x0", ">"]

    # --- One value ---
    def time(self):
        # Never soon, because both servers are looked at some time later.
        return self.rng.choice((0, -1, 10**8, 10**11, 2**53, 2**62, 2**63 - 1, -(2**63), 2**63, "x", "", "1.5"))

    def integer(self, name):
        if any(word in name for word in ("time", "seconds", "second", "millisecond", "ms", "idle")):
            return self.time()
        if name in ("db", "index", "index1", "index2") and self.rng.random() < 0.3:
            return self.rng.choice((0, 0, 1, 15, 16, -1))
        return self.rng.choice(INTEGERS)

    def value(self, argument):
        rng, name = self.rng, argument.name
        if argument.type == "key" or name in ("key", "destination", "newkey"):
            return rng.choice(self.keys)
        if name == "timeout":
            return rng.choice(("0.001", "1e-3", -1, "nan", "inf", "x", 2**63, "1e400"))
        if argument.token == "BLOCK":
            return rng.choice((1, -1, "x", 2**63, "0.5"))
        if argument.type == "pattern" or "pattern" in name:
            return rng.choice(PATTERNS)
        if argument.type == "unix-time":
            return self.time()
        if argument.type == "integer":
            return self.integer(name)
        if argument.type == "double":
            return rng.choice(DOUBLES + INTEGERS)
        if name == "encoding":
            return rng.choice(FIELDS)
        if "id" in name.split("-") or name in ("start", "end", "lastid"):
            return rng.choice((f"{rng.randrange(9)}-1", "-", "+", "0", "0-0", "$", ">", "(1-1", f"{2**64 - 1}-{2**64 - 1}", "x", *INTEGERS))
        if name in ("group", "consumer"):
            return rng.choice(("g", "a", "b", ""))
        if name in ("min", "max", "score", "increment", "weight"):
            return rng.choice(DOUBLES + INTEGERS + TEXTS)
        return rng.choice(TEXTS) if rng.random() < 0.8 else rng.choice(INTEGERS + DOUBLES)

    def one(self, argument):
        rng = self.rng
        words = [argument.token] if argument.token is not None else []
        if argument.type == "pure-token":
            return words
        if argument.type == "oneof":
            return words + self.one(rng.choice(argument.parts)) if argument.parts else words
        if argument.type == "block":
            return words + self.several(argument.parts)
        return words + [self.value(argument)]

    def several(self, arguments):
        rng = self.rng
        words = []
        numkeys = None
        for argument in arguments:
            if "optional" in argument.flags and rng.random() < 0.55:
                continue
            count = rng.choice((1, 1, 2, 3)) if "multiple" in argument.flags else 1
            if argument.name == "numkeys":
                numkeys = len(words)
            elif numkeys is not None and argument.type == "key" and rng.random() < 0.75:
                words[numkeys] = count
                numkeys = None
            for i in range(count):
                part = self.one(argument)
                if i > 0 and argument.token is not None and "multiple_token" not in argument.flags:
                    part = part[1:]
                words += part
        return words

    def make(self, command):
        rng = self.rng
        words = [*command.words, *self.several(command.arguments)]
        head = len(command.words)
        if command.may_wait:  # for ever, when a 0 comes in the wrong place
            return words
        while rng.random() < 0.15:
            at = rng.randrange(head, len(words) + 1)
            kind = rng.random()
            if kind < 0.3:
                del words[at : at + 1]
            elif kind < 0.6:
                words[at : at + 1] = [rng.choice((self.time(), rng.choice(DOUBLES)))]
            elif kind < 0.8:
                words[at:at] = words[at : at + 2]
            else:
                words[at:at] = [rng.choice(TEXTS)]
        return words

    def any(self):
        command = self.rng.choice(self.commands)
        return command, self.make(command)
