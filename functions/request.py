"""What every scheduled function shares: the date it is for, and errors as answers."""

import re
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, Final, TypeAlias

from flask import Request

from common.bootstrap import Application, application
from common.day.control import ControlRefused
from common.day.errors import TooEarly
from common.market.calendar import MarketClosed
from common.market.tables import OutsideTable
from common.planning.approval import ApprovalRefused
from common.planning.document import InvalidDocument
from common.ports import Clock, Logs, StoreError, StoreUnavailable
from common.settings import SettingsError
from common.trading.errors import BrokerUnavailable

Answer: TypeAlias = tuple[dict[str, Any], int]
MAX_BODY_BYTES: Final = 10_000
FLUSH_SECONDS: Final = 3.0
YEARS: Final = range(2000, 2100)
EXAMPLE: Final = 'send a JSON object such as {"date": "2026-11-20"}, or nothing for today'

_TRACE: Final = re.compile(r"\b[0-9a-f]{32}\b")


class BadRequest(ValueError):
    """The request cannot be used; the text says what to send instead."""


class NotAllowed(PermissionError):
    """Not for whoever asks; the text says who may."""


def answer(request: Request, step: Callable[[date, Application], Mapping[str, Any]]) -> Answer:
    """The step's result for the requested date; an error with what to do: as `answered`."""
    return answered(request, lambda app: step(requested_day(request, app.clock), app), step.__module__)


def answered(request: Request, do: Callable[[Application], Mapping[str, Any]], module: str) -> Answer:
    """The result; an error with what to do: 400, 403 not allowed, 409 too early, 503 no answer, 500; both logged."""
    try:
        return {**do(application())}, 200
    except (BadRequest, OutsideTable, ControlRefused) as error:
        return {"error": str(error)}, 400
    except NotAllowed as error:
        return {"error": str(error)}, 403
    except (TooEarly, MarketClosed, ApprovalRefused) as error:
        return {"error": str(error)}, 409
    except (StoreUnavailable, BrokerUnavailable) as error:
        _tell("WARNING", error, request, module)
        return {"error": str(error)}, 503
    except SettingsError as error:
        traceback.print_exc()
        return {"error": str(error)}, 500
    except (StoreError, InvalidDocument, ValueError, OSError) as error:
        _tell("ERROR", error, request, module)
        return {"error": str(error)}, 500
    finally:
        flush_logs()


def function_logs(service: str, request: Request | None = None) -> Logs:
    """Of this function; its records belong to the request's trace. Raises SettingsError."""
    app = application()
    trace = "" if request is None else trace_of(dict(request.headers), app.settings.project)
    return app.logs("functions").about(service=service, trace=trace)


def flush_logs() -> None:
    """Before a function answers: afterwards its machine may stand still."""
    with suppress(SettingsError):
        application().flush_logs(FLUSH_SECONDS)


def trace_of(headers: Mapping[str, str], project: str) -> str:
    """projects/P/traces/T from W3C's or Google's header; '' without one, or without a project."""
    found = _TRACE.search(headers.get("Traceparent") or headers.get("X-Cloud-Trace-Context") or "")
    return f"projects/{project}/traces/{found.group(0)}" if found and project else ""


def _tell(severity: str, error: Exception, request: Request, module: str) -> None:
    logs = function_logs(module.rpartition(".")[2], request)
    logs.write(severity, f"{type(error).__name__}: {error}", {"traceback": traceback.format_exc()})


def requested_day(request: Request, clock: Clock) -> date:
    """`{"date": "YYYY-MM-DD"}`, today where it is left out. Raises BadRequest."""
    if not request.get_data():
        return clock.now().date()
    return date_named(requested_object(request, EXAMPLE).get("date"), clock)


def date_named(text: Any, clock: Clock) -> date:
    """Of a request's field, today for None. Raises BadRequest."""
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
