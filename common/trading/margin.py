"""What a basket of options may lose and what it binds, at every prefix of its orders; paise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from common.market.instrument import Instrument, Kind
from common.market.money import Paise

NAKED_PERCENT: Final = 15
"""Of the strike, for a short without a hedge: SPAN and exposure of an index option, with room for a volatile day."""


@dataclass(frozen=True, slots=True)
class PricedLeg:
    """side: +1 long, -1 short. price: paise, that it is traded at. hedge: index of the long leg that covers a short.

    stop_distance: from a short's price to its stop, paise: what it costs more to buy back when it is met.
    """

    instrument: Instrument
    side: int
    price: Paise
    hedge: int | None = None
    stop_distance: Paise = 0


def width(short: Instrument, hedge: Instrument) -> Paise:
    """Most that a hedged pair can cost at expiry, a unit, before premium: the distance between its strikes.

    0 where the hedge is the better strike. Raises ValueError where it does not cover the short.
    """
    same = (short.underlying, short.expiry, short.kind) == (hedge.underlying, hedge.expiry, hedge.kind)
    if not same or short.kind not in (Kind.CALL, Kind.PUT):
        raise ValueError(f"{hedge.symbol} does not cover {short.symbol}: same underlying, expiry and kind are needed")
    distance = hedge.strike - short.strike if short.kind is Kind.CALL else short.strike - hedge.strike
    return max(0, distance)


def margin(legs: Sequence[PricedLeg], held: Sequence[bool]) -> Paise:
    """Capital that the legs in `held` bind, a unit: premium of longs, width of hedged shorts, part of a naked strike.

    What the shorts bring in does not count: the broker pays it out a day later.
    """
    need = 0
    for leg, is_held in zip(legs, held, strict=True):
        if not is_held:
            continue
        if leg.side > 0:
            need += leg.price
        elif leg.hedge is not None and held[leg.hedge]:
            need += width(leg.instrument, legs[leg.hedge].instrument)
        else:
            need += leg.instrument.strike * NAKED_PERCENT // 100
    return need


def prefixes(legs: Sequence[PricedLeg]) -> Iterator[Paise]:
    """Margin a unit after each order: hedges in, shorts in; then shorts out, bought back at their stops, hedges out."""
    order = [n for n, leg in enumerate(legs) if leg.side > 0] + [n for n, leg in enumerate(legs) if leg.side < 0]
    held = [False] * len(legs)
    for n in order:
        held[n] = True
        yield margin(legs, held)
    paid = 0
    for n in reversed(order):
        if legs[n].side < 0:
            yield margin(legs, held) + paid + legs[n].price
            paid += legs[n].price + legs[n].stop_distance
        held[n] = False
        yield margin(legs, held) + paid


def worst_loss(legs: Sequence[PricedLeg]) -> Paise:
    """The most that one unit of every leg together can lose at expiry, premium included; 0 where it cannot lose.

    The payoff is straight between strikes, so that its worst point is a strike, zero, or far above them all; with as
    many long calls as short ones it is flat there. Raises ValueError where the loss has no bound.
    """
    calls = sum(leg.side for leg in legs if leg.instrument.kind is Kind.CALL)
    if calls < 0:
        raise ValueError("more calls are sold than bought: the loss has no bound")
    premium = sum(leg.side * leg.price for leg in legs)
    spots = {0, *(leg.instrument.strike for leg in legs)}
    spots.add(2 * max(spots))
    return max(0, max(premium - _payoff(legs, spot) for spot in spots))


def _payoff(legs: Sequence[PricedLeg], spot: Paise) -> Paise:
    total = 0
    for leg in legs:
        strike = leg.instrument.strike
        is_call = leg.instrument.kind is Kind.CALL
        total += leg.side * max(0, spot - strike if is_call else strike - spot)
    return total
