"""close_day of a live day: minutes that nobody heard are fetched before its charts are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

from pyarrow import parquet

from common.adapters.clock import VirtualClock
from common.day.close import ClosePorts, close_day
from common.market.bar import Bar
from common.market.instrument import Instrument
from common.research.archived import archived_market
from common.research.recorder import bars_table
from common.research.refetch import Filled, fill_holes
from common.trading.errors import BrokerUnavailable
from tests.unit.books_case import DAY, MINUTE, TIMES, plain_day
from tests.unit.closing_case import Closing
from tests.unit.trading_case import share

Candles = Callable[[Instrument, date], Sequence[Bar]]
HEARD, MISSED = (Bar(TIMES.open + n * MINUTE, "AAA", 100_00, 101_00, 99_00, 100_50, 7) for n in range(2))


def recorded(folder: Path) -> Closing:
    """A day of which one minute was heard."""
    closing, data = Closing(folder, plain_day()), BytesIO()
    parquet.write_table(bars_table([(HEARD, True)], {"AAA": share("AAA")}), data)
    closing.archive.put(DAY, "market/options/bars-09-a.parquet", data.getvalue())
    closing.market = partial(archived_market, closing.archive)
    return closing


def with_candles(closing: Closing, candles: Candles) -> ClosePorts:
    """As on Kite."""
    def refetch(day: date, first: Sequence[str], in_time: Callable[[], bool]) -> Filled:
        return fill_holes(day, closing.archive, [share("AAA")], candles, in_time, first)

    return replace(
        ClosePorts(
            closing.store, closing.archive, closing.market, closing.read_orders, closing.clock, closing.logs,
        ), refetch=refetch,
    )


def test_missed_minutes_are_fetched_before_the_report(tmp_path: Path) -> None:
    """Not while the session goes on; then once, and the report's charts have them."""
    closing, asked = recorded(tmp_path), list[str]()

    def candles(one: Instrument, day: date) -> Sequence[Bar]:
        assert day == DAY
        asked.append(one.symbol)
        return [MISSED]

    ports = with_candles(closing, candles)
    early = replace(ports, clock=VirtualClock(closing.clock.now().replace(hour=11)))
    assert len(close_day(DAY, early)["bars"]["AAA"]) == 1
    assert asked == []
    for _ in range(2):
        assert len(close_day(DAY, ports)["bars"]["AAA"]) == 2
    assert asked == ["AAA"]
    assert closing.logs.messages == ["1 minutes that were missed are fetched from candles of 1 symbols"]


def test_candles_that_do_not_come_leave_the_day_as_it_is(tmp_path: Path) -> None:
    """It is closed all the same, and what stays missing is named."""
    closing = recorded(tmp_path)

    def candles(one: Instrument, day: date) -> Sequence[Bar]:
        raise BrokerUnavailable(f"{one.symbol} on {day}: as the test wants it")

    assert len(close_day(DAY, with_candles(closing, candles))["bars"]["AAA"]) == 1
    assert closing.logs.messages[0].startswith("minutes of 1 symbols stay missing: AAA: ")
