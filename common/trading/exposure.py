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
UNLIMITED: Final = 2**62


def unit_delta(slot: Slot) -> float:
    """Paise of the market that one unit bought stands for, negative for a put; 0 without a price.

    A share counts whole (beta 1), a future too; an option further in the money than the nearest strike counts whole.
    """
    instrument = slot.instrument
    if instrument.asset_class is not AssetClass.OPTIONS:
        return float(slot.last.close) if slot.last is not None else 0.0
    driver = slot.siblings.get(slot.universe.driver)
    spot = driver.last.close if driver is not None and driver.last is not None else instrument.strike
    sign = 1 if instrument.kind is Kind.CALL else -1
    inside = (spot - instrument.strike) * sign > 0 and slot.universe.strikes_away(instrument, spot) > 0
    return sign * spot * (1.0 if inside else AT_THE_MONEY)


def held(book: Book, slots: Mapping[str, Slot]) -> tuple[Paise, Paise]:
    """Paise of the market long and short, in positions and in entries on their way; never set off against each other.

    Either side may be left alone when the other exits first.
    """
    up = down = 0.0
    for slot, units in _units(book, slots):
        delta = units * unit_delta(slot)
        if delta > 0:
            up += delta
        else:
            down -= delta
    return round(up), round(down)


def room(book: Book, parts: Sequence[tuple[Slot, int]]) -> tuple[int, Mapping[str, float]]:
    """Units that may be added of each (slot, side) together, and the numbers that it was decided from."""
    limit, units = book.account.limits.max_index_delta, UNLIMITED
    up = down = 0.0
    for slot, side in parts:
        delta = unit_delta(slot) * side
        if delta > 0:
            up += delta
        else:
            down -= delta
    long, short = held(book, parts[0][0].siblings)
    if up:
        units = int(max(0, limit - long) // up)
    if down:
        units = min(units, int(max(0, limit - short) // down))
    return units, {
        "index_delta": max(long, short), "unit_delta": round(max(up, down)), "index_delta_limit": limit,
    }


def within(book: Book, slot: Slot, side: int, quantity: int, verdict: Verdict) -> tuple[int, Verdict]:
    """`quantity` cut to the whole lots that have room, and `verdict` with the numbers; denied where no lot has."""
    units, numbers = room(book, [(slot, side)])
    numbers = {**verdict.numbers, **numbers}
    quantity = slot.instrument.whole_lots(min(quantity, units))
    return quantity, Verdict(True, verdict.code, numbers) if quantity else Verdict(False, "index_delta", numbers)


def _units(book: Book, slots: Mapping[str, Slot]) -> list[tuple[Slot, int]]:
    """Signed units of each slot that has some; of a basket what it was opened for, also while shorts are to come."""
    found = []
    for slot in slots.values():
        if slot.basket is not None:
            continue
        entry, units = slot.entry, slot.quantity
        if entry is not None:
            units += entry.side * (entry.remaining + slot.unsent)
        if units:
            found.append((slot, units))
    for basket in book.baskets.values():
        found += [(state.slot, state.leg.side * basket.quantity) for state in basket.legs]
    return found
