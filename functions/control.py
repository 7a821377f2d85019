"""Halts and approvals: what stands, and a person's halt, resume, approval or rejection."""

from collections.abc import Mapping
from typing import Any, Final

import functions_framework
from flask import Request, Response

from common.day.api.answer import Answer
from common.day.api.problem import Problem
from functions.endpoint import Call, respond

EXAMPLE: Final = (
    'send a JSON object such as {"action": "halt", "level": "stop", "class": "stock", "reason": "why"}, '
    '{"action": "resume", "reason": "why"} (level: stop, cancel or flatten; class: left out for all), or '
)


@functions_framework.http
def control(request: Request) -> Response:
    """GET [?date] -> {"sequence", "halts", "effective", "history", "plan"}; POST, see EXAMPLE, for operators."""
    return respond(request, "control", {"GET /": _show, "POST /": _change})


def _show(call: Call) -> Answer:
    from common.day.api.standing import control_standing

    return control_standing(call.app.store, call.day, call.asked)


def _change(call: Call) -> Answer:
    from common.day.control import ControlRefused
    from common.planning.approval import ApprovalRefused
    from common.ports import Conflict

    try:
        return Answer(_changed(call))
    except ControlRefused as refusal:
        raise Problem("invalid-request", str(refusal)) from None
    except (ApprovalRefused, Conflict) as refusal:
        raise Problem("conflict", str(refusal)) from None


def _changed(call: Call) -> Mapping[str, Any]:
    """What came of it; the change is chained under the caller's name."""
    from common.day import approval
    from common.day.control import Halt, Source, level_named, resume, scope_named, set_halt

    body, app, by = call.body, call.app, call.caller.name
    if body.get("action") in approval.ACTIONS:
        return approval.answer_plan(call.sent_day, approval.parse_answer(body, by), app.store, app.clock, app.mandate)
    scope, reason = scope_named(body.get("class")), body.get("reason", "")
    if not isinstance(reason, str) or body.get("action") not in ("halt", "resume"):
        raise Problem("invalid-request", EXAMPLE + approval.EXAMPLE)
    if body["action"] == "resume":
        return {"sequence": resume(app.store, scope, reason, by, app.clock)}
    halt = Halt(Source.PERSON, scope, level_named(body.get("level", "stop")), reason or "asked by API", by)
    return {"sequence": set_halt(app.store, halt, app.clock)}
