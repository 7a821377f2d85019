"""The API's functions over a stored day: shapes, marks, pages, problems."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.adapters.counting import CountingStore, Usage
from common.day.api import models
from common.day.api.routes import ROUTES, Route
from common.ports import Create, Document, DocumentStore, Query, Update
from tests.process.api_case import DAY, Api, add_trades, address, running_day

READ = [route for route in ROUTES if route.method == "GET"]
HALT = {"action": "halt", "level": "stop", "class": "stock", "reason": "a look"}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A running day; the person at the machine asks."""
    with running_day(tmp_path, monkeypatch) as found:
        yield found


@pytest.mark.parametrize("route", READ, ids=lambda route: route.full_path)
def test_every_answer_is_its_model(api: Api, route: Route) -> None:
    """What the document promises is what comes; else a problem that it names, of the right content type."""
    answer = api.ask(address(route))
    assert answer.status_code in (200, *route.refused), answer.get_data(as_text=True)[:500]
    if answer.status_code != 200:
        assert answer.content_type == "application/problem+json"
        models.ProblemDetails.model_validate_json(answer.data)
    elif route.model:
        assert answer.content_type == "application/json"
        getattr(models, route.model).model_validate_json(answer.data)
    else:
        assert answer.content_type.startswith("text/html")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_most_answers_were_there(api: Api) -> None:
    """The test above looks at answers, not at problems alone."""
    missing = {route.full_path for route in READ if api.ask(address(route)).status_code != 200}
    assert missing == {"/trades/bars", "/report", "/report/page", "/scorecard"}


def store_close(api: Api) -> None:
    """What closing the day leaves."""
    totals = {"gross_paise": 5, "charges_paise": 1, "net_paise": 4, "trades": 1}
    fields = {"date": DAY.isoformat(), "closed_at": "2026-11-20T16:00:00+05:30", "order_hash": "h", "totals": totals,
              "carries": False, "carried": [], "alarms": 0}
    api.app.store.commit([
        Create("reports", DAY.isoformat(), fields), Create("scorecards", DAY.isoformat(), {"date": DAY.isoformat()}),
    ])
    minute = ["2026-11-20T09:15:00+05:30", 1.0, 2.0, 0.5, 1.5, 10]
    api.app.archive.put(DAY, "report.json", json.dumps({"bars": {"TCS": [minute]}}).encode())
    api.app.archive.put(DAY, "report.html", b"<p>closed</p>")


@pytest.mark.parametrize("route", [one for one in READ if 404 in one.refused], ids=lambda route: route.full_path)
def test_a_closed_day_has_all_of_it(api: Api, route: Route) -> None:
    """What a running day lacks is there once it is closed, and is its model."""
    store_close(api)
    answer = api.ask(address(route))
    assert answer.status_code == 200
    if route.model:
        getattr(models, route.model).model_validate_json(answer.data)


class QueriesCounted(CountingStore):
    """A store that counts its queries, too."""

    def __init__(self, store: DocumentStore, usage: Usage) -> None:
        super().__init__(store, usage)
        self.queries = 0

    def query(self, query: Query) -> list[Document]:
        self.queries += 1
        return super().query(query)


