"""The dashboard's pages as Streamlit runs them over an empty store: what each asks for, says and survives."""

import json
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from common.adapters.clock import VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryStore
from common.day.api.direct import Here, direct
from common.day.api.problem import Problem
from common.day.api.standing import Place
from common.day.control import Halt, Source, set_halt
from common.day.polling import REQUESTS
from common.day.workloads import WORKLOADS, launched_fields, workload_id
from common.market.indian_time import INDIA
from common.market.instrument import AssetClass
from common.ports import Create
from common.trading.halts import HaltLevel
from dashboard.shared import connection

NOW: Final = datetime(2026, 11, 20, 9, 0, tzinfo=INDIA)
EMPTY: Final = {
    "today": "No plan yet.",
    "plan": "2026-11-20: no plan yet: plan_day makes it at 08:45, once prepare_day has run",
    "trades": "No trade has been finished yet.", "positions": "Nothing is held.",
    "workloads": "No workload has been started yet: they start when the plan is ready.", "logs": "Nothing loud today.",
    "scorecard": "2026-11-20: no scorecard: it is made after a planned day is closed",
    "controls": "Nothing is halted.", "health": "local: on paper, no plan yet",
}
READ_NO_DOCUMENTS: Final = {"/health/cost"}


class Api:
    """The API's own answers over an empty store. asked: (path, query) of every request; it can be ended."""

    def __init__(self, folder: Path) -> None:
        place = Place("local", "paper", NOW, None)
        archive = DirectoryArchive(folder / "archive")
        self.here = Here(MemoryStore(), lambda: archive, place)
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, fields = outer.answer(self.path)
                body = json.dumps(fields).encode()
                self.send_response(status)
                self.send_header("Tron-Time", NOW.isoformat())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, target: str) -> tuple[int, Any]:
        """Status and JSON."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, query))
        try:
            found = direct(parts.path, query, NOW.date(), "", self.here)
        except Problem as problem:
            return problem.status, problem.to_fields()
        return (200, found.fields) if found is not None else (404, {"detail": "not here"})

    def end(self) -> None:
        """Nobody answers any more."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """With a dashboard that has no store and an empty folder for its answers."""
    made = Api(tmp_path)
    monkeypatch.delenv("TRON_HOME", raising=False)
    monkeypatch.setenv("TRON_API_URL", f"http://127.0.0.1:{made.server.server_port}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    connection.clear()
    yield made
    made.end()
    connection.clear()


def shown(script: str) -> list[str]:
    """Every text of a page, which must not have failed."""
    page = AppTest.from_string(script, default_timeout=20).run()
    assert not page.exception
    kinds = (page.error, page.warning, page.info, page.success, page.subheader, page.markdown)
    return [one.value for kind in kinds for one in kind]


def page(name: str) -> str:
    """A script of this page alone."""
    return f"from dashboard.views.{name} import {name}\n{name}()"


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("name", EMPTY)
def test_a_page_with_nothing_to_show_says_when_there_is_something(name: str) -> None:
    """Exactly this, of the API's own answers."""
    assert any(EMPTY[name] in text for text in shown(page(name)))


@pytest.mark.parametrize(("name", "what"), [
    ("plan", "plan"), ("positions", "positions"), ("today", "state of the day"),
])
def test_a_page_without_an_api_says_so(api: Api, name: str, what: str) -> None:
    """Neither store nor kept answers: what cannot be shown, why, and that nobody needs to do anything."""
    api.end()
    address = f"http://127.0.0.1:{api.server.server_port}"
    assert shown(page(name)) == [
        f"No {what} can be shown: the API at {address} does not answer (ConnectError). It is tried again by itself."
    ]


