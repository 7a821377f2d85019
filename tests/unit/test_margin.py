"""Margin and loss of a basket: at every prefix of its orders, at every spot, never less than what can happen."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import Kind
from common.trading.margin import NAKED_PERCENT, PricedLeg, margin, prefixes, width, worst_loss
from tests.unit.basket_case import CALL_HEDGE, CALL_SHORT, EXPIRY, PUT_HEDGE, PUT_SHORT, option

PUT_SPREAD = [PricedLeg(PUT_HEDGE, 1, 60_00), PricedLeg(PUT_SHORT, -1, 100_00, 0)]
CONDOR = [
    PricedLeg(PUT_HEDGE, 1, 60_00), PricedLeg(CALL_HEDGE, 1, 60_00), PricedLeg(PUT_SHORT, -1, 100_00, 0),
    PricedLeg(CALL_SHORT, -1, 100_00, 1),
]


def test_the_width_is_the_distance_between_the_strikes() -> None:
    """Of puts and of calls; a hedge at the better strike leaves nothing to lose."""
    assert width(PUT_SHORT, PUT_HEDGE) == width(CALL_SHORT, CALL_HEDGE) == 100_00
    assert width(PUT_HEDGE, PUT_SHORT) == 0


@pytest.mark.parametrize("hedge", [
    option(24_300, Kind.CALL), option(24_300, expiry=EXPIRY.replace(day=9)), option(24_300, underlying="BANKNIFTY"),
])
def test_what_does_not_cover_is_said(hedge: object) -> None:
    """Another kind, expiry or underlying is no hedge."""
    with pytest.raises(ValueError, match="does not cover"):
        width(PUT_SHORT, hedge)  # type: ignore[arg-type]


def test_a_share_is_no_hedge_of_a_share() -> None:
    """Only options cover options so."""
    share = option(0, Kind.EQUITY)
    with pytest.raises(ValueError, match="does not cover"):
        width(share, share)


def test_the_spread_at_each_prefix() -> None:
    """Premium; premium and width; then the buy-back is paid while the width is still bound; then the hedge alone."""
    assert list(prefixes(PUT_SPREAD)) == [60_00, 160_00, 260_00, 160_00, 100_00]


def test_a_short_is_bought_back_at_its_stop() -> None:
    """What it costs when the stop is met is paid before its hedge brings anything in, and for the next short too."""
    spread = [PUT_SPREAD[0], PricedLeg(PUT_SHORT, -1, 100_00, 0, stop_distance=150_00)]
    assert list(prefixes(spread)) == [60_00, 160_00, 260_00, 310_00, 250_00]
    condor = [*CONDOR[:3], PricedLeg(CALL_SHORT, -1, 100_00, 1, stop_distance=50_00)]
    assert list(prefixes(condor))[4:8] == [420_00, 370_00, 470_00, 370_00]


def test_an_uncovered_short_needs_part_of_its_strike() -> None:
    """Before its hedge is there, or without one at all."""
    naked = 24_400_00 * NAKED_PERCENT // 100
    assert margin(PUT_SPREAD, [False, True]) == naked
    assert margin([PricedLeg(PUT_SHORT, -1, 100_00)], [True]) == naked
    assert margin(PUT_SPREAD, [False, False]) == 0


def test_hedges_first_is_the_cheapest_way_in() -> None:
    """Any other order of the four legs needs more at some point: that is why the order is what it is."""
    ours = max(prefixes(CONDOR))
    for order in permutations(range(4)):
        held, peak = [False] * 4, 0
        for leg in order:
            held[leg] = True
            peak = max(peak, margin(CONDOR, held))
        shorts_first = order.index(2) < order.index(0) or order.index(3) < order.index(1)
        assert (peak > ours) is shorts_first


def test_the_worst_loss_of_a_spread_and_a_condor() -> None:
    """Width less what was taken in; of a condor one side only, with both credits."""
    assert worst_loss(PUT_SPREAD) == 100_00 - 40_00
    assert worst_loss(CONDOR) == 100_00 - 80_00


def test_an_unbounded_loss_has_no_number() -> None:
    """More calls sold than bought."""
    with pytest.raises(ValueError, match="no bound"):
        worst_loss([PricedLeg(CALL_SHORT, -1, 100_00)])


def test_what_cannot_lose_loses_nothing() -> None:
    """More was taken in than the strikes can cost."""
    assert worst_loss([PricedLeg(PUT_HEDGE, 1, 1_00), PricedLeg(PUT_SHORT, -1, 150_00, 0)]) == 0


@given(
    legs=st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(230, 260), st.integers(5, 500), st.booleans()),
                  min_size=1, max_size=6),
    spot=st.integers(0, 60_000_00),
)
def test_no_spot_loses_more_than_the_worst(legs: list[tuple[int, int, int, bool]], spot: int) -> None:
    """Whatever the legs and wherever the market ends: the number is a bound, and some spot reaches it."""
    priced = [
        PricedLeg(option(100 * strike, Kind.CALL if call else Kind.PUT), side, 100 * price)
        for side, strike, price, call in legs
    ]
    if sum(leg.side for leg in priced if leg.instrument.kind is Kind.CALL) < 0:
        return

    def loss(at: int) -> int:
        total = 0
        for leg in priced:
            call = leg.instrument.kind is Kind.CALL
            value = max(0, at - leg.instrument.strike if call else leg.instrument.strike - at)
            total += leg.side * (leg.price - value)
        return total

    worst = worst_loss(priced)
    assert loss(spot) <= worst
    assert worst in (0, *(loss(at) for at in (0, 60_000_00, *(leg.instrument.strike for leg in priced))))
