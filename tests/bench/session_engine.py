"""Tron's engine for the peers' benchmark: the session that trades, with risk, order table, charges and exchange on.

Joins `run_inproc.py` and `run_peers.py` of a peers' benchmark folder as one file; see docs/performance.md. `run` hands
the session every bar; with TRON_WOKEN=1 only the minutes on which something can happen, as `tron sweep` does.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# What `make compiled` has built, where it is asked for.
SOURCE = Path(os.environ.get("TRON_COMPILED") or ROOT).resolve()
# In a peer's environment: our code first, our locked packages last, so that the peer keeps its own versions.
sys.path.insert(0, str(SOURCE))
sys.path += [str(path) for path in (ROOT / ".venv" / "lib").glob("python*/site-packages")]

NAME = "tron"
DISTS = ("tron",)
TASKS = ("single", "multi", "sweep")
LOT = 75
SQUARE_OFF_MINUTE = 360
DAY_NS = 86_400 * 10**9
PARAMETERS = {"vwap": {"stop_percent": 50.0, "wait_minutes": 0}, "ema": {"stop_percent": 50.0}}


def imports() -> None:
    """Everything a run needs, so that its time is counted as import time."""
    import common.research.replay
    import common.strategies.registry
    import common.trading.driver  # noqa: F401


def prepare(_task: str, strategy: str, raw: Mapping[str, Any]) -> Any:
    """Arrays to symbols, days of bars [(date, SessionTimes, [Bar])] and one tape of them all. Prices: integer paise."""
    import numpy as np

    from common.market.bar import Bar

    close = raw["close"]
    symbols = [f"S{i:02d}" for i in range(close.shape[1])] if close.ndim > 1 else ["S00"]
    paise = {name: np.rint(raw[name] * 100).astype(np.int64).reshape(len(close), -1) for name in
             ("open", "high", "low", "close")}
    volume = raw["volume"].astype(np.int64).reshape(len(close), -1)
    edges = np.flatnonzero(np.diff(raw["day"])) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(close)]
    days = []
    for start, end in zip(starts, ends, strict=True):
        ts = raw["ts"][start:end].tolist()
        columns = [paise[n][start:end].tolist() for n in ("open", "high", "low", "close")]
        volumes = volume[start:end].tolist()
        bars = [
            Bar(t, symbol, o[i], h[i], lo[i], c[i], v[i])
            for t, o, h, lo, c, v in zip(ts, *columns, volumes, strict=True)
            for i, symbol in enumerate(symbols)
        ]
        opening = ts[0] - int(raw["k"][start]) * 60 * 10**9
        day = date(1970, 1, 1) + timedelta(days=ts[0] // DAY_NS)
        days.append((day, _times(day, opening, strategy), bars))
    from common.research.tape import Tape

    return symbols, days, Tape(bar for _, _, bars in days for bar in bars)


def _times(day: date, opening: int, strategy: str) -> Any:
    """The benchmark's hours: vwap enters before 15:16 and squares off then, ema carries overnight."""
    from common.market.calendar import SessionTimes
    from common.market.instrument import AssetClass

    never = 2**61
    square_off = never if strategy == "ema" else opening + (SQUARE_OFF_MINUTE + 1) * 60 * 10**9
    return SessionTimes(
        date=day, asset_class=AssetClass.STOCK, kind="normal", trades_by_default=True, open=opening,
        entry_from=opening, entry_cutoff=square_off, square_off=square_off, flat_by=never, rms_cutoff=never,
        rms_confirmed=True, expiry_short_cutoff=never, close=never, steps={},
    )


