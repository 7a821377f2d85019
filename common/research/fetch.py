"""The broker's candles as one file of a recorded session: call by call, so that a fetch that was killed goes on."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from common.market.bar import Bar
from common.market.instrument import Instrument
from common.research.recorded import Recording
from common.research.storing import table_of

PARTS: Final = ".parts"
Span: TypeAlias = tuple[date, date]


class Candles(Protocol):
    """The broker's history."""

    def spans(self, first: date, last: date, interval: str) -> Sequence[Span]:
        """Of each call, first and last date inclusive. Raises KeyError for an unknown interval."""
        ...

    def bars(self, instrument: Instrument, span: Span, interval: str) -> list[Bar]:
        """Of one call. Raises BrokerUnavailable."""
        ...


class FetchError(ValueError):
    """It cannot be fetched, or kept, as asked; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """rows: in the file. calls: made now; kept: of an earlier run. empty: symbols without any bar."""

    rows: int
    calls: int
    kept: int
    empty: tuple[str, ...]


def fetch(
    candles: Candles, instruments: Sequence[Instrument], first: date, last: date, interval: str, out: Path,
    tell: Callable[[str, float], None],
) -> Fetched:
    """Bars of `instruments` from `first` to `last` (inclusive, both in the past) into `out`, Parquet.

    What has come lies in `out`.parts until all of it has. Raises FetchError, BrokerUnavailable, OSError.
    """
    if out.exists():
        raise FetchError(f"{out} exists already: give another name, or remove it first")
    if len({one.symbol for one in instruments}) < len(instruments):
        raise FetchError("a symbol is asked for twice: give each once")
    folder = out.with_name(out.name + PARTS)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(one, span) for one in instruments for span in candles.spans(first, last, interval)]
    calls, parts = 0, list[Path]()
    for number, (one, span) in enumerate(wanted):
        tell("fetch", number / len(wanted))
        part = folder / f"{one.exchange}-{quote(one.symbol, safe='')}-{interval}-{span[0]}-{span[1]}.parquet"
        parts.append(part)
        if not part.exists():
            calls += 1
            bars = candles.bars(one, span, interval)
            _write(table_of(Recording({one.symbol: one}, {one.symbol: bars})), part)
    table = pa.concat_tables([parquet.read_table(part) for part in parts]) if parts else None
    if table is None or not table.num_rows:
        raise FetchError(f"the broker has no {interval} bars of these from {first} to {last}: ask for other dates")
    _write(table, out)
    shutil.rmtree(folder)
    tell("fetch", 1.0)
    found = set(pc.unique(table["symbol"]).to_pylist())
    empty = tuple(one.symbol for one in instruments if one.symbol not in found)
    return Fetched(table.num_rows, calls, len(wanted) - calls, empty)


def _write(table: pa.Table, path: Path) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    parquet.write_table(table, unfinished)
    os.replace(unfinished, path)
