"""The ledger of a workload: intents at once and with the lease, everything else in one commit a minute."""

import json
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TextIO

from common.day.lease import Lease
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.ports import (
    MAX_WRITES,
    Clock,
    Conflict,
    Create,
    DocumentStore,
    Filter,
    Query,
    StoreUnavailable,
    Update,
    Write,
)
from common.trading.errors import TradingStopped
from common.trading.messages import Log
from common.trading.orders import Order, order_fields
from common.trading.risk import Verdict
from common.trading.trades import Trade, trade_fields

STORED_SEVERITIES: Final = frozenset({"WARNING", "ERROR", "CRITICAL"})


def workload_id(day: date, asset_class: AssetClass) -> str:
    """Of the workload and of its lease."""
    return f"{day.isoformat()}-{asset_class.value}"


def load_orders(store: DocumentStore, day: date, asset_class: AssetClass) -> dict[str, Mapping[str, Any]]:
    """Every order document of a workload, by tag."""
    return _load(store, "orders", day, asset_class)


def load_trades(store: DocumentStore, day: date, asset_class: AssetClass) -> dict[str, Mapping[str, Any]]:
    """Every trade document of a workload, by id."""
    return _load(store, "trades", day, asset_class)


def _load(store: DocumentStore, collection: str, day: date, asset_class: AssetClass) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    after = None
    while True:
        filters: tuple[Filter, ...] = (("date", "==", day.isoformat()), ("asset_class", "==", asset_class.value))
        page = store.query(Query(collection, filters, limit=500, after=after))
        found.update({document.id: document.fields for document in page})
        if len(page) < 500:
            return found
        after = page[-1]


class StoreLedger:
    """intend: durable before it returns. The rest waits for `flush`; recovery does without it."""

    def __init__(
        self, store: DocumentStore, lease: Lease, clock: Clock, day: date, asset_class: AssetClass,
        output: TextIO = sys.stdout,
    ) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._day = day
        self._class = asset_class
        self._output = output
        self._versions: dict[str, str] = {}
        self._dirty: dict[str, Order] = {}
        self._verdicts: dict[str, Mapping[str, Any]] = {}
        self._trades_stored = set(load_trades(store, day, asset_class))
        self._pending: list[Write] = []
        self._records = 0
        self.alarms: list[dict[str, Any]] = []

    def adopt(self, order: Order, version: str, verdict: Mapping[str, Any]) -> None:
        """An order that an earlier run of this workload stored."""
        self._versions[order.tag] = version
        self._verdicts[order.tag] = verdict
        self._dirty[order.tag] = order

    def intend(self, order: Order, verdict: Verdict) -> None:
        """Store the intent and its verdict under our lease. Raises TradingStopped: then nothing may be sent."""
        self._verdicts[order.tag] = {
            "allowed": verdict.allowed, "code": verdict.code, "numbers": dict(verdict.numbers),
        }
        self._versions[order.tag] = self._commit([Create("orders", order.tag, self._fields(order))])[0]

    def intend_change(self, order: Order) -> None:
        """Store the order as it is about to be changed. Raises TradingStopped: then nothing may be changed."""
        self._dirty[order.tag] = order
        self.flush()

    def changed(self, order: Order) -> None:
        """Remember to store the order."""
        self._dirty[order.tag] = order

    def trade(self, trade: Trade) -> None:
        """Store the round trip with the next flush, once."""
        id = f"{workload_id(self._day, self._class)}-{trade.number:04d}"
        if id in self._trades_stored:
            return
        self._trades_stored.add(id)
        fields = {"date": self._day.isoformat(), **trade_fields(trade, self._class)}
        self._pending.append(Create("trades", id, fields))

    def log(self, record: Log) -> None:
        """One JSON line to standard output at once; WARNING and above also to the store."""
        fields = {
            "time": at(record.ts).isoformat(), "severity": record.severity, "message": record.message,
            "date": self._day.isoformat(), "asset_class": self._class.value, **record.fields,
        }
        print(json.dumps(fields), file=self._output, flush=True)
        if record.severity not in STORED_SEVERITIES:
            return
        self.alarms.append(fields)
        self._records += 1
        id = f"{workload_id(self._day, self._class)}-{self._lease.epoch:03d}-{self._records:05d}"
        self._pending.append(Create("system_logs_realtime", id, fields))

    def keep_lease(self) -> None:
        """Renew the lease when half of it is gone and nothing else has renewed it."""
        if self._lease.fraction_left(self._clock.now()) < 0.5:
            self.flush()

    def flush(self, *more: Write) -> list[str]:
        """Store what has gathered, and `more`, under our lease; returns the versions of `more`."""
        writes: list[Write] = [*more]
        orders = list(self._dirty.values())
        writes += [Update("orders", o.tag, self._fields(o), self._versions[o.tag]) for o in orders]
        writes += self._pending
        self._dirty, self._pending = {}, []
        room = MAX_WRITES - 1
        versions = [v for start in range(0, len(writes) or 1, room) for v in self._commit(writes[start : start + room])]
        first = len(more)
        for order, version in zip(orders, versions[first : first + len(orders)], strict=True):
            self._versions[order.tag] = version
        return versions[:first]

    def _commit(self, writes: list[Write]) -> list[str]:
        try:
            *versions, self._lease.version = self._store.commit([*writes, self._lease.renewal(self._clock.now())])
        except Conflict as conflict:
            raise TradingStopped(
                f"the lease {self._lease.id} (epoch {self._lease.epoch}) was taken by another, or a document changed "
                f"under us: {conflict}. This process stops; its stops stay at the broker"
            ) from conflict
        except StoreUnavailable as failure:
            raise TradingStopped(
                f"the store did not answer: {failure}. This process stops; its stops stay at the broker; "
                "start the workload again when the store is back"
            ) from failure
        return versions

    def _fields(self, order: Order) -> dict[str, Any]:
        return {
            "date": self._day.isoformat(), "asset_class": self._class.value, "epoch": self._lease.epoch,
            "verdict": self._verdicts[order.tag], **order_fields(order),
        }
