"""One log record: its line on standard output and in the archive, and its document in `system_logs_realtime`.

The line is what Cloud Logging takes as structured: cloud.google.com/logging/docs/structured-logging (special fields).
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from pydantic_core import to_json

from common.redaction import is_innocent, is_plain, redacted, redacted_text

LOGS: Final = "system_logs_realtime"
SEVERITIES: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STORED: Final = frozenset({"WARNING", "ERROR", "CRITICAL"})
TRADE: Final = "trade"
ALERT: Final = "alert"
"""Category of what the alert function itself says: no reason for another alert."""
LOGIN: Final = "login"
"""Category of an alarm that a person has to log in at the broker: who tells of it sends the link too."""
LABELS: Final = ("date", "asset_class", "service", "strategy", "tag", "category", "environment")
MAX_LINE_BYTES: Final = 64 * 1024
ARCHIVED: Final = "logs/"
"""Where a day's lines are in its archive: logs/{asset class or service}/{hhmmss}-{process}-{n}.ndjson."""

_GOOGLE: Final = "logging.googleapis.com/"
_FROM_FIELDS: Final = ("tag", "strategy", "category")


def is_stored(severity: str, fields: Mapping[str, Any]) -> bool:
    """Whether it belongs into the store too: WARNING and above, and what became of trades."""
    return severity in STORED or fields.get("category") == TRADE


def constant_part(labels: Mapping[str, str]) -> str:
    """What all lines of one source share, as `line` takes it; trace: as in projects/P/traces/T."""
    trace = f',"{_GOOGLE}trace":{quoted(labels["trace"])}' if labels.get("trace") else ""
    shown = ",".join(f'"{name}":{quoted(labels[name])}' for name in LABELS if labels.get(name))
    return f'{trace},"{_GOOGLE}labels":{{{shown}'


def line(id: str, time: str, severity: str, message: str, fields: Mapping[str, Any], constant: str) -> bytes:
    """One whole line, redacted. fields: of these `tag`, `strategy` and `category` also become labels."""
    if not is_plain(fields):
        fields = redacted(fields)
    separator = "" if constant.endswith("{") else ","
    for name in _FROM_FIELDS:
        value = fields.get(name)
        if value:
            constant = f'{constant}{separator}"{name}":{quoted(str(value))}'
            separator = ","
    if severity not in SEVERITIES:
        severity = "ERROR"
    if not is_innocent(message):
        message = redacted_text(message)
    head = (
        f'{{"severity":"{severity}","time":"{time}","message":{quoted(message)},'
        f'"{_GOOGLE}insertId":"{id}"{constant}}},"fields":'
    )
    body = _encoded(fields)
    if len(body) > MAX_LINE_BYTES - len(head):
        body = b'{"cut":"%d bytes of fields: too long for a log record"}' % len(body)
    return head.encode() + body + b"}\n"


def _encoded(fields: Mapping[str, Any]) -> bytes:
    try:
        encoded: bytes = to_json(fields, inf_nan_mode="null", fallback=str)
    except ValueError:  # a lone surrogate, which UTF-8 lacks and JSON's escapes have
        finite = json.loads(json.dumps(redacted(fields)), parse_constant=lambda _: None)
        encoded = json.dumps(finite).encode()
    return encoded


def read_line(text: str | bytes) -> dict[str, Any]:
    """The record flat: id, time, severity, message, fields, every one of LABELS. Raises ValueError."""
    said = json.loads(text)
    if not isinstance(said, dict) or not isinstance(said.get(f"{_GOOGLE}labels"), dict):
        raise ValueError("not a log record")
    labels = said[f"{_GOOGLE}labels"]
    return {
        "id": str(said.get(f"{_GOOGLE}insertId", "")), "time": str(said.get("time", "")),
        "severity": str(said.get("severity", "")), "message": str(said.get("message", "")),
        **{name: str(labels.get(name, "")) for name in LABELS}, "fields": said.get("fields", {}),
    }


def document(text: str | bytes, expiring: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Id and fields of the stored document, from the record's line. expiring: until when. Raises ValueError."""
    record = read_line(text)
    id = record.pop("id")
    return id, {**record, **expiring}

