"""Profit and loss, and its curve."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def pnl(request: Request) -> Response:
    """GET [?date, class]."""
    return respond(request, "pnl", {"GET /": _pnl})


def _pnl(call: Call) -> Answer:
    from common.day.api.books import pnl as told

    return told(call.app.store, call.app.archive, call.day, call.values, call.asked)
