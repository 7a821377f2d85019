"""The closed day."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def report(request: Request) -> Response:
    """GET [?date, full=1]; GET /page [?date] -> HTML. 404 before close_day."""
    return respond(request, "report", {"GET /": _report, "GET /page": _page})


def _report(call: Call) -> Answer:
    from common.day.api.kept import report as stored

    return stored(call.app.store, call.app.archive, call.day, call.values["full"] == "1", call.asked)


def _page(call: Call) -> Answer:
    from common.day.api.kept import report_page

    return report_page(call.app.store, call.app.archive, call.day, call.asked)
