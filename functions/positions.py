"""What is held, its stops, exposure and limits used."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def positions(request: Request) -> Response:
    """GET [?date, class]."""
    return respond(request, "positions", {"GET /": _positions})


def _positions(call: Call) -> Answer:
    from common.day.api.books import positions as held

    return held(call.app.store, call.day, call.values, call.asked)
