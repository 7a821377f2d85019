"""The way out: one width further every two seconds, never a flood, never more than is held, until flat or alarmed."""

from itertools import pairwise
from typing import Any

import pytest

from common.trading.book import MAX_ALARMS
from common.trading.changes import LONGEST_WAIT_SECONDS
from common.trading.errors import LoginExpired, OrderRejected
from common.trading.exit_policy import ExitPolicy
from common.trading.halts import HaltLevel
from common.trading.messages import PriceBand
from common.trading.orders import Kind, Order, Purpose, Status
from common.trading.pace import LIVE, Pace
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, SECOND, SHORT, Desk, flat, minute
from tests.unit.wire_case import Wire, entered, fill, protected

TIRELESS = ExitPolicy(modifications=10**6)
"""For tests of the ladder alone."""


def leaving(wire: Wire, signal: Enter = LONG, **more: Any) -> tuple[Desk, Order, Order]:
    """A protected position that has just been told to leave."""
    made, entry, stop = protected(wire, signal, pace=LIVE, **more)
    made.control(HaltLevel.FLATTEN)
    return made, entry, stop


def changes(wire: Wire) -> list[int]:
    """Prices of the modifications so far."""
    return [call[4] for call in wire.asked("modify")]


@pytest.mark.parametrize(("signal", "prices"), [
    (LONG, [99_75, 99_50, 99_00, 98_00, 98_00]), (SHORT, [100_25, 100_50, 101_00, 102_00, 102_00]),
])
def test_a_step_every_two_seconds(signal: Enter, prices: list[int]) -> None:
    """By timers alone, further each time; the widest is repeated, and the fifth attempt says so."""
    wire = Wire()
    made, _, _ = leaving(wire, signal)
    for step in range(4):
        assert changes(wire) == prices[: step + 1]
        assert not made.alarms()
        made.wait(1)
        assert changes(wire) == prices[: step + 1], "a step after one second"
        made.wait(1)
    assert [record.message for record in made.alarms()] == ["AAA: still open after 4 exit attempts"]


def test_ticks_do_not_hurry_it() -> None:
    """Ten quotes a second for two seconds: one step more, at the market of its moment."""
    wire = Wire()
    made, _, _ = leaving(wire)
    for tick in range(1, 20):
        made.session.now += SECOND // 10
        made.quote(99_00 - 5 * tick)
    assert changes(wire) == [99_75]
    made.session.now += SECOND // 10
    made.quote(98_00)
    assert changes(wire) == [99_75, 97_50]


def test_alarms_are_bounded() -> None:
    """A position that cannot be closed for an hour: said at once, again and again, ever more rarely."""
    wire = Wire()
    made, _, _ = leaving(wire, policy=TIRELESS)
    made.wait(3600)
    times = [record.fields["times"] for record in made.alarms() if record.fields["kind"] == "exit"]
    assert times == [1, 2, 4, 8, 16, 32, MAX_ALARMS]


def test_time_to_flat_is_measured() -> None:
    """From the decision to the last fill, in seconds."""
    wire = Wire()
    made, entry, stop = leaving(wire)
    made.wait(5)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.driver.settle()
    assert made.session.book.flat_seconds == [5.0]
    assert not made.slot().busy


@pytest.mark.parametrize("refusal", [OrderRejected("locked"), LoginExpired("token is dead")])
def test_a_broker_that_refuses_is_asked_ever_more_rarely(refusal: Exception) -> None:
    """Two seconds thrice, four, eight ... sixty: an hour of a dead token is some seventy requests, not thousands."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED)
    wire.faults["place"] = [refusal] * 10_000
    times: list[int] = []
    for second in range(3600):
        before = len(wire.asked("place"))
        made.wait(1)
        times += [second] * (len(wire.asked("place")) - before)
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[:8] == [2, 2, 2, 4, 8, 16, 32, LONGEST_WAIT_SECONDS]
    assert max(gaps) == LONGEST_WAIT_SECONDS
    assert len(made.alarms()) <= 8


def test_a_refused_change_backs_off_too() -> None:
    """The order is there and may not be changed: the same rarer and rarer attempts."""
    wire = Wire()
    made, _entry, _ = protected(wire, pace=LIVE, policy=TIRELESS)
    wire.faults["modify"] = [OrderRejected("no")] * 10_000
    made.control(HaltLevel.FLATTEN)
    made.wait(600)
    assert 6 <= len(wire.asked("modify")) <= 20


def test_success_forgets_the_refusals() -> None:
    """After a fill the next refusal waits two seconds again."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.faults["modify"] = [OrderRejected("no")] * 4
    made.control(HaltLevel.FLATTEN)
    made.wait(40)
    assert made.slot().refused_exits == 4
    wire.say(stop, Status.OPEN, fill(stop, 10, 99_75))
    made.driver.settle()
    assert made.slot().refused_exits == 0
    assert made.exits() == [(2, Kind.LIMIT, entry.quantity - 10)]


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
def test_a_refused_cancellation_is_not_repeated_with_every_tick(purpose: Purpose) -> None:
    """Twenty ticks a second while the broker refuses to cancel: asked again after seconds, not with each tick."""
    wire = Wire()
    if purpose is Purpose.ENTRY:
        made, entry = entered(wire, pace=LIVE)
        wire.say(entry, Status.OPEN)
        made.wait(9)
    else:
        made, entry, _ = protected(wire, pace=LIVE, policy=ExitPolicy(modifications=0))
        wire.faults["cancel"] = [OrderRejected("no")] * 1000
        made.control(HaltLevel.FLATTEN)
    wire.faults["cancel"] = [OrderRejected("no")] * 1000
    made.wait(1)
    before = len(wire.asked("cancel"))
    for _ in range(200):
        made.session.now += SECOND // 20
        made.quote(100_00)
    assert 1 <= len(wire.asked("cancel")) - before <= 6
    assert made.slot().busy, f"{entry!r} is forgotten"


