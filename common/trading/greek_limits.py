"""May options be added within the limits of the Greeks: a basket whole, a single option as many lots as fit."""

from collections.abc import Mapping

from common.trading.book import Book
from common.trading.greek_exposure import GreekExposure, exposure_of, units_of
from common.trading.limits import Verdict
from common.trading.slot import Slot


def judged(book: Book, slots: Mapping[str, Slot], added: Mapping[str, int], allowed: Verdict, now: int) -> Verdict:
    """`allowed` with the Greeks' numbers, or why they forbid it. added: signed units by symbol. now: ns UTC."""
    return _with(book.account.check_greeks(_known(slots, units_of(slots), now), _known(slots, added, now)), allowed)


def fitted(book: Book, slot: Slot, side: int, quantity: int, allowed: Verdict, now: int) -> tuple[int, Verdict]:
    """`quantity` of one option cut to the lots that fit, and the verdict on them; denied where not one does."""
    account, lot = book.account, slot.instrument.lot
    held = _known(slot.siblings, units_of(slot.siblings), now)
    one_lot = _known(slot.siblings, {slot.symbol: side * lot}, now)
    for lots in range(quantity // lot, 1, -1):
        if one_lot is None:
            break
        verdict = account.check_greeks(held, one_lot.times(lots))
        if verdict.allowed:
            return lots * lot, _with(verdict, allowed)
    verdict = account.check_greeks(held, one_lot)
    return (lot if verdict.allowed else 0), _with(verdict, allowed)


def _known(slots: Mapping[str, Slot], units: Mapping[str, int], now: int) -> GreekExposure | None:
    instruments = [one.instrument for one in slots.values()]
    return exposure_of(units, instruments, next(iter(slots.values())), now)


def _with(verdict: Verdict, allowed: Verdict) -> Verdict:
    return Verdict(verdict.allowed, verdict.code, {**allowed.numbers, **verdict.numbers})
