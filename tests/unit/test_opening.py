"""What a workload may begin with: real money, the readiness gate, the opening gate once for all workloads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from common.adapters.clock import VirtualClock
from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.opening import OPENINGS, admit, opened_plan
from common.day.plan import PLANS
from common.day.readiness import Check
from common.day.start import start_workloads
from common.day.trade import trade
from common.day.trade_ports import TradePorts
from common.day.workloads import WORKLOADS, workload_id
from common.market.indian_time import INDIA
from common.market.instrument import AssetClass
from common.ports import Create
from common.trading.errors import BrokerUnavailable, TradingStopped
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import DAY
from tests.unit.workload_case import Market, NoLauncher, plan

STOCK = AssetClass.STOCK
RED = [Check("login", "red", "nobody has logged in", "log in")]
QUIET = {"AAA": (100_00, 100_00), "BBB": (200_00, 201_00)}


class Morning:
    """A launched workload for AAA and BBB, at 08:50."""

    def __init__(self, **ports: Any) -> None:
        self.clock = VirtualClock(datetime(2025, 8, 29, 8, 50, tzinfo=INDIA))
        self.store, self.logs = MemoryStore(), KeptLogs()
        fields = plan(("AAA", "BBB")).to_fields()
        self.store.commit([Create(PLANS, DAY.isoformat(), fields)])
        start_workloads(fields, self.store, NoLauncher(), self.clock)
        self.asked: list[Sequence[str]] = []
        self.prices: Mapping[str, tuple[int, int]] | Exception = QUIET
        self.ports = TradePorts(
            self.store, MemoryArchive(), Market(), self.clock, self.no_broker, holder="one", lease_ttl_seconds=30.0,
            logs=self.logs, pre_open=self.pre_open, **ports,
        )

    def no_broker(self, *_: object) -> Any:
        raise AssertionError("nothing is to be opened")

    def pre_open(self, day: date, symbols: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        assert day == DAY
        self.asked.append(symbols)
        if isinstance(self.prices, Exception):
            raise self.prices
        return self.prices

    def size(self) -> float:
        opened = opened_plan(DAY, self.ports)
        assert opened is not None
        left = opened.of(STOCK)
        assert left is not None
        return left.size


def test_it_waits_for_nine_past_nine_and_looks_once() -> None:
    """Whoever comes later, or again, gets the plan of the first look, whatever prices say by then."""
    morning = Morning()
    assert morning.size() == 1.0
    assert (morning.clock.now().hour, morning.clock.now().minute) == (9, 9)
    morning.prices = {"AAA": (150_00, 100_00), "BBB": (300_00, 201_00)}
    assert morning.size() == 1.0
    assert morning.asked == [["AAA", "BBB"]]


@pytest.mark.parametrize(
    "prices", [{}, BrokerUnavailable("silence"), ValueError("no dump")], ids=["none", "broker", "dump"],
)
def test_without_prices_the_plan_gets_smaller(prices: Any) -> None:
    """What is not known makes careful; it never makes larger, and never fails."""
    morning = Morning()
    morning.prices = prices
    assert morning.size() == 0.5


def test_a_share_that_gaps_is_dropped_and_the_rest_is_traded() -> None:
    """The plan itself stays as it was planned."""
    morning = Morning()
    morning.prices = {**QUIET, "AAA": (110_00, 100_00)}
    opened = opened_plan(DAY, morning.ports)
    assert opened is not None
    left = opened.of(STOCK)
    assert left is not None
    assert left.universe == ("BBB",)
    document = morning.store.get(PLANS, DAY.isoformat())
    assert document is not None
    assert document.fields["classes"][0]["universe"] == ["AAA", "BBB"]


def test_a_workload_that_is_left_nothing_ends_well() -> None:
    """It is neither launched again and again nor an alarm."""
    morning = Morning()
    morning.prices = {"AAA": (150_00, 100_00), "BBB": (300_00, 201_00)}
    assert trade(DAY, STOCK, morning.ports) == {}
    document = morning.store.get(WORKLOADS, workload_id(DAY, STOCK))
    assert document is not None
    assert document.fields["state"] == "DONE"
    assert morning.store.get(OPENINGS, DAY.isoformat()) is not None


def test_a_red_gate_keeps_a_first_start_out() -> None:
    """With what to do; once there are orders of the day they are looked after whatever the gate says."""
    morning = Morning(readiness=lambda _: RED)
    with pytest.raises(TradingStopped, match="nobody has logged in: log in"):
        trade(DAY, STOCK, morning.ports)
    order = {"date": DAY.isoformat(), "asset_class": STOCK.value}
    morning.store.commit([Create("orders", "T250829S00001E", order)])
    admit(DAY, STOCK, morning.ports)
    assert morning.logs.loud()
    green = replace(morning.ports, readiness=lambda _: [Check("login", "green", "here")])
    admit(DAY, STOCK, green)


def test_a_paper_plan_never_meets_real_money() -> None:
    """Refused before the broker is opened, before anything is asked."""
    morning = Morning(real_money=True)
    with pytest.raises(TradingStopped, match="would send real orders"):
        trade(DAY, STOCK, morning.ports)
    assert morning.asked == []


def test_no_pre_open_no_gate() -> None:
    """Recorded sessions have none: the plan is traded as it is."""
    assert opened_plan(DAY, replace(Morning().ports, pre_open=None)) is None
