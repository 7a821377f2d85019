"""From a READY plan to running workloads: one claim and one launch per enabled asset class, however often asked."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from common.day.ledger import workload_id
from common.day.workloads import ENDED, WORKLOADS, State, workload_fields
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Clock, Conflict, Create, Document, DocumentStore, Launch, Launcher, Update

MAX_LAUNCHES: Final = 10
"""A workload that began so often and never ended is given up: something kills it each time."""


def start_workloads(
    plan_fields: Mapping[str, Any], store: DocumentStore, launcher: Launcher, clock: Clock,
) -> dict[str, str]:
    """Start what the plan enables and is neither running nor ended; returns handle or state by workload id."""
    plan = Plan.from_fields(plan_fields)
    if plan.refusal:
        return {}
    started = {}
    for chosen in plan.enabled:
        id = workload_id(plan.date, chosen.asset_class)
        started[id] = _start(plan.date, chosen.asset_class, store, launcher, clock)
    return started


def _start(day: date, asset_class: AssetClass, store: DocumentStore, launcher: Launcher, clock: Clock) -> str:
    id = workload_id(day, asset_class)
    if launcher.running(id):
        return "running"
    current = store.get(WORKLOADS, id)
    if current is None:
        fields = workload_fields(day, asset_class, State.LAUNCHED, 0, clock.now(), None, {})
        try:
            store.commit([Create(WORKLOADS, id, fields)])
        except Conflict:
            return "claimed by another"
    elif State(current.fields["state"]) in ENDED:
        return str(current.fields["state"])
    elif int(current.fields["launches"]) >= MAX_LAUNCHES:
        return _give_up(id, current, store)
    return launcher.start(Launch(id, day, asset_class.value))


def _give_up(id: str, workload: Document, store: DocumentStore) -> str:
    fields = {**workload.fields, "state": State.FAILED.value}
    try:
        store.commit([Update(WORKLOADS, id, fields, workload.version)])
    except Conflict:
        return "running"
    return State.FAILED.value
