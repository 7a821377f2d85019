"""Mine and yours: what the account holds that we did not order is left alone, and what we hold is never exceeded."""

from collections.abc import Mapping
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.accounting import BY_HAND, block_by_hand, count_by_hand
from common.trading.book import Book
from common.trading.messages import Command, Log, Positions
from common.trading.orders import Fill, OrderUpdate, Status
from common.trading.slot import Slot

YOURS: Final = "the person holds or trades it"
DIFFERENT: Final = "the broker's position is not ours"
EQUAL_READS_APART: Final = 3 * NANOSECONDS_A_SECOND


class Ownership:
    """What is not ours, by symbol. mismatch: (since, broker's net) of a difference seen once and not yet twice."""

    __slots__ = ("_book", "_mismatch")

    def __init__(self, book: Book) -> None:
        self._book = book
        self._mismatch: dict[str, tuple[int, int]] = {}

    def on_order(self, slot: Slot, update: OrderUpdate, out: list[Command], *, first: bool) -> bool:
        """An order of the person or the broker in one of our symbols; True where it took from our position.

        first: this is the snapshot at the start: what it has filled is theirs unless it came after our entry.
        """
        seen, taken = self._book.seen, False
        before = seen.get(update.broker_id, 0)
        if update.broker_id not in seen and update.status is not Status.REJECTED:
            self._block(slot, YOURS, update.ts, out, first=first)
        filled = max(update.filled, sum(fill.quantity for fill in update.fills))
        unknown = filled - sum(fill.quantity for fill in update.fills)
        fills = list(update.fills)
        if unknown > 0:
            fills.insert(0, Fill(f"{update.broker_id}-{filled}", update.ts, slot.mark, unknown))
        new = filled - before
        for fill in reversed(fills):
            part = min(fill.quantity, new)
            if part > 0:
                new -= part
                taken |= self._count(slot, update.side, Fill(fill.id, fill.ts, fill.price, part), out)
        seen[update.broker_id] = max(before, filled)
        return taken

    def on_positions(
        self, read: Positions, slots: Mapping[str, Slot], out: list[Command], *, first: bool,
    ) -> list[Slot]:
        """Compare the broker's net with ours and theirs; returns slots whose position was corrected.

        A difference counts when two reads some seconds apart agree on it and nothing of ours was on its way. What we
        only watch, as options do their future, another workload of the same account may trade.
        """
        corrected = []
        for symbol, slot in slots.items():
            if slot.instrument.asset_class is not self._book.asset_class:
                continue
            net = read.net.get(symbol, 0)
            difference = net - slot.quantity - slot.foreign
            if not difference or self._unsettled(slot):
                self._mismatch.pop(symbol, None)
            elif first and not slot.quantity:
                slot.foreign += difference
                self._block(slot, YOURS, read.asked, out, first=True)
            elif self._confirmed(symbol, net, read.asked):
                self._mismatch.pop(symbol, None)
                if self._adopt(slot, difference, read.asked, out):
                    corrected.append(slot)
        return corrected

    @property
    def differs(self) -> bool:
        """Whether the last read had a difference that another read has to confirm."""
        return bool(self._mismatch)

    def _unsettled(self, slot: Slot) -> bool:
        """Whether a fill may be on its way to us that the broker counts already."""
        if slot.entry is not None or slot.leaving:
            return True
        return any(order.status is not Status.TRIGGER_PENDING or order in self._book.doubts for order in slot.exits)

    def _confirmed(self, symbol: str, net: int, now: int) -> bool:
        since, before = self._mismatch.get(symbol, (now, net))
        if before != net:
            since = now
        self._mismatch[symbol] = (since, net)
        return now - since >= EQUAL_READS_APART

    def _adopt(self, slot: Slot, difference: int, now: int, out: list[Command]) -> bool:
        """Less of ours than we think: somebody closed it. Anything else is theirs, and a person should look."""
        side = 1 if slot.quantity > 0 else -1
        gone = min(abs(slot.quantity), -difference * side - _theirs(slot, -side)) if slot.quantity else 0
        slot.blocked = slot.blocked or DIFFERENT
        text = f"{DIFFERENT} (difference {difference:+d}, twice): compare with the broker's order book"
        self._book.alarm(slot, "difference", text, now, out, difference=difference)
        if gone <= 0:
            slot.foreign += difference
            return False
        slot.foreign += difference + gone * side
        count_by_hand(self._book, slot, Fill(f"difference-{now}", now, slot.mark, gone), BY_HAND, out)
        return True

    def _count(self, slot: Slot, side: int, fill: Fill, out: list[Command]) -> bool:
        opposite = slot.quantity * side < 0 and fill.ts >= slot.trip.entry_ts
        beyond = max(0, fill.quantity - _theirs(slot, side))
        gone = min(beyond, abs(slot.quantity)) if opposite else 0
        slot.foreign += side * (fill.quantity - gone)
        if beyond > gone:
            slot.theirs.append((side, Fill(fill.id, fill.ts, fill.price, beyond - gone)))
        if not gone:
            return False
        block_by_hand(self._book, slot, gone, fill.ts, out)
        count_by_hand(self._book, slot, Fill(fill.id, fill.ts, fill.price, gone), BY_HAND, out)
        return True

    def _block(self, slot: Slot, reason: str, now: int, out: list[Command], *, first: bool) -> None:
        if slot.blocked:
            return
        slot.blocked = reason
        severity = "INFO" if first else "WARNING"
        out.append(Log(now, severity, f"{slot.symbol}: {reason}; not traded today", {"symbol": slot.symbol}))


def _theirs(slot: Slot, side: int) -> int:
    """Units of their own that a fill of `side` closes before it closes any of ours."""
    return max(0, -slot.foreign * side)
