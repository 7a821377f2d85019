"""Control: named halts, the highest one counts, what a person sets stays until a reason takes it back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.clock import INDIA, VirtualClock
from common.adapters.sqlite import SqliteStore
from common.day.control import (
    MAX_HISTORY,
    NOTHING_SAID,
    SCOPES,
    ControlRefused,
    Effective,
    Halt,
    Source,
    effective,
    level_named,
    read_control,
    resume,
    scope_named,
    set_halt,
    standing,
)
from common.market.instrument import AssetClass
from common.ports import Create, Document, StoreUnavailable, Update
from common.trading.halts import HaltLevel
from tests.unit.faulty_store import Faulty

DAY = date(2025, 8, 29)
STOCK = AssetClass.STOCK


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Faulty]:
    made = Faulty(SqliteStore(tmp_path / "store.db"))
    yield made
    made.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2025, 8, 29, 10, 0, tzinfo=INDIA))


def person(level: HaltLevel = HaltLevel.STOP_ENTRIES, scope: str = "all", reason: str = "by hand") -> Halt:
    return Halt(Source.PERSON, scope, level, reason, "test")


def said(store: Faulty, asset_class: AssetClass = STOCK, day: date = DAY) -> Effective:
    return effective(read_control(store), asset_class, day)


def test_nothing_said_is_run(store: Faulty) -> None:
    """Where nobody has ever halted."""
    assert said(store) == NOTHING_SAID


def test_the_highest_of_what_holds_counts(store: Faulty, clock: VirtualClock) -> None:
    """By class: its own halts and those for all; with every reason of that level."""
    set_halt(store, person(scope="options"), clock)
    set_halt(store, Halt(Source.SUPERVISOR, "stock", HaltLevel.FLATTEN, "silent", "test", DAY), clock)
    set_halt(store, person(HaltLevel.CANCEL_ENTRIES), clock)
    sequence = set_halt(store, Halt(Source.SUPERVISOR, "all", HaltLevel.CANCEL_ENTRIES, "odd", "test", DAY), clock)
    assert said(store) == Effective(HaltLevel.FLATTEN, "silent (supervisor)", sequence)
    assert said(store, AssetClass.FUTURES).level is HaltLevel.CANCEL_ENTRIES
    assert said(store, AssetClass.FUTURES).reason == "by hand (person); odd (supervisor)"


def test_a_persons_halt_stays_a_schedulers_ends_with_its_date(store: Faulty, clock: VirtualClock) -> None:
    """Tomorrow the square-off of today says nothing."""
    set_halt(store, Halt(Source.SQUARE_OFF, "all", HaltLevel.FLATTEN, "the close", "test", DAY), clock)
    set_halt(store, person(), clock)
    assert said(store).level is HaltLevel.FLATTEN
    assert said(store, day=DAY + timedelta(days=1)).level is HaltLevel.STOP_ENTRIES
    assert said(store, day=DAY - timedelta(days=1)).level is HaltLevel.STOP_ENTRIES


def test_a_halt_never_loosens_another(store: Faulty, clock: VirtualClock) -> None:
    """To loosen is to resume, with a reason; on another date the day's own begins anew."""
    set_halt(store, person(HaltLevel.FLATTEN), clock)
    set_halt(store, person(HaltLevel.STOP_ENTRIES, reason="less"), clock)
    assert said(store).level is HaltLevel.FLATTEN
    for day in (DAY, DAY + timedelta(days=1)):
        level = HaltLevel.FLATTEN if day == DAY else HaltLevel.STOP_ENTRIES
        set_halt(store, Halt(Source.SUPERVISOR, "stock", level, "x", "test", day), clock)
    resume(store, "all", "checked", "test", clock)
    assert said(store, day=DAY + timedelta(days=1)).level is HaltLevel.RUN


def test_the_same_halt_again_changes_nothing(store: Faulty, clock: VirtualClock) -> None:
    """Doubled calls of a scheduler do not push a person's words out of the history."""
    first = set_halt(store, person(), clock)
    clock.sleep(60)
    before = read_control(store)
    assert set_halt(store, person(), clock) == first
    assert read_control(store) == before


def test_resume_needs_a_reason_and_something_to_resume(store: Faulty, clock: VirtualClock) -> None:
    """Refused in words; the square-off of the day is nobody's to take back."""
    with pytest.raises(ControlRefused, match="no halt"):
        resume(store, "all", "why not", "test", clock)
    set_halt(store, Halt(Source.SQUARE_OFF, "all", HaltLevel.FLATTEN, "the close", "test", DAY), clock)
    with pytest.raises(ControlRefused, match="no halt"):
        resume(store, "all", "why not", "test", clock)
    set_halt(store, person(), clock)
    for reason in ("", "  "):
        with pytest.raises(ControlRefused, match="for a reason"):
            resume(store, "all", reason, "test", clock)
    assert said(store).level is HaltLevel.FLATTEN
    resume(store, "all", "it was a fire drill", "test", clock)
    document = read_control(store)
    assert document is not None
    assert list(document.fields["halts"]) == ["square_off-all"]
    assert document.fields["history"][-1]["reason"] == "it was a fire drill"


def test_resume_of_one_class_leaves_the_others(store: Faulty, clock: VirtualClock) -> None:
    """And a halt of all is not taken back by halves."""
    set_halt(store, person(scope="stock"), clock)
    set_halt(store, person(scope="options"), clock)
    resume(store, "stock", "looked", "test", clock)
    assert (said(store).level, said(store, AssetClass.OPTIONS).level) == (HaltLevel.RUN, HaltLevel.STOP_ENTRIES)
    set_halt(store, person(), clock)
    with pytest.raises(ControlRefused, match=r"for 'stock' \(standing: person-all, person-options\)"):
        resume(store, "stock", "looked", "test", clock)


