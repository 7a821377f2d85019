"""The ledger of a workload: intents at once and with the lease, everything else in one commit now and then."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final

from common.day.chain import AUDIT, OrderChain
from common.day.lease import Lease
from common.day.leased_store import LeasedStore
from common.day.stored import order_documents, trade_documents
from common.day.trade_ports import nanoseconds
from common.day.workloads import WORKLOADS, workload_id
from common.log_record import STORED, TRADE
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.money import rupees_text
from common.ports import (
    MAX_WRITES,
    Clock,
    Create,
    Document,
    DocumentStore,
    Fields,
    Logs,
    StoreUnavailable,
    Update,
    Write,
)
from common.trading.errors import IntentRefused, TradingStopped
from common.trading.limits import Verdict
from common.trading.messages import Log
from common.trading.orders import Order, OrderTag, Purpose, order_fields
from common.trading.trades import Trade, trade_fields

RETRY_SECONDS: Final = 1.0
"""Between two attempts at a store that does not answer: an exit must not wait for its time-out each time."""
MAX_ALARMS: Final = 20
OUTAGE_SECONDS: Final = 10.0
"""A store that does not answer for so long is an outage, and an alarm; one commit without an answer is a warning."""
_WHILE_DOWN: Final = "Entries stop; exits go on while the lease lasts; what cannot be stored is kept"
_TOLD_OF_A_TRADE: Final = (
    "strategy", "symbol", "side", "quantity", "entry_time", "exit_time", "exit_reason", "gross_paise",
    "charges_paise", "net_paise",
)
_COUNTED: Final = ("symbol", "side", "quantity", "gross_paise", "charges_paise")
"""Of a trade, what the fills say; stop and reasons of one that was closed are not known to a process after it."""


class StoreLedger:
    """intend: durable before it returns. The rest waits for `flush`; recovery does without it.

    While the store is down nothing is lost: orders, trades and records are kept and written when it is back; entries
    are refused, exits go out as long as the lease lasts. send_timeout_seconds: of a request to the broker.
    """

    def __init__(
        self, store: DocumentStore, lease: Lease, clock: Clock, day: date, asset_class: AssetClass, logs: Logs, *,
        send_timeout_seconds: float = 0.0,
    ) -> None:
        self.lease = lease
        self.alarms: list[dict[str, Any]] = []
        self._leased = LeasedStore(store, lease, clock)
        self._clock = clock
        self._day = day
        self._class = asset_class
        self._logs = logs.about(date=day.isoformat(), asset_class=asset_class.value)
        self._send_timeout = send_timeout_seconds
        self._versions: dict[OrderTag, str] = {}
        self._dirty: dict[OrderTag, Order] = {}
        self._verdicts: dict[OrderTag, Mapping[str, Any]] = {}
        self._chain = OrderChain(order_documents(store, day, asset_class))
        trades = trade_documents(store, day, asset_class)
        self._trades: dict[str, Fields] = {one.id: one.fields for one in trades}
        self._trade_versions = {one.id: one.version for one in trades}
        self._pending: dict[tuple[str, str], Create | Update] = {}
        self._state: Fields | None = None
        self._state_version = ""
        self._failed_at: float | None = None
        self._down_since = 0.0
        self._ran_out = self._said_down = False
        self._outages = 0

    @property
    def dropped(self) -> int:
        """Log records that some destination did not get."""
        return self._logs.dropped

    @property
    def down(self) -> bool:
        """Whether the store did not answer when it was last asked."""
        return self._failed_at is not None

    def adopt(self, order: Order, version: str, verdict: Mapping[str, Any]) -> None:
        """An order that an earlier run of this workload stored; version '' for one that only the broker knows."""
        if version:
            self._versions[order.tag] = version
        self._verdicts[order.tag] = verdict
        self._dirty[order.tag] = order

    def intend(self, order: Order, verdict: Verdict) -> None:
        """Store the intent and its verdict under our lease, with all that has gathered: a restart begins from there.

        Raises TradingStopped, IntentRefused: then send nothing. An exit that cannot be stored while the lease is ours
        may be sent all the same: it is stored later.
        """
        if order.tag in self._verdicts:
            raise TradingStopped(f"the tag {order.tag} is taken: a second order could be sent under it")
        self._verdicts[order.tag] = {
            "allowed": verdict.allowed, "code": verdict.code, "numbers": dict(verdict.numbers),
        }
        self._dirty[order.tag] = order
        try:
            self._write_gathered()
        except StoreUnavailable as failure:
            if order.purpose is Purpose.ENTRY or not self._lease_lasts():
                raise IntentRefused(f"the store is down: {failure}") from failure

    def intend_change(self, order: Order) -> None:
        """Store the order as it is about to be changed, unless the store is down. Raises TradingStopped."""
        self._dirty[order.tag] = order
        self.flush()

    def may_send(self) -> bool:
        """Whether a request sent now ends while the lease is still ours. Raises TradingStopped."""
        if not self._lease_lasts():
            self.flush()  # a process that was paused asks who holds it now
        return self._lease_lasts()

    def changed(self, order: Order) -> None:
        """Remember to store the order."""
        self._dirty[order.tag] = order

    def trade(self, trade: Trade) -> None:
        """Store the round trip with the next flush, once; after a restart it becomes what the fills say by then."""
        id = f"{workload_id(self._day, self._class)}-{trade.number:04d}"
        fields = {"date": self._day.isoformat(), **trade_fields(trade, self._class)}
        before, self._trades[id] = self._trades.get(id), fields
        if before is not None and all(before[name] == fields[name] for name in _COUNTED):
            return
        version = self._trade_versions.get(id)
        write = Create("trades", id, fields) if version is None else Update("trades", id, fields, version)
        self._pending["trades", id] = write
        text = f"{trade.symbol}: {trade.quantity} traded, net {rupees_text(trade.net)} rupees"
        if before is not None:
            self.say("WARNING", f"counted again: {text}, and not {rupees_text(before['net_paise'])}")
            return
        told = {name: fields[name] for name in _TOLD_OF_A_TRADE}
        self._logs.write("INFO", text, {"category": TRADE, "number": trade.number, **told}, trade.exit_ts)

    def log(self, record: Log) -> None:
        """A record of the session's; WARNING and above also join the alarms of the summary."""
        self._record(record.severity, record.message, record.fields, record.ts)

    def say(self, severity: str, message: str) -> None:
        """A record of the workload's own, by its clock."""
        self._record(severity, message, {}, nanoseconds(self._clock))

    def keep_lease(self) -> None:
        """Renew the lease when half of it is gone; while the store is down, try whether it is back."""
        if self.down or self.lease.left(self._clock) < self.lease.ttl_seconds / 2:
            self.flush()
        if self.down and not self._lease_lasts() and not self._ran_out:
            self._ran_out = True
            self.say(
                "CRITICAL", "the lease ran out while the store is down: nothing more is sent until it is back. Stops "
                "rest at the broker; `tron flatten --broker-only` closes what is open",
            )

    def claim(self, document: Document) -> None:
        """Keep this workload document from now on."""
        self._state_version = document.version

    def report(self, fields: Fields) -> bool:
        """Store how the workload stands, with all that has gathered; False where it has to wait."""
        self._state = {**fields, **self._leased.kept}
        return self.flush()

    def flush(self) -> bool:
        """Store what has gathered, under our lease; False where the store does not answer. Raises TradingStopped."""
        try:
            self._write_gathered()
        except StoreUnavailable:
            return False
        return True

    def _write_gathered(self) -> None:
        writes = self._gathered()
        while True:
            part = list(islice(writes, MAX_WRITES - 1))
            for write, version in zip(part, self._commit(part), strict=True):
                self._stored(write, version)
            if len(part) < MAX_WRITES - 1:
                return

    def _gathered(self) -> Iterator[Create | Update]:
        head = self._chain.head
        for order in list(self._dirty.values()):
            tag, version = order.tag, self._versions.get(order.tag)
            fields, head = self._chain.extended(head, tag, self._fields(order))
            yield Create("orders", tag, fields) if version is None else Update("orders", tag, fields, version)
        yield from list(self._pending.values())
        if self._state is not None:  # last: the head that it names is stored by then
            state = {**self._state, AUDIT: head.to_fields()}
            yield Update(WORKLOADS, workload_id(self._day, self._class), state, self._state_version)

    def _stored(self, write: Create | Update, version: str) -> None:
        if write.collection == WORKLOADS:
            self._state, self._state_version = None, version
        elif write.collection == "orders":
            tag = OrderTag(write.id)
            self._versions[tag] = version
            self._dirty.pop(tag, None)
            self._chain.stored(tag, write.fields)
        else:
            self._pending.pop((write.collection, write.id), None)
            self._trade_versions[write.id] = version

    def _commit(self, writes: Sequence[Write]) -> list[str]:
        now = self._clock.monotonic()
        if self._failed_at is not None and 0 <= now - self._failed_at < RETRY_SECONDS:
            raise StoreUnavailable(f"the store did not answer {now - self._failed_at:.1f} s ago")
        try:
            versions = self._leased.commit(writes)
        except StoreUnavailable as failure:
            self._went_down(failure)
            raise
        self._came_back()
        return versions

    def _went_down(self, failure: StoreUnavailable) -> None:
        was_down, self._failed_at = self.down, self._clock.monotonic()
        if not was_down:
            self._down_since, self._said_down = self._failed_at, False
            self.say("WARNING", f"the store is down: {failure}. {_WHILE_DOWN}")
        seconds = self._failed_at - self._down_since
        if seconds >= OUTAGE_SECONDS and not self._said_down:
            self._said_down = True
            self._outages += 1
            if self._outages & (self._outages - 1) == 0:
                self.say("CRITICAL", f"the store is down for {seconds:.0f} s: {failure}. {_WHILE_DOWN}")

    def _came_back(self) -> None:
        if self.down:
            self._failed_at, self._ran_out = None, False
            self.say("WARNING", f"the store is back after {self._clock.monotonic() - self._down_since:.0f} s")

    def _lease_lasts(self) -> bool:
        return self.lease.left(self._clock) > self._send_timeout

    def _record(self, severity: str, message: str, more: Mapping[str, Any], ts: int) -> None:
        once = f"{self._day.isoformat()}-{self._class.value}-{more['once']}" if "once" in more else ""
        self._logs.write(severity, message, more, ts, id=once)
        if severity in STORED:
            self.alarms = [*self.alarms[1 - MAX_ALARMS :], {
                "time": at(ts).isoformat(), "severity": severity, "message": message, "date": self._day.isoformat(),
                "asset_class": self._class.value, **more,
            }]

    def _fields(self, order: Order) -> dict[str, Any]:
        return {
            "date": self._day.isoformat(), "asset_class": self._class.value, "epoch": self.lease.epoch,
            "verdict": self._verdicts[order.tag], **order_fields(order),
        }
