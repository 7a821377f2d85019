"""After the close: books reconciled, report written."""

from typing import Any

import functions_framework
from flask import Request

from common.bootstrap import application
from common.day.close import NotPlanned
from common.day.close import close_day as close
from functions.request import BadRequest, requested_day


@functions_framework.http
def close_day(request: Request) -> tuple[dict[str, Any], int]:
    """POST {"date"} -> {"date", "order_hash", "totals"}; the report is written anew. 409 without a plan."""
    app = application()
    try:
        day = requested_day(request.get_json(silent=True), app.clock)
        result = close(day, app.store, app.archive, app.market, app.settings.source, app.settings.seed)
    except BadRequest as error:
        return {"error": str(error)}, 400
    except NotPlanned as error:
        return {"error": str(error)}, 409
    return {"date": day.isoformat(), "order_hash": result["order_hash"], "totals": result["totals"]}, 200
