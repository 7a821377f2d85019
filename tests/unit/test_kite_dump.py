"""The instruments dump: parsed by columns, refused when short, stale or broken, kept and looked up."""

import gzip
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.kite.dump import OBJECT, Dump, check_dump, parse_dump, read_parquet
from common.adapters.kite.listing import KiteListing
from common.market.indian_time import INDIA
from common.market.instrument import Instrument, Kind
from common.market.instruments import COLUMNS, DumpError
from common.market.instruments import parse_dump as parse_by_rows
from common.trading.errors import BrokerUnavailable
from tests.unit.kite_case import SmallKite, account, body, data, error, small_kite
from tests.unit.trading_case import DAY

EXPIRY = date(2025, 9, 2)
SHARE = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.1,1,EQ,NSE,NSE"
BE = "408321,1595,INFY-BE,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE"
INDEX = "256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE"
FUTURE = "13568258,53001,NIFTY25SEPFUT,NIFTY,0.0,2025-09-30,0.0,0.1,75,FUT,NFO-FUT,NFO"
CALL = "13568514,53002,NIFTY2590224500CE,NIFTY,0.0,2025-09-02,24500.0,0.05,75,CE,NFO-OPT,NFO"
PUT = "13568770,53003,NIFTY2590224500PE,NIFTY,0.0,2025-09-02,24500.0,0.05,75,PE,NFO-OPT,NFO"
GOLD = "58424839,2,GOLDPETAL25SEPFUT,GOLD,0.0,2025-09-30,0.0,1.0,1,FUT,MCX-FUT,MCX"
ROWS = (SHARE, BE, INDEX, FUTURE, CALL, PUT, GOLD)
WHOLE = "GET /instruments"


def csv(*rows: str) -> bytes:
    return "\n".join([",".join(COLUMNS), *rows, ""]).encode()


def dump(*rows: str, day: date = DAY) -> Dump:
    return parse_dump(csv(*(rows or ROWS)), day)


def test_what_a_dump_says() -> None:
    """To the paisa, without other exchanges; shares of other series are known and not traded."""
    found = dump()
    assert [one.symbol for one in found.instruments()] == [
        "INFY", "NIFTY 50", "NIFTY25SEPFUT", "NIFTY2590224500CE", "NIFTY2590224500PE",
    ]
    assert found.by_symbol("INFY") == [Instrument("INFY", "NSE", Kind.EQUITY, 10, 1, 408065)]
    assert found.by_token(13568514) == Instrument(
        "NIFTY2590224500CE", "NFO", Kind.CALL, 5, 75, 13568514, "NIFTY", EXPIRY, 24500_00, 1800,
    )
    assert found.by_symbol("INFY-BE")
    assert (found.by_token(58424839), found.by_token(1), found.by_symbol("GOLD")) == (None, None, [])
    assert [one.kind for one in found.chain("NIFTY", EXPIRY)] == [Kind.CALL, Kind.PUT]
    assert [one.symbol for one in found.like("infos")] == ["INFY", "INFY-BE"]


def test_it_is_kept_whole() -> None:
    """Through Parquet and back; a file of another day is not taken for this one's."""
    stored = dump().to_parquet()
    again = read_parquet(stored, DAY)
    assert again.table.equals(dump().table)
    with pytest.raises(DumpError, match="not of 2025-09-01"):
        read_parquet(stored, date(2025, 9, 1))
    with pytest.raises(DumpError, match="cannot be read"):
        read_parquet(stored[:-20], DAY)


BROKEN = {
    "nothing": b"", "header alone": csv(), "other header": b"a,b\n1,2\n", "not CSV": b"\x00\xff\xfe", "HTML": b"<html>",
    "cut row": csv(SHARE, CALL[:40]), "token twice": csv(SHARE, SHARE),
    "no expiry": csv(SHARE, CALL.replace("2025-09-02", "")),
    "bad date": csv(CALL.replace("2025-09-02", "02-09-2025")), "no lot": csv(CALL.replace(",75,", ",0,")),
    "bad kind": csv(CALL.replace(",CE,", ",XX,")), "no number": csv(CALL.replace("24500.0", "many")),
    "less than a paisa": csv(CALL.replace("0.05", "0.053")), "infinite": csv(CALL.replace("24500.0", "inf")),
    "no strike": csv(CALL.replace("24500.0", "")), "negative": csv(CALL.replace("24500.0", "-5")),
    "no symbol": csv(SHARE.replace("INFY", "")), "another exchange alone": csv(GOLD),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_dump_is_refused(name: str) -> None:
    """With what to do, and nothing of it is used."""
    with pytest.raises(DumpError, match="fetch the dump again"):
        parse_dump(BROKEN[name], DAY)


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: csv(SHARE, text)))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """A dump or a refusal."""
    try:
        assert parse_dump(data, DAY).table.num_rows > 0
    except DumpError:
        return


def test_a_short_or_stale_dump_is_refused() -> None:
    """By exchange and by expiry beside the one before it, by its own dates, by its size."""
    before = dump(SHARE, INDEX, FUTURE, CALL, PUT)
    check_dump(before, before)
    for rows, what in (
        ((SHARE, INDEX), "0 rows of NFO"), ((SHARE, FUTURE, CALL, PUT), "1 rows of NSE"),
        ((FUTURE, CALL, PUT), "0 of NSE"),
        ((SHARE, INDEX, FUTURE, *(CALL.replace("13568514", f"{n}").replace("2025-09-02", "2025-09-09")
                                  for n in range(3))), "lacks the expiries NIFTY 2025-09-02"),
    ):
        with pytest.raises(DumpError, match=what):
            check_dump(dump(*rows), before)
    with pytest.raises(DumpError, match="expired on 2025-09-02"):
        check_dump(dump(day=date(2025, 9, 3)), None)
    with pytest.raises(DumpError, match="it is short"):
        check_dump(before, None, 100)


