"""Iron fly: its four legs, its wings by every choice, what it refuses, when it moves, its blindness to positions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.market.bar import Bar
from common.market.black76 import greeks
from common.market.instrument import Instrument, Kind
from common.market.option_chain import NANOSECONDS_A_YEAR, RATE, expires_at
from common.planning.mandate import parse_mandate
from common.strategies import registry
from common.strategies.iron_fly import IronFly
from common.strategies.parameters import IronFlyParameters
from common.trading.strategy import EnterBasket, ExitBasket, Signal, Strategy
from tests.unit.strategy_case import DAY, FakeView, minute_bar, minute_bars, state_of

NEAR = DAY + timedelta(days=4)
NAME = "NIFTY iron fly"
QUICK: dict[str, Any] = {"start_minutes": 5, "last_minutes": 60, "exit_minutes": 70, "max_spread_percent": 10.0}
CALM = [2_450_000] * 6


def option(strike: int, kind: Kind) -> Instrument:
    """A NIFTY option; strike in rupees."""
    return Instrument(f"N{strike}{kind}", "NFO", kind, 5, 75, underlying="NIFTY", expiry=NEAR, strike=strike * 100)


CHAIN = [option(k, kind) for k in range(24_000, 25_050, 50) for kind in (Kind.CALL, Kind.PUT)]


def show(view: FakeView, minute: int, forward: int, sigma: float = 0.12, half: int = 50) -> None:
    """Quotes of every option in that minute, of one volatility."""
    for one in view.chain:
        bar = minute_bar(minute, forward)
        years = (expires_at(NEAR) - bar.ts) / NANOSECONDS_A_YEAR
        side = 1.0 if one.kind is Kind.CALL else -1.0
        price = max(100, round(float(greeks(forward, one.strike, years, sigma, side, RATE).price)))
        view.bars[one.symbol] = Bar(bar.ts, one.symbol, price, price, price, price, 0, 0, price - half, price + half)


def play(closes: Sequence[int], *, held: bool = False, sigma: float = 0.12, half: int = 50, **parameters: Any,
         ) -> list[Signal | None]:
    """What each bar of the driver brings; held: each basket is there as soon as it is signalled, until it is left."""
    strategy = registry.build("iron_fly", {**QUICK, **parameters})
    view, found = FakeView(options=CHAIN), list[Signal | None]()
    for minute, bar in enumerate(minute_bars(closes, volume=0)):
        show(view, minute, bar.close, sigma, half)
        signal = strategy.on_bar(bar, view)
        found.append(signal)
        if held and isinstance(signal, EnterBasket):
            view.baskets.add(signal.name)
        elif held and isinstance(signal, ExitBasket):
            view.baskets.discard(signal.name)
    return found


def entries(signals: Sequence[Signal | None]) -> dict[int, EnterBasket]:
    """By minute."""
    return {minute: one for minute, one in enumerate(signals) if isinstance(one, EnterBasket)}


def exits(signals: Sequence[Signal | None]) -> dict[int, ExitBasket]:
    """By minute."""
    return {minute: one for minute, one in enumerate(signals) if isinstance(one, ExitBasket)}


def test_four_legs_hedges_first() -> None:
    """The straddle at the money is sold behind wings four strikes away; each short names the wing that covers it."""
    (signal,) = entries(play(CALM)).values()
    assert [(leg.symbol, leg.side, leg.hedge) for leg in signal.legs] == [
        ("N24300PE", 1, None), ("N24700CE", 1, None), ("N24500PE", -1, 0), ("N24500CE", -1, 1),
    ]
    assert signal.name == NAME
    numbers = signal.numbers
    assert numbers is not None
    assert (numbers["centre"], numbers["put_wing"], numbers["call_wing"]) == (24_500, 24_300, 24_700)
    assert numbers["iv_percent"] == pytest.approx(12, abs=0.1)
    assert numbers["most_lost"] == pytest.approx(200 - numbers["credit"])
    credit = numbers["credit"] * 100
    assert (signal.profit_target, signal.loss_limit) == pytest.approx((credit * 0.25, credit * 0.5))
    assert all(leg.stop_distance > 0 for leg in signal.legs if leg.side < 0)


@pytest.mark.parametrize(("parameters", "wings"), [
    ({"wing_by": "distance", "wing_distance_percent": 1.2}, (24_200, 24_800)),
    ({"wing_by": "steps", "wing_strikes": 2}, (24_400, 24_600)),
])
def test_wings_by_distance_and_steps(parameters: dict[str, Any], wings: tuple[int, int]) -> None:
    """As asked."""
    (signal,) = entries(play(CALM, min_credit_percent=1.0, **parameters)).values()
    assert tuple(int(leg.symbol[1:6]) for leg in signal.legs[:2]) == wings


def test_wings_by_delta_and_premium() -> None:
    """The further out, the smaller the delta or the premium that is asked of them."""
    for by, name, values in (("delta", "wing_delta", (0.3, 0.15)), ("premium", "wing_premium_paise", (6_000, 3_000))):
        widths = []
        for value in values:
            changed: dict[str, Any] = {name: value, "wing_by": by, "min_credit_percent": 1.0}
            (signal,) = entries(play(CALM, **changed)).values()
            put, call = (int(leg.symbol[1:6]) for leg in signal.legs[:2])
            assert put < 24_500 < call
            widths.append(call - put)
        assert widths[0] < widths[1]


@pytest.mark.parametrize("changed", [
    {"half": 900}, {"min_credit_percent": 95.0}, {"min_days_to_expiry": 5}, {"wing_strikes": 12},
    {"min_open_interest": 75}, {"expiry": "next"}, {"expiry": "monthly"}, {"underlying": "BANKNIFTY"},
])
def test_what_it_refuses(changed: dict[str, Any]) -> None:
    """Wide quotes, a poor credit, no expiry that fits, a chain that ends, too little open interest: nothing is sold."""
    assert not entries(play(CALM, **changed))


def test_once_and_out_at_its_time() -> None:
    """One entry on a calm day; from the exit's minute on every bar asks to close while it is there."""
    closes = [2_450_000] * 75
    signals = play(closes, held=True)
    assert list(entries(signals)) == [5]
    assert list(exits(signals)) == [70]
    assert not exits(play(closes))


