"""Many simulated days in figures: what was checked, what struck, what broke, and whether the days were rich enough."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from common.simulation.faults import Fault
from common.simulation.findings import Invariant
from common.simulation.outcome import DayOutcome

FLOORS: Final[Mapping[str, float]] = {"orders": 20.0, "fills": 30.0, "faults": 50.0}
"""A day, on average; faults only where all are asked for. Empty days would prove nothing."""
SHORT_FLOORS: Final[Mapping[str, float]] = {"orders": 4.0, "fills": 4.0}
"""Of the hour that is killed everywhere."""
MOST_ALARMS: Final = 1.5
"""A day, on average: who is told too much does not listen."""
CEILING_DAYS: Final = 200
FLOOR_DAYS: Final = 20
"""Fewer days are no average."""
SHOWN_VIOLATIONS: Final = 200


class Totals:
    """Adds days up as they come. floors: what a day must have on average."""

    def __init__(self, seed: int, wanted: frozenset[Fault], floors: Mapping[str, float] = FLOORS) -> None:
        self.days = self.steps = self.orders = self.fills = self.duplicates = self.not_flat = 0
        self.naked = self.unprotected = self.beyond = 0.0
        self.faults: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.violations: list[dict[str, Any]] = []
        self.failed_days: list[int] = []
        self._seed = seed
        self._floors = {name: least for name, least in floors.items() if name != "faults" or wanted == frozenset(Fault)}
        self._flat: list[float] = []

    def add(self, day: DayOutcome) -> None:
        """One more day."""
        self.days += 1
        self.steps += day.steps
        self.orders += day.orders
        self.fills += day.fills
        self.alarms.update(day.alarms)
        self.duplicates += day.duplicates
        self.not_flat += bool(day.not_flat)
        self.naked += day.naked_short_seconds
        self.unprotected += day.unprotected_seconds
        self.beyond += day.unprotected_seconds_beyond_bound
        self.faults.update(day.faults)
        self.checks.update(day.checks)
        self.requests.update(day.requests)
        self._flat += day.seconds_to_flat
        if day.violations:
            self.failed_days.append(day.seed)
        for time, invariant, text in day.violations:
            if len(self.violations) < SHOWN_VIOLATIONS:
                self.violations.append({"day_seed": day.seed, "time": time, "invariant": invariant, "text": text})

    def result(self, seconds: float) -> dict[str, Any]:
        """As JSON. seconds: that it took, by the wall."""
        days = max(1, self.days)
        struck = sum(self.faults.values())
        return {
            "days": self.days, "seed": self._seed, "steps": self.steps, "orders": self.orders, "fills": self.fills,
            "requests": dict(self.requests),
            "faults_injected": {fault.name: self.faults[fault.name] for fault in Fault},
            "checks": {str(one): self.checks[str(one)] for one in Invariant},
            "alarms": self.alarms.total(), "alarms_per_1000_days": round(1000 * self.alarms.total() / days),
            "alarms_by_kind": dict(self.alarms.most_common()),
            "violations": self.violations, "failed_day_seeds": self.failed_days,
            "duplicates": self.duplicates,
            "duplicates_per_10000_faults": 10_000 * self.duplicates / struck if struck else 0.0,
            "naked_short_seconds": round(self.naked, 3), "unprotected_seconds": round(self.unprotected, 3),
            "unprotected_seconds_beyond_bound": round(self.beyond, 3), "days_not_flat_by_ourselves": self.not_flat,
            "time_to_flat_seconds": _distribution(self._flat),
            "floors": self.floors(), "alarm_ceiling": self.ceiling(), "wall_seconds": round(seconds, 3),
            "days_per_second": round(self.days / seconds, 2),
        }

    def floors(self) -> dict[str, Any]:
        """What a day had on average, the least that it must have, and whether it did (too few days: not judged)."""
        days = max(1, self.days)
        had = {"orders": self.orders / days, "fills": self.fills / days, "faults": sum(self.faults.values()) / days}
        met = all(had[name] >= least for name, least in self._floors.items())
        return {
            "a_day": {name: round(value, 1) for name, value in had.items()}, "least": self._floors,
            "met": met if self.days >= FLOOR_DAYS else None,
        }

    def ceiling(self) -> dict[str, Any]:
        """Alarms a day on average, the most that they may be, and whether they are (too few days: not judged)."""
        had = self.alarms.total() / max(1, self.days)
        return {
            "a_day": round(had, 2), "most": MOST_ALARMS,
            "met": had <= MOST_ALARMS if self.days >= CEILING_DAYS else None,
        }

    @property
    def good(self) -> bool:
        """No violation, days rich enough to say so, and alarms few enough to be heard."""
        judged = (self.floors()["met"], self.ceiling()["met"])
        return not self.violations and False not in judged


def _distribution(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {"count": 0, "p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0}

    def at(part: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 2)

    return {"count": len(ordered), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": round(ordered[-1], 2)}


def lines(result: Mapping[str, Any]) -> Iterable[str]:
    """For people."""
    flat, floors = result["time_to_flat_seconds"], result["floors"]
    yield f"seed {result['seed']}: {result['days']} days, {result['days_per_second']} a second"
    yield f"  {result['steps']} steps, {result['orders']} orders, {result['fills']} fills"
    yield f"  {sum(result['faults_injected'].values())} faults, {sum(result['checks'].values())} checks"
    yield "  checks      " + ", ".join(f"{name} {count}" for name, count in result["checks"].items())
    yield "  faults      " + ", ".join(f"{name} {count}" for name, count in result["faults_injected"].items() if count)
    yield f"  duplicates  {result['duplicates']}"
    yield f"  naked       {result['naked_short_seconds']} s"
    yield (
        f"  unprotected {result['unprotected_seconds']} s in all, "
        f"{result['unprotected_seconds_beyond_bound']} s beyond the bound"
    )
    yield (
        f"  way out     {flat['count']} times: half within {flat['p50']} s, 90 % within {flat['p90']} s, "
        f"99 % within {flat['p99']} s, longest {flat['max']} s"
    )
    yield f"  alarms      {result['alarms_per_1000_days']} in 1,000 days"
    yield from (f"    {count:7d} {kind}" for kind, count in result["alarms_by_kind"].items())
    yield f"  a day has   {floors['a_day']}, at least {floors['least']}"
    for one in result["violations"]:
        yield f"  VIOLATION   day {one['day_seed']} {one['time']} {one['invariant']}: {one['text']}"
