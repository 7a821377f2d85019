"""Before the close: every workload is asked to exit; where one does not answer, it is done for it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from functions.request import Answer, answer


@functions_framework.http
def square_off(request: Request) -> Answer:
    """POST {"date"} -> {"date", "said", "did": {workload: text}}; outside its hours it says so and does nothing."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.day.square_off import square_off as close_all

    return close_all(day, app.outside_ports(day, "square_off"))
