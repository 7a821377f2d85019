"""Telling: once, over processes and repeats; kept until it is taken; never in the way of a step."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.memory import MemoryStore
from common.adapters.sqlite import SqliteStore
from common.day.alarms import alert
from common.day.control import ALL, Halt, Source, resume, set_halt
from common.day.delivery import NOTICES, NotDelivered, NoticePorts, deliver, deliver_waiting, tell
from common.day.notices import Notice
from common.day.plan import PLANS
from common.day.rounds import due, tell_round
from common.day.workloads import WORKLOADS, launched_fields, workload_id
from common.log_record import LOGS
from common.ports import Create, DocumentStore, Query
from common.trading.halts import HaltLevel
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY
from tests.unit.workload_case import plan as paper_plan

NOTICE = Notice("alarm", DAY, "title", "text", "cause")


class Person:
    """A Notifier that remembers, and may be out of reach."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.away = False

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        del urgent
        if not self.away:
            self.messages.append((title, text))
        return not self.away


class Case:
    """A store, a person and a clock."""

    def __init__(self, store: DocumentStore | None = None) -> None:
        self.person = Person()
        self.clock = VirtualClock(datetime(DAY.year, DAY.month, DAY.day, 10, 0, tzinfo=INDIA))
        self.logs = KeptLogs()
        self.ports = NoticePorts(store or MemoryStore(), self.person, self.clock, self.logs)

    def texts(self) -> list[str]:
        return [text for _, text in self.person.messages]


def test_the_same_event_is_told_once() -> None:
    """However often it arrives, also much later."""
    case = Case()
    assert [deliver(NOTICE, case.ports, "a") for _ in range(3)] == [True, False, False]
    case.clock.sleep(3600)
    assert not deliver(NOTICE, case.ports, "a")
    assert case.texts() == ["text"]


def test_repeats_are_told_at_doubling_intervals() -> None:
    """One alarm each second for a quarter of an hour: five messages, and every repeat is in their counts."""
    case = Case()
    for number in range(900):
        deliver(NOTICE, case.ports, f"event {number}")
        case.clock.sleep(1)
    assert case.texts() == ["text", *(f"text\n(and {more} more)" for more in (59, 119, 239))]
    case.clock.sleep(3600)
    assert deliver_waiting(DAY, case.ports) == 1
    assert case.texts()[-1] == f"text\n(and {900 - 1 - 60 - 120 - 240 - 1} more)"
    assert deliver_waiting(DAY, case.ports) == 0


def test_what_was_not_taken_is_kept() -> None:
    """The person is out of reach: the same event again, and the supervisor's round, both try once more."""
    case = Case()
    case.person.away = True
    for _ in range(2):
        with pytest.raises(NotDelivered):
            deliver(NOTICE, case.ports, "a")
    with pytest.raises(NotDelivered):
        deliver_waiting(DAY, case.ports)
    case.person.away = False
    assert deliver_waiting(DAY, case.ports) == 1
    assert not deliver(NOTICE, case.ports, "a")
    assert case.texts() == ["text"]


def test_whoever_died_over_it_is_replaced() -> None:
    """A claim that nobody gave back ends by itself; until then the event is asked for again."""

    class Killed(BaseException):
        pass

    class Fatal(Person):
        def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
            raise Killed(title, text, urgent)

    case = Case()
    with pytest.raises(Killed):
        deliver(NOTICE, NoticePorts(case.ports.store, Fatal(), case.clock, case.logs), "a")
    with pytest.raises(NotDelivered, match="by another"):
        deliver(NOTICE, case.ports, "a")
    case.clock.sleep(31)
    assert deliver(NOTICE, case.ports, "a")
    assert case.texts() == ["text"]


def test_sixteen_at_once_tell_once(tmp_path: Path) -> None:
    """The same alarm from sixteen processes in one moment: one message, the others are counted."""
    case = Case(SqliteStore(tmp_path / "store.sqlite"))
    stores = [SqliteStore(tmp_path / "store.sqlite") for _ in range(16)]

    def one(number: int) -> bool:
        return deliver(NOTICE, NoticePorts(stores[number], case.person, case.clock, case.logs), f"event {number}")

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(16))) == 1
    case.clock.sleep(120)
    assert deliver_waiting(DAY, case.ports) == 1
    assert case.texts() == ["text", "text\n(and 14 more)"]
    for store in (*stores, case.ports.store):
        store.close()


