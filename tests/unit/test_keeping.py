"""Parts that crash are started again with back-off, and said; a day's calls come in order, late ones too."""

import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from common.market.indian_time import INDIA
from jobs.local.keeping import Child, Keeper
from jobs.local.timetable import TRIES, Timetable

DAY = date(2026, 11, 20)
PRESENT = ("prepare_day", "plan_day", "supervise", "square_off", "close_day", "control")


class Glass:
    """A part that breaks when told; `stubborn`: starts that fail."""

    def __init__(self, stubborn: int = 0) -> None:
        self.running = False
        self.starts = 0
        self.stubborn = stubborn
        self.log = Path("glass.log")

    def start(self) -> None:
        self.starts += 1
        if self.starts > 1 and self.stubborn:
            self.stubborn -= 1
            raise RuntimeError("not yet")
        self.running = True

    def stop(self) -> None:
        self.running = False


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The keeper's clock, moved by hand."""
    seconds = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


def test_what_breaks_comes_back_later_and_later(now: list[float]) -> None:
    """One second, then two, then four while it does not start; told each time, and once when it is back."""
    said: list[str] = []
    back: list[str] = []
    keeper, glass = Keeper(said.append, back.append), Glass(stubborn=2)
    keeper.start("glass", glass)
    glass.running = False
    waits = []
    for _ in range(200):
        before = glass.starts
        keeper.look()
        if glass.starts > before:
            waits.append(round(now[0] - 1000.0, 1))
        now[0] += 0.1
    assert waits == [1.0, 3.0, 7.0]
    assert [text.split(";")[0] for text in said] == [
        "glass has ended", "glass does not start: not yet", "glass does not start: not yet", "glass is back",
    ]
    assert back == ["glass"]
    keeper.stop()
    assert not glass.running


def test_a_long_healthy_part_is_waited_for_briefly(now: list[float]) -> None:
    """Its old failures are forgotten."""
    said: list[str] = []
    keeper, glass = Keeper(said.append, lambda _: None), Glass()
    keeper.start("glass", glass)
    for healthy in (1.0, 1.0, 100.0):
        now[0] += healthy
        glass.running = False
        while not glass.running:
            keeper.look()
            now[0] += 0.5
    waits = [text.split(";")[1] for text in said if "ended" in text]
    assert waits == [" again in 1 s", " again in 2 s", " again in 1 s"]


def test_a_child_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    """With its log named; a ready one is stopped when told."""
    log = tmp_path / "child.log"
    command = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
    child = Child(command, {}, log, lambda: False, ready_within_seconds=0.3)
    with pytest.raises(RuntimeError, match=r"child\.log"):
        child.start()
    assert not child.running
    child = Child(command, {}, log, lambda: log.exists() and b"here" in log.read_bytes())
    child.start()
    assert child.running
    child.stop()
    child.stop()
    assert not child.running


def clock(text: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{text}").replace(tzinfo=INDIA)


def test_a_day_is_called_in_order() -> None:
    """Steps at their times, the supervisor each minute between its own; functions that are not there are left out."""
    table, now, calls = Timetable(DAY, PRESENT), clock("08:00"), list[str]()
    while now < clock("16:10"):
        while (name := table.due(now)) is not None:
            calls.append(f"{now:%H:%M} {name}")
            if name != "supervise":
                table.done(name)
        now += timedelta(seconds=20)
    assert [call for call in calls if "supervise" not in call] == [
        "08:30 prepare_day", "08:45 plan_day", "15:02 square_off", "15:55 close_day",
    ]
    looks = [call for call in calls if "supervise" in call]
    assert (looks[0], looks[-1], len(looks)) == ("09:00 supervise", "15:49 supervise", 410)
    assert table.ended
    assert not table.failed


def test_a_late_start_catches_up_and_a_failing_step_is_given_up() -> None:
    """In order, each tried again after half a minute, at most so often."""
    table, now = Timetable(DAY, PRESENT), clock("10:00")
    assert table.due(now) == "prepare_day"
    table.done("prepare_day")
    tries = list[str]()
    while table.due(now) == "plan_day" or len(tries) < TRIES:
        if table.due(now) == "plan_day":
            tries.append(f"{now:%M:%S}")
            table.again("plan_day", now)
        now += timedelta(seconds=10)
    assert tries == ["00:00", "00:30", "01:00", "01:30", "02:00"]
    assert table.failed == ["plan_day"]
    assert table.due(clock("15:02")) == "square_off"
