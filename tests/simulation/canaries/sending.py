"""Bugs in how orders are sent, looked up and given up."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from common.day.leased_store import LeasedStore
from common.day.ledger import StoreLedger
from common.ports import Conflict, Write
from common.simulation import day as simulated_day
from common.simulation.route import FaultyRoute
from common.trading import driver as drivers
from common.trading import restore as restoring
from common.trading.doubts import Doubts
from common.trading.driver import Driver
from common.trading.errors import OrderUnknown
from common.trading.messages import CommitIntent, PlaceOrder
from common.trading.orders import Fill, Order, Status
from common.trading.pace import LIVE

PAUSE_SECONDS = 600.0
"""Longer than a silent process is left alone, and its lease lasts."""
NAP_SECONDS = 30.0


def naive_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that got no answer is simply sent again."""
    place = FaultyRoute.place

    def again(self: Any, order: Order) -> str:
        try:
            return place(self, order)
        except OrderUnknown:
            return place(self, order)

    monkeypatch.setattr(FaultyRoute, "place", again)


def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first read of the order book does not show was never placed."""
    monkeypatch.setattr(Doubts, "_missing_long_enough", lambda *_: True)


def patience_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds, where orders appear twenty seconds late."""
    monkeypatch.setattr(simulated_day, "LIVE", dataclasses.replace(LIVE, patience_seconds=3.0))


def lease_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits do without the lease, and nobody looks at it before a request."""

    def commit(self: Any, writes: Sequence[Write]) -> list[str]:
        if not writes:
            return []
        wanted = list(writes)
        for _ in range(8):
            try:
                return list(self._store.commit(wanted))
            except Conflict:
                wanted = [self._rebased(write) for write in wanted]
        return []

    monkeypatch.setattr(LeasedStore, "commit", commit)
    monkeypatch.setattr(StoreLedger, "may_send", lambda _: True)


def lease_checked_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is looked at before the intent is stored, not between the intent and the request."""
    looked: dict[int, bool] = {}
    commit, place = Driver._commit, Driver._place
    may_send = StoreLedger.may_send

    def early(self: Driver, command: CommitIntent) -> None:
        looked[id(self)] = may_send(self.ledger)  # type: ignore[arg-type]
        commit(self, command)

    def late(self: Driver, command: PlaceOrder) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StoreLedger, "may_send", lambda _: looked.get(id(self), True))
            place(self, command)

    _carry(monkeypatch, _commit=early, _place=late)


def pause_after_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bug but a machine that sleeps for minutes after every third intent, while another process takes the lease."""
    intend = StoreLedger.intend

    def sleepy(self: Any, order: Order, verdict: Any) -> None:
        intend(self, order, verdict)
        if order.sequence % 3 == 0:
            self._clock.sleep(PAUSE_SECONDS)

    monkeypatch.setattr(StoreLedger, "intend", sleepy)


def unknown_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of which nobody knows the outcome is forgotten: its capital and its symbol are free again."""
    told = Driver._told

    def forget(self: Driver, order: Order, status: Status, reason: str) -> None:
        told(self, order, status, reason)
        slot = self.session.slots[order.symbol]
        if status is Status.UNKNOWN and slot.entry is order:
            self.session.book.doubts.clear(order)
            self.session.book.account.release(slot.key)
            slot.settle()

    monkeypatch.setattr(Driver, "_told", forget)


def restart_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process knows positions, and not the orders that still work."""
    monkeypatch.setattr(restoring, "_attach", lambda *_: None)


def intent_after_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order goes out first and is written down when it has been accepted."""
    waiting: dict[str, CommitIntent] = {}
    commit, place = Driver._commit, Driver._place

    def later(self: Driver, command: CommitIntent) -> None:
        del self
        waiting[command.order.tag] = command

    def first(self: Driver, command: PlaceOrder) -> None:
        self.intents += 1
        place(self, command)
        commit(self, waiting.pop(command.order.tag))
        self.intents -= 1

    _carry(monkeypatch, _commit=later, _place=first)


def fill_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fills are added up as they are told, and some are told twice."""
    add_fill = Order.add_fill

    def add(self: Order, fill: Any) -> bool:
        if self.filled + fill.quantity <= self.quantity:
            fill = Fill(f"{fill.id} again" if any(one.id == fill.id for one in self.fills) else fill.id, fill.ts,
                        fill.price, fill.quantity)
        return add_fill(self, fill)

    monkeypatch.setattr(Order, "add_fill", add)


def book_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt from the order book is never written down."""
    reconcile = Driver.reconcile

    def forgetful(self: Driver, *rest: Any, **more: Any) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.ledger, "changed", lambda _: None)
            return reconcile(self, *rest, **more)

    monkeypatch.setattr(Driver, "reconcile", forgetful)


def _carry(monkeypatch: pytest.MonkeyPatch, **methods: Any) -> None:
    """Replace carriers."""
    for name, method in methods.items():
        monkeypatch.setattr(Driver, name, method)


def old_entry_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry goes out however long ago it was decided."""
    monkeypatch.setattr(drivers, "ENTRY_SECONDS", 1e9)


def nap_after_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bug but a machine that sleeps for half a minute after every third intent, as its lease allows."""
    intend = StoreLedger.intend

    def sleepy(self: Any, order: Order, verdict: Any) -> None:
        intend(self, order, verdict)
        if order.sequence % 3 == 0:
            self._clock.sleep(NAP_SECONDS)

    monkeypatch.setattr(StoreLedger, "intend", sleepy)
