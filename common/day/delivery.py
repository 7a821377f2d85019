"""A notice to the person: told once, the same again only now and then with how often; kept until somebody takes it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from common.day.notices import Notice
from common.log_record import ALERT
from common.ports import Clock, Conflict, Create, Document, DocumentStore, Logs, Notifier, Query, Update
from common.retention import expiring

NOTICES: Final = "notices"
CLAIM_SECONDS: Final = 30.0
"""For which one process has a notice to send; whoever died over it is replaced then."""
FIRST_WAIT_SECONDS: Final = 60.0
LONGEST_WAIT_SECONDS: Final = 3600.0
"""Between two messages of one cause: doubled with each."""
MAX_TRIES: Final = 20
MAX_EVENTS: Final = 100
"""Events remembered as counted; one that is sent again after so many others counts twice."""
MAX_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class NoticePorts:
    """What telling needs. clock: real time."""

    store: DocumentStore
    notifier: Notifier
    clock: Clock
    logs: Logs


class NotDelivered(RuntimeError):
    """The notice is kept and was taken by no receiver: try again later."""


def tell(make: Callable[[], Notice], ports: NoticePorts) -> None:
    """For a scheduled step, after its work: told once a day, and whatever goes wrong is a log line and no more."""
    try:
        deliver(make(), ports)
    except Exception as error:  # nothing here may fail a step of the day
        say_undelivered(error, ports.logs)


def say_undelivered(error: Exception, logs: Logs) -> None:
    """Of a category that is not told of in its turn."""
    logs.write("ERROR", f"a notice was not sent: {type(error).__name__}: {error}", {"category": ALERT})


def deliver(notice: Notice, ports: NoticePorts, event: str = "once") -> bool:
    """Tell of the notice, or count it where it was told of just now: True when a message went out.

    event: what makes it happen; the same twice is one. Raises NotDelivered, StoreError.
    """
    for _ in range(MAX_TRIES):
        document = ports.store.get(NOTICES, notice.id)
        fields = dict(document.fields) if document is not None else _fresh(notice, ports.clock.now())
        new = event not in fields["events"]
        if new:
            fields["events"] = [*fields["events"], event][-MAX_EVENTS:]
            fields["untold"] += 1
            fields.update(title=notice.title, text=notice.text, urgent=notice.urgent, waiting=fields["date"])
        with suppress(Conflict):
            return _go_on(notice.id, fields, document, ports, new=new)
    raise NotDelivered(f"{NOTICES}/{notice.id} changed {MAX_TRIES} times while it was counted")


def deliver_waiting(day: date, ports: NoticePorts) -> int:
    """Tell of what was kept back and is due now; the number of messages. Raises NotDelivered, StoreError."""
    sent = 0
    waiting = Query(NOTICES, (("waiting", "==", day.isoformat()),), limit=MAX_AT_ONCE)
    for document in ports.store.query(waiting):
        with suppress(Conflict):  # another is at it
            sent += _go_on(document.id, dict(document.fields), document, ports, new=False)
    return sent


def _fresh(notice: Notice, now: datetime) -> dict[str, Any]:
    """events: counted so far, the latest. told: messages that went out. untold: events since the last of them.

    next: before which no other goes out. claimed: until when a process has it to send. waiting: the date while
    something is untold, else ''.
    """
    return {
        "date": notice.day.isoformat(), "kind": notice.kind, "events": [], "told": 0, "untold": 0, "next": "",
        "claimed": "", "waiting": "", "title": notice.title, "text": notice.text, "urgent": notice.urgent,
        **expiring(NOTICES, now),
    }


def _go_on(id: str, fields: dict[str, Any], document: Document | None, ports: NoticePorts, *, new: bool) -> bool:
    """Claim and send where it is due, else store the count. Raises Conflict, NotDelivered, StoreError."""
    now = ports.clock.now()
    if not fields["untold"]:
        return False
    claimed = _before(now, fields["claimed"])
    if claimed or _before(now, fields["next"]):
        if new:
            _write(id, fields, document, ports.store)
        elif claimed:
            raise NotDelivered(f"{NOTICES}/{id} is being sent by another")
        return False
    fields["claimed"] = (now + timedelta(seconds=CLAIM_SECONDS)).isoformat()
    _write(id, fields, document, ports.store)
    count = fields["untold"]
    more = f"\n(and {count - 1} more)" if count > 1 else ""
    taken = ports.notifier.send(fields["title"], fields["text"] + more, urgent=fields["urgent"])
    _settle(id, count if taken else 0, ports)
    if not taken:
        raise NotDelivered(f"{NOTICES}/{id} was taken by no receiver")
    return True


def _settle(id: str, told: int, ports: NoticePorts) -> None:
    """Give the claim back. told: events that the message spoke of, 0 where it was not taken."""
    for _ in range(MAX_TRIES):
        document = ports.store.get(NOTICES, id)
        if document is None:
            return
        fields = {**document.fields, "claimed": ""}
        if told:
            wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(int(fields["told"]), 30))
            untold = max(0, fields["untold"] - told)
            fields.update(
                told=fields["told"] + 1, untold=untold, waiting=fields["date"] if untold else "",
                next=(ports.clock.now() + timedelta(seconds=wait)).isoformat(),
            )
        with suppress(Conflict):
            _write(id, fields, document, ports.store)
            return


def _write(id: str, fields: dict[str, Any], document: Document | None, store: DocumentStore) -> None:
    write = Create(NOTICES, id, fields) if document is None else Update(NOTICES, id, fields, document.version)
    store.commit([write])


def _before(now: datetime, moment: str) -> bool:
    return bool(moment) and now < datetime.fromisoformat(moment)
