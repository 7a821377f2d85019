"""The columns of recorded bars and how each is parsed: rupees to paise, text to numbers, time to nanoseconds."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from common.research.faults import Faults

TIME: Final = "ts"
TEXTS: Final = ("symbol", "exchange")
PRICES: Final = ("open", "high", "low", "close")
COUNTS: Final = ("volume", "oi")
QUOTES: Final = ("bid", "ask")
REQUIRED: Final = (TIME, *TEXTS, *PRICES, *COUNTS)
CONTRACT: Final = ("underlying", "expiry", "strike", "type", "lot")
ALL_TEXTS: Final = (*TEXTS, "underlying", "type")
KNOWN: Final = (*REQUIRED, *QUOTES, *CONTRACT, "tick")

NEEDED: Final = (
    f"Bars need the columns {', '.join(REQUIRED)}; optional are bid, ask; option rows add {', '.join(CONTRACT)}"
)

ZONE: Final = "Asia/Kolkata"
_SAME_ZONES: Final = {ZONE, "Asia/Calcutta", "+05:30"}
_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_STAMP: Final = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_LARGEST: Final = 1e13
"""Rupees or units; above it a float no longer holds whole paise."""

_STAMP_REMEDY: Final = "Write bar starts as 2025-08-29T09:15:00+05:30 (Asia/Kolkata)"
_ZONE_REMEDY: Final = "Write ts with the time zone Asia/Kolkata (in a CSV: 2025-08-29T09:15:00+05:30)"


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, plain or dictionary-encoded."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without surrounding spaces; missing becomes ''."""
    plain = values.cast(pa.string())
    return pc.utf8_trim_whitespace(pc.fill_null(plain, ""))


def times(rows: pa.Table, faults: Faults) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:
    """`ts` as int64 nanoseconds (UTC) and, where some rows could not be read, which ones could.

    A column of a wrong type or zone is one fault of the whole file, and raised at once.
    """
    column = rows[TIME]
    if is_text(column.type):
        return _times_from_text(rows, texts(column), faults)
    zone = getattr(column.type, "tz", None)
    if not pa.types.is_timestamp(column.type):
        faults.add(f"ts holds {column.type}, not timestamps", _ZONE_REMEDY)
    elif zone is None:
        faults.add("ts has no time zone (naive timestamps)", _ZONE_REMEDY, 1 if rows.num_rows else None)
    elif zone not in _SAME_ZONES:
        faults.add(f"ts has the time zone {zone}, not {ZONE}", _ZONE_REMEDY, 1 if rows.num_rows else None)
    faults.raise_first()
    nanoseconds = column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
    if not column.null_count:
        return nanoseconds, None
    faults.add_rows(rows, pc.is_null(column), lambda _: "ts is missing", _STAMP_REMEDY)
    return pc.fill_null(nanoseconds, 0), pc.is_valid(column)


def _times_from_text(
    rows: pa.Table, stamps: pa.ChunkedArray, faults: Faults
) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:
    is_stamp = pc.match_substring_regex(stamps, _STAMP)
    is_indian = pc.match_substring_regex(stamps, _STAMP + r"\+05:?30$")
    is_naive = pc.match_substring_regex(stamps, _STAMP + "$")
    missing = pc.equal(stamps, "")
    faults.add_rows(rows, missing, lambda _: "ts is missing, or the line is empty", "Fill or remove the line")
    other = pc.and_(pc.invert(is_stamp), pc.invert(missing))
    faults.add_rows(rows, other, lambda row: f"ts {row[TIME]!r} is not a timestamp", _STAMP_REMEDY)
    faults.add_rows(rows, is_naive, lambda row: f"ts {row[TIME]!r} has no time zone (naive)", _ZONE_REMEDY)
    elsewhere = pc.and_(is_stamp, pc.invert(pc.or_(is_indian, is_naive)))
    faults.add_rows(rows, elsewhere, lambda row: f"ts {row[TIME]!r} is not at +05:30", _ZONE_REMEDY)
    usable = pc.if_else(is_indian, stamps, pa.scalar(None, pa.string()))
    parsed = cast_or_null(usable, pa.timestamp("ns", "UTC"))
    impossible = pc.and_(is_indian, pc.is_null(parsed))
    faults.add_rows(rows, impossible, lambda row: f"ts {row[TIME]!r} does not exist", _STAMP_REMEDY)
    return pc.fill_null(parsed.cast(pa.int64()), 0), pc.is_valid(parsed)


def cast_or_null(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Casts, with null where a value cannot be cast: fast when all can, one by one when some cannot."""
    try:
        return values.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([pa.array([_one(value, kind) for value in values], kind)])


def _one(value: pa.Scalar, kind: pa.DataType) -> Any:
    try:
        return value.cast(kind).as_py()
    except pa.ArrowInvalid:
        return None


def numbers(rows: pa.Table, name: str, faults: Faults, *, required: bool) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Column `name` as float64 with null where missing or wrong, and where it is wrong.

    Wrong: not a number, NaN, infinite, too large; missing too when `required`.
    """
    column = rows[name]
    if is_text(column.type):
        plain = texts(column)
        is_number = pc.match_substring_regex(plain, _NUMBER)
        missing = pc.equal(plain, "")
        values = pc.if_else(is_number, plain, pa.scalar(None, pa.string())).cast(pa.float64())
        wrong = pc.invert(pc.or_(is_number, missing))
    else:
        values = cast_or_null(column, pa.float64())
        missing = pc.is_null(column)
        wrong = pc.and_(pc.is_null(values), pc.invert(missing))
    unusable = pc.fill_null(pc.or_(pc.invert(pc.is_finite(values)), pc.greater(pc.abs(values), _LARGEST)), False)
    wrong = pc.or_(wrong, unusable)
    wrong = pc.or_(wrong, missing) if required else wrong
    remedy = f"Give {name} as a finite number in every row, or drop the row"
    faults.add_rows(rows, wrong, describe(name, "is not a finite number"), remedy)
    return pc.if_else(wrong, pa.scalar(None, pa.float64()), values), wrong


def describe(name: str, what: str) -> Callable[[Mapping[str, Any]], str]:
    """Says of a row that its value of `name` is `what`, or that it is missing."""

    def text(row: Mapping[str, Any]) -> str:
        return f"{name} is missing" if row[name] in (None, "") else f"{name} {row[name]!s} {what}"

    return text


def dates(rows: pa.Table, name: str, faults: Faults) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Column `name` as date32 with null where missing or wrong, and where it is wrong."""
    column = rows[name]
    present = texts(column) if is_text(column.type) else column
    missing = pc.equal(present, "") if is_text(column.type) else pc.is_null(column)
    usable = pc.if_else(missing, pa.scalar(None, present.type), present)
    parsed = cast_or_null(usable, pa.date32())
    wrong = pc.and_(pc.is_null(parsed), pc.invert(missing))
    faults.add_rows(rows, wrong, describe(name, "is not a date"), f"Write {name} as 2025-09-02")
    return parsed, wrong


def whole(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """float64 to the nearest int64, halves away from zero."""
    return pc.round(values, round_mode="half_towards_infinity").cast(pa.int64())


def all_of(masks: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Where all masks are true."""
    return reduce(pc.and_, masks)


def any_of(masks: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Where at least one mask is true."""
    return reduce(pc.or_, masks)
