"""What every scheduled function shares: the date it is for, and errors as answers."""

import traceback
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

from flask import Request

from common.bootstrap import Application, application
from common.day.errors import TooEarly
from common.market.calendar import MarketClosed
from common.market.tables import OutsideTable
from common.planning.document import InvalidDocument
from common.ports import Clock, StoreError, StoreUnavailable
from common.settings import SettingsError

Answer: TypeAlias = tuple[dict[str, Any], int]
MAX_BODY_BYTES: Final = 10_000
YEARS: Final = range(2000, 2100)
EXAMPLE: Final = 'send a JSON object such as {"date": "2026-11-20"}, or nothing for today'


class BadRequest(ValueError):
    """The request cannot be used; the text says what to send instead."""


def answer(request: Request, step: Callable[[date, Application], Mapping[str, Any]]) -> Answer:
    """The step's result for the requested date; an error with what to do: 400, 409 too early, 503 store, 500."""
    try:
        app = application()
        return {**step(requested_day(request, app.clock), app)}, 200
    except (BadRequest, OutsideTable) as error:
        return {"error": str(error)}, 400
    except (TooEarly, MarketClosed) as error:
        return {"error": str(error)}, 409
    except StoreUnavailable as error:
        return {"error": str(error)}, 503
    except (StoreError, SettingsError, InvalidDocument, ValueError, OSError) as error:
        traceback.print_exc()
        return {"error": str(error)}, 500


def requested_day(request: Request, clock: Clock) -> date:
    """`{"date": "YYYY-MM-DD"}`, today where it is left out. Raises BadRequest."""
    if not request.get_data():
        return clock.now().date()
    if len(request.get_data()) > MAX_BODY_BYTES:
        raise BadRequest(EXAMPLE)
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequest(EXAMPLE)
    text = body.get("date")
    if text is None:
        return clock.now().date()
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise BadRequest(f'{str(text)[:40]!r} is not a date: send {{"date": "YYYY-MM-DD"}}') from None
    if day.year not in YEARS:
        raise BadRequest(f"{day} is beyond any calendar here: send a date from {YEARS[0]} to {YEARS[-1]}")
    return day
