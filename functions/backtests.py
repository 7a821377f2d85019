"""Results of backtests that are kept here."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def backtests(request: Request) -> Response:
    """GET [?date] -> the list; GET /result?name; GET /page?name -> HTML."""
    return respond(request, "backtests", {"GET /": _list, "GET /result": _result, "GET /page": _page})


def _list(call: Call) -> Answer:
    from common.day.api.kept import backtests as listed

    return listed(call.app.settings.backtests, call.app.archive, call.day, call.asked)


def _result(call: Call) -> Answer:
    from common.day.api.kept import backtest

    return backtest(call.app.settings.backtests, call.app.archive, call.day, call.values["name"], call.asked)


def _page(call: Call) -> Answer:
    from common.day.api.kept import backtest_page

    return backtest_page(call.app.settings.backtests, call.app.archive, call.day, call.values["name"], call.asked)
