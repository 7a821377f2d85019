"""What the account's options gain or lose when the market moves: delta, gamma and vega in paise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.market.instrument import Instrument
from common.market.option_chain import Chain
from common.trading.chain_view import chain_of
from common.trading.slot import Slot
from common.trading.strategy import View

STRIKES_AROUND = 6
"""On each side of the legs: enough calls and puts for the forward."""


@dataclass(frozen=True, slots=True)
class GreekExposure:
    """delta: paise won when the underlying rises by 1 %. gamma: by how much that grows with it. vega: paise won when
    volatility rises by one point.
    """

    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0

    def __add__(self, other: "GreekExposure") -> "GreekExposure":
        return GreekExposure(self.delta + other.delta, self.gamma + other.gamma, self.vega + other.vega)

    def times(self, count: int) -> "GreekExposure":
        """Of so many."""
        return GreekExposure(self.delta * count, self.gamma * count, self.vega * count)


def units_of(slots: Mapping[str, Slot]) -> dict[str, int]:
    """Signed units of options that are held or may still be filled, by symbol; exits are not counted on."""
    found = {}
    for slot in slots.values():
        coming = slot.entry.side * (slot.entry.remaining + slot.unsent) if slot.entry is not None else 0
        if slot.instrument.strike and slot.quantity + coming:
            found[slot.symbol] = slot.quantity + coming
    return found


def held_exposure(slots: Mapping[str, Slot], now: int) -> GreekExposure | None:
    """Of all that is held: a share or a future has a delta alone. None where nobody knows. now: nanoseconds UTC."""
    held = {slot.symbol: slot.quantity for slot in slots.values() if slot.quantity}
    if not held:
        return GreekExposure()
    straight = sum(held[name] * slots[name].mark for name in held if not slots[name].instrument.strike)
    options = [slots[name].instrument for name in held if slots[name].instrument.strike]
    found = exposure_of(held, options, next(iter(slots.values())), now)
    return found + GreekExposure(delta=straight / 100) if found is not None else None


def exposure_of(
    units: Mapping[str, int], instruments: Sequence[Instrument], view: View, now: int,
) -> GreekExposure | None:
    """Of signed units by symbol; None where the market does not say what one of them is worth.

    instruments: at least those of `units`. now: nanoseconds UTC.
    """
    total = GreekExposure()
    held = [one for one in instruments if units.get(one.symbol)]
    for underlying, expiry in dict.fromkeys((one.underlying, one.expiry) for one in held):
        if expiry is None:
            return None
        own = [one for one in held if (one.underlying, one.expiry) == (underlying, expiry)]
        chain = chain_of(view, underlying, expiry, now, strikes=_around(own, view))
        for one in own:
            part = _of_one(chain, one.symbol, units[one.symbol])
            if part is None:
                return None
            total += part
    return total


def _around(own: Sequence[Instrument], view: View) -> tuple[int, int]:
    strikes = sorted({one.strike for one in view.options(own[0].underlying) if one.expiry == own[0].expiry})
    places = [strikes.index(one.strike) for one in own]
    last = len(strikes) - 1
    return strikes[max(0, min(places) - STRIKES_AROUND)], strikes[min(last, max(places) + STRIKES_AROUND)]


def _of_one(chain: Chain | None, symbol: str, units: int) -> GreekExposure | None:
    row = chain.row(symbol) if chain is not None else None
    if chain is None or row is None or not row.delta:
        return None
    forward = chain.forward
    return GreekExposure(
        units * row.delta * forward / 100, units * row.gamma * forward * forward / 10_000, units * row.vega / 100,
    )
