"""Opening one file of recorded bars, Parquet or CSV, as a raw table with the columns that Tron knows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from common.research import columns
from common.research.faults import Faults

MAX_FILE_BYTES: Final = 2 * 1024**3
_PARQUET_MARK: Final = b"PAR1"


def read_raw(path: Path, wanted: Sequence[str], faults: Faults) -> pa.Table:
    """The wanted columns that the file has. Raises DataError where it is no readable file of bars."""
    _require_file(path, faults)
    try:
        table = _read_csv(path, faults) if faults.is_csv else _read_parquet(path, wanted, faults)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "CSV" if faults.is_csv else "Parquet"
        why = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
        faults.add(f"cannot be read as {kind}: {why}", f"Give a whole, readable {kind} file of bars")
        faults.raise_first()
        raise
    faults.raise_first()
    if table.num_rows == 0:
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


def _read_parquet(path: Path, wanted: Sequence[str], faults: Faults) -> pa.Table:
    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _require_columns(names, wanted, faults)
        return file.read(columns=[name for name in wanted if name in names])


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
