"""What several option legs of one expiry are worth when they expire: loss, profit, break-evens, and the line itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from common.market.instrument import Kind
from common.market.money import Paise
from common.trading.margin import PricedLeg


@dataclass(frozen=True, slots=True)
class Payoff:
    """Paise, of one unit of every leg, charges not counted.

    credit: premium taken in, below 0 where it is paid. max_loss: 0 or more; max_profit; None: without a bound.
    break_evens: prices of the underlying at which the result changes sign, in order.
    """

    credit: Paise
    max_loss: Paise | None
    max_profit: Paise | None
    break_evens: tuple[float, ...]


def payoff_of(legs: Sequence[PricedLeg]) -> Payoff:
    """Raises ValueError without legs, for what is no option, and for legs of several underlyings or expiries."""
    corners = [(spot, result_at(legs, spot)) for spot in _corners(legs)]
    slope = sum(leg.side for leg in legs if leg.instrument.kind is Kind.CALL)
    results = [result for _, result in corners]
    crossings = []
    for (low, before), (high, after) in pairwise(corners):
        if before * after < 0:
            crossings.append(low + (high - low) * before / (before - after))
        elif after == 0 and before != 0:
            crossings.append(float(high))
    last_spot, last = corners[-1]
    if last * slope < 0:
        crossings.append(last_spot - last / slope)
    return Payoff(
        -sum(leg.side * leg.price for leg in legs), None if slope < 0 else max(0, -min(results)),
        None if slope > 0 else max(results), tuple(crossings),
    )


def result_at(legs: Sequence[PricedLeg], spot: Paise) -> Paise:
    """Result of one unit of every leg if the underlying expires at `spot`: what exercise brings less what was paid."""
    total = 0
    for leg in legs:
        away = spot - leg.instrument.strike if leg.instrument.kind is Kind.CALL else leg.instrument.strike - spot
        total += leg.side * (max(0, away) - leg.price)
    return total


def line(legs: Sequence[PricedLeg]) -> list[tuple[Paise, Paise]]:
    """(price of the underlying, result of a unit) for a drawing: strikes, break-evens, room on both sides."""
    strikes = [leg.instrument.strike for leg in legs]
    found = payoff_of(legs)
    ends = [*strikes, *(round(spot) for spot in found.break_evens)]
    margin = max((max(ends) - min(ends)) // 2, max(ends) // 100)
    spots = sorted({max(0, min(ends) - margin), *ends, max(ends) + margin})
    return [(spot, result_at(legs, spot)) for spot in spots]


def _corners(legs: Sequence[PricedLeg]) -> list[Paise]:
    """Where the line bends, and zero; beyond the last it is straight."""
    if not legs:
        raise ValueError("a payoff needs at least one leg")
    if any(leg.instrument.kind not in (Kind.CALL, Kind.PUT) for leg in legs):
        raise ValueError("only calls and puts have a payoff at expiry")
    if len({(leg.instrument.underlying, leg.instrument.expiry) for leg in legs}) > 1:
        raise ValueError("legs of several underlyings or expiries do not expire together: look at each alone")
    return sorted({0, *(leg.instrument.strike for leg in legs)})
