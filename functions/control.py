"""Halts: what stands, and a person's halt or resume."""

from collections.abc import Mapping
from typing import Any, Final

import functions_framework
from flask import Request

from common.bootstrap import Application
from common.day.control import Halt, Source, level_named, read_control, resume, scope_named, set_halt, standing
from functions.request import Answer, BadRequest, NotAllowed, answered, requested_object

EXAMPLE: Final = (
    'send a JSON object such as {"action": "halt", "level": "stop", "class": "stock", "reason": "why"} or '
    '{"action": "resume", "reason": "why"}; level: stop, cancel or flatten; class: left out for all'
)


@functions_framework.http
def control(request: Request) -> Answer:
    """GET -> {"sequence", "halts", "effective", "history"}; POST, see EXAMPLE -> {"sequence"}. 403 unless local."""
    return answered(request, lambda app: _show(app) if request.method == "GET" else _change(request, app), __name__)


def _show(app: Application) -> Mapping[str, Any]:
    _check_allowed(app)
    return standing(read_control(app.store), app.clock.now().date())


def _change(request: Request, app: Application) -> Mapping[str, Any]:
    _check_allowed(app)
    body = requested_object(request, EXAMPLE)
    scope, reason = scope_named(body.get("class")), str(body.get("reason") or "")
    if body.get("action") == "resume":
        return {"sequence": resume(app.store, scope, reason, "api", app.clock)}
    if body.get("action") != "halt":
        raise BadRequest(EXAMPLE)
    halt = Halt(Source.PERSON, scope, level_named(body.get("level", "stop")), reason or "asked by API", "api")
    return {"sequence": set_halt(app.store, halt, app.clock)}


def _check_allowed(app: Application) -> None:
    if not app.settings.local:
        raise NotAllowed("control has no keys yet: it answers on the person's own machine only, where TRON_LOCAL is 1")
