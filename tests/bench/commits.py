"""Commits a second on every store, in one run and round by round, so that the machine's noise falls on all alike.

A commit is what trading commits: one order, new or changed, and the renewal of the lease, each with its precondition.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from common.adapters.firestore import FirestoreStore
from common.adapters.memory import MemoryStore
from common.adapters.sqlite import SqliteStore
from common.ports import Create, DocumentStore, Update
from jobs.local.firestore_emulator import EmulatorMissing, FirestoreEmulator

WORKLOADS: Final = 3
ORDER: Final[dict[str, Any]] = {
    "date": "2026-11-20", "asset_class": "stock", "symbol": "RELIANCE", "side": 1, "quantity": 100, "sequence": 1,
    "status": "OPEN", "limit_price": 1_245_50, "trigger_price": 1_240_00, "filled_quantity": 0, "epoch": 1,
    "fills": [{"id": f"20261120{n:08d}", "price": 1_245_50, "quantity": 25, "ts": 10**18 + n} for n in range(4)],
    "verdict": {"allowed": True, "rules": [{"name": f"rule {n}", "used": n, "limit": 10**8} for n in range(8)]},
    "reasons": ["a stretch above the session VWAP has turned"] * 2,
}


def main() -> int:
    """0: measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.commits", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commits", type=int, default=200, help="of one workload in one round")
    chosen = parser.parse_args()
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    waits: dict[tuple[str, int], list[float]] = defaultdict(list)
    with stores() as opened:
        for round_ in range(-1, chosen.rounds):
            for name, store in opened.items():
                for workloads in (1, WORKLOADS):
                    took, each = measure(store, f"{round_}-{workloads}", workloads, chosen.commits)
                    if round_ >= 0:  # the one before is to warm up
                        rates[name, workloads].append(workloads * chosen.commits / took)
                        waits[name, workloads] += each
    print(f"{'store':20} {'workloads':>9} {'commits/s':>10} {'p50 ms':>8} {'p99 ms':>8}")
    for (name, workloads), found in rates.items():
        each = sorted(waits[name, workloads])
        p50, p99 = each[len(each) // 2] * 1000, each[len(each) * 99 // 100] * 1000
        print(f"{name:20} {workloads:9} {statistics.median(found):10,.0f} {p50:8.2f} {p99:8.2f}")
    return 0


@contextmanager
def stores() -> Iterator[dict[str, DocumentStore]]:
    """By name; the emulator where there is one."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tron-bench-", dir=Path.cwd()))
        opened: dict[str, DocumentStore] = {
            "memory": MemoryStore(), "sqlite": SqliteStore(Path(folder) / "store.sqlite"),
        }
        try:
            emulator = stack.enter_context(FirestoreEmulator())
        except EmulatorMissing as missing:
            print(f"without Firestore: {missing}")
        else:
            opened["firestore emulator"] = FirestoreStore("bench", emulator=emulator.address)
        for store in opened.values():
            stack.callback(store.close)
        yield opened


def measure(store: DocumentStore, name: str, workloads: int, commits: int) -> tuple[float, list[float]]:
    """Seconds altogether, and of each commit; each workload has a thread and a lease of its own."""
    with ThreadPoolExecutor(workloads) as pool:
        begun = time.perf_counter()
        each = list(pool.map(lambda n: trade(store, f"{name}-{n}", commits), range(workloads)))
        return time.perf_counter() - begun, [seconds for one in each for seconds in one]


def trade(store: DocumentStore, id: str, commits: int) -> list[float]:
    """Half of the commits create an order, half change it."""
    took, version = [], ""
    (lease,) = store.commit([Create("leases", id, {"epoch": 1, "renewed": 0})])
    for number in range(commits):
        tag = f"{id}-{number // 2}"
        begun = time.perf_counter()
        changed = Update("orders", tag, {**ORDER, "status": "COMPLETE"}, version)
        order = changed if number % 2 else Create("orders", tag, ORDER)
        version, lease = store.commit([order, Update("leases", id, {"epoch": 1, "renewed": number + 1}, lease)])
        took.append(time.perf_counter() - begun)
    return took


if __name__ == "__main__":
    sys.exit(main())
