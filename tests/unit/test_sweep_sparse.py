"""A sweep passes over minutes on which nothing can happen: it must order what a replay of all of them orders."""

import gc
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as compute
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.market.bar import Bar
from common.planning.mandate import Mandate, default_mandate_text, parse_mandate
from common.research.backtest import backtest
from common.research.backtest_plan import Request
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.schedules import schedule_of
from common.research.storing import write_parquet
from common.research.sweep import sweep
from common.research.tape import Extremes, Tape
from common.strategies.registry import build
from common.strategies.scheduled import NEVER
from common.trading.order_hash import order_hash
from common.trading.session import Session
from tests.bench import session_engine
from tests.unit.strategy_case import FakeView, minute_bars

DAY = date(2026, 11, 20)
LOOSE = "losses_to_lock_symbol = 100\nlosses_to_lock_class = 100\n"
TIGHT = parse_mandate(f"daily_loss_percent = 0.05\nrisk_per_trade_percent = 0.05\nfull_losses_a_day = 1\n{LOOSE}")
FREE = parse_mandate(f"daily_loss_percent = 20\n{LOOSE}")
WIDE = parse_mandate(default_mandate_text())
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

EMA = st.fixed_dictionaries({
    "fast": st.integers(2, 12), "slow": st.integers(13, 60),
    "stop_percent": st.sampled_from([0.05, 0.1, 0.3, 1.0, 50.0]),
})
VWAP = st.fixed_dictionaries({
    "threshold": st.sampled_from([0.0, 0.0005, 0.001, 0.003]), "direction": st.sampled_from(["long", "both"]),
    "wait_minutes": st.sampled_from([0, 5, 60]), "stop_percent": st.sampled_from([0.05, 0.2, 1.0, 50.0]),
    "target_risk": st.sampled_from([0.0, 0.0, 1.5]),
})


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stocks over two sessions; future, index and options on the last."""
    file = tmp_path_factory.mktemp("sweep") / "everything.parquet"
    write_parquet(generate(DAY, 11, stocks=LARGE_CAPS[:3], sessions_before=1), file)
    return file


@pytest.fixture(scope="module")
def path(everything: Path) -> Path:
    """The stocks alone."""
    stocks = [stock.symbol for stock in LARGE_CAPS[:3]]
    file = everything.with_name("stocks.parquet")
    parquet.write_table(parquet.read_table(everything, filters=[("symbol", "in", stocks)]), file)
    return file


def equal(path: Path, strategy: str, parameters: Mapping[str, Any], mandate: Mandate) -> int:
    """Trades, after both ways were found equal."""
    first = DAY if strategy in ("trend", "scalp") else None
    request = Request(strategy, (path,), first=first)
    whole = backtest(Request(strategy, (path,), first=first, parameters=parameters), mandate)
    (row,) = sweep(request, {0: parameters}, mandate, jobs=1)
    assert row["order_hash"] == whole["order_hash"]
    assert [[day, net] for day, net, _ in row["daily"]] == whole["daily"]
    assert row["failed_days"] == len(whole["failed_days"])
    totals = whole["totals"]
    assert (row["charges_paise"], row["net_paise"], row["wins"]) == (
        totals["charges_paise"], totals["net_paise"], totals["wins"],
    )
    trades: int = row["trades"]
    return trades


@QUICK
@given(EMA, st.sampled_from([WIDE, TIGHT, FREE]))
def test_crossing_averages_trade_alike(path: Path, parameters: dict[str, Any], mandate: Mandate) -> None:
    """Any parameters, wide and tight limits (the daily loss is met): equal hash, equal money."""
    equal(path, "ema_cross", parameters, mandate)


@QUICK
@given(VWAP, st.sampled_from([WIDE, TIGHT, FREE]))
def test_the_vwap_with_a_percentage_trades_alike(path: Path, parameters: dict[str, Any], mandate: Mandate) -> None:
    """The same with shorts and targets."""
    equal(path, "vwap", parameters, mandate)


@pytest.mark.parametrize("strategy", ["vwap", "opening_range_breakout", "trend", "scalp"])
def test_strategies_without_a_schedule_are_replayed_whole(everything: Path, strategy: str) -> None:
    """Distances in ATRs, futures, options: every minute is replayed, with the same result."""
    equal(everything, strategy, {}, WIDE)


def test_each_underlying_has_its_own_plan(everything: Path, tmp_path: Path) -> None:
    """Of a day's plan sets share everything but what follows from the underlying that they name."""
    second = tmp_path / "second.parquet"
    write_parquet(generate(DAY, 12, stocks=LARGE_CAPS[3:4]), second)
    rows = parquet.read_table(second)
    rows = rows.filter(compute.not_equal(rows["symbol"], LARGE_CAPS[3].symbol))
    for name in ("symbol", "underlying"):
        renamed = compute.replace_substring(rows[name].cast("string"), "NIFTY 50", "NIFTY BANK")
        renamed = compute.replace_substring_regex(renamed, r"^NIFTY(\d|$)", r"BANKNIFTY\1")
        rows = rows.set_column(rows.column_names.index(name), name, renamed)
    parquet.write_table(rows, second)
    request, names = Request("scalp", (everything, second), first=DAY), ("NIFTY", "BANKNIFTY")
    found = sweep(request, {n: {"underlying": name} for n, name in enumerate(names)}, WIDE, jobs=1)
    whole = [backtest(replace(request, parameters={"underlying": name}), WIDE) for name in names]
    assert [row["order_hash"] for row in found] == [one["order_hash"] for one in whole]
    assert all(row["trades"] for row in found)


