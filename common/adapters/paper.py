"""The paper broker: the simulated exchange with a journal of its own, so that a killed workload finds its orders."""

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from common.exchange.protection import AUTOMATIC
from common.exchange.resting import RestingOrder, resting_fields, resting_from_fields, update_of
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.money import Paise
from common.ports import Resume
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate


class PaperBroker:
    """Broker over an Exchange. The journal has one JSON line a change, an order whole; the last line of an id counts.

    A line is on disk before the caller hears of what it says. Halts and price bands are not kept: who feeds the market
    says them again.
    """

    lossy: Final = False
    """Within the process no news is lost."""

    def __init__(self, exchange: Exchange, journal: Path) -> None:
        self._exchange = exchange
        journal.parent.mkdir(parents=True, exist_ok=True)
        exchange.restore(_read(journal))
        self.resume = _resume(exchange.book.values())
        self._file = journal.open("a", encoding="utf-8")
        self._written = 0

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; fills are journalled before they are told."""
        return self._exchange.observe(event)

    def pass_time(self, ts: int) -> bool:
        """It is `ts` (nanoseconds UTC): what was under way arrives; True when there is something to drain.

        Without latency nothing is ever under way, and the market alone says the time.
        """
        return bool(self._exchange.latency.longest) and self._exchange.pass_time(ts)

    def drain(self) -> list[OrderUpdate]:
        """Updates since the last call."""
        updates = self._exchange.drain()
        self._save(updates)
        return updates

    def place(self, order: Order) -> str:
        """Take a new order; returns its id. Raises OrderRejected."""
        id = self._exchange.place(order)
        self._save()
        return id

    def foreign_order(
        self, symbol: str, side: int, quantity: int, ts: int, price: Paise = 0, trigger: Paise = 0,
        protection: float = AUTOMATIC,
    ) -> str:
        """The person's or the broker's own order, as `Exchange.foreign_order` has it. Raises OrderRejected."""
        id = self._exchange.foreign_order(symbol, side, quantity, ts, price, trigger, protection)
        self._save()
        return id

    def broker_square_off(self, ts: int) -> list[str]:
        """The risk desk cancels and exits everything; returns the ids of its orders."""
        ids = self._exchange.broker_square_off(ts)
        self._save()
        return ids

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order. Raises OrderRejected."""
        self._exchange.modify(tag, ts, kind, quantity, price, trigger)
        self._save()

    def cancel(self, tag: OrderTag, ts: int) -> None:
        """Take the rest of a working order from the book. Raises OrderRejected."""
        self._exchange.cancel(tag, ts)
        self._save()

    def orders(self) -> list[OrderUpdate]:
        """The whole order book of the day, others' orders too."""
        self._save()
        return self._exchange.orders()

    def positions(self) -> dict[str, int]:
        """Signed net units by symbol over all fills, others' too."""
        self._save()
        return self._exchange.positions()

    def close(self) -> None:
        """Release the journal."""
        self._file.close()

    def _save(self, updates: Sequence[OrderUpdate] | None = None) -> None:
        """Write what changed: orders of which there is news that is not written yet, and those that moved silently.

        updates: what has just been drained. Where nothing is about to be told, only places in queues have moved: they
        must outlive the process, and need not wait for the disk.
        """
        books = self._exchange.books
        pending = books.updates if updates is None else updates
        fresh = pending[self._written :]
        self._written = len(pending) if updates is None else 0
        keys = {update.tag or update.broker_id for update in fresh} | books.moved
        if not keys:
            return
        books.moved.clear()
        changed = sorted((books.orders[key] for key in keys), key=lambda order: order.id)
        self._file.writelines(json.dumps(resting_fields(order)) + "\n" for order in changed)
        self._file.flush()
        if fresh or updates is None:
            os.fsync(self._file.fileno())


def read_book(journal: Path) -> list[OrderUpdate]:
    """The order book that a journal tells, for who only compares: nothing is opened, cut or written."""
    return [update_of(order, order.since) for order in _orders(_whole_lines(journal))]


def _read(journal: Path) -> list[RestingOrder]:
    """Orders to go on with; a torn last line is what a kill leaves, and was never acknowledged: cut it off."""
    whole = _whole_lines(journal)
    if journal.exists() and journal.stat().st_size != len(whole):
        with journal.open("r+b") as file:
            file.truncate(len(whole))
    return _orders(whole)


def _whole_lines(journal: Path) -> bytes:
    data = journal.read_bytes() if journal.exists() else b""
    return data[: data.rfind(b"\n") + 1]


def _orders(lines: bytes) -> list[RestingOrder]:
    """Each by its last line."""
    orders = {}
    for line in lines.splitlines():
        order = resting_from_fields(json.loads(line))
        orders[order.key] = order
    return list(orders.values())


def _resume(orders: Collection[RestingOrder]) -> Resume:
    """From the last change of any order of ours: what was sent at a bar's end had been decided on that bar."""
    ours = [order for order in orders if order.tag]
    ts = max((max(order.matched, order.sent - NANOSECONDS_A_MINUTE) for order in ours), default=0)
    at_its_end = (order.symbol for order in ours if order.sent >= ts + NANOSECONDS_A_MINUTE)
    return Resume(ts, frozenset(at_its_end))
