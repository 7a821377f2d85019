"""Halts and approvals: what stands, and a person's halt, resume, approval or rejection."""

from collections.abc import Mapping
from typing import Any, Final

import functions_framework
from flask import Request

from common.bootstrap import Application
from common.day import approval
from common.day.control import Halt, Source, level_named, read_control, resume, scope_named, set_halt, standing
from functions.request import Answer, BadRequest, NotAllowed, answered, date_named, requested_object

EXAMPLE: Final = (
    'send a JSON object such as {"action": "halt", "level": "stop", "class": "stock", "reason": "why"}, '
    '{"action": "resume", "reason": "why"} (level: stop, cancel or flatten; class: left out for all), or '
    + approval.EXAMPLE
)
BY: Final = "api"


@functions_framework.http
def control(request: Request) -> Answer:
    """GET [?date=] -> {"sequence", "halts", "effective", "history", "plan"}; POST, see EXAMPLE. 403 unless local."""
    return answered(request, lambda app: (_show if request.method == "GET" else _change)(request, app), __name__)


def _show(request: Request, app: Application) -> Mapping[str, Any]:
    _check_allowed(app)
    day = date_named(request.args.get("date"), app.clock)
    return {**standing(read_control(app.store), day), "plan": approval.plan_shown(day, app.store)}


def _change(request: Request, app: Application) -> Mapping[str, Any]:
    _check_allowed(app)
    body = requested_object(request, EXAMPLE)
    if body.get("action") in approval.ACTIONS:
        day = date_named(body.get("date"), app.clock)
        return approval.answer_plan(day, approval.parse_answer(body, BY), app.store, app.clock, app.mandate)
    scope, reason = scope_named(body.get("class")), str(body.get("reason") or "")
    if body.get("action") == "resume":
        return {"sequence": resume(app.store, scope, reason, BY, app.clock)}
    if body.get("action") != "halt":
        raise BadRequest(EXAMPLE)
    halt = Halt(Source.PERSON, scope, level_named(body.get("level", "stop")), reason or "asked by API", BY)
    return {"sequence": set_halt(app.store, halt, app.clock)}


def _check_allowed(app: Application) -> None:
    if not app.settings.local:
        raise NotAllowed("control has no keys yet: it answers on the person's own machine only, where TRON_LOCAL is 1")
