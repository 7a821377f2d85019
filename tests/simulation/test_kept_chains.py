"""Whole simulated days under faults, and the hash chains that they leave: crashes and take-overs break none."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pytest

from common.adapters.memory import MemoryArchive, MemoryStore
from common.day.audit import verify
from common.ports import Archive, Document, Query
from common.simulation.crashes import crash_day, crash_points
from common.simulation.faults import parse_faults
from common.simulation.outcome import Bench, day_seed, setting_of, simulate_day

DAYS: Final = 6
POINTS: Final = 12


class Kept:
    """A bench that keeps the last store and archive that it opened."""

    def __init__(self) -> None:
        self.store, self.archive = MemoryStore(), MemoryArchive()
        self.bench = Bench(self._store, self._archive)

    def _store(self) -> MemoryStore:
        self.store = MemoryStore(checked=False)
        return self.store

    def _archive(self) -> Archive:
        self.archive = MemoryArchive()
        return self.archive

    def check(self) -> int:
        """How many changes are chained; none of the day's chains may have anything to find."""
        dates = {date.fromisoformat(one.fields["date"]) for one in self.workloads()}
        audits = [verify(day, self.store, self.archive) for day in dates]
        assert [audit.findings for audit in audits] == [[] for _ in dates]
        return sum(sum(audit.changes.values()) for audit in audits)

    def workloads(self) -> Sequence[Document]:
        return self.store.query(Query("workloads", limit=1000))


def test_days_under_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """Lost answers, dead processes, take-overs, stores that are down: the chain goes on from what is stored."""
    kept, changes, taken_over = Kept(), 0, 0
    for number in range(DAYS):
        simulate_day(setting_of(day_seed(3, number), parse_faults("all"), kept.bench))
        changes += kept.check()
        taken_over += sum(one.fields["epoch"] - 1 for one in kept.store.query(Query("leases", limit=1000)))
    capsys.readouterr()
    assert changes > DAYS * 20
    assert taken_over


def test_a_day_killed_in_many_places(capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after calls of ports all over the day, commits among them."""
    kept = Kept()
    _, points = crash_points(kept.bench)
    for point in points[:: max(1, len(points) // POINTS)]:
        crash_day(point, kept.bench)
        assert kept.check() > 4
    capsys.readouterr()
