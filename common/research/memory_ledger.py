"""A ledger that keeps everything in memory, for replays."""

from common.trading.limits import Verdict
from common.trading.messages import Log
from common.trading.orders import Order
from common.trading.trades import Trade


class MemoryLedger:
    """Orders by tag with their verdicts, trades, log records."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.trades: list[Trade] = []
        self.records: list[Log] = []

    def intend(self, order: Order, verdict: Verdict) -> None:
        """Remember the order and why it was allowed."""
        self.orders[order.tag] = order
        self.verdicts[order.tag] = verdict

    def intend_change(self, order: Order) -> None:
        """Orders are kept by reference: nothing to do."""

    def may_send(self) -> bool:
        """Nobody else trades in a replay."""
        return True

    def changed(self, order: Order) -> None:
        """Orders are kept by reference: nothing to do."""

    def trade(self, trade: Trade) -> None:
        """A round trip has ended."""
        self.trades.append(trade)

    def log(self, record: Log) -> None:
        """Kept for the report."""
        self.records.append(record)


class OrderLedger(MemoryLedger):
    """Orders, trades and log records: a sweep holds many, and nobody asks it why an order was allowed."""

    def intend(self, order: Order, verdict: Verdict) -> None:  # noqa: ARG002  as every ledger is told
        """Remember the order alone."""
        self.orders[order.tag] = order
