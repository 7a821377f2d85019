"""Reading recorded sessions: what is taken over, in which order, and what is only a warning."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from common.market.bar import Bar
from common.market.indian_time import at
from common.market.instrument import Instrument, Kind
from common.research.data_report import check
from common.research.recorded import DataError, Recording, dates, merge_by_time, read
from common.research.storing import write_csv, write_parquet

HEADER = "ts,symbol,exchange,open,high,low,close,volume,oi"
CONTRACT_HEADER = HEADER + ",underlying,expiry,strike,type,lot"
DAY = date(2026, 11, 2)


def stock_row(minute: int = 15, symbol: str = "SBIN", day: date = DAY, hour: int = 9, volume: int = 100) -> str:
    return f"{day}T{hour:02d}:{minute:02d}:00+05:30,{symbol},NSE,800.05,801.10,799,800.5,{volume},0"


def option_row(minute: int = 15) -> str:
    row = f"{DAY}T09:{minute:02d}:00+05:30,NIFTY26N0326000CE,NFO,100,101.05,99,100,65,130"
    return row + ",NIFTY,2026-11-03,26000,CE,65"


class Write:
    """Writes a CSV from lines and returns its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *lines: str, name: str = "bars.csv") -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


@pytest.fixture
def written(tmp_path: Path) -> Write:
    return Write(tmp_path)


def shown(recording: Recording) -> dict[str, list[str]]:
    return {symbol: [repr(bar) for bar in series] for symbol, series in recording.bars.items()}


def warned(recording: Recording) -> dict[str, int]:
    return {warning.kind: warning.count for warning in recording.warnings}


