"""From a READY plan to running workloads: one claim and one launch per enabled asset class, however often asked."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from common.day.workloads import ENDED, WORKLOADS, State, launched_fields, workload_id
from common.market.calendar import MarketClosed, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Clock, Conflict, Create, Document, DocumentStore, Launch, Launcher, Update

MAX_LAUNCHES: Final = 10
"""A workload that was launched so often and never ended is given up: something kills it each time."""
CLAIM_SECONDS: Final = 5.0
"""A new claim is left to whoever made it for so long: events come twice, at the same moment."""


def start_workloads(
    plan_fields: Mapping[str, Any], store: DocumentStore, launcher: Launcher, clock: Clock,
    date_clock: Clock | None = None,
) -> dict[str, str]:
    """Start what the plan enables and is neither running nor ended; returns handle or state by workload id.

    A plan that comes too late, or on another date, starts nothing. date_clock: the time of the date that is traded,
    where it is not the clock's.
    """
    plan = Plan.from_fields(plan_fields)
    if plan.refusal:
        return {}
    started = {}
    for chosen in plan.enabled:
        id = workload_id(plan.date, chosen.asset_class)
        late = lateness(plan.date, chosen.asset_class, (date_clock or clock).now())
        started[id] = late or launch(plan.date, chosen.asset_class, store, launcher, clock)
    return started


def lateness(day: date, asset_class: AssetClass, now: datetime) -> str:
    """Why no workload of that date may begin to trade now, '' where it may."""
    try:
        cutoff = at(session_times(day, asset_class).entry_cutoff)
    except MarketClosed as closed:
        return f"not a trading day: {closed}"
    if now.date() != day:
        return f"the plan is for {day} and today is {now.date()}: nothing is launched"
    if now >= cutoff:
        return f"too late: {asset_class.value} enters nothing from {cutoff:%H:%M}: nothing is launched"
    return ""


def launch(day: date, asset_class: AssetClass, store: DocumentStore, launcher: Launcher, clock: Clock) -> str:
    """Launch one workload unless it runs, has ended or was launched too often; the handle, or the state it is in."""
    id = workload_id(day, asset_class)
    if launcher.running(id):
        return "running"
    current, now = store.get(WORKLOADS, id), clock.now()
    if current is None:
        write: Create | Update = Create(WORKLOADS, id, launched_fields(day, asset_class, now))
    else:
        launches, launched = int(current.fields["launches"]), datetime.fromisoformat(current.fields["launched"])
        if State(current.fields["state"]) in ENDED:
            return str(current.fields["state"])
        if launches >= MAX_LAUNCHES:
            return _give_up(id, current, store)
        if State(current.fields["state"]) is State.LAUNCHED and abs(now - launched) < timedelta(seconds=CLAIM_SECONDS):
            return "claimed a moment ago"
        again = {**current.fields, "launches": launches + 1, "launched": now.isoformat()}
        write = Update(WORKLOADS, id, again, current.version)
    try:
        store.commit([write])
    except Conflict:
        return "claimed by another"
    return launcher.start(Launch(id, day, asset_class.value))


def _give_up(id: str, workload: Document, store: DocumentStore) -> str:
    summary = {**workload.fields["summary"], "given_up": True}
    fields = {**workload.fields, "state": State.FAILED.value, "summary": summary}
    try:
        store.commit([Update(WORKLOADS, id, fields, workload.version)])
    except Conflict:
        return "running"
    return State.FAILED.value
