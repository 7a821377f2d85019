"""Start is recovery: orders as the store and the broker know them, back into a fresh session."""

from collections.abc import Iterable

from common.trading.exits import cancel, set_levels, tend
from common.trading.messages import Command
from common.trading.orders import Kind, Order, Purpose
from common.trading.session import DAILY_LOSS, Session
from common.trading.slot import Slot


def restore(session: Session, orders: Iterable[Order], now: int) -> list[Command]:
    """Rebuild positions, P&L and trades from the orders' fills; protect what stands without a working exit.

    orders: all of this workload's day, with every fill and the broker's last word on their status.
    Returns the commands that make it safe, the trades of finished round trips among them. What was on its way out
    goes on with the first bar: before it there is no price to leave at. Raises TransitionError.
    """
    book, out = session.book, list[Command]()
    known = sorted(orders, key=lambda order: order.sequence)
    for order in known:
        book.orders[order.tag] = order
        book.sequence = max(book.sequence, order.sequence)
        if order.reason == DAILY_LOSS:
            book.account.halted = book.flattening = DAILY_LOSS
    fills = [(fill.ts, order.sequence, n, order, fill) for order in known for n, fill in enumerate(order.fills)]
    last: dict[str, int] = {}
    for ts, _, _, order, fill in sorted(fills, key=lambda row: row[:3]):
        slot = session.slots[order.symbol]
        last[slot.symbol] = ts
        if order.purpose is Purpose.ENTRY and slot.quantity == 0:
            _set_levels(slot, order, ts, known)
        session.count(slot, order, fill, out)
        if slot.quantity == 0:
            book.account.release(slot.symbol)
    for order in known:
        if order.working:
            _attach(session, session.slots[order.symbol], order, out)
    for slot in session.slots.values():
        if slot.quantity:
            book.account.bind(slot.symbol, slot.trip.closing_charges(book.rates))
        if slot.quantity and slot.leaving:
            slot.alert = slot.exit is None
        elif slot.quantity or slot.busy:
            tend(book, slot, last.get(slot.symbol, now), out)
    session.now = now
    return out


def _set_levels(slot: Slot, entry: Order, ts: int, known: Iterable[Order]) -> None:
    """Stop and target as they were first set: from the fills known when the stop was sent."""
    sent = (o.created for o in known if o.purpose is Purpose.EXIT and o.symbol == entry.symbol and o.created >= ts)
    until = min(sent, default=ts)
    counted = [fill for fill in entry.fills if fill.ts <= until]
    set_levels(slot, entry, sum(f.price * f.quantity for f in counted) / sum(f.quantity for f in counted))


def _attach(session: Session, slot: Slot, order: Order, out: list[Command]) -> None:
    slot.busy = True
    if order.purpose is Purpose.EXIT:
        if slot.exit is not None:
            cancel(slot.exit, out)  # two exits could both fill: the later one stays
        slot.exit = order
        if order.kind is Kind.LIMIT:
            slot.leaving = order.reason
        slot.step = order.steps if order.kind is Kind.LIMIT else 0
        return
    slot.entry = slot.entry_order = order
    session.book.account.reserve(slot.symbol, order.price, order.quantity, order.stop_distance)
