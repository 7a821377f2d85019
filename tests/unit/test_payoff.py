"""Payoff at expiry: textbook structures, and that loss, profit and break-evens are those of the line itself."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import Kind
from common.trading.margin import PricedLeg, worst_loss
from common.trading.payoff import line, payoff_of, result_at
from tests.unit.basket_case import CALL_HEDGE, CALL_SHORT, EXPIRY, PUT_HEDGE, PUT_SHORT, option

SPREAD = [PricedLeg(PUT_HEDGE, 1, 60_00), PricedLeg(PUT_SHORT, -1, 100_00, 0)]
FLY = [
    PricedLeg(option(24_300), 1, 30_00), PricedLeg(option(24_700, Kind.CALL), 1, 20_00, ),
    PricedLeg(option(24_500), -1, 90_00, 0), PricedLeg(option(24_500, Kind.CALL), -1, 80_00, 1),
]

legs = st.lists(
    st.builds(
        lambda strike, call, side, price: PricedLeg(
            option(strike, Kind.CALL if call else Kind.PUT), side, price,
        ),
        st.integers(480, 500).map(lambda n: n * 50), st.booleans(), st.sampled_from((1, -1)), st.integers(5, 600_00),
    ), min_size=1, max_size=6,
)


def test_a_put_spread() -> None:
    """Credit 40 on a width of 100: 60 may be lost, 40 won, and it breaks even 40 below the sold strike."""
    found = payoff_of(SPREAD)
    assert (found.credit, found.max_loss, found.max_profit, found.break_evens) == (40_00, 60_00, 40_00, (24_360_00.0,))


def test_an_iron_fly() -> None:
    """Credit 120, wings 200 away: 80 may be lost, 120 won at the centre, two break-evens 120 around it."""
    found = payoff_of(FLY)
    assert (found.credit, found.max_loss, found.max_profit) == (120_00, 80_00, 120_00)
    assert found.break_evens == (24_380_00.0, 24_620_00.0)
    assert result_at(FLY, 24_500_00) == 120_00


def test_without_a_bound_it_says_so() -> None:
    """A bought call has no highest profit, a sold one no highest loss; a bought put's profit ends at zero."""
    long, short = payoff_of([PricedLeg(CALL_HEDGE, 1, 60_00)]), payoff_of([PricedLeg(CALL_SHORT, -1, 100_00)])
    assert (long.max_loss, long.max_profit, long.break_evens) == (60_00, None, (24_760_00.0,))
    assert (short.max_loss, short.max_profit, short.break_evens) == (None, 100_00, (24_700_00.0,))
    assert payoff_of([PricedLeg(PUT_HEDGE, 1, 60_00)]).max_profit == 24_240_00


def test_a_break_even_at_a_strike_is_one() -> None:
    """A spread that brings nothing in wins nothing, and loses below the sold strike: there it breaks even."""
    found = payoff_of([PricedLeg(PUT_HEDGE, 1, 60_00), PricedLeg(PUT_SHORT, -1, 60_00)])
    assert (found.credit, found.max_profit, found.break_evens) == (0, 0, (float(PUT_SHORT.strike),))


@given(legs, st.integers(0, 60_000))
def test_every_price_is_within_what_is_said(structure: list[PricedLeg], spot: int) -> None:
    """Nowhere is more lost or won, and the sign changes only at a break-even."""
    found, result = payoff_of(structure), result_at(structure, spot * 100)
    assert found.max_loss is None or result >= -found.max_loss
    assert found.max_profit is None or result <= found.max_profit
    for even in found.break_evens:
        assert abs(result_at(structure, round(even))) <= 3 * len(structure)
    ends = [result_at(structure, 0), result_at(structure, 10**9)]
    if not found.break_evens:
        assert min(ends) >= 0 or max(ends) <= 0


@given(legs)
def test_the_loss_is_the_one_that_risk_counts(structure: list[PricedLeg]) -> None:
    """The page that a person approves and the check that sizes the position say the same."""
    found = payoff_of(structure)
    if found.max_loss is None:
        with pytest.raises(ValueError, match="no bound"):
            worst_loss(structure)
    else:
        assert worst_loss(structure) == found.max_loss


def test_the_line_has_every_corner() -> None:
    """In order, with room on both sides, so that straight lines between its points are the payoff."""
    points = line(FLY)
    spots = [spot for spot, _ in points]
    assert spots == sorted(spots)
    assert {24_300_00, 24_380_00, 24_500_00, 24_620_00, 24_700_00} < set(spots)
    assert (points[0][1], points[-1][1]) == (-80_00, -80_00)


@pytest.mark.parametrize(("structure", "match"), [
    ([], "at least one"), ([PricedLeg(option(0, Kind.EQUITY), 1, 5)], "only calls and puts"),
    ([*SPREAD, PricedLeg(option(24_300, expiry=EXPIRY + timedelta(days=7)), 1, 5)], "do not expire together"),
])
def test_what_has_no_payoff(structure: list[PricedLeg], match: str) -> None:
    """Said with the reason."""
    with pytest.raises(ValueError, match=match):
        payoff_of(structure)
