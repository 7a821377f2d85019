"""06:00: the day's calls follow the dated session table: another close, a special session, a holiday."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from functions.request import Answer, answer


@functions_framework.http
def sync_schedule(request: Request) -> Answer:
    """POST {"date"} -> {"date", "said", "changed", "missing"}; asked again it changes nothing."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.bootstrap_schedule import open_schedule
    from common.day.schedule import sync

    schedule = open_schedule(app.settings)
    if schedule is None:
        return {"date": day.isoformat(), "said": "no schedule to keep: this machine reads the session table itself"}
    done = sync(day, schedule)
    logs = app.logs("functions").about(service="sync_schedule", date=day.isoformat())
    logs.write("ERROR" if done["missing"] else "INFO", f"schedule of {day}: {done['said']}", done)
    return done
