"""The OpenAPI document as a page: no script, nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from common.day.api.openapi import document

STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8886}
h2{margin-top:2.5rem;border-top:1px solid #8886;padding-top:1rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}
"""


def page() -> str:
    """Whole."""
    told = document()
    return "".join((
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Tron API</title>',
        f"<style>{STYLE}</style><h1>Tron API</h1><p>{escape(told['info']['description'])}</p>",
        "<p>Send your key in the header <code>X-API-Key</code>; <code>tron key new --role viewer</code> makes one.</p>",
        *(_operation(path, method, operation)
          for path, methods in told["paths"].items() for method, operation in methods.items()),
        "<h2>Models</h2>", *_models(told["components"]["schemas"]), "</html>",
    ))


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['description'])}</td>"
        f"<td><code>{escape(json.dumps(one['schema']))}</code></td></tr>" for one in operation["parameters"]
    )
    table = f"<table><tr><th>Parameter</th><th>What</th><th>Schema</th></tr>{rows}</table>" if rows else ""
    statuses = ", ".join(f"{status} {escape(one['description'])}" for status, one in operation["responses"].items())
    model = _model_of(operation["responses"]["200"]["content"])
    return (
        f"<h2 id='{escape(operation['operationId'])}'><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}. {escape(operation.get('description', 'Open to the world.'))}</p>"
        f"{table}<p>Answers {model}. {statuses}</p>"
    )


def _model_of(content: Mapping[str, Any]) -> str:
    for one in content.values():
        name = str(one["schema"].get("$ref", "")).rpartition("/")[2]
        if name:
            return f"<a href='#{escape(name)}'>{escape(name)}</a>"
    return "a page"


def _models(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        told = escape(str(schema.get("description", "")))
        shown = {key: value for key, value in schema.items() if key != "description"}
        yield f"<h3 id='{escape(name)}'>{escape(name)}</h3><p>{told}</p><details><summary>Schema</summary>"
        yield f"<pre>{escape(json.dumps(shown, indent=1))}</pre></details>"
