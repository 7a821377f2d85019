"""Credit spread: which side and strikes, what it refuses, its limits, its time, and its blindness to positions."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.planning.mandate import parse_mandate
from common.planning.rule_planner import plan_by_rules
from common.planning.validation import validate_plan
from common.strategies import registry
from common.strategies.credit_spread import CreditSpread
from common.strategies.parameters import CreditSpreadParameters
from common.trading.strategy import EnterBasket, ExitBasket, Signal, Strategy
from tests.unit import planning_case
from tests.unit.strategy_case import (
    DAY,
    FakeView,
    market_and_positions,
    minute_bar,
    minute_bars,
    state_of,
)

QUICK: dict[str, Any] = {"start_minutes": 5, "last_minutes": 8, "exit_minutes": 12}
NEAR, FAR = DAY + timedelta(days=4), DAY + timedelta(days=11)
RISE = [2_450_000] * 5 + [2_456_000]
FALL = [2_450_000] * 5 + [2_444_000]
NAME = "NIFTY credit spread"


def option(strike: int, kind: Kind, expiry: date = NEAR) -> Instrument:
    """A NIFTY option; strike in rupees."""
    symbol = f"NIFTY{expiry:%m%d}{strike}{kind}"
    return Instrument(symbol, "NFO", kind, 5, 75, underlying="NIFTY", expiry=expiry, strike=strike * 100)


CHAIN = [option(k, kind, e) for e in (NEAR, FAR) for k in range(24_200, 24_850, 50) for kind in (Kind.CALL, Kind.PUT)]


def quoted(minute: int = 5, chain: Sequence[Instrument] = CHAIN, spread: int = 50) -> FakeView:
    """Premiums that fall by 20 rupees a strike out of the money from 120 at 24500, seen in `minute`."""
    view = FakeView(options=chain)
    for each in chain:
        away = (each.strike - 2_450_000) // 5_000 * (1 if each.kind is Kind.CALL else -1)
        middle = max(500, 12_000 - 2_000 * away)
        start = minute_bar(minute, middle).ts
        bid, ask = middle - spread // 2, middle + spread // 2
        view.bars[each.symbol] = Bar(start, each.symbol, middle, middle, middle, middle, 0, 0, bid, ask)
    return view


def signals(closes: Sequence[int], view: FakeView, **parameters: Any) -> list[Signal | None]:
    """What each of the driver's bars brings."""
    strategy = registry.build("credit_spread", {**QUICK, **parameters})
    return [strategy.on_bar(bar, view) for bar in minute_bars(closes, volume=0)]


def spread(closes: Sequence[int], view: FakeView, **parameters: Any) -> EnterBasket:
    """The basket on the last bar, where one is expected."""
    signal = signals(closes, view, **parameters)[-1]
    assert isinstance(signal, EnterBasket)
    return signal


def test_a_put_spread_below_a_rise_and_a_call_spread_above_a_fall() -> None:
    """Two strikes out of the money is sold, two further out is bought; the hedge comes first and covers the short."""
    up, down = spread(RISE, quoted()), spread(FALL, quoted())
    assert [(leg.symbol, leg.side, leg.hedge) for leg in up.legs] == [
        ("NIFTY090224350PE", 1, None), ("NIFTY090224450PE", -1, 0),
    ]
    assert [(leg.symbol, leg.side, leg.hedge) for leg in down.legs] == [
        ("NIFTY090224650CE", 1, None), ("NIFTY090224550CE", -1, 0),
    ]
    assert up.name == down.name == NAME


def test_limits_are_of_the_credit_and_the_stop_of_the_premium() -> None:
    """Sold at its bid of 99.75, bought at its ask of 60.25: a credit of 39.50, and everything follows from it."""
    made = spread(RISE, quoted(), profit_percent=40, loss_percent=150, stop_percent=80)
    assert (made.profit_target, made.loss_limit) == (0.4 * 3_950, 1.5 * 3_950)
    assert made.legs[1].stop_distance == 0.8 * 9_975
    assert made.legs[0].stop_distance == 0
    assert made.numbers == {
        "underlying": 24_560.0, "move_percent": 0.245, "sold_strike": 24_450.0, "bought_strike": 24_350.0,
        "credit": 39.5, "most_lost": 60.5,
    }
    assert made.reason == "NIFTY is rising: a put spread below it"


