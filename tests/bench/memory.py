"""`make bench ARGS="--only memory"`: peak memory of `tron backtest` over growing history, each in its own process.

Sessions of a seeded walk, two symbols, in Parquet; a run must not hold more for having a longer history.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from common.market.calendar import is_trading_day

SESSIONS: Final = (400, 800, 1_600, 2_600)
"""The calendar knows no more than eleven years."""
FIRST: Final = date(2016, 1, 4)
MINUTES: Final = 375
SYMBOLS: Final = ("AAA", "BBB")
KILO: Final = 1024


def main() -> None:
    """Prints one line a length."""
    print("peak memory of a backtest, the whole process; orders and trades of every day go to --out")
    with tempfile.TemporaryDirectory() as folder:
        for count in SESSIONS:
            bars = Path(folder) / f"{count}.parquet"
            write_sessions(bars, count)
            peak, trades = _backtest(bars, Path(folder) / str(count))
            size = bars.stat().st_size / KILO / KILO
            rows = count * MINUTES * len(SYMBOLS)
            print(f"  {count:5,} sessions  {rows:9,} bars  {size:6.1f} MB of Parquet  {trades:7,} trades  "
                  f"peak {peak / KILO:6.1f} MB", flush=True)


def write_sessions(path: Path, count: int) -> None:
    """So many trading days of every symbol, a row group a day."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance, price = np.random.default_rng(5), dict.fromkeys(SYMBOLS, 1000.0)
    writer: Any = None
    for day in _trading_days(count):
        tables = []
        for symbol in SYMBOLS:
            steps = chance.normal(0, 0.3, (3, MINUTES))
            close = np.maximum(price[symbol] + steps[0].cumsum(), 200.0).round(1)
            opened = np.concatenate(([price[symbol]], close[:-1])).round(1)
            price[symbol] = float(close[-1])
            start = np.datetime64(f"{day}T03:45:00", "ns") + np.arange(MINUTES) * np.timedelta64(60, "s")
            tables.append(pa.table({
                "ts": pa.array(start).cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns", "Asia/Kolkata")),
                "symbol": [symbol] * MINUTES, "exchange": ["NSE"] * MINUTES, "open": opened, "close": close,
                "high": (np.maximum(opened, close) + abs(steps[1])).round(1),
                "low": (np.minimum(opened, close) - abs(steps[2])).round(1),
                "volume": chance.integers(5_000, 90_000, MINUTES), "oi": np.zeros(MINUTES, np.int64),
            }))
        rows = pa.concat_tables(tables).sort_by([("ts", "ascending"), ("symbol", "ascending")])
        writer = writer or pq.ParquetWriter(path, rows.schema)
        writer.write_table(rows)
    writer.close()


def _trading_days(count: int) -> Sequence[date]:
    days, day = list[date](), FIRST
    while len(days) < count:
        if is_trading_day(day):
            days.append(day)
        day += timedelta(days=1)
    return days


def _backtest(bars: Path, out: Path) -> tuple[int, int]:
    """Kilobytes at most, and round trips."""
    command = [sys.executable, "-m", "tests.bench.memory", "run", str(bars), str(out)]
    done = subprocess.run(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=True)
    peak, trades = done.stdout.split()[-2:]
    return int(peak), int(trades)


def _run(bars: str, out: str) -> None:
    """In the child: the command itself, then what the process took."""
    import contextlib
    import io
    import resource

    import pyarrow.parquet as pq

    from jobs.cli import main as tron

    with contextlib.redirect_stdout(io.StringIO()):
        status = tron(["backtest", "--strategy", "vwap", "--bars", bars, "--out", out])
    assert status == 0, f"the backtest ended with {status}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trades = sum(pq.ParquetFile(path).metadata.num_rows for path in Path(out).rglob("trades*.parquet"))
    print(peak, trades)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        _run(*sys.argv[2:4])
    else:
        main()
