"""Recorded sessions: one or several files of bars, checked, as instruments and bars in paise."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from common.market.bar import Bar
from common.market.indian_time import at, day_of
from common.market.instrument import Instrument
from common.research.faults import DataError, DataWarning
from common.research.listing import Described, UnlistedError, instrument_of
from common.research.loading import Selection, faults_of, load, load_days
from common.research.quality import warnings_of
from common.research.validation import grouped, validate

_EPOCH: Final = date(1970, 1, 1)
_BAR_COLUMNS: Final = ("ts", "open", "high", "low", "close", "volume", "oi", "bid", "ask")


@dataclass(frozen=True, slots=True)
class Recording:
    """Instruments by symbol, and each symbol's bars in order of `ts`; warnings of all files together."""

    instruments: dict[str, Instrument]
    bars: dict[str, list[Bar]]
    warnings: tuple[DataWarning, ...] = field(default=())


def read(
    paths: Sequence[Path], *, day: date | None = None, symbols: Collection[str] | None = None,
    since: date | None = None, until: date | None = None,
) -> Recording:
    """The selected bars of all files: of `day`, or from `since` to `until` (inclusive), of `symbols`; None: no limit.

    A symbol may stand in several files as long as no time repeats. Raises DataError at the first fault within the
    selection (whole-file faults always); `check` lists them all.
    """
    rows = read_rows(paths, Selection(day or since, day or until, symbols))
    return Recording({}, {}) if rows is None else recording_of(rows, paths)


def read_rows(paths: Sequence[Path], selection: Selection) -> pa.Table | None:
    """The selected rows of all files as one table, checked and grouped by symbol; None without files."""
    tables: list[pa.Table] = []
    for number, path in enumerate(paths):
        faults = faults_of(path)
        rows = validate(load(path, selection, faults), faults)
        faults.raise_first()
        tables.append(rows.append_column("file", pa.repeat(number, rows.num_rows)))
    return _merged(tables, paths) if tables else None


def recording_of(rows: pa.Table, paths: Sequence[Path], *, warned: bool = True) -> Recording:
    """Rows as from `read_rows`, or some of them in the same order. Raises DataError for what cannot be listed.

    warned: whether anybody asks for the warnings, which take as long as the rest.
    """
    instruments = list_instruments(rows, paths)
    return Recording(instruments, _bars(rows), warnings_of(rows, instruments) if warned else ())


def dates(paths: Sequence[Path]) -> list[date]:
    """Every date that has a bar, in order; reads only the times. Raises DataError for a file that has none."""
    numbers: set[int] = set()
    for path in paths:
        numbers |= load_days(path)
    return [_EPOCH + timedelta(days=number) for number in sorted(numbers)]


def merge_by_time(bars: Iterable[list[Bar]]) -> list[Bar]:
    """One feed of all bars, by time and, within one time, by symbol: the same whatever the order of the lists.

    Each list holds one symbol in order of time.
    """
    by_symbol = sorted((series for series in bars if series), key=lambda series: series[0].symbol)
    feed = [bar for series in by_symbol for bar in series]
    feed.sort(key=attrgetter("ts"))
    return feed


def list_instruments(rows: pa.Table, paths: Sequence[Path]) -> dict[str, Instrument]:
    """Instruments of grouped rows that carry a column `file`, sorted by symbol. Raises DataError."""
    found: dict[str, Instrument] = {}
    for symbol, start, length in _series(rows):
        one = rows.slice(start, length)
        first = one.slice(0, 1).to_pylist()[0]
        described = Described(
            symbol, first["exchange"], first["underlying"], first["type"], first["expiry"], first["strike"],
            first["lot"], first["tick"], bool(pc.max(one["volume"]).as_py()), first["close"],
            day_of(one["ts"][length - 1].as_py()),
        )
        try:
            found[symbol] = instrument_of(described)
        except UnlistedError as error:
            faults = faults_of(paths[first["file"]])
            faults.add(error.what, error.remedy, first["row"], symbol)
            faults.raise_first()
    return found


def _series(rows: pa.Table) -> list[tuple[str, int, int]]:
    """Symbol, first row and number of rows of each run, by symbol."""
    if rows.num_rows == 0:
        return []
    encoded = pc.run_end_encode(rows["symbol"].combine_chunks())
    ends = encoded.run_ends.to_pylist()
    starts = [0, *ends[:-1]]
    return sorted((s, a, b - a) for s, a, b in zip(encoded.values.to_pylist(), starts, ends, strict=True))


def _merged(tables: Sequence[pa.Table], paths: Sequence[Path]) -> pa.Table:
    """All rows grouped by symbol and, where a symbol stands in several files, in order of time."""
    rows = pa.concat_tables(tables).combine_chunks()
    if len(tables) == 1:
        return rows
    total = sum(pc.count_distinct(table["symbol"]).as_py() for table in tables)
    if total == pc.count_distinct(rows["symbol"]).as_py():
        return rows
    rows = grouped(rows.take(pc.sort_indices(rows, [("ts", "ascending"), ("file", "ascending")])))
    _refuse_overlap(rows, paths)
    return rows


def _refuse_overlap(rows: pa.Table, paths: Sequence[Path]) -> None:
    before, after = rows.slice(0, rows.num_rows - 1), rows.slice(1)
    repeated = pc.and_(pc.equal(before["symbol"], after["symbol"]), pc.equal(before["ts"], after["ts"]))
    for number, path in enumerate(paths):
        faults = faults_of(path)
        other = after.append_column("other", before["file"]).append_column("other_row", before["row"])
        faults.add_rows(
            other, pc.and_(repeated, pc.equal(after["file"], number)),
            lambda row: f"{at(row['ts']):%Y-%m-%d %H:%M} stands in {paths[row['other']]} too (row {row['other_row']})",
            "Give each bar once: leave one of the files out, or cut it",
        )
        faults.raise_first()


def _bars(rows: pa.Table) -> dict[str, list[Bar]]:
    values = {name: _integers(rows[name]) for name in _BAR_COLUMNS}
    bars: dict[str, list[Bar]] = {}
    for symbol, start, length in _series(rows):
        ts, *rest = (values[name][start : start + length] for name in _BAR_COLUMNS)
        bars[symbol] = list(map(Bar, ts, repeat(symbol), *rest))
    return bars


def _integers(column: pa.ChunkedArray) -> list[int]:
    """An int64 column without nulls as a list, through its buffer: ten times faster than to_pylist."""
    flat = column.combine_chunks()
    return memoryview(flat.buffers()[1]).cast("q")[flat.offset : flat.offset + len(flat)].tolist()


__all__ = ["DataError", "DataWarning", "Recording", "dates", "merge_by_time", "read"]
