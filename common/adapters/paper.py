"""The paper broker: the simulated exchange with a journal of its own, so that a killed workload finds its orders."""

import json
import os
from collections.abc import Collection
from pathlib import Path

from common.exchange.resting import RestingOrder, resting_fields, resting_from_fields
from common.exchange.simulated import Exchange, update_of
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.ports import Resume
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate


class PaperBroker:
    """Broker over an Exchange. The journal has one JSON line a change, an order whole; the last line of a tag counts.

    A line is on disk before the caller hears of what it says.
    """

    def __init__(self, exchange: Exchange, journal: Path) -> None:
        self._exchange = exchange
        journal.parent.mkdir(parents=True, exist_ok=True)
        exchange.restore(_read(journal))
        self.resume = _resume(exchange.orders.values())
        self._file = journal.open("a", encoding="utf-8")

    def observe(self, event: Bar | Quote) -> bool:
        """The market moves; fills are journalled before they are drained."""
        return self._exchange.observe(event)

    def drain(self) -> list[OrderUpdate]:
        """Updates since the last call."""
        updates = self._exchange.drain()
        if updates:
            self._write({update.tag for update in updates})
        return updates

    def place(self, order: Order) -> str:
        """Accept a new order; returns its id. Raises OrderRejected."""
        id = self._exchange.place(order)
        self._write({order.tag})
        return id

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order. Raises OrderRejected."""
        self._exchange.modify(tag, ts, kind, quantity, price, trigger)
        self._write({tag})

    def cancel(self, tag: OrderTag, ts: int) -> None:
        """Take the rest of a working order from the book. Raises OrderRejected."""
        self._exchange.cancel(tag, ts)
        self._write({tag})

    def orders(self) -> list[OrderUpdate]:
        """The whole order book of the day."""
        return [update_of(order, order.since) for order in self._exchange.orders.values()]

    def close(self) -> None:
        """Release the journal."""
        self._file.close()

    def _write(self, tags: set[OrderTag]) -> None:
        for tag in sorted(tags):
            self._file.write(json.dumps(resting_fields(self._exchange.orders[tag])) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _read(journal: Path) -> list[RestingOrder]:
    """Orders by their last line; a torn last line is what a kill leaves, and was never acknowledged: cut it off."""
    if not journal.exists():
        return []
    data = journal.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        with journal.open("r+b") as file:
            file.truncate(len(whole))
    orders = {}
    for line in whole.splitlines():
        order = resting_from_fields(json.loads(line))
        orders[order.tag] = order
    return list(orders.values())


def _resume(orders: Collection[RestingOrder]) -> Resume:
    """From the last change of any order: what was sent at a bar's end had been decided on that bar."""
    ts = max((max(order.matched, order.since - NANOSECONDS_A_MINUTE) for order in orders), default=0)
    at_its_end = (order.symbol for order in orders if order.since >= ts + NANOSECONDS_A_MINUTE)
    return Resume(ts, frozenset(at_its_end))
