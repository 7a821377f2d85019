"""A loud log record was stored: the person is told, once; the same again only now and then."""

from datetime import date

import functions_framework

from common.bootstrap import Application, application
from common.day.alarms import alert as tell
from common.day.notices import Notice
from common.log_record import ALERT
from functions.firestore_event import CloudEvent, EventRefused, decode, refuse_old
from functions.request import flush_logs, function_logs


@functions_framework.cloud_event
def alert(event: CloudEvent) -> None:
    """An error sends the event again, until it is too old: then, and where it cannot be read, it is dropped."""
    logs = function_logs("alert")
    try:
        app, record = application(), decode(event)
        refuse_old(event, app.clock.now())
        said = tell(record.collection, record.id, record.fields, app.notice_ports(), lambda day: _link(day, app))
        if said:
            logs.write("INFO", f"alert {record.id}: {said}", {"category": ALERT})
    except EventRefused as error:
        logs.write("WARNING", f"alert: {error}", {"category": ALERT})
    finally:
        flush_logs()


def _link(day: date, app: Application) -> Notice:
    from common.day.login import login_notice

    return login_notice(day, app.account.login_ports(), again=True)
