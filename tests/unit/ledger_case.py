"""A ledger on the real embedded store, its orders and trades, for tests."""

from datetime import datetime
from typing import Any, Final

from common.adapters.clock import INDIA, VirtualClock
from common.day.lease import acquire
from common.day.ledger import StoreLedger
from common.day.workloads import launched_fields
from common.market.instrument import AssetClass
from common.ports import Create, Document, DocumentStore
from common.trading.book import order_tag
from common.trading.charges import NO_CHARGES
from common.trading.limits import Verdict
from common.trading.orders import Kind, Order, Purpose
from common.trading.trades import Trade
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY, minute

ID: Final = f"{DAY}-stock"
ALLOW: Final = Verdict(True, "allow", {"need": 5.0})
LAUNCHED: Final[dict[str, Any]] = launched_fields(DAY, AssetClass.STOCK, datetime(2025, 8, 29, 8, 50, tzinfo=INDIA))


def ledger(
    store: DocumentStore, clock: VirtualClock, holder: str = "one", send_timeout: float = 2.0,
    logs: KeptLogs | None = None,
) -> StoreLedger:
    """Under a lease of ten seconds, taken by `holder`."""
    lease = acquire(store, ID, holder, clock, ttl_seconds=10, wait_seconds=60)
    return StoreLedger(
        store, lease, clock, DAY, AssetClass.STOCK, logs or KeptLogs(), send_timeout_seconds=send_timeout,
    )


def order(number: int = 1, purpose: Purpose = Purpose.ENTRY) -> Order:
    """The n-th of the day."""
    tag = order_tag(AssetClass.STOCK, DAY, number, purpose)
    return Order(tag, number, "AAA", 1, 10, Kind.LIMIT, 100_00, 0, purpose, minute(1), "s", "why", {"n": 1})


def workload(store: DocumentStore) -> Document:
    """Launched once, if it is not there yet."""
    found = store.get("workloads", ID)
    if found is None:
        store.commit([Create("workloads", ID, LAUNCHED)])
        return workload(store)
    return found


def trade(number: int = 1) -> Trade:
    """The n-th round trip."""
    return Trade(number, "s", "AAA", 1, 10, minute(1), 1.0, "", minute(2), 2.0, "", 0, 0, 10, NO_CHARGES, {})
