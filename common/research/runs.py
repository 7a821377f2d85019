"""Bars of one symbol on one day as a run of rows: per-run facts spread over rows, row facts counted per run."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc

from common.market.indian_time import NANOSECONDS_A_DAY, OFFSET_NANOSECONDS, at
from common.research import columns

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Runs:
    """rows: grouped by symbol, in order of time; symbols, days, starts, ends: one entry a run, end exclusive."""

    rows: pa.Table
    symbols: list[str]
    days: list[date]
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """Runs of at least one row."""
        codes = rows["symbol"].combine_chunks().dictionary_encode()
        days = pc.divide(pc.add(rows["ts"], OFFSET_NANOSECONDS), NANOSECONDS_A_DAY).combine_chunks()
        keys = pc.add(pc.multiply(codes.indices.cast(pa.int64()), 1_000_000), days)
        ends = pc.run_end_encode(keys).run_ends.to_pylist()
        starts = [0, *ends[:-1]]
        first = rows.select(["symbol"]).take(pa.array(starts))["symbol"].to_pylist()
        numbers = days.take(pa.array(starts)).to_pylist()
        return cls(rows, first, [_EPOCH + timedelta(days=number) for number in numbers], starts, ends)

    def spread(self, values: list[int]) -> pa.Array:
        """One value a run to one value a row."""
        return pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(pa.array(self.ends, pa.int32()), pa.array(values)))

    def counts(self, where: pa.ChunkedArray) -> list[int]:
        """How many rows of each run are true in `where`."""
        running = pc.cumulative_sum(where.cast(pa.int64()))
        at_end = [0, *running.take(pa.array([end - 1 for end in self.ends])).to_pylist()]
        return [after - before for before, after in pairwise(at_end)]

    def steps(self) -> pa.ChunkedArray:
        """Nanoseconds from each row to the next one of the same symbol; null where another symbol follows."""
        before, after = self.rows.slice(0, self.rows.num_rows - 1), self.rows.slice(1)
        step = pc.subtract(after["ts"], before["ts"])
        return pc.if_else(pc.equal(before["symbol"], after["symbol"]), step, pa.scalar(None, pa.int64()))

    def place(self, row: int) -> str:
        """Symbol, time and row number for a message."""
        values = {name: self.rows[name][row].as_py() for name in ("symbol", "ts", "row")}
        return f"{values['symbol']} {at(values['ts']):%Y-%m-%d %H:%M} (row {values['row']})"

    def off_tick(self, ticks: pa.Array) -> pa.ChunkedArray:
        """Rows with a price that is no multiple of the row's tick; a tick of 0 fits every price."""
        divisor = pc.if_else(pc.equal(ticks, 0), 1, ticks)
        return columns.any_of(
            [
                pc.not_equal(pc.multiply(pc.divide(self.rows[name], divisor), divisor), self.rows[name])
                for name in columns.PRICES
            ]
        )
