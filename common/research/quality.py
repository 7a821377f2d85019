"""What a person should know about bars that may be used all the same: warnings, counted, each with an example."""

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND
from common.market.indian_time import NANOSECONDS_A_DAY
from common.market.instrument import Instrument, Kind
from common.market.money import rupees_text
from common.market.rules import equity_tick
from common.market.tables import OutsideTable
from common.research.attendance import attendance_warnings
from common.research.faults import DataWarning
from common.research.listing import DERIVED
from common.research.runs import Runs

ADJUSTED_SHARE: Final = 0.1
"""A stock with this share of its bars off the tick was probably adjusted for a split or bonus."""

PRICE_MARGIN: Final = 0.8
"""The exchange bands ticks by last month's close: take the tick of a price this much lower, to warn too little."""


def warnings_of(rows: pa.Table, instruments: Mapping[str, Instrument]) -> tuple[DataWarning, ...]:
    """Warnings about validated rows (grouped by symbol, in order of time), the kinds that occur only."""
    if rows.num_rows == 0:
        return ()
    runs = Runs.of(rows)
    step = step_nanoseconds(runs)
    found = [*_price_warnings(runs, instruments), *_quote_warnings(runs), *_volume_warnings(runs, instruments)]
    if step != NANOSECONDS_A_MINUTE:
        text = f"bars are {step // NANOSECONDS_A_SECOND:,} seconds apart; a session is traded on one-minute bars"
        found.append(DataWarning("not one-minute bars", rows.num_rows, text))
    found.extend(attendance_warnings(runs, instruments, step))
    return tuple(found)


def step_nanoseconds(runs: Runs) -> int:
    """The usual distance between bars of a symbol; a minute where no symbol has two bars, a day at most."""
    if runs.rows.num_rows < 2:
        return NANOSECONDS_A_MINUTE
    counts = pc.value_counts(runs.steps().drop_null()).to_pylist()
    if not counts:
        return NANOSECONDS_A_MINUTE
    usual = max(counts, key=lambda entry: (entry["counts"], -entry["values"]))
    return min(int(usual["values"]), NANOSECONDS_A_DAY)


def _price_warnings(runs: Runs, instruments: Mapping[str, Instrument]) -> Iterator[DataWarning]:
    ticks = _ticks(runs, instruments)
    off = pc.or_(runs.off_tick(runs.spread(ticks)), runs.rows["fractional"])
    first = pc.index(off, True).as_py()
    if first < 0:
        return
    per_run = runs.counts(off)
    run = next(number for number, count in enumerate(per_run) if count)
    prices = ", ".join(rupees_text(runs.rows[name][first].as_py()) for name in ("open", "high", "low", "close"))
    example = f"{runs.place(first)}: {prices} at a tick of {rupees_text(ticks[run])}"
    yield DataWarning("prices off the tick", sum(per_run), example)
    yield from _adjusted(runs, instruments, per_run)


def _ticks(runs: Runs, instruments: Mapping[str, Instrument]) -> list[int]:
    """Tick of each run in paise: a stock's by that day's price unless the file says it; 0 for an index."""
    given = pc.is_valid(runs.rows["tick"]).take(pa.array(runs.starts)).to_pylist()
    prices = runs.rows["open"].take(pa.array(runs.starts)).to_pylist()
    ticks: list[int] = []
    for symbol, day, price, in_file in zip(runs.symbols, runs.days, prices, given, strict=True):
        instrument = instruments[symbol]
        tick = 0 if instrument.kind is Kind.INDEX else instrument.tick
        if instrument.kind is Kind.EQUITY and not in_file:
            try:
                tick = equity_tick(int(price * PRICE_MARGIN), day)
            except OutsideTable:
                tick = instrument.tick
        ticks.append(tick)
    return ticks


def _adjusted(runs: Runs, instruments: Mapping[str, Instrument], off: list[int]) -> Iterator[DataWarning]:
    wrong: dict[str, int] = {}
    total: dict[str, int] = {}
    for symbol, count, start, end in zip(runs.symbols, off, runs.starts, runs.ends, strict=True):
        if instruments[symbol].kind is Kind.EQUITY:
            wrong[symbol] = wrong.get(symbol, 0) + count
            total[symbol] = total.get(symbol, 0) + end - start
    suspects = [symbol for symbol, count in wrong.items() if count >= ADJUSTED_SHARE * total[symbol]]
    if suspects:
        one = suspects[0]
        example = f"{one}: {wrong[one]:,} of {total[one]:,} bars are off the tick; adjusted for a split or bonus?"
        yield DataWarning("symbols that look adjusted", len(suspects), example)


def _quote_warnings(runs: Runs) -> Iterator[DataWarning]:
    bid, ask = runs.rows["bid"], runs.rows["ask"]
    crossed = pc.and_(pc.greater(bid, ask), pc.greater(ask, 0))
    first = pc.index(crossed, True).as_py()
    if first >= 0:
        example = f"{runs.place(first)}: bid {rupees_text(bid[first].as_py())}, ask {rupees_text(ask[first].as_py())}"
        yield DataWarning("bid above ask", pc.sum(crossed).as_py(), example)


def _volume_warnings(runs: Runs, instruments: Mapping[str, Instrument]) -> Iterator[DataWarning]:
    """Bars without volume of what is traded: forward-filled minutes, or minutes without a trade."""
    traded = [
        int(instruments[symbol].kind is not Kind.INDEX and instruments[symbol].exchange != DERIVED)
        for symbol in runs.symbols
    ]
    empty = pc.and_(pc.equal(runs.rows["volume"], 0), pc.equal(runs.spread(traded), 1))
    first = pc.index(empty, True).as_py()
    if first >= 0:
        yield DataWarning("bars without volume", pc.sum(empty).as_py(), runs.place(first))
