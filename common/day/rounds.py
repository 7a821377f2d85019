"""With the supervisor's look of each minute: positions and stops at their two times, and what waits to be told."""

from datetime import date, datetime, timedelta
from typing import Final

from common.day.delivery import NoticePorts, deliver, deliver_waiting, say_undelivered
from common.day.notices import positions_notice
from common.day.plan import PLANS
from common.day.workloads import WORKLOADS, workload_id
from common.market.calendar import MarketClosed, session_times
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.plan import Plan

TIMES: Final = ("positions_first", "positions_last")
LATEST: Final = timedelta(minutes=10)
"""After its time: a report that comes later would be read as news."""


def tell_round(day: date, now: datetime, ports: NoticePorts) -> None:
    """now: of the day that is traded (aware). The first failure ends it, as a log line."""
    try:
        name = due(day, now)
        if name:
            _tell_positions(day, name, ports)
        deliver_waiting(day, ports)
    except Exception as error:  # telling must not fail the look after the workloads
        say_undelivered(error, ports.logs)


def due(day: date, now: datetime) -> str:
    """The step of the day's table whose report is due, '' for none."""
    try:
        steps = session_times(day, AssetClass.STOCK).steps
    except MarketClosed:
        return ""
    return next((name for name in TIMES if at(steps[name]) <= now < at(steps[name]) + LATEST), "")


def _tell_positions(day: date, name: str, ports: NoticePorts) -> None:
    document = ports.store.get(PLANS, day.isoformat())
    plan = Plan.from_fields(document.fields) if document is not None else None
    if plan is None or plan.refusal:
        return
    workloads = {}
    for one in plan.enabled:
        found = ports.store.get(WORKLOADS, workload_id(day, one.asset_class))
        workloads[one.asset_class.value] = found.fields if found is not None else None
    time = at(session_times(day, AssetClass.STOCK).steps[name])
    deliver(positions_notice(day, name.replace("_", "-"), f"{time:%H:%M}", workloads), ports)
