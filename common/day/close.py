"""close_day: the books read back, reconciled with the broker's, the report written; what is carried locks tomorrow."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zlib import crc32

from common.day.audit import seal
from common.day.carried import REPORTS, lock
from common.day.equity import equity_name
from common.day.errors import TooEarly
from common.day.grade import GradePorts, grade_day
from common.day.plan import PLANS
from common.day.prepare import EVIDENCE
from common.day.stored import load_orders, load_trades
from common.day.volatilities import keep_volatility
from common.day.workloads import WORKLOADS, workload_id
from common.log_record import LOGS
from common.market.bar import Bar
from common.market.calendar import session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.instruments import DumpError
from common.planning.plan import ClassPlan, Plan
from common.ports import Archive, Clock, Conflict, Create, DocumentStore, Logs, MarketData, Update
from common.research.day_result import build_result
from common.research.reconciliation import ReadOrders, alarm_texts, reconcile_day
from common.research.refetch import Filled
from common.research.report import render_html, render_json
from common.research.structures import structures_of
from common.research.workload import Outcome
from common.trading.errors import BrokerUnavailable
from common.trading.orders import order_from_fields

FLUSH_SECONDS: Final = 5.0
REFETCH_SECONDS: Final = 150.0
"""For candles of minutes that were missed, some 200 symbols by the rate of reads; closed again, it goes on."""
MOST_NAMED: Final = 5
MAX_RECORDS: Final = 20
"""Alarms of one closing that are logged; the report has them all."""


@dataclass(frozen=True, slots=True)
class ClosePorts:
    """What closing a day needs. market: opens the day's recorded session; raises NothingRecorded, DataError.

    source, seed: of the market data, for the report. logs: where alarms go. grading: None for a day that is not
    graded. real_money: whether orders went to a person's account. refetch: of minutes that nobody heard, some symbols
    first, as long as there is time; None where nothing is missed.
    """

    store: DocumentStore
    archive: Archive
    market: Callable[[date], AbstractContextManager[MarketData]]
    read_orders: ReadOrders
    clock: Clock
    logs: Logs
    source: str = ""
    seed: int = 0
    grading: GradePorts | None = None
    real_money: bool = False
    refetch: Callable[[date, Sequence[str], Callable[[], bool]], Filled] | None = None


def close_day(day: date, ports: ClosePorts) -> Mapping[str, Any]:
    """The day's result, also written to the archive as report.json and report.html. Raises TooEarly.

    Asked again, the books are read and reconciled anew, the report is replaced, and no alarm is given twice.
    """
    store, archive = ports.store, ports.archive
    plan, evidence = store.get(PLANS, day.isoformat()), store.get(EVIDENCE, day.isoformat())
    if plan is None or evidence is None:
        raise TooEarly(f"there is no plan for {day}: run prepare_day and plan_day first")
    outcomes = [_outcome(day, chosen, store, archive) for chosen in _begun(day, Plan.from_fields(plan.fields), store)]
    reconciliation = reconcile_day(day, outcomes, ports.read_orders)
    _refetch(day, outcomes, ports)
    bars, structures, fault = _session(day, outcomes, Plan.from_fields(plan.fields), ports)
    result = build_result(
        day, ports.source, ports.seed, plan.fields, evidence.fields, outcomes, bars, reconciliation, structures,
    )
    result["warnings"] += [fault] if fault else []
    if ports.grading is not None:
        net = result["totals"]["net_paise"]
        result["scorecard"] = grade_day(day, plan.fields, evidence.fields, net, ports.grading)
    archive.put(day, "report.json", render_json(result).encode(), overwrite=True)
    archive.put(day, "report.html", render_html(result).encode(), overwrite=True)
    broken = seal(day, store, archive)
    _publish(day, result, ports)
    _alarm(day, "reconciliation", alarm_texts(result["reconciliation"]), ports)
    _alarm(day, "audit", broken, ports)
    return result


def _refetch(day: date, outcomes: Sequence[Outcome], ports: ClosePorts) -> None:
    """Into the archive, what was traded first; whatever cannot be had is said, and the closing goes on."""
    if ports.refetch is None or ports.clock.now() <= at(session_times(day, AssetClass.FUTURES).close):
        return
    until = ports.clock.monotonic() + REFETCH_SECONDS
    told = ports.logs.about(date=day.isoformat(), service="close_day")
    traded = sorted({trade["symbol"] for outcome in outcomes for trade in outcome.trades})
    try:
        filled = ports.refetch(day, traded, lambda: ports.clock.monotonic() < until)
    except (DumpError, BrokerUnavailable) as failure:
        told.write("WARNING", f"minutes that were missed are not fetched: {failure}", {"category": "recorder"})
        return
    if filled.asked:
        text = f"{filled.bars} minutes that were missed are fetched from candles of {len(filled.asked)} symbols"
        told.write("INFO", text, {"category": "recorder"})
    if filled.left or filled.failures:
        names = ", ".join([*filled.failures, *filled.left][:MOST_NAMED])
        text = f"minutes of {len(filled.left) + len(filled.failures)} symbols stay missing: {names}"
        told.write("WARNING", text, {"category": "recorder"})


def _session(
    day: date, outcomes: Sequence[Outcome], plan: Plan, ports: ClosePorts,
) -> tuple[list[Bar], list[dict[str, Any]], str]:
    """Bars of what was traded, option structures, and why there are none; the day's volatility is kept."""
    from common.research.archived import NothingRecorded
    from common.research.faults import DataError

    traded = sorted({trade["symbol"] for outcome in outcomes for trade in outcome.trades})
    chosen = plan.of(AssetClass.OPTIONS)
    selection = chosen.options if chosen is not None else None
    try:
        with ports.market(day) as market:
            keep_volatility(day, selection, market, ports.archive)
            return list(market.feed(day, traded)), structures_of(day, outcomes, market), ""
    except (NothingRecorded, DataError) as error:
        keep_volatility(day, None, None, ports.archive)
        return [], [], f"no charts, no structures: {error}"