def _driver(
    symbols: Sequence[str], day: date, times: Any, strategy: str, params: Mapping[str, Any], ledger: Any = None,
) -> Any:
    from common.exchange.fills import FillModel
    from common.exchange.simulated import Exchange
    from common.market.instrument import AssetClass, Instrument, Kind
    from common.research.memory_ledger import MemoryLedger
    from common.strategies.registry import build
    from common.trading.book import Book
    from common.trading.driver import Driver
    from common.trading.exit_policy import ExitPolicy
    from common.trading.limits import Limits
    from common.trading.risk import Account
    from common.trading.session import Session
    from common.trading.slot import Slot, Universe

    instruments = {s: Instrument(s, "NSE", Kind.EQUITY, 5, LOT) for s in symbols}
    huge = 10**15
    # The peers trade one lot.
    limits = Limits(huge, huge, huge, 10**9, 10**6, huge, max_lots=1)
    policy = ExitPolicy(widths=(10.0,), entry_width=10.0)
    book = Book(AssetClass.STOCK, day, Account(limits), policy, _rates())
    slots: dict[str, Slot] = {}
    universe = Universe(day, list(instruments.values()))
    name = {"vwap": "vwap", "ema": "ema_cross"}[strategy]
    for symbol, instrument in instruments.items():
        chosen = build(name, {**PARAMETERS[strategy], **params})
        slots[symbol] = Slot(instrument, chosen, slots, universe, may_short=False)
    exchange = Exchange(instruments, FillModel(0.0, 0, 1.0), without_volume=symbols)
    return Driver(Session(book, slots, times), exchange, ledger or MemoryLedger())


def _rates() -> Any:
    from common.trading.charges import ChargeRates

    return ChargeRates(brokerage_ppb=300_000)


def trade(ctx: Any, strategy: str, params: Mapping[str, Any]) -> Any:
    """One whole run, every bar through the session; returns the driver, whose ledger holds everything."""
    from common.research.replay import rare_collections

    symbols, days, _ = ctx
    rates = _rates()
    driver = _driver(symbols, days[0][0], days[0][1], strategy, params)
    with rare_collections():
        for day, times, bars in days:
            driver.session.open_day(day, times, rates)
            driver.run(bars)
    return driver


def run(ctx: Any, strategy: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """One whole run; P&L in rupees, net of 0.03% a side. Indicators and schedules are computed anew each time."""
    from common.research.replay import rare_collections

    if os.environ.get("TRON_WOKEN"):
        for series in ctx[2].series.values():
            series.forget()
        with rare_collections():
            ledger = sparse(ctx, strategy, params).ledger
    else:
        ledger = trade(ctx, strategy, params).ledger
    return {"n_trades": len(ledger.trades), "pnl": sum(trade.net for trade in ledger.trades) / 100,
            "n_fills": sum(len(order.fills) for order in ledger.orders.values())}


def sweep(ctx: Any, strategy: str, grid: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Every parameter set through its own session, on bars and averages that are shared; all cores.

    A session is only woken on minutes on which something can happen (common/research/sparse.py).
    """
    from common.research.pool import spread

    assert strategy == "ema"
    for period in sorted({period for pair in grid for period in pair}):
        ctx[2].series["S00"].ema(period)
    sets = [{"fast": fast, "slow": slow} for fast, slow in grid]
    done = spread(sets, lambda params: _profit(ctx, params), int(os.environ.get("TRON_SWEEP_JOBS", "0")))
    return {"n_trades": sum(trades for trades, _ in done), "pnl": sum(pnl for _, pnl in done)}


def _profit(ctx: Any, params: Mapping[str, Any]) -> tuple[int, float]:
    trades = sparse(ctx, "ema", params).ledger.trades
    return len(trades), sum(trade.net for trade in trades) / 100


def sparse(ctx: Any, strategy: str, params: Mapping[str, Any]) -> Any:
    """One whole run, woken where something can happen; returns the driver, whose ledger holds everything."""
    from common.research.memory_ledger import OrderLedger
    from common.research.sparse import schedule_all, trade_sparsely

    symbols, days, tape = ctx
    rates = _rates()
    driver = _driver(symbols, days[0][0], days[0][1], strategy, params, OrderLedger())
    watched = schedule_all(driver.session, tape)
    assert watched is not None
    first = 0
    for day, times, bars in days:
        last = first + len(bars) // len(symbols)
        driver.session.open_day(day, times, rates)
        trade_sparsely(driver, tape, watched, first, last, timed=False)
        first = last
    return driver
