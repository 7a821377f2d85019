"""The dead-man switch, each minute from outside: what did not start is started, what died is restarted or closed."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from common.day.approval import expire
from common.day.control import Halt, Source, set_halt
from common.day.plan import PLANS
from common.day.start import MAX_LAUNCHES, lateness, launch
from common.day.takeover import OutsidePorts, take_over
from common.day.window import outside
from common.day.workloads import ENDED, WORKLOADS, State, workload_id
from common.launch_ports import LaunchError
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.ports import Conflict, Document, DocumentStore, Update
from common.trading.halts import HaltLevel

RELAUNCH_SECONDS: Final = 60.0
SILENT_SECONDS: Final = 180.0
"""Three heartbeats missed, besides the time in which a new process waits for the lease."""


def supervise(day: date, ports: OutsidePorts) -> Mapping[str, Any]:
    """Look after every workload of the day's plan: {"date", "said", "did": {id: text}}. Asked again, harmless."""
    told = outside(day, "supervise_from", "supervise_until", ports.date_clock.now())
    if told:
        return {"date": day.isoformat(), "said": told, "did": {}}
    document = ports.trade.store.get(PLANS, day.isoformat())
    if document is None:
        return {"date": day.isoformat(), "said": f"there is no plan for {day}", "did": {}}
    expire(day, ports.date_clock.now(), ports.trade.store, ports.trade.logs)
    plan = Plan.from_fields(document.fields)
    refusal = plan.refusal
    if refusal:
        begun = [one for one in AssetClass if ports.trade.store.get(WORKLOADS, workload_id(day, one)) is not None]
    else:
        begun = [one.asset_class for one in plan.enabled]
    did = {workload_id(day, one): _safely(day, one, refusal, ports) for one in begun}
    return {"date": day.isoformat(), "said": refusal or "looked", "did": did}


def _safely(day: date, asset_class: AssetClass, refusal: str, ports: OutsidePorts) -> str:
    """One workload's trouble must not keep the others unwatched."""
    try:
        return _look_after(day, asset_class, refusal, ports)
    except Exception as error:
        text = f"{workload_id(day, asset_class)} could not be looked after: {type(error).__name__}: {error}"
        ports.trade.logs.about(date=day.isoformat(), asset_class=asset_class.value).write("CRITICAL", text)
        return text


def _look_after(day: date, asset_class: AssetClass, refusal: str, ports: OutsidePorts) -> str:
    """refusal: why the plan may not be traded (any more): then nothing is launched, what is open is closed."""
    store, launcher, clock = ports.trade.store, ports.launcher, ports.trade.clock
    id = workload_id(day, asset_class)
    document = store.get(WORKLOADS, id)
    if document is None:
        return lateness(day, asset_class, ports.date_clock.now()) or launch(day, asset_class, store, launcher, clock)
    state = State(document.fields["state"])
    if state in ENDED:
        return _after_the_end(day, asset_class, document, ports)
    now = clock.now()
    # A process that was launched just now waits for the lease of the one before it, and for its machine.
    quiet = min(_age(document, "heartbeat", now), _age(document, "launched", now))
    silent = state is State.RUNNING and quiet > SILENT_SECONDS + ports.trade.lease_ttl_seconds
    try:
        runs = launcher.running(id)
    except LaunchError as error:
        # What runs workloads may be down as a whole: closing needs the lease and the broker, and not its answer.
        if silent:
            return _close(day, asset_class, f"{id} is silent, and whether it runs nobody says ({error})", ports)
        raise
    if runs:
        return _close(day, asset_class, f"{id} is silent", ports) if silent else "running"
    if refusal:
        return _close(day, asset_class, f"{id} does not run, and {refusal}", ports)
    if _age(document, "launched", now) < RELAUNCH_SECONDS:
        return "launched less than a minute ago"
    late = lateness(day, asset_class, ports.date_clock.now()) if state is State.LAUNCHED else ""
    did = late or launch(day, asset_class, store, launcher, clock)
    if did == State.FAILED:
        return _close(day, asset_class, f"{id} died {MAX_LAUNCHES} times", ports)
    return did


def _after_the_end(day: date, asset_class: AssetClass, document: Document, ports: OutsidePorts) -> str:
    """What ended with something open is closed, unless nobody can say what is open: then a person has to look."""
    summary, state = document.fields["summary"], str(document.fields["state"])
    open_ones = int(summary.get("open_positions", 0)) + int(summary.get("working_entries", 0))
    if state != State.FAILED or summary.get("unexplained"):
        return state
    if summary.get("given_up"):
        return _close(day, asset_class, f"{document.id} died {MAX_LAUNCHES} times", ports)
    if open_ones:
        return _close(day, asset_class, f"{document.id} ended with {open_ones} positions or entries open", ports)
    return state


def _close(day: date, asset_class: AssetClass, reason: str, ports: OutsidePorts) -> str:
    """Ask through control, so that whoever still lives closes it himself; then take over, louder and louder apart."""
    store, clock = ports.trade.store, ports.trade.clock
    set_halt(store, Halt(Source.SUPERVISOR, asset_class.value, HaltLevel.FLATTEN, reason, "supervise", day), clock)
    attempt = _count_attempt(workload_id(day, asset_class), store)
    loud = attempt & (attempt - 1) == 0
    return f"{reason}: {take_over(day, asset_class, ports, reason, loud=loud)}"


def _count_attempt(id: str, store: DocumentStore) -> int:
    """How often it was tried, this time included: alarms at the 1st, 2nd, 4th, 8th ... are loud enough."""
    document = store.get(WORKLOADS, id)
    if document is None:
        return 1
    attempt = int(document.fields["take_overs"]) + 1
    with suppress(Conflict):  # the workload itself writes: then it lives
        store.commit([Update(WORKLOADS, id, {**document.fields, "take_overs": attempt}, document.version)])
    return attempt


def _age(document: Document, field: str, now: datetime) -> float:
    """Seconds since; a clock that was set back makes nobody younger than just now."""
    return max(0.0, (now - datetime.fromisoformat(document.fields[field])).total_seconds())
