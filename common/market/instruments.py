"""The instruments of a day: a Kite dump parsed strictly, looked up by symbol, token and chain, and written again."""

import csv
import io
import operator
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final

from common.market.instrument import Instrument, Kind
from common.market.money import paise_from_rupees
from common.market.rules import freeze_quantity

COLUMNS: Final = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry", "strike", "tick_size",
    "lot_size", "instrument_type", "segment", "exchange",
)
EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO")
"""Exchanges that are read, in the order in which a bare symbol is looked up; currencies and commodities are not."""

_INDICES: Final = "INDICES"
_AGAIN: Final = "fetch the dump again; if it stays, leave the day's trading off"
_Key = tuple[str, date]


class DumpError(ValueError):
    """The dump cannot be trusted: nothing of it is used. The message names the row and the remedy."""


class InstrumentBook:
    """All instruments of a dump, in its order; look-ups by symbol, token, and underlying. Immutable by habit.

    left_out: rows of other exchanges and of cash instruments without a tick or lot, which cannot be traded.
    """

    def __init__(self, instruments: Iterable[Instrument], left_out: int = 0) -> None:
        self._by_key: dict[tuple[str, str], Instrument] = {}
        self._tokens: dict[int, Instrument] = {}
        self.left_out = left_out
        for instrument in instruments:
            key = (instrument.exchange, instrument.symbol)
            if key in self._by_key:
                raise DumpError(f"{instrument.symbol} is twice on {instrument.exchange}: {_AGAIN}")
            self._by_key[key] = instrument
            if instrument.token:
                self._claim(instrument)

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_key.values())

    def get(self, symbol: str, exchange: str | None = None) -> Instrument | None:
        """The instrument on `exchange`; without one, the first of NSE, NFO, BSE, BFO that has it. None: unknown."""
        for name in (exchange,) if exchange else EXCHANGES:
            found = self._by_key.get((name, symbol))
            if found is not None:
                return found
        return None

    def by_token(self, token: int) -> Instrument | None:
        """The instrument that the stream calls `token`; tokens may change daily."""
        return self._tokens.get(token)

    def options(self, underlying: str, expiry: date) -> Sequence[Instrument]:
        """Calls and puts of one expiry by strike, the call before the put; empty when there are none."""
        return self._options.get((underlying, expiry), ())

    def expiries(self, underlying: str, kind: Kind = Kind.CALL) -> list[date]:
        """Expiry dates of the options on `underlying` (of its futures with `kind=Kind.FUTURE`), in order."""
        if kind is Kind.FUTURE:
            return [future.expiry for future in self.futures(underlying) if future.expiry is not None]
        return self._option_expiries.get(underlying, [])[:]

    def futures(self, underlying: str) -> Sequence[Instrument]:
        """Futures on `underlying` by expiry; empty when there are none."""
        return self._futures.get(underlying, ())

    def _claim(self, instrument: Instrument) -> None:
        other = self._tokens.setdefault(instrument.token, instrument)
        if other is not instrument:
            raise DumpError(f"{instrument.symbol} and {other.symbol} share token {instrument.token}: {_AGAIN}")

    @cached_property
    def _options(self) -> dict[_Key, list[Instrument]]:
        chains: dict[_Key, list[Instrument]] = {}
        for instrument in self:
            if instrument.kind in (Kind.CALL, Kind.PUT) and instrument.expiry is not None:
                chains.setdefault((instrument.underlying, instrument.expiry), []).append(instrument)
        for chain in chains.values():
            chain.sort(key=lambda option: (option.strike, option.kind))
        return chains

    @cached_property
    def _option_expiries(self) -> dict[str, list[date]]:
        found: dict[str, list[date]] = {}
        for underlying, expiry in sorted(self._options):
            found.setdefault(underlying, []).append(expiry)
        return found

    @cached_property
    def _futures(self) -> dict[str, list[Instrument]]:
        found: dict[str, list[Instrument]] = {}
        for instrument in self:
            if instrument.kind is Kind.FUTURE:
                found.setdefault(instrument.underlying, []).append(instrument)
        for futures in found.values():
            futures.sort(key=lambda future: (future.expiry or date.max, future.exchange))
        return found


def parse_dump(dump: str | bytes, *, floor: int = 1, on: date | None = None) -> InstrumentBook:
    """A Kite instruments CSV as a book; expired contracts are kept as they are.

    floor: fewest instruments that make a whole dump. on: fills freeze quantities of that date from the dated rules
    (None where unknown: deny). Rows that cannot be traded by kind are left out and counted.
    Raises DumpError naming row and remedy: no header or a missing column, a bad number or date, a duplicate, too few.
    """
    rows = csv.reader(io.StringIO(_text(dump)))
    header = next(rows, [])
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        what = f"has no column {', '.join(missing)}" if any(header) else "is empty"
        raise DumpError(f"the instruments dump {what}: {_AGAIN}")
    reader = _RowReader(header, on)
    try:
        instruments = list(reader.instruments(rows))
    except csv.Error as error:
        raise DumpError(f"the instruments dump is not CSV at line {rows.line_num} ({error}): {_AGAIN}") from None
    book = InstrumentBook(instruments, reader.left_out)
    if len(book) < floor:
        raise DumpError(
            f"the dump has {len(book)} instruments of {', '.join(EXCHANGES)}, at least {floor} are expected: {_AGAIN}"
        )
    return book


