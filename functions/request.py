"""What every scheduled function shares: the date it is for, and errors as answers."""

import traceback
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

from flask import Request

from common.bootstrap import Application, application
from common.day.control import ControlRefused
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


class NotAllowed(PermissionError):
    """Not for whoever asks; the text says who may."""


def answer(request: Request, step: Callable[[date, Application], Mapping[str, Any]]) -> Answer:
    """The step's result for the requested date; an error with what to do: as `answered`."""
    return answered(lambda app: step(requested_day(request, app.clock), app))


def answered(do: Callable[[Application], Mapping[str, Any]]) -> Answer:
    """The result; an error with what to do: 400, 403 not allowed, 409 too early, 503 store, 500."""
    try:
        return {**do(application())}, 200
    except (BadRequest, OutsideTable, ControlRefused) as error:
        return {"error": str(error)}, 400
    except NotAllowed as error:
        return {"error": str(error)}, 403
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
    text = requested_object(request, EXAMPLE).get("date")
    if text is None:
        return clock.now().date()
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise BadRequest(f'{str(text)[:40]!r} is not a date: send {{"date": "YYYY-MM-DD"}}') from None
    if day.year not in YEARS:
        raise BadRequest(f"{day} is beyond any calendar here: send a date from {YEARS[0]} to {YEARS[-1]}")
    return day


def requested_object(request: Request, example: str) -> dict[str, Any]:
    """The JSON object in the body. Raises BadRequest with the example."""
    if len(request.get_data()) > MAX_BODY_BYTES:
        raise BadRequest(example)
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequest(example)
    return body
