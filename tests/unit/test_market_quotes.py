"""Quotes of recorded sessions: what had been seen at a moment, and nothing that came after."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.market.indian_time import INDIA
from common.research.market import RecordedMarket

OPEN = datetime(2025, 8, 29, 9, 15, tzinfo=INDIA)


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    rows = ["ts,symbol,exchange,open,high,low,close,volume,oi"]
    for symbol, first in (("AAA", 0), ("BBB", 2)):
        rows += [
            f"{OPEN + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S+05:30},{symbol},NSE,100,120,90,{100 + n},10,0"
            for n in range(first, 5)
        ]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([*rows, ""]))
    return RecordedMarket([path])


@pytest.mark.parametrize(("seconds", "expected"), [
    (59, []), (60, [("AAA", 100_00, 10)]), (179, [("AAA", 101_00, 20)]),
    (180, [("AAA", 102_00, 30), ("BBB", 102_00, 10)]), (36_000, [("AAA", 104_00, 50), ("BBB", 104_00, 30)]),
    (86_400, []), (-86_400, []),
])
def test_only_bars_that_have_ended(market: RecordedMarket, seconds: int, expected: list[tuple[str, int, int]]) -> None:
    """The last close and the day's volume up to it, dated now; a symbol that has not traded that day has no quote."""
    at = OPEN + timedelta(seconds=seconds)
    for moment in (at, at.astimezone(UTC)):
        quotes = market.quotes(["AAA", "BBB", "CCC"], moment)
        assert [(quote.symbol, quote.last, quote.volume) for quote in quotes] == expected
        assert {quote.ts for quote in quotes} <= {int(at.timestamp()) * 10**9}
