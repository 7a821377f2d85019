"""Fills into positions, marks into open P&L, round trips into trades."""

from collections.abc import Mapping
from typing import Any, Final

from common.market.bar import Bar
from common.market.money import Paise
from common.trading.book import Book
from common.trading.messages import Command, PublishTrade
from common.trading.orders import ENTRY, Fill, Order
from common.trading.slot import Slot
from common.trading.trades import Trade

TRIPS_APART: Final = 100_000
"""Between the numbers of two round trips that parts of one entry opened; sequences have five digits."""
BY_HAND: Final = "closed by hand or by the broker"
_NO_NUMBERS: Final[Mapping[str, Any]] = {}


def count(book: Book, slot: Slot, order: Order, fill: Fill, out: list[Command]) -> None:
    """One new fill of ours: position, open P&L, and the trade when it closes."""
    if len(order.counted) < len(order.fills):
        book.counted += 1
        order.counted.append(book.counted)
    if order.purpose is ENTRY:
        slot.entry_order = order
    _move(book, slot, order.side, fill, order.tag, order)
    if slot.quantity == 0:
        _close(book, slot, order.strategy, order.reason, fill, out)
    elif slot.theirs and order.purpose is ENTRY:
        _take_late(book, slot, order.side, fill, out)


def block_by_hand(book: Book, slot: Slot, units: int, now: int, out: list[Command]) -> None:
    """Others have closed so many of ours: a person is told once, and no more is entered here."""
    book.alarm(slot, "by hand", f"{units} units {BY_HAND}; the symbol is blocked", now, out, once=True)
    slot.blocked = BY_HAND


def count_by_hand(book: Book, slot: Slot, fill: Fill, reason: str, out: list[Command]) -> None:
    """Somebody else's fill has closed some of our position."""
    entry = slot.entry_order
    slot.taken.append(fill)
    _move(book, slot, -1 if slot.quantity > 0 else 1, fill, _by_hand(fill), entry)
    if slot.quantity == 0:
        _close(book, slot, entry.strategy if entry is not None else "", reason, fill, out)


def give_back(book: Book, slot: Slot, side: int, fill: Fill, out: list[Command]) -> None:
    """An exit of ours of `side` turns out to have filled before others' fills that we had taken for closing ours.

    Those were theirs after all: as much of them as this `fill` closes too many is returned.
    """
    excess = fill.quantity - (abs(slot.quantity) if slot.quantity * side < 0 else 0)
    for taken in reversed(slot.taken[:]):
        part = min(excess, taken.quantity)
        if part <= 0 or taken.ts < fill.ts:
            continue
        excess -= part
        taken.quantity -= part
        slot.foreign += side * part
        slot.theirs.append((side, Fill(taken.id, taken.ts, taken.price, part)))
        if slot.trip.has(side, _by_hand(taken)):
            book.account.open_pnl += side * part * (taken.price - slot.mark)
            slot.quantity -= side * part
            slot.trip.remove(side, taken.price, part)
        else:
            _move(book, slot, -side, Fill(taken.id, taken.ts, taken.price, part), f"back {taken.id}", slot.entry_order)
        text = f"{part} units were closed by our own exit, not by hand: that fill was not ours"
        book.alarm(slot, "given back", text, fill.ts, out, "WARNING")


def _take_late(book: Book, slot: Slot, side: int, fill: Fill, out: list[Command]) -> None:
    """An entry's `fill` of `side` came before others' fills the other way: they closed it, and we heard of them first.

    A restart, which works the day out in order of time, finds the same.
    """
    left = fill.quantity
    for theirs_side, theirs in slot.theirs:
        part = min(left, theirs.quantity, max(0, slot.quantity * side))
        if part <= 0 or theirs_side == side or theirs.ts < fill.ts:
            continue
        left -= part
        theirs.quantity -= part
        slot.foreign += side * part
        block_by_hand(book, slot, part, theirs.ts, out)
        count_by_hand(book, slot, Fill(theirs.id, theirs.ts, theirs.price, part), BY_HAND, out)


def _by_hand(fill: Fill) -> str:
    return f"by hand {fill.id}"


def mark(book: Book, slot: Slot, bar: Bar) -> Paise:
    """Value the position at the side where it can be closed, the last price where nobody quotes; returns that price."""
    quantity = slot.quantity
    price = (bar.bid if quantity > 0 else bar.ask) or bar.close
    book.account.open_pnl += quantity * (price - slot.mark)
    slot.mark = price
    return price


def _move(book: Book, slot: Slot, side: int, fill: Fill, tag: str, order: Order | None) -> None:
    account, before = book.account, slot.quantity
    if before:
        account.open_pnl += before * (fill.price - slot.mark)
    else:
        # What was reserved when the entry was sent stays; this is for an entry that had been given up.
        need, risk = account.need(fill.price, fill.quantity), 0
        if order is not None and order.purpose is ENTRY:
            need = order.need or account.need(order.price, order.quantity)
            risk = order.quantity * order.stop_distance
        account.open(slot.key, need, risk, counts=_is_new(order))
        slot.busy = True
        if order is not None:
            slot.trip.number = order.sequence + order.trips * TRIPS_APART
            order.trips += 1
    slot.resting = False
    slot.mark = fill.price
    slot.quantity = before + side * fill.quantity
    slot.trip.add(tag, side, fill.price, fill.quantity, fill.ts)


def _is_new(order: Order | None) -> bool:
    """Whether a fill begins an entry; parts of one that was closed meanwhile are not another."""
    return order is not None and order.purpose is ENTRY and not order.trips and not order.is_slice


def _close(
    book: Book, slot: Slot, strategy: str, reason: str, fill: Fill, out: list[Command],
) -> None:
    trip, account, entry = slot.trip, book.account, slot.entry_order
    gross = trip.sell_turnover - trip.buy_turnover
    charges = trip.charges(book.rates)
    if slot.basket is None:
        account.close(slot.symbol, slot.symbol, gross, charges.total)
        account.judge(slot.symbol, slot.instrument)
    else:
        account.close(slot.key, slot.symbol, gross, charges.total)
    long = trip.side > 0
    bought, sold = trip.buy_turnover / trip.buys, trip.sell_turnover / trip.sells
    trade = Trade(
        trip.number, strategy, slot.symbol, trip.side, trip.buys, trip.entry_ts,
        bought if long else sold, entry.reason if entry is not None else "", fill.ts, sold if long else bought,
        reason, slot.stop_price, slot.target_price, gross, charges,
        (entry.numbers if entry is not None else None) or _NO_NUMBERS,
    )
    trip.clear()
    book.trades.append(trade)
    out.append(PublishTrade(trade))