def test_a_refused_shrink_is_not_repeated_with_every_tick() -> None:
    """Part of ours was closed by hand and the stop may not be made smaller: some attempts, not one a tick."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.faults["modify"] = [OrderRejected("no")] * 1000
    wire.foreign(-1, fill(entry, 100, 99_00, id="hand", ts=made.session.now))
    made.driver.settle()
    for _ in range(200):
        made.session.now += SECOND // 20
        made.quote(100_00)
    assert 2 <= len(wire.asked("modify")) <= 7


def test_in_a_locked_market_it_rests_at_the_band() -> None:
    """Nothing below the lower circuit is sent; the price does not change, so nothing is asked again; it is said."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    made.driver.tell(PriceBand(made.session.now, "AAA", 99_90, 110_00))
    made.control(HaltLevel.FLATTEN)
    wire.say(stop, Status.OPEN)
    made.wait(60)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.LIMIT, entry.quantity, 99_90, 0)]
    assert made.alarms()


def test_a_band_that_is_not_on_the_tick() -> None:
    """Rounded into the band, never out of it."""
    wire = Wire()
    made, _, stop = protected(wire, SHORT, pace=LIVE)
    made.driver.tell(PriceBand(made.session.now, "AAA", 0, 100_08))
    made.control(HaltLevel.FLATTEN)
    assert wire.asked("modify")[-1] == ("modify", stop.tag, Kind.LIMIT, stop.quantity, 100_05, 0)


def test_each_step_counts_what_has_been_filled() -> None:
    """Partly filled at every step: the order's quantity stays, so that it can never sell more than there was."""
    wire = Wire()
    made, entry, stop = leaving(wire)
    for part in range(4):
        wire.say(stop, Status.OPEN, fill(stop, 50, 99_00, id=f"p{part}"))
        made.wait(2)
        assert wire.asked("modify")[-1][3] == entry.quantity
        assert made.exits() == [(2, Kind.LIMIT, entry.quantity - 50 * (part + 1))]
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity - 200, 98_00, id="rest"))
    made.wait(5)
    assert (made.slot().quantity, len(wire.asked("place"))) == (0, 2)


def test_out_of_modifications_it_cancels_confirms_and_goes_on() -> None:
    """At 23 of 25: cancel, look a second later whether it is gone, then a fresh order one width further."""
    wire = Wire()
    made, entry, stop = leaving(wire, policy=ExitPolicy(modifications=2))
    made.wait(4)
    assert [call[0] for call in wire.calls if call[0] in ("modify", "cancel", "place")] == [
        "place", "place", "modify", "modify", "cancel",
    ]
    made.wait(5)
    assert len(wire.asked("cancel", "place")) == 3, "replaced before the cancellation was confirmed"
    wire.say(stop, Status.CANCELLED, fill(stop, 98, 99_00))
    made.driver.settle()
    assert len(wire.asked("place")) == 2
    made.wait(3)
    assert made.exits() == [(3, Kind.LIMIT, entry.quantity - 98)]
    assert made.order(3).reason == "by hand"


def test_a_cancellation_that_was_not_heard_of_is_asked_again() -> None:
    """Accepted, and nothing came of it: asked again ten seconds later, not sooner."""
    wire = Wire()
    made, entry = entered(wire, pace=Pace())
    wire.say(entry, Status.OPEN)
    made.wait(19)
    assert len(wire.asked("cancel")) == 1
    made.wait(2)
    assert len(wire.asked("cancel")) == 2


def test_without_a_price_nothing_is_priced() -> None:
    """A symbol that has not traded since a restart keeps its stop until it does."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    made.slot().last = None
    made.control(HaltLevel.FLATTEN)
    made.wait(10)
    assert wire.asked("modify") == []
    made.quote(90_00)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.LIMIT, stop.quantity, 89_75, 0)]


def test_a_triggered_stop_has_two_seconds() -> None:
    """OPEN and not filled: left alone for two seconds, then it is the ladder's."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.OPEN)
    made.driver.settle()
    made.wait(1)
    made.quote(96_00)
    assert wire.asked("modify") == []
    made.wait(1)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.LIMIT, entry.quantity, 95_75, 0)]
    assert made.slot().leaving == "stop"


def test_a_triggered_stop_that_fills_in_time_costs_nothing() -> None:
    """The common case: no change, no alarm."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.OPEN)
    made.wait(1)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 98_90))
    made.wait(10)
    assert (wire.asked("modify"), made.slot().busy, made.alarms()) == ([], False, [])
    assert [trade.exit_reason for trade in made.ledger.trades] == ["stop"]


def test_an_hour_at_the_market_keeps_the_books() -> None:
    """Bars and timers together: the steps are those of the clock, not of the news."""
    wire = Wire()
    made, _, _ = leaving(wire, policy=TIRELESS)
    made.driver.run(flat("AAA", 3, start=1))
    assert made.session.now == minute(4)
    assert len(changes(wire)) == 4
