"""08:00: the person gets the link of the day's login at the broker."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from functions.request import Answer, answer


@functions_framework.http
def remind_login(request: Request) -> Answer:
    """POST {"date"} -> {"date", "said"}; nothing is sent on paper, on a holiday, or when today's login is there."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.day.delivery import deliver
    from common.day.login import remind

    if not app.settings.on_kite:
        return {"date": day.isoformat(), "said": "on paper: no login is needed"}
    said = remind(day, app.account.login_ports(), lambda notice: deliver(notice, app.notice_ports()))
    return {"date": day.isoformat(), "said": said}
