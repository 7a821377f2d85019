"""Candles of the broker within its limits: as many days a call as it gives, three calls a second, in paise."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any, Final, TypeAlias

from common.market.bar import Bar
from common.market.indian_time import day_of, moment
from common.market.instrument import Instrument
from common.market.money import paise_from_rupees
from common.ports import Clock
from common.trading.errors import BrokerUnavailable

DAYS_A_CALL: Final = {
    "minute": 60, "3minute": 100, "5minute": 100, "10minute": 100, "15minute": 200, "30minute": 200, "60minute": 400,
    "day": 2_000,
}
SECONDS_A_CALL: Final = 0.35
"""Three a second are allowed for the account; 3 in 1.05 s keep clear of the edge."""
TRIES: Final = 4
WAIT_SECONDS: Final = (2.0, 10.0, 20.0)
"""After a failure: a 429 cools down in about ten seconds."""
MOST_CANDLES: Final = 100_000
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:?30")

Span: TypeAlias = tuple[date, date]
"""First and last date of one call, both inclusive."""
Read: TypeAlias = Callable[[Callable[[Any], Any]], Any]
"""Calls what it is given with the official client. Raises BrokerUnavailable."""


class CandleError(BrokerUnavailable):
    """The answer is not as documented: asking again would not help."""


class KiteHistory:
    """read: one request at a time, as `KiteConnection.read` does it."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._next = 0.0

    def spans(self, first: date, last: date, interval: str) -> list[Span]:
        """The calls that it takes from `first` to `last`, in order. Raises KeyError for an unknown interval."""
        days, found = DAYS_A_CALL[interval], list[Span]()
        while first <= last:
            end = min(last, first + timedelta(days=days - 1))
            found.append((first, end))
            first = end + timedelta(days=1)
        return found

    def bars(self, instrument: Instrument, span: Span, interval: str = "minute") -> list[Bar]:
        """Of one call, in order of time; none where there was no trade. Raises BrokerUnavailable after some tries.

        An option that has expired cannot be asked for: its token is gone.
        """
        for wait in WAIT_SECONDS[: TRIES - 1]:
            try:
                return self._ask(instrument, span, interval)
            except CandleError:
                raise
            except BrokerUnavailable:
                self._clock.sleep(wait)
        return self._ask(instrument, span, interval)

    def _ask(self, instrument: Instrument, span: Span, interval: str) -> list[Bar]:
        now = self._clock.monotonic()
        self._clock.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + SECONDS_A_CALL
        times = {"from": f"{span[0]} 00:00:00", "to": f"{span[1]} 23:59:59"}
        # Not `historical_data`, whose parsing of times alone costs five times as much CPU as all of ours.
        answer = self._read(lambda client: client._get(
            "market.historical", url_args={"instrument_token": instrument.token, "interval": interval},
            params={**times, "interval": interval, "continuous": 0, "oi": 1},
        ))
        rows = answer.get("candles") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) > MOST_CANDLES:
            raise CandleError(f"the candles of {instrument.symbol} came without a list of at most {MOST_CANDLES}")
        return in_order([candle(row, instrument.symbol) for row in rows], span)


def candle(row: object, symbol: str) -> Bar:
    """[time, open, high, low, close, volume, open interest] in rupees. Raises CandleError for anything else."""
    try:
        if not isinstance(row, list) or len(row) not in (6, 7) or not _STAMP.fullmatch(str(row[0])):
            raise ValueError("not six or seven values with a time of India first")
        if not all(isinstance(value, int | float) and isfinite(value) for value in row[1:]):
            raise ValueError("a value that is no number")
        stamp = datetime.fromisoformat(row[0])
        ts = moment(stamp.date(), stamp.time())
        open, high, low, close = (paise_from_rupees(value) for value in row[1:5])
        bar = Bar(ts, symbol, open, high, low, close, int(row[5]), int(row[6]) if len(row) == 7 else 0)
    except (ValueError, ArithmeticError, TypeError) as error:
        raise CandleError(f"a candle of {symbol} is not as documented ({error}): {str(row)[:120]}") from None
    if not 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high or bar.volume < 0:
        raise CandleError(f"a candle of {symbol} contradicts itself: {str(row)[:120]}")
    return bar


def in_order(bars: list[Bar], span: Span) -> list[Bar]:
    """Bars of the span's dates by time, each time once: the last that was said of it."""
    first = moment(span[0], time())
    last = moment(span[1] + timedelta(days=1), time())
    by_time = {bar.ts: bar for bar in bars if first <= bar.ts < last}
    return [by_time[ts] for ts in sorted(by_time)]


def sessions_before(history: KiteHistory, instrument: Instrument, days: Sequence[date]) -> list[list[Bar]]:
    """The bars of these dates, given in order; dates without a bar are left out. Raises BrokerUnavailable."""
    if not days:
        return []
    by_day: dict[date, list[Bar]] = {day: [] for day in days}
    for span in history.spans(days[0], days[-1], "minute"):
        for bar in history.bars(instrument, span):
            if (day := day_of(bar.ts)) in by_day:
                by_day[day].append(bar)
    return [bars for bars in by_day.values() if bars]
