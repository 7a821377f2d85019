"""What the broker lists and shows, by REST: the instruments of the day, kept in the archive, and quotes; no bars."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

from common.adapters.kite.answers import AnswerError, Row, count, nanoseconds, paise_of
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.dump import OBJECT, Dump, check_dump, parse_dump, read_parquet
from common.market.bar import Bar, Quote
from common.market.indian_time import INDIA, day_of
from common.market.instrument import Instrument
from common.market.instruments import DumpError
from common.market.money import Paise
from common.ports import Archive, Clock, Conflict, Logs, StoreError
from common.trading.errors import BrokerUnavailable

QUOTES_AT_ONCE: Final = 500
DAYS_BACK: Final = 10
"""In which the dump before is looked for: the longest break of the exchange is five days."""
LEAST_ROWS: Final = 20_000
"""Of Kite's own dump, which has about 100,000; a simulation's may be small."""


class KiteListing:
    """MarketData without history and bars. least_rows: fewest of a dump that is believed without one before it."""

    def __init__(
        self, connection: KiteConnection, archive: Archive, clock: Clock, logs: Logs, least_rows: int = LEAST_ROWS,
    ) -> None:
        self._connection = connection
        self._archive = archive
        self._clock = clock
        self._logs = logs
        self._least = least_rows
        self._dump: Dump | None = None
        self._listed: list[Instrument] = []

    def instruments(self, day: date) -> list[Instrument]:
        """NSE and NFO as of `day`. Raises DumpError, BrokerUnavailable."""
        if self._dump is None or self._dump.day != day:
            self._dump = self.dump(day)
            self._listed = self._dump.instruments()
        return self._listed

    def dump(self, day: date) -> Dump:
        """From the archive; else fetched today, checked and kept. Raises DumpError, BrokerUnavailable."""
        stored = self._stored(day)
        if stored is not None:
            return stored
        today = self._clock.now().astimezone(INDIA).date()
        if day != today:
            raise DumpError(f"there is no {OBJECT} of {day}, and Kite gives today's alone ({today})")
        data = self._connection.read(lambda client: _bytes(client._get("market.instruments.all")))
        fetched = parse_dump(data, day)
        check_dump(fetched, self._before(day), self._least)
        try:
            self._archive.put(day, OBJECT, fetched.to_parquet())
        except Conflict:  # another has just kept it: all go by the same one
            return self._stored(day) or fetched
        except StoreError as failure:  # trading may go on without an archive, closing must
            self._logs.write("ERROR", f"the instruments cannot be kept: {failure}", {"category": "instruments"})
        return fetched

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        """None: a real exchange fills by itself."""
        del day, symbols
        return frozenset()

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """None here: days before come from the recorder's files."""
        del day, sessions
        return {}

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """Never: a day that goes on is heard, not read. Raises LookupError."""
        raise LookupError(f"bars of {day} for {len(symbols)} symbols come from the stream, not from here")

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """What is shown now; nothing for what cannot be asked or read: who trades on it then has no price."""
        known = self._named(at.astimezone(INDIA).date()) if symbols else {}
        names = {f"{known[symbol].exchange}:{symbol}": symbol for symbol in symbols if symbol in known}
        found = []
        for begin in range(0, len(names), QUOTES_AT_ONCE):
            asked = list(names)[begin : begin + QUOTES_AT_ONCE]
            try:
                answer = self.asked(asked)
            except BrokerUnavailable as failure:
                self._logs.write("WARNING", f"quotes cannot be read: {failure}", {"category": "broker"})
                continue
            for name in asked:
                with suppress(AnswerError):
                    if name in answer:
                        found.append(quote_of(names[name], answer[name]))
        return found

    def pre_open(self, day: date, symbols: Sequence[str]) -> dict[str, tuple[Paise, Paise]]:
        """By symbol, the price of the opening auction, or the one shown in it, and the broker's previous close.

        Only of what the exchange has said today; nothing for what cannot be read. Raises DumpError, BrokerUnavailable.
        """
        known = {one.symbol: one for one in self.instruments(day)}
        names = {f"{known[symbol].exchange}:{symbol}": symbol for symbol in symbols if symbol in known}
        found = {}
        for begin in range(0, len(names), QUOTES_AT_ONCE):
            for name, row in self.asked(list(names)[begin : begin + QUOTES_AT_ONCE]).items():
                with suppress(AnswerError):
                    if name in names and day_of(nanoseconds(row.get("timestamp"))) == day:
                        found[names[name]] = _opening(row)
        return found

    def asked(self, names: Sequence[str]) -> Mapping[str, Row]:
        """/quote of at most QUOTES_AT_ONCE names such as NSE:SBIN. Raises BrokerUnavailable."""
        found: Mapping[str, Row] = self._connection.read(lambda client: _object(client.quote(list(names))), quotes=True)
        return found

    def _named(self, day: date) -> dict[str, Instrument]:
        """None where the day's instruments cannot be had: who only wants a price then has none."""
        try:
            return {one.symbol: one for one in self.instruments(day)}
        except (DumpError, BrokerUnavailable) as failure:
            self._logs.write("WARNING", f"no quotes without instruments: {failure}", {"category": "broker"})
            return {}

    def _stored(self, day: date) -> Dump | None:
        try:
            data = self._archive.get(day, OBJECT)
        except StoreError as failure:
            self._logs.write("WARNING", f"the archive does not answer: {failure}", {"category": "instruments"})
            return None
        return read_parquet(data, day) if data is not None else None

    def _before(self, day: date) -> Dump | None:
        """Of the last day that has one and can be read."""
        for back in range(1, DAYS_BACK + 1):
            try:
                found = self._stored(day - timedelta(days=back))
            except DumpError:
                continue
            if found is not None:
                return found
        return None


def quote_of(symbol: str, row: Row) -> Quote:
    """One entry of /quote; an index has no depth and no volume. Raises AnswerError."""
    depth = row.get("depth")
    bid, bid_quantity = _best(depth, "buy")
    ask, ask_quantity = _best(depth, "sell")
    volume = count(row, "volume") if row.get("volume") is not None else 0
    oi = count(row, "oi") if row.get("oi") is not None else 0
    last = paise_of(row.get("last_price"), "last_price")
    return Quote(nanoseconds(row.get("timestamp")), symbol, last, bid, ask, bid_quantity, ask_quantity, volume, oi)


def _opening(row: Row) -> tuple[Paise, Paise]:
    session = row.get("ohlc")
    if not isinstance(session, Mapping):
        raise AnswerError("a quote without ohlc")
    opened = paise_of(session.get("open"), "open")
    return opened or paise_of(row.get("last_price"), "last_price"), paise_of(session.get("close"), "close")


def _best(depth: Any, side: str) -> tuple[int, int]:
    levels = depth.get(side) if isinstance(depth, Mapping) else None
    if not isinstance(levels, list) or not levels or not isinstance(levels[0], Mapping):
        return 0, 0
    quantity = count(levels[0], "quantity")
    return (paise_of(levels[0].get("price"), "price"), quantity) if quantity > 0 else (0, 0)


def _object(answer: Any) -> Mapping[str, Row]:
    if not isinstance(answer, Mapping) or not all(isinstance(row, Mapping) for row in answer.values()):
        raise AnswerError("quotes that are no object of objects")
    return answer


def _bytes(answer: Any) -> bytes:
    if not isinstance(answer, bytes):
        raise AnswerError("an instruments dump that is no CSV")
    return answer
