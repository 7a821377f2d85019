"""Every minute: what did not start is started, what died is restarted, what is silent is closed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from functions.request import Answer, answer


@functions_framework.http
def supervise(request: Request) -> Answer:
    """POST {"date"} -> {"date", "said", "did": {workload: text}}; outside its hours it says so and does nothing."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.day.rounds import tell_round
    from common.day.supervise import supervise as look

    ports = app.outside_ports(day, "supervise_from")
    looked = look(day, ports)
    tell_round(day, ports.date_clock.now(), app.notice_ports())
    return looked
