"""Flattening from outside: the lease first, then patience, then the workload's own recovery with nothing but exits."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.day.broker_only import flatten_by_broker
from common.day.lease import LEASES, LeaseHeld, release
from common.day.ledger import StoreLedger
from common.day.trade import hold_lease, planned_class
from common.day.trade_ports import TradePorts, nanoseconds, stopwatch
from common.day.workload import Workload
from common.day.workloads import workload_id
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import ClassPlan
from common.ports import Clock, Conflict, Create, Launcher, StoreError
from common.trading.errors import TradingStopped

LIMIT_SECONDS: Final = 240.0
"""Of one attempt; the supervisor makes another."""
STEP_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 10.0
"""Between two looks at a store that is down, each of which may take its time-out."""


@dataclass(frozen=True, slots=True)
class OutsidePorts:
    """What watches workloads from outside. trade: as the workloads have them, but with a holder of its own.

    date_clock: the time of the date that is traded: the clock's, or on recorded sessions the table's.
    """

    trade: TradePorts
    launcher: Launcher
    date_clock: Clock


def take_over(
    day: date, asset_class: AssetClass, ports: OutsidePorts, reason: str, *, limit_seconds: float = LIMIT_SECONDS,
    loud: bool = True,
) -> str:
    """Close what a workload that does not answer has open; returns what was done, for people.

    Whoever asked through control has waited its grace. A workload that still renews its lease is alive and is left
    alone. With the store down the broker alone is the truth. loud: whether to raise an alarm, which repeated attempts
    need not.
    """
    elapsed = stopwatch(ports.trade.clock, nanoseconds(ports.date_clock))
    try:
        plan, ledger = _plan_and_lease(day, asset_class, ports.trade)
    except LeaseHeld as held:
        return f"not taken over: it keeps its lease, so it is alive ({held})"
    except TradingStopped as stopped:
        return f"not taken over: {stopped}"
    except StoreError:
        return while_the_store_is_down(day, asset_class, ports.trade, limit_seconds)
    try:
        _wait_out(ledger, ports.trade)
        with closing(Workload(day, plan, ports.trade, ledger, flatten=reason)) as workload:
            try:
                workload.open()
            except StoreError:  # nothing has been sent yet: the broker's books alone can tell what to close
                return while_the_store_is_down(day, asset_class, ports.trade, limit_seconds)
            text = f"taken over, epoch {ledger.lease.epoch}, to close everything: {reason}"
            ledger.say("CRITICAL" if loud else "INFO", text)
            _until_flat(workload, ports.trade, elapsed, limit_seconds)
            summary = workload.finish()
        left = f"{summary['open_positions']} positions are still open" if not workload.flat else "flat"
        return f"taken over, {left}"
    except TradingStopped as stopped:
        return f"the take-over stopped: {stopped}"
    except Exception as error:  # said as loudly as the rest, and tried again the next minute
        text = f"the take-over failed: {type(error).__name__}: {error}"
        ledger.say("CRITICAL" if loud else "INFO", text)
        ledger.flush()
        return text
    finally:
        release(ports.trade.store, ledger.lease, ports.trade.clock.now())


def take_over_by_broker(day: date, asset_class: AssetClass, ports: TradePorts) -> str:
    """The person's last resort: close by the broker's books alone, whatever the store says; what was done, for people.

    Where the store answers the lease is taken first, so that no workload sends meanwhile.
    """
    try:
        ledger = hold_lease(day, asset_class, ports)
    except LeaseHeld as held:
        return f"not done: it keeps its lease, so it is alive; halt it, or end its process first ({held})"
    except StoreError:
        return while_the_store_is_down(day, asset_class, ports, LIMIT_SECONDS)
    try:
        return flatten_by_broker(day, asset_class, ports, each_second=ledger.keep_lease)
    except TradingStopped as stopped:
        return f"stopped: {stopped}"
    finally:
        release(ports.store, ledger.lease, ports.clock.now())


def _plan_and_lease(day: date, asset_class: AssetClass, ports: TradePorts) -> tuple[ClassPlan, StoreLedger]:
    """A store that is only hesitating is asked again after a lease's life: by then none that was held is valid."""
    try:
        return planned_class(ports.store, day, asset_class), hold_lease(day, asset_class, ports)
    except StoreError:
        ports.clock.sleep(ports.lease_ttl_seconds)
        return planned_class(ports.store, day, asset_class), hold_lease(day, asset_class, ports)


def while_the_store_is_down(
    day: date, asset_class: AssetClass, ports: TradePorts, limit_seconds: float = LIMIT_SECONDS,
) -> str:
    """By the broker's books, and no longer than that: when the store is back a workload may carry on beside us."""
    looked = ports.clock.monotonic()

    def look() -> None:
        nonlocal looked
        if ports.clock.monotonic() - looked < LOOK_SECONDS:
            return
        looked = ports.clock.monotonic()
        try:
            lease = ports.store.get(LEASES, workload_id(day, asset_class))
            if lease is None:
                return
            # A store may still read and write nothing: a write that cannot happen tells which. Who cannot renew
            # his lease does not carry on.
            ports.store.commit([Create(LEASES, lease.id, lease.fields)])
        except Conflict:
            pass
        except StoreError:
            return
        raise TradingStopped("the store answers again: what is still open is asked for and taken over through it")

    try:
        return flatten_by_broker(day, asset_class, ports, limit_seconds=limit_seconds, each_second=look)
    except TradingStopped as stopped:
        return f"stopped: {stopped}"


def _wait_out(ledger: StoreLedger, ports: TradePorts) -> None:
    """Until whatever the last holder has sent has arrived, and the broker's book shows it."""
    until = ports.clock.monotonic() + ports.send_timeout_seconds + ports.pace.patience_seconds
    while ports.clock.monotonic() < until:
        ports.clock.sleep(STEP_SECONDS)
        ledger.keep_lease()


def _until_flat(workload: Workload, ports: TradePorts, elapsed: Callable[[], int], limit_seconds: float) -> None:
    until = ports.clock.monotonic() + limit_seconds
    while True:
        ts = elapsed()
        busy = [slot.symbol for slot in workload.session.slots.values() if slot.busy or slot.quantity]
        for quote in ports.market.quotes(busy, at(ts)) if busy else ():
            workload.take(quote)
        workload.pass_time(ts)
        if workload.flat or ports.clock.monotonic() >= until:
            return
        ports.clock.sleep(STEP_SECONDS)
