"""What makes a backtest look better than it was: prices adjusted afterwards, splits left in, survivors only."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from common.market.indian_time import NANOSECONDS_A_DAY, OFFSET_NANOSECONDS
from common.market.rules import equity_tick
from common.market.symbols import parse_contract_symbol
from common.market.tables import OutsideTable
from common.research import columns
from common.research.files import read_raw
from common.research.loading import faults_of
from common.research.quality import ADJUSTED_SHARE, PRICE_MARGIN

NEEDED: Final = ("ts", "symbol", "open", "close", "volume")
ADJUSTED_MARK: Final = b"adjusted"
"""Key of a Parquet file's own metadata: 'true' where prices were adjusted, 'false' where they are as traded."""
UNIVERSE_MARK: Final = b"universe_as_of"
"""Key of the metadata: the date (YYYY-MM-DD) of the list by which the symbols were chosen."""
SPLITS: Final = tuple(Fraction(a, b) for a, b in ((2, 1), (3, 1), (4, 1), (5, 1), (10, 1), (3, 2), (4, 3), (5, 2)))
NEAR_SPLIT: Final = 0.04
"""A night's move this near to such a ratio, in logarithms, looks like a split or bonus and not like news."""
FEWEST_DAYS: Final = 3
"""A close or two off the tick are errors of a recording."""
LONG_DAYS: Final = 180
"""Over so long a time some of the shares that were traded at its beginning drop out; where none did, they were chosen
by who was left."""
MANY_SYMBOLS: Final = 5
GROUPS_AT_ONCE: Final = 64
"""Row groups of a file that are open together: a reader of them all takes memory by the length of the history."""
_EPOCH: Final = date(1970, 1, 1)


class _Symbol:
    """first, last: days since 1970. close: of the last day. ticks, off: days looked at, and those off the tick."""

    __slots__ = ("close", "first", "last", "off", "ticks", "traded")

    def __init__(self, day: int) -> None:
        self.first = self.last = day
        self.close = 0.0
        self.ticks = self.off = 0
        self.traded = False


def credibility_warnings(paths: Sequence[Path]) -> list[str]:
    """One line for each doubt about the files' shares, with an example; reads them in pieces, once.

    Adjusted: by the file's metadata, or where many days' last prices are off the tick. A split left in: a night's jump
    by a usual ratio. Survivorship: by the metadata, or a long span that nobody left. Raises DataError.
    """
    found: list[str] = []
    symbols: dict[str, _Symbol] = {}
    jumps: list[str] = []
    for path in paths:
        found += _marks(path)
        for rows in _pieces(path):
            jumps += _take(rows, symbols)
    shares = {name: one for name, one in symbols.items() if one.traded and parse_contract_symbol(name) is None}
    adjusted = [
        name for name, one in sorted(shares.items()) if one.off >= max(FEWEST_DAYS, ADJUSTED_SHARE * one.ticks)
    ]
    if adjusted:
        one = shares[adjusted[0]]
        found.append(
            f"adjusted prices: {len(adjusted)} of {len(shares)} shares, as {adjusted[0]} ({one.off} of {one.ticks} "
            "days close off the tick): sizes, ticks and charges are not those of the day"
        )
    if jumps:
        found.append(f"splits or bonuses left in: {len(jumps)}, as {jumps[0]}: leave those days out, or adjust")
    return [*found, *_survivors(shares)]


def _marks(path: Path) -> Iterator[str]:
    """What the file says of itself."""
    if path.suffix.lower() != ".parquet":
        return
    faults_of(path)
    marks = parquet.read_schema(path).metadata or {}
    if marks.get(ADJUSTED_MARK, b"").lower() == b"true":
        yield f"adjusted prices: {path.name} says so of itself: sizes, ticks and charges are not those of the day"
    if UNIVERSE_MARK in marks:
        chosen = marks[UNIVERSE_MARK].decode(errors="replace")
        yield f"survivorship: {path.name} holds the symbols of a list of {chosen}; who had left by then is not in it"


