"""prepare_day: today's instruments to the archive, the gate, and the evidence, frozen before anyone plans."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, TypeAlias

from common.day.errors import TooEarly
from common.day.lists import fetch_lists, read_lists
from common.day.readiness import Check, tells_no_login
from common.day.surroundings import Morning, surroundings
from common.day.volatilities import volatilities
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
from common.planning.session_facts import session_facts
from common.ports import Archive, Conflict, Create, DocumentStore, ListSource, MarketData
from common.trading.errors import BrokerUnavailable

EVIDENCE: Final = "evidence"
INSTRUMENTS: Final = "instruments.csv"

Readiness: TypeAlias = tuple[Sequence[Check], frozenset[str]]
"""The gate's findings, and the symbols that the person holds."""


def prepare_day(
    day: date, store: DocumentStore, archive: Archive, market: MarketData, mandate: Mandate, history_sessions: int,
    look: Callable[[], Readiness] | None = None, lists: ListSource | None = None, feeds: Feeds | None = None,
    now: datetime | None = None,
) -> Mapping[str, Any]:
    """The evidence of `day`: made and stored once, returned as stored ever after.

    look: at the account that is to be traded; None for paper. lists: where the exchange's are fetched, None: nowhere.
    feeds: of headlines, None where none are set. now: aware, before which they were published; None for the table's
    time of this step. Raises TooEarly while nobody has logged in there.
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
    checks += fetch_lists(day, archive, lists, mandate)
    notices, faults = read_lists(day, archive)
    checks += faults
    past = market.history(day, history_sessions)
    history = _summaries(past)
    morning = Morning(day, now or _step_time(day), mandate, instruments, past, history)
    around, more = surroundings(morning, store, archive, market, feeds)
    evidence = build_evidence(
        day, session_facts(day), history, instruments, mandate, [*checks, *more], notices, volatilities(day, archive),
        around,
    ).to_fields()
    try:
        store.commit([Create(EVIDENCE, day.isoformat(), evidence)])
    except Conflict:
        return prepare_day(day, store, archive, market, mandate, history_sessions, look, lists, feeds, now)
    return evidence


def _step_time(day: date) -> datetime:
    if session_on(day) is None:
        return datetime.combine(day, time(), INDIA)
    return at(session_times(day, AssetClass.STOCK).steps["prepare_day"])


def _summaries(history: Mapping[str, Sequence[Sequence[Bar]]]) -> dict[str, list[DaySummary]]:
    found: dict[str, list[DaySummary]] = {}
    for symbol, sessions in history.items():
        previous = 0
        for bars in sessions:
            found.setdefault(symbol, []).append(summarise(bars, previous))
            previous = bars[-1].close
    return found
