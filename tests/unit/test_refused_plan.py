"""A plan that may not be traded any more: nothing is launched on it, and nothing that is open stays open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common.day.plan import PLANS
from common.day.square_off import square_off
from common.day.supervise import supervise
from common.ports import Update
from tests.unit.live_case import HOLDING_SECONDS, ID, LONG, LiveHouse
from tests.unit.trading_case import DAY

House = Callable[..., LiveHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return lambda *a, **k: LiveHouse(tmp_path, monkeypatch, *a, **k)


@pytest.mark.parametrize("changes", [{"status": "REJECTED"}, {"mode": "live"}, {"status": "DRAFT"}])
def test_a_plan_that_may_not_be_traded_any_more_keeps_nothing_open(house: House, changes: dict[str, str]) -> None:
    """Its refusal is about entries: the supervisor launches nothing on it, and closes what it finds."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    plan = made.store.get(PLANS, DAY.isoformat())
    assert plan is not None
    made.store.commit([Update(PLANS, DAY.isoformat(), {**plan.fields, **changes}, plan.version)])
    made.launchpad.alive.clear()
    launches = list(made.launchpad.launches)
    made.clock.sleep(60)
    said = supervise(DAY, made.outside())
    assert said["did"][ID].endswith("taken over, flat")
    assert made.net() == {}
    assert made.launchpad.launches == launches
    made.clock.sleep(60)
    assert supervise(DAY, made.outside())["did"] == {ID: "DONE"}


def test_the_square_off_closes_on_a_plan_that_was_rejected_meanwhile(house: House) -> None:
    """Where nobody answers it is done from outside, whatever the plan says by now."""
    made = house(LONG)
    made.seconds(made.open(), HOLDING_SECONDS)
    plan = made.store.get(PLANS, DAY.isoformat())
    assert plan is not None
    made.store.commit([Update(PLANS, DAY.isoformat(), {**plan.fields, "status": "REJECTED"}, plan.version)])
    made.launchpad.alive.clear()
    made.until(15, 3)
    assert square_off(DAY, made.outside())["did"][ID] == "taken over, flat"
    assert made.net() == {}