def test_the_comparison_is_not_of_nothing(path: Path) -> None:
    """The session does trade, and tight limits do stop it: the properties above compare something."""
    wide = equal(path, "ema_cross", {"fast": 5, "slow": 15, "stop_percent": 0.1}, FREE)
    tight = equal(path, "ema_cross", {"fast": 5, "slow": 15, "stop_percent": 0.1}, TIGHT)
    assert 0 < tight < wide >= 30


def test_sessions_do_not_pile_up(path: Path) -> None:
    """A session refers to itself: sweep and backtest free those of days that are done, so that memory stays flat."""
    parameters = {"fast": 5, "slow": 20}
    gc.disable()  # nothing is freed by chance
    try:
        before = sessions_alive()
        sweep(Request("ema_cross", (path,)), {n: {**parameters, "fast": 5 + n} for n in range(3)}, WIDE, jobs=1)
        assert sessions_alive() <= before
        backtest(Request("ema_cross", (path,), parameters=parameters), WIDE)
        assert sessions_alive() <= before
    finally:
        gc.enable()


def sessions_alive() -> int:
    """Those that the garbage collector still has to look at."""
    return sum(isinstance(one, Session) for one in gc.get_objects())


def test_one_process_and_many(path: Path) -> None:
    """Two processes give what one gives, set by set."""
    sets = {n: {"fast": 3 + n, "slow": 20 + n} for n in range(6)}
    request = Request("ema_cross", (path,))
    assert sweep(request, sets, WIDE, jobs=2) == sweep(request, sets, WIDE, jobs=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(900, 1100), min_size=1, max_size=80), st.sampled_from([-1, 0, 1]),
    st.one_of(EMA.map(lambda p: ("ema_cross", p)), VWAP.map(lambda p: ("vwap", p))), st.data(),
)
def test_no_signal_is_missed(closes: list[int], quantity: int, chosen: tuple[str, dict[str, Any]], data: Any) -> None:
    """Bar by bar, whatever is held and with minutes without volume: where the strategy signals, its schedule has it."""
    volumes = data.draw(st.lists(st.sampled_from([0, 100, 250]), min_size=len(closes), max_size=len(closes)))
    bars = minute_bars([close * 5 for close in closes])
    for bar, volume in zip(bars, volumes, strict=True):
        bar.volume = volume
    plain, standing = build(*chosen), build(*chosen)
    schedule = schedule_of(standing, Tape(bars).series["X"])
    assert schedule is not None
    for number, bar in enumerate(bars):
        signal = plain.on_bar(bar, FakeView(quantity))
        if schedule.next(number, quantity) == number:
            schedule.stand(number)
            assert fields(standing.on_bar(bar, FakeView(quantity))) == fields(signal)
        else:
            assert signal is None


