"""The plan against its alternatives, once the day is closed."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def scorecard(request: Request) -> Response:
    """GET [?date] -> the stored document. 404 where there is none."""
    return respond(request, "scorecard", {"GET /": _scorecard})


def _scorecard(call: Call) -> Answer:
    from common.day.api.kept import scorecard as stored

    return stored(call.app.store, call.day, call.asked)
