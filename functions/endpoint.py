"""What the functions of the API share: route, key, limits, parameters, the answer and its mark, problems."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, Final, TypeAlias

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from common.bootstrap import Application, application
from common.day.api.answer import Answer
from common.day.api.parameters import Values, parse, read_date
from common.day.api.problem import CONTENT_TYPE, Problem, unavailable
from common.day.api.routes import HTML, Route, routes_of
from common.ports import StoreError
from common.settings import SettingsError
from functions.gatekeeper import Caller, admit

MAX_BODY_BYTES: Final = 10_000
MAX_QUERY_BYTES: Final = 4_000
WORTH_PACKING: Final = 1_000
"""Bytes; below, gzip's own come to as much."""
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY", "Vary": "Accept-Encoding, X-API-Key",
}
PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered. asked: If-None-Match. body: the JSON object that was sent."""

    app: Application
    caller: Caller
    values: Values
    asked: str
    body: Mapping[str, Any]

    @property
    def day(self) -> date:
        """As asked for, else today in India."""
        found: date | None = self.values.get("date")
        return found or self.app.clock.now().date()

    @property
    def sent_day(self) -> date:
        """`date` of the body, else today in India. Raises Problem."""
        text = self.body.get("date")
        try:
            return self.app.clock.now().date() if text is None else read_date(str(text))
        except ValueError as error:
            raise Problem("invalid-request", f"date {error}", [("date", str(error))]) from None


Handler: TypeAlias = Callable[[Call], Answer]


def respond(request: Request, function: str, handlers: Mapping[str, Handler]) -> Response:
    """The answer. handlers: by "METHOD /path", one for each route of the function. Never raises."""
    try:
        route = _route(request, function)
        app = application()
        caller = admit(request, route.role, app)
        values, asked = _values(request, route), request.headers.get("If-None-Match", "")
        call = Call(app, caller, values, asked, _body(request, route))
        return _answer(request, route, handlers[f"{route.method} {route.path}"](call), app)
    except Problem as problem:
        _leave_unread(request)
        return _problem(request, problem)
    except (StoreError, OSError) as failure:
        _tell("WARNING", function, failure)
        return _problem(request, unavailable(str(failure)))
    except SettingsError as error:
        return _problem(request, unavailable(str(error), 60))
    except HTTPException as refusal:
        return _problem(request, Problem("invalid-request", refusal.description or "the request is broken"))
    except Exception as error:
        _tell("ERROR", function, error)
        return _problem(request, Problem("internal", f"{type(error).__name__}: the log of {function} has more"))


def _route(request: Request, function: str) -> Route:
    known = routes_of(function)
    path = "/" + request.path.strip("/")
    methods = sorted(method for at, method in known if at == path)
    if not methods:
        paths = ", ".join(sorted({one.full_path for one in known.values()}))
        raise Problem("not-found", f"{function} answers {paths}")
    method = "GET" if request.method == "HEAD" else request.method
    if method not in methods:
        allowed = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
        raise Problem("wrong-method", f"ask with {allowed}", headers={"Allow": allowed})
    return known[path, method]


def _values(request: Request, route: Route) -> Values:
    if len(request.query_string) > MAX_QUERY_BYTES:
        raise Problem("invalid-request", f"the query is longer than {MAX_QUERY_BYTES} bytes")
    return parse(list(request.args.items(multi=True)), route.parameters)


def _body(request: Request, route: Route) -> Mapping[str, Any]:
    length = request.content_length
    if not route.body or length is None or length > MAX_BODY_BYTES:
        _leave_unread(request)
    if not route.body:
        return {}
    if length is None:
        raise Problem("no-length", "send Content-Length: a body in chunks is not read")
    if length > MAX_BODY_BYTES:
        raise Problem("too-large", f"send at most {MAX_BODY_BYTES} bytes")
    if request.mimetype != "application/json":
        # A page of another origin can send the simple types without being asked; JSON it cannot.
        raise Problem("wrong-content", "send JSON, with Content-Type: application/json")
    try:
        found = json.loads(request.get_data())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem("invalid-request", "send one JSON object; /openapi has an example")
    return found


def _leave_unread(request: Request) -> None:
    """The framework reads every body once a function has answered, and fails where it is too large for it."""
    request.environ.update({"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})


def _answer(request: Request, route: Route, answer: Answer, app: Application) -> Response:
    headers = {**HEADERS, "Tron-Time": app.clock.now().isoformat()}
    if answer.etag:
        headers["ETag"] = f'W/"{answer.etag}"'
    if not route.kept:
        headers["Cache-Control"] = "no-store"
    if answer.page:
        headers["Content-Security-Policy"] = PAGE_POLICY
        return _packed(request, answer.page.encode(), 200, headers, f"{HTML}; charset=utf-8")
    if answer.fields is None:
        return Response(status=304, headers=headers)
    return _packed(request, _encoded(answer.fields), 200, headers, "application/json")


def _problem(request: Request, problem: Problem) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-store", **problem.headers}
    return _packed(request, _encoded(problem.to_fields()), problem.status, headers, CONTENT_TYPE)


def _encoded(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _packed(request: Request, data: bytes, status: int, headers: dict[str, str], content_type: str) -> Response:
    if len(data) >= WORTH_PACKING and request.accept_encodings["gzip"] > 0:
        data = gzip.compress(data, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(data, status, headers, content_type=content_type)


def _tell(severity: str, function: str, error: Exception) -> None:
    """To the log, as far as there is one."""
    try:
        import traceback

        from functions.request import flush_logs, function_logs

        told = {"traceback": "".join(traceback.format_exception(error))}
        function_logs(function).write(severity, f"{type(error).__name__}: {error}", told)
        flush_logs()
    except Exception:
        print(f"{function}: {type(error).__name__}", flush=True)
