"""After the close: books reconciled, report written."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import Application
from common.day.close import close_day as close
from functions.request import Answer, answer


@functions_framework.http
def close_day(request: Request) -> Answer:
    """POST {"date"} -> {"date", "order_hash", "totals"}; asked again, the report is new. 409 without a plan."""
    return answer(request, _step)


def _step(day: date, app: Application) -> Mapping[str, Any]:
    from common.day.delivery import tell
    from common.day.notices import end_of_day

    result = close(day, app.close_ports())
    tell(lambda: end_of_day(result), app.notice_ports())
    return {"date": day.isoformat(), "order_hash": result["order_hash"], "totals": result["totals"]}
