"""Results of a backtest as four Parquet files whose columns stay: days, trades, orders, equity.

docs/backtests.md documents every column. VERSION counts changes; a new column is only ever added at the end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.parquet as parquet

from common.research.columns import ZONE
from common.research.whole_files import filled_whole

VERSION: Final = "1"
ROWS_A_GROUP: Final = 10_000
ROWS_AS_DICTS: Final = 500
"""Of some 300 bytes a row of equity and 2,000 a trade."""
_TIME: Final = pa.timestamp("ns", ZONE)
_DAYS: Final = {
    "date": pa.date32(), "asset_class": pa.string(), "state": pa.string(), "trades": pa.int64(), "orders": pa.int64(),
    "gross_paise": pa.int64(), "charges_paise": pa.int64(), "net_paise": pa.int64(), "capital_paise": pa.int64(),
    "tick_paise": pa.int64(),
}
_TRADES: Final = {
    "date": pa.date32(), "asset_class": pa.string(), "number": pa.int64(), "strategy": pa.string(),
    "symbol": pa.string(), "side": pa.string(), "quantity": pa.int64(), "entry_time": _TIME,
    "entry_price": pa.float64(), "entry_reason": pa.string(), "exit_time": _TIME, "exit_price": pa.float64(),
    "exit_reason": pa.string(), "stop_price": pa.float64(), "target_price": pa.float64(), "gross_paise": pa.int64(),
    "charges_paise": pa.int64(), "net_paise": pa.int64(),
}
_ORDERS: Final = {
    "date": pa.date32(), "tag": pa.string(), "symbol": pa.string(), "side": pa.int64(), "quantity": pa.int64(),
    "kind": pa.string(), "price_paise": pa.int64(), "trigger_paise": pa.int64(), "purpose": pa.string(),
    "created": _TIME, "status": pa.string(), "filled": pa.int64(), "turnover_paise": pa.int64(), "fills": pa.int64(),
}
_EQUITY: Final = {"date": pa.date32(), "time": _TIME, "net_paise": pa.int64()}
_PER_ORDER: Final = (
    "tag", "symbol", "side", "quantity", "kind", "price_paise", "trigger_paise", "purpose", "created", "status",
)

Rows: TypeAlias = Iterable[Mapping[str, Any]]
RowsOf: TypeAlias = Callable[[Mapping[str, Any]], Rows]


def write_tables(directory: Path, days: Iterable[Mapping[str, Any]], origin: Mapping[str, str]) -> None:
    """days: one in memory at a time. origin: goes into the files' metadata, as do the versions.

    The same days and origin give the same bytes.
    """
    with ExitStack() as files:
        tables = [
            files.enter_context(_table(directory, name, columns, rows_of, origin))
            for name, columns, rows_of in (
                ("days", _DAYS, _day), ("trades", _TRADES, _trades), ("orders", _ORDERS, _orders),
                ("equity", _EQUITY, _equity),
            )
        ]
        for day in days:
            if "skipped" not in day:
                for table in tables:
                    table.add(day)


@contextmanager
def _table(
    directory: Path, name: str, columns: Mapping[str, pa.DataType], rows_of: RowsOf, origin: Mapping[str, str],
) -> "Iterator[_Table]":
    metadata = {"tron.schema": name, "tron.schema_version": VERSION, **{f"tron.{k}": v for k, v in origin.items()}}
    schema = pa.schema(columns.items(), metadata)
    with (
        filled_whole(directory / f"{name}.parquet") as path,
        parquet.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        table = _Table(writer, schema, rows_of)
        yield table
        table.write()


class _Table:
    """Rows of a file that wait for their row group, mostly as columns: as dicts they would take ten times as much."""

    def __init__(self, writer: parquet.ParquetWriter, schema: pa.Schema, rows_of: RowsOf) -> None:
        self._writer, self._schema, self._rows_of = writer, schema, rows_of
        self._rows: list[Mapping[str, Any]] = []
        self._columns: list[pa.Table] = []
        self._waiting = 0

    def add(self, day: Mapping[str, Any]) -> None:
        """A day's rows; writes each row group that is full."""
        for row in self._rows_of(day):
            self._rows.append(row)
            self._waiting += 1
            if self._waiting == ROWS_A_GROUP:
                self.write()
            elif len(self._rows) == ROWS_AS_DICTS:
                self._pack()

    def write(self) -> None:
        """What waits, if anything, as a row group."""
        self._pack()
        if self._columns:
            self._writer.write_table(pa.concat_tables(self._columns).combine_chunks())
        self._columns.clear()
        self._waiting = 0

    def _pack(self) -> None:
        if self._rows:
            self._columns.append(pa.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()


def _day(day: Mapping[str, Any]) -> Rows:
    sums = {name: sum(trade[name] for trade in day["trades"]) for name in ("gross_paise", "charges_paise", "net_paise")}
    own = {name: day[name] for name in ("asset_class", "state", "capital_paise", "tick_paise")}
    yield {"date": _date(day), **own, **sums, "trades": len(day["trades"]), "orders": len(day["orders"])}


def _trades(day: Mapping[str, Any]) -> Rows:
    for trade in day["trades"]:
        times = {name: datetime.fromisoformat(trade[name]) for name in ("entry_time", "exit_time")}
        yield {**{name: trade[name] for name in _TRADES}, "date": _date(day), **times}


def _orders(day: Mapping[str, Any]) -> Rows:
    for *values, fills in day["orders"]:
        filled = {
            "filled": sum(quantity for _, _, quantity in fills), "fills": len(fills),
            "turnover_paise": sum(price * quantity for _, price, quantity in fills),
        }
        yield {"date": _date(day), **dict(zip(_PER_ORDER, values, strict=True)), **filled}


def _equity(day: Mapping[str, Any]) -> Rows:
    for time, net in day["equity"]:
        yield {"date": _date(day), "time": datetime.fromisoformat(time), "net_paise": net}


def _date(day: Mapping[str, Any]) -> date:
    return date.fromisoformat(day["date"])
