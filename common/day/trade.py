"""One workload's day over a recorded feed: lease, workload, minutes, end."""

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import Any

from common.day.equity import equity_name
from common.day.lease import acquire, release
from common.day.ledger import StoreLedger
from common.day.plan import PLANS
from common.day.trade_ports import TradePorts
from common.day.workload import Workload
from common.day.workloads import workload_id
from common.market.instrument import AssetClass
from common.planning.plan import ClassPlan, Plan
from common.ports import DocumentStore, StoreUnavailable
from common.research.workload import trade_minutes
from common.trading.errors import TradingStopped

__all__ = ["TradePorts", "class_plan", "equity_name", "hold_lease", "trade"]


def trade(day: date, asset_class: AssetClass, ports: TradePorts) -> Mapping[str, Any]:
    """Trade `asset_class` on `day` to its end; returns the summary. Raises TradingStopped, LookupError."""
    try:
        plan = class_plan(ports.store, day, asset_class)
        ledger = hold_lease(day, asset_class, ports)
        try:
            with closing(Workload(day, plan, ports, ledger)) as workload:
                workload.open()
                feed = ports.market.feed(day, workload.symbols)
                trade_minutes(workload, feed, lambda _: workload.keep_lease(), workload.resume)
                return workload.finish()
        finally:
            release(ports.store, ledger.lease, ports.clock.now())
    except StoreUnavailable as failure:
        raise TradingStopped(
            f"the store does not answer: {failure}. Nothing is traded without it; start the workload again"
        ) from failure


def hold_lease(day: date, asset_class: AssetClass, ports: TradePorts) -> StoreLedger:
    """The ledger of whoever holds the lease from now on. Raises LeaseHeld, StoreUnavailable."""
    lease = acquire(
        ports.store, workload_id(day, asset_class), ports.holder, ports.clock,
        ttl_seconds=ports.lease_ttl_seconds, wait_seconds=2 * ports.lease_ttl_seconds,
    )
    return StoreLedger(
        ports.store, lease, ports.clock, day, asset_class, ports.logs, send_timeout_seconds=ports.send_timeout_seconds,
    )


def class_plan(store: DocumentStore, day: date, asset_class: AssetClass) -> ClassPlan:
    """What the day's plan says of one asset class. Raises TradingStopped, StoreUnavailable."""
    document = store.get(PLANS, day.isoformat())
    if document is None:
        raise TradingStopped(f"there is no plan for {day}: run plan_day first")
    plan = Plan.from_fields(document.fields)
    if plan.refusal:
        raise TradingStopped(plan.refusal)
    chosen = plan.of(asset_class)
    if chosen is None or not chosen.enabled:
        raise TradingStopped(f"the plan for {day} does not trade {asset_class.value}")
    return chosen
