"""square_off: the workloads are asked to exit; where one does not answer, it is done for them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.day.control import ALL, Halt, Source, set_halt
from common.day.plan import PLANS
from common.day.takeover import OutsidePorts, take_over, while_the_store_is_down
from common.day.window import outside
from common.day.workloads import ENDED, WORKLOADS, State, workload_id
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Document, DocumentStore, StoreUnavailable
from common.trading.halts import HaltLevel

GRACE_SECONDS: Final = 30.0
"""A workload looks at control each ten seconds, and may be within a request."""
REASON: Final = "the day's square-off"


def square_off(day: date, ports: OutsidePorts) -> Mapping[str, Any]:
    """What was done for each workload, or why nothing: {"date", "said", "did": {id: text}}. Asked again, harmless."""
    told = outside(day, "square_off", "supervise_until", ports.date_clock.now())
    if told:
        return {"date": day.isoformat(), "said": told, "did": {}}
    try:
        did = _patiently(day, ports)
    except StoreUnavailable as failure:
        return {"date": day.isoformat(), "said": f"the store is down: {failure}", "did": _without_store(day, ports)}
    return {"date": day.isoformat(), "said": "asked" if did else "nothing is traded", "did": did}


def _patiently(day: date, ports: OutsidePorts) -> dict[str, str]:
    """A store that only hesitates is asked again after a lease's life; by then no lease that was held is valid."""
    try:
        return _through_control(day, ports)
    except StoreUnavailable:
        ports.trade.clock.sleep(ports.trade.lease_ttl_seconds)
        return _through_control(day, ports)


def _through_control(day: date, ports: OutsidePorts) -> dict[str, str]:
    store, clock = ports.trade.store, ports.trade.clock
    plan = store.get(PLANS, day.isoformat())
    planned = [one.asset_class for one in Plan.from_fields(plan.fields).enabled] if plan is not None else []
    classes = [one for one in AssetClass if one in planned or _of(store, day, one) is not None]
    did = {workload_id(day, one): "has ended" for one in classes}
    if not _unfinished(store, day, classes):
        return did
    sequence = set_halt(store, Halt(Source.SQUARE_OFF, ALL, HaltLevel.FLATTEN, REASON, "square_off", day), clock)
    until = clock.monotonic() + GRACE_SECONDS
    while silent := [one for one in _unfinished(store, day, classes) if not _answers(_of(store, day, one), sequence)]:
        if clock.monotonic() >= until:
            break
        clock.sleep(1.0)
    for asset_class in _unfinished(store, day, classes):
        id = workload_id(day, asset_class)
        did[id] = "exits" if asset_class not in silent else take_over(day, asset_class, ports, REASON)
    return did


def _unfinished(store: DocumentStore, day: date, classes: Sequence[AssetClass]) -> list[AssetClass]:
    """Those that began and have not ended; what never began has nothing to exit."""
    documents = {one: _of(store, day, one) for one in classes}
    return [one for one, found in documents.items() if found is not None and found.fields["state"] not in ENDED]


def _of(store: DocumentStore, day: date, asset_class: AssetClass) -> Document | None:
    return store.get(WORKLOADS, workload_id(day, asset_class))


def _answers(document: Document | None, sequence: int) -> bool:
    """Whether the workload has seen the halt; from then on it exits by itself, and the supervisor watches it."""
    if document is None or State(document.fields["state"]) in ENDED:
        return True
    return int(document.fields["summary"].get("control_seen", 0)) >= sequence


def _without_store(day: date, ports: OutsidePorts) -> dict[str, str]:
    """Nobody else sends: the broker alone is the truth, as long as the store stays away."""
    return {
        workload_id(day, asset_class): while_the_store_is_down(day, asset_class, ports.trade)
        for asset_class in AssetClass
    }
