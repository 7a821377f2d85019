"""The broker's reports, sorted: ours are heard, others' are respected, what cannot be explained blocks its symbol."""

from collections.abc import Mapping
from typing import Final

from common.trading.book import Book, tag_prefix
from common.trading.doubts import Question
from common.trading.ladder import change_refused
from common.trading.messages import ChangeFailed, Command, Log, OrderBook, Positions
from common.trading.news import hear, settled
from common.trading.orders import Order, OrderUpdate, Status, TransitionError
from common.trading.ownership import Ownership
from common.trading.slot import Slot

_NOT_FILLED: Final = (Status.CANCELLED, Status.REJECTED)


class Reports:
    """Takes every kind of report and says whose position has to be looked at.

    known: broker ids by tag, of which a read says nothing new any more: others' orders, and ours that are filled.
    """

    __slots__ = ("_book", "_known", "_ownership", "_slots", "_strangers")

    def __init__(self, book: Book, slots: Mapping[str, Slot]) -> None:
        self._book = book
        self._slots = slots
        self._ownership = Ownership(book)
        self._known: dict[str, str] = {}
        self._strangers: set[str] = set()

    def update(self, update: OrderUpdate, now: int, out: list[Command]) -> Slot | None:
        """One piece of news; returns the slot to look at, None where nothing is to do."""
        book = self._book
        order = book.orders.get(update.tag)
        if order is None:
            return self._foreign(update, now, out, first=False)
        slot = self._slots[order.symbol]
        book.heard.append(order)
        try:
            hear(book, slot, order, update, now, out)
        except TransitionError as error:
            self._impossible(slot, order, error, now, out)
        if order.status.terminal:
            self._end(slot, order)
        return slot

    def order_book(self, read: OrderBook, now: int, out: list[Command], *, first: bool) -> list[Slot]:
        """The whole order book; returns the slots to look at."""
        book, touched, listed = self._book, dict[str, Slot](), set[str]()
        known, ours = self._known.get, book.orders.get
        for update in read.orders:
            tag = update.tag
            if tag and known(tag) == update.broker_id:
                continue
            order = ours(tag)
            if order is None:
                slot = self._foreign(update, now, out, first=first)
            else:
                listed.add(order.tag)
                if _is_old_news(book, order, update):
                    if order.status is Status.COMPLETE:
                        self._known[update.tag] = update.broker_id
                    continue
                slot = self._slots[order.symbol]
                book.heard.append(order)
                try:
                    hear(book, slot, order, update, now, out, read.asked)
                except TransitionError as error:
                    self._impossible(slot, order, error, now, out)
                self._end(slot, order)
            if slot is not None:
                touched[slot.symbol] = slot
        for tag in book.doubts.tags():
            order = book.orders[tag]
            slot = self._slots[order.symbol]
            if book.doubts.answered(order, read.asked, listed=tag in listed):
                if tag not in listed:
                    order.move(Status.NOT_PLACED)
                    book.heard.append(order)
                    text = f"{tag} never reached the broker"
                    out.append(Log(now, "WARNING", text, {"tag": tag, "symbol": order.symbol}))
                if order.told > order.filled:
                    book.doubts.raise_(order, Question.FILLS, now)
                order.cancelling = order.cancelling if order.status.terminal else 0
                self._end(slot, order)
                touched[slot.symbol] = slot
        return list(touched.values())

    def of_others(self, update: OrderUpdate, out: list[Command]) -> None:
        """An order from before a restart that this workload did not send, as it stood once."""
        self._foreign(update, update.ts, out, first=True)

    def positions(self, read: Positions, out: list[Command], *, first: bool) -> list[Slot]:
        """The broker's net positions; returns the slots whose position was corrected."""
        return self._ownership.on_positions(read, self._slots, out, first=first)

    @property
    def differs(self) -> bool:
        """Whether the broker's positions should be read again soon: what the last read said is not sure yet."""
        return self._ownership.differs

    def change_failed(self, slot: Slot, failed: ChangeFailed, now: int, out: list[Command]) -> None:
        """A modification or a cancellation that was refused, or whose outcome is unclear."""
        order = failed.order
        how = "unclear" if failed.unclear else "refused"
        fields = {"tag": order.tag, "symbol": order.symbol, "reason": failed.reason}
        out.append(Log(now, "WARNING", f"change of {order.tag} {how}: {failed.reason}", fields))
        if not failed.unclear:
            change_refused(slot, order, now)
            return
        order.cancelling = 0
        slot.resting = False
        self._book.doubts.raise_(order, Question.CHANGED, now)

    def _impossible(self, slot: Slot, order: Order, error: TransitionError, now: int, out: list[Command]) -> None:
        slot.blocked = slot.blocked or "the broker said what must not happen"
        self._book.alarm(slot, "transition", str(error), now, out, tag=order.tag)

    def _end(self, slot: Slot, order: Order) -> None:
        """Let go of an order that has ended for certain; a stop that ended by itself means the way out."""
        if not settled(self._book, order):
            return
        if slot.entry is order:
            slot.entry = None
        if order not in slot.exits:
            return
        slot.exits.remove(order)
        by_itself = order.status in _NOT_FILLED and not order.cancelling
        if slot.quantity and by_itself and not slot.leaving:
            slot.leaving = f"stop {order.status.lower()}"
            slot.leaving_since = max(order.created, order.triggered)

    def _foreign(self, update: OrderUpdate, now: int, out: list[Command], *, first: bool) -> Slot | None:
        """An order that this workload did not send."""
        book = self._book
        if update.tag.startswith(book.prefix):
            self._stranger(update, now, out)
            return None
        if update.tag and _is_trons(update.tag, book):
            self._known[update.tag] = update.broker_id
            return None
        slot = self._slots.get(update.symbol)
        if slot is None:
            return None
        return slot if self._ownership.on_order(slot, update, out, first=first) else None

    def _stranger(self, update: OrderUpdate, now: int, out: list[Command]) -> None:
        if update.tag in self._strangers:
            return
        self._strangers.add(update.tag)
        slot = self._slots.get(update.symbol)
        if slot is not None:
            slot.blocked = slot.blocked or "an order of ours that nobody intended"
        text = f"the broker has {update.tag}, which we never intended: stop, and look for a second workload"
        out.append(Log(now, "CRITICAL", text, {"tag": update.tag, "symbol": update.symbol}))


def _is_old_news(book: Book, order: Order, update: OrderUpdate) -> bool:
    """Most of every read: nothing that we do not know."""
    if order.status is not update.status or order.filled != update.filled or order in book.doubts:
        return False
    return order.status.terminal or update.terms == (order.kind, order.quantity, order.price, order.trigger)


def _is_trons(tag: str, book: Book) -> bool:
    """Of another workload of the same account and date. tag: not one that begins with the book's prefix."""
    return any(tag.startswith(tag_prefix(one, book.day)) for one in type(book.asset_class))