def write_dump(instruments: Iterable[Instrument]) -> str:
    """Instruments in the dump's own format, so that what was traded can be looked up years later."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for instrument in instruments:
        is_index = instrument.kind is Kind.INDEX
        writer.writerow((
            instrument.token, instrument.token >> 8, instrument.symbol, instrument.underlying or instrument.symbol,
            "0.0", instrument.expiry or "", instrument.strike / 100, 0.0 if is_index else instrument.tick / 100,
            0 if is_index else instrument.lot, "EQ" if is_index else instrument.kind.value, _segment(instrument),
            instrument.exchange,
        ))
    return out.getvalue()


class _RowReader:
    """Turns rows into instruments; equal texts (ticks, strikes, dates) are converted once."""

    def __init__(self, header: list[str], on: date | None) -> None:
        self.left_out = 0
        self._width = len(header)
        self._pick = operator.itemgetter(*(header.index(column) for column in COLUMNS))
        self._symbol_at = header.index("tradingsymbol")
        self._on = on
        self._paise: dict[str, int] = {}
        self._dates: dict[str, date | None] = {"": None}
        self._kinds = {kind.value: kind for kind in Kind if kind is not Kind.INDEX}
        self._freezes: dict[str, int | None] = {}

    def instruments(self, rows: Iterable[list[str]]) -> Iterator[Instrument]:
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            try:
                if len(row) != self._width:
                    raise ValueError(f"it has {len(row)} fields instead of {self._width}")
                instrument = self._instrument(row)
            except ValueError as error:
                symbol = row[self._symbol_at] if len(row) == self._width else "?"
                raise DumpError(f"row {number} of the dump ({symbol}): {error}: {_AGAIN}") from None
            if instrument is None:
                self.left_out += 1
            else:
                yield instrument

    def _instrument(self, row: list[str]) -> Instrument | None:
        token, _, symbol, name, _, expiry, strike, tick, lot, kind_text, segment, exchange = self._pick(row)
        if exchange not in EXCHANGES:
            return None
        if not symbol:
            raise ValueError("tradingsymbol is empty")
        if segment == _INDICES:
            return Instrument(symbol, exchange, Kind.INDEX, 1, 1, _whole(token, "instrument_token"))
        kind = self._kinds.get(kind_text)
        if kind is None:
            raise ValueError(f"instrument_type {kind_text!r} is none of {', '.join(self._kinds)}")
        tick_paise, units = self._money(tick, "tick_size"), _whole(lot, "lot_size")
        if kind is Kind.EQUITY:
            if tick_paise == 0 or units == 0:
                return None
            return Instrument(symbol, exchange, kind, tick_paise, units, _whole(token, "instrument_token"))
        if tick_paise == 0 or units == 0 or not expiry or not name:
            raise ValueError("a contract needs a name, an expiry, a tick_size and a lot_size")
        strike_paise = self._money(strike, "strike")
        if strike_paise == 0 and kind is not Kind.FUTURE:
            raise ValueError("an option needs a strike")
        return Instrument(
            symbol, exchange, kind, tick_paise, units, _whole(token, "instrument_token"), name, self._date(expiry),
            strike_paise, self._freeze(name),
        )

    def _money(self, text: str, column: str) -> int:
        paise = self._paise.get(text)
        if paise is None:
            try:
                paise = paise_from_rupees(text)
            except (ValueError, ArithmeticError):
                raise ValueError(f"{column} {text!r} is not a number") from None
            if paise < 0 or Decimal(text) * 100 != paise:
                raise ValueError(f"{column} {text!r} is not a whole number of paise from 0 up")
            self._paise[text] = paise
        return paise

    def _date(self, text: str) -> date | None:
        if text not in self._dates:
            try:
                self._dates[text] = date.fromisoformat(text)
            except ValueError:
                raise ValueError(f"expiry {text!r} is not a date like 2026-08-25") from None
        return self._dates[text]

    def _freeze(self, underlying: str) -> int | None:
        if self._on is None:
            return None
        if underlying not in self._freezes:
            self._freezes[underlying] = freeze_quantity(underlying, self._on)
        return self._freezes[underlying]


def _whole(text: str, column: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{column} {text!r} is not a whole number") from None
    if number < 0:
        raise ValueError(f"{column} {text!r} is negative")
    return number


def _segment(instrument: Instrument) -> str:
    if instrument.kind is Kind.INDEX:
        return _INDICES
    if instrument.kind is Kind.EQUITY:
        return instrument.exchange
    return f"{instrument.exchange}-{'FUT' if instrument.kind is Kind.FUTURE else 'OPT'}"


def _text(dump: str | bytes) -> str:
    if isinstance(dump, str):
        return dump.removeprefix("\ufeff")
    try:
        return dump.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DumpError(f"the instruments dump is not UTF-8 at byte {error.start}: {_AGAIN}") from None
