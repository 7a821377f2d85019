"""From a stored log record to a notice: what is loud, and every halt and resume."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from common.account_ports import LoginRefused
from common.day.control import HALT_CATEGORY
from common.day.delivery import NoticePorts, deliver
from common.day.notices import Notice, alarm_notice
from common.log_record import ALERT, LOGIN, LOGS

LOUD: Final = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY"})


def alert(
    collection: str, id: str, fields: Mapping[str, Any] | None, ports: NoticePorts,
    login_notice: Callable[[date], Notice] | None = None,
) -> str:
    """Tell of the record, once, however often its event arrives; what was done, '' where it is none for the person.

    login_notice: with the link, where the alarm is that a login has ended; what it raises is only said.
    Raises NotDelivered, StoreError: then the event is to be sent again.
    """
    if collection != LOGS or fields is None:
        return ""
    category = fields.get("category")
    if category == ALERT or (fields.get("severity") not in LOUD and category != HALT_CATEGORY):
        return ""
    day = _day(fields, ports.clock.now())
    if category == LOGIN and login_notice is not None:
        try:
            deliver(login_notice(day), ports, id)
        except LoginRefused as refusal:
            ports.logs.write("WARNING", f"the login link could not be made: {refusal}", {"category": ALERT})
    sent = deliver(alarm_notice(day, fields), ports, id)
    return "told" if sent else "counted"


def _day(fields: Mapping[str, Any], now: datetime) -> date:
    try:
        return date.fromisoformat(str(fields.get("date", "")))
    except ValueError:
        return now.date()
