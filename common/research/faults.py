"""What is wrong with recorded data, and where: one fault says file, row, symbol, reason and remedy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

MAX_FAULTS: Final = 20
"""Faults kept of one file; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """row: 1-based data row, None when the whole file is meant; line: the line in a CSV, None elsewhere."""

    file: str
    what: str
    remedy: str
    row: int | None = None
    line: int | None = None
    symbol: str = ""

    def __str__(self) -> str:
        place = "" if self.row is None else f" data row {self.row}" + (f" (line {self.line})" if self.line else "")
        return f"{self.file}:{place}{f' [{self.symbol}]' if self.symbol else ''} {self.what}. {self.remedy}."


class DataError(ValueError):
    """Recorded data that must not be used; the message is for the person who owns the file."""

    def __init__(self, fault: Fault, further: int = 0) -> None:
        more = f" ({further:,} more: `tron data check` lists them)" if further else ""
        super().__init__(f"{fault}{more}")
        self.fault = fault


@dataclass(slots=True)
class Faults:
    """Faults of one file in the order they were found: the first MAX_FAULTS kept, all counted."""

    path: Path
    is_csv: bool = False
    kept: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, what: str, remedy: str, row: int | None = None, symbol: str = "") -> None:
        """One fault, of the whole file unless `row` is given."""
        self.count += 1
        if len(self.kept) < MAX_FAULTS:
            line = row + 1 if self.is_csv and row is not None else None
            self.kept.append(Fault(str(self.path), what, remedy, row, line, symbol))

    def add_rows(
        self, rows: pa.Table, wrong: pa.ChunkedArray, what: Callable[[Mapping[str, Any]], str], remedy: str
    ) -> None:
        """One fault for each row where `wrong` is true; `what` describes it from the row's values."""
        count = pc.sum(wrong).as_py() or 0
        if not count:
            return
        found = pc.indices_nonzero(wrong).slice(0, MAX_FAULTS - len(self.kept))
        for values in rows.take(found).to_pylist():
            self.add(what(values), remedy, values["row"], str(values["symbol"] or ""))
        self.count += count - len(found)

    def raise_first(self) -> None:
        """Raises DataError with the first fault, if there is any."""
        if self.kept:
            raise DataError(self.kept[0], self.count - 1)


@dataclass(frozen=True, slots=True)
class DataWarning:
    """Something about the data that a person should know but that does not stop its use."""

    kind: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.count:,}, first: {self.example}"
