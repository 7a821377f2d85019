"""Instruments from the broker's dump: strict parsing, look-ups, symbols, and writing the dump again."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import AssetClass, Instrument, Kind
from common.market.instruments import DumpError, InstrumentBook, parse_dump, write_dump
from common.market.symbols import future_symbol, option_symbol, parse_contract_symbol

HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    "segment,exchange"
)
AUGUST, SEPTEMBER = date(2026, 8, 25), date(2026, 9, 1)
ROWS = (
    "256265,1001,ACME 50,ACME 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE",
    "1000193,3907,ALPHA,ALPHA LIMITED,0.0,,0.0,0.1,1,EQ,NSE,NSE",
    "1000452,3908,ALPHA,ALPHA LIMITED,0.0,,0.0,0.05,1,EQ,BSE,BSE",
    "2000386,7814,NIFTY26AUGFUT,NIFTY,0.0,2026-08-25,0.0,0.1,65,FUT,NFO-FUT,NFO",
    "2000898,7816,NIFTY26AUG24500PE,NIFTY,0.0,2026-08-25,24500.0,0.05,65,PE,NFO-OPT,NFO",
    "2001154,7817,NIFTY26AUG24500CE,NIFTY,0.0,2026-08-25,24500.0,0.05,65,CE,NFO-OPT,NFO",
    "2001410,7818,NIFTY26AUG24450CE,NIFTY,0.0,2026-08-25,24450.0,0.05,65,CE,NFO-OPT,NFO",
    "2001666,7819,NIFTY2690124500CE,NIFTY,0.0,2026-09-01,24500.0,0.05,65,CE,NFO-OPT,NFO",
    "2001922,7820,ALPHA26AUG152.5CE,ALPHA,0.0,2026-08-25,152.5,0.01,1250,CE,NFO-OPT,NFO",
    "3000003,9001,USDINR26AUGFUT,USDINR,0.0,2026-08-27,0.0,0.0025,1,FUT,CDS-FUT,CDS",
)


def dump(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


@pytest.fixture
def book() -> InstrumentBook:
    return parse_dump(dump(*ROWS), on=date(2026, 8, 18))


def test_rows_become_instruments(book: InstrumentBook) -> None:
    """Prices in paise, dates as dates, kinds as kinds; the dump decides tick and lot, the dated rules the freeze."""
    assert book.get("NIFTY26AUG24500CE") == Instrument(
        "NIFTY26AUG24500CE", "NFO", Kind.CALL, 5, 65, 2001154, "NIFTY", AUGUST, 2_450_000, 1800)
    stock_option = book.get("ALPHA26AUG152.5CE")
    assert stock_option is not None
    assert (stock_option.strike, stock_option.tick, stock_option.lot) == (15_250, 1, 1250)
    assert stock_option.freeze_quantity is None
    assert book.left_out == 1
    assert len(book) == len(ROWS) - 1


def test_indices_cannot_be_traded(book: InstrumentBook) -> None:
    """An index has lot and tick 0 in the dump; here they are 1, so that arithmetic is safe, and it has no class."""
    index = book.get("ACME 50")
    assert index is not None
    assert (index.kind, index.asset_class, index.lot, index.tick) == (Kind.INDEX, None, 1, 1)


def test_lookups(book: InstrumentBook) -> None:
    """By symbol (NSE before BSE), by token, by chain in order of strike with the call first, by expiry."""
    alpha, on_bse = book.get("ALPHA"), book.get("ALPHA", "BSE")
    assert alpha is not None
    assert on_bse is not None
    assert (alpha.exchange, alpha.asset_class, on_bse.tick) == ("NSE", AssetClass.STOCK, 5)
    assert book.get("BETA") is None
    assert book.get("ALPHA", "NFO") is None
    assert book.by_token(2001666) is book.get("NIFTY2690124500CE")
    assert book.by_token(1) is None
    assert [option.symbol[-7:] for option in book.options("NIFTY", AUGUST)] == ["24450CE", "24500CE", "24500PE"]
    assert book.options("NIFTY", date(2026, 8, 26)) == ()
    assert book.expiries("NIFTY") == [AUGUST, SEPTEMBER]
    assert book.expiries("NIFTY", Kind.FUTURE) == [AUGUST]
    assert [future.symbol for future in book.futures("NIFTY")] == ["NIFTY26AUGFUT"]
    assert book.futures("BETA") == ()


GOOD = ROWS[4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("<html>busy</html>", "no column instrument_token"),
        (dump(GOOD, header=HEADER.replace("lot_size", "lots")), "no column lot_size"),
        (dump(GOOD, GOOD), r"NIFTY26AUG24500PE is twice on NFO"),
        (dump(GOOD, ROWS[5].replace("2001154", "2000898")), "share token 2000898"),
        (dump(GOOD.replace("0.05", "0.o5")), r"row 2 .*NIFTY26AUG24500PE.*tick_size '0.o5' is not a number"),
        (dump(ROWS[0], GOOD.replace(",65,", ",65.5,")), r"row 3 .*lot_size '65.5' is not a whole number"),
        (dump(GOOD.replace(",65,", ",-65,")), "lot_size '-65' is negative"),
        (dump(GOOD.replace(",65,", ",0,")), "a contract needs"),
        (dump(GOOD.replace("0.05", "nan")), "tick_size 'nan' is not a number"),
        (dump(GOOD.replace("0.05", "0.0525")), "not a whole number of paise"),
        (dump(GOOD.replace("2026-08-25", "25-08-2026")), "expiry '25-08-2026' is not a date"),
        (dump(GOOD.replace("2026-08-25", "")), "a contract needs"),
        (dump(GOOD.replace("24500.0", "0.0")), "an option needs a strike"),
        (dump(GOOD.replace(",PE,", ",XX,")), "instrument_type 'XX' is none of EQ, FUT, CE, PE"),
        (dump(GOOD.replace("2000898", "token")), "instrument_token 'token' is not a whole number"),
        (dump(GOOD.replace("NIFTY26AUG24500PE", "")), "tradingsymbol is empty"),
        (dump(GOOD.rsplit(",", 1)[0]), "11 fields instead of 12"),
        (dump(GOOD + "\0" * 200_000), "is not CSV"),
    ],
)
def test_untrustworthy_dumps_are_refused_whole(text: str, message: str) -> None:
    """Each defect is named with its row where it has one, and every message says what to do."""
    with pytest.raises(DumpError, match=message) as caught:
        parse_dump(text)
    assert "fetch the dump again" in str(caught.value)


def test_a_short_dump_is_refused() -> None:
    """A dump cut off on its way has valid rows; only its size gives it away."""
    with pytest.raises(DumpError, match=r"has 9 instruments .* at least 10"):
        parse_dump(dump(*ROWS), floor=10)
    assert len(parse_dump(dump(*ROWS), floor=9)) == 9


def test_bytes_that_are_not_utf8_are_refused() -> None:
    """A compressed or damaged body says so."""
    with pytest.raises(DumpError, match="not UTF-8 at byte 1"):
        parse_dump(b"\x1f\x8b\x08")
    assert len(parse_dump(b"\xef\xbb\xbf" + dump(*ROWS).encode())) == 9


def test_a_cash_row_without_tick_is_left_out_and_expired_contracts_stay() -> None:
    """What cannot be traded is counted, not traded; an archived dump is read as it was."""
    book = parse_dump(dump(ROWS[1].replace(",0.1,", ",0.0,"), GOOD.replace("2026-", "2019-")))
    assert [instrument.expiry for instrument in book] == [date(2019, 8, 25)]
    assert book.left_out == 1


def test_written_dumps_read_back_the_same(book: InstrumentBook) -> None:
    """Write then read is the identity, so the local day can archive the dump of a recorded session."""
    assert [*parse_dump(write_dump(book), on=date(2026, 8, 18))] == [*book]


def test_real_derivatives_dump(shared: Path) -> None:
    """A real dump of 2026-08-18: all rows, every symbol follows the grammar, writing gives the same bytes again."""
    raw = (shared / "kite_instruments_NFO_BFO_2026-08-18.csv").read_bytes()
    book = parse_dump(raw, floor=30_000)
    assert len(book) == raw.count(b"\n") - 1
    assert write_dump(book).encode() == raw.replace(b"\r\n", b"\n")
    future = book.futures("BANKNIFTY")[0]
    assert (future.lot, future.tick, future.expiry) == (30, 20, AUGUST)
    for instrument in book:
        parsed = parse_contract_symbol(instrument.symbol)
        assert parsed is not None
        assert instrument.expiry is not None
        assert (parsed.underlying, parsed.kind, parsed.strike) == (
            instrument.underlying, instrument.kind, instrument.strike)
        assert (parsed.year, parsed.month) == (instrument.expiry.year, instrument.expiry.month)
        assert parsed.day in (None, instrument.expiry.day)


def test_real_cash_rows(shared: Path) -> None:
    """The broker's recorded cash dump, series suffixes and all."""
    book = parse_dump((shared.parent / "kite" / "instruments_nse.csv").read_bytes())
    assert len(book) > 90
    assert {instrument.kind for instrument in book} == {Kind.EQUITY}


