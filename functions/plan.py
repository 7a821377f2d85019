"""The day's plan, as the dashboard shows it."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def plan(request: Request) -> Response:
    """GET [?date] -> the plan whole, the gate behind it. 404 where there is none."""
    return respond(request, "plan", {"GET /": _plan})


def _plan(call: Call) -> Answer:
    from common.day.api.kept import plan as stored

    return stored(call.app.store, call.day, call.asked)
