"""Limits of the Greeks: what is added up, what is denied and with which numbers, also after a restart."""

from dataclasses import replace
from typing import Any

import pytest

from common.market.bar import Quote
from common.research.workload import summarise
from common.trading.entries import enter
from common.trading.greek_exposure import GreekExposure, exposure_of, units_of
from common.trading.limits import NO_LIMIT
from common.trading.restore import restore
from common.trading.risk import Account
from common.trading.slot import Slot
from common.trading.strategy import Enter
from tests.unit.basket_case import (
    CHAIN,
    LIMITS,
    LOT,
    SPREAD,
    UNITS,
    basket_desk,
    begun,
    leg,
    mark,
    opened,
    option,
    signal,
)
from tests.unit.trading_case import Desk, minute
from tests.unit.wire_case import Wire, protected

PAIR = (option(24_400), option(24_400, CHAIN[2].kind))


def quoted(made: Desk) -> None:
    """A call beside the put of one strike gives the forward."""
    mark(made)
    made.driver.take(Quote(made.session.now, PAIR[1].symbol, 155_00, 154_95, 155_05))
    for name, price in (("N24300PE", 60_00), ("N24400PE", 100_00)):
        made.driver.take(Quote(made.session.now, name, price, price - 5, price + 5))


def desk(**limits: Any) -> Desk:
    """The spread's chain with the call that gives a forward."""
    made = basket_desk(Wire(), instruments=[*CHAIN, PAIR[1]], limits=replace(LIMITS, **limits))
    quoted(made)
    return made


def test_without_limits_nobody_asks() -> None:
    """A chain without a forward is traded as before."""
    assert not LIMITS.greeks
    assert begun(Wire()).session.book.denied == {}


def test_without_a_forward_nobody_knows() -> None:
    """With a limit, what cannot be worked out is not entered."""
    made = begun(Wire(), limits=replace(LIMITS, max_vega=10_000_00))
    assert made.session.book.denied == {"greeks_unknown": 1}


def test_an_option_without_an_expiry_has_no_greeks() -> None:
    """Nobody knows, which is not the same as nothing."""
    made = desk()
    lasting, now = replace(CHAIN[0], expiry=None), made.session.now
    view = made.slot(CHAIN[0].symbol)
    assert exposure_of({lasting.symbol: LOT}, [lasting], view, now) is None
    assert exposure_of({}, [lasting], view, now) == GreekExposure()


@pytest.mark.parametrize("name", ["delta", "gamma", "vega"])
def test_beyond_a_limit_it_is_denied_with_its_numbers(name: str) -> None:
    """Each by its own; a limit that it fits into allows it, and the verdict has all of them."""
    tight = desk(**{f"max_{name}": 100})
    signal(tight, SPREAD)
    assert tight.session.book.denied == {f"max_{name}": 1}
    roomy = desk(**{f"max_{name}": NO_LIMIT - 1})
    signal(roomy, SPREAD)
    assert roomy.session.book.denied == {}
    (verdict,) = roomy.ledger.verdicts.values()
    assert verdict.allowed
    assert {"need", f"{name}", f"{name}_held", f"{name}_limit"} <= set(verdict.numbers)
    assert verdict.numbers[name] != 0


def test_a_put_spread_gains_when_the_market_rises() -> None:
    """Signs: long delta; short gamma and vega, because what is sold is nearer to the money."""
    made = desk(max_delta=NO_LIMIT - 1)
    instruments = [slot.instrument for slot in made.session.slots.values()]
    view, now = made.session.slots["NIFTY"], made.session.now
    found = exposure_of({"N24300PE": 300, "N24400PE": -300}, instruments, view, now)
    assert found is not None
    assert found.delta > 0 > found.vega
    half = exposure_of({"N24300PE": 150, "N24400PE": -150}, instruments, view, now)
    assert half is not None
    whole = half + half
    assert (whole.delta, whole.gamma, whole.vega) == pytest.approx((found.delta, found.gamma, found.vega))
    assert exposure_of({}, instruments, view, now) == GreekExposure()
    assert exposure_of({"N24600CE": 75}, instruments, view, now + 10 * 60 * 10**9) is None


def test_what_brings_a_greek_back_is_not_refused_for_it() -> None:
    """Beyond the limit, a position that lowers it may still be added; one that raises it may not."""
    account = Account(replace(LIMITS, max_delta=100_00))
    held = GreekExposure(delta=500_00.0)
    assert account.check_greeks(held, GreekExposure(delta=-300_00.0)).allowed
    assert account.check_greeks(held, GreekExposure(delta=1.0)).code == "max_delta"
    assert account.check_greeks(held, GreekExposure(delta=-1_100_00.0)).code == "max_delta"
    assert account.check_greeks(GreekExposure(), GreekExposure(delta=100_00.0)).allowed


