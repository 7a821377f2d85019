"""Start is recovery: orders as the store knows them, back into a fresh session; the broker's books come after."""

from collections.abc import Iterable

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading import accounting
from common.trading.baskets import basket_from_fields, forget
from common.trading.book import Book, purpose_of
from common.trading.doubts import Question
from common.trading.exits import set_levels
from common.trading.ladder import refused
from common.trading.messages import Command
from common.trading.orders import Kind, Order, OrderUpdate, Purpose, Status
from common.trading.session import DAILY_LOSS, NEVER, Session
from common.trading.slot import Slot

LATELY = 10 * NANOSECONDS_A_SECOND
"""A change so long before the restart may not show yet in what the broker tells."""
_UNCLEAR = (Status.INTENDED, Status.UNKNOWN)


def restore(
    session: Session, orders: Iterable[Order], now: int, others: Iterable[OrderUpdate] = (),
) -> list[Command]:
    """Rebuild positions, P&L, baskets and trades from the orders' fills, as far as the store knows them.

    orders: all of this workload's day. others: what the broker's book has besides, of which some may have closed ours:
    when they did says how much of what was filled after them is still held. Returns the trades and logs of what is
    rebuilt; orders are sent only after the session has been handed an OrderBook (`Driver.reconcile`). An order of which
    the store does not know whether it was placed becomes a doubt. Raises TransitionError.
    """
    book, out = session.book, list[Command]()
    session.recovered, session.now = False, now
    known = sorted(orders, key=lambda order: order.sequence)
    for order in known:
        book.orders[order.tag] = order
        book.sequence = max(book.sequence, order.sequence)
        book.counted = max(book.counted, order.after, *order.counted, 0)
        if order.reason == DAILY_LOSS:
            book.account.halted = book.flattening = DAILY_LOSS
    foreign = [update for update in others if update.symbol in session.slots]
    for what, number in _timeline(known, foreign):
        slot = session.slots[what.symbol]
        if isinstance(what, OrderUpdate):
            session.reports.of_others(_as_of(what, number), out)
        elif number < 0:
            _join(session, slot, what)
            continue
        else:
            _count(session, slot, what, number, known, out)
        if slot.quantity == 0 and slot.basket is None:
            book.account.release(slot.symbol)
    for order in known:
        if order.working:
            _attach(session, session.slots[order.symbol], order, now)
    for basket in book.baskets.values():
        basket.opened = all(
            state.sent and state.slot.entry_order is not None
            and state.slot.entry_order.filled == basket.quantity for state in basket.legs
        )
    _count_refusals(session, known)
    for slot in session.slots.values():
        if slot.quantity:
            book.account.bind(slot.symbol, slot.trip.closing_charges(book.rates))
            _reserve(book, slot)
    return out


def order_from_broker(update: OrderUpdate, sequence: int, created: int) -> Order:
    """An order of ours as the broker alone knows it; its tag says whether it is an entry or an exit."""
    kind, quantity, price, trigger = update.terms or (Kind.LIMIT, 0, 0, 0)
    order = Order(
        update.tag, sequence, update.symbol, update.side, quantity, kind, price, trigger, purpose_of(update.tag),
        created, reason="known from the broker alone",
    )
    order.broker_id = update.broker_id
    for fill in update.fills:
        order.add_fill(fill)
    order.status = update.status
    return order


def _count_refusals(session: Session, known: Iterable[Order]) -> None:
    """Of a symbol's entries all day, of exits only those since its position was opened."""
    for order in known:
        slot = session.slots[order.symbol]
        if order is slot.entry_order or (order.purpose is Purpose.EXIT and order.filled):
            slot.refused_exits = slot.retry_at = 0
        elif order.purpose is Purpose.EXIT and order.kind is Kind.LIMIT and order.status is Status.REJECTED:
            refused(slot, order.created)
        if order.purpose is Purpose.ENTRY and order.status is Status.REJECTED:
            slot.refusals += 1


def _reserve(book: Book, slot: Slot) -> None:
    """All that is held or may still come, also where it was entered in slices."""
    entry = slot.entry_order
    if slot.basket is not None or entry is None:
        return
    units = abs(slot.quantity) + (slot.entry.remaining if slot.entry is not None else 0)
    account, key = book.account, slot.key
    account.reserved[key] = max(account.reserved.get(key, 0), entry.need, account.need(entry.price, units))
    account.at_risk[key] = max(account.at_risk.get(key, 0), units * entry.stop_distance)


