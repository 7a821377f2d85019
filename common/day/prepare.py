"""prepare_day: today's instruments to the archive, the gate, and the evidence, frozen before anyone plans."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, TypeAlias

from common.day.errors import TooEarly
from common.day.readiness import Check, tells_no_login
from common.day.surroundings import Morning, surroundings
from common.market.bar import Bar
from common.market.calendar import session_on, session_times
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.market.instruments import DumpError, write_dump
from common.planner_ports import Feeds
from common.planning.evidence import build_evidence
from common.planning.gate import GateReason
from common.planning.history import DaySummary, summarise
from common.planning.mandate import Mandate
from common.planning.notices import COLUMNS, FOLDER, NoticeError, Notices, parse_notices
from common.planning.session_facts import session_facts
from common.ports import Archive, Conflict, Create, DocumentStore, MarketData
from common.trading.errors import BrokerUnavailable

EVIDENCE: Final = "evidence"
INSTRUMENTS: Final = "instruments.csv"

Readiness: TypeAlias = tuple[Sequence[Check], frozenset[str]]
"""The gate's findings, and the symbols that the person holds."""


def prepare_day(
    day: date, store: DocumentStore, archive: Archive, market: MarketData, mandate: Mandate, history_sessions: int,
    look: Callable[[], Readiness] | None = None, feeds: Feeds | None = None, now: datetime | None = None,
) -> Mapping[str, Any]:
    """The evidence of `day`: made and stored once, returned as stored ever after.

    look: at the account that is to be traded; None for paper. feeds: of headlines, None where none are set. now: aware,
    before which they were published; None for the table's time of this step. Raises TooEarly while nobody has logged
    in there.
    """
    stored = store.get(EVIDENCE, day.isoformat())
    if stored is not None:
        return stored.fields
    found, theirs = look() if look is not None else ([], frozenset[str]())
    missing = tells_no_login(found)
    if missing:
        raise TooEarly(f"nothing is prepared before somebody has logged in: {missing}")
    checks = [check.reason() for check in found]
    try:
        instruments = [one for one in market.instruments(day) if one.symbol not in theirs]
    except (DumpError, BrokerUnavailable) as failure:
        instruments, text = [], str(failure)
        checks.append(GateReason(name="dump", verdict="red", text=text[:500]))
    if instruments:
        archive.put(day, INSTRUMENTS, write_dump(instruments).encode(), overwrite=True)
    else:
        text = f"there are no instruments for {day}: fetch today's dump, or give sessions that hold this date"
        checks.append(GateReason(name="instruments", verdict="red", text=text))
    notices, faults = _notices(day, archive)
    checks += faults
    past = market.history(day, history_sessions)
    history = _summaries(past)
    morning = Morning(day, now or _step_time(day), mandate, instruments, past, history)
    around, more = surroundings(morning, store, archive, market, feeds)
    evidence = build_evidence(
        day, session_facts(day), history, instruments, mandate, [*checks, *more], notices, around,
    ).to_fields()
    try:
        store.commit([Create(EVIDENCE, day.isoformat(), evidence)])
    except Conflict:
        return prepare_day(day, store, archive, market, mandate, history_sessions, look, feeds, now)
    return evidence


def _step_time(day: date) -> datetime:
    if session_on(day) is None:
        return datetime.combine(day, time(), INDIA)
    return at(session_times(day, AssetClass.STOCK).steps["prepare_day"])


def _notices(day: date, archive: Archive) -> tuple[Notices, list[GateReason]]:
    """The day's lists as somebody has put them into its archive; one that cannot be read is as if it were not there."""
    texts: dict[str, str | None] = {}
    faults = []
    for name in COLUMNS:
        data = archive.get(day, f"{FOLDER}/{name}.csv")
        try:
            texts[name] = data.decode() if data is not None else None
            parse_notices({name: texts[name]})
        except (NoticeError, UnicodeDecodeError) as error:
            texts[name] = None
            faults.append(GateReason(name=f"list_{name}", verdict="amber", text=str(error)[:500]))
    return parse_notices(texts), faults


def _summaries(history: Mapping[str, Sequence[Sequence[Bar]]]) -> dict[str, list[DaySummary]]:
    found: dict[str, list[DaySummary]] = {}
    for symbol, sessions in history.items():
        previous = 0
        for bars in sessions:
            found.setdefault(symbol, []).append(summarise(bars, previous))
            previous = bars[-1].close
    return found
