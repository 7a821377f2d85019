"""08:45: from the evidence to the day's plan."""

from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import application
from common.day.plan import NoEvidence
from common.day.plan import plan_day as plan
from functions.request import BadRequest, requested_day


@functions_framework.http
def plan_day(request: Request) -> tuple[dict[str, Any], int]:
    """POST {"date"} -> {"date", "status"}; asked again, the same answer. 409 before prepare_day."""
    app = application()
    try:
        day = requested_day(request.get_json(silent=True), app.clock)
        fields = plan(day, app.store, app.mandate)
    except BadRequest as error:
        return {"error": str(error)}, 400
    except NoEvidence as error:
        return {"error": str(error)}, 409
    return {"date": day.isoformat(), "status": fields["status"]}, 200
