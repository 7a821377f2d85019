"""How the day stands: what is due, what halts, whether store and archive answer, what the month costs."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from common.day.api.answer import Answer, answered, etag_of, workload_documents
from common.day.api.kept import EVIDENCE, PLANS, findings
from common.day.control import Source, effective, read_control, standing
from common.day.workloads import ENDED
from common.market.calendar import MarketClosed, session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.tables import OutsideTable
from common.ports import Archive, Document, DocumentStore, StoreError

SCARCE_DISK_BYTES: Final = 2_000_000_000
LEAST_DISK_BYTES: Final = 500_000_000
SILENT_SECONDS: Final = 180.0
"""Of a workload that says it runs: three heartbeats that did not come."""

LOUD: Final = ("ERROR", "CRITICAL")
"""Of a workload's alarms; the others, such as a halt that somebody asked for, are warnings."""

ASKED_FOR: Final = "report.json"
"""Of the archive: a get costs less than a list, and tells as well whether somebody answers."""


@dataclass(frozen=True, slots=True)
class Place:
    """environment: such as production. disk_free_bytes: None where there is no disk of ours."""

    environment: str
    broker: str
    now: datetime
    disk_free_bytes: int | None


def health(store: DocumentStore, archive: Callable[[], Archive], day: date, place: Place) -> Answer:
    """Never kept: it is about now. Raises StoreUnavailable where the store does not answer."""
    plan, evidence = store.get(PLANS, day.isoformat()), store.get(EVIDENCE, day.isoformat())
    control, found = read_control(store), workload_documents(store, day)
    table, step = _session(day, place.now)
    states = [_state(one, place.now) for one in found]
    checks = [*_now(archive, day, place, states), *findings(evidence)]
    verdicts = {one["verdict"] for one in checks}
    return Answer({
        "status": next((verdict for verdict in ("red", "amber") if verdict in verdicts), "green"),
        "date": day.isoformat(), "now": place.now.isoformat(), "environment": place.environment,
        "broker": place.broker, "mode": plan.fields["mode"] if plan is not None else None, "session": table,
        "seconds_to_next_step": None if step is None else round((at(step) - place.now).total_seconds(), 1),
        "plan": plan.fields["status"] if plan is not None else None,
        "control": _levels(control, day, _over(states)), "workloads": states, "checks": checks,
    })


def control_standing(store: DocumentStore, day: date, asked: str) -> Answer:
    """The halts that hold on the day, and what there is to approve on it."""
    document, plan = read_control(store), store.get(PLANS, day.isoformat())

    def told() -> dict[str, Any]:
        from common.planning.plan import Plan
        from common.planning.shown_plan import shown

        to_approve = shown(Plan.from_fields(plan.fields)) if plan is not None else None
        return {"date": day.isoformat(), **standing(document, day), "plan": to_approve}

    return answered(etag_of(document, plan, str(day)), asked, told)


def cost(runner: str, today: date, asked: str) -> Answer:
    """The month's estimate, and the share of it that has gone."""
    def shown() -> dict[str, Any]:
        from common.day.cost import month, summary

        chosen: Any = runner
        told = summary(month(chosen), chosen)
        gone = today.day / monthrange(today.year, today.month)[1]
        return {**told, "to_date_paise": round(told["paise"] * gone)}

    return answered(etag_of(runner, str(today)), asked, shown)


def _over(states: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the day was traded, nobody trades any more and nothing is held."""
    return bool(states) and all(one["state"] in ENDED and not one["open_positions"] for one in states)


def _levels(control: Document | None, day: date, over: bool) -> dict[str, Any]:
    """What a person or a rule asked for stands; the day's own square-off has nothing left to say once it is over."""
    without = (Source.SQUARE_OFF,) if over else ()
    said = {one.value: effective(control, one, day, without) for one in AssetClass}
    return {name: {"level": one.level.name, "reason": one.reason} for name, one in said.items()}


def _session(day: date, now: datetime) -> tuple[dict[str, Any] | None, int | None]:
    """The day's table, and when its next step is due (nanoseconds); None for neither where the exchange is closed."""
    try:
        session = session_on(day)
        if session is None:
            return None, None
        times = session_times(day, AssetClass.STOCK)
    except (OutsideTable, MarketClosed):  # beyond the table nothing is known
        return None, None
    due = next(((name, ts) for name, ts in times.steps.items() if at(ts) > now), None)
    moments = ("open", "close", "entry_from", "entry_cutoff", "square_off", "flat_by")
    return {
        "kind": session.kind, **{name: at(getattr(times, name)).isoformat() for name in moments},
        "steps": [_step(name, ts) for name, ts in times.steps.items()],
        "next_step": None if due is None else _step(*due),
    }, None if due is None else due[1]


def _step(name: str, ts: int) -> dict[str, Any]:
    return {"name": name, "at": at(ts).isoformat()}


def _state(document: Document, now: datetime) -> dict[str, Any]:
    fields, summary = document.fields, document.fields["summary"]
    return {
        "asset_class": fields["asset_class"], "state": fields["state"], "heartbeat": fields["heartbeat"],
        "heartbeat_age_seconds": round((now - datetime.fromisoformat(fields["heartbeat"])).total_seconds(), 1),
        "alarms": sum(one["severity"] in LOUD for one in summary.get("alarms", ())),
        "net_paise": summary.get("net_paise", 0), "open_positions": summary.get("open_positions", 0),
    }


def _now(
    archive: Callable[[], Archive], day: date, place: Place, states: list[dict[str, Any]],
) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = [_finding("store", "green", "answers")]
    try:
        archive().get(day, ASKED_FOR)
        found.append(_finding("archive", "green", "answers"))
    except (StoreError, OSError) as failure:
        found.append(_finding("archive", "red", str(failure), "see that the archive answers"))
    free = place.disk_free_bytes
    if free is not None:
        verdict = "red" if free < LEAST_DISK_BYTES else "amber" if free < SCARCE_DISK_BYTES else "green"
        remedy = "" if verdict == "green" else "make room where TRON_HOME is"
        found.append(_finding("disk", verdict, f"{free / 1e9:.1f} GB free", remedy))
    for one in states:
        name, age = str(one["asset_class"]), one["heartbeat_age_seconds"]
        if one["state"] == "FAILED":
            found.append(_finding(name, "red", "has failed", "read its log; `tron flatten` closes what is open"))
        elif one["state"] in ("RUNNING", "LAUNCHED") and age > SILENT_SECONDS:
            found.append(_finding(name, "amber", f"not heard of for {age:.0f} s", "the supervisor restarts it"))
        else:
            found.append(_finding(name, "green", str(one["state"]).lower()))
    return found


def _finding(name: str, verdict: str, text: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "text": text, "remedy": remedy, "of": "now"}
