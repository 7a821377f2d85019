"""Index delta: how much of the market a workload holds, so that its asset classes are not one bet three times over."""

from collections.abc import Mapping, Sequence
from typing import Final

from common.market.instrument import AssetClass, Kind
from common.market.money import Paise
from common.trading.book import Book
from common.trading.limits import Verdict
from common.trading.slot import Slot

AT_THE_MONEY: Final = 0.5
"""Of the underlying, for an option at the money or out of it: about its delta there, and more than it further out."""
PER_CENT: Final = 100
"""The cap is of the market held, which is what 1 % against us costs, a hundred times; what can lose no more than so
much counts for no more than a hundred times that."""
UNLIMITED: Final = 2**62


def unit_delta(slot: Slot) -> float:
    """Paise of the market that one unit bought stands for, negative for a put; 0 without a price.

    A share counts whole (beta 1), a future too; an option further in the money than the nearest strike counts whole,
    and none for more than its premium can lose.
    """
    delta = _share(slot)
    if not slot.instrument.strike or slot.last is None:
        return delta
    most = float(PER_CENT * slot.last.close)
    return max(-most, min(most, delta))


def basket_delta(sold: Sequence[Slot], loss: Paise) -> tuple[float, float]:
    """Paise of the market long and short that a unit of a basket stands for: its shorts, and no more than it can lose.

    Its hedges are set off: each comes before and leaves after what it covers, so that they are alone for seconds, as
    options that were bought. loss: paise a unit, the most that all legs together may lose.
    """
    deltas, most = [-_share(slot) for slot in sold], float(PER_CENT * loss)
    return min(most, sum(d for d in deltas if d > 0)), min(most, -sum(d for d in deltas if d < 0))


def _share(slot: Slot) -> float:
    instrument = slot.instrument
    if instrument.asset_class is not AssetClass.OPTIONS:
        return float(slot.last.close) if slot.last is not None else 0.0
    driver = slot.siblings.get(slot.universe.driver)
    spot = driver.last.close if driver is not None and driver.last is not None else instrument.strike
    sign = 1 if instrument.kind is Kind.CALL else -1
    inside = (spot - instrument.strike) * sign > 0 and slot.universe.strikes_away(instrument, spot) > 0
    return sign * spot * (1.0 if inside else AT_THE_MONEY)


def held(book: Book, slots: Mapping[str, Slot]) -> tuple[Paise, Paise]:
    """Paise of the market long and short, in positions and in entries on their way; a basket counts as what it was
    opened for, also while its shorts are still to come or its hedges to be sold.

    Positions are never set off against each other: either may be left alone when the other exits first.
    """
    up = down = 0.0
    for slot in slots.values():
        entry = slot.entry
        if slot.basket is None and (slot.quantity or entry is not None):
            coming = entry.side * (entry.remaining + slot.unsent) if entry is not None else 0
            delta = (slot.quantity + coming) * unit_delta(slot)
            if delta > 0:
                up += delta
            else:
                down -= delta
    for basket in book.baskets.values():
        sold = [state.slot for state in basket.shorts]
        more, less = basket_delta(sold, -(-basket.risk // basket.quantity))
        up, down = up + more * basket.quantity, down + less * basket.quantity
    return round(up), round(down)


def room(book: Book, slots: Mapping[str, Slot], long: float, short: float) -> tuple[int, Mapping[str, float]]:
    """Units that may be added, and the numbers that it was decided from. long, short: paise that one of them is."""
    limit = book.account.limits.max_index_delta
    up, down = held(book, slots)
    units = UNLIMITED
    if long:
        units = int((limit - up) // long) if limit > up else 0
    if short:
        units = min(units, int((limit - down) // short) if limit > down else 0)
    most, unit = max(up, down), round(max(long, short))
    return units, {"index_delta": most, "unit_delta": unit, "index_delta_limit": limit}


def within(book: Book, slot: Slot, side: int, quantity: int, verdict: Verdict) -> tuple[int, Verdict]:
    """`quantity` cut to the whole lots that have room, and `verdict` with the numbers; denied where no lot has."""
    delta = unit_delta(slot) * side
    units, numbers = room(book, slot.siblings, delta if delta > 0 else 0.0, -delta if delta < 0 else 0.0)
    numbers = {**verdict.numbers, **numbers}
    quantity = slot.instrument.whole_lots(min(quantity, units))
    return quantity, Verdict(True, verdict.code, numbers) if quantity else Verdict(False, "index_delta", numbers)
