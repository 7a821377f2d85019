"""The session that the simulated Kite shows: instruments with tokens, prices at any time, candles of days before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.indian_time import day_number, day_of
from common.market.instrument import Instrument, Kind
from common.market.instruments import InstrumentBook, write_dump
from common.research.recorded import Recording
from jobs.kite_server.series import Series

SEGMENT_CODES: Final = {"NSE": 1, "NFO": 2, "BSE": 4, "BFO": 5}
INDEX_CODE: Final = 9
FIRST_TOKEN: Final = 1001


class SessionMarket:
    """now: nanoseconds UTC, set by whoever lets time pass. on_bars: each symbol's part of the day comes as whole bars.

    bars: by symbol, of all days of the recording. reached: end of the last bar that came, by symbol.
    """

    def __init__(self, recording: Recording, day: date, now: int, *, on_bars: bool) -> None:
        self.day = day
        self.now = now
        self.on_bars = on_bars
        self.reached: dict[str, int] = {}
        self.bars = recording.bars
        self.instruments = {one.symbol: one for one in _with_tokens(list(recording.instruments.values()))}
        self.book = InstrumentBook(self.instruments.values())
        self.series: dict[str, Series] = {}
        for symbol, instrument in self.instruments.items():
            before, today = _split(recording.bars.get(symbol, []), day)
            close = before[-1].close if before else 0
            self.series[symbol] = Series(instrument, today, close, spread=not on_bars)

    @cached_property
    def dumps(self) -> dict[str, str]:
        """The instruments file by exchange, '' for all of them."""
        everything = list(self.instruments.values())
        found = {"": write_dump(everything)}
        for exchange in sorted({one.exchange for one in everything}):
            found[exchange] = write_dump(one for one in everything if one.exchange == exchange)
        return found

    def without_volume(self) -> frozenset[str]:
        """Symbols whose bars never have volume today: fills go by price alone."""
        return frozenset(name for name, one in self.series.items() if not any(bar.volume for bar in one.bars))

    def named(self, text: str) -> Instrument | None:
        """By `EXCHANGE:SYMBOL` or by token."""
        if text.isascii() and text.isdecimal() and len(text) < 12:
            return self.book.by_token(int(text))
        exchange, _, symbol = text.partition(":")
        return self.book.get(symbol, exchange) if exchange and symbol else None

    def seen(self, symbol: str) -> int:
        """Until when the symbol's day is shown: now, or, where it comes as whole bars, to the end of the last one."""
        return self.reached.get(symbol, self.now) - 1 if self.on_bars else self.now

    def candles(self, symbol: str, first: int, last: int, minutes: int) -> list[Bar]:
        """Of what has been traded until now, from `first` to `last`; minutes: 0 for days."""
        until = min(last, self.now)
        found: list[Bar] = []
        opened, today, slot = 0, -1, (-1, -1)
        for bar in self.bars.get(symbol, []):
            day = day_number(bar.ts)
            if day != today:
                opened, today = bar.ts, day
            if not first <= bar.ts <= until or not self._ended(bar):
                continue
            number = (bar.ts - opened) // (minutes * NANOSECONDS_A_MINUTE) if minutes else 0
            if (day, number) != slot:
                slot = (day, number)
                found.append(Bar(bar.ts, symbol, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.oi))
                continue
            one = found[-1]
            one.high, one.low, one.close = max(one.high, bar.high), min(one.low, bar.low), bar.close
            one.volume, one.oi = one.volume + bar.volume, bar.oi
        return found

    def _ended(self, bar: Bar) -> bool:
        return bar.ts + NANOSECONDS_A_MINUTE <= self.now


def _with_tokens(instruments: Sequence[Instrument]) -> list[Instrument]:
    """Those that the session does not number get one in the broker's form: exchange token and segment."""
    numbered = []
    for number, one in enumerate(sorted(instruments, key=lambda one: one.symbol), start=FIRST_TOKEN):
        code = INDEX_CODE if one.kind is Kind.INDEX else SEGMENT_CODES.get(one.exchange, 1)
        numbered.append(one if one.token else replace(one, token=number << 8 | code))
    return numbered


def _split(bars: Sequence[Bar], day: date) -> tuple[list[Bar], list[Bar]]:
    before, today = [], []
    for bar in bars:
        of = day_of(bar.ts)
        if of < day:
            before.append(bar)
        elif of == day:
            today.append(bar)
    return before, today
