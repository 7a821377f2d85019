"""The person of a played live day, at functions that know keys: an operator's approves, else it says why not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

from common.adapters.clock import INDIA, VirtualClock
from common.day.api.keys import Role
from common.day.plan import PLANS, plan_day
from common.day.prepare import EVIDENCE
from common.planning.mandate import parse_mandate
from common.ports import Create
from common.redaction import Secret
from jobs.local.person import NotDone, Person
from tests.process.api_case import Api, keys, opened, served
from tests.unit.planning_case import DAY, evidence

MORNING = datetime(2026, 8, 19, 8, 45, tzinfo=INDIA)


@contextmanager
def live_plan(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Api, str]]:
    """A DRAFT of a live day, and the address of `control` over it, at a quarter to nine."""
    text = 'mode = "live"'
    mandate = parse_mandate(text)
    store = opened(home)
    store.commit([Create(EVIDENCE, DAY.isoformat(), evidence(mandate).to_fields())])
    plan_day(DAY, store, mandate, VirtualClock(MORNING))
    store.close()
    clock = f"{time.time()!r} {MORNING.timestamp()!r} 1.0"
    with served(home, monkeypatch, TRON_LOCAL="1", TRON_MANDATE_TEXT=text, TRON_SESSION_CLOCK=clock) as api:
        server = make_server("127.0.0.1", 0, api.client("control").application, threaded=False)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield api, f"http://127.0.0.1:{server.port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_approves_with_the_key_of_an_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, and with a viewer's, nothing is approved, and what to set is said; with an operator's it is."""
    with live_plan(tmp_path, monkeypatch) as (api, address):
        viewer, operator = keys(api.app, Role.VIEWER, Role.OPERATOR)
        said: list[str] = []

        def person(key: str | None) -> Person:
            secret = Secret(key) if key is not None else None
            return Person(DAY, api.app.store, lambda _: address, said.append, True, "tron approve", secret)

        for key in (None, viewer):
            with pytest.raises(NotDone, match="TRON_API_KEY"):
                person(key).hear("plan_day", {"status": "DRAFT"})
        assert said == []
        person(operator).hear("plan_day", {"status": "DRAFT"})
        stored = api.app.store.get(PLANS, DAY.isoformat())
        assert stored is not None
        assert stored.fields["status"] == "READY"
        assert said[0].endswith("it is READY")