def test_what_is_held_and_what_may_still_fill_counts() -> None:
    """Hedges on the wire at once, the whole spread when it is there, and the same after a restart."""
    wire = Wire()
    made = begun(wire)
    assert units_of(made.session.slots) == {"N24300PE": 300}
    wire = Wire()
    made = opened(wire)
    whole = {"N24300PE": 300, "N24400PE": -300}
    assert units_of(made.session.slots) == whole
    again = basket_desk(Wire())
    restore(again.session, made.ledger.orders.values(), minute(3))
    assert units_of(again.session.slots) == whole
    assert leg(again, CHAIN[0]).quantity == 300


def test_the_summary_says_what_a_spread_wins_and_binds() -> None:
    """Of what is held, in whole paise; nothing while flat, and unknown once its quotes are old."""
    wire = Wire()
    made = opened(wire, instruments=[*CHAIN, PAIR[1]])
    assert summarise(desk().session)["greeks"] == {"delta_paise": 0, "gamma_paise": 0, "vega_paise": 0}
    quoted(made)
    session = made.session
    instruments = [slot.instrument for slot in session.slots.values()]
    exact = exposure_of(units_of(session.slots), instruments, session.slots["NIFTY"], session.now)
    assert exact is not None
    found = summarise(session)
    assert found["greeks"] == {
        "delta_paise": round(exact.delta), "gamma_paise": round(exact.gamma), "vega_paise": round(exact.vega),
    }
    assert found["greeks"]["delta_paise"] > 0
    assert found["margin_paise"] == sum(session.book.account.reserved.values()) >= UNITS * (24_400 - 24_300) * 100
    session.now += 10 * 60 * 10**9
    assert summarise(session)["greeks"] is None


def test_a_share_has_a_delta_alone() -> None:
    """One per cent of its value, which is what it binds."""
    made, entry, _ = protected(Wire())
    found = summarise(made.session)
    assert found["greeks"] == {"delta_paise": entry.quantity * 100_00 // 100, "gamma_paise": 0, "vega_paise": 0}
    assert found["margin_paise"] >= entry.quantity * 100_00


def single(**limits: Any) -> tuple[Desk, Slot]:
    """The desk, and an option at the money about to be bought."""
    made = desk(risk_per_trade=30_000_00, max_order_value=10_00_000_00, **limits)
    return made, made.session.slots["N24400PE"]


def buy(made: Desk, slot: Slot) -> None:
    """By the entry that a scalp's signal takes."""
    made.driver.carry_out(
        enter(made.session.book, slot, Enter(1, 25_00), made.session.times, "scalp", made.session.now),
    )


def test_a_single_option_is_cut_to_the_lots_that_fit() -> None:
    """Without a limit four lots and more; with one for two lots' delta, two, with the numbers in the verdict."""
    free, slot = single(max_delta=NO_LIMIT - 1)
    buy(free, slot)
    whole = free.order(1).quantity
    assert whole >= 4 * LOT
    numbers = free.ledger.verdicts[free.order(1).tag].numbers
    two = abs(numbers["delta"]) * 2 * LOT / whole
    tight, slot = single(max_delta=round(two) + 1)
    buy(tight, slot)
    assert tight.order(1).quantity == 2 * LOT
    assert abs(tight.ledger.verdicts[tight.order(1).tag].numbers["delta"]) <= two + 1


@pytest.mark.parametrize("name", ["delta", "vega"])
def test_a_single_option_of_which_no_lot_fits_is_denied(name: str) -> None:
    """A bought option has delta and vega."""
    made, slot = single(**{f"max_{name}": 100})
    buy(made, slot)
    assert made.session.book.denied == {f"max_{name}": 1}
    assert not made.ledger.orders


def test_bought_gamma_is_not_limited() -> None:
    """It only helps."""
    made, slot = single(max_gamma=1)
    buy(made, slot)
    assert made.session.book.denied == {}
    assert made.ledger.orders


def test_a_single_option_that_nobody_can_price_is_not_entered() -> None:
    """Without a forward there are no Greeks to hold against the limits."""
    made = basket_desk(Wire(), instruments=CHAIN, limits=replace(LIMITS, max_delta=10_000_00))
    mark(made)
    buy(made, made.session.slots["N24400PE"])
    assert made.session.book.denied == {"greeks_unknown": 1}
