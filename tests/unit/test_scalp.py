"""The options scalp: when it enters, which option it takes, what it refuses, when it leaves."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.market.instrument import Instrument, Kind
from common.strategies import registry
from common.strategies.parameters import ScalpParameters
from common.strategies.scalp import Scalp
from common.trading.strategy import Enter, Exit, Signal, Strategy
from tests.unit.strategy_case import (
    DAY,
    FakeView,
    market_and_positions,
    minute_bar,
    minute_bars,
    state_of,
)

QUICK: dict[str, Any] = {
    "momentum_minutes": 2, "atr_period": 2, "entry_atr": 1.5, "reverse_atr": 1, "fade_minutes": 5,
}
NEAR, FAR = DAY + timedelta(days=4), DAY + timedelta(days=11)
RISE = [2_450_000, 2_450_500, 2_450_000, 2_451_000, 2_453_000]
FALL = [2_450_000, 2_449_500, 2_450_000, 2_449_000, 2_447_000]


def option(strike: int, kind: Kind, expiry: date = NEAR) -> Instrument:
    """A NIFTY option; strike in rupees."""
    symbol = f"NIFTY{expiry:%m%d}{strike}{kind}"
    return Instrument(symbol, "NFO", kind, 5, 75, underlying="NIFTY", expiry=expiry, strike=strike * 100)


CHAIN = [option(k, kind, e) for e in (NEAR, FAR) for k in range(24_300, 24_750, 50) for kind in (Kind.CALL, Kind.PUT)]


def quoted(bid: int = 9_950, ask: int = 10_050, minute: int = 4) -> FakeView:
    """A view of the whole chain, each option with this bid and ask, last seen in `minute`."""
    view = FakeView(options=CHAIN)
    for each in CHAIN:
        bar = minute_bar(minute, bid)
        view.bars[each.symbol] = Bar(bar.ts, each.symbol, bid, bid, bid, bid, 0, 0, bid, ask)
    return view


def last_signal(closes: list[int], view: FakeView, **parameters: Any) -> Signal | None:
    """What the driver's last bar brings."""
    strategy = registry.build("scalp", {**QUICK, **parameters})
    return [strategy.on_bar(bar, view) for bar in minute_bars(closes, volume=0)][-1]


def entry(closes: list[int], view: FakeView, **parameters: Any) -> Enter:
    """The same where an entry is expected."""
    signal = last_signal(closes, view, **parameters)
    assert isinstance(signal, Enter)
    return signal


def test_a_rise_buys_the_call_and_a_fall_the_put() -> None:
    """At the money, nearest expiry, bought in both cases, stop and target as percents of the ask."""
    up, down = entry(RISE, quoted()), entry(FALL, quoted())
    assert (up.symbol, up.side) == ("NIFTY090224550CE", 1)
    assert (down.symbol, down.side) == ("NIFTY090224450PE", 1)
    assert (up.stop_distance, up.target_distance) == (2_512.5, 4_020.0)
    assert up.numbers is not None
    assert up.numbers["momentum"] == 30.0
    assert up.numbers["days_to_expiry"] == 4.0


def test_only_on_the_bar_where_the_impulse_begins() -> None:
    """While momentum stays strong nothing more is signalled, also when the first signal was not taken."""
    strategy, view = registry.build("scalp", QUICK), quoted()
    signals = [strategy.on_bar(bar, view) for bar in minute_bars([*RISE, 2_456_000, 2_460_000])]
    assert [type(s).__name__ for s in signals] == ["NoneType"] * 4 + ["Enter"] + ["NoneType"] * 2


def test_an_impulse_that_falters_is_still_the_same() -> None:
    """Momentum of 30, 20 and 40 rupees, at 20 too little to begin: one entry; a new one only after it has gone."""
    falters = [*RISE, 2_453_000, 2_457_000, 2_462_000]
    strategy, view = registry.build("scalp", QUICK), quoted()
    assert [bool(strategy.on_bar(bar, view)) for bar in minute_bars(falters)] == [*[False] * 4, True, *[False] * 3]
    ends = [*RISE, 2_452_900, 2_452_900, 2_452_900, 2_459_000]
    strategy.start_day()
    view = quoted(minute=8)
    assert [bool(strategy.on_bar(bar, view)) for bar in minute_bars(ends)][4:] == [True, False, False, False, True]


def test_a_calm_market_gives_nothing() -> None:
    """Moves within the usual range, and no moves at all, are no impulse."""
    strategy, view = registry.build("scalp", QUICK), quoted()
    calm = [2_450_000, 2_450_500] * 10 + [2_450_000] * 20
    assert not any(strategy.on_bar(bar, view) for bar in minute_bars(calm))


