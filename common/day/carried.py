"""What a closed day left open at the broker: it locks the days after it until a person has resumed."""

import contextlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from common.day.control import ALL, Halt, Source, read_control, set_halt
from common.ports import Clock, Conflict, Document, DocumentStore, Query, Update
from common.trading.halts import HaltLevel

REPORTS: Final = "reports"
MAX_LOCKS: Final = 100
MAX_NAMED: Final = 5


def carried(store: DocumentStore, day: date) -> str:
    """Why `day` may not be traded, '' when it may: positions of days before, which nobody has answered for since."""
    found = store.query(Query(REPORTS, (("carries", "==", True),), limit=MAX_LOCKS))
    locks = [document for document in found if document.id < day.isoformat() and not _answered(store, document)]
    if not locks:
        return ""
    left = "; ".join(f"{carried_text(one.fields['carried'])} since {one.id}" for one in locks)
    return (
        f"positions were left open at the broker: {left}. Close them or take them over yourself, "
        "then say so with `tron resume`"
    )


def lock(store: DocumentStore, day: date, left: list[Mapping[str, Any]], clock: Clock) -> None:
    """Stop entries on every date until a person resumes. Raises StoreUnavailable, Conflict."""
    reason = f"{carried_text(left)} left open at the broker on {day}: close or take over, then resume"
    set_halt(store, Halt(Source.SUPERVISOR, ALL, HaltLevel.STOP_ENTRIES, reason, "close_day"), clock)


def carried_text(left: list[Mapping[str, Any]]) -> str:
    """Signed quantities and symbols, the first few."""
    named = ", ".join(f"{one['quantity']} {one['symbol']}" for one in left[:MAX_NAMED])
    return named if len(left) <= MAX_NAMED else f"{named} and {len(left) - MAX_NAMED} more"


def _answered(store: DocumentStore, report: Document) -> bool:
    """Whether a person has resumed since; kept with the report, because control remembers only its latest changes."""
    control = read_control(store)
    closed = datetime.fromisoformat(report.fields["closed_at"])
    classes = {one["asset_class"] for one in report.fields["carried"]}
    for entry in control.fields.get("history", ()) if control is not None else ():
        if _resumes(entry, classes, closed):
            fields = {**report.fields, "carries": False, "resumed": str(entry["reason"])}
            with contextlib.suppress(Conflict):  # closed again at this moment: the next look writes it
                store.commit([Update(REPORTS, report.id, fields, report.version)])
            return True
    return False


def _resumes(entry: Any, classes: set[str], closed: datetime) -> bool:
    """Whether this change of control is a person's resume of all these classes after `closed`."""
    try:
        reaches = entry["scope"] == ALL or classes == {entry["scope"]}
        return str(entry["did"]).startswith("resume") and reaches and datetime.fromisoformat(entry["at"]) > closed
    except (KeyError, TypeError, ValueError):
        return False  # a document that was spoilt unlocks nothing