def test_it_moves_with_the_market_once() -> None:
    """Most of the way to a wing it is left; two minutes later another is sold around the new middle; then no more."""
    closes = [*CALM, *[2_463_000] * 10, *[2_476_500] * 10]
    signals = play(closes, held=True)
    assert list(entries(signals)) == [5, 8]
    assert [(minute, one.name) for minute, one in exits(signals).items()] == [(6, NAME), (16, f"{NAME} 2")]
    assert "130.00 from its middle" in exits(signals)[6].reason
    second = entries(signals)[8]
    assert (second.name, second.legs[2].symbol) == (f"{NAME} 2", "N24650PE")
    assert list(entries(play(closes, held=True, max_rolls=0))) == [5]
    assert list(entries(play(closes, held=True, max_rolls=2))) == [5, 8, 18]


def test_nothing_new_beside_what_is_still_there() -> None:
    """While the first cannot be closed, its exit is asked for on every bar and no other is entered."""
    strategy, view = registry.build("iron_fly", QUICK), FakeView(options=CHAIN)
    view.baskets.add(NAME)
    signals = []
    for minute, bar in enumerate(minute_bars([*CALM, *[2_463_000] * 10])):
        show(view, minute, bar.close)
        signals.append(strategy.on_bar(bar, view))
    assert not entries(signals)
    assert list(exits(signals)) == list(range(6, 16))


def test_a_sold_option_that_has_become_likely() -> None:
    """By its delta, where the distance alone would have let it be."""
    closes = [*CALM, *[2_460_000] * 4]
    assert not exits(play(closes, held=True, recentre_percent=100.0))
    signals = play(closes, held=True, recentre_percent=100.0, max_short_delta=0.6)
    assert "the delta of N24500CE is 0." in exits(signals)[6].reason


def test_after_its_profit_it_is_not_followed_by_another() -> None:
    """The quotes say that the target was reached before the market left: closed for good, not moved."""
    strategy, view = registry.build("iron_fly", QUICK), FakeView(options=CHAIN)
    signals = []
    for minute, bar in enumerate(minute_bars([*CALM, 2_450_000, *[2_463_000] * 10])):
        show(view, minute, bar.close, sigma=0.12 if minute < 6 else 0.05)
        signals.append(strategy.on_bar(bar, view))
    assert list(entries(signals)) == [5]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(-6_000, 6_000), st.booleans()), min_size=8, max_size=25))
def test_state_is_the_markets_alone(rows: list[tuple[int, bool]]) -> None:
    """Whether its baskets are there or not, bar by bar, the state after each is the same: a restart may warm it."""
    quick = {**QUICK, "min_credit_percent": 1.0, "max_rolls": 2}
    without, holding = registry.build("iron_fly", quick), registry.build("iron_fly", quick)
    near = [one for one in CHAIN if abs(one.strike - 2_450_000) <= 40_000]
    empty, full = FakeView(options=near), FakeView(options=near)
    close = 2_450_000
    for minute, (move, there) in enumerate(rows):
        close += move
        show(empty, minute, close)
        full.bars = empty.bars
        full.baskets = {NAME, f"{NAME} 2"} if there else set()
        bar = minute_bar(minute, close)
        without.on_bar(bar, empty)
        holding.on_bar(bar, full)
        assert state_of(without) == state_of(holding)


def test_cheap_volatility_is_left_alone_once_there_is_a_history() -> None:
    """Twenty days at 12 %: less is below all of them and not sold, more is; with nineteen nobody can say."""
    for days, sigma, percentile, sold in ((20, 0.11, None, False), (20, 0.13, 100.0, True), (19, 0.11, None, True)):
        strategy = registry.build("iron_fly", {**QUICK, "min_iv_percentile": 50.0})
        view, found = FakeView(options=CHAIN), list[Signal | None]()
        for day in range(days + 1):
            found.clear()
            for minute, bar in enumerate(minute_bars(CALM)):
                show(view, minute, bar.close, sigma if day == days else 0.12)
                found.append(strategy.on_bar(bar, view))
            strategy.start_day()
        assert bool(entries(found)) == sold
        for signal in entries(found).values():
            assert signal.numbers is not None
            assert signal.numbers.get("iv_percentile") == percentile


@pytest.mark.parametrize("wrong", [
    {"wing_strikes": 0}, {"max_rolls": 4}, {"max_short_delta": 1.1}, {"expiry": "last"}, {"wing_by": "luck"},
    {"start_minutes": 200, "last_minutes": 100}, {"min_credit_percent": 0}, {"stop_percent": 0}, {"loss_percent": 0},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """There is no fly without wings, a stop and a limit to its loss."""
    with pytest.raises(registry.InvalidParameters, match="iron_fly"):
        registry.build("iron_fly", wrong)


def test_it_is_a_strategy_that_a_person_must_ask_for() -> None:
    """The class fits the protocol; the default mandate does not name it."""
    strategy: Strategy = IronFly(IronFlyParameters())
    assert strategy.on_bar(minute_bar(0, 10_000), FakeView()) is None
    assert "iron_fly" not in parse_mandate("").options.strategies