@pytest.mark.parametrize(
    ("symbol", "expiry", "strike", "weekly"),
    [
        ("NIFTY2690124500CE", SEPTEMBER, 2_450_000, True), ("NIFTY26AUG24500CE", AUGUST, 2_450_000, False),
        ("NIFTY26O0624500CE", date(2026, 10, 6), 2_450_000, True), ("360ONE26AUG1152.5CE", AUGUST, 115_250, False),
        ("SENSEX5026AUG24500CE", AUGUST, 2_450_000, False), ("M&M26AUG0.05CE", AUGUST, 5, False),
    ],
)
def test_option_symbols_both_ways(symbol: str, expiry: date, strike: int, weekly: bool) -> None:
    """Digits in names, weekly letters for October to December, strikes with paise: built and taken apart."""
    parsed = parse_contract_symbol(symbol)
    assert parsed is not None
    assert option_symbol(parsed.underlying, expiry, strike, Kind.CALL, weekly=weekly) == symbol
    assert (parsed.strike, parsed.month, parsed.day) == (strike, expiry.month, expiry.day if weekly else None)


@pytest.mark.parametrize("symbol", ["TCS", "NIFTY 50", "NIFTY26AUG", "26AUG24500CE", "", "nifty26augfut"])
def test_other_symbols_are_not_contracts(symbol: str) -> None:
    """Stocks, indices and fragments have no contract in them."""
    assert parse_contract_symbol(symbol) is None


@given(st.sampled_from(["NIFTY", "BANKNIFTY", "360ONE", "NIFTYNXT50", "BAJAJ-AUTO"]),
       st.dates(date(2016, 1, 1), date(2035, 12, 31)), st.integers(5, 10_000_000), st.booleans())
def test_symbols_keep_what_they_say(underlying: str, expiry: date, strike: int, weekly: bool) -> None:
    """Any strike and date written as a symbol is read back, for calls as for futures.

    A name that ends in a digit has no weeklies: the grammar could not tell them apart.
    """
    weekly = weekly and not underlying[-1].isdigit()
    parsed = parse_contract_symbol(option_symbol(underlying, expiry, strike, Kind.PUT, weekly=weekly))
    assert parsed is not None
    assert (parsed.underlying, parsed.strike, parsed.kind) == (underlying, strike, Kind.PUT)
    future = parse_contract_symbol(future_symbol(underlying, expiry))
    assert future is not None
    assert (future.underlying, future.year, future.month) == (underlying, expiry.year, expiry.month)
