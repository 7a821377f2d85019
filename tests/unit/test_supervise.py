"""The dead-man switch and the square-off from outside: what they start, restart, halt, close, and leave alone."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.day.control import Halt, Source, effective, read_control, set_halt
from common.day.square_off import square_off
from common.day.start import MAX_LAUNCHES, start_workloads
from common.day.supervise import SILENT_SECONDS, supervise
from common.ports import Launch, Update
from common.trading.halts import HaltLevel
from tests.unit.live_case import HOLDING_SECONDS, ID, LONG, STOCK, TTL_SECONDS, LiveHouse
from tests.unit.trading_case import DAY

House = Callable[..., LiveHouse]
OTHER = date(2025, 8, 28)
HOLIDAY = date(2025, 8, 27)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return lambda *a, **k: LiveHouse(tmp_path, monkeypatch, *a, **k)


def look(house: LiveHouse) -> str:
    """What the supervisor does about the one workload."""
    answer = supervise(DAY, house.outside())
    return str(answer["did"].get(ID, answer["said"]))


def level(house: LiveHouse) -> HaltLevel:
    return effective(read_control(house.store), STOCK, DAY).level


def everything(house: LiveHouse) -> list[Any]:
    """All that a step could have changed."""
    documents = [house.store.get(*place) for place in (("workloads", ID), ("leases", ID), ("control", "account"))]
    return [*documents, list(house.launchpad.launches), house.net()]


def test_what_a_lost_event_missed_is_started(house: House) -> None:
    """The plan is there and no workload: launched, once."""
    made = house()
    assert look(made) == ID
    assert (made.launchpad.launches, made.fields()["state"], made.fields()["launches"]) == ([ID], "LAUNCHED", 1)
    made.clock.sleep(60)
    assert look(made) == "running"
    assert made.launchpad.launches == [ID]


def test_a_dead_workload_is_started_again_but_not_each_second(house: House) -> None:
    """At most once a minute, however often the supervisor is called."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.launchpad.alive.clear()
    assert look(made) == ID
    made.launchpad.alive.clear()
    for _ in range(5):
        made.clock.sleep(10)
        assert look(made) == "launched less than a minute ago"
    made.clock.sleep(10)
    assert look(made) == ID
    assert made.fields()["launches"] == len(made.launchpad.launches) == 3


def test_what_dies_again_and_again_is_given_up_and_closed(house: House) -> None:
    """Ten launches, then a halt for its class and a take-over of what it left open."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    said = ""
    for _ in range(MAX_LAUNCHES):
        made.launchpad.alive.clear()
        made.clock.sleep(60)
        said = look(made)
    assert said == f"{ID} died {MAX_LAUNCHES} times: taken over, flat"
    assert len(made.launchpad.launches) == MAX_LAUNCHES
    assert made.net() == {}
    assert level(made) is HaltLevel.FLATTEN
    before = everything(made)
    made.clock.sleep(60)
    assert look(made) == "DONE"
    assert everything(made) == before


def test_a_take_over_that_failed_is_tried_again(house: House) -> None:
    """The market does not trade, then it does: the next minute closes what the last one could not."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    workload.finish()
    feeds, made.market.feeds = made.market.feeds, {"AAA": []}
    assert "1 positions are still open" in look(made)
    made.market.feeds = feeds
    made.clock.sleep(60)
    assert look(made).endswith("taken over, flat")
    assert made.net() == {}


def test_a_silent_workload_is_closed(house: House) -> None:
    """Its process is there and says nothing: halted, its lease taken when it has run out, what it holds closed."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.clock.sleep(SILENT_SECONDS - 60)
    assert look(made) == "running"
    made.clock.sleep(TTL_SECONDS + 60)
    assert look(made).endswith("taken over, flat")
    assert made.net() == {}
    document = read_control(made.store)
    assert document is not None
    (halt,) = document.fields["halts"].values()
    assert (halt["source"], halt["scope"], halt["date"]) == ("supervisor", "stock", DAY.isoformat())


def test_a_new_process_is_not_taken_for_a_silent_one(house: House) -> None:
    """What the document says is the dead one's last word: the new one waits for its lease, and is given the time."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.launchpad.alive.clear()
    made.clock.sleep(200)
    assert look(made) == ID
    for _ in range(3):
        made.clock.sleep(60)
        assert look(made) == "running"
    assert level(made) is HaltLevel.RUN
    assert made.net() == {"AAA": 498}


