"""The untested side of a spread: when it is sold, when it is rolled, how often, and how it ends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.strategies.premium import Structure
from common.strategies.untested import WITHIN_MINUTES, Untested
from common.trading.strategy import EnterBasket, ExitBasket
from tests.unit.strategy_case import FakeView, minute_bar
from tests.unit.test_credit_spread import CHAIN, spread

CREDIT, TARGET, LOSS = 40_00, 20_00, 40_00
HEDGE, SHORT = (next(one for one in CHAIN if one.strike == strike) for strike in (2_435_000, 2_445_000))


def price(view: FakeView, cost: int) -> None:
    """Quotes at which closing takes `cost`."""
    for option, middle in ((HEDGE, 50_00), (SHORT, 50_00 + cost)):
        view.bars[option.symbol] = Bar(
            minute_bar(0, middle).ts, option.symbol, middle, middle, middle, middle, 0, 0, middle, middle,
        )


def built(name: str) -> tuple[EnterBasket, Structure]:
    """Sold for the credit."""
    signal = EnterBasket(name, [], LOSS, TARGET, "tested", {})
    return signal, Structure([(HEDGE, 1), (SHORT, -1)], CREDIT, signal, 24_500_00, -1)


def look(one: Untested, minute: int, cost: int, **more: Any) -> str:
    """The name of what is sold in that minute, '' for nothing."""
    view = FakeView()
    price(view, cost)
    asked: dict[str, Any] = {"tested": True, "build": built, "breached": lambda *_: ""} | more
    found = one.look(minute, minute_bar(minute, 24_500_00), view, **asked)
    return found.name if found else ""


def said(signal: ExitBasket | None) -> tuple[str, str]:
    """What is closed, and why."""
    assert signal is not None
    return signal.name, signal.reason


def test_sold_when_tested_and_rolled_when_decayed_and_no_more_than_allowed() -> None:
    """Two a day: the second two minutes after the first has decayed, and then no third."""
    one = Untested("u", 2)
    assert look(one, 1, CREDIT, tested=False) == ""
    assert [look(one, minute, CREDIT) for minute in (2, 3)] == ["u", ""]
    assert [look(one, minute, CREDIT - TARGET) for minute in (4, 5, 6)] == ["", "", "u 2"]
    assert [look(one, minute, CREDIT - TARGET) for minute in range(7, 30)] == [""] * 23
    one.start_day()
    assert look(one, 1, CREDIT) == "u"


@pytest.mark.parametrize(("cost", "more"), [
    (CREDIT + LOSS, {}), (CREDIT, {"breached": lambda *_: "the delta"}),
    (CREDIT - TARGET, {"breached": lambda *_: "the delta"}),
])
def test_over_for_the_day_when_it_has_lost_or_is_breached(cost: int, more: dict[str, Any]) -> None:
    """The market has come back to it: another would be sold into the same turn."""
    one = Untested("u", 3)
    look(one, 1, CREDIT)
    assert [look(one, 2, cost, **more), *[look(one, minute, CREDIT) for minute in range(3, 20)]] == [""] * 18


def test_not_looked_for_for_ever() -> None:
    """What cannot be sold within ten minutes of being due is left alone."""
    one = Untested("u", 2)
    look(one, 1, CREDIT)
    look(one, 2, CREDIT - TARGET)
    nothing = {"build": lambda _: None}
    assert [look(one, 4 + n, CREDIT, **nothing) for n in range(WITHIN_MINUTES + 1)] == [""] * (WITHIN_MINUTES + 1)
    assert look(one, 5 + WITHIN_MINUTES, CREDIT) == ""


def test_what_is_left_is_closed_while_it_is_there() -> None:
    """On every bar, also where nothing more is sold; and all of it at the day's end."""
    one, view = Untested("u", 2), FakeView()
    view.baskets = {"u"}
    look(one, 1, CREDIT)
    assert one.leave(view, "") is None
    assert said(one.leave(view, "its time is over")) == ("u", "its time is over")
    look(one, 2, CREDIT - TARGET)
    assert [said(one.leave(view, "")) for _ in range(2)] == [("u", "it has decayed")] * 2
    view.baskets = set()
    assert one.leave(view, "") is None


@given(costs=st.lists(st.integers(0, 100_00), max_size=60), most=st.integers(0, 3))
def test_never_more_than_allowed_and_never_two_at_once(costs: list[int], most: int) -> None:
    """Whatever the market does."""
    one, sold = Untested("u", most), list[str]()
    for minute, cost in enumerate(costs):
        name = look(one, minute, cost)
        sold += [name] if name else []
    assert len(sold) <= most
    assert len(set(sold)) == len(sold)


def test_the_parameters_must_let_it_happen() -> None:
    """An adjustment at a delta at which the spread is already closed is refused with both numbers."""
    with pytest.raises(ValueError, match=r"adjust_short_delta 0.7 is not below max_short_delta 0.6"):
        spread([], FakeView(), max_adjustments=1, adjust_short_delta=0.7)
