"""What the throughput section runs. A new workload is one line of WORKLOADS.

Holes of commands ({key}, {value} ...) and orders are explained in request_template.h and
index_sequence.h.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """What a server holds before the load: `fill` was sent once for each of `keys`, and then, with
    indexes drawn at random, so that some come twice and some not at all, `fill_randomly`. `held`:
    how many keys there are then, if not one per index. `begin` is sent once before all."""
    keys: int
    fill: str = "SET {key} {value}"
    value_size: int = 64
    fill_randomly: str = None
    held: int = None
    begin: str = None


@dataclass(frozen=True)
class Workload:
    name: str
    commands: tuple
    dataset: Dataset
    pipeline: int = 1
    connections: int = 50
    order: str = "uniform"
    target: float = None     # CPU per request compared with redis-server; None: no promise
    finds_all: bool = False  # a nil or a zero among the replies means that the load is wrong
    uses_up: bool = False    # each key serves once, so the dataset is loaded anew for every round
    uses: int = 1            # how many keys one request uses up
    alters: bool = False     # the dataset is another one afterwards, and is not used again
    quick: bool = True       # a part of --quick

    @property
    def keys(self):
        return self.dataset.keys


MILLION = Dataset(1_000_000)
TEN_MILLION = Dataset(10_000_000)
COUNTERS = Dataset(1_000_000, "SET {key} 1000")
PAGES_4K = Dataset(50_000, value_size=4096)
PAGES_64K = Dataset(4_000, value_size=65536)

# One large collection.
SET_OF_MILLION = Dataset(1_000_000, "SADD big {index}", held=1)
HASH_OF_MILLION = Dataset(1_000_000, "HSET big {index} {value}", value_size=16, held=1)
SCORES_OF_MILLION = Dataset(1_000_000, "ZADD big {score} {index}", held=1)
SCORES_OF_100K = Dataset(100_000, "ZADD big {score} {index}", held=1)
LIST_OF_MILLION = Dataset(1_000_000, "RPUSH big {value}", value_size=16, held=1)
LIST_OF_1000 = Dataset(1000, "RPUSH big {value}", value_size=16, held=1)
# Many small ones.
HASHES = Dataset(100_000, "HSET {key} field1 {value} field2 {value} field3 {value}", value_size=16)
# A stream of entries with two short fields, and the same with a group that has read nothing yet.
TWO_FIELDS = "XADD big * field1 {value} field2 {value}"
STREAM_OF_1000 = Dataset(1000, TWO_FIELDS, value_size=8, held=1)
STREAM_WITH_GROUP = Dataset(1_000_000, TWO_FIELDS, value_size=8, held=1,
                            begin="XGROUP CREATE big group 0 MKSTREAM")
# Two inputs of an algebra, of 100,000 and 63,000 elements, the second a part of the first.
TWO_SETS = Dataset(100_000, "SADD a {index}", fill_randomly="SADD b {index}", held=2)
TWO_SORTED_SETS = Dataset(100_000, "ZADD a {score} {index}", fill_randomly="ZADD b {score} {index}", held=2)

# Bitmaps of 1 KB, and one of 1 MB; HyperLogLogs of a few elements, and one of a million.
BITMAPS = Dataset(100_000, "SETBIT {key} 8191 1")
BITMAP_OF_1MB = Dataset(1, "SETBIT big 8388607 1", held=1)
HYPERLOGLOGS = Dataset(100_000, "PFADD {key} a b c")
# 100,000 places in one square degree: 25 of them within 1 km.
PLACES = Dataset(100_000, "GEOADD big {score} {score} {index}", held=1)
HYPERLOGLOG_OF_MILLION = Dataset(1_000_000, "PFADD big {index}", held=1)

GET = ("GET {key}",)
SET = ("SET {key} {value}",)
MGET = ("MGET" + 10 * " {key}",)
MSET = ("MSET" + 10 * " {key} {value}",)
MIX = ("9*GET {key}", "1*SET {key} {value}")

WORKLOADS = [
    Workload("GET, pipeline 1", GET, MILLION, target=0.80, finds_all=True),
    Workload("SET, pipeline 1", SET, MILLION, target=0.80),
    Workload("GET, pipeline 16", GET, MILLION, 16, finds_all=True),
    Workload("SET, pipeline 16", SET, MILLION, 16),
    Workload("GET, pipeline 32", GET, MILLION, 32, target=0.36, finds_all=True),
    Workload("SET, pipeline 32", SET, MILLION, 32, target=0.36),
    Workload("GET, 1000 connections", GET, MILLION, connections=1000, finds_all=True),
    Workload("SET, 1000 connections", SET, MILLION, connections=1000, quick=False),
    Workload("GET, 1000 connections, pipeline 16", GET, MILLION, 16, 1000, finds_all=True, quick=False),
    Workload("90/10 GET/SET, Zipf, pipeline 1", MIX, MILLION, order="zipf", finds_all=True, quick=False),
    Workload("90/10 GET/SET, Zipf, pipeline 16", MIX, MILLION, 16, order="zipf", finds_all=True),
    Workload("MGET of 10, pipeline 16", MGET, MILLION, 16, target=0.45, finds_all=True),
    Workload("MSET of 10, pipeline 16", MSET, MILLION, 16, target=0.45),
    Workload("EXPIRE, pipeline 16", ("EXPIRE {key} {ttl}",), MILLION, 16, target=0.45, finds_all=True,
             alters=True),
    Workload("DEL, pipeline 16", ("DEL {key}",), MILLION, 16, order="shuffled", finds_all=True,
             uses_up=True),
    Workload("INCR, pipeline 16", ("INCR {key}",), COUNTERS, 16, target=0.45, finds_all=True),
    Workload("GET 4 KB, pipeline 1", GET, PAGES_4K, target=0.85, finds_all=True),
    Workload("SET 4 KB, pipeline 1", SET, PAGES_4K, target=0.85),
    Workload("GET 64 KB, pipeline 1", GET, PAGES_64K, target=0.85, finds_all=True),
    Workload("SET 64 KB, pipeline 1", SET, PAGES_64K, target=0.85),
    Workload("GET, 10M keys, pipeline 1", GET, TEN_MILLION, finds_all=True, quick=False),
    Workload("GET, 10M keys, pipeline 32", GET, TEN_MILLION, 32, target=0.33, finds_all=True, quick=False),
    Workload("SET, 10M keys, pipeline 32", SET, TEN_MILLION, 32, target=0.33, quick=False),
    Workload("LPUSH, pipeline 16", ("LPUSH big {value}",), LIST_OF_1000, 16, target=0.55, alters=True),
    Workload("RPOP, pipeline 16", ("RPOP big",), LIST_OF_MILLION, 16, target=0.55, finds_all=True,
             uses_up=True),
    Workload("LRANGE of 100, pipeline 16", ("LRANGE big 0 99",), LIST_OF_1000, 16, target=0.65),
    Workload("LRANGE of 100, 1M elements, pipeline 16", ("LRANGE big 500000 500099",), LIST_OF_MILLION, 16,
             target=0.65, quick=False),
    Workload("SADD, 1M members, pipeline 16", ("SADD big {index}x",), SET_OF_MILLION, 16, target=0.55,
             alters=True),
    Workload("SADD of new keys, pipeline 16", ("SADD {key} {index}",), Dataset(1_000_000, "SADD {key} a"),
             16, target=0.55, alters=True),
    Workload("SISMEMBER, pipeline 16", ("SISMEMBER big {index}",), SET_OF_MILLION, 16, finds_all=True),
    Workload("HSET, 1M fields, pipeline 16", ("HSET big {index} {value}",), HASH_OF_MILLION, 16,
             target=0.55),
    Workload("HGET, 1M fields, pipeline 16", ("HGET big {index}",), HASH_OF_MILLION, 16, target=0.55,
             finds_all=True),
    Workload("HSET, small hashes, pipeline 16", ("HSET {key} field2 {value}",), HASHES, 16, target=0.55),
    Workload("HGET, small hashes, pipeline 16", ("HGET {key} field2",), HASHES, 16, target=0.55,
             finds_all=True),
    Workload("ZADD, 1M members, pipeline 16", ("ZADD big {score} {index}",), SCORES_OF_MILLION, 16,
             target=0.65),
    Workload("ZSCORE, 1M members, pipeline 16", ("ZSCORE big {index}",), SCORES_OF_MILLION, 16, target=0.65,
             finds_all=True),
    Workload("ZRANK, 1M members, pipeline 16", ("ZRANK big {index}",), SCORES_OF_MILLION, 16, target=0.65),
    Workload("ZRANGE of 100, pipeline 16", ("ZRANGE big 50000 50099",), SCORES_OF_100K, 16, target=0.65),
    Workload("SINTERSTORE of 100k and 63k", ("SINTERSTORE c a b",), TWO_SETS, connections=1, target=0.7,
             alters=True),
    Workload("SUNIONSTORE of 100k and 63k", ("SUNIONSTORE c a b",), TWO_SETS, connections=1, target=0.7,
             alters=True),
    Workload("SDIFFSTORE of 100k and 63k", ("SDIFFSTORE c a b",), TWO_SETS, connections=1, target=0.7,
             alters=True),
    Workload("SINTER of 100k and 63k", ("SINTER a b",), TWO_SETS, connections=1, target=0.7),
    Workload("ZUNIONSTORE of 100k and 63k", ("ZUNIONSTORE c 2 a b",), TWO_SORTED_SETS, connections=1,
             target=0.7, alters=True),
    Workload("SETBIT, pipeline 16", ("1*SETBIT {key} 4242 1", "1*SETBIT {key} 4242 0"), BITMAPS, 16, target=0.55),
    Workload("BITCOUNT of 1 MB", ("BITCOUNT big",), BITMAP_OF_1MB, connections=1, target=0.35, finds_all=True),
    Workload("PFADD of known elements, pipeline 16", ("PFADD big {index}",), HYPERLOGLOG_OF_MILLION, 16, target=0.6),
    Workload("PFADD of new elements, pipeline 16", ("PFADD {key} {index}",), HYPERLOGLOGS, 16, target=0.6,
             alters=True),
    Workload("GEOADD, pipeline 16", ("GEOADD big {score} {score} {index}",), PLACES, 16),
    Workload("GEOSEARCH of 1 km, 100k places", ("GEOSEARCH big FROMLONLAT 0.5 0.5 BYRADIUS 1 km",), PLACES, 16,
             target=0.7),
    Workload("XADD, pipeline 16", (TWO_FIELDS,), STREAM_OF_1000, 16, target=0.65, alters=True),
    Workload("XADD MAXLEN ~ 1000, pipeline 16", (TWO_FIELDS.replace("*", "MAXLEN ~ 1000 *"),),
             STREAM_OF_1000, 16, alters=True),
    Workload("XRANGE of 100, pipeline 16", ("XRANGE big - + COUNT 100",), STREAM_OF_1000, 16, target=0.65,
             finds_all=True),
    Workload("XREADGROUP of 10, pipeline 16", ("XREADGROUP GROUP group me COUNT 10 STREAMS big >",),
             STREAM_WITH_GROUP, 16, target=0.7, finds_all=True, uses_up=True, uses=10),
]

TLS_WORKLOADS = [
    Workload("GET over TLS, pipeline 1", GET, MILLION, target=0.90, finds_all=True),
    Workload("SET over TLS, pipeline 1", SET, MILLION, target=0.90),
    Workload("GET over TLS, pipeline 16", GET, MILLION, 16, target=0.90, finds_all=True),
    Workload("SET over TLS, pipeline 16", SET, MILLION, 16, target=0.90),
    Workload("GET 4 KB over TLS, pipeline 1", GET, PAGES_4K, finds_all=True, quick=False),
    Workload("SET 4 KB over TLS, pipeline 1", SET, PAGES_4K, quick=False),
    Workload("GET 64 KB over TLS, pipeline 1", GET, PAGES_64K, finds_all=True),
    Workload("SET 64 KB over TLS, pipeline 1", SET, PAGES_64K),
]
