"""Sweep: many sets of parameters of one strategy over the same days, each set with a trading session of its own.

What the sets share is done once, before the processes part: files read, bars made, indicators computed. Days are
independent, as in a backtest: one set here has the order hash that `backtest` gives it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import is_trading_day
from common.market.instrument import Instrument
from common.planning.mandate import Mandate
from common.planning.plan import ClassPlan
from common.research.backtest import OrderDigest, chosen_days
from common.research.backtest_plan import AllExcluded, NothingToTest, Request, plan_day
from common.research.market import StreamedMarket
from common.research.pool import each_done
from common.research.replay import MemoryLedger
from common.research.schedules import schedule_of
from common.research.sparse import schedule_all, trade_sparsely
from common.research.tape import Tape
from common.research.workload import open_session, order_ids, select
from common.strategies.registry import build
from common.trading.driver import Driver
from common.trading.order_hash import hash_row, row_bytes

BARS_AT_ONCE: Final = 1_000_000
"""Bars in memory before the sets are traded on them; by the size of their objects about 400 MB, shared by all."""


class SharedDay:
    """One day's market in memory. Tapes are made once for each choice of symbols."""

    def __init__(self, day: date, market: StreamedMarket) -> None:
        self.day = day
        self.instruments: list[Instrument] = market.instruments(day)
        symbols = [instrument.symbol for instrument in self.instruments]
        self._silent = market.without_volume(day, symbols)
        self._bars: list[Bar] = list(market.feed(day, symbols))
        self.size = len(self._bars)
        self._tapes: dict[tuple[str, ...], Tape] = {}

    def without_volume(self, symbols: Sequence[str]) -> frozenset[str]:
        """As the market says it."""
        return self._silent & frozenset(symbols)

    def tape(self, symbols: Sequence[str]) -> Tape:
        """Bars by time, then in the order of `symbols`."""
        key = tuple(symbols)
        if key not in self._tapes:
            place = {symbol: number for number, symbol in enumerate(key)}
            bars = sorted(
                (bar for bar in self._bars if bar.symbol in place), key=lambda bar: (bar.ts, place[bar.symbol])
            )
            self._tapes[key] = Tape(bars)
        return self._tapes[key]


@dataclass(slots=True)
class Row:
    """One set's results. daily: [ISO date, net paise, trades], one a day. orders: the hash of them all."""

    number: int
    parameters: Mapping[str, Any]
    daily: list[list[Any]]
    gross: int = 0
    charges: int = 0
    wins: int = 0
    failed: int = 0
    order_hash: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values; money in paise."""
        return {
            "number": self.number, "parameters": dict(self.parameters), "daily": self.daily, "gross_paise": self.gross,
            "charges_paise": self.charges, "net_paise": self.gross - self.charges,
            "trades": sum(row[2] for row in self.daily), "wins": self.wins, "failed_days": self.failed,
            "order_hash": self.order_hash,
        }


def sweep(
    request: Request, sets: Mapping[int, Mapping[str, Any]], mandate: Mandate, jobs: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """One row a set, by number. jobs: processes, 0 for all cores. Raises what `backtest` raises."""
    days = [day for day in chosen_days(request) if is_trading_day(day, special=True)]
    if not days:
        raise NothingToTest("none of the files' dates is a trading day: check their dates and time zone")
    rows = {number: Row(number, parameters, []) for number, parameters in sets.items()}
    digests = {number: OrderDigest() for number in sets}
    numbers, traded = list(sets), 0
    for stretch in _stretches(StreamedMarket(request.paths, days), days):
        _compute_shared(stretch, request, sets, mandate)

        def work(number: int, stretch: Sequence[SharedDay] = stretch) -> list[dict[str, Any]]:
            chosen = replace(request, parameters={**request.parameters, **sets[number]})
            return [trade_set(day, chosen, mandate) for day in stretch]

        for done, (at, found) in enumerate(each_done(numbers, work, jobs), 1):
            for one in found:
                _add(rows[numbers[at]], one)
                digests[numbers[at]].add_bytes(one["orders"])
            progress((traded + len(stretch) * done / len(numbers)) / len(days))
        traded += len(stretch)
    for number, row in rows.items():
        row.order_hash = digests[number].value()
    progress(1.0)
    return [rows[number].to_json() for number in sorted(rows)]


def trade_set(day: SharedDay, request: Request, mandate: Mandate) -> dict[str, Any]:
    """One day of one set: sparsely where its strategy has a schedule, else every minute."""
    try:
        plan = plan_day(day.day, request, day.instruments, mandate).plan
    except AllExcluded:
        nothing = dict.fromkeys(("trades", "gross", "charges", "wins"), 0)
        return {"date": day.day.isoformat(), **nothing, "failed": False, "orders": b""}
    instruments, tape = _market_of(day, plan)
    symbols = [instrument.symbol for instrument in instruments]
    book = {instrument.symbol: instrument for instrument in instruments}
    ids = order_ids(day.day, plan.asset_class)
    exchange = Exchange(book, FillModel(seed=request.seed), day.without_volume(symbols), ids)
    session, ledger = open_session(day.day, plan, instruments), MemoryLedger()
    driver = Driver(session, exchange, ledger)
    watched = schedule_all(session, tape)
    if watched is not None:
        trade_sparsely(driver, tape, watched)
    else:
        for ts, bars in zip(tape.starts, tape.minutes, strict=True):
            driver.run(bars)
            driver.pass_time(ts + NANOSECONDS_A_MINUTE)
    driver.pass_time(session.times.close)
    orders = sorted(ledger.orders.values(), key=lambda order: order.tag)
    return {
        "date": day.day.isoformat(), "trades": len(ledger.trades), "gross": sum(t.gross for t in ledger.trades),
        "charges": sum(t.charges.total for t in ledger.trades), "wins": sum(t.net > 0 for t in ledger.trades),
        "failed": any(slot.quantity for slot in session.slots.values()),
        "orders": b"".join(row_bytes(hash_row(order)) for order in orders),
    }


def _market_of(day: SharedDay, plan: ClassPlan) -> tuple[list[Instrument], Tape]:
    instruments = select(plan, day.instruments)
    return instruments, day.tape([instrument.symbol for instrument in instruments])


def _stretches(market: StreamedMarket, days: Sequence[date]) -> Iterator[list[SharedDay]]:
    """Days that are in memory together."""
    stretch: list[SharedDay] = []
    for day in days:
        stretch.append(SharedDay(day, market))
        if sum(one.size for one in stretch) >= BARS_AT_ONCE:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _compute_shared(
    stretch: Sequence[SharedDay], request: Request, sets: Mapping[int, Mapping[str, Any]], mandate: Mandate,
) -> None:
    """Tapes and the columns that schedules need, before the processes part."""
    first = next(iter(sets.values()))
    for day in stretch:
        chosen = replace(request, parameters={**request.parameters, **first})
        try:
            plan = plan_day(day.day, chosen, day.instruments, mandate).plan
        except AllExcluded:
            continue
        _, tape = _market_of(day, plan)
        for parameters in sets.values():
            strategy = build(request.strategy, {**request.parameters, **parameters})
            if not all(schedule_of(strategy, tape.series[s]) for s in plan.universe if s in tape.series):
                break


def _add(row: Row, day: Mapping[str, Any]) -> None:
    row.daily.append([day["date"], day["gross"] - day["charges"], day["trades"]])
    row.gross += day["gross"]
    row.charges += day["charges"]
    row.wins += day["wins"]
    row.failed += day["failed"]
