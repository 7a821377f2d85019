"""Loud log records, the latest first."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def logs(request: Request) -> Response:
    """GET [?date, level, room, tag, since, limit, cursor]."""
    return respond(request, "logs", {"GET /": _logs})


def _logs(call: Call) -> Answer:
    from common.day.api.lists import records

    return records(call.app.store, call.day, call.values, call.asked)
