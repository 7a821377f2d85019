"""The clocks behind the port."""

from datetime import UTC, datetime, timedelta

import pytest

from common.adapters.clock import INDIA, SystemClock, VirtualClock

NINE = datetime(2025, 8, 29, 9, 0, tzinfo=INDIA)


def test_system_clock_is_aware_and_in_india() -> None:
    """The zone is India's and the moment is now."""
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is INDIA
    assert before <= now <= datetime.now(UTC)


def test_virtual_clock_moves_only_when_told() -> None:
    """It stands still, sleeps at once, is moved in any zone, and never goes back."""
    clock = VirtualClock(NINE.astimezone(UTC))
    assert clock.now() == clock.now() == NINE
    assert clock.now().tzinfo is INDIA
    clock.sleep(90)
    clock.sleep(-5)
    assert clock.now() == NINE + timedelta(seconds=90)
    clock.advance_to(datetime(2025, 8, 29, 10, 0, tzinfo=UTC))
    assert clock.now() == datetime(2025, 8, 29, 15, 30, tzinfo=INDIA)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance_to(NINE)
    assert VirtualClock(NINE).now() == NINE


def test_what_has_passed_is_not_what_the_clock_says() -> None:
    """A clock that is set, forwards or back, has not lived longer: leases are measured by what passes."""
    clock = VirtualClock(NINE)
    before = clock.monotonic()
    clock.sleep(90)
    clock.jump(3600)
    clock.jump(-7200)
    assert clock.now() == NINE + timedelta(seconds=90 - 3600)
    assert clock.monotonic() - before == 90
    clock.advance_to(clock.now() + timedelta(seconds=10))
    assert clock.monotonic() - before == 100


def test_the_systems_own_never_goes_back() -> None:
    """It grows while something is done, and a sleep is at least as long as asked for."""
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.01)
    clock.sleep(-1)
    assert clock.monotonic() - before >= 0.01


def test_a_naive_moment_is_refused() -> None:
    """A moment without a zone could be any of two dozen."""
    naive = NINE.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        VirtualClock(naive)
    with pytest.raises(ValueError, match="no time zone"):
        VirtualClock(NINE).advance_to(naive)
