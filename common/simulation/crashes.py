"""One rich day without other faults, killed at every call of the outside that its workloads make, before and after."""

from datetime import date
from random import Random
from typing import Final, TypeAlias

from common.market.instrument import AssetClass
from common.planning.plan import Plan
from common.simulation.day import Setting, SimulatedDay
from common.simulation.instruments import Listing
from common.simulation.outcome import Bench, DayOutcome, introduce_restless, outcome_of
from common.simulation.planned import make_plan

Point: TypeAlias = tuple[int, int, bool]
"""Process, by the order of launches from 1; its call, from 1; whether it dies after the call's effect."""

SHORT_DAY: Final = date(2025, 10, 21)
"""A Muhurat session: an hour of trading, so that its calls are counted in hundreds."""
RICH_SEED: Final = 19
"""Of a day with fills in part, stops, exits, and a basket that ends at its loss limit; a test says so."""


def crash_points(bench: Bench, seed: int = RICH_SEED) -> tuple[DayOutcome, list[Point]]:
    """The day as it is without a crash, and every point at which it can be killed."""
    whole = _day(seed, bench, None)
    points = [
        (process, call, after)
        for process, calls in sorted(whole.calls.items()) for call in range(1, calls + 1) for after in (False, True)
    ]
    return outcome_of(whole), points


def crash_day(point: Point, bench: Bench, seed: int = RICH_SEED) -> DayOutcome:
    """The same day, killed there once."""
    return outcome_of(_day(seed, bench, point))


def rich_setting(seed: int, bench: Bench, crash_at: Point | None = None) -> Setting:
    """Options and futures in an hour, without faults."""
    return Setting(
        seed, frozenset(), bench.open_store, bench.open_archive, crash_at=crash_at, plan=_rich_plan, day=SHORT_DAY,
    )


def _day(seed: int, bench: Bench, point: Point | None) -> SimulatedDay:
    introduce_restless()
    day = SimulatedDay(rich_setting(seed, bench, point))
    day.run()
    return day


def _rich_plan(day: date, listing: Listing, random: Random) -> Plan:
    return make_plan(day, listing, {AssetClass.FUTURES: 120, AssetClass.OPTIONS: 200}, random)
