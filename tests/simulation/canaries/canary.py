"""A planted bug, the days on which it is looked for, and the invariants that may catch it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

import pytest

from common.bootstrap import simulation_bench
from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.simulation.crashes import SHORT_DAY
from common.simulation.day import Setting
from common.simulation.faults import Fault
from common.simulation.findings import Invariant
from common.simulation.instruments import Listing
from common.simulation.outcome import DayOutcome, simulate_day
from common.simulation.planned import LEAVE, make_plan

Plant = Callable[[pytest.MonkeyPatch], None]


def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world as it is."""
    del monkeypatch


ENTER: Mapping[AssetClass, int] = {AssetClass.STOCK: 150, AssetClass.FUTURES: 150, AssetClass.OPTIONS: 200}
"""Chances in a thousand of an entry at each bar: the days are short."""


@dataclass(frozen=True)
class Canary:
    """bug: in one line. caught_by: invariants, any of which proves that it was seen. faults: that bring it out.

    days: at most so many are needed; intensity: of the faults; leave: chance in a thousand of an exit at each bar.
    stage: what the world does besides, with the bug and without it.
    """

    bug: str
    plant: Plant
    caught_by: frozenset[Invariant]
    faults: frozenset[Fault] = frozenset()
    classes: tuple[AssetClass, ...] = (AssetClass.STOCK,)
    days: int = 30
    intensity: float = 3.0
    leave: int = LEAVE
    stage: Plant = unchanged

    def setting(self, seed: int) -> Setting:
        """A day of an hour on which it should show."""
        bench = simulation_bench()

        def plan(day: date, listing: Listing, random: Random) -> Plan:
            return make_plan(day, listing, {one: ENTER[one] for one in self.classes}, random, self.leave)

        return Setting(
            seed, self.faults, bench.open_store, bench.open_archive, self.intensity, plan=plan, day=SHORT_DAY,
        )

    def hunt(self) -> tuple[int, DayOutcome] | None:
        """The first of its days on which it is caught, by an invariant that may; None if there is none."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            self.stage(monkeypatch)
            self.plant(monkeypatch)
            for seed in range(1, 1 + self.days):
                outcome = simulate_day(self.setting(seed))
                if {invariant for _, invariant, _ in outcome.violations} & {str(one) for one in self.caught_by}:
                    return seed, outcome
        return None

    def clean(self, seed: int) -> DayOutcome:
        """The very same day without the bug."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            self.stage(monkeypatch)
            return simulate_day(self.setting(seed))
