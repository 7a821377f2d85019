"""A loud log record was stored: the person is told, once; the same again only now and then."""

import functions_framework

from common.bootstrap import application
from common.day.alarms import alert as tell
from common.log_record import ALERT
from functions.firestore_event import CloudEvent, EventRefused, decode, written_at
from functions.request import flush_logs, function_logs


@functions_framework.cloud_event
def alert(event: CloudEvent) -> None:
    """An error sends the event again, until it is too old: then, and where it cannot be read, it is dropped."""
    try:
        record = decode(event)
        said = tell(record.collection, record.id, record.fields, written_at(event), application().notice_ports())
        function_logs("alert").write("INFO", f"alert {record.id}: {said}", {"category": ALERT})
    except EventRefused as error:
        function_logs("alert").write("ERROR", f"alert: {error}", {"category": ALERT})
    finally:
        flush_logs()
