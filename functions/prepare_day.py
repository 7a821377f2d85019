"""08:30: today's instruments, the gate, and the evidence of the day's plan."""

from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import application
from common.day.prepare import prepare_day as prepare
from functions.request import BadRequest, requested_day


@functions_framework.http
def prepare_day(request: Request) -> tuple[dict[str, Any], int]:
    """POST {"date"} -> {"date", "gate", "hash"}; asked again, the same answer."""
    app = application()
    try:
        day = requested_day(request.get_json(silent=True), app.clock)
    except BadRequest as error:
        return {"error": str(error)}, 400
    settings = app.settings
    evidence = prepare(day, app.store, app.archive, app.market, app.mandate, settings.history_sessions)
    return {"date": day.isoformat(), "gate": evidence["gate"]["verdict"], "hash": evidence["hash"]}, 200
