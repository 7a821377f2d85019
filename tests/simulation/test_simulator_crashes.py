"""A rich hour, killed at every call of a port, before and after its effect."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from common.bootstrap import simulation_bench
from common.ports import Query
from common.simulation.crashes import RICH_SEED, Point, crash_day, crash_points, rich_setting
from common.simulation.day import SimulatedDay
from common.simulation.outcome import introduce_restless

PARTS = 8


def test_the_hour_is_rich() -> None:
    """It has entries, fills in part, a stop, an exit and a basket, and nothing is wrong with it."""
    introduce_restless()
    day = SimulatedDay(rich_setting(RICH_SEED, simulation_bench()))
    day.run()
    reasons = {one.fields["exit_reason"] for one in day.store.query(Query("trades", limit=500))}
    baskets = {(one.fields["basket"] or {}).get("name") for one in day.store.query(Query("orders", limit=500))}
    assert not day.findings.violations
    assert "stop" in reasons, reasons
    assert reasons & {"enough", "target", "loss limit", "profit target"}, reasons
    assert len(baskets) > 1, "no basket was traded"
    assert any(len(order.fills) > 1 for order in day.exchange.book.values())


def _killed(point: Point) -> tuple[Point, list[tuple[str, str, str]], int]:
    outcome = crash_day(point, simulation_bench())
    return point, outcome.violations, outcome.duplicates


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_call(part: int) -> None:
    """No violation and no order twice, wherever a process dies."""
    _, points = crash_points(simulation_bench())
    assert len(points) > 1_000
    with ProcessPoolExecutor(1) as pool:
        for point, violations, duplicates in pool.map(_killed, points[part::PARTS], chunksize=20):
            assert not violations, f"killed at {point}: {violations[0]}"
            assert duplicates == 0, f"killed at {point}: an order was sent twice"
