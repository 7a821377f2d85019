"""The dead-man switch while what runs the workloads (a cluster, Cloud Run) does not answer."""

from pathlib import Path

import pytest

from common.day.control import effective, read_control
from common.day.supervise import SILENT_SECONDS, supervise
from common.launch_ports import LaunchError
from common.trading.halts import HaltLevel
from tests.unit.live_case import HOLDING_SECONDS, ID, LONG, STOCK, TTL_SECONDS, LiveHouse
from tests.unit.trading_case import DAY


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveHouse:
    """It holds a position, and its launcher answers nobody from now on."""
    made = LiveHouse(tmp_path, monkeypatch, LONG)

    def running(launch_id: str) -> bool:
        raise LaunchError(f"the cluster of {launch_id} does not answer")

    made.launch()
    monkeypatch.setattr(made.launchpad, "running", running)
    return made


def look(house: LiveHouse) -> str:
    """What the supervisor does about the one workload."""
    return str(supervise(DAY, house.outside())["did"][ID])


def test_what_is_silent_is_closed_all_the_same(house: LiveHouse) -> None:
    """The cluster is down with its workloads: the person is told at once, and after the patience it is closed."""
    house.seconds(house.open(), HOLDING_SECONDS)
    house.clock.sleep(SILENT_SECONDS - 60)
    assert "could not be looked after: LaunchError" in look(house)
    assert house.net() == {"AAA": 498}
    house.clock.sleep(TTL_SECONDS + 61)
    said = look(house)
    assert "whether it runs nobody says" in said
    assert said.endswith("taken over, flat")
    assert house.net() == {}


def test_what_lives_is_left_alone(house: LiveHouse) -> None:
    """It says that it lives, so that only the launcher's silence is told."""
    workload = house.open()
    house.seconds(workload, HOLDING_SECONDS)
    for _ in range(3):
        house.seconds(workload, 120)
        assert "could not be looked after: LaunchError" in look(house)
    assert house.net() == {"AAA": 498}
    assert effective(read_control(house.store), STOCK, DAY).level is HaltLevel.RUN
