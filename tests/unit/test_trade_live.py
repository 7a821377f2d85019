"""A workload on a market that goes on by itself: bars, quotes, time, what was missed, and what falls silent."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from common.adapters.clock import INDIA
from common.day.live import trade_live
from common.day.trade_ports import nanoseconds
from common.day.workload import Workload
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.instrument import Instrument
from common.trading.errors import BrokerUnavailable
from tests.unit.live_case import LONG, LiveHouse
from tests.unit.trading_case import DAY, OPEN, minute

STEP_SECONDS = 2.0
"""A quote that is older than five seconds opens nothing."""


class Ticking:
    """The house's market as a live one: now and then its quotes, each minute its bars, its clock moved on by asking.

    lost_at: minute at which it was away. mute_from: minute from which no quote comes. fails: no candles.
    """

    def __init__(self, house: LiveHouse) -> None:
        self.house = house
        self.market = house.market
        self.watched: list[str] = []
        self.lost_at = self.mute_from = -1
        self.fails = self.closed = False

    def instruments(self, day: date) -> list[Instrument]:
        return self.market.instruments(day)

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        return self.market.without_volume(day, symbols)

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        del day, sessions
        return {}

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        raise NotImplementedError

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        return self.market.quotes(symbols, at)

    def watch(self, day: date, symbols: Sequence[str]) -> None:
        assert day == DAY
        self.watched += symbols

    def so_far(self, day: date, symbols: Sequence[str], waiting: Callable[[], None] = lambda: None) -> Iterator[Bar]:
        del day
        if self.fails:
            raise BrokerUnavailable("as the test wants it")
        waiting()
        now = nanoseconds(self.house.clock)
        for symbol in symbols:
            yield from (bar for bar in self.market.feeds[symbol] if bar.ts + NANOSECONDS_A_MINUTE <= now)

    def news(self, seconds: float) -> Sequence[Bar | Quote]:
        del seconds
        before = nanoseconds(self.house.clock)
        self.house.clock.sleep(STEP_SECONDS)
        now = nanoseconds(self.house.clock)
        number = (now - OPEN) // NANOSECONDS_A_MINUTE
        events: list[Bar | Quote] = []
        if before // NANOSECONDS_A_MINUTE != now // NANOSECONDS_A_MINUTE:
            ended = OPEN + (number - 1) * NANOSECONDS_A_MINUTE
            events += [bar for feed in self.market.feeds.values() for bar in feed if bar.ts == ended]
        if not 0 <= self.mute_from <= number:
            events += self.market.quotes(self.watched, self.house.clock.now())
        return events

    def news_was_lost(self) -> bool:
        number = (nanoseconds(self.house.clock) - OPEN) // NANOSECONDS_A_MINUTE
        if self.lost_at == number:
            self.lost_at = -1
            return True
        return False

    def is_whole(self, bar: Bar) -> bool:
        del bar
        return True

    def silent(self, symbols: Sequence[str], seconds: float) -> Collection[str]:
        del seconds
        number = (nanoseconds(self.house.clock) - OPEN) // NANOSECONDS_A_MINUTE
        return list(symbols) if 0 <= self.mute_from <= number else []

    def figures(self) -> dict[str, Any]:
        return {"state": "live"}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveHouse:
    return LiveHouse(tmp_path, monkeypatch, LONG)


def live(house: LiveHouse, market: Ticking, workload: Workload | None = None) -> Workload:
    workload = workload or house.open()
    trade_live(workload, market, house.clock, house.logs)
    return workload


def test_a_live_day_is_traded_to_its_end(house: LiveHouse) -> None:
    """Enters on the bar, is protected, flat at the square-off, ends a minute after the close."""
    market = Ticking(house)
    workload = live(house, market)
    summary = workload.finish()
    assert (summary["orders"] > 1, summary["open_positions"], summary["trades"]) == (True, 0, 1)
    assert house.net() == {}
    assert house.clock.now() >= datetime(2025, 8, 29, 15, 31, tzinfo=INDIA)
    assert market.watched == ["AAA"]
    assert market.closed
    assert any(record["message"] == "what the stream has told" for record in house.logs.records)


def test_a_late_start_is_warmed_and_no_bar_is_taken_twice(house: LiveHouse) -> None:
    """At 09:21 the strategy has seen the minutes before, decides on the sixth, and buys once."""
    house.until(9, 21)
    market = Ticking(house)
    workload = house.open()
    seen: list[int] = []
    on_bar = workload.session.on_bar
    warm = workload.session.warm

    def noted(bar: Bar) -> Any:
        seen.append(bar.ts)
        return on_bar(bar)

    def warmed(bar: Bar) -> None:
        seen.append(bar.ts)
        warm(bar)

    workload.session.on_bar = noted  # type: ignore[method-assign]
    workload.session.warm = warmed  # type: ignore[method-assign]
    live(house, market, workload)
    assert seen == [minute(n) for n in range(350)]
    assert workload.finish()["trades"] == 1


def test_without_the_bars_so_far_it_goes_on(house: LiveHouse) -> None:
    """The broker's candles do not come: said, and the day goes on from here."""
    house.until(9, 20)
    market = Ticking(house)
    market.fails = True
    workload = live(house, market)
    assert any("indicators begin now" in message for message in house.logs.messages)
    assert workload.finish()["open_positions"] == 0


def test_after_a_loss_of_the_stream_the_books_are_read(house: LiveHouse) -> None:
    """News of orders may have gone by: the order book is read at once, not half a minute later."""
    market = Ticking(house)
    house.lossy = True
    workload = house.open()
    reads: list[timedelta] = []
    orders = house.account.orders

    def noted() -> Any:
        reads.append(timedelta(microseconds=(nanoseconds(house.clock) - OPEN) // 1000))
        return orders()

    house.account.orders = noted  # type: ignore[method-assign]
    market.lost_at = 100
    live(house, market, workload)
    assert timedelta(minutes=100) in reads
    gaps = {later - sooner for sooner, later in pairwise(reads)}
    assert timedelta(seconds=30) in gaps


def test_a_held_symbol_that_falls_silent_is_told_of_once(house: LiveHouse) -> None:
    """While it is held, and not again until it has been heard."""
    market = Ticking(house)
    market.mute_from = 30
    live(house, market)
    told = [message for message in house.logs.messages if "is held and has had no tick" in message]
    assert len(told) == 1
    assert told[0].startswith("AAA")
