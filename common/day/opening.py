"""What a workload may begin with: the plan as the readiness gate and the opening gate of 09:09 have left it."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from common.day.plan import PLANS
from common.day.readiness import Check, is_red
from common.day.stored import order_documents
from common.day.trade_ports import TradePorts
from common.market.calendar import session_on, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.opening_gate import Indication, opening_gate
from common.planning.plan import Plan
from common.ports import Conflict, Create
from common.trading.errors import BrokerUnavailable, TradingStopped

OPENINGS: Final = "openings"
"""The plan after the opening gate, by date: of whichever workload came first, for all of them and for restarts."""
WAIT_SECONDS: Final = (12.0, 12.0, 0.0)
"""After each try to read the prices: a 429 cools down in about ten seconds."""


def admit(day: date, asset_class: AssetClass, ports: TradePorts) -> None:
    """The readiness gate before a first start. Raises TradingStopped where it is red.

    A workload that has ordered already is let in whatever it says: what is open has to be looked after.
    """
    if ports.readiness is None:
        return
    found = ports.readiness(day)
    if not is_red(found):
        return
    text = "the readiness gate is red: " + "; ".join(_told(one) for one in found if one.verdict == "red")
    if not order_documents(ports.store, day, asset_class):
        raise TradingStopped(f"{text}. Nothing is traded before that; `tron doctor` shows all of it")
    ports.logs.about(date=day.isoformat(), asset_class=asset_class.value).write("CRITICAL", text)


def opened_plan(day: date, ports: TradePorts) -> Plan | None:
    """The plan after the opening gate, from 09:09 on; None where there are no pre-open prices to look at.

    Waits for its time. Where the prices cannot be read the gate knows no gap, which makes the plan smaller.
    Raises TradingStopped, StoreUnavailable.
    """
    if ports.pre_open is None or session_on(day) is None:
        return None
    stored = _stored(day, ports)
    if stored is not None:
        return stored
    planned = ports.store.get(PLANS, day.isoformat())
    if planned is None:
        raise TradingStopped(f"there is no plan for {day}: run plan_day first")
    plan = Plan.from_fields(planned.fields)
    begins = at(session_times(day, AssetClass.STOCK).steps["opening_gate"])
    wait = (begins - ports.clock.now()).total_seconds()
    if wait > 0:
        ports.clock.sleep(wait)
    indications = _indications(day, plan, ports)
    if isinstance(indications, Plan):
        return indications
    after = opening_gate(plan, indications)
    try:
        ports.store.commit([Create(OPENINGS, day.isoformat(), after.to_fields())])
    except Conflict:
        return opened_plan(day, ports)
    ports.logs.about(date=day.isoformat()).write("INFO", "the opening gate has looked at the plan", {
        "sizes": {one.asset_class.value: one.size for one in after.classes},
    })
    return after


def _indications(day: date, plan: Plan, ports: TradePorts) -> Mapping[str, Indication] | Plan:
    """The prices; the opened plan itself where another workload has stored it meanwhile.

    All workloads ask in the same moment, and the account has one quote a second: who is refused looks again.
    """
    assert ports.pre_open is not None
    symbols = {symbol for one in plan.enabled for symbol in one.universe} | {plan.opening.index_symbol} - {""}
    told = ports.logs.about(date=day.isoformat())
    why: Exception | None = None
    for wait in WAIT_SECONDS:
        try:
            found = ports.pre_open(day, sorted(symbols))
        except (BrokerUnavailable, ValueError) as failure:
            why = failure
            ports.clock.sleep(wait)
            stored = _stored(day, ports)
            if stored is not None:
                return stored
            continue
        return {
            symbol: Indication(price_paise=price, previous_close_paise=close)
            for symbol, (price, close) in found.items()
        }
    told.write("WARNING", f"pre-open prices cannot be read, the plan is made smaller: {why}")
    return {}


def _stored(day: date, ports: TradePorts) -> Plan | None:
    stored = ports.store.get(OPENINGS, day.isoformat())
    return Plan.from_fields(stored.fields) if stored is not None else None


def _told(check: Check) -> str:
    return f"{check.text}: {check.remedy}" if check.remedy else check.text