def test_kept_answers_are_shown_with_their_age(api: Api, tmp_path: Path) -> None:
    """The API gone and the dashboard started again: the answer of two minutes ago, and a banner that says so."""
    assert shown(page("positions"))[0].startswith("Nothing is held.")
    assert shown("from dashboard.shared import banner\nbanner()") == []
    api.end()
    for path in (tmp_path / "tron-dashboard").glob("*.json"):
        kept = json.loads(path.read_text())
        path.write_text(json.dumps({**kept, "taken": kept["taken"] - 125}))
    connection.clear()
    told = shown("from dashboard.shared import banner, read\nread('/positions')\nbanner()")
    assert len(told) == 1
    assert told[0].startswith(
        "**The API is down.** These numbers are 2 min old; nothing can be changed from here. Trading goes on"
    )
    assert any("Nothing is held." in text for text in shown(page("positions")))


def test_the_pages_ask_what_the_free_tier_is_counted_with(api: Api) -> None:
    """`tron cost` counts REQUESTS: a page that asks for more, or otherwise, has to be counted."""
    for name in EMPTY:
        connection.clear()
        shown(page(name))
    shown("from dashboard.shared import banner\nbanner()")
    asked = {(path, *sorted(query.items())) for path, query in api.asked if path not in READ_NO_DOCUMENTS}
    assert asked == {(path, *sorted(query.items())) for path, query in REQUESTS}


@pytest.mark.parametrize(("state", "held", "halts", "warned"), [
    ("DONE", 0, (Source.SQUARE_OFF,), []),
    ("FAILED", 0, (Source.SQUARE_OFF,), []),
    ("RUNNING", 0, (Source.SQUARE_OFF,), ["square-off (square_off)"]),
    ("DONE", 1, (Source.SQUARE_OFF,), ["square-off (square_off)"]),
    ("DONE", 0, (Source.SQUARE_OFF, Source.PERSON), ["**stock: no new entries.** lunch (person)"]),
    ("DONE", 0, (Source.SUPERVISOR,), ["stock: closing everything.** it was silent (supervisor)"]),
])
def test_the_square_off_is_no_warning_once_the_day_is_over(
    api: Api, state: str, held: int, halts: tuple[Source, ...], warned: list[str],
) -> None:
    """Everybody has ended and nothing is held: what a person or a rule asked for stays, the day's own is routine."""
    clock, store, day = VirtualClock(NOW), api.here.store, NOW.date()
    fields = launched_fields(day, AssetClass.STOCK, NOW)
    summary = {"open_positions": held}
    write = Create(WORKLOADS, workload_id(day, AssetClass.STOCK), {**fields, "state": state, "summary": summary})
    store.commit([write])
    asked = {
        Source.SQUARE_OFF: Halt(Source.SQUARE_OFF, "all", HaltLevel.FLATTEN, "the day's square-off", "x", day),
        Source.PERSON: Halt(Source.PERSON, "stock", HaltLevel.STOP_ENTRIES, "lunch", "me"),
        Source.SUPERVISOR: Halt(Source.SUPERVISOR, "stock", HaltLevel.FLATTEN, "it was silent", "x", day),
    }
    for source in halts:
        set_halt(store, asked[source], clock)
    told = [text for text in shown(page("today")) if text.startswith("**stock: ")]
    assert len(told) == len(warned)
    assert all(part in text for part, text in zip(warned, told, strict=True))


@pytest.mark.parametrize(("source", "kind"), [(Source.SQUARE_OFF, "info"), (Source.PERSON, "warning")])
def test_controls_warn_of_what_somebody_asked_for(api: Api, source: Source, kind: str) -> None:
    """The day's own square-off stands there as what it is: every day has one."""
    set_halt(api.here.store, Halt(source, "all", HaltLevel.FLATTEN, "why", "x", NOW.date()), VirtualClock(NOW))
    seen = AppTest.from_string(page("controls"), default_timeout=20).run()
    assert not seen.exception
    for each, boxes in (("info", seen.info), ("warning", seen.warning)):
        assert len([box for box in boxes if "closing everything" in box.value]) == (3 if each == kind else 0)