def fields(signal: Any) -> Any:
    """A signal's values."""
    return None if signal is None else [(name, getattr(signal, name)) for name in type(signal).__slots__]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=1_000), st.integers(-50, 50), st.data())
def test_extremes_find_the_first(values: list[int], limit: int, data: Any) -> None:
    """As a plain search finds it, over any window."""
    import numpy as np

    first = data.draw(st.integers(0, len(values)))
    last = data.draw(st.integers(first, len(values)))
    plain = next((n for n in range(first, last) if values[n] <= limit), NEVER)
    assert Extremes(np.array(values)).first_below(limit, first, last) == plain


def test_a_tape_keeps_the_order_of_the_feed() -> None:
    """Minutes with all of their bars; each symbol's bars with the numbers of their minutes."""
    feed = [Bar(ts, symbol, 1, 1, 1, 1) for ts, symbol in ((60, "B"), (60, "A"), (120, "A"), (180, "B"))]
    tape = Tape(feed)
    assert tape.starts == [60, 120, 180]
    assert [tape.bars[tape.at(minute) : tape.at(minute + 1)] for minute in range(3)] == [feed[:2], feed[2:3], feed[3:]]
    numbers = {symbol: [one.minute(number) for number in range(2)] for symbol, one in tape.series.items()}
    assert numbers == {"B": [0, 2], "A": [0, 1]}
    assert [tape.series["B"].at(minute) for minute in range(4)] == [0, 1, 1, 2]


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(9, 40), st.sampled_from([0.05, 0.3, 50.0]))
def test_positions_that_are_carried_trade_alike(seed: int, fast: int, slow: int, stop: float) -> None:
    """One session over five days, held overnight, with stops that are met: the bench's two ways, one hash."""
    raw, chosen = _walk(seed), {"fast": fast, "slow": slow, "stop_percent": stop}
    market = session_engine.prepare("single", "ema", raw)
    whole, woken = session_engine.trade(market, "ema", chosen), session_engine.sparse(market, "ema", chosen)
    assert order_hash(woken.ledger.orders.values()) == order_hash(whole.ledger.orders.values())


@QUICK
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.3, 50.0]), st.integers(0, 30), st.sampled_from(["both", "long"]))
def test_a_vwap_over_many_days_of_one_tape_begins_anew_each_day(
    seed: int, stop: float, wait: int, direction: str,
) -> None:
    """Five days on one tape: sums, zones and the wait are those of a strategy that is told of each morning."""
    raw, chosen = _walk(seed), {"stop_percent": stop, "wait_minutes": wait, "direction": direction}
    market = session_engine.prepare("single", "vwap", raw)
    whole, woken = session_engine.trade(market, "vwap", chosen), session_engine.sparse(market, "vwap", chosen)
    assert order_hash(woken.ledger.orders.values()) == order_hash(whole.ledger.orders.values())


def _walk(seed: int) -> dict[str, Any]:
    import numpy as np

    steps = np.random.default_rng(seed).normal(0, 0.4, (4, 5 * 375))
    close = 1000 + steps[0].cumsum().round(2)
    opened = (close + steps[1]).round(2)
    day, minute = np.divmod(np.arange(len(close)), 375)
    return {
        "open": opened, "close": close, "high": (np.maximum(opened, close) + abs(steps[2])).round(2),
        "low": (np.minimum(opened, close) - abs(steps[3])).round(2), "volume": np.full(len(close), 1000.0),
        "ts": 1_767_239_100 * 10**9 + (day * 1440 + minute) * 60 * 10**9, "day": day, "k": minute,
    }