def test_what_nobody_can_explain_is_left_to_a_person(house: House) -> None:
    """FAILED and unexplained: neither restarted nor traded around, and no alarm is added each minute."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    current = made.document()
    assert current is not None
    summary = {**current.fields["summary"], "unexplained": True}
    fields = {**current.fields, "state": "FAILED", "summary": summary}
    made.store.commit([Update("workloads", ID, fields, current.version)])
    before = everything(made)
    assert look(made) == "FAILED"
    assert everything(made) == before


def test_one_trouble_does_not_hide_the_others(house: House) -> None:
    """A launcher that fails is said, loudly, and is no end of the round."""
    made = house()

    def fails(launch: Launch) -> str:
        raise RuntimeError(f"no more machines for {launch.id}")

    made.launchpad.start = fails  # type: ignore[method-assign]
    assert "could not be looked after: RuntimeError: no more machines" in look(made)
    assert [record["severity"] for record in made.logs.records] == ["CRITICAL"]


@pytest.mark.parametrize(("day", "hour", "minute", "said"), [
    (DAY, 8, 59, "too early"), (DAY, 15, 40, "too late"), (OTHER, 11, 0, "too late"), (HOLIDAY, 11, 0, "not a trading"),
    (date(2025, 9, 1), 11, 0, "too early"), (date(2025, 8, 30), 11, 0, "not a trading"),
])
def test_outside_its_hours_the_supervisor_does_nothing(
    house: House, day: date, hour: int, minute: int, said: str,
) -> None:
    """Late, doubled and mistaken calls of a scheduler are answered, and change nothing."""
    made = house(LONG)
    made.launch()
    made.launchpad.alive.clear()
    made.clock.jump(-3600)
    made.until(hour, minute)
    before = everything(made)
    assert supervise(day, made.outside())["said"].startswith(said)
    if minute:
        assert square_off(day, made.outside())["said"].startswith(said)
    assert everything(made) == before


@pytest.mark.parametrize(("hour", "minute", "said"), [(15, 1, "too early"), (15, 40, "too late")])
def test_outside_its_hours_the_square_off_does_nothing(house: House, hour: int, minute: int, said: str) -> None:
    """A minute early is early: the workloads have their own time."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.until(hour, minute)
    before = everything(made)
    assert square_off(DAY, made.outside())["said"].startswith(said)
    assert everything(made) == before


def test_a_late_plan_launches_nothing(house: House) -> None:
    """Past the entry cut-off, or on another date than its own, whoever asks."""
    made = house()
    plan = made.store.get("gpt_runner_daily_plan", DAY.isoformat())
    assert plan is not None
    made.until(14, 30)
    started = start_workloads(plan.fields, made.store, made.launchpad, made.clock)
    assert started[ID].startswith("too late")
    assert look(made).startswith("too late")
    made.clock.sleep(86_400)
    started = start_workloads(plan.fields, made.store, made.launchpad, made.clock)
    assert started[ID].startswith("the plan is for 2025-08-29 and today is 2025-08-30")
    assert (made.launchpad.launches, made.document()) == ([], None)


def test_events_that_come_twice_launch_once(house: House) -> None:
    """The second finds the claim of the first, although nothing runs yet."""
    made = house()
    plan = made.store.get("gpt_runner_daily_plan", DAY.isoformat())
    assert plan is not None
    for _ in range(3):
        start_workloads(plan.fields, made.store, made.launchpad, made.clock)
        made.launchpad.alive.clear()
    assert (made.launchpad.launches, made.fields()["launches"]) == ([ID], 1)


def test_the_square_off_asks_and_the_workload_exits(house: House) -> None:
    """A living one sees it within ten seconds and closes by itself; asked again, nothing changes."""
    made = house(LONG)
    workload = made.open()
    made.seconds(workload, HOLDING_SECONDS)
    # A workload that missed its own time: its session's square-off is later than the scheduler's.
    workload.session._wake = workload.session.times.close
    made.until(15, 2)
    _live_on(made, workload)
    assert square_off(DAY, made.outside())["did"] == {ID: "exits"}
    made.seconds(workload, 15)
    assert made.net() == {}
    sequence = effective(read_control(made.store), STOCK, DAY).sequence
    square_off(DAY, made.outside())
    assert effective(read_control(made.store), STOCK, DAY).sequence == sequence


def _live_on(house: LiveHouse, workload: Any) -> None:
    """From now on the workload lives while others sleep."""
    sleep, inside = house.clock.sleep, list[bool]()

    def both(seconds: float) -> None:
        if inside:
            sleep(seconds)
            return
        inside.append(True)
        house.seconds(workload, max(1, round(seconds)))
        inside.clear()

    house.clock.sleep = both  # type: ignore[method-assign]


def test_where_nobody_answers_the_square_off_does_it(house: House) -> None:
    """After its grace, under the lease."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.until(15, 2)
    assert square_off(DAY, made.outside())["did"] == {ID: "taken over, flat"}
    assert made.net() == {}
    before = everything(made)
    assert square_off(DAY, made.outside())["did"] == {ID: "has ended"}
    assert everything(made) == before


def test_the_square_off_without_a_store(house: House) -> None:
    """Nobody can be asked and no lease renewed: after its life the broker's books alone decide."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    made.until(15, 2)
    made.store.down = True
    answer = square_off(DAY, made.outside())
    assert answer["said"].startswith("the store is down")
    assert answer["did"][ID].startswith("flat")
    made.store.down = False
    assert made.net() == {}


def test_a_persons_halt_is_not_touched(house: House) -> None:
    """Supervisor and square-off add halts of their own."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    set_halt(made.store, Halt(Source.PERSON, "all", HaltLevel.STOP_ENTRIES, "lunch", "me"), made.clock)
    made.until(15, 2)
    square_off(DAY, made.outside())
    document = read_control(made.store)
    assert document is not None
    assert document.fields["halts"]["person-all"]["reason"] == "lunch"
    assert document.fields["halts"]["square_off-all"]["date"] == DAY.isoformat()
