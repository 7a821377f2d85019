"""What one simulated day came to, and how a day is run from nothing but its seed."""

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, cast

from common.market.instrument import AssetClass
from common.ports import Archive, DocumentStore
from common.simulation.day import Setting, SimulatedDay
from common.simulation.faults import Fault, draw_faults
from common.simulation.findings import Invariant
from common.simulation.restless import Restless
from common.strategies import registry

SEEDS_A_RUN: Final = 1_000_000


@dataclass(slots=True)
class DayOutcome:
    """seed: of the day. alarms: by kind, of processes and of functions that took over. violations: (time, invariant,
    text). Seconds as in `Protection`. duplicates: tags that reached the broker more than once. not_flat: positions
    that were open when the broker squared off.
    """

    seed: int
    steps: int
    orders: int
    fills: int
    requests: dict[str, int]
    faults: dict[str, int]
    checks: dict[str, int]
    alarms: dict[str, int]
    violations: list[tuple[str, str, str]]
    duplicates: int = 0
    naked_short_seconds: float = 0.0
    unprotected_seconds: float = 0.0
    unprotected_seconds_beyond_bound: float = 0.0
    not_flat: int = 0
    seconds_to_flat: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where days are simulated: opens an empty store and an empty archive for each."""

    open_store: Callable[[], DocumentStore]
    open_archive: Callable[[], Archive]


def day_seed(seed: int, number: int) -> int:
    """Of the n-th day of a run."""
    return seed * SEEDS_A_RUN + number


def setting_of(
    seed: int, wanted: frozenset[Fault], bench: Bench, trace: Callable[[int, str], None] | None = None,
) -> Setting:
    """The day of that seed. All faults: each day draws a part of them; any others strike as they are given."""
    intensity, faults = 1.0, wanted
    if wanted == frozenset(Fault):
        faults, intensity = draw_faults(wanted, Random(seed))  # noqa: S311 - a day is drawn again from its seed
    return Setting(seed, faults, bench.open_store, bench.open_archive, intensity, trace=trace)


def simulate_day(setting: Setting) -> DayOutcome:
    """Run the day and look at it. What breaks the simulation itself is a violation of its day, with its words."""
    introduce_restless()
    day = SimulatedDay(setting)
    try:
        day.run()
    except Exception as fault:
        day.findings.fail(Invariant.ALIVE, "simulation", f"the simulation broke: {type(fault).__name__}: {fault}")
    return outcome_of(day)


def outcome_of(day: SimulatedDay) -> DayOutcome:
    """The day in numbers."""
    protection = day.checks.protection
    return DayOutcome(
        seed=day.setting.seed, steps=day.world.steps, orders=day.truth.orders, fills=day.truth.fills,
        requests=dict(day.requests.sent), faults={fault.name: count for fault, count in day.faults.struck.items()},
        checks={str(one): count for one, count in day.findings.checks.items()},
        alarms=_alarms(day),
        violations=[(one.time, str(one.invariant), one.text) for one in day.findings.violations],
        duplicates=sum(times > 1 for times in day.account.arrivals.values()), naked_short_seconds=protection.naked,
        unprotected_seconds=protection.unprotected, unprotected_seconds_beyond_bound=protection.beyond,
        not_flat=len(day.checks.not_flat), seconds_to_flat=protection.flat,
    )


def _alarms(day: SimulatedDay) -> dict[str, int]:
    """What processes and functions said loudly."""
    kinds: Counter[str] = Counter()
    for message, times in day.checks.alarms.items():
        kinds[_kind(message, day.listing.instruments)] += times
    return dict(kinds)


def _kind(message: str, symbols: Collection[str]) -> str:
    """Without symbols and figures."""
    about, _, rest = message.partition(": ")
    words = rest if about in symbols else about
    return re.sub(r"[\d.:-]+[-\w]*", "#", words)[:60]


def introduce_restless() -> None:
    """The registry knows the strategy of simulated days, in this process and in no plan of anybody else's."""
    known = cast(dict[str, Any], registry.BUILT_IN)
    known[Restless.name] = registry.BuiltIn(Restless.__module__, Restless.__name__, frozenset(AssetClass))
