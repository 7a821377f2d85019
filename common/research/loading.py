"""One file of recorded bars as a typed table: read, cut to the selection early, parsed, faults collected."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from common.market.indian_time import NANOSECONDS_A_DAY, OFFSET_NANOSECONDS, moment
from common.research import columns
from common.research.faults import Faults
from common.research.files import Window, days_in, read_raw

_DERIVATIVE_EXCHANGES: Final = ("NFO", "BFO")
_CONTRACT_NAME: Final = r"\d(CE|PE)$"
_WHOLE: Final = ("volume", "oi", "lot")
_OPTIONAL_NUMBERS: Final = ("strike", "lot", "tick")
_FINEST_PAISE: Final = 1e-4
"""A price further than this from whole paise lies between two: float noise is far below."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are wanted: dates from `since` to `until` inclusive, and symbols; None is no limit."""

    since: date | None = None
    until: date | None = None
    symbols: Collection[str] | None = None

    def window(self) -> Window | None:
        """The dates as times, None without both."""
        if self.since is None or self.until is None:
            return None
        return moment(self.since, time()), moment(self.until + timedelta(days=1), time())


def faults_of(path: Path) -> Faults:
    """An empty list of faults of `path`."""
    return Faults(path, is_csv=path.suffix.lower() == ".csv")


def load(path: Path, selection: Selection, faults: Faults) -> pa.Table:
    """Reads `path` (.parquet or .csv). Rows that cannot be parsed are left out and stand in `faults`.

    Columns: row (1-based data row), ts (ns UTC), symbol, exchange, open, high, low, close, bid, ask (paise), volume,
    oi (units), fractional (a price lies between two paise); null where they do not apply: expiry (date), strike,
    tick (paise), lot (units); '' where they do not apply: underlying, type.

    Raises DataError when nothing of the file can be used: unreadable, missing columns, wrong time zone.
    """
    file = read_raw(path, columns.KNOWN, faults, selection.window())
    raw = _with_text(_numbered(file))
    nanoseconds, readable = columns.times(raw, faults)
    raw = raw.append_column("nanoseconds", nanoseconds)
    keep = _kept(raw, readable, selection)
    if keep is not None:
        raw = raw.filter(keep)
    _require_contract_columns(raw, file.column_names, faults)
    return _typed(raw, faults)


def load_days(path: Path) -> set[int]:
    """Every date that has a bar, days since 1970 in India. Raises DataError where `ts` cannot be read."""
    faults = faults_of(path)

    def days(raw: pa.Table) -> set[int]:
        raw = _numbered(raw)
        if "symbol" not in raw.column_names:
            raw = raw.append_column("symbol", pa.chunked_array([pa.repeat("", raw.num_rows)]))
        nanoseconds, _ = columns.times(raw, faults)
        faults.raise_first()
        local = pc.divide(pc.add(nanoseconds, OFFSET_NANOSECONDS), NANOSECONDS_A_DAY)
        return set(pc.unique(local).to_pylist())

    return days_in(path, faults, days)


def _numbered(raw: pa.Table) -> pa.Table:
    if "row" in raw.column_names:
        return raw
    ones = pa.chunked_array([pa.repeat(pa.scalar(1, pa.int64()), raw.num_rows)])
    return raw.append_column("row", pc.cumulative_sum(ones))


def _with_text(raw: pa.Table) -> pa.Table:
    """Text columns trimmed, missing ones ''; `type` in capitals."""
    for name in columns.ALL_TEXTS:
        if name not in raw.column_names:
            raw = raw.append_column(name, pa.chunked_array([pa.repeat("", raw.num_rows)]))
            continue
        values = columns.texts(raw[name])
        values = pc.utf8_upper(values) if name == "type" else values
        raw = raw.set_column(raw.column_names.index(name), name, values)
    return raw


def _kept(raw: pa.Table, readable: pa.ChunkedArray | None, selection: Selection) -> pa.ChunkedArray | None:
    """Which rows are selected and have a time, or None for all."""
    masks = [] if readable is None else [readable]
    if selection.since is not None:
        masks.append(pc.greater_equal(raw["nanoseconds"], moment(selection.since, time())))
    if selection.until is not None:
        masks.append(pc.less(raw["nanoseconds"], moment(selection.until + timedelta(days=1), time())))
    if selection.symbols is not None:
        masks.append(pc.is_in(raw["symbol"], pa.array(sorted(selection.symbols), pa.string())))
    return columns.all_of(masks) if masks else None


def _typed(raw: pa.Table, faults: Faults) -> pa.Table:
    """Parsed columns of the rows that have no fault."""
    typed = {"row": raw["row"], "ts": raw["nanoseconds"]} | {name: raw[name] for name in columns.ALL_TEXTS}
    nowhere = pa.chunked_array([pa.repeat(False, raw.num_rows)])
    wrong, fractional = [nowhere], [nowhere]
    for name in (*columns.PRICES, *columns.QUOTES, *columns.COUNTS, *_OPTIONAL_NUMBERS):
        if name not in raw.column_names:
            values = pa.chunked_array([pa.nulls(raw.num_rows, pa.float64())])
        else:
            required = name in columns.PRICES or name == "volume"
            values, where = columns.numbers(raw, name, faults, required=required)
            wrong.append(where)
        units = values if name in _WHOLE else pc.multiply(values, 100.0)
        typed[name] = columns.whole(units)
        between = pc.fill_null(pc.greater(pc.abs(pc.subtract(units, typed[name])), _FINEST_PAISE), False)
        if name in _WHOLE:
            wrong.append(between)
            remedy = f"Give {name} in units, as a whole number"
            faults.add_rows(raw, between, columns.describe(name, "is not a whole number"), remedy)
        elif name in columns.PRICES:
            fractional.append(between)
        if name not in _OPTIONAL_NUMBERS:
            typed[name] = pc.fill_null(typed[name], 0)
    typed["expiry"], where = _expiries(raw, faults)
    table = pa.table(typed | {"fractional": columns.any_of(fractional)})
    return table.filter(pc.invert(columns.any_of([*wrong, where])))


def _expiries(raw: pa.Table, faults: Faults) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    if "expiry" in raw.column_names:
        return columns.dates(raw, "expiry", faults)
    return pa.chunked_array([pa.nulls(raw.num_rows, pa.date32())]), pa.chunked_array([pa.repeat(False, raw.num_rows)])


def _require_contract_columns(raw: pa.Table, names: Sequence[str], faults: Faults) -> None:
    """Option rows, by type or by name, need the columns of a contract. Raises DataError."""
    named = pc.and_(
        pc.is_in(raw["exchange"], pa.array(_DERIVATIVE_EXCHANGES)),
        pc.match_substring_regex(raw["symbol"], _CONTRACT_NAME),
    )
    is_option = pc.or_(named, pc.is_in(raw["type"], pa.array(["CE", "PE"])))
    first = pc.index(is_option, True).as_py()
    missing = [name for name in columns.CONTRACT if name not in names]
    if first < 0 or not missing:
        return
    what = f"is an option, but the file lacks the columns {', '.join(missing)}"
    faults.add(what, columns.NEEDED, raw["row"][first].as_py(), raw["symbol"][first].as_py())
    faults.raise_first()