def test_an_expiry_that_is_over_may_be_gone() -> None:
    """The day after it."""
    later = "\n".join([SHARE, INDEX, FUTURE, CALL.replace("2025-09-02", "2025-09-09"), PUT.replace("-02,", "-09,")])
    check_dump(parse_dump(csv(later), date(2025, 9, 3)), dump(SHARE, INDEX, FUTURE, CALL, PUT))


def test_a_recorded_dump_reads_as_it_does_by_rows() -> None:
    """The broker's own file, by two readers."""
    file = Path(__file__).resolve().parents[3] / "shared" / "kite" / "instruments_nse.csv"
    if not file.exists():
        pytest.skip("the recorded answers are not here: ../shared/kite")
    book = parse_by_rows(file.read_bytes(), on=DAY)
    found = parse_dump(file.read_bytes(), DAY)
    assert len(book) > 50
    for one in book:
        assert found.by_symbol(one.symbol) == [one]


@pytest.fixture
def kite() -> Iterator[SmallKite]:
    with small_kite() as one:
        one.standing[WHOLE] = body(csv(*ROWS), 200, "text/csv")
        yield one


def market(kite: SmallKite, place: Path, day: date = DAY) -> tuple[KiteListing, Any]:
    clock = VirtualClock(datetime(day.year, day.month, day.day, 8, 30, tzinfo=INDIA))
    desk = account(kite, clock=clock)
    return KiteListing(desk.connection, DirectoryArchive(place), clock, desk.logs, least_rows=3), desk


def test_the_dump_is_fetched_once_a_day(kite: SmallKite, tmp_path: Path) -> None:
    """Then every process reads the same one from the archive."""
    for _ in range(2):
        fresh, _desk = market(kite, tmp_path)
        assert len(fresh.instruments(DAY)) == 5
        assert len(fresh.instruments(DAY)) == 5
    assert len(kite.requests) == 1
    assert DirectoryArchive(tmp_path).list(DAY) == [OBJECT]
    with pytest.raises(DumpError, match="gives today's alone"):
        fresh.instruments(date(2025, 8, 28))


def test_a_large_dump_comes_compressed(kite: SmallKite, tmp_path: Path) -> None:
    """As the broker sends it: every row arrives, in however many pieces."""
    rows = [SHARE.replace("408065", f"{n}").replace("INFY", f"S{n}") for n in range(1, 20_001)]
    content = gzip.compress(csv(*rows))

    def reply(handler: Any) -> None:
        handler.send_response(200)
        for name, value in (("Type", "text/csv"), ("Encoding", "gzip"), ("Length", str(len(content)))):
            handler.send_header(f"Content-{name}", value)
        handler.end_headers()
        for begin in range(0, len(content), 3_000):
            handler.wfile.write(content[begin : begin + 3_000])

    kite.standing[WHOLE] = reply
    assert len(market(kite, tmp_path)[0].instruments(DAY)) == 20_000


def test_a_short_dump_is_not_kept(kite: SmallKite, tmp_path: Path) -> None:
    """The next attempt asks again; the dump of days before is what it is held against."""
    market(kite, tmp_path, date(2025, 8, 26))[0].instruments(date(2025, 8, 26))
    kite.standing[WHOLE] = body(csv(SHARE, INDEX, BE), 200, "text/csv")
    today, _desk = market(kite, tmp_path)
    with pytest.raises(DumpError, match="0 rows of NFO"):
        today.instruments(DAY)
    kite.standing[WHOLE] = data([])
    with pytest.raises(BrokerUnavailable):
        today.instruments(DAY)
    kite.standing[WHOLE] = body(csv(*ROWS), 200, "text/csv")
    assert len(today.instruments(DAY)) == 5


QUOTE = {
    "instrument_token": 408065, "timestamp": "2025-08-29 09:08:30", "last_price": 1412.95, "volume": 7360198,
    "ohlc": {"open": 0, "high": 0, "low": 0, "close": 1389.65},
    "depth": {"buy": [{"price": 1412.9, "quantity": 10, "orders": 1}], "sell": [{"price": 0, "quantity": 0}]},
}


def test_quotes_and_pre_open_prices(kite: SmallKite, tmp_path: Path) -> None:
    """In paise; what is odd, unknown or of another day is left out, and a silent broker shows nothing."""
    today, desk = market(kite, tmp_path)
    index = {"timestamp": "2025-08-28 15:30:00", "last_price": 24500.15, "ohlc": {"open": 1, "close": 24400}}
    odd = {**QUOTE, "last_price": None}
    kite.standing["GET /quote"] = data({"NSE:INFY": QUOTE, "NSE:NIFTY 50": index, "NFO:NIFTY25SEPFUT": odd})
    asked = ["INFY", "NIFTY 50", "NIFTY25SEPFUT", "ZZZ"]
    first, second = today.quotes(asked, datetime(2025, 8, 29, 9, 9, tzinfo=INDIA))
    assert (first.symbol, first.last, first.bid, first.bid_quantity, first.ask) == ("INFY", 1412_95, 1412_90, 10, 0)
    assert (second.symbol, second.last, second.volume) == ("NIFTY 50", 24500_15, 0)
    assert today.pre_open(DAY, asked) == {"INFY": (1412_95, 1389_65)}
    kite.standing["GET /quote"] = error(500, "GeneralException")
    assert today.quotes(["INFY"], datetime(2025, 8, 29, 9, 9, tzinfo=INDIA)) == []
    assert "quotes cannot be read" in desk.logs.messages[-1]
