"""Bugs in stops, exits, halts and baskets, and in what is mine and yours."""

from collections.abc import Sequence
from typing import Any

import pytest

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading import basket_entry, exits, ladder
from common.trading.accounting import count
from common.trading.baskets import Basket, send_leg
from common.trading.book import Book
from common.trading.changes import slice_of
from common.trading.driver import Driver
from common.trading.limits import EXIT_ALLOWED, Verdict
from common.trading.messages import Command, ModifyOrder, PlaceOrder, PublishTrade
from common.trading.orders import Kind, Purpose
from common.trading.ownership import Ownership
from common.trading.risk import Account
from common.trading.session import Session
from common.trading.slot import Slot

LATE = 30 * NANOSECONDS_A_SECOND


def stop_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop is sent half a minute after the entry."""
    grow = exits._grow

    def wait(book: Book, slot: Slot, side: int, missing: int, now: int, out: list[Command]) -> None:
        if slot.entry_order is not None and now - slot.entry_order.created < LATE:
            return
        grow(book, slot, side, missing, now, out)

    monkeypatch.setattr(exits, "_grow", wait)


def stop_for_ordered_quantity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop is as large as the entry was meant to be, whatever of it is filled."""
    cover = exits._cover

    def whole(book: Book, slot: Slot, side: int, need: int, now: int, out: list[Command]) -> None:
        if slot.entry is not None and slot.basket is None:
            need = max(need, slot.entry.quantity)
        cover(book, slot, side, need, now, out)

    monkeypatch.setattr(exits, "_cover", whole)


def two_exits_resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is an order of its own beside the stop."""

    def beside(
        book: Book, slot: Slot, side: int, need: int, price: int, now: int, out: list[Command],
    ) -> bool:
        if any(order.kind is Kind.LIMIT for order in slot.exits):
            return True
        slot.exits.append(book.send(
            slot, Purpose.EXIT, side, min(need, slice_of(slot)), Kind.LIMIT, price, 0, now, EXIT_ALLOWED, out,
            reason=slot.leaving,
        ))
        return True

    monkeypatch.setattr(ladder, "_spread_over", beside)


def exit_that_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is sized by what was entered, without what the stop has filled already."""
    step_out = ladder.step_out

    def all_of_it(book: Book, slot: Slot, need: int, now: int, out: list[Command]) -> None:
        entered = slot.trip.buys if slot.quantity > 0 else slot.trip.sells
        step_out(book, slot, max(need, entered), now, out)

    monkeypatch.setattr(exits, "step_out", all_of_it)


def halt_blocks_exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A halt stops everything, the way out included."""
    place, modify = Driver._place, Driver._modify

    def no_place(self: Driver, command: PlaceOrder) -> None:
        if not self.session.book.level:
            place(self, command)

    def no_change(self: Driver, command: ModifyOrder) -> None:
        if not self.session.book.level:
            modify(self, command)

    monkeypatch.setattr(Driver, "_place", no_place)
    monkeypatch.setattr(Driver, "_modify", no_change)


def square_off_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is closed at the end of the day, and nobody says so."""
    monkeypatch.setattr(Session, "_flatten", lambda *_: None)
    monkeypatch.setattr(Session, "_keep_time", lambda *_: None)


def hedge_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """All legs of a basket are sent together."""
    done: set[int] = set()

    def together(book: Book, basket: Basket, state: Any, verdict: Verdict, now: int, out: list[Command]) -> None:
        if id(basket) not in done:
            done.add(id(basket))
            for short in basket.shorts:
                send_leg(book, basket, short, verdict, now, out)
        send_leg(book, basket, state, verdict, now, out)

    monkeypatch.setattr(basket_entry, "send_leg", together)


def hedge_released_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the way out every leg is closed at once."""
    monkeypatch.setattr(Basket, "covered_by", lambda *_: 0)


def foreign_position_sold(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the account holds is taken for ours."""

    def adopt(self: Any, read: Any, slots: Any, out: list[Command], **_: Any) -> Sequence[Slot]:
        del out
        found = []
        for symbol, units in read.net.items():
            slot = slots.get(symbol)
            if slot is not None and not slot.quantity and not slot.busy:
                slot.quantity, slot.busy, slot.leaving = units, True, "adopted"
                slot.trip.add("adopted", 1 if units > 0 else -1, slot.mark, abs(units), read.asked)
                self._book.account.open(slot.key, 0, 0)
                found.append(slot)
        return found

    monkeypatch.setattr(Ownership, "on_positions", adopt)


def size_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice what the limits allow is sent."""
    send = Book.send

    def double(self: Book, slot: Slot, purpose: Purpose, side: int, quantity: int, *rest: Any, **more: Any) -> Any:
        twice = quantity * 2 if purpose is Purpose.ENTRY else quantity
        return send(self, slot, purpose, side, twice, *rest, **more)

    monkeypatch.setattr(Book, "send", double)


def positions_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open positions are not counted against their limit."""
    monkeypatch.setattr(Account, "check_counts", lambda *_: None)


def trade_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round trip is published again by every process that finds it in the books."""
    number = [0]

    def anew(book: Book, slot: Slot, order: Any, fill: Any, out: list[Command]) -> None:
        count(book, slot, order, fill, out)
        for command in out:
            if isinstance(command, PublishTrade) and command.trade.number < 100_000:
                number[0] += 1
                command.trade = command.trade._replace(number=100_000 + number[0])

    monkeypatch.setattr("common.trading.news.count", anew)
    monkeypatch.setattr("common.trading.accounting.count", anew)


def alarm_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alarm is given whenever there is reason for one."""
    alarm = Book.alarm

    def loud(self: Book, slot: Slot, *rest: Any, **more: Any) -> None:
        for _ in range(100):
            self._alarms.clear()
            alarm(self, slot, *rest, **more)

    monkeypatch.setattr(Book, "alarm", loud)