@pytest.mark.parametrize("halt", [
    person(scope="crypto"), person(reason=" "), person(HaltLevel.RUN),
])
def test_halts_that_cannot_be_meant(store: Faulty, clock: VirtualClock, halt: Halt) -> None:
    """Unknown scope, no reason, no level."""
    with pytest.raises(ControlRefused):
        set_halt(store, halt, clock)
    assert read_control(store) is None


def test_many_writers_at_once(store: Faulty, clock: VirtualClock) -> None:
    """Eight halts from eight threads: all are there, each with its own number."""
    halts = [
        Halt(source, scope, HaltLevel.STOP_ENTRIES, "x", "test", None if source is Source.PERSON else DAY)
        for source in (Source.PERSON, Source.SUPERVISOR) for scope in SCOPES
    ]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda halt: set_halt(store, halt, clock), halts))
    assert sorted(numbers) == list(range(1, 9))
    document = read_control(store)
    assert document is not None
    assert set(document.fields["halts"]) == {halt.name for halt in halts}


@pytest.mark.parametrize("written", [True, False])
def test_a_halt_whose_answer_was_lost_is_set(store: Faulty, clock: VirtualClock, written: bool) -> None:
    """Two taps to panic must not end in a shrug."""
    store.fail(2, written=written)
    sequence = set_halt(store, person(HaltLevel.FLATTEN), clock)
    assert said(store) == Effective(HaltLevel.FLATTEN, "by hand (person)", sequence)


SPOILT: list[dict[str, Any]] = [
    {"halts": 3, "history": 4}, {"halts": {"x": {}}}, {"halts": {"x": {"source": "nobody"}}}, {"halts": ["x"]},
    {"sequence": "many", "halts": {"x": None}},
    {"halts": {"x": {"source": "person", "scope": "all", "level": "WORSE", "reason": "", "by": "", "date": None}}},
    {"halts": {"x": {"source": "person", "scope": "moon", "level": "FLATTEN", "reason": "", "by": "", "date": None}}},
    {"halts": {"x": {"source": "person", "scope": "all", "level": "FLATTEN", "reason": "", "by": "", "date": "soon"}}},
]


@pytest.mark.parametrize("fields", SPOILT)
def test_what_cannot_be_read_stops_entries(store: Faulty, clock: VirtualClock, fields: dict[str, Any]) -> None:
    """When in doubt no entry, and the next halt makes the document whole again."""
    store.commit([Create("control", "account", fields)])
    assert said(store).level is HaltLevel.STOP_ENTRIES
    assert "tron halt" in said(store).reason
    sequence = set_halt(store, person(HaltLevel.FLATTEN), clock)
    assert said(store) == Effective(HaltLevel.FLATTEN, "by hand (person)", sequence)


def test_the_history_is_bounded(store: Faulty, clock: VirtualClock) -> None:
    """The latest changes, so that the document stays small."""
    for number in range(MAX_HISTORY + 20):
        set_halt(store, person(reason=f"{number}"), clock)
    document = read_control(store)
    assert document is not None
    assert [entry["reason"] for entry in document.fields["history"]] == [f"{n}" for n in range(20, MAX_HISTORY + 20)]


def test_what_stands_for_people(store: Faulty, clock: VirtualClock) -> None:
    """The halts of the day and what they come to, also where the document was spoilt."""
    set_halt(store, person(HaltLevel.FLATTEN, "stock"), clock)
    set_halt(store, Halt(Source.SUPERVISOR, "all", HaltLevel.FLATTEN, "old", "test", DAY - timedelta(days=1)), clock)
    shown = standing(read_control(store), DAY)
    assert [one["scope"] for one in shown["halts"]] == ["stock"]
    assert {name: one["level"] for name, one in shown["effective"].items()} == {
        "stock": "FLATTEN", "options": "RUN", "futures": "RUN",
    }
    document = read_control(store)
    assert document is not None
    store.commit([Update("control", "account", {"halts": {"x": 1}}, document.version)])
    assert standing(read_control(store), DAY)["effective"]["stock"]["level"] == "STOP_ENTRIES"


@given(st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.text() | st.dictionaries(
    st.text(max_size=9), st.none() | st.text() | st.integers(), max_size=4), max_size=4))
def test_no_document_raises(fields: dict[str, Any]) -> None:
    """Whatever somebody writes there, a workload gets an answer."""
    document = Document("control", "account", fields, "1")
    assert effective(document, STOCK, DAY).level in (HaltLevel.RUN, HaltLevel.STOP_ENTRIES)
    assert standing(document, DAY)["sequence"] >= 0 or isinstance(fields.get("sequence"), int)


@pytest.mark.parametrize("name", ["", "FLATTEN", "panic", 3, None, []])
def test_levels_and_classes_by_name(name: Any) -> None:
    """What people write: three levels, three classes or all, and nothing else."""
    assert [level_named(one) for one in ("stop", "cancel", "flatten")] == list(HaltLevel)[1:]
    assert [scope_named(one) for one in (None, "all", "stock")] == ["all", "all", "stock"]
    with pytest.raises(ControlRefused):
        level_named(name)
    if name is not None:
        with pytest.raises(ControlRefused):
            scope_named(name)


def test_a_store_that_stays_locked_is_given_up_soon(
    store: Faulty, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stopped process holds it, and each try takes ten seconds: the person hears of it after the first."""
    tried: list[float] = []

    def locked(_: object) -> list[str]:
        tried.append(clock.monotonic())
        clock.sleep(10)
        raise StoreUnavailable("locked by another process")

    monkeypatch.setattr(store, "commit", locked)
    with pytest.raises(StoreUnavailable, match="locked"):
        set_halt(store, person(), clock)
    assert len(tried) == 1
