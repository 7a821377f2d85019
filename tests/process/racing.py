"""A herd of processes that race for one plan, one lease and one launch a class; `python -m` prints what each got.

One process that imports everything and then forks: sixteen interpreters would take longer to start than to race.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from common.adapters.clock import INDIA, SystemClock, VirtualClock
from common.day.lease import LeaseHeld, acquire
from common.day.plan import plan_day
from common.day.start import launch
from common.day.workloads import workload_id
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import DocumentStore, Launch, Write
from tests.contract.stores import STORES
from tests.unit.planning_case import DAY, mandate

BOUND_SECONDS: Final = 30
STARTED: Final = "started"
AT: Final = datetime(DAY.year, DAY.month, DAY.day, 8, 45, tzinfo=INDIA)


class Launches:
    """A launcher that starts nothing: what keeps a launch from being two here is the store alone."""

    def start(self, launch: Launch) -> str:
        return f"{STARTED} {launch.id}"

    def running(self, launch_id: str) -> bool:
        return not launch_id


class Recorded:
    """A store that keeps which collections were written through it."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self.written: list[str] = []
        self.get, self.query, self.watch, self.close = store.get, store.query, store.watch, store.close

    def commit(self, writes: Sequence[Write]) -> list[str]:
        versions = self._store.commit(writes)
        self.written += [write.collection for write in writes]
        return versions


def race(store: DocumentStore, name: str, together: Callable[[], Any]) -> dict[str, Any]:
    """What this racer got; all begin each race at the same moment."""
    clock, recorded = VirtualClock(AT), Recorded(store)
    # Every other one is late, so that their plans differ.
    planning = VirtualClock(AT + timedelta(hours=3 * (int(name) % 2)))
    together()
    begun = time.monotonic()
    plan = Plan.from_fields(plan_day(DAY, recorded, mandate(), planning))
    together()
    try:
        lease: int | None = acquire(
            recorded, workload_id(DAY, AssetClass.STOCK), name, SystemClock(), ttl_seconds=600.0, wait_seconds=0.0
        ).epoch
    except LeaseHeld:
        lease = None
    launched = []
    for asset_class in AssetClass:
        together()
        launched.append(launch(DAY, asset_class, recorded, Launches(), clock))
    return {
        "name": name, "plan": plan.hash, "lease": lease, "launched": launched, "written": recorded.written,
        "seconds": time.monotonic() - begun,
    }


def main(adapter: str, place: str, racers: int) -> int:
    """Status 0 when every racer has finished."""
    if adapter == "firestore":
        import google.cloud.firestore_v1.services.firestore  # noqa: F401 - once, not by each child
    forking = multiprocessing.get_context("fork")
    barrier, results = forking.Barrier(racers), forking.Queue()

    def run(number: int) -> None:
        store = STORES[adapter](place)
        results.put(race(store, str(number), lambda: barrier.wait(BOUND_SECONDS)))
        store.close()

    children = [forking.Process(target=run, args=(number,), daemon=True) for number in range(racers)]
    for child in children:
        child.start()
    for _ in children:
        print(json.dumps(results.get(timeout=BOUND_SECONDS)), flush=True)
    for child in children:
        child.join(BOUND_SECONDS)
    return max(child.exitcode or 0 for child in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
