"""What makes recorded bars unusable: impossible prices, broken order, incomplete contracts; whole columns at a time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from common.market.indian_time import at
from common.market.money import rupees_text
from common.research import columns
from common.research.faults import Faults

OPTION_TYPES: Final = ("CE", "PE")
TYPES: Final = ("", "EQ", "INDEX", "FUT", *OPTION_TYPES)
_IN_PAISE: Final = (*columns.PRICES, *columns.QUOTES, "strike", "tick")
_PER_CONTRACT: Final = ("exchange", "underlying", "expiry", "strike", "type", "lot", "tick")


def validate(rows: pa.Table, faults: Faults) -> pa.Table:
    """Adds every fault of `rows` to `faults`; returns the rows grouped by symbol, the order within a symbol kept."""
    _validate_values(rows, faults)
    _validate_contracts(rows, faults)
    rows = grouped(rows)
    if rows.num_rows > 1:
        _validate_order(rows, faults)
        _validate_sameness(rows, faults)
    return rows


def grouped(rows: pa.Table) -> pa.Table:
    """Rows of one symbol together, symbols as they first appear, the order within a symbol kept."""
    if rows.num_rows == 0:
        return rows
    encoded = rows["symbol"].combine_chunks().dictionary_encode()
    if len(pc.run_end_encode(encoded.indices).values) == len(encoded.dictionary):
        return rows
    return rows.take(pc.array_sort_indices(encoded.indices))


def _validate_values(rows: pa.Table, faults: Faults) -> None:
    for name in columns.TEXTS:
        faults.add_rows(rows, pc.equal(rows[name], ""), _says(f"{name} is missing"), f"Give every row a {name}")
    for name in columns.PRICES:
        wrong = pc.less_equal(rows[name], 0)
        faults.add_rows(rows, wrong, _says(f"{name} {{{name}}} is not above zero"), "Correct the price or drop the row")
    for name in (*columns.QUOTES, *columns.COUNTS):
        wrong = pc.less(rows[name], 0)
        faults.add_rows(rows, wrong, _says(f"{name} {{{name}}} is negative"), "Write 0 where it is unknown")
    low, high = rows["low"], rows["high"]
    crossed = pc.less(high, low)
    remedy = "Correct the row (are two columns mixed up?)"
    faults.add_rows(rows, crossed, _says("high {high} is below low {low}"), remedy)
    for name in ("open", "close"):
        outside = pc.or_(pc.less(rows[name], low), pc.greater(rows[name], high))
        outside = pc.and_(outside, pc.invert(crossed))
        what = f"{name} {{{name}}} lies outside of low {{low}} to high {{high}}"
        faults.add_rows(rows, outside, _says(what), remedy)


def _validate_contracts(rows: pa.Table, faults: Faults) -> None:
    unknown = pc.invert(pc.is_in(rows["type"], pa.array(TYPES)))
    remedy = "Write CE or PE for options; FUT, EQ, INDEX or nothing for the rest"
    faults.add_rows(rows, unknown, _says("type {type!r} is unknown"), remedy)
    is_option = pc.is_in(rows["type"], pa.array(OPTION_TYPES))
    missing = {name: pc.is_null(rows[name]) for name in ("expiry", "strike", "lot")}
    missing["underlying"] = pc.equal(rows["underlying"], "")
    for name, where in missing.items():
        wrong = pc.and_(is_option, where)
        faults.add_rows(rows, wrong, _says(f"{{type}} row without {name}"), f"Give {name} in every option row")
    typeless = columns.all_of([pc.equal(rows["type"], ""), pc.fill_null(pc.greater(rows["strike"], 0), False)])
    faults.add_rows(rows, typeless, _says("strike {strike} without type"), "Write the type, CE or PE, beside a strike")
    for name, applies in (("strike", is_option), ("lot", None), ("tick", None)):
        wrong = pc.fill_null(pc.less_equal(rows[name], 0), False)
        wrong = wrong if applies is None else pc.and_(applies, wrong)
        unit = "units" if name == "lot" else "rupees"
        faults.add_rows(rows, wrong, _says(f"{name} {{{name}}} is not above zero"), f"Give {name} in {unit}")


def _validate_order(rows: pa.Table, faults: Faults) -> None:
    before, after = rows.slice(0, rows.num_rows - 1), rows.slice(1)
    same = pc.equal(before["symbol"], after["symbol"])
    step = pc.subtract(after["ts"], before["ts"])
    pairs = after.append_column("before_ts", before["ts"]).append_column("before_row", before["row"])
    repeated = pc.and_(same, pc.equal(step, 0))
    what = "{ts} stands twice, first in row {before_row}"
    faults.add_rows(pairs, repeated, _says(what), "Keep one bar for each symbol and time")
    backwards = pc.and_(same, pc.less(step, 0))
    what = "{ts} stands after {before_ts} (row {before_row})"
    faults.add_rows(pairs, backwards, _says(what), "Sort the rows of each symbol by ts")


def _validate_sameness(rows: pa.Table, faults: Faults) -> None:
    """What describes a contract must be the same in all rows of a symbol."""
    before, after = rows.slice(0, rows.num_rows - 1), rows.slice(1)
    same = pc.equal(before["symbol"], after["symbol"])
    for name in _PER_CONTRACT:
        differs = pc.fill_null(pc.not_equal(before[name], after[name]), False)
        differs = pc.and_(same, pc.or_(differs, pc.xor(pc.is_null(before[name]), pc.is_null(after[name]))))
        pairs = after.append_column("before_row", before["row"])
        what = f"{name} is {{{name}}}, unlike in row {{before_row}} of the same symbol"
        faults.add_rows(pairs, differs, _says(what), "Give one symbol one contract")


def _says(template: str) -> Callable[[Mapping[str, Any]], str]:
    """Fills the template from a row, prices in rupees and times in Asia/Kolkata."""
    return lambda row: template.format_map({name: _shown(name, value) for name, value in row.items()})


def _shown(name: str, value: Any) -> Any:
    if value is None:
        return "missing"
    if name in _IN_PAISE:
        return rupees_text(value)
    return f"{at(value):%Y-%m-%d %H:%M:%S}" if name in ("ts", "before_ts") else value
