"""close_day of a live day: what its charts are drawn from, and what is fetched for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path

from pyarrow import parquet

from common.adapters.clock import VirtualClock
from common.day.close import close_day
from common.market.bar import Bar
from common.market.instrument import Instrument
from common.research.archived import archived_market
from common.research.recorder import bars_table
from common.trading.errors import BrokerUnavailable
from tests.unit.books_case import DAY, MINUTE, TIMES, plain_day
from tests.unit.closing_case import Closing, NoBars
from tests.unit.trading_case import share


def test_the_charts_of_a_live_day_are_the_recorders(tmp_path: Path) -> None:
    """Nobody opens the stream again; a day that was recorded badly or not at all has no charts, and that is said."""
    closing = Closing(tmp_path, plain_day())
    assert closing.run_live()["bars"] == {}
    assert [record["severity"] for record in closing.logged()] == ["WARNING"]
    assert "no charts: the archive has no recorded session" in closing.logs.messages[-1]
    bars = {"AAA": [Bar(TIMES.open, "AAA", 100_00, 101_00, 99_00, 100_50, 7)]}
    for low in (99_00, 102_00):
        bars["AAA"][0].low = low
        data = BytesIO()
        parquet.write_table(bars_table([(bars["AAA"][0], True)], {"AAA": share("AAA")}), data)
        closing.archive.put(DAY, "market/options/bars-09-a.parquet", data.getvalue(), overwrite=True)
        drawn = closing.run_live()["bars"]
        assert list(drawn) == (["AAA"] if low == 99_00 else [])
    assert "is not used" in closing.logs.messages[-1]


class Listed(NoBars):
    """What the broker lists after the close."""

    def instruments(self, day: date) -> list[Instrument]:
        del day
        return [share("AAA")]


def test_missed_minutes_are_fetched_before_the_report(tmp_path: Path) -> None:
    """Not while the session goes on; then once, and the report's charts have them."""
    closing, data, asked = Closing(tmp_path, plain_day()), BytesIO(), list[str]()
    heard, missed = (Bar(TIMES.open + n * MINUTE, "AAA", 100_00, 101_00, 99_00, 100_50, 7) for n in range(2))
    parquet.write_table(bars_table([(heard, True)], {"AAA": share("AAA")}), data)
    closing.archive.put(DAY, "market/options/bars-09-a.parquet", data.getvalue())

    def candles(one: Instrument, day: date) -> Sequence[Bar]:
        assert day == DAY
        asked.append(one.symbol)
        return [missed]

    ports = replace(
        closing.ports(Listed()), session=partial(archived_market, closing.archive), candles=candles,
    )
    evening = ports.clock.now()
    early = replace(ports, clock=VirtualClock(evening.replace(hour=11)))
    assert len(close_day(DAY, early)["bars"]["AAA"]) == 1
    assert asked == []
    for _ in range(2):
        assert len(close_day(DAY, ports)["bars"]["AAA"]) == 2
    assert asked == ["AAA"]
    assert closing.logs.messages == ["1 minutes that were missed are fetched from candles of 1 symbols"]


def test_candles_that_do_not_come_leave_the_day_as_it_is(tmp_path: Path) -> None:
    """It is closed all the same, and what stays missing is named."""
    closing, data = Closing(tmp_path, plain_day()), BytesIO()
    parquet.write_table(bars_table([(Bar(TIMES.open, "AAA", 5, 5, 5, 5), True)], {"AAA": share("AAA")}), data)
    closing.archive.put(DAY, "market/options/bars-09-a.parquet", data.getvalue())

    def candles(one: Instrument, day: date) -> Sequence[Bar]:
        raise BrokerUnavailable(f"{one.symbol} on {day}: as the test wants it")

    ports = replace(closing.ports(Listed()), session=partial(archived_market, closing.archive), candles=candles)
    assert len(close_day(DAY, ports)["bars"]["AAA"]) == 1
    assert closing.logs.messages[0].startswith("minutes of 1 symbols stay missing: AAA: ")
