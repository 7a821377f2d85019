"""The session that the archive has recorded of a day, as market data: what shadow runs of a live day replay."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from common.ports import Archive
from common.research.market import RecordedMarket
from common.research.recorder import FOLDER

if TYPE_CHECKING:
    import pyarrow as pa


class NothingRecorded(ValueError):
    """The archive has no bars of the day that can be read: nobody recorded it, or a file is damaged."""


@contextmanager
def archived_market(archive: Archive, day: date) -> Iterator[RecordedMarket]:
    """All rooms' bars of `day` together, while the context lasts. Raises NothingRecorded, StoreError.

    A minute that several workloads or runs recorded is taken once, a whole one before an incomplete one.
    """
    import pyarrow as pa
    from pyarrow import parquet

    tables = []
    for name in archive.list(day, f"{FOLDER}/"):
        data = archive.get(day, name) if name.rpartition("/")[2].startswith("bars-") else None
        if data is not None:
            tables.append(_read(name, data))
    if not tables:
        raise NothingRecorded(f"the archive has no recorded session of {day}: nothing to replay in shadow")
    with TemporaryDirectory(prefix="tron-recorded-") as folder:
        path = Path(folder) / f"{day}.parquet"
        parquet.write_table(_once(pa.concat_tables(tables, promote_options="default")), path)
        yield RecordedMarket([path])


def _read(name: str, data: bytes) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise NothingRecorded(f"{name} of the archive cannot be read: {error}") from error


def _once(rows: "pa.Table") -> "pa.Table":
    """Sorted by symbol and time, each minute of a symbol once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ordered = [("symbol", "ascending"), ("ts", "ascending"), ("incomplete", "ascending")]
    rows = rows.take(pc.sort_indices(rows, ordered)).combine_chunks()
    if rows.num_rows < 2:
        return rows
    before, after = rows.slice(0, rows.num_rows - 1), rows.slice(1)
    repeated = pc.and_(pc.equal(before["symbol"], after["symbol"]), pc.equal(before["ts"], after["ts"]))
    first = pa.concat_arrays([pa.array([True]), pc.invert(repeated).combine_chunks()])
    return rows.filter(first)
