"""The functions of a day under the real functions-framework: what they answer to right and to wrong requests."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.adapters.sqlite import SqliteStore
from common.ports import Create
from common.research.generator import generate
from common.research.storing import write_parquet
from common.settings import Settings
from jobs.local import cloud_event
from jobs.local.function_host import FunctionHost
from tests.process.waiting import BOUND_SECONDS
from tests.unit.workload_case import plan as paper_plan

ROOT = Path(__file__).parents[2]
NAMES = ("prepare_day", "plan_day", "start_workloads", "supervise", "square_off", "close_day", "control", "alert")
HTTP = ("prepare_day", "plan_day", "supervise", "square_off", "close_day")
CLASSES = ("stock", "options", "futures")
DAY = "2026-11-20"
HOLIDAY = "2026-01-26"
OUTSIDE = "2050-01-03"
EVENT = "google.cloud.firestore.document.v1.written"


@pytest.fixture(scope="module")
def session_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("session") / "session.parquet"
    write_parquet(generate(date.fromisoformat(DAY), 7), path)
    return path


@pytest.fixture
def host(session_file: Path, tmp_path: Path) -> Iterator[FunctionHost]:
    with serving(Settings(home=tmp_path, sessions=(session_file,), seed=7, local=True)) as host:
        yield host


def serving(settings: Settings) -> FunctionHost:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings.environment()}
    targets = {name: ROOT / "functions" / f"{name}.py" for name in NAMES}
    log = settings.home / "functions.log"
    return FunctionHost(targets, environment, log, ready_within_seconds=BOUND_SECONDS)


def post(url: str, body: bytes | None, content: str = "application/json", **headers: str) -> tuple[int, Any]:
    """Status and answer: JSON where it is JSON, else text. body: None for a POST without one."""
    request = urllib.request.Request(url, body or b"", {"Content-Type": content, **headers}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def ask(host: FunctionHost, name: str, day: object = DAY) -> tuple[int, Any]:
    return post(host.url(name), json.dumps({"date": day}).encode())


def event(host: FunctionHost, body: bytes, **changed: str) -> int:
    headers = {
        "ce-id": "1", "ce-source": "//firestore.googleapis.com/projects/p/databases/(default)",
        "ce-specversion": "1.0", "ce-type": EVENT, **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return post(host.url("start_workloads"), body, changed.pop("content", "application/protobuf"), **headers)[0]


def test_the_steps_in_order(host: FunctionHost, tmp_path: Path) -> None:
    """prepare, plan, close: each answers 200 with what it promises, and asked again the very same."""
    status, prepared = ask(host, "prepare_day")
    assert (status, prepared["date"], set(prepared)) == (200, DAY, {"date", "gate", "hash"})
    assert ask(host, "prepare_day") == (200, prepared)
    planned = ask(host, "plan_day")
    assert planned == (200, {"date": DAY, "status": "READY"})
    assert ask(host, "plan_day") == planned
    assert ask(host, "prepare_day") == (200, prepared)
    status, closed = ask(host, "close_day")
    assert (status, set(closed)) == (200, {"date", "order_hash", "totals"})
    assert ask(host, "close_day") == (200, closed)
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        assert store.get("evidence", DAY) is not None
        plan = store.get("gpt_runner_daily_plan", DAY)
        assert plan is not None
        assert plan.fields["status"] == "READY"


def test_a_step_before_its_time(host: FunctionHost) -> None:
    """plan before prepare, close before plan: 409 with which step to run first; nothing is written on the way."""
    assert ask(host, "plan_day") == (409, {"error": f"there is no evidence for {DAY}: run prepare_day first"})
    says = f"there is no plan for {DAY}: run prepare_day and plan_day first"
    assert ask(host, "close_day") == (409, {"error": says})
    assert ask(host, "prepare_day")[0] == 200
    assert ask(host, "close_day") == (409, {"error": says})


BAD_DATES = [
    "", "today", "20-11-2026", "2026-02-30", "2026-13-01", 20261120, 1.5, True, [], {}, ["2026-11-20"], "9" * 5000,
]


@pytest.mark.parametrize("name", HTTP)
def test_bad_dates(host: FunctionHost, name: str) -> None:
    """What is not a date is 400 with what to send instead."""
    for bad in BAD_DATES:
        status, answer = ask(host, name, bad)
        assert status == 400, (bad, answer)
        assert "YYYY-MM-DD" in answer["error"], bad


@pytest.mark.parametrize("name", HTTP)
def test_bad_bodies(host: FunctionHost, name: str) -> None:
    """JSON that is not an object is 400 with an example of what to send."""
    for bad in (b"[]", b"3", b'"2026-11-20"', b"true"):
        status, answer = post(host.url(name), bad)
        assert (status, "JSON object" in answer["error"]) == (400, True), bad


@pytest.mark.parametrize("name", HTTP)
def test_what_is_not_json_is_not_today(host: FunctionHost, name: str) -> None:
    """A torn or unlabelled body is refused: taking it for 'nothing, so today' would run another day's step."""
    for bad in (b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"date": "2026-11-20"'):
        status, answer = post(host.url(name), bad)
        assert status == 400, (bad[:20], status, answer)
    unlabelled = post(host.url(name), json.dumps({"date": HOLIDAY}).encode(), "application/octet-stream")
    assert unlabelled[0] == 400 or unlabelled[1].get("date", HOLIDAY) == HOLIDAY, unlabelled
    assert "2026" not in str(unlabelled[1]) or HOLIDAY in str(unlabelled[1]), unlabelled


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("day", [HOLIDAY, OUTSIDE, "0001-01-01", "9999-12-31"])
def test_dates_without_a_session(host: FunctionHost, name: str, day: str) -> None:
    """A holiday and a date beyond the calendar are answered, with what to do, not a crash that a scheduler retries."""
    status, answer = ask(host, name, day)
    assert status < 500, answer
    if status != 200:
        assert answer["error"]


def test_a_holiday_is_never_planned_for_trading(host: FunctionHost) -> None:
    """Whatever the steps answer on a holiday, no READY plan comes out of them."""
    ask(host, "prepare_day", HOLIDAY)
    assert ask(host, "plan_day", HOLIDAY)[1].get("status") != "READY"


def plan_event(id: str, collection: str = "gpt_runner_daily_plan") -> bytes:
    """As Eventarc sends it for a created document; its content does not count, only its name."""
    from google.events.cloud.firestore_v1 import DocumentEventData

    name = f"projects/p/databases/(default)/documents/{collection}/{id}"
    return bytes(DocumentEventData.serialize(DocumentEventData(value={"name": name})))


def test_garbage_events_are_acknowledged(host: FunctionHost, tmp_path: Path) -> None:
    """An event that can never be understood is taken (2xx) and logged: a retry would bring it back for days."""
    for body in (b"\x00\xff" * 50, b"{}", b"[]", plan_event("x")[:-3], b"\x0a\x00"):
        assert 200 <= event(host, body) < 300, body
    assert (tmp_path / "functions.log").read_text().strip()


def test_events_of_other_documents_are_acknowledged(host: FunctionHost, tmp_path: Path) -> None:
    """Another collection, a plan that is not there, an odd id: taken, and nothing is started."""
    for body in (plan_event(DAY, "orders"), plan_event(DAY), plan_event("not-a-date"), plan_event("x" * 1000)):
        assert 200 <= event(host, body) < 300, body
    assert not list((tmp_path / "run").glob("*.pid.json"))


def test_a_plan_that_cannot_be_read_is_acknowledged(host: FunctionHost, tmp_path: Path) -> None:
    """A plan document that is no plan starts nothing, says so in the log, and is not retried for ever."""
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.commit([Create("gpt_runner_daily_plan", "2026-11-19", {"status": "READY", "classes": "none"})])
    assert 200 <= event(host, plan_event("2026-11-19")) < 300
    assert not list((tmp_path / "run").glob("*.pid.json"))
    assert (tmp_path / "functions.log").read_text().strip()


def test_what_is_no_event_is_400(host: FunctionHost) -> None:
    """A request without CloudEvent headers, or with broken ones, is the sender's mistake: 4xx, never 5xx."""
    status, _ = post(host.url("start_workloads"), b"{}")
    assert 400 <= status < 500
    for changed in ({"ce_specversion": "9.9"}, {"ce_id": ""}, {"ce_type": ""}):
        assert event(host, plan_event(DAY), **changed) < 500, changed


def test_the_real_event_starts_the_workloads_once(host: FunctionHost, tmp_path: Path) -> None:
    """The relay's own event of the stored plan, three times: one launch and one claim a class."""
    assert ask(host, "prepare_day")[0] == 200
    assert ask(host, "plan_day")[0] == 200
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        change = next(c for c in store.changes(0, 100) if c.collection == "gpt_runner_daily_plan")
        database = cloud_event.Database()
        body, headers = cloud_event.body(change, database), cloud_event.headers(change, "written", database)
        for _ in range(3):
            content = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            kind = next(value for name, value in headers.items() if name.lower() == "content-type")
            assert 200 <= post(host.url("start_workloads"), body, kind, **content)[0] < 300
        assert len(list((tmp_path / "run").glob("*.pid.json"))) == 3
        for name in ("stock", "options", "futures"):
            workload = store.get("workloads", f"{DAY}-{name}")
            assert workload is not None
            assert workload.fields["launches"] <= 1


def test_supervise_and_square_off_say_what_they_did(host: FunctionHost, tmp_path: Path) -> None:
    """Without a plan nothing; with one the supervisor starts what the event missed, and is harmless the next time."""
    assert ask(host, "supervise") == (200, {"date": DAY, "said": f"there is no plan for {DAY}", "did": {}})
    assert ask(host, "square_off") == (200, {"date": DAY, "said": "nothing is traded", "did": {}})
    assert ask(host, "prepare_day")[0] == 200
    assert ask(host, "plan_day")[0] == 200
    status, answer = ask(host, "supervise")
    assert (status, answer["said"], set(answer["did"])) == (200, "looked", {f"{DAY}-{one}" for one in CLASSES})
    assert len(list((tmp_path / "run").glob("*.pid.json"))) == 3
    assert ask(host, "supervise")[0] == 200
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        for name in CLASSES:
            workload = store.get("workloads", f"{DAY}-{name}")
            assert workload is not None
            assert workload.fields["launches"] == 1


def test_what_has_no_session_is_said_and_not_done(host: FunctionHost) -> None:
    """A holiday, and a date that is not today's where nothing is recorded: 200 and why, or a scheduler would retry."""
    for name in ("supervise", "square_off"):
        status, answer = ask(host, name, HOLIDAY)
        assert (status, answer["said"][:17], answer["did"]) == (200, "not a trading day", {})


def test_control_is_read_and_set(host: FunctionHost) -> None:
    """A halt, what it comes to, and its end; each change has its number."""
    assert post(host.url("control"), b'{"action": "halt", "level": "flatten", "class": "stock"}') == (
        200, {"sequence": 1},
    )
    with urllib.request.urlopen(host.url("control"), timeout=BOUND_SECONDS) as response:
        shown = json.load(response)
    assert {name: one["level"] for name, one in shown["effective"].items()} == {
        "stock": "FLATTEN", "options": "RUN", "futures": "RUN",
    }
    assert post(host.url("control"), b'{"action": "resume", "reason": "looked"}') == (200, {"sequence": 2})


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b'{"action": "panic"}', b'{"action": "halt", "level": "WORSE"}', b'{"action": "resume"}',
    b'{"action": "halt", "class": "crypto"}', b'{"action": "halt", "level": 3}', b'{"action": "resume", "reason": " "}',
])
def test_control_refuses_what_cannot_be_meant(host: FunctionHost, body: bytes) -> None:
    """400 with what to send, and nothing is changed."""
    status, answer = post(host.url("control"), body)
    assert (status, bool(answer["detail"])) == (400, True), answer
    with urllib.request.urlopen(host.url("control"), timeout=BOUND_SECONDS) as response:
        assert json.load(response)["sequence"] == 0


def test_control_answers_only_on_ones_own_machine(tmp_path: Path) -> None:
    """Without a key: where it is not said to be local it refuses, to read and to write."""
    with serving(Settings(home=tmp_path)) as host:
        assert post(host.url("control"), b'{"action": "halt"}')[0] == 401
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(host.url("control"), timeout=BOUND_SECONDS)
        assert refused.value.code == 401
        refused.value.close()


def test_a_late_event_launches_nothing(tmp_path: Path) -> None:
    """In earnest, by the clock: the plan of a date gone by is acknowledged, and no workload begins."""
    plan = paper_plan(("AAA",)).to_fields()
    with serving(Settings(home=tmp_path)) as host, closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.commit([Create("gpt_runner_daily_plan", plan["date"], plan)])
        assert 200 <= event(host, plan_event(plan["date"])) < 300
        assert store.get("workloads", f"{plan['date']}-stock") is None
    assert not list((tmp_path / "run").glob("*.pid.json"))