@pytest.mark.parametrize("route", [one for one in READ if one.kept and one.role], ids=lambda route: route.full_path)
def test_what_still_stands_costs_next_to_nothing(api: Api, route: Route) -> None:
    """304 with the mark: no query, but the one read that tells of a newer log record; at most the three summaries."""
    store_close(api)
    first = api.ask(address(route))
    assert first.status_code == 200
    usage = Usage()
    counted = QueriesCounted(api.app.store, usage)
    api.app.__dict__["store"] = counted
    again = api.ask(address(route), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert sum(usage.reads.values()) <= 3, usage.reads
    assert counted.queries == (1 if route.function == "logs" else 0)


def test_a_changed_summary_is_another_mark(api: Api) -> None:
    """The mark is of the summary: another number of trades is another page, another cursor or filter too."""
    first = api.ask(f"/trades?date={DAY}").headers["ETag"]
    asked = ("limit=5", "class=stock", "strategy=x")
    others = [api.ask(f"/trades?date={DAY}&{more}").headers["ETag"] for more in asked]
    assert len({first, *others}) == 4
    workload = api.app.store.get("workloads", f"{DAY}-stock")
    assert workload is not None
    summary = {**workload.fields["summary"], "trades": 13}
    api.app.store.commit([Update("workloads", workload.id, {**workload.fields, "summary": summary}, workload.version)])
    assert api.ask(f"/trades?date={DAY}", headers={"If-None-Match": first}).status_code == 200


def test_a_halt_is_no_alarm(api: Api) -> None:
    """What somebody asked for is a warning; only errors and worse are counted as alarms."""
    workload = api.app.store.get("workloads", f"{DAY}-stock")
    assert workload is not None
    alarms = [{"severity": one, "message": one, "time": ""} for one in ("WARNING", "WARNING", "ERROR", "CRITICAL")]
    fields = {**workload.fields, "summary": {**workload.fields["summary"], "alarms": alarms}}
    api.app.store.commit([Update("workloads", workload.id, fields, workload.version)])
    states = {one["asset_class"]: one["alarms"] for one in api.get(f"/health?date={DAY}")["workloads"]}
    assert states == {"stock": 2, "options": 0, "futures": 0}


def test_pages_are_whole_and_in_order(api: Api) -> None:
    """Page by page, also with a filter: every trade once, the latest first; a cursor fits its own list alone."""
    add_trades(api.app.store, range(12, 700))
    for asked, count in (("", 700), ("&strategy=scalp", 234), ("&class=options", 0)):
        seen: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(40):
            page = api.get(f"/trades?date={DAY}&limit=97{asked}{cursor}")
            seen += page["trades"]
            cursor = f"&cursor={page['next']}"
            if page["next"] is None:
                break
        assert len({one["id"] for one in seen}) == len(seen) == count, asked
        assert [one["exit_time"] for one in seen] == sorted((one["exit_time"] for one in seen), reverse=True)
    page = api.get(f"/trades?date={DAY}&limit=5")
    assert api.ask(f"/trades?date={DAY}&limit=5&strategy=vwap&cursor={page['next']}").status_code == 400
    later = api.get(f"/trades?date={DAY}&since={page['trades'][2]['exit_time'].replace('+', '%2B')}")["trades"]
    assert [one["id"] for one in later] == [one["id"] for one in page["trades"][:2]]


def test_records_by_level_and_tag(api: Api) -> None:
    """Filters of the log; a level is that and above."""
    levels = {one["severity"] for one in api.get(f"/logs?date={DAY}&level=ERROR")["records"]}
    assert levels == {"ERROR", "CRITICAL"}
    assert [one["message"] for one in api.get(f"/logs?date={DAY}&tag=T3")["records"]] == ["record 3"]
    assert api.get(f"/logs?date={DAY}&room=options")["records"] == []


def test_packed_when_asked_and_worth_it(api: Api) -> None:
    """gzip for what is long, never unasked."""
    packed = api.ask(f"/trades?date={DAY}", headers={"Accept-Encoding": "gzip"})
    plain = api.ask(f"/trades?date={DAY}")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in api.ask("/health/live", headers={"Accept-Encoding": "gzip"}).headers


WRONG = [
    ("/trades?date=yesterday", 400), ("/trades?date=2026-02-30", 400), ("/trades?date=0001-01-01", 400),
    ("/trades?limit=0", 400), ("/trades?limit=501", 400), ("/trades?limit=-1", 400), ("/trades?limit=%D9%A1", 400),
    ("/trades?cursor=AAAA", 400), ("/trades?cursor=%00", 400), ("/trades?nobody=1", 400), ("/trades?class=crypto", 400),
    ("/trades?date=2026-11-20&date=2026-11-20", 400), ("/trades?since=now", 400), ("/trades?since=2026-11-20", 400),
    ("/trades/bars", 400), ("/trades/../plan_day", 404), ("/trades/nothing", 404), ("/logs?level=LOUD", 400),
    ("/backtests/result?name=..", 400), ("/backtests/result?name=.hidden", 400),
    ("/backtests/page?name=a/b", 400), ("/backtests/result?name=none", 404), ("/health?" + "a" * 5000, 400),
]


@pytest.mark.parametrize(("path", "status"), WRONG)
def test_wrong_requests_are_problems(api: Api, path: str, status: int) -> None:
    """RFC 9457, with what to give instead."""
    answer = api.ask(path)
    assert answer.status_code == status
    problem = models.ProblemDetails.model_validate_json(answer.data)
    assert (problem.status, bool(problem.detail)) == (status, True)


def test_methods_and_bodies(api: Api) -> None:
    """405 names what is allowed; a body is JSON, small, an object; preflights of other origins get nothing."""
    assert api.ask("/trades", "POST").headers["Allow"] == "GET, HEAD"
    assert api.ask("/trades", "HEAD").status_code == 200
    preflight = api.ask("/control", "OPTIONS", headers={"Origin": "https://example.com"})
    assert (preflight.status_code, preflight.headers.get("Access-Control-Allow-Origin")) == (405, None)
    assert api.ask("/control", "POST", data=json.dumps(HALT), content_type="text/plain").status_code == 415
    assert api.ask("/control", "POST", data=b"x" * 20_000, content_type="application/json").status_code == 413
    for path, status in (("/control", 413), ("/plan/none", 404), ("/plan", 405)):
        answer = api.ask(path, "POST", data=b"x" * 12_000_000, content_type="application/json")
        assert answer.status_code == status, path
    for body in (b"", b"[]", b"{", b"[" * 9000, b"\xff", b'{"action": "panic"}', b'{"action":"halt","class":[]}',
                 b'{"action":"halt","level":{}}', b'{"action":"resume"}', b'{"action":"resume","reason":7}'):
        answer = api.ask("/control", "POST", data=body, content_type="application/json")
        assert answer.status_code == (400 if body else 411), (body[:30], answer.data)
    assert api.get("/control")["sequence"] == 0
