"""What an open dashboard asks for, how often, and what each answer reads; the day's reads are counted from it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias
from zlib import crc32

from common.day.carried import REPORTS
from common.day.control import read_control
from common.day.plan import PLANS
from common.day.scorecards import SCORECARDS
from common.day.workloads import WORKLOADS
from common.log_record import LOGS
from common.ports import Document, DocumentStore, Filter, Query

LOG_RECORDS: Final = 50
TRADES: Final = 200
Documents: TypeAlias = list[Document]
Read: TypeAlias = Callable[[DocumentStore, date, str], "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. etag: of what it shows. documents: None where the asker's own etag still stands (304)."""

    etag: str
    documents: Documents | None


@dataclass(frozen=True, slots=True)
class Poll:
    """every_seconds: while the page is open. read: (store, day, the asker's etag) -> Page."""

    every_seconds: float
    read: Read


def workloads(store: DocumentStore, day: date) -> Documents:
    """At most one an asset class: three reads."""
    return store.query(Query(WORKLOADS, (("date", "==", day.isoformat()),), limit=10))


def etag_of(documents: Documents) -> str:
    """Of these documents, by their versions."""
    told = json.dumps([(one.collection, one.id, one.version) for one in documents])
    return f"{crc32(told.encode()):08x}"


def _shown(documents: Documents, asked: str) -> Page:
    etag = etag_of(documents)
    return Page(etag, None if etag == asked else documents)


def _summary(store: DocumentStore, day: date, asked: str) -> Page:
    return _shown(workloads(store, day), asked)


def _document(collection: str) -> Read:
    def read(store: DocumentStore, day: date, asked: str) -> Page:
        found = store.get(collection, day.isoformat())
        return _shown([found] if found is not None else [], asked)

    return read


def _control(store: DocumentStore, day: date, asked: str) -> Page:
    del day
    found = read_control(store)
    return _shown([found] if found is not None else [], asked)


def _health(store: DocumentStore, day: date, asked: str) -> Page:
    plan, control = store.get(PLANS, day.isoformat()), read_control(store)
    return _shown([one for one in (plan, control, *workloads(store, day)) if one is not None], asked)


def _trades(store: DocumentStore, day: date, asked: str) -> Page:
    """The workloads say how many there are: only a new one is worth reading them all."""
    counts: list[Any] = [(one.id, one.fields["summary"].get("trades", 0)) for one in workloads(store, day)]
    etag = f"{crc32(json.dumps(counts).encode()):08x}"
    if etag == asked:
        return Page(etag, None)
    return Page(etag, store.query(Query("trades", (("date", "==", day.isoformat()),), limit=TRADES)))


def _logs(store: DocumentStore, day: date, asked: str) -> Page:
    """The latest record says whether there is a new one."""
    mine: tuple[Filter, ...] = (("date", "==", day.isoformat()),)
    last = store.query(Query(LOGS, mine, order_by="-time", limit=1))
    if etag_of(last) == asked:
        return Page(asked, None)
    return Page(etag_of(last), store.query(Query(LOGS, mine, order_by="-time", limit=LOG_RECORDS)))


OPEN_SECONDS: Final = 5.0
BEHIND_SECONDS: Final = 30.0
POLLS: Final[Mapping[str, Poll]] = {
    "workloads": Poll(OPEN_SECONDS, _summary), "positions": Poll(BEHIND_SECONDS, _summary),
    "pnl": Poll(BEHIND_SECONDS, _summary), "health": Poll(BEHIND_SECONDS, _health),
    "plan": Poll(BEHIND_SECONDS, _document(PLANS)), "trades": Poll(BEHIND_SECONDS, _trades),
    "logs": Poll(BEHIND_SECONDS, _logs), "control": Poll(BEHIND_SECONDS, _control),
    "report": Poll(BEHIND_SECONDS, _document(REPORTS)), "scorecard": Poll(BEHIND_SECONDS, _document(SCORECARDS)),
}
"""By function of the API. Positions and P&L are in the workloads' summaries; an etag saves what changes seldom."""
