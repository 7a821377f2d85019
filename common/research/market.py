"""Recorded or generated sessions as market data: what a replayed day and its workloads read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.indian_time import INDIA, NANOSECONDS_A_DAY, OFFSET_NANOSECONDS, day_of, moment
from common.market.instrument import Instrument
from common.research.faults import DataWarning
from common.research.files import rows_in
from common.research.loading import Selection
from common.research.recorded import Recording, dates, read, read_rows, recording_of

_EPOCH: Final = date(1970, 1, 1)
MOST_ROWS: Final = 100_000
"""Of a stretch: some 13 MB as columns, 40 MB while they are read and checked."""


class RecordedMarket:
    """MarketData over session files, read as they are asked for."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._last: tuple[tuple[date, frozenset[str] | None], Recording] | None = None

    def instruments(self, day: date) -> list[Instrument]:
        """Everything that has bars on `day`, by symbol."""
        known = self._day(day, None).instruments
        return [known[symbol] for symbol in sorted(known)]

    def warnings(self, day: date) -> tuple[DataWarning, ...]:
        """What is odd about the bars of `day`, as `tron data check` says it."""
        return self._day(day, None).warnings

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        """Those of `symbols` whose bars never have volume: fills go by price alone."""
        bars = self._day(day, symbols).bars
        return frozenset(symbol for symbol in symbols if not any(bar.volume for bar in bars.get(symbol, ())))

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """By symbol, the bars of up to `sessions` sessions before `day`, oldest first."""
        before = [past for past in dates(self._paths) if past < day][-sessions:]
        if not before:
            return {}
        recording = read(self._paths, since=before[0], until=before[-1])
        found: dict[str, list[list[Bar]]] = {}
        for symbol, bars in recording.bars.items():
            by_day: defaultdict[date, list[Bar]] = defaultdict(list)
            for bar in bars:
                by_day[day_of(bar.ts)].append(bar)
            found[symbol] = [by_day[past] for past in sorted(by_day)]
        return found

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """The bars of `day` by time, then in the order of `symbols`."""
        bars = self._day(day, symbols).bars
        place = {symbol: n for n, symbol in enumerate(symbols)}
        rows = [bar for symbol in symbols for bar in bars.get(symbol, ())]
        rows.sort(key=lambda bar: (bar.ts, place[bar.symbol]))
        return iter(rows)

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """From each symbol's last bar that had ended at `at`; volume: of the session so far."""
        now, found = _nanoseconds(at), []
        bars = self._day(day_of(now), None).bars
        for symbol in symbols:
            ended = [bar for bar in bars.get(symbol, ()) if bar.ts + NANOSECONDS_A_MINUTE <= now]
            if ended:
                last, volume = ended[-1], sum(bar.volume for bar in ended)
                found.append(Quote(now, symbol, last.close, last.bid, last.ask, volume=volume))
        return found

    def _day(self, day: date, symbols: Sequence[str] | None) -> Recording:
        """Read once where the same is asked for again, as a workload does for volume and feed."""
        key = (day, None if symbols is None else frozenset(symbols))
        if self._last is None or self._last[0] != key:
            self._last = (key, read(self._paths, day=day, symbols=symbols))
        return self._last[1]


class StreamedMarket(RecordedMarket):
    """The same for many days in order: a stretch of them is read at once, and never more than a stretch is kept.

    warned: whether `warnings` will be asked for; without, there are none.
    """

    def __init__(
        self, paths: Sequence[Path], days: Sequence[date], most_rows: int = MOST_ROWS, *, warned: bool = True,
    ) -> None:
        super().__init__(paths)
        self._warned = warned
        self._days = sorted(days)
        every = sum(rows_in(path) for path in paths)
        self._at_once = max(1, most_rows * len(self._days) // max(every, 1))
        self._stretch: tuple[date, date, pa.Table, dict[date, tuple[int, int]]] | None = None
        self._today: tuple[date, Recording] | None = None

    def _day(self, day: date, symbols: Sequence[str] | None) -> Recording:
        if self._today is None or self._today[0] != day:
            self._today = (day, recording_of(self._rows(day), self._paths, warned=self._warned))
        whole = self._today[1]
        if symbols is None:
            return whole
        bars = {symbol: whole.bars[symbol] for symbol in symbols if symbol in whole.bars}
        return Recording(whole.instruments, bars, whole.warnings)

    def _rows(self, day: date) -> pa.Table:
        """Of one day, in the order of the stretch: by symbol, then time."""
        if self._stretch is None or not self._stretch[0] <= day <= self._stretch[1]:
            self._stretch = None  # before the next is read
            later = [one for one in self._days if one >= day][: self._at_once] or [day]
            self._stretch = (day, later[-1], *_by_day(read_rows(self._paths, Selection(day, later[-1]))))
        first, end = self._stretch[3].get(day, (0, 0))
        return self._stretch[2].slice(first, end - first)


def _by_day(rows: pa.Table) -> tuple[pa.Table, dict[date, tuple[int, int]]]:
    """Rows by day, otherwise in their order, and each day's first and end: no day searches all of a stretch."""
    days = pc.divide(pc.add(rows["ts"], OFFSET_NANOSECONDS), NANOSECONDS_A_DAY)
    order = pc.sort_indices(days)  # stable
    runs = pc.run_end_encode(days.take(order).combine_chunks())
    ends = runs.run_ends.to_pylist()
    places = zip(runs.values.to_pylist(), [0, *ends[:-1]], ends, strict=True)
    return rows.take(order).combine_chunks(), {_EPOCH + timedelta(days=day): (a, b) for day, a, b in places}


def _nanoseconds(at: datetime) -> int:
    india = at.astimezone(INDIA)
    return moment(india.date(), india.time())
