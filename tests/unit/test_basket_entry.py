"""May a basket be entered: what it must look like, how large it may be, what it needs at every step, and when not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Quote
from common.market.instrument import Instrument, Kind
from common.trading.basket_entry import MAX_LEGS
from common.trading.halts import HaltLevel
from common.trading.margin import PricedLeg, prefixes, worst_loss
from common.trading.orders import Purpose, Status
from common.trading.prices import marketable
from common.trading.strategy import EnterBasket, Leg
from tests.unit.basket_case import (
    CALL_HEDGE,
    CALL_SHORT,
    CHAIN,
    CONDOR,
    EXPIRY,
    LIMITS,
    LOT,
    OUT,
    PUT_HEDGE,
    PUT_SHORT,
    SPREAD,
    UNITS,
    basket_desk,
    basket_of,
    begun,
    leg,
    mark,
    only,
    opened,
    option,
    signal,
    working,
)
from tests.unit.trading_case import DAY, Desk, hours, minute
from tests.unit.wire_case import Wire


def limits(**changes: Any) -> Any:
    return replace(LIMITS, **changes)


def denied(made: Desk) -> list[str]:
    """Codes, and that nothing was sent and nothing bound for it."""
    assert made.session.book.baskets == {}
    assert made.account.reserved == {}
    assert not any(slot.basket or slot.busy for slot in made.session.slots.values())
    assert not made.ledger.orders
    return list(made.session.book.denied.elements())


def legs(*rows: tuple[Any, ...]) -> EnterBasket:
    return EnterBasket("spread", [Leg(*row) for row in rows])


SHORT = ("N24400PE", -1, 0, 50_00)


@pytest.mark.parametrize(("what", "code"), [
    (legs(("N24300PE", 1)), "unknown_legs"),
    (legs(("N24300PE", 1), ("N99999PE", -1, 0, 50_00)), "unknown_legs"),
    (legs(("N24300PE", 1), ("N24300PE", -1, 0, 50_00)), "unknown_legs"),
    (legs(*[("N24300PE", 1)] * (MAX_LEGS + 1)), "unknown_legs"),
    (legs(("N24300PE", 1), ("N24400PE", -1, None, 50_00)), "uncovered"),
    (legs(("N24300PE", 1), ("N24400PE", -1, 1, 50_00)), "uncovered"),
    (legs(("N24300PE", 1), ("N24400PE", -1, 2, 50_00)), "uncovered"),
    (legs(("N24300PE", 1), ("N24400PE", -1, -1, 50_00)), "uncovered"),
    (legs(("N24300PE", 1), ("N24400PE", -1, 0, 0.0)), "uncovered"),
    (legs(("N24300PE", 1), SHORT, ("N24600CE", -1, 0, 50_00)), "uncovered"),
    (legs(("N24700CE", 1), SHORT), "uncovered"),
])
def test_what_is_no_basket(what: EnterBasket, code: str) -> None:
    """Unknown or doubled legs, a short without a long that covers it alone, or without a stop."""
    made = basket_desk(Wire())
    signal(made, what)
    assert denied(made) == [code]


def test_a_hedge_of_another_kind_is_said_once() -> None:
    """It is a fault of the strategy, in words."""
    made = basket_desk(Wire())
    for _ in range(2):
        signal(made, legs(("N24700CE", 1), SHORT))
    errors = [record.message for record in made.ledger.records if record.severity == "ERROR"]
    assert all("N24700CE does not cover N24400PE" in text for text in errors)
    assert len(errors) == 2


def test_the_size_is_what_risk_margin_and_freeze_allow() -> None:
    """In whole lots: by the most that can be lost, by the capital at its highest prefix, by the smallest freeze."""
    assert only(begun(Wire()), PUT_HEDGE, Purpose.ENTRY).quantity == UNITS
    small = [*CHAIN[:1], option(24_400, freeze=160), *CHAIN[2:]]
    assert only(begun(Wire(), instruments=small), PUT_HEDGE, Purpose.ENTRY).quantity == 150
    poor = limits(capital=40_000_00)
    (order,) = working(begun(Wire(), limits=poor), PUT_HEDGE, Purpose.ENTRY)
    assert order.quantity == 75


@given(
    capital=st.integers(10_000_00, 10**9), risk=st.integers(1_000_00, 10**8), percent=st.integers(1, 100),
    prices=st.tuples(*[st.integers(20, 4_000)] * 4), condor=st.booleans(),
)
def test_no_prefix_needs_more_than_its_share(
    capital: int, risk: int, percent: int, prices: tuple[int, ...], condor: bool,
) -> None:
    """Whatever is sent: its dearest prefix within so many percent of capital, its worst end within risk per trade."""
    bounds = limits(
        capital=capital, risk_per_trade=risk, basket_margin_percent=percent, daily_loss=10**12, max_order_value=10**12,
    )
    made = basket_desk(Wire(), limits=bounds)
    mark(made, **{one.symbol: 5 * price for one, price in zip(CHAIN, prices, strict=True)})
    signal(made, CONDOR if condor else SPREAD)
    if not made.session.book.baskets:
        return
    basket = basket_of(made)
    width = made.session.book.policy.entry_width
    priced = [
        PricedLeg(
            state.slot.instrument, state.leg.side, marketable(state.slot, state.leg.side, width), state.leg.hedge,
            int(state.leg.stop_distance),
        )
        for state in basket.legs
    ]
    assert basket.quantity % LOT == 0
    assert basket.need == basket.quantity * max(prefixes(priced)) <= capital * percent // 100
    assert worst_loss(priced) * basket.quantity <= basket.risk <= risk
    assert basket.quantity <= min(one.freeze_quantity or 0 for one in CHAIN)
    assert made.account.reserved == {basket.name: basket.need}


@pytest.mark.parametrize(("changes", "code"), [
    ({"risk_per_trade": 1_000_00}, "too_small"), ({"capital": 1_000_00}, "too_small"),
    ({"max_order_value": 1_000_00}, "too_small"), ({"max_trades": 0}, "max_trades"),
    ({"max_open_positions": 0}, "max_open_positions"), ({"losses_to_lock_class": 0}, "class_locked"),
    ({"daily_loss": 1_000_00}, "too_small"),
])
def test_the_limits_are_those_of_any_position(changes: dict[str, Any], code: str) -> None:
    """Each with its code."""
    made = begun(Wire(), limits=limits(**changes))
    assert denied(made) == [code]


def test_a_lot_that_does_not_fit_all_legs() -> None:
    """Legs of different lots: a quantity that is whole in one is not whole in the other."""
    odd = Instrument("N24400PE", "NFO", Kind.PUT, 5, 50, 0, "NIFTY", EXPIRY, 24_400_00, 1800)
    made = begun(Wire(), instruments=[CHAIN[0], odd, *CHAIN[2:]], limits=limits(risk_per_trade=5_000_00))
    assert denied(made) == ["too_small"]


def test_the_same_basket_is_not_entered_twice() -> None:
    """While it is there, a further signal of its name does nothing."""
    wire = Wire()
    made = begun(wire)
    signal(made, SPREAD)
    assert len(wire.asked("place")) == 1
    assert made.session.book.denied == {}


@pytest.mark.parametrize("state", ["busy", "in a basket"])
def test_a_leg_in_use_is_no_leg(state: str) -> None:
    """Alone or in another basket."""
    made = basket_desk(Wire())
    if state == "busy":
        leg(made, PUT_SHORT).busy = True
        signal(made, SPREAD)
        assert made.session.book.denied == {"leg_busy": 1}
        return
    signal(made, SPREAD)
    signal(made, EnterBasket("other", SPREAD.legs))
    assert made.session.book.denied == {"leg_busy": 1}
    assert list(made.session.book.baskets) == ["spread"]


@pytest.mark.parametrize(("spoil", "code"), [
    (lambda made: setattr(leg(made, PUT_SHORT), "blocked", "the person holds it"), "symbol_blocked"),
    (lambda made: setattr(leg(made, PUT_HEDGE), "refusals", 3), "refused_too_often"),
    (lambda made: setattr(leg(made, PUT_SHORT), "last", None), "no_price"),
    (lambda made: made.control(HaltLevel.STOP_ENTRIES), "halted"),
    (lambda made: setattr(made.session.book, "flattening", "square-off"), "flattening"),
    (lambda made: setattr(made.account, "halted", "daily loss"), "halted"),
    (lambda made: setattr(made.session, "times", hours(entries=(0, 1))), "outside_entry_window"),
    (lambda made: setattr(made.session, "now", made.session.now + 3 * 10**9), "stale_quote"),
    (lambda made: made.session.book.rate.throttle(made.session.now), "throttled"),
], ids=["blocked", "refused", "unpriced", "halt", "flattening", "loss", "hours", "stale", "throttled"])
def test_every_leg_must_be_tradable_now(spoil: Any, code: str) -> None:
    """One that is not denies the whole."""
    made = basket_desk(Wire())
    spoil(made)
    signal(made, SPREAD)
    assert denied(made) == [code]


def test_a_thin_leg_denies_the_whole() -> None:
    """The touch must show three times our size where sizes are known."""
    made = basket_desk(Wire())
    for shown, quantity in ((3 * UNITS - 1, 0), (3 * UNITS, UNITS)):
        made.driver.take(Quote(
            made.session.now, "N24400PE", 100_00, bid=100_00, ask=100_00, bid_quantity=shown, ask_quantity=10**6,
        ))
        signal(made, SPREAD)
        assert sum(order.quantity for order in made.ledger.orders.values()) == quantity
    assert made.session.book.denied == {"too_thin": 1}


def test_no_room_for_all_hedges_is_no_room() -> None:
    """Two hedges, room for one order: nothing is begun that cannot go on."""
    made = begun(Wire(), CONDOR, limits=limits(orders_per_second=0.5))
    assert denied(made) == ["order_rate"]


def test_no_short_leg_after_one_on_its_expiry_day() -> None:
    """And before it, and on other days, a hedged short is allowed where a short alone is not."""
    today = [option(int(one.strike) // 100, one.kind, expiry=DAY) for one in CHAIN]
    late = ["expiry_short_cutoff"]
    # In the minute before it the hedge would be filled in time, and its short sent too late.
    for instruments, at, code in ((today, 200, late), (today, 149, late), (today, 148, []), (CHAIN, 200, [])):
        made = basket_desk(Wire(), instruments=instruments)
        made.session.times = replace(made.session.times, expiry_short_cutoff=minute(150))
        mark(made, at=minute(at))
        signal(made, SPREAD)
        assert list(made.session.book.denied) == code


def test_capital_of_two_baskets_adds_up() -> None:
    """The second gets what the first has left of its share."""
    wire = Wire()
    puts, calls = SPREAD, EnterBasket("calls", [Leg("N24700CE", 1), Leg("N24600CE", -1, 0, 50_00)])
    made = begun(wire, puts, limits=limits(capital=80_000_00, basket_margin_percent=100, risk_per_trade=5_000_00))
    before = basket_of(made).need
    signal(made, calls)
    if "calls" in made.session.book.baskets:
        assert sum(made.account.reserved.values()) <= 80_000_00
    else:
        assert made.session.book.denied == {"too_small": 1}
    assert before <= 80_000_00


def test_an_unknown_basket_is_not_left() -> None:
    """An exit of a name that is not there does nothing."""
    made = basket_desk(Wire())
    signal(made, OUT)
    assert denied(made) == []


def test_the_fields_tell_all_of_it() -> None:
    """Every entry of the basket carries the whole, in values that JSON has."""
    wire = Wire()
    made = opened(wire)
    entries = [order for order in made.ledger.orders.values() if order.purpose is Purpose.ENTRY]
    assert [order.basket for order in entries] == [basket_of(made).fields()] * 2
    assert {order.status for order in entries} == {Status.COMPLETE}
    assert working(made, CALL_HEDGE, Purpose.ENTRY) == working(made, CALL_SHORT, Purpose.ENTRY) == []