@pytest.mark.parametrize(("parameters", "call", "put"), [
    ({"moneyness": 1}, "NIFTY090224600CE", "NIFTY090224400PE"),
    ({"moneyness": -2}, "NIFTY090224450CE", "NIFTY090224550PE"),
    ({"min_days_to_expiry": 5}, "NIFTY090924550CE", "NIFTY090924450PE"),
    ({"min_days_to_expiry": 4}, "NIFTY090224550CE", "NIFTY090224450PE"),
])
def test_strike_and_expiry_by_parameter(parameters: dict[str, Any], call: str, put: str) -> None:
    """Steps out of the money are up for a call and down for a put; an expiry that is too near is passed over."""
    assert entry(RISE, quoted(), **parameters).symbol == call
    assert entry(FALL, quoted(), **parameters).symbol == put


@pytest.mark.parametrize("view", [
    quoted(bid=0), quoted(ask=0), quoted(bid=10_100, ask=10_000), quoted(bid=9_800, ask=10_100), quoted(950, 960),
    quoted(60_000, 60_050), quoted(minute=0), FakeView(options=CHAIN), FakeView(),
], ids=["no bid", "no ask", "crossed", "wide", "cheap", "dear", "stale", "never seen", "no chain"])
def test_what_it_refuses(view: FakeView) -> None:
    """Without two fresh sides, close together, at a premium within bounds, there is no entry."""
    assert last_signal(RISE, view) is None


def test_the_spreads_bound_is_inclusive() -> None:
    """2 percent of the middle is allowed, a paisa more is not."""
    assert isinstance(last_signal(RISE, quoted(9_900, 10_100)), Enter)
    assert last_signal(RISE, quoted(9_899, 10_100)) is None


def test_a_chain_that_does_not_reach_around_the_spot_is_not_used() -> None:
    """The end of a ladder is not at the money, and steps may not lead off it."""
    view = quoted()
    view.chain = [each for each in CHAIN if each.strike <= 2_450_000]
    assert last_signal(RISE, view) is None
    assert last_signal(RISE, quoted(), moneyness=5) is None


def test_one_option_at_a_time() -> None:
    """Any option of the chain that is held, whichever its kind, keeps it from entering."""
    for held in ("NIFTY090224300PE", "NIFTY090924600CE"):
        view = quoted()
        view.positions[held] = 75
        assert not isinstance(last_signal(RISE, view), Enter)


def test_leaves_when_momentum_reverses() -> None:
    """A call goes on a fall of one ATR, a put on a rise; each by its own symbol; a small fall changes nothing."""
    view = quoted()
    view.positions["NIFTY090224550CE"] = 75
    gone = last_signal([*RISE, 2_453_500, 2_449_000], view)
    assert isinstance(gone, Exit)
    assert (gone.symbol, gone.reason) == ("NIFTY090224550CE", "momentum reversed")
    assert last_signal([*RISE, 2_453_500, 2_452_900], view) is None
    view.positions = {"NIFTY090224450PE": 75}
    gone = last_signal([*FALL, 2_446_500, 2_451_000], view)
    assert isinstance(gone, Exit)
    assert gone.symbol == "NIFTY090224450PE"


def test_leaves_when_the_impulse_is_old() -> None:
    """The last strong bar is minute 5: at minute 9 the call is kept, at minute 10 it goes."""
    view, strategy = quoted(), registry.build("scalp", {**QUICK, "reverse_atr": 20})
    view.positions["NIFTY090224550CE"] = 75
    calm = [2_453_000, 2_453_100, 2_453_000, 2_453_100, 2_453_000, 2_453_100]
    signals = [strategy.on_bar(bar, view) for bar in minute_bars([*RISE, *calm])]
    assert not any(signals[4:10])
    assert isinstance(signals[10], Exit)
    assert signals[10].reason == "momentum faded"


@given(market_and_positions(), st.lists(st.sampled_from(CHAIN), max_size=3))
def test_state_is_the_markets_alone(drawn: tuple[list[Bar], list[int]], held: list[Instrument]) -> None:
    """Whatever options are held, the state after each bar is the same: a restart may warm it."""
    flat, holder = registry.build("scalp", QUICK), registry.build("scalp", QUICK)
    empty, full = quoted(), quoted()
    full.positions = {each.symbol: 75 for each in held}
    for bar in drawn[0]:
        flat.on_bar(bar, empty)
        holder.on_bar(bar, full)
        assert state_of(flat) == state_of(holder)


@pytest.mark.parametrize("wrong", [
    {"momentum_minutes": 0}, {"entry_atr": 0.4}, {"moneyness": 11}, {"min_days_to_expiry": -1}, {"underlying": ""},
    {"max_spread_percent": 0}, {"stop_percent": 0}, {"stop_percent": 91}, {"min_premium_paise": 1},
    {"min_premium_paise": 60_000},
])
def test_parameters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    """Each bound holds, and the premiums' bounds must be in order."""
    with pytest.raises(registry.InvalidParameters, match="scalp"):
        registry.build("scalp", wrong)


def test_it_is_a_strategy() -> None:
    """The class fits the protocol: for mypy, and with its defaults at run time."""
    strategy: Strategy = Scalp(ScalpParameters())
    assert strategy.on_bar(minute_bar(0, 10_000), FakeView()) is None
