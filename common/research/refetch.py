"""Minutes that the stream missed, fetched from the broker's candles once the day is over, and marked as such."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import session_times
from common.market.instrument import AssetClass, Instrument
from common.ports import Archive
from common.research.recorder import FOLDER, bars_table
from common.trading.errors import BrokerUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

REFETCHED: Final = "refetched"
"""Folder of the files within the recorded market, and the column that marks their rows."""
ASKED: Final = f"{FOLDER}/{REFETCHED}/asked.json"
MOST_FAILURES: Final = 3
"""In a row: each has been tried for half a minute."""

Candles = Callable[[Instrument, date], Sequence[Bar]]
"""The minutes of one day. Raises BrokerUnavailable."""


@dataclass(slots=True)
class Filled:
    """bars: that were put into the archive. left: symbols with holes that nobody asked for. failures: why."""

    bars: int = 0
    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Recorded:
    """Of one symbol: the minutes that are whole, and the others with the bid and ask that they had; paise."""

    whole: set[int] = field(default_factory=set)
    torn: dict[int, tuple[int, int]] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)


def fill_holes(
    day: date, archive: Archive, instruments: Iterable[Instrument], candles: Candles, in_time: Callable[[], bool],
    first: Collection[str] = (),
) -> Filled:
    """Each symbol is asked for once, however often the day is closed; `first` before the others. Raises StoreError.

    A hole is a minute of the session in which a whole room heard nothing whole, and a minute of a symbol that is marked
    incomplete. in_time: asked before each request.
    """
    kept = archive.get(day, ASKED)
    asked: list[str] = json.loads(kept) if kept is not None else []
    holes = _holes(day, _read(day, archive), set(asked))
    known = {one.symbol: one for one in instruments}
    found, filled, in_a_row = list[Bar](), Filled(), 0
    for symbol in sorted(holes.keys() & known.keys(), key=lambda one: (one not in first, one)):
        if in_a_row == MOST_FAILURES or not in_time():
            filled.left.append(symbol)
            continue
        try:
            bars, in_a_row = candles(known[symbol], day), 0
        except BrokerUnavailable as failure:
            in_a_row += 1
            filled.failures.append(f"{symbol}: {failure}")
            continue
        filled.asked.append(symbol)
        found += _fitting(bars, holes[symbol])
    if filled.asked:
        _store(day, archive, found, known, [*asked, *filled.asked], len(asked))
    filled.bars = len(found)
    return filled


def _fitting(bars: Sequence[Bar], holes: Mapping[int, tuple[int, int]]) -> Iterable[Bar]:
    """Candles of the holes, with what was quoted at the end of an incomplete minute."""
    for bar in bars:
        if bar.ts in holes:
            bar.bid, bar.ask = holes[bar.ts]
            yield bar


def _holes(
    day: date, recorded: Mapping[str, _Recorded], asked: Collection[str],
) -> dict[str, dict[int, tuple[int, int]]]:
    """By symbol that was not asked for: minutes that are not whole, with bid and ask where they are known."""
    heard: dict[str, set[int]] = {}
    for one in recorded.values():
        for room in one.rooms:
            heard.setdefault(room, set()).update(one.whole)
    deaf = {room: _minutes(day, AssetClass(room)) - minutes for room, minutes in heard.items()}
    found = {}
    for symbol, one in recorded.items():
        missing = set().union(*(deaf[room] for room in one.rooms)) | one.torn.keys()
        missing -= one.whole
        if missing and symbol not in asked:
            found[symbol] = {ts: one.torn.get(ts, (0, 0)) for ts in missing}
    return found


def _minutes(day: date, asset_class: AssetClass) -> set[int]:
    times = session_times(day, asset_class)
    return set(range(times.open, times.close, NANOSECONDS_A_MINUTE))


def _read(day: date, archive: Archive) -> dict[str, _Recorded]:
    """What the workloads have recorded themselves; a damaged file has nothing."""
    found: dict[str, _Recorded] = {}
    for name in archive.list(day, f"{FOLDER}/"):
        room, _, file = name.removeprefix(f"{FOLDER}/").partition("/")
        if room in set(AssetClass) and file.startswith("bars-"):
            data = archive.get(day, name)
            for symbol, ts, incomplete, bid, ask in _rows(data) if data else ():
                one = found.setdefault(symbol, _Recorded())
                one.rooms.add(room)
                if incomplete:
                    one.torn[ts] = (bid, ask)
                else:
                    one.whole.add(ts)
    return found


def _rows(data: bytes) -> Iterable[tuple[Any, ...]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(BytesIO(data), columns=["symbol", "ts", "incomplete", "bid", "ask"])
    except (pa.ArrowException, OSError):
        return ()
    stamps = table["ts"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_pylist()
    prices = ([round(price * 100) for price in table[name].to_pylist()] for name in ("bid", "ask"))
    return zip(table["symbol"].to_pylist(), stamps, table["incomplete"].to_pylist(), *prices, strict=True)


def _store(
    day: date, archive: Archive, bars: Sequence[Bar], known: Mapping[str, Instrument], asked: Sequence[str],
    number: int,
) -> None:
    """The bars first: whoever dies between the two is asked once more."""
    if bars:
        from pyarrow import parquet

        data = BytesIO()
        parquet.write_table(_marked(bars, known), data, compression="zstd")
        archive.put(day, f"{FOLDER}/{REFETCHED}/bars-{number:05}.parquet", data.getvalue(), overwrite=True)
    archive.put(day, ASKED, json.dumps(asked).encode(), overwrite=True)


def _marked(bars: Sequence[Bar], known: Mapping[str, Instrument]) -> "pa.Table":
    import pyarrow as pa

    table = bars_table([(bar, True) for bar in bars], known)
    return table.append_column(REFETCHED, pa.array([True] * table.num_rows, pa.bool_()))