def _count(
    session: Session, slot: Slot, order: Order, number: int, known: Iterable[Order], out: list[Command],
) -> None:
    fill, opens = order.fills[number], order.purpose is Purpose.ENTRY and slot.quantity == 0
    if slot.taken and order.purpose is Purpose.EXIT:
        accounting.give_back(session.book, slot, order.side, fill, out)
    accounting.count(session.book, slot, order, fill, out)
    if opens:
        _set_levels(slot, order, order.counted[number], known)


def _timeline(known: list[Order], foreign: list[OrderUpdate]) -> list[tuple[Order | OrderUpdate, int]]:
    """What happened, as the session learnt it: an entry was sent (-1), a fill was counted (its number).

    Fills that it had not counted come last, in order of time. Others' fills come before the first of ours in their
    symbol that is later.
    """
    rows: list[tuple[tuple[int, int, int, int], int, Order | OrderUpdate]] = [
        ((order.after, 1, order.sequence, 0), -1, order) for order in known if order.purpose is Purpose.ENTRY
    ]
    for update in foreign:
        for n, fill in enumerate(update.fills):
            later = [
                number for order in known if order.symbol == update.symbol
                for ours, number in zip(order.fills, order.counted, strict=False) if ours.ts > fill.ts
            ]
            rows.append(((min(later), -1, fill.ts, n) if later else (NEVER, fill.ts, NEVER, n), n, update))
    for order in known:
        for n in range(len(order.fills)):
            if n < len(order.counted):
                rows.append(((order.counted[n], 0, 0, 0), n, order))
            else:
                rows.append(((NEVER, max(fill.ts for fill in order.fills[: n + 1]), order.sequence, n), n, order))
    return [(what, number) for _, number, what in sorted(rows, key=lambda row: row[0])]


def _as_of(update: OrderUpdate, number: int) -> OrderUpdate:
    """As it stood when that fill was its last."""
    fills = update.fills[: number + 1]
    return OrderUpdate(
        update.tag, update.status, fills[-1].ts, fills, update.broker_id, symbol=update.symbol, side=update.side,
    )


def _join(session: Session, slot: Slot, entry: Order) -> None:
    """An entry belongs to a basket, known whole from any of its orders, or ends the one that its symbol was in."""
    book, fields = session.book, entry.basket
    before = [slot.basket, book.baskets.get(fields["name"]) if fields is not None else None]
    for basket in before:  # one of the same name may have had other legs
        if basket is not None and (fields is None or fields["created"] != basket.created):
            forget(book, basket)
    if fields is None:
        return
    basket = book.baskets.get(fields["name"])
    if basket is None:
        basket = basket_from_fields(fields, session.slots, entry.strategy, entry.reason)
        book.baskets[basket.name] = basket
        book.account.reserve(basket.name, basket.need, basket.risk)
        for state in basket.legs:
            state.slot.basket = basket
    for state in basket.legs:
        if state.slot is slot:
            state.sent = True
            slot.entry_order = entry


def _set_levels(slot: Slot, entry: Order, opened: int, known: Iterable[Order]) -> None:
    """Stop and target as they were first set: from the fills counted when the stop was sent. opened: by which."""
    sent = (o.after for o in known if o.purpose is Purpose.EXIT and o.symbol == entry.symbol and o.after >= opened)
    until = min(sent, default=opened)
    counted = [fill for fill, number in zip(entry.fills, entry.counted, strict=False) if number <= until]
    set_levels(slot, entry, sum(f.price * f.quantity for f in counted) / sum(f.quantity for f in counted))


def _attach(session: Session, slot: Slot, order: Order, now: int) -> None:
    book = session.book
    slot.busy = True
    order.changed = min(order.changed, now)  # an earlier process' clock may have been ahead
    if order.status in _UNCLEAR:
        if order.status is Status.INTENDED:
            order.move(Status.UNKNOWN)
        book.doubts.raise_(order, Question.PLACED, now)
    elif book.pace.confirm_seconds and now - order.changed < LATELY:
        book.doubts.raise_(order, Question.CHANGED, now)
    if order.purpose is Purpose.EXIT:
        slot.exits.append(order)
        if order.kind is Kind.SL:
            slot.stop_price, slot.resized_at = order.trigger, order.created
        else:
            slot.leaving, slot.leaving_since = order.reason, order.created
            slot.step, slot.stepped_at = order.steps, order.stepped_at
        return
    slot.entry = slot.entry_order = order
    if slot.basket is None:
        need = order.need or book.account.need(order.price, order.quantity)
        book.account.reserve(slot.symbol, need, order.quantity * order.stop_distance)
