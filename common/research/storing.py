"""Writing a recording as one file of bars that `read` gives back exactly, Parquet or CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from common.market.bar import Bar
from common.market.instrument import Kind
from common.research.columns import ZONE
from common.research.recorded import Recording


def write_parquet(recording: Recording, path: Path) -> None:
    """One Parquet file with `ts` in Asia/Kolkata and prices in rupees."""
    parquet.write_table(table_of(recording), path)


def write_csv(recording: Recording, path: Path) -> None:
    """One CSV with `ts` as 2025-08-29T09:15:00+05:30 and prices in rupees."""
    table = table_of(recording)
    local = pc.strftime(_coarsest(pc.local_timestamp(table["ts"])), "%Y-%m-%dT%H:%M:%S")
    table = table.set_column(0, "ts", pc.binary_join_element_wise(local, "+05:30", ""))
    arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="needed"))


def table_of(recording: Recording) -> pa.Table:
    """Bars grouped by symbol. Instruments keep all but their broker's token, which changes daily anyway."""
    listed = [recording.instruments[symbol] for symbol in recording.bars]
    counts = [len(series) for series in recording.bars.values()]
    bars = [bar for series in recording.bars.values() for bar in series]
    stamps = pa.array([bar.ts for bar in bars], pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns", ZONE))
    table = {"ts": stamps}
    for name, kind, values in (
        ("symbol", pa.string(), [one.symbol for one in listed]),
        ("exchange", pa.string(), [one.exchange for one in listed]),
    ):
        table[name] = _repeated(values, counts, kind)
    for name in ("open", "high", "low", "close"):
        table[name] = _rupees(bars, name)
    for name in ("volume", "oi"):
        table[name] = pa.array([getattr(bar, name) for bar in bars], pa.int64())
    for name in ("bid", "ask"):
        table[name] = _rupees(bars, name)
    contracts = [one.kind in (Kind.CALL, Kind.PUT, Kind.FUTURE) for one in listed]
    strikes = [one.strike / 100 if one.strike else None for one in listed]
    underlyings = [one.underlying if is_contract else None for one, is_contract in zip(listed, contracts, strict=True)]
    table["underlying"] = _repeated(underlyings, counts, pa.string())
    table["expiry"] = _repeated([one.expiry for one in listed], counts, pa.date32())
    table["strike"] = _repeated(strikes, counts, pa.float64())
    table["type"] = _repeated([one.kind.value for one in listed], counts, pa.string())
    table["lot"] = _repeated([one.lot for one in listed], counts, pa.int64())
    table["tick"] = _repeated([one.tick / 100 for one in listed], counts, pa.float64())
    return pa.table(table)


def _coarsest(stamps: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole seconds where all are: nanoseconds would be written as nine zeros."""
    try:
        return stamps.cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        return stamps


def _repeated(values: Sequence[Any], counts: Sequence[int], kind: pa.DataType) -> pa.Array:
    indices = [number for number, count in enumerate(counts) for _ in range(count)]
    return pa.array(values, kind).take(pa.array(indices, pa.int64()))


def _rupees(bars: Sequence[Bar], name: str) -> pa.Array:
    return pc.divide(pa.array([getattr(bar, name) for bar in bars], pa.float64()), 100.0)
