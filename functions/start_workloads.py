"""A plan was written: start one workload per enabled asset class, however often the event arrives; a late one none."""

import functions_framework

from common.bootstrap import application
from common.day.plan import PLANS
from common.day.start import start_workloads as start
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.planning.plan import Plan
from functions.firestore_event import CloudEvent, EventRefused, decode, refuse_old
from functions.request import flush_logs, function_logs


@functions_framework.cloud_event
def start_workloads(event: CloudEvent) -> None:
    """The plan's own content decides, as it is stored now: the event only says where to look."""
    try:
        written = decode(event)
        if written.collection != PLANS:
            return
        app = application()
        refuse_old(event, app.clock.now())
        stored = app.store.get(PLANS, written.id)
        if stored is not None:
            day = Plan.from_fields(stored.fields).date
            start(stored.fields, app.store, app.launcher, app.clock, app.step_clock(day, "plan_day"))
    except (EventRefused, InvalidDocument, OutsideTable) as error:
        # Acknowledged: sent again it would be as unreadable, and the sweeper starts what it should have started.
        function_logs("start_workloads").write("ERROR", f"start_workloads: {error}")
        flush_logs()