@given(short=st.integers(0, 4), width=st.integers(1, 4), rise=st.booleans())
def test_the_loss_is_always_bounded(short: int, width: int, rise: bool) -> None:
    """Whatever the steps: one kind and expiry, the bought one further out, a credit below the width, a stop that is."""
    made = signals(RISE if rise else FALL, quoted(), short_strikes=short, width_strikes=width)[-1]
    if made is None:
        return
    assert isinstance(made, EnterBasket)
    known = {one.symbol: one for one in CHAIN}
    (bought, sold), numbers = (known[leg.symbol] for leg in made.legs), made.numbers
    assert (bought.kind, bought.expiry) == (sold.kind, sold.expiry)
    assert bought.strike < sold.strike if rise else bought.strike > sold.strike
    assert numbers is not None
    assert 0 < numbers["credit"] < abs(sold.strike - bought.strike) / 100
    assert numbers["most_lost"] > 0
    assert made.legs[1].stop_distance > 0


def test_once_a_day() -> None:
    """After its bar nothing more is signalled, taken or not, while the market goes on rising; the next day again."""
    strategy, view = registry.build("credit_spread", QUICK), quoted()
    closes = [*RISE, 2_457_000, 2_458_000, 2_459_000]
    given_ = [strategy.on_bar(bar, view) for bar in minute_bars(closes)]
    assert [type(one).__name__ for one in given_] == ["NoneType"] * 5 + ["EnterBasket"] + ["NoneType"] * 3
    strategy.start_day()
    assert [bool(strategy.on_bar(bar, view)) for bar in minute_bars(closes)] == [bool(one) for one in given_]


def test_only_between_start_and_last() -> None:
    """A move before the start waits for it, and one that comes after the last minute is left alone."""
    early = [2_450_000, *[2_456_000] * 5]
    assert [bool(one) for one in signals(early, quoted())] == [False] * 5 + [True]
    assert any(signals([*[2_450_000] * 8, 2_456_000], quoted(8)))
    assert not any(signals([*[2_450_000] * 9, 2_456_000], quoted(9)))


def test_it_waits_for_what_is_not_there_yet() -> None:
    """Too small a move, or a quote that comes later: the first bar on which all is right is taken."""
    calm = [2_450_000] * 5 + [2_452_000]
    assert signals(calm, quoted())[-1] is None
    assert isinstance(signals([*calm, 2_456_000], quoted(6))[-1], EnterBasket)
    strategy, view = registry.build("credit_spread", QUICK), quoted()
    bars = minute_bars([*RISE, 2_456_000, 2_456_000])
    hidden, view.bars = view.bars, {}
    assert not any(strategy.on_bar(bar, view) for bar in bars[:7])
    view.bars = hidden
    assert isinstance(strategy.on_bar(bars[7], view), EnterBasket)


def test_no_move_has_no_side() -> None:
    """Also where no move is asked for."""
    assert not any(signals([2_450_000] * 9, quoted(), min_move_percent=0))


@pytest.mark.parametrize(("view", "changed"), [
    (quoted(1), {}), (quoted(spread=-10), {}), (quoted(spread=140), {}), (FakeView(options=CHAIN), {}),
    (FakeView(), {}),
    (quoted(), {"min_credit_percent": 40}), (quoted(), {"min_days_to_expiry": 12}),
    (quoted(), {"width_strikes": 9}), (quoted(), {"short_strikes": 15}),
    (quoted(chain=[o for o in CHAIN if o.strike <= 2_455_000]), {}),
], ids=[
    "stale", "crossed", "wide", "never seen", "no chain", "poor", "all expire", "chain ends", "far out",
    "off the money",
])
def test_what_it_refuses(view: FakeView, changed: dict[str, Any]) -> None:
    """Without both legs quoted lately and close together, on a chain that reaches around and out, nothing is sold."""
    assert not any(signals(RISE, view, **changed))


