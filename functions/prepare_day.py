"""08:30: today's instruments, the gate, and the evidence of the day's plan."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from common.bootstrap_planner import open_feeds
from common.day.prepare import prepare_day as prepare
from functions.request import Answer, answer


@functions_framework.http
def prepare_day(request: Request) -> Answer:
    """POST {"date"} -> {"date", "gate", "hash"}; asked again, the same answer."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    sessions = app.settings.history_sessions
    look = (lambda: app.account.look(day)) if app.settings.on_kite else None
    lists = app.account.lists if app.settings.lists_url else None
    now, feeds = app.step_clock(day, "prepare_day").now(), open_feeds(app)
    evidence = prepare(day, app.store, app.archive, app.market, app.mandate, sessions, look, lists, feeds, now)
    return {"date": day.isoformat(), "gate": evidence["gate"]["verdict"], "hash": evidence["hash"]}