def _pieces(path: Path) -> Iterator[pa.Table]:
    faults = faults_of(path)
    if faults.is_csv:
        yield read_raw(path, NEEDED, faults)
        return
    with parquet.ParquetFile(path) as file:
        present = [name for name in NEEDED if name in file.schema_arrow.names]
        if len(present) < len(NEEDED):
            faults.add(f"lacks the columns {', '.join(set(NEEDED) - set(present))}", columns.NEEDED)
            faults.raise_first()
        for first in range(0, file.num_row_groups, GROUPS_AT_ONCE):
            groups = range(first, min(first + GROUPS_AT_ONCE, file.num_row_groups))
            for batch in file.iter_batches(row_groups=groups, columns=present):
                yield pa.Table.from_batches([batch])


def _take(rows: pa.Table, symbols: dict[str, _Symbol]) -> Iterator[str]:
    """The piece's days of each symbol, in order of time; yields each jump over a night."""
    stamps = rows["ts"]
    if columns.is_text(stamps.type):
        dates = pc.utf8_slice_codeunits(columns.texts(stamps), 0, 10)
        days = pc.strptime(dates, "%Y-%m-%d", "s", error_is_null=True).cast(pa.date32())
        days = days.cast(pa.int32()).cast(pa.int64())
    else:
        nanoseconds = stamps.cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
        days = pc.divide(pc.add(nanoseconds, OFFSET_NANOSECONDS), NANOSECONDS_A_DAY)
    plain = pa.table({
        "symbol": columns.texts(rows["symbol"]), "day": days,
        **{name: columns.cast_or_null(rows[name], pa.float64()) for name in ("open", "close", "volume")},
    }).drop_null()  # what cannot be read is refused where it is traded
    whole = plain.group_by(["symbol", "day"], use_threads=False).aggregate(
        [("open", "first"), ("close", "last"), ("volume", "max")]
    ).sort_by([("symbol", "ascending"), ("day", "ascending")])
    return _jumps(whole.to_pylist(), symbols)


def _jumps(rows: Iterable[dict[str, Any]], symbols: dict[str, _Symbol]) -> Iterator[str]:
    for row in rows:
        name, day, opened, closed = row["symbol"], row["day"], row["open_first"], row["close_last"]
        if day is None or not opened or not closed:
            continue
        one = symbols.setdefault(name, _Symbol(day))
        if day > one.last and one.close:
            ratio = opened / one.close
            if any(abs(abs(math.log(ratio)) - math.log(split)) < NEAR_SPLIT for split in SPLITS):
                yield f"{name} from {one.close:,.2f} to {opened:,.2f} on {_EPOCH + timedelta(days=day)}"
        one.traded |= bool(row["volume_max"])
        one.first, one.last, one.close = min(one.first, day), max(one.last, day), closed
        tick = _tick(closed, _EPOCH + timedelta(days=day))
        if tick:
            one.ticks += 1
            one.off += abs(closed * 100 - round(closed * 100 / tick) * tick) > 0.01


def _tick(price: float, day: date) -> int:
    """Paise; of a price a little lower, for the exchange looks at last month's: warn too little. 0 where unknown."""
    try:
        return equity_tick(int(price * 100 * PRICE_MARGIN), day)
    except OutsideTable:
        return 0


def _survivors(shares: dict[str, _Symbol]) -> Iterator[str]:
    if len(shares) < MANY_SYMBOLS:
        return
    first, last = min(one.first for one in shares.values()), max(one.last for one in shares.values())
    if last - first < LONG_DAYS or any(one.last < last - LONG_DAYS // 6 for one in shares.values()):
        return
    yield (
        f"survivorship: all {len(shares)} shares trade to the end, {_EPOCH + timedelta(days=last)}, over "
        f"{(last - first) / 365:.1f} years: those that fell out of the list or were delisted are not in the files"
    )
