"""08:45: from the evidence to the day's plan."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from common.bootstrap_planner import model_ports
from common.day.plan import plan_day as plan
from common.planning.plan import Plan
from functions.request import Answer, answer


@functions_framework.http
def plan_day(request: Request) -> Answer:
    """POST {"date"} -> {"date", "status"}; asked again, the same answer; REJECTED when late. 409 before prepare_day."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.day.delivery import tell
    from common.day.notices import plan_notice

    fields = plan(day, app.store, app.mandate, app.step_clock(day, "plan_day"), model_ports(app))
    tell(lambda: plan_notice(Plan.from_fields(fields)), app.notice_ports())
    return {"date": day.isoformat(), "status": fields["status"]}
