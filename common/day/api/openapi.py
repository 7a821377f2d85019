"""The API's OpenAPI 3.1 document, made from its routes and models."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from common.day.api import models
from common.day.api.problem import CONTENT_TYPE, KINDS
from common.day.api.routes import HTML, ROUTES, Route

VERSION: Final = "1"
ALWAYS: Final = (400, 429, 503)
"""Statuses of problems that every route may answer with; those with a key also 401 and 403."""
_PROBLEM: Final = {"$ref": "#/components/schemas/ProblemDetails"}
_TITLES: Final = dict(KINDS.values())


@cache
def document() -> Mapping[str, Any]:
    """Whole, as JSON."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tron", "version": VERSION,
            "description": "What the dashboard shows, and halts. Money in paise, prices in rupees where no unit is "
                           "named, times in IST. Every error is an RFC 9457 problem.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api", "description": "behind the proxy"}, {"url": "/", "description": "the functions"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


@cache
def version() -> str:
    """Of this document: another one has another."""
    return sha256(repr(document()).encode()).hexdigest()[:20]


def _schemas() -> dict[str, Any]:
    named = sorted({*(route.model for route in ROUTES), *(route.body for route in ROUTES)} - {""})
    found = [getattr(models, name) for name in (*named, "ProblemDetails")]
    _, whole = models_json_schema(
        [(one, "validation") for one in found], ref_template="#/components/schemas/{model}", by_alias=True,
    )
    schemas: dict[str, Any] = whole["$defs"]
    return dict(sorted(schemas.items()))


def _operation(route: Route) -> dict[str, Any]:
    content = {HTML: {"schema": {"type": "string"}}} if not route.model else {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{route.model}"}},
    }
    refused = {*ALWAYS, *((401, 403) if route.role else ()), *route.refused}
    headers = {"Tron-Time": {"description": "Now, by the clock that Tron runs by.", "schema": {"type": "string"}}}
    operation: dict[str, Any] = {
        "operationId": "_".join((route.method.lower(), *route.full_path.strip("/").split("/"))),
        "summary": route.summary, "tags": [route.function],
        "parameters": [
            {"name": one.name, "in": "query", "required": one.required, "description": one.about,
             "schema": dict(one.schema)} for one in route.parameters
        ],
        "responses": {
            "200": {"description": "Answered.", "content": content, "headers": headers},
            **({"304": {"description": "What If-None-Match names still stands."}} if route.kept else {}),
            **{str(status): {"description": _TITLES[status], "content": {CONTENT_TYPE: {"schema": _PROBLEM}}}
               for status in sorted(refused)},
        },
        "security": [{"key": []}] if route.role else [],
    }
    if route.role is not None:
        operation["description"] = f"For the role {route.role.value}."
    if route.body:
        schema = {"$ref": f"#/components/schemas/{route.body}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation
