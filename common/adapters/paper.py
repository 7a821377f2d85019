"""The paper broker: the simulated exchange with a journal of its own, so that a killed workload finds its orders."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, TypeVar

from common.adapters.journals import FileJournal, Journal, whole_lines
from common.exchange.protection import AUTOMATIC
from common.exchange.resting import RestingOrder, resting_fields, resting_from_fields, update_of
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.money import Paise
from common.ports import Resume
from common.trading.errors import BrokerUnavailable, OrderUnknown
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate

Answer = TypeVar("Answer")


class PaperBroker:
    """Broker over an Exchange. The journal has one JSON line a change, an order whole; the last line of an id counts.

    A line is kept before the caller hears of what it says: while the journal does not take it, requests have an unknown
    outcome, news waits, and reads raise BrokerUnavailable. Halts and price bands are not kept: who feeds the market
    says them again. journal: a Path is a file of this machine.
    """

    lossy: Final = False
    """Within the process no news is lost."""

    def __init__(self, exchange: Exchange, journal: Path | Journal) -> None:
        self._exchange = exchange
        self._journal: Journal = FileJournal(journal) if isinstance(journal, Path) else journal
        exchange.restore(_orders(self._journal.read()))
        self.resume = _resume(exchange.book.values())
        self._written = 0
        self._waiting: list[OrderUpdate] = []

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
        self._waiting += self._exchange.drain()
        try:
            self._save(telling=True)
        except BrokerUnavailable:
            return []
        updates, self._waiting, self._written = self._waiting, [], 0
        return updates

    def place(self, order: Order) -> str:
        """Take a new order; returns its id. Raises OrderRejected, OrderUnknown."""
        return self._kept(lambda: self._exchange.place(order))

    def foreign_order(
        self, symbol: str, side: int, quantity: int, ts: int, price: Paise = 0, trigger: Paise = 0,
        protection: float = AUTOMATIC,
    ) -> str:
        """The person's or the broker's own order, as `Exchange.foreign_order` has it.

        Raises OrderRejected, OrderUnknown.
        """
        return self._kept(
            lambda: self._exchange.foreign_order(symbol, side, quantity, ts, price, trigger, protection)
        )

    def broker_square_off(self, ts: int) -> list[str]:
        """The risk desk cancels and exits everything; returns the ids of its orders."""
        return self._kept(lambda: self._exchange.broker_square_off(ts))

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        """Change a working order. Raises OrderRejected, OrderUnknown."""
        self._kept(lambda: self._exchange.modify(tag, ts, kind, quantity, price, trigger))

    def cancel(self, tag: OrderTag, ts: int) -> None:
        """Take the rest of a working order from the book. Raises OrderRejected, OrderUnknown."""
        self._kept(lambda: self._exchange.cancel(tag, ts))

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
        self._journal.close()

    def _kept(self, request: Callable[[], Answer]) -> Answer:
        answer = request()
        try:
            self._save()
        except BrokerUnavailable as failure:
            raise OrderUnknown(str(failure)) from failure
        return answer

    def _save(self, *, telling: bool = False) -> None:
        """Write what changed: orders of which there is news that is not written yet, and those that moved silently.

        telling: only what is about to be told. Where that is nothing, only places in queues have moved: they must
        outlive the process, and need not wait for the disk.
        """
        books = self._exchange.books
        pending = [*self._waiting, *books.updates] if books.updates else self._waiting
        fresh = pending[self._written :]
        keys = {update.tag or update.broker_id for update in fresh} | books.moved
        if keys:
            changed = sorted((books.orders[key] for key in keys), key=lambda order: order.id)
            lines = "".join(json.dumps(resting_fields(order)) + "\n" for order in changed)
            self._journal.append(lines, durable=bool(fresh) or not telling)
            books.moved.clear()
        self._written = len(pending)


def read_book(journal: Path | Journal) -> list[OrderUpdate]:
    """The order book that a journal tells, for who only compares: nothing is opened, cut or written."""
    lines = whole_lines(journal) if isinstance(journal, Path) else journal.read()
    return [update_of(order, order.since) for order in _orders(lines)]


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