def test_a_near_expiry_is_passed_over() -> None:
    """The nearest one that is far enough."""
    assert spread(RISE, quoted(), min_days_to_expiry=4).legs[0].symbol.startswith("NIFTY0902")
    assert spread(RISE, quoted(), min_days_to_expiry=5).legs[0].symbol.startswith("NIFTY0909")


def test_its_time_ends() -> None:
    """From the exit's minute on, every bar asks to close while the basket is there, and none when it is not."""
    view = quoted()
    view.baskets.add(NAME)
    late = signals([2_450_000] * 15, view)
    assert not any(late[:12])
    assert all(isinstance(one, ExitBasket) and one.name == NAME for one in late[12:])
    assert not any(signals([2_450_000] * 15, quoted()))


@given(market_and_positions(), st.lists(st.booleans(), min_size=80, max_size=80), st.booleans())
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]], there: list[bool], adjusts: bool) -> None:
    """Whether baskets are open or not, bar by bar, the state after each is the same: a restart may warm it."""
    quick = {**QUICK, "min_move_percent": 0.01}
    if adjusts:
        quick |= {"max_adjustments": 3, "adjust_short_delta": 0.1, "max_rolls": 2, "last_minutes": 200,
                  "exit_minutes": 300, "profit_percent": 5.0}
    without, holding = registry.build("credit_spread", quick), registry.build("credit_spread", quick)
    chain = [option(k, kind) for k in range(850, 1_200, 25) for kind in (Kind.CALL, Kind.PUT)]
    empty, full = quoted(chain=chain), quoted(chain=chain)
    for bar, held in zip(drawn[0], there, strict=False):
        full.baskets = {NAME, "NIFTY untested spread"} if held else set()
        without.on_bar(bar, empty)
        holding.on_bar(bar, full)
        assert state_of(without) == state_of(holding)


@pytest.mark.parametrize("wrong", [
    {"start_minutes": 4}, {"last_minutes": 400}, {"start_minutes": 100, "last_minutes": 90},
    {"last_minutes": 330, "exit_minutes": 330}, {"width_strikes": 0}, {"short_strikes": -1}, {"min_credit_percent": 0},
    {"profit_percent": 100}, {"loss_percent": 10}, {"stop_percent": 0}, {"max_spread_percent": 0}, {"underlying": ""},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds; times follow each other; there is no spread without a hedge or a stop."""
    with pytest.raises(registry.InvalidParameters, match="credit_spread"):
        registry.build("credit_spread", wrong)


def test_a_person_must_ask_for_it() -> None:
    """The default mandate does not let a plan sell options; one that names the strategy does."""
    assert "credit_spread" not in parse_mandate("").options.strategies
    assert parse_mandate("[options]\nstrategies = ['credit_spread']").options.strategies == ("credit_spread",)


def test_the_example_mandate_trades_spreads_alone() -> None:
    """A plan of the rules inside examples/spreads.toml is valid; both legs are near enough, and a lot may be lost."""
    text = (Path(__file__).resolve().parents[2] / "examples" / "spreads.toml").read_text(encoding="utf-8")
    mandate = parse_mandate(text)
    evidence = planning_case.evidence(mandate)
    plan = plan_by_rules(evidence, mandate)
    assert validate_plan(plan, mandate, evidence) == []
    (chosen,) = plan.enabled
    assert (chosen.strategy, chosen.asset_class) == ("credit_spread", AssetClass.OPTIONS)
    assert chosen.options is not None
    assert chosen.limits is not None
    legs = [int(chosen.parameters[name]) for name in ("short_strikes", "width_strikes")]
    assert sum(legs) < chosen.options.strikes_each_side
    assert legs[1] * 50_00 * 75 <= mandate.risk_per_trade_paise(AssetClass.OPTIONS)
    assert 2 * mandate.risk_per_trade_paise(AssetClass.OPTIONS) <= chosen.limits.loss_paise


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = CreditSpread(CreditSpreadParameters())
    assert strategy.on_bar(minute_bar(0, 10_000), FakeView()) is None