def test_a_step_does_not_notice() -> None:
    """Neither a receiver that is away nor a text that cannot be made fails it; both are said in the log."""
    case = Case()
    case.person.away = True
    tell(lambda: NOTICE, case.ports)

    def broken() -> Notice:
        raise KeyError("totals")

    tell(broken, case.ports)
    records = case.logs.records
    assert [(one["severity"], one["fields"]["category"]) for one in records] == [("ERROR", "alert")] * 2
    assert "KeyError" in records[1]["message"]


def record(**changes: str) -> dict[str, str]:
    fields = {"time": "t", "severity": "ERROR", "message": "the store is down", "date": DAY.isoformat()}
    return fields | changes


@pytest.mark.parametrize(("changes", "said"), [
    ({}, "told"), ({"severity": "CRITICAL"}, "told"), ({"severity": "WARNING"}, ""),
    ({"severity": "CRITICAL", "category": "alert"}, ""),
    ({"severity": "WARNING", "category": "halt"}, "told"), ({"date": "nonsense"}, "told"),
])
def test_which_records_are_told(changes: dict[str, str], said: str) -> None:
    """ERROR and above and halts; never what telling itself has logged, which would go round for ever."""
    case = Case()
    assert alert(LOGS, "1", record(**changes), case.ports) == said
    assert len(case.texts()) == (said == "told")


def test_what_is_no_new_record() -> None:
    """Another collection's document, and one that was deleted, tell nobody."""
    case = Case()
    assert alert("workloads", "1", record(), case.ports) == ""
    assert alert(LOGS, "1", None, case.ports) == ""
    assert case.texts() == []


def changes_of(do: Callable[[Case], object]) -> list[dict[str, object]]:
    case = Case()
    do(case)
    return [dict(one.fields) for one in case.ports.store.query(Query(LOGS)) if one.fields["category"] == "halt"]


def test_halts_and_resumes_are_told() -> None:
    """Each change of control is one record, with who and why; the day's square-off is routine and is none."""

    def do(case: Case) -> None:
        store, clock = case.ports.store, case.clock
        set_halt(store, Halt(Source.PERSON, ALL, HaltLevel.FLATTEN, "news", "me"), clock)
        set_halt(store, Halt(Source.PERSON, ALL, HaltLevel.FLATTEN, "news", "me"), clock)
        set_halt(store, Halt(Source.SQUARE_OFF, ALL, HaltLevel.FLATTEN, "15:02", "square_off", DAY), clock)
        resume(store, ALL, "over", "me", clock)

    messages = [one["message"] for one in changes_of(do)]
    assert messages == ["halt FLATTEN for all: news (me)", "resume person-all for all: over (me)"]


def prepared(case: Case) -> None:
    """A plan, and one workload of it with an open position."""
    plan = paper_plan(("AAA",))
    asset_class = plan.enabled[0].asset_class
    position = {"symbol": "AAA", "quantity": 10, "average_paise": 100_00, "mark_paise": 100_00, "stop_paise": 99_00,
                "leaving": "", "basket": ""}
    fields = launched_fields(DAY, asset_class, case.clock.now())
    fields["summary"] = {"net_paise": 0, "trades": 0, "positions": [position]}
    case.ports.store.commit([
        Create(PLANS, DAY.isoformat(), plan.to_fields()),
        Create(WORKLOADS, workload_id(DAY, asset_class), fields),
    ])


def test_positions_are_told_at_their_two_times() -> None:
    """A round each minute from 09:00 to 15:40: two reports, at the table's times, each once."""
    case = Case()
    prepared(case)
    now = datetime(DAY.year, DAY.month, DAY.day, 9, 0, tzinfo=INDIA)
    times = list[str]()
    for _ in range(400):
        tell_round(DAY, now, case.ports)
        times += [f"{now:%H:%M}"] * (len(case.texts()) - len(times))
        now += timedelta(minutes=1)
    assert times == ["09:20", "15:10"]
    assert case.person.messages[0][0] == "09:20: 1 position, net ₹0.00"
    assert "+10 AAA at ₹100.00, stop ₹99.00 at the exchange" in case.texts()[0]


def test_a_round_of_a_day_without_trading_is_silent() -> None:
    """A holiday, and a day without a plan, have nothing to report."""
    case = Case()
    assert due(date(2026, 1, 26), case.clock.now()) == ""
    tell_round(DAY, datetime(DAY.year, DAY.month, DAY.day, 9, 20, tzinfo=INDIA), case.ports)
    assert case.texts() == []
    assert case.ports.store.query(Query(NOTICES)) == []
