"""Opening one file of recorded bars, Parquet or CSV, as a raw table with the columns that Tron knows."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from common.research import columns
from common.research.faults import Faults

MAX_FILE_BYTES: Final = 2 * 1024**3
_PARQUET_MARK: Final = b"PAR1"
_NANOSECONDS: Final = {"milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}


Window: TypeAlias = tuple[int, int]
"""Times of bars that are wanted, nanoseconds UTC: from the first to before the second."""


def read_raw(path: Path, wanted: Sequence[str], faults: Faults, window: Window | None = None) -> pa.Table:
    """The wanted columns that the file has. Raises DataError where it is no readable file of bars.

    window: of Parquet only these rows, with their numbers in a column `row`; one row group is in memory at a time, and
    those whose statistics say that they lie elsewhere are not read.
    """
    _require_file(path, faults)
    try:
        table = _read_csv(path, faults) if faults.is_csv else _read_parquet(path, wanted, faults, window)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "CSV" if faults.is_csv else "Parquet"
        why = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
        faults.add(f"cannot be read as {kind}: {why}", f"Give a whole, readable {kind} file of bars")
        faults.raise_first()
        raise
    faults.raise_first()
    if table.num_rows == 0 and window is None:
        faults.add("has no rows", "Give a file with at least one bar, or leave it out")
        faults.raise_first()
    return table


def _require_file(path: Path, faults: Faults) -> None:
    try:
        size = path.stat().st_size if path.is_file() else None
        mark = _first_bytes(path) if size else b""
    except OSError as error:
        faults.add(f"cannot be opened: {error.strerror}", "Check its name and permissions")
        faults.raise_first()
        raise
    if size is None:
        what = "is a directory" if path.is_dir() else "does not exist"
        faults.add(what, "Give the path of one .parquet or .csv file of bars")
    elif size == 0:
        faults.add("is empty (0 bytes)", "Record or download it again")
    elif size > MAX_FILE_BYTES:
        faults.add(f"has {size:,} bytes, above {MAX_FILE_BYTES:,}", "Split it by date")
    elif path.suffix.lower() not in {".csv", ".parquet"}:
        faults.add(f"has the ending {path.suffix or '(none)'!r}", "Give a .parquet or .csv file")
    elif faults.is_csv and mark == _PARQUET_MARK:
        faults.add("is Parquet although it is named .csv", "Rename it to .parquet")
    elif not faults.is_csv and mark != _PARQUET_MARK:
        faults.add("is not Parquet although it is named so", "Give a Parquet file, or name it .csv if it is one")
    faults.raise_first()


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_PARQUET_MARK))


def days_in(path: Path, faults: Faults, day_of: Callable[[pa.Table], set[int]]) -> set[int]:
    """What `day_of` finds in the column `ts`, a row group at a time. Raises DataError as `read_raw` does."""
    if faults.is_csv:
        return day_of(read_raw(path, columns.KNOWN, faults))
    first = read_raw(path, (columns.TIME,), faults, (0, 0))
    found = day_of(first) if first.num_rows else set[int]()
    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            found |= day_of(file.read_row_group(group, columns=[columns.TIME], use_threads=False))
    return found


def rows_in(path: Path) -> int:
    """Rows of a file that `read_raw` takes: of CSV a guess by its size."""
    if path.suffix.lower() == ".csv":
        return path.stat().st_size // 64
    with parquet.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def _read_parquet(path: Path, wanted: Sequence[str], faults: Faults, window: Window | None) -> pa.Table:
    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _require_columns(names, wanted, faults)
        chosen = [name for name in wanted if name in names]
        kind = file.schema_arrow.field(columns.TIME).type
        if window is None or not pa.types.is_timestamp(kind) or kind.tz is None or not file.metadata.num_rows:
            return file.read(columns=chosen)
        return _read_window(file, chosen, kind, window)


def _read_window(file: parquet.ParquetFile, chosen: Sequence[str], kind: pa.DataType, window: Window) -> pa.Table:
    """By the statistics of the footer that is read already: a second reading takes as much memory as the file is long.
    """
    first, last = (pa.scalar(at, pa.timestamp("ns", kind.tz)).cast(kind) for at in window)
    tables, before = list[pa.Table](), 0
    for group in range(file.num_row_groups):
        of_group = file.metadata.row_group(group)
        count = of_group.num_rows
        if not _is_elsewhere(of_group, window) or (not tables and group == file.num_row_groups - 1):
            rows = file.read_row_group(group, columns=chosen, use_threads=False)
            numbers = pa.chunked_array([pa.array(range(before + 1, before + count + 1), pa.int64())])
            inside = pc.and_(pc.greater_equal(rows[columns.TIME], first), pc.less(rows[columns.TIME], last))
            # What has no time is kept: it is a fault to be told.
            tables.append(rows.append_column("row", numbers).filter(pc.fill_null(inside, True)))
        before += count
    return pa.concat_tables(tables)


def _is_elsewhere(group: parquet.RowGroupMetaData, window: Window) -> bool:
    """Whether its statistics say that none of its times lies within the window.

    They know the unit too. To ask the file for its schema would tie its metadata, tens of megabytes for a long history,
    into a cycle, which stays until garbage is collected.
    """
    of_columns = (group.column(number) for number in range(group.num_columns))
    known = next(one for one in of_columns if one.path_in_schema == columns.TIME).statistics
    if known is None or not known.has_min_max:
        return False
    unit = _NANOSECONDS.get(json.loads(known.logical_type.to_json()).get("timeUnit"))
    return unit is not None and bool(known.min_raw * unit >= window[1] or known.max_raw * unit < window[0])


def _read_csv(path: Path, faults: Faults) -> pa.Table:
    """All columns as text, so that each wrong value can be named with its row."""
    data = path.read_bytes().rstrip()
    header = data.split(b"\n", 1)[0].decode("utf-8-sig").strip().replace('"', "").split(",")
    names = [name.strip() for name in header]
    _require_columns(names, columns.KNOWN, faults)
    if b"\n" not in data:
        return pa.table({name: pa.array([], pa.string()) for name in names if name in columns.KNOWN})
    torn: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        torn.append(row)
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
        parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=skip),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=[n for n in columns.KNOWN if n in names]
        ),
    )
    for row in torn:
        what = f"has {row.actual_columns} fields where the header has {row.expected_columns}"
        faults.add(what, "Give every row as many fields as the header, or drop the row", row.number - 1)
    return table


def _require_columns(names: Sequence[str], wanted: Sequence[str], faults: Faults) -> None:
    """Raises DataError where a required column is missing or a known one stands twice."""
    missing = [name for name in columns.REQUIRED if name in wanted and name not in names]
    twice = [name for name in columns.KNOWN if names.count(name) > 1]
    if missing:
        has = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
        faults.add(f"lacks the columns {', '.join(missing)} (it has {has})", columns.NEEDED)
    elif twice:
        faults.add(f"has the column {', '.join(twice)} more than once", "Keep one of each")
    faults.raise_first()
