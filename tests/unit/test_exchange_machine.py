"""Whatever is asked of the simulated exchange, in any order: what may never happen, worked out from what it tells."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.exchange.checks import Rules
from common.exchange.fills import FillModel
from common.exchange.latency import Latency
from common.exchange.margin import MarginRates
from common.exchange.resting import Terms, resting_fields, resting_from_fields
from common.exchange.simulated import Exchange
from common.market.bar import Bar, Quote
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, OrderUpdate, Status
from tests.unit.exchange_case import DAY, at, option, order, share

CALL: Final = option(24500)
SHARES: Final = (share("AAA", freeze=500), share("BBB"))
BOOK: Final = {one.symbol: one for one in (*SHARES, CALL)}
SYMBOLS: Final = st.sampled_from(sorted(BOOK))
SIDES: Final = st.sampled_from([1, -1])
TICKS: Final = st.integers(-8, 8)
SELDOM: Final = st.integers(0, 4)
"""0 does it: what ends or stops everything must not happen all the time."""
LOTS: Final = st.integers(1, 4)
SIZES: Final = st.sampled_from([0, 1, 65, 130, 500])
LATENCIES: Final = (Latency(), Latency(0, 3 * 10**9, seed=5), Latency(10**9, 10**9))
RULES: Final = (Rules(), Rules(on=DAY, modifications=3, margin=MarginRates(), cash=10_00_000_00))


class AnyDay(RuleBasedStateMachine):
    """Three symbols near 100 rupees. terms, seen: by key, from the news alone. journal: the last saved state by id."""

    exchange: Exchange
    make: Callable[[], Exchange]

    @initialize(latency=st.sampled_from(LATENCIES), rules=st.sampled_from(RULES))
    def begin(self, latency: Latency, rules: Rules) -> None:
        self.make = lambda: Exchange(BOOK, FillModel(seed=1), latency=latency, rules=rules)
        self.exchange = self.make()
        self.seconds = 0.0
        self.number = 0
        self.volume = 0
        self.journal: dict[str, str] = {}
        self.terms: dict[str, Terms] = {}
        self.status: dict[str, Status] = {}
        self.filled: defaultdict[str, int] = defaultdict(int)
        self.net: defaultdict[str, int] = defaultdict(int)
        self.fill_ids: set[str] = set()
        self.halted: set[str] = set()
        self.bands: dict[str, tuple[int, int]] = {}

    @rule(symbol=SYMBOLS, empty=st.sampled_from([0, 0, 0, 0, 1, -1]), later=st.sampled_from([0.0, 0.3, 1.0, 2.5]),
          moves=st.lists(st.tuples(TICKS, st.integers(0, 4), st.tuples(SIZES, SIZES), SIZES), min_size=1, max_size=4))
    def quotes(
        self, symbol: str, empty: int, later: float, moves: list[tuple[int, int, tuple[int, int], int]],
    ) -> None:
        for last, spread, sizes, traded in moves:
            self.seconds += later
            self.volume += traded
            middle = 100_00 + 5 * last
            bid, ask = 0 if empty < 0 else middle - 5 * spread, 0 if empty > 0 else middle + 5 * spread + 5
            self.exchange.observe(Quote(at(self.seconds), symbol, middle, bid, ask, *sizes, self.volume))
            self.hear()

    @rule(symbol=SYMBOLS, first=TICKS, last=TICKS, volume=SIZES)
    def bar(self, symbol: str, first: int, last: int, volume: int) -> None:
        self.seconds += 60
        opened, closed = 100_00 + 5 * first, 100_00 + 5 * last
        high, low = max(opened, closed) + 5, min(opened, closed) - 5
        self.exchange.observe(Bar(at(self.seconds - 60), symbol, opened, high, low, closed, volume * 10))
        self.hear()

    @rule(later=st.sampled_from([0.5, 3.0]))
    def pass_time(self, later: float) -> None:
        self.seconds += later
        self.exchange.pass_time(at(self.seconds))
        self.hear()

    @rule(symbol=SYMBOLS, side=SIDES, away=TICKS, gap=st.integers(-3, 10), lots=LOTS, stop=st.booleans())
    def place(self, symbol: str, side: int, away: int, gap: int, lots: int, stop: bool) -> None:
        self.number += 1
        price = 100_00 + 5 * away
        trigger = price - 5 * side * gap if stop else 0
        quantity = lots * BOOK[symbol].lot * (1 if BOOK[symbol].lot > 1 else 37)
        made = order(side, price, trigger, quantity, self.number, self.seconds, symbol)
        self.ask(made.tag, lambda: self.exchange.place(made), (made.kind, quantity, price, trigger))

    @rule(symbol=SYMBOLS, side=SIDES, lots=LOTS, away=st.sampled_from([None, -5, 5]))
    def person(self, symbol: str, side: int, lots: int, away: int | None) -> None:
        price = 0 if away is None else 100_00 + 5 * away
        try:
            id = self.exchange.foreign_order(symbol, side, lots * BOOK[symbol].lot, at(self.seconds), price)
        except OrderRejected:
            return
        self.terms[id] = self.exchange.book[id].terms
        self.hear()

    @precondition(lambda self: self.alive())
    @rule(data=st.data(), away=TICKS, lots=LOTS, stop=st.booleans())
    def modify(self, data: st.DataObject, away: int, lots: int, stop: bool) -> None:
        key = data.draw(st.sampled_from(self.alive()))
        held = self.exchange.book[key]
        kind, price = Kind.SL if stop else Kind.LIMIT, 100_00 + 5 * away
        new = (kind, lots * BOOK[held.symbol].lot, price, price - 10 * held.side if stop else 0)
        at_once = self.exchange.latency.longest == 0
        self.ask(key, lambda: self.exchange.modify(key, at(self.seconds), *new), new if at_once else None)

    @precondition(lambda self: self.alive())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.alive()))
        self.ask(key, lambda: self.exchange.cancel(key, at(self.seconds)), None)

    @rule(symbol=SYMBOLS, really=SELDOM)
    def halt_or_resume(self, symbol: str, really: int) -> None:
        if really and symbol not in self.halted:
            return
        if symbol in self.halted:
            self.exchange.resume(symbol)
        else:
            self.exchange.halt(symbol)
        self.halted ^= {symbol}

    @rule(symbol=SYMBOLS, width=st.sampled_from([0, 30, 100]))
    def band(self, symbol: str, width: int) -> None:
        self.bands[symbol] = (100_00 - 5 * width, 100_00 + 5 * width) if width else (0, 0)
        self.exchange.set_band(symbol, *self.bands[symbol])

    @rule(really=SELDOM)
    def square_off(self, really: int) -> None:
        if really:
            return
        for id in self.exchange.broker_square_off(at(self.seconds)):
            self.terms[id] = self.exchange.book[id].terms
        self.hear()

    @rule()
    def die_and_come_back(self) -> None:
        """Only the journal is left; who feeds the market says again what is halted and what the bands are."""
        before, self.exchange = self.exchange, self.make()
        self.exchange.restore([resting_from_fields(json.loads(line)) for line in self.journal.values()])
        assert stories(self.exchange) == stories(before)
        assert self.exchange.positions() == before.positions()
        for symbol in self.halted:
            self.exchange.halt(symbol)
        for symbol, band in self.bands.items():
            self.exchange.set_band(symbol, *band)

    def alive(self) -> list[str]:
        """Orders that are not known to have ended."""
        return [key for key in self.terms if not self.status[key].terminal]

    def ask(self, key: str, request: Any, terms: Terms | None) -> None:
        """A request that may be refused; taken, the order has these terms."""
        symbol = self.exchange.book[key].symbol if key in self.exchange.book else ""
        before = self.exchange.book[key].terms if symbol else None
        try:
            request()
        except OrderRejected:
            assert not symbol or self.exchange.book[key].terms == before, "refused, and changed all the same"
        else:
            if terms is not None:
                self.terms[key] = terms
        self.hear()

    def hear(self) -> None:
        """Drain, count, and save what changed, as the paper broker does."""
        news = self.exchange.drain()
        for update in news:
            self.count(update)
        books = self.exchange.books
        changed = {update.tag or update.broker_id for update in news} | books.moved
        for held in sorted((books.orders[key] for key in changed), key=lambda one: one.id):
            self.journal[held.id] = json.dumps(resting_fields(held))
        books.moved.clear()

    def count(self, update: OrderUpdate) -> None:
        """Every single piece of news, against what was known before it."""
        key = update.tag or update.broker_id
        old = self.status.get(key, Status.INTENDED)
        assert update.status is old or update.status in old.following, f"{key}: {old} became {update.status}"
        assert update.symbol in BOOK
        assert update.side in (1, -1)
        if update.terms is not None:
            self.terms[key] = update.terms
        kind, quantity, price, trigger = self.terms[key]
        for fill in update.fills:
            assert fill.id not in self.fill_ids
            assert update.symbol not in self.halted, f"{key} traded while {update.symbol} was halted"
            assert (price - fill.price) * update.side >= 0, f"{key} traded at {fill.price}, its limit is {price}"
            assert fill.quantity > 0
            assert fill.quantity % BOOK[update.symbol].lot == 0
            assert not old.terminal
            self.fill_ids.add(fill.id)
            self.filled[key] += fill.quantity
            self.net[update.symbol] += update.side * fill.quantity
        assert update.filled == self.filled[key] <= quantity
        assert (update.status is Status.COMPLETE) == (self.filled[key] == quantity) or update.status is Status.CANCELLED
        assert not (kind is Kind.SL and update.status is Status.TRIGGER_PENDING and self.filled[key])
        assert trigger >= 0
        self.status[key] = update.status

    @invariant()
    def books_agree(self) -> None:
        """The order book and the positions are what the news said."""
        if not hasattr(self, "exchange"):
            return
        rows = {row.tag or row.broker_id: row for row in self.exchange.orders()}
        assert {key: row.status for key, row in rows.items()} == self.status
        for key, row in rows.items():
            assert row.filled == sum(fill.quantity for fill in row.fills) == self.filled[key]
        assert self.exchange.positions() == {symbol: units for symbol, units in self.net.items() if units}
        for symbol, working in self.exchange.books.working.items():
            assert symbol not in self.halted
            assert all(one.working and one.status is not Status.SENT for one in working)


def stories(exchange: Exchange) -> list[dict[str, Any]]:
    """Every order whole, but for which quote it met last without anything coming of it."""
    return [{**resting_fields(one), "matched": 0} for one in exchange.book.values()]


AnyDay.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestAnyDay = AnyDay.TestCase
