"""One workload's day, over a recorded feed or a live one: lease, workload, minutes, end."""

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import Any

from common.day.equity import equity_name
from common.day.lease import acquire, release
from common.day.ledger import StoreLedger
from common.day.live import trade_live
from common.day.live_market import Recorder
from common.day.opening import admit, opened_plan
from common.day.plan import PLANS
from common.day.trade_ports import TradePorts
from common.day.workload import Workload
from common.day.workloads import WORKLOADS, State, workload_fields, workload_id
from common.market.instrument import AssetClass
from common.planning.plan import ClassPlan, Plan
from common.ports import DocumentStore, StoreUnavailable, Update
from common.research.workload import trade_minutes
from common.trading.errors import TradingStopped

__all__ = ["TradePorts", "class_plan", "equity_name", "hold_lease", "planned_class", "trade"]


def trade(day: date, asset_class: AssetClass, ports: TradePorts) -> Mapping[str, Any]:
    """Trade `asset_class` on `day` to its end; returns the summary. Raises TradingStopped, LookupError.

    {} where the opening gate has left nothing of it to trade.
    """
    try:
        plan = _admitted(day, asset_class, ports)
        if plan is None:
            return {}
        ledger = hold_lease(day, asset_class, ports)
        try:
            with closing(Workload(day, plan, ports, ledger)) as workload:
                workload.open()
                if ports.live is not None:
                    trade_live(workload, ports.live, ports.clock, ports.logs, _recorder(workload, asset_class, ports))
                else:
                    feed = ports.market.feed(day, workload.symbols)
                    trade_minutes(workload, feed, lambda _: workload.keep_lease(), workload.resume)
                return workload.finish()
        finally:
            release(ports.store, ledger.lease, ports.clock.now())
    except StoreUnavailable as failure:
        raise TradingStopped(
            f"the store does not answer: {failure}. Nothing is traded without it; start the workload again"
        ) from failure


def _admitted(day: date, asset_class: AssetClass, ports: TradePorts) -> ClassPlan | None:
    """What is left to trade after the gates; None for nothing, and then the workload has ended."""
    plan = class_plan(ports.store, day, asset_class)
    _check_mode(day, ports)
    admit(day, asset_class, ports)
    opened = opened_plan(day, ports)
    if opened is None:
        return plan
    left = opened.of(asset_class)
    if left is not None and left.enabled:
        return left
    document = ports.store.get(WORKLOADS, workload_id(day, asset_class))
    if document is not None:
        fields = workload_fields(document.fields, State.DONE, ports.clock.now(), None, document.fields["summary"])
        ports.store.commit([Update(WORKLOADS, document.id, fields, document.version)])
    told = ports.logs.about(date=day.isoformat(), asset_class=asset_class.value)
    told.write("WARNING", f"{asset_class.value}: the opening gate leaves nothing to trade today")
    return None


def _check_mode(day: date, ports: TradePorts) -> None:
    """Raises TradingStopped for a plan of one kind where orders would be of the other."""
    mode = _stored_plan(ports.store, day).mode
    if mode == "paper" and ports.real_money:
        raise TradingStopped(
            f"the plan for {day} is for paper trading, and TRON_BROKER=kite would send real orders: nothing is traded"
        )
    if mode == "live" and ports.readiness is None:
        raise TradingStopped(f"the plan for {day} is for live trading, and there is no account here: set TRON_BROKER")


def _recorder(workload: Workload, asset_class: AssetClass, ports: TradePorts) -> Recorder | None:
    """None where nothing is recorded, or nothing can be: that does not stop a day."""
    if ports.open_recorder is None:
        return None
    try:
        return ports.open_recorder(workload.day, asset_class, workload.symbols)
    except Exception as failure:  # archive, broker, dump: whatever it is, trading comes first
        told = ports.logs.about(date=workload.day.isoformat(), asset_class=asset_class.value)
        told.write("WARNING", f"the market is not recorded: {type(failure).__name__}: {failure}")
        return None


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
    """What may be traded of one asset class. Raises TradingStopped, StoreUnavailable."""
    refusal = _stored_plan(store, day).refusal
    if refusal:
        raise TradingStopped(refusal)
    return planned_class(store, day, asset_class)


def planned_class(store: DocumentStore, day: date, asset_class: AssetClass) -> ClassPlan:
    """What was planned, also where it may not be entered (any more). Raises TradingStopped, StoreUnavailable."""
    chosen = _stored_plan(store, day).of(asset_class)
    if chosen is None or not chosen.enabled:
        raise TradingStopped(f"the plan for {day} does not trade {asset_class.value}")
    return chosen


def _stored_plan(store: DocumentStore, day: date) -> Plan:
    document = store.get(PLANS, day.isoformat())
    if document is None:
        raise TradingStopped(f"there is no plan for {day}: run plan_day first")
    return Plan.from_fields(document.fields)
