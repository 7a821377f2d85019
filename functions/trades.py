"""Finished round trips, the latest first; the minutes behind them."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def trades(request: Request) -> Response:
    """GET [?date, class, strategy, since, limit, cursor]; GET /bars?symbol[, date]."""
    return respond(request, "trades", {"GET /": _trades, "GET /bars": _bars})


def _trades(call: Call) -> Answer:
    from common.day.api.lists import trades as page

    return page(call.app.store, call.day, call.values, call.asked)


def _bars(call: Call) -> Answer:
    from common.day.api.minutes import bars

    app, session = call.app, None
    if app.settings.recorded:
        from common.research.market import RecordedMarket

        session = RecordedMarket(app.settings.sessions)
    symbol: str = call.values["symbol"]
    return bars(app.store, app.archive, session, call.day, symbol, app.clock.now(), call.asked)
