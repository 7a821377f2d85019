"""What the scheduled functions read from a request: the date they are for."""

from datetime import date
from typing import Any

from common.ports import Clock


class BadRequest(ValueError):
    """The request cannot be used; the text says what to send instead."""


def requested_day(body: Any, clock: Clock) -> date:
    """`{"date": "YYYY-MM-DD"}`, today where it is left out. Raises BadRequest."""
    if body is None:
        return clock.now().date()
    if not isinstance(body, dict):
        raise BadRequest('send a JSON object such as {"date": "2026-11-20"}, or nothing for today')
    text = body.get("date")
    if text is None:
        return clock.now().date()
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise BadRequest(f'{text!r} is not a date: send {{"date": "YYYY-MM-DD"}}') from None
