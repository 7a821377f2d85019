"""Trades and log records of a date: pages that cost the same whatever is stored, the latest first."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from common.day.api.answer import Answer, answered, etag_of, from_cursor, to_cursor, whole, workload_documents
from common.day.api.parameters import Values
from common.log_record import LABELS, LOGS, SEVERITIES
from common.ports import EXPIRES, Document, DocumentStore, Filter, Query

TRADES: Final = "trades"
LATEST_TRADE: Final = "exit_time"
LATEST_RECORD: Final = "time"
NARROW_LOOK: Final = 200
"""Documents in one query where many may not be wanted."""
MAX_LOOKED_AT: Final = 1000
"""Documents that one answer reads; where few of them are wanted, its page is short and has a `next`."""


def trades(store: DocumentStore, day: date, wanted: Values, asked: str) -> Answer:
    """A page. The workloads say how many trades there are: only another number is worth a query."""
    since, about = wanted["since"], whole(wanted, ("date", "class", "strategy", "since"))
    counts = [(one.id, one.fields["summary"].get("trades", 0)) for one in workload_documents(store, day)]
    after = from_cursor(wanted["cursor"], TRADES, LATEST_TRADE, about)

    def takes(fields: Any) -> bool:
        return wanted["class"] in (None, fields["asset_class"]) and wanted["strategy"] in (None, fields["strategy"])

    def page() -> dict[str, Any]:
        narrow = bool(wanted["class"] or wanted["strategy"])
        found, following = _page(store, _query(TRADES, LATEST_TRADE, day, wanted, after), takes, about, narrow, since)
        return {
            "date": day.isoformat(), "trades": [{"id": one.id, **one.fields} for one in found], "next": following,
        }

    return answered(etag_of(counts, about, wanted["cursor"], wanted["limit"]), asked, page)


def records(store: DocumentStore, day: date, wanted: Values, asked: str) -> Answer:
    """A page. One read tells whether there is a record more."""
    since, about = wanted["since"], whole(wanted, ("date", "level", "room", "tag", "since"))
    after = from_cursor(wanted["cursor"], LOGS, LATEST_RECORD, about)
    latest = store.query(Query(LOGS, _of(day), f"-{LATEST_RECORD}", 1))
    narrow = bool(wanted["room"] or wanted["tag"]) or wanted["level"] != SEVERITIES[0]
    least, room, tag = SEVERITIES.index(wanted["level"]), wanted["room"], wanted["tag"] or ""

    def takes(fields: Any) -> bool:
        severity = fields.get("severity")
        loud = severity not in SEVERITIES or SEVERITIES.index(severity) >= least
        rooms = (None, fields.get("asset_class"), fields.get("service"))
        return loud and room in rooms and str(fields.get("tag", "")).startswith(tag)

    def page() -> dict[str, Any]:
        found, following = _page(store, _query(LOGS, LATEST_RECORD, day, wanted, after), takes, about, narrow, since)
        return {"date": day.isoformat(), "records": [_record(one) for one in found], "next": following}

    return answered(etag_of(latest, about, wanted["cursor"], wanted["limit"]), asked, page)


def _of(day: date) -> tuple[Filter, ...]:
    return (("date", "==", day.isoformat()),)


def _query(collection: str, latest: str, day: date, wanted: Values, after: Document | None) -> Query:
    return Query(collection, _of(day), f"-{latest}", int(wanted["limit"]), after)


def _is_old(document: Document, latest: str, since: datetime | None) -> bool:
    """Whether it, and so all that follow it, came no later than `since`. What has no time is not old."""
    try:
        return since is not None and datetime.fromisoformat(str(document.fields[latest])) <= since
    except (ValueError, TypeError):
        return False


def _page(
    store: DocumentStore, query: Query, takes: Callable[[Any], bool], about: str, narrow: bool,
    since: datetime | None,
) -> tuple[list[Document], str | None]:
    """What is wanted of the documents from the query's place on, and from where the page after it goes on."""
    size = max(query.limit, NARROW_LOOK) if narrow else query.limit
    order = str(query.order_by).removeprefix("-")
    found: list[Document] = []
    after, looked_at = query.after, 0
    while looked_at < MAX_LOOKED_AT:
        some = store.query(Query(query.collection, query.filters, query.order_by, size, after))
        for document in some:
            if _is_old(document, order, since):
                return found, None
            after = document
            if takes(document.fields):
                found.append(document)
                if len(found) == query.limit:
                    break
        looked_at += size
        if len(some) < size and (not some or after is some[-1]):
            return found, None
        if len(found) == query.limit:
            break
    return found, None if after is None else to_cursor(after, order, about)


def _record(document: Document) -> dict[str, Any]:
    fields = {name: value for name, value in document.fields.items() if name != EXPIRES}
    blank = {"time": "", "severity": "ERROR", "message": "", **dict.fromkeys(LABELS, ""), "fields": {}}
    return {"id": document.id, **blank, **fields}
