"""What the API would answer, read from this machine's store itself: for when the API is down."""

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from common.ports import StoreError
from common.settings import SettingsError


def local_read() -> Callable[[str, Mapping[str, str]], tuple[Any, datetime] | None] | None:
    """Of the run in TRON_HOME; None where there is none. It answers None for what the store alone cannot say."""
    if not os.environ.get("TRON_HOME"):
        return None
    from common.bootstrap import application

    def read(path: str, query: Mapping[str, str]) -> tuple[Any, datetime] | None:
        try:
            app = application()
            now = app.clock.now()
            day = date.fromisoformat(query["date"]) if "date" in query else now.date()
            found = _answer(app, path.strip("/"), day, query)
        except (SettingsError, StoreError, OSError, ValueError, KeyError):
            return None
        return (found, now) if found is not None else None

    return read


def _answer(app: Any, path: str, day: date, query: Mapping[str, str]) -> Any:
    from common.day.api import books, kept, lists, standing
    from common.day.api.parameters import parse
    from common.day.api.problem import Problem
    from common.day.api.routes import routes_of

    function, _, rest = path.partition("/")
    route = routes_of(function).get((f"/{rest}", "GET"))
    if route is None:
        return None
    try:
        wanted = parse(list(query.items()), route.parameters)
    except Problem:
        return None
    place = standing.Place(app.settings.stage, app.settings.broker, app.clock.now(), None)
    answers: Mapping[str, Callable[[], Any]] = {
        "workloads": lambda: books.workloads(app.store, day, wanted, ""),
        "positions": lambda: books.positions(app.store, day, wanted, ""),
        "pnl": lambda: books.pnl(app.store, app.archive, day, wanted, ""),
        "trades": lambda: lists.trades(app.store, day, wanted, ""),
        "logs": lambda: lists.records(app.store, day, wanted, ""),
        "plan": lambda: kept.plan(app.store, day, ""),
        "control": lambda: standing.control_standing(app.store, day, ""),
        "health": lambda: standing.health(app.store, lambda: app.archive, day, place),
    }
    if path not in answers:
        return None
    try:
        return answers[path]().fields
    except Problem:
        return None