def test_rupees_become_paise_and_times_become_nanoseconds(written: Write) -> None:
    """A row arrives in the core's units, unknown quotes as 0."""
    recording = read([written(HEADER, stock_row())])
    bar = recording.bars["SBIN"][0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (80005, 80110, 79900, 80050, 100)
    assert (bar.bid, bar.ask) == (0, 0)
    assert at(bar.ts).isoformat() == "2026-11-02T09:15:00+05:30"


def test_a_contract_is_described_by_its_columns(written: Write) -> None:
    """Strike, expiry, lot and kind of an option come from the file, strike in paise."""
    recording = read([written(CONTRACT_HEADER, option_row())])
    assert recording.instruments["NIFTY26N0326000CE"] == Instrument(
        "NIFTY26N0326000CE", "NFO", Kind.CALL, 5, lot=65, underlying="NIFTY", expiry=date(2026, 11, 3),
        strike=2_600_000, freeze_quantity=1800,
    )


@pytest.mark.parametrize(
    ("symbol", "exchange", "volume", "kind"),
    [
        ("SBIN", "NSE", 5, Kind.EQUITY),
        ("NIFTYBEES", "NSE", 5, Kind.EQUITY),
        ("RELIANCE", "NSE", 5, Kind.EQUITY),
        ("NIFTY 50", "NSE", 0, Kind.INDEX),
        ("INDIA VIX", "NSE", 0, Kind.INDEX),
        ("NSE SOMETHING", "NSE", 0, Kind.INDEX),
        ("NIFTY26NOVFUT", "NFO", 65, Kind.FUTURE),
        ("NIFTY_SYNFWD_2026-11-24", "DERIVED", 0, Kind.FUTURE),
    ],
)
def test_the_kind_is_told_from_name_exchange_and_volume(
    written: Write, symbol: str, exchange: str, volume: int, kind: Kind
) -> None:
    """Rows without contract columns become the right kind of instrument."""
    path = written(HEADER, stock_row(symbol=symbol, volume=volume).replace(",NSE,8", f",{exchange},8"))
    assert read([path]).instruments[symbol].kind is kind


@pytest.mark.parametrize("symbol", ["NIFTY26DECFUT", "NIFTY_SYNFWD_2026-12-29"])
def test_a_future_gets_expiry_and_lot_from_the_dated_rules(written: Write, symbol: str) -> None:
    """A future, or the forward that stands in for one, is complete although only its name describes it."""
    exchange = "NFO" if symbol.endswith("FUT") else "DERIVED"
    row = stock_row(symbol=symbol).replace(",NSE,", f",{exchange},")
    future = read([written(HEADER, row)]).instruments[symbol]
    assert (future.underlying, future.expiry, future.lot) == ("NIFTY", date(2026, 12, 29), 65)


def test_the_files_lot_and_tick_win_over_the_tables(written: Write) -> None:
    """What a file says about a contract is believed."""
    rows = (CONTRACT_HEADER + ",tick", option_row().removesuffix("65") + "75,0.10")
    option = read([written(*rows)]).instruments["NIFTY26N0326000CE"]
    assert (option.lot, option.tick) == (75, 10)


def test_interleaved_symbols_are_read_in_order_of_each(written: Write) -> None:
    """Files ordered by time are as good as files grouped by symbol."""
    rows = [stock_row(minute, symbol) for minute in range(15, 25) for symbol in ("SBIN", "ITC", "LT")]
    recording = read([written(HEADER, *rows)])
    assert list(recording.bars) == ["ITC", "LT", "SBIN"]
    for series in recording.bars.values():
        assert [bar.ts for bar in series] == sorted({bar.ts for bar in series})
        assert len(series) == 10


def test_selection_by_day_dates_and_symbols(written: Write) -> None:
    """Only what was asked for is read, both ends included."""
    days = [date(2026, 11, day) for day in (2, 3, 4, 5)]
    path = written(HEADER, *(stock_row(15, symbol, day) for symbol in ("ITC", "SBIN") for day in days))
    assert dates([path]) == days
    one = read([path], day=days[1])
    assert [at(bar.ts).date() for bar in one.bars["SBIN"]] == [days[1]]
    some = read([path], since=days[1], until=days[2], symbols={"SBIN", "UNKNOWN"})
    assert list(some.bars) == ["SBIN"]
    assert [at(bar.ts).date() for bar in some.bars["SBIN"]] == days[1:3]


def test_a_fault_outside_of_the_selection_does_not_stop_it(written: Write) -> None:
    """One bad day does not spoil the others; the row number is that of the whole file."""
    bad = stock_row(15, day=date(2026, 11, 3)).replace("801.10", "700")
    path = written(HEADER, stock_row(15), bad)
    assert len(read([path], day=DAY).bars["SBIN"]) == 1
    with pytest.raises(DataError, match=r"data row 2 \(line 3\) \[SBIN\] high 700\.00 is below low 799\.00"):
        read([path], day=date(2026, 11, 3))


def test_several_files_make_one_recording(written: Write) -> None:
    """A symbol may continue in another file, whatever the order of the files."""
    late = written(HEADER, stock_row(16), stock_row(15, "ITC"), name="late.csv")
    early = written(HEADER, stock_row(15), name="early.csv")
    recording = read([late, early])
    assert [at(bar.ts).minute for bar in recording.bars["SBIN"]] == [15, 16]
    assert list(recording.instruments) == ["ITC", "SBIN"]


def test_a_bar_in_two_files_is_refused(written: Write) -> None:
    """The message names both files and both rows."""
    first = written(HEADER, stock_row(15), name="first.csv")
    second = written(HEADER, stock_row(14), stock_row(15), name="second.csv")
    with pytest.raises(DataError, match=r"second\.csv: data row 2 .*09:15 stands in .*first\.csv too \(row 1\)"):
        read([first, second])


def test_no_files_and_no_matching_rows_give_an_empty_recording(written: Write) -> None:
    """Nothing selected is nothing, not an error."""
    assert read([]).bars == {}
    recording = read([written(HEADER, stock_row())], day=date(2020, 1, 1))
    assert (recording.bars, recording.instruments, recording.warnings) == ({}, {}, ())


def test_the_feed_is_by_time_then_symbol_whatever_the_order_given() -> None:
    """The feed is deterministic: a replay sees the same order always."""
    lists = [[Bar(ts, symbol, 1, 1, 1, 1) for ts in (1, 2, 3)] for symbol in ("B", "C", "A")]
    expected = [(ts, symbol) for ts in (1, 2, 3) for symbol in "ABC"]
    for order in (lists, lists[::-1], [*lists, []]):
        assert [(bar.ts, bar.symbol) for bar in merge_by_time(order)] == expected


def test_oddities_are_counted_as_warnings(written: Write) -> None:
    """Off-tick prices, empty and missing minutes, closed hours and missing sessions: counted, with an example."""
    rows = [stock_row(minute) for minute in range(15, 55)]
    rows[3] = rows[3].replace("801.10", "801.13")
    rows[5] = stock_row(20, volume=0)
    rows += [stock_row(15, hour=16), stock_row(15, day=date(2026, 11, 4))]
    recording = read([written(HEADER, *rows)])
    assert warned(recording) == {
        "prices off the tick": 1,
        "bars without volume": 1,
        "bars outside of trading hours": 1,
        "bars missing inside of sessions": (360 - 40) + (360 - 1),
        "sessions missing between first and last date": 1,
    }
    assert recording.warnings[0].example.startswith("SBIN 2026-11-02 09:18 (row 4): 800.05, 801.13")


def test_prices_between_two_paise_look_adjusted(written: Write) -> None:
    """A stock most of whose prices fit no tick was divided by something."""
    path = written(HEADER, *(stock_row(minute).replace("801.10", "801.1234") for minute in range(15, 30)))
    assert warned(read([path]))["symbols that look adjusted"] == 1


def test_crossed_quotes_and_hourly_bars_are_warned_about(written: Write) -> None:
    """A bid above the ask and bars of another length are used, but said."""
    rows = [stock_row(15, hour=hour) + ",801,800" for hour in (9, 10, 11)]
    found = warned(read([written(HEADER + ",bid,ask", *rows)]))
    assert (found["bid above ask"], found["not one-minute bars"]) == (3, 3)


def test_special_sessions_have_two_windows(written: Write) -> None:
    """Minutes between the two windows of a drill Saturday are not missing, and a bar there is out of hours."""
    day = date(2024, 3, 2)
    rows = [stock_row(minute, day=day) for minute in range(15, 60)]
    rows += [stock_row(minute, day=day, hour=11) for minute in range(30, 60)]
    rows += [stock_row(minute, day=day, hour=12) for minute in range(30)]
    assert warned(read([written(HEADER, *rows)])) == {}
    rows.insert(45, stock_row(30, day=day, hour=10))
    assert warned(read([written(HEADER, *rows)])) == {"bars outside of trading hours": 1}


@pytest.mark.parametrize(("write", "name"), [(write_csv, "out.csv"), (write_parquet, "out.parquet")])
def test_what_is_written_is_read_back(
    tmp_path: Path, written: Write, write: Callable[[Recording, Path], None], name: str
) -> None:
    """Bars and instruments survive both formats unchanged."""
    stocks = read([written(HEADER, stock_row(15), stock_row(16), name="stocks.csv")])
    options = read([written(CONTRACT_HEADER, option_row(15), option_row(16), name="options.csv")])
    both = Recording(stocks.instruments | options.instruments, stocks.bars | options.bars)
    path = tmp_path / name
    write(both, path)
    again = read([path])
    assert again.instruments == both.instruments
    assert shown(again) == shown(both)


def test_parquet_with_an_indian_zone_is_read(tmp_path: Path) -> None:
    """Kolkata, its old name and the plain offset are the same zone; the order of the columns is free."""
    for number, zone in enumerate(("Asia/Kolkata", "Asia/Calcutta", "+05:30")):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(arrow_table(pa.timestamp("us", zone)), path)
        assert at(read([path]).bars["SBIN"][0].ts).isoformat() == "2026-11-02T09:15:00+05:30"


def arrow_table(kind: pa.DataType) -> pa.Table:
    stamp = 1_793_591_100_000_000
    columns = {
        "oi": pa.array([0]), "volume": pa.array([10]), "symbol": pa.array(["SBIN"]).dictionary_encode(),
        "exchange": pa.array(["NSE"]), "open": pa.array([800.05]), "high": pa.array([801.0]),
        "low": pa.array([799.0]), "close": pa.array([800.0]), "ts": pa.array([stamp], pa.int64()).cast(kind),
    }
    return pa.table(columns)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (pa.timestamp("us"), "ts has no time zone"),
        (pa.timestamp("us", "UTC"), "ts has the time zone UTC"),
        (pa.int64(), "ts holds int64"),
    ],
)
def test_parquet_with_a_naive_or_foreign_zone_is_refused(tmp_path: Path, kind: pa.DataType, message: str) -> None:
    """A column of the wrong zone is one fault of the whole file, for reading and for listing its dates."""
    path = tmp_path / "bars.parquet"
    parquet.write_table(arrow_table(kind), path)
    with pytest.raises(DataError, match=message):
        read([path])
    with pytest.raises(DataError, match=message):
        dates([path])
    assert check(path).error_count == 1
