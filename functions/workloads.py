"""State, heartbeat and summary of each workload."""

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from functions.endpoint import Call, respond


@functions_framework.http
def workloads(request: Request) -> Response:
    """GET [?date, leases=1] -> at most one an asset class."""
    return respond(request, "workloads", {"GET /": _workloads})


def _workloads(call: Call) -> Answer:
    from common.day.api.books import workloads as told

    return told(call.app.store, call.day, call.values, call.asked)
