"""Sweep: many sets of parameters of one strategy over the same days, each set with a trading session of its own.

What the sets share is done once, before the processes part: files read, bars made, indicators computed. Days are
independent, as in a backtest: one set here has the order hash that `backtest` gives it.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import is_trading_day
from common.market.instrument import Instrument
from common.planning.mandate import Mandate
from common.research.backtest import OrderDigest, chosen_days
from common.research.backtest_plan import AllExcluded, NothingToTest, Request, plan_day
from common.research.market import StreamedMarket
from common.research.memory_ledger import OrderLedger
from common.research.pool import each_done
from common.research.schedules import schedule_of
from common.research.sparse import schedule_all, trade_sparsely
from common.research.tape import Tape
from common.research.workload import Terms, order_ids, select
from common.strategies.registry import build
from common.trading.driver import Driver
from common.trading.order_hash import order_bytes

BARS_AT_ONCE: Final = 1_000_000
"""Bars in memory before the sets are traded on them; by the size of their objects about 400 MB, shared by all."""


@dataclass(frozen=True, slots=True)
class Market:
    """What sets trade on one day, and within what. silent: symbols whose bars never have volume. ids: of orders."""

    terms: Terms
    book: Mapping[str, Instrument]
    silent: frozenset[str]
    tape: Tape
    ids: str


class SharedDay:
    """One day in memory. Of a plan, sets change the parameters; but that of options depends on the underlying."""

    def __init__(self, day: date, market: StreamedMarket, mandate: Mandate) -> None:
        self.day = day
        self._mandate = mandate
        self._instruments = market.instruments(day)
        symbols = [instrument.symbol for instrument in self._instruments]
        self._silent = market.without_volume(day, symbols)
        self._bars: list[Bar] = list(market.feed(day, symbols))
        self.size = len(self._bars)
        self._markets: dict[Any, Market | None] = {}

    def market(self, request: Request) -> Market | None:
        """Made once; None where the lists rule everything out."""
        key = request.parameters.get("underlying")
        if key not in self._markets:
            self._markets[key] = self._made(request)
        return self._markets[key]

    def _made(self, request: Request) -> Market | None:
        try:
            plan = plan_day(self.day, request, self._instruments, self._mandate).plan
        except AllExcluded:
            return None
        instruments = select(plan, self._instruments)
        place = {instrument.symbol: number for number, instrument in enumerate(instruments)}
        bars = [bar for bar in self._bars if bar.symbol in place]
        bars.sort(key=lambda bar: (bar.ts, place[bar.symbol]))
        book = {instrument.symbol: instrument for instrument in instruments}
        ids = order_ids(self.day, plan.asset_class)
        return Market(Terms.of(self.day, plan, instruments), book, self._silent & book.keys(), Tape(bars), ids)


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
    market = StreamedMarket(request.paths, days, warned=False)
    for stretch in _stretches(SharedDay(day, market, mandate) for day in days):
        _make_shared(stretch, request, sets)

        def work(number: int, stretch: Sequence[SharedDay] = stretch) -> list[dict[str, Any]]:
            chosen = _with(request, sets[number])
            return [_freed(trade_set(day, chosen)) for day in stretch]

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


def trade_set(day: SharedDay, request: Request) -> dict[str, Any]:
    """One day of one set: sparsely where its strategy has a schedule, else every minute."""
    market = day.market(request)
    if market is None:
        nothing = dict.fromkeys(("trades", "gross", "charges", "wins"), 0)
        return {"date": day.day.isoformat(), **nothing, "failed": False, "orders": b""}
    terms, tape = market.terms, market.tape
    exchange = Exchange(market.book, FillModel(seed=request.seed), market.silent, market.ids)
    session, ledger = terms.open({**terms.plan.parameters, **request.parameters}), OrderLedger()
    driver = Driver(session, exchange, ledger)
    watched = schedule_all(session, tape)
    if watched is not None:
        trade_sparsely(driver, tape, watched)
    else:
        for minute, ts in enumerate(tape.starts):
            driver.run(tape.bars[tape.at(minute) : tape.at(minute + 1)])
            driver.pass_time(ts + NANOSECONDS_A_MINUTE)
    driver.pass_time(session.times.close)
    orders = sorted(ledger.orders.values(), key=lambda order: order.tag)
    return {
        "date": day.day.isoformat(), "trades": len(ledger.trades), "gross": sum(t.gross for t in ledger.trades),
        "charges": sum(t.charges.total for t in ledger.trades), "wins": sum(t.net > 0 for t in ledger.trades),
        "failed": any(slot.quantity for slot in session.slots.values()),
        "orders": b"".join([order_bytes(order) for order in orders]),
    }


def _freed(found: dict[str, Any]) -> dict[str, Any]:
    """As given. Its session refers to itself; a few at a time are freed while they are in the processor's cache."""
    gc.collect(0)
    return found


def _with(request: Request, parameters: Mapping[str, Any]) -> Request:
    return replace(request, parameters={**request.parameters, **parameters})


def _stretches(days: Iterable[SharedDay]) -> Iterator[list[SharedDay]]:
    """Days that are in memory together."""
    stretch: list[SharedDay] = []
    for day in days:
        stretch.append(day)
        if sum(one.size for one in stretch) >= BARS_AT_ONCE:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _make_shared(stretch: Sequence[SharedDay], request: Request, sets: Mapping[int, Mapping[str, Any]]) -> None:
    """Tapes and the columns that schedules need, before the processes part.

    By as few sets as have every value among them: a column mostly depends on one; what does not is left to processes.
    """
    seen, scheduled = set[tuple[str, Any]](), True
    for parameters in sets.values():
        if seen.issuperset(parameters.items()) and seen:
            continue
        seen.update(parameters.items())
        chosen = _with(request, parameters)
        for day in stretch:
            market = day.market(chosen)
            if market is not None and scheduled:
                scheduled = _has_schedules(market, chosen)


def _has_schedules(market: Market, request: Request) -> bool:
    """Whether the strategy has them for every series; then what they need is kept."""
    plan = market.terms.plan
    strategy = build(plan.strategy, {**plan.parameters, **request.parameters})
    found = (market.tape.series.get(symbol) for symbol in plan.universe)
    return all(schedule_of(strategy, series) is not None for series in found if series is not None)


def _add(row: Row, day: Mapping[str, Any]) -> None:
    row.daily.append([day["date"], day["gross"] - day["charges"], day["trades"]])
    row.gross += day["gross"]
    row.charges += day["charges"]
    row.wins += day["wins"]
    row.failed += day["failed"]
