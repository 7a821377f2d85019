"""One look at a symbol: what is due there, whether it stands alone or is a leg of a basket."""

from typing import Final

from common.market.calendar import SessionTimes
from common.trading import baskets, exits
from common.trading.book import Book
from common.trading.changes import cancel
from common.trading.entries import next_slice, too_old
from common.trading.halts import HaltLevel
from common.trading.ladder import leave
from common.trading.messages import Command
from common.trading.slot import Slot

_CANCEL_ENTRIES: Final = HaltLevel.CANCEL_ENTRIES


def look(
    book: Book, slot: Slot, times: SessionTimes, now: int, out: list[Command], *, price_only: bool = False,
) -> None:
    """Take back an entry that is too old or too late, then see that exactly what is open is protected or leaving.

    price_only: the news is this symbol's price, so that other legs of its basket have none yet.
    """
    entry = slot.entry
    late = now >= times.entry_cutoff or (book.level and book.level >= _CANCEL_ENTRIES)
    if late or (entry is not None and too_old(book, entry, now)):
        take_entry_back(book, slot, now, out)
    if slot.basket is not None:
        if late or book.level or book.account.halted:
            baskets.give_up(book, slot.basket, now, out)
        baskets.advance(book, slot.basket, now, out, slot if price_only else None)
    else:
        exits.tend(book, slot, now, out)
    if slot.entry is None and slot.unsent:
        next_slice(book, slot, now, out)


def close(book: Book, slot: Slot, reason: str, now: int, out: list[Command]) -> None:
    """Leave the position, or the basket that the symbol is a leg of; entries that still work are cancelled."""
    if slot.basket is not None:
        baskets.leave_basket(book, slot.basket, reason, now, out)
        baskets.advance(book, slot.basket, now, out)
    else:
        leave(book, slot, reason, now, out)
        exits.tend(book, slot, now, out)


def take_entry_back(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """Cancel what still opens a position; one half opened by a basket is unwound when the cancellation is confirmed."""
    slot.unsent = 0
    if slot.entry is not None:
        cancel(book, slot.entry, now, out)
