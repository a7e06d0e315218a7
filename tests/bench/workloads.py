"""What the throughput section runs. A new workload is one line of WORKLOADS.

Holes of commands ({key}, {value} ...) and orders are explained in request_template.h and
index_sequence.h.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """What a server holds before the load: `fill` was sent once for each of `keys`."""
    keys: int
    fill: str = "SET {key} {value}"
    value_size: int = 64


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
]
