"""Minutes that the stream missed: fetched once the day is over, marked, bounded, and each symbol asked for once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path

from pyarrow import parquet

from common.adapters.directory import DirectoryArchive
from common.market.bar import Bar
from common.market.calendar import session_times
from common.market.instrument import AssetClass, Instrument
from common.research.archived import archived_market
from common.research.recorder import bars_table
from common.research.refetch import MOST_FAILURES, REFETCHED, Filled, fill_holes
from common.trading.errors import BrokerUnavailable
from tests.unit.trading_case import DAY, MINUTE, OPEN, share

TIMES = session_times(DAY, AssetClass.STOCK)
WHOLE_DAY = (TIMES.close - TIMES.open) // MINUTE
AWAY = range(20, 25)
TORN = (19, 25)
SILENT = 40
SYMBOLS = ("AAA", "BBB", "CCC")
LISTED = [share(symbol) for symbol in SYMBOLS]


def bar(symbol: str, minute: int, close: int, bid: int = 0) -> Bar:
    """ask: a rupee above the bid."""
    return Bar(OPEN + minute * MINUTE, symbol, close, close, close, close, 10, 0, bid, bid + 1_00 if bid else 0)


class Broker:
    """Has a candle of each minute but the silent one of BBB."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.asked: list[str] = []

    def candles(self, one: Instrument, day: date) -> Sequence[Bar]:
        assert day == DAY
        self.asked.append(one.symbol)
        if one.symbol in self.fails:
            raise BrokerUnavailable("as the test wants it")
        minutes = [n for n in range(WHOLE_DAY) if (one.symbol, n) != ("BBB", SILENT)]
        return [bar(one.symbol, n, 200_00) for n in minutes]


def recorded(folder: Path, symbols: Sequence[str] = SYMBOLS) -> DirectoryArchive:
    """A day with the stream away for five minutes, and BBB silent for one that the others were heard in."""
    archive, data = DirectoryArchive(folder), BytesIO()
    rows = [
        (bar(symbol, n, 100_00, 99_50), n not in TORN) for symbol in symbols for n in range(WHOLE_DAY)
        if n not in AWAY and (symbol, n) != ("BBB", SILENT)
    ]
    parquet.write_table(bars_table(rows, {symbol: share(symbol) for symbol in symbols}), data)
    archive.put(DAY, "market/stock/bars-09-a.parquet", data.getvalue())
    archive.put(DAY, "market/stock/quotes-09-a.parquet", b"no bars")
    return archive


def fill(archive: DirectoryArchive, broker: Broker, in_time: Callable[[], bool] = lambda: True, *first: str) -> Filled:
    return fill_holes(DAY, archive, LISTED, broker.candles, in_time, first)


def closes(archive: DirectoryArchive, symbol: str) -> Mapping[int, Bar]:
    """By minute of the day."""
    with archived_market(archive, DAY) as market:
        return {(one.ts - OPEN) // MINUTE: one for one in market.feed(DAY, [symbol])}


def test_the_archive_has_no_hole_where_the_broker_has_candles(tmp_path: Path) -> None:
    """Missed and incomplete minutes are the broker's, what was heard is ours; quotes of a torn minute are kept."""
    archive, broker = recorded(tmp_path), Broker()
    filled = fill(archive, broker)
    assert (filled.bars, filled.asked, filled.left, filled.failures) == (3 * 7, list(SYMBOLS), [], [])
    for symbol in SYMBOLS:
        found = closes(archive, symbol)
        assert len(found) == WHOLE_DAY - (symbol == "BBB")
        assert {n for n, one in found.items() if one.close == 200_00} == {*AWAY, *TORN}
        assert (found[TORN[0]].bid, found[TORN[0]].ask) == (99_50, 100_50)
        assert (found[AWAY[0]].bid, found[AWAY[0]].ask) == (0, 0)
    (name,) = archive.list(DAY, "market/refetched/bars")
    data = archive.get(DAY, name)
    assert data is not None
    table = parquet.read_table(BytesIO(data))
    assert table[REFETCHED].to_pylist() == [True] * 21
    assert table["incomplete"].to_pylist() == [False] * 21


def test_a_day_without_a_gap_asks_nobody(tmp_path: Path) -> None:
    """A minute in which one symbol was not traded is none; a symbol that is not listed cannot be asked for."""
    archive, broker = recorded(tmp_path), Broker()
    fill(archive, broker)
    again = Broker()
    assert fill(archive, again) == Filled()
    assert again.asked == []
    strange = recorded(tmp_path / "other", ["ZZZ"])
    assert fill(strange, again) == Filled()


def test_what_did_not_fit_is_named_and_asked_for_the_next_time(tmp_path: Path) -> None:
    """What was traded comes first; the time is asked for before each request."""
    archive, broker = recorded(tmp_path), Broker()
    filled = fill(archive, broker, lambda: not broker.asked, "CCC")
    assert (filled.asked, filled.left) == (["CCC"], ["AAA", "BBB"])
    assert len(closes(archive, "AAA")) == WHOLE_DAY - len(AWAY)
    filled = fill(archive, broker)
    assert broker.asked == ["CCC", "AAA", "BBB"]
    assert all(len(closes(archive, symbol)) >= WHOLE_DAY - 1 for symbol in SYMBOLS)


def test_a_broker_that_does_not_answer_is_left_alone(tmp_path: Path) -> None:
    """One that fails is named and asked for again another time; after three in a row no other is."""
    archive, broker = recorded(tmp_path), Broker("AAA")
    filled = fill(archive, broker)
    assert filled.asked == ["BBB", "CCC"]
    assert filled.failures == ["AAA: as the test wants it"]
    assert fill(archive, Broker()).asked == ["AAA"]
    many = [f"S{n}" for n in range(8)]
    archive, broker = recorded(tmp_path / "other", many), Broker(*many)
    filled = fill_holes(DAY, archive, [share(one) for one in many], broker.candles, lambda: True)
    assert (len(broker.asked), len(filled.failures), len(filled.left)) == (MOST_FAILURES, MOST_FAILURES, 5)
