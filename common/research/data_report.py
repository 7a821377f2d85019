"""`tron data check`: everything that is wrong or odd about one file of bars, for a person and as JSON."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from common.research.faults import DataError, DataWarning, Fault, Faults
from common.research.loading import Selection, faults_of, load
from common.research.quality import warnings_of
from common.research.recorded import list_instruments
from common.research.runs import Runs
from common.research.validation import validate


@dataclass(frozen=True, slots=True)
class DataReport:
    """rows, symbols, dates: of the rows that could be parsed, kinds: symbols by kind of instrument.

    errors: the first MAX_FAULTS of `error_count`; warnings are looked for only in a file without errors.
    """

    path: Path
    rows: int
    symbols: tuple[str, ...]
    dates: tuple[date, ...]
    kinds: dict[str, int]
    errors: tuple[Fault, ...]
    error_count: int
    warnings: tuple[DataWarning, ...]

    @property
    def ok(self) -> bool:
        """Whether the file may be used."""
        return not self.error_count

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {
            "file": str(self.path), "ok": self.ok, "rows": self.rows, "symbols": list(self.symbols),
            "dates": [day.isoformat() for day in self.dates], "kinds": self.kinds,
            "error_count": self.error_count,
            "errors": [
                {
                    "file": fault.file, "row": fault.row, "line": fault.line, "symbol": fault.symbol,
                    "what": fault.what, "remedy": fault.remedy, "message": str(fault),
                }
                for fault in self.errors
            ],
            "warnings": [{"kind": one.kind, "count": one.count, "example": one.example} for one in self.warnings],
        }

    def __str__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}" if self.dates else "no dates"
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.items())
        symbols = f"{len(self.symbols):,} symbols" + (f" ({kinds})" if kinds else "")
        lines = [f"{self.path}: {self.rows:,} rows, {symbols}, {span}"]
        lines += [f"error: {fault}" for fault in self.errors]
        if self.error_count > len(self.errors):
            lines.append(f"error: {self.error_count - len(self.errors):,} more")
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


def check(path: Path) -> DataReport:
    """Reads the whole file and reports; never raises for what the file holds."""
    faults = faults_of(path)
    rows: pa.Table | None = None
    kinds: dict[str, int] = {}
    warnings: tuple[DataWarning, ...] = ()
    try:
        rows = validate(load(path, Selection(), faults), faults)
        if not faults.count:
            kinds, warnings = _look_closer(rows, path)
    except DataError as error:
        _keep(error, faults)
    runs = Runs.of(rows) if rows is not None and rows.num_rows else None
    return DataReport(
        path=path, rows=rows.num_rows if rows is not None else 0,
        symbols=tuple(sorted(set(runs.symbols))) if runs else (), dates=tuple(sorted(set(runs.days))) if runs else (),
        kinds=kinds, errors=tuple(faults.kept), error_count=faults.count, warnings=warnings,
    )


def _look_closer(rows: pa.Table, path: Path) -> tuple[dict[str, int], tuple[DataWarning, ...]]:
    instruments = list_instruments(rows.append_column("file", pa.repeat(0, rows.num_rows)), [path])
    kinds: dict[str, int] = {}
    for instrument in instruments.values():
        kinds[instrument.kind.value] = kinds.get(instrument.kind.value, 0) + 1
    return kinds, warnings_of(rows, instruments)


def _keep(error: DataError, faults: Faults) -> None:
    """A fault that was raised from elsewhere joins the others."""
    if error.fault not in faults.kept:
        faults.kept.append(error.fault)
        faults.count += 1
