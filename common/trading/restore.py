"""Start is recovery: orders as the store and the broker know them, back into a fresh session."""

from collections.abc import Iterable

from common.trading.exits import protect, step_out
from common.trading.messages import Command
from common.trading.orders import Order, Purpose, Status
from common.trading.prices import away_from
from common.trading.session import Session
from common.trading.slot import Slot


def restore(session: Session, orders: Iterable[Order], now: int) -> list[Command]:
    """Rebuild positions, P&L and trades from the orders' fills; protect what stands without a working exit.

    orders: all of this workload's day, with every fill and the broker's last word on their status.
    Returns the commands that make it safe, the trades of finished round trips among them. Raises TransitionError.
    """
    book, out = session.book, list[Command]()
    known = sorted(orders, key=lambda order: order.sequence)
    for order in known:
        book.orders[order.tag] = order
        book.sequence = max(book.sequence, order.sequence)
    fills = [(fill.ts, order.sequence, n, order, fill) for order in known for n, fill in enumerate(order.fills)]
    for _, _, _, order, fill in sorted(fills, key=lambda row: row[:3]):
        slot = session.slots[order.symbol]
        if order.purpose is Purpose.ENTRY and slot.quantity == 0:
            _remember_entry(session, slot, order, fill.price)
        session.count(slot, order, fill, out)
    for order in known:
        if not order.status.terminal:
            _attach(session, session.slots[order.symbol], order)
    for slot in session.slots.values():
        if slot.quantity and slot.entry_order is not None:
            _secure(session, slot, slot.entry_order, now, out)
        elif slot.quantity == 0 and slot.entry is None:
            slot.settle()
    return out


def _remember_entry(session: Session, slot: Slot, order: Order, price: int) -> None:
    slot.entry_order = order
    slot.stop_price = away_from(slot, price, -order.side, order.stop_distance)
    slot.target_price = away_from(slot, price, order.side, order.target_distance) if order.target_distance else 0
    session.book.account.reserved[slot.symbol] = session.book.account.need(order.price, order.quantity)


def _attach(session: Session, slot: Slot, order: Order) -> None:
    slot.busy = True
    if order.purpose is Purpose.EXIT:
        slot.exit = order
        if order.reason != "stop":
            slot.leaving = order.reason
        return
    slot.entry = slot.entry_order = order
    session.book.account.reserved[slot.symbol] = session.book.account.need(order.price, order.quantity)


def _secure(session: Session, slot: Slot, entry: Order, now: int, out: list[Command]) -> None:
    slot.busy = True
    session.book.account.bind(slot.symbol, slot.trip.closing_charges(session.book.rates))
    if slot.exit is None or slot.exit.status is not Status.OPEN:
        if slot.leaving:
            step_out(session.book, slot, now, out)
        else:
            protect(session.book, slot, entry, now, out)