def _publish(day: date, result: Mapping[str, Any], ports: ClosePorts) -> None:
    """The report document, and the lock when something is carried; a person's answer to the same lock is kept."""
    store, id = ports.store, day.isoformat()
    stored = store.get(REPORTS, id)
    carried = result["reconciliation"]["carried"]
    known = stored is not None and stored.fields.get("carried") == carried
    answer = dict(stored.fields) if stored is not None and known else {
        "carries": bool(carried), "closed_at": ports.clock.now().isoformat(),
    }
    fields = {
        **answer, "date": id, "order_hash": result["order_hash"], "totals": result["totals"], "carried": carried,
        "alarms": result["reconciliation"]["alarms"], "mode": result["mode"],
        "real_money": ports.real_money and result["mode"] == "live",
    }
    if stored is not None and stored.fields == fields:
        return
    if carried and not known:
        lock(store, day, carried, ports.clock)
    write = Create(REPORTS, id, fields) if stored is None else Update(REPORTS, id, fields, stored.version)
    try:
        store.commit([write])
    except Conflict:
        return  # closed by another at the same time, from the same books


def _alarm(day: date, category: str, texts: list[str], ports: ClosePorts) -> None:
    """Each alarm once, however often the day is closed: its id is made from what it says."""
    logs = ports.logs.about(date=day.isoformat(), service="close_day")
    for text in _records(texts):
        id = f"{day.isoformat()}-close-{crc32(text.encode()):08x}"
        if ports.store.get(LOGS, id) is None:
            logs.write("CRITICAL", f"{category}: {text}", {"category": category}, id=id)
    logs.flush(FLUSH_SECONDS)


def _records(texts: list[str]) -> Iterator[str]:
    yield from texts[:MAX_RECORDS]
    if len(texts) > MAX_RECORDS:
        yield f"{len(texts) - MAX_RECORDS} more alarms are in the report"


def _begun(day: date, plan: Plan, store: DocumentStore) -> list[ClassPlan]:
    """What was to be traded; of a plan that has been rejected since, what had been launched by then."""
    if plan.status != "REJECTED":
        return list(plan.enabled)
    chosen = [one for one in plan.classes if one.enabled]
    return [one for one in chosen if store.get(WORKLOADS, workload_id(day, one.asset_class)) is not None]


def _outcome(day: date, chosen: ClassPlan, store: DocumentStore, archive: Archive) -> Outcome:
    asset_class = chosen.asset_class
    workload = store.get(WORKLOADS, workload_id(day, asset_class))
    summary: Mapping[str, Any] = workload.fields["summary"] if workload else {}
    equity = archive.get(day, equity_name(asset_class))
    trades = load_trades(store, day, asset_class)
    return Outcome(
        asset_class=asset_class, state=workload.fields["state"] if workload else "NEVER LAUNCHED",
        orders=[order_from_fields(fields) for fields in load_orders(store, day, asset_class).values()],
        trades=[trades[id] for id in sorted(trades)],
        equity=[(time, net) for time, net in json.loads(equity)] if equity else [], summary=summary,
        alarms=list(summary.get("alarms", ())),
    )
