"""A loud log record was stored: the person is told, once; the same again only now and then."""

import json

import functions_framework

from common.bootstrap import application
from common.day.alarms import alert as tell
from common.day.alarms import line
from functions.firestore_event import CloudEvent, EventRefused, decode, written_at


@functions_framework.cloud_event
def alert(event: CloudEvent) -> None:
    """An error sends the event again, until it is too old: then, and where it cannot be read, it is dropped."""
    try:
        record = decode(event)
        said = tell(record.collection, record.id, record.fields, written_at(event), application().notice_ports())
        print(line(said, record.id), flush=True)
    except EventRefused as error:
        print(json.dumps({"severity": "ERROR", "message": f"alert: {error}", "category": "alert"}), flush=True)
