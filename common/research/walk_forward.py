"""Walk-forward: the set that was best over some sessions is traded over those that follow, again and again.

Strategies start fresh each day, so that a set's days are the same whatever came before: nothing is traded again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.research.deflated import sharpe
from common.research.parameter_sets import NoSets


@dataclass(frozen=True, slots=True)
class Windows:
    """Sessions to choose on, and sessions to trade what was chosen on; then on by as many as were traded."""

    train: int
    test: int

    @classmethod
    def parse(cls, text: str) -> "Windows":
        """From `train:test`. Raises NoSets."""
        parts = text.split(":")
        if len(parts) != 2 or not all(part.isdigit() and 0 < int(part) < 100_000 for part in parts):
            raise NoSets(f"--walk-forward {text}: give train:test in sessions, such as 60:20")
        return cls(int(parts[0]), int(parts[1]))


def walk_forward(rows: Sequence[Mapping[str, Any]], windows: Windows) -> dict[str, Any]:
    """rows: of a sweep, all over the same days. Raises NoSets where there are too few days.

    {steps: [{train, test, number, parameters, ...}], daily: [[date, net paise]] of the days that were not chosen on}.
    A last step may have fewer sessions than the others. Ties go to the set with the lower number.
    """
    days = [day for day, _, _ in rows[0]["daily"]]
    if len(days) <= windows.train:
        raise NoSets(f"--walk-forward {windows.train}:{windows.test}: there are only {len(days)} sessions")
    nets = [[net for _, net, _ in row["daily"]] for row in rows]
    steps, daily = list[dict[str, Any]](), list[list[Any]]()
    for start in range(windows.train, len(days), windows.test):
        end = min(start + windows.test, len(days))
        ratios = [sharpe(series[start - windows.train : start]) for series in nets]
        best = ratios.index(max(ratios))
        taken = nets[best][start:end]
        steps.append({
            "train": [days[start - windows.train], days[start - 1]], "test": [days[start], days[end - 1]],
            "number": rows[best]["number"], "parameters": rows[best]["parameters"],
            "train_net_paise": sum(nets[best][start - windows.train : start]), "test_net_paise": sum(taken),
        })
        daily += [[day, net] for day, net in zip(days[start:end], taken, strict=True)]
    return {"steps": steps, "daily": daily, "net_paise": sum(net for _, net in daily)}
