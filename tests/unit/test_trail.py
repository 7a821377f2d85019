"""Trailing stops and resizing: few and worthwhile changes, never through the market, always for what is filled."""

import pytest

from common.trading.errors import OrderRejected
from common.trading.exits import TRAIL_MODIFICATIONS
from common.trading.messages import PriceBand
from common.trading.orders import Kind, Order, Status
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import SECOND, Desk
from tests.unit.wire_case import Wire, entered, fill, protected

TRAILED = Enter(1, 100, 0.0, "go", trail_distance=80)
TRAILED_SHORT = Enter(-1, 100, 0.0, "go", trail_distance=80)


def trailing(wire: Wire, signal: Enter = TRAILED) -> tuple[Desk, Order]:
    """A position entered at 100 rupees with a stop a rupee behind and a trail of 80 paise."""
    made, _, stop = protected(wire, signal, pace=LIVE)
    made.wait(2)
    return made, stop


def triggers(wire: Wire) -> list[int]:
    return [call[5] for call in wire.asked("modify")]


@pytest.mark.parametrize(("signal", "best", "trigger", "limit"), [
    (TRAILED, 101_00, 100_20, 98_15), (TRAILED_SHORT, 99_00, 99_80, 101_80),
])
def test_the_stop_follows_the_best_price(signal: Enter, best: int, trigger: int, limit: int) -> None:
    """At its distance, with the limit behind it; when the market comes back it stays."""
    wire = Wire()
    made, stop = trailing(wire, signal)
    made.quote(best)
    made.wait(1)
    made.quote(100_00 + (best - 100_00) // 2)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.SL, stop.quantity, limit, trigger)]
    assert made.slot().stop_price == trigger


def test_the_first_stop_is_the_signals() -> None:
    """At the signal's distance until the first mark; from then on the trail is measured from the entry or better."""
    wire = Wire()
    made, stop = trailing(wire)
    assert stop.trigger == 99_00
    made.quote(99_60)
    assert triggers(wire) == [99_20]
    made.wait(2)
    made.quote(99_90)
    assert triggers(wire) == [99_20]


def test_small_moves_are_not_worth_a_modification() -> None:
    """Less than an eighth of the distance waits until it has gathered."""
    wire = Wire()
    made, _ = trailing(wire)
    made.quote(101_00)
    for price in (101_05, 101_05, 101_10):
        made.wait(1)
        made.quote(price)
    assert triggers(wire) == [100_20, 100_30]


def test_at_most_one_move_a_second() -> None:
    """A market that runs away within a second is followed when the second is over."""
    wire = Wire()
    made, _ = trailing(wire)
    made.quote(101_00)
    for tick in range(1, 10):
        made.session.now += SECOND // 10
        made.quote(101_00 + 20 * tick)
    assert triggers(wire) == [100_20]
    made.session.now += SECOND // 10
    made.quote(103_00)
    assert triggers(wire) == [100_20, 102_20]


def test_the_trail_keeps_modifications_for_the_ladder() -> None:
    """Twelve moves; then it rests where it is, and the way out still has its own."""
    wire = Wire()
    made, stop = trailing(wire)
    for step in range(30):
        made.quote(101_00 + 50 * step)
        made.wait(2)
    assert len(triggers(wire)) == TRAIL_MODIFICATIONS
    assert stop.status is Status.TRIGGER_PENDING
    wire.say(stop, Status.OPEN)
    made.wait(20)
    assert stop.modifications == TRAIL_MODIFICATIONS + 4
    assert not wire.asked("cancel")


def test_a_market_that_is_back_below_the_new_stop_is_not_followed() -> None:
    """A trigger through the last price would be refused."""
    wire = Wire()
    made, _ = trailing(wire)
    made.slot().best = 105_00
    made.quote(103_00)
    assert triggers(wire) == []


def test_a_trail_that_was_refused_is_tried_again() -> None:
    """The stop stands where it was, and so does what we think of it."""
    wire = Wire()
    made, stop = trailing(wire)
    wire.faults["modify"] = [OrderRejected("too fast")]
    made.quote(101_00)
    assert stop.trigger == 99_00
    made.wait(5)
    made.quote(101_00)
    assert stop.trigger == 100_20, "the trail is believed to have moved"


def test_a_trail_stays_in_the_band() -> None:
    """Neither trigger nor limit leaves the day's prices."""
    wire = Wire()
    made, stop = trailing(wire, TRAILED_SHORT)
    made.driver.tell(PriceBand(made.session.now, "AAA", 95_00, 100_50))
    made.quote(99_00)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.SL, stop.quantity, 100_50, 99_80)]


def test_a_triggered_stop_is_not_trailed() -> None:
    """It is a limit by now, and cannot become a stop again."""
    wire = Wire()
    made, stop = trailing(wire)
    wire.say(stop, Status.OPEN)
    made.driver.settle()
    made.quote(101_00)
    assert triggers(wire) == []


@pytest.mark.parametrize(("parts", "sizes"), [
    ([(0, 10), (100, 10), (200, 10), (400, 10)], [10]), ([(0, 10), (600, 20)], [10, 30]),
    ([(0, 10), (100, 10), (700, 10)], [10, 30]), ([(0, 10), (600, 10), (1300, 10)], [10, 20, 30]),
])
def test_partial_fills_are_gathered_for_half_a_second(parts: list[tuple[int, int]], sizes: list[int]) -> None:
    """The first fill has its stop at once; while more comes the stop grows at most twice a second."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    start = made.session.now
    for number, (at, quantity) in enumerate(parts):
        now = start + at * SECOND // 1000
        wire.say(entry, Status.OPEN, fill(entry, quantity, 100_00, id=f"p{number}", ts=now))
        made.driver.settle()
        if number == 0:
            wire.say(made.order(2), Status.TRIGGER_PENDING)
            made.driver.settle()
    grown = [call[3] for call in wire.asked("modify")]
    assert [wire.asked("place")[1][4], *grown] == sizes
    made.wait(1)
    assert sum(left for _, _, left in made.exits()) == made.slot().quantity


def test_the_last_part_does_not_wait() -> None:
    """The entry is filled: the stop grows to all of it at once."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN, fill(entry, 10, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.settle()
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity - 10, 100_00))
    made.driver.settle()
    assert [call[3] for call in wire.asked("modify")] == [entry.quantity]


def test_a_stop_that_the_market_has_passed_is_an_exit() -> None:
    """The market is at the stop before it could be sent: it would be refused, so the way out begins."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    made.quote(98_90)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.exits() == [(2, Kind.LIMIT, entry.quantity)]
    assert (made.slot().leaving, made.order(2).reason) == ("stop", "stop")


def test_a_stop_in_the_band() -> None:
    """Stop, limit and target at a band that is nearer than they are."""
    wire = Wire()
    made, entry = entered(wire, Enter(1, 500, 800, "go"), pace=LIVE)
    made.driver.tell(PriceBand(made.session.now, "AAA", 98_00, 102_00))
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    stop = made.order(2)
    assert (stop.trigger, stop.price, made.slot().target_price) == (98_00, 98_00, 102_00)


def test_a_trail_without_room_waits() -> None:
    """The order rate is used up: the stop stands where it was, and follows as soon as there is room."""
    wire = Wire()
    made, stop = trailing(wire)
    rate = made.session.book.rate
    while rate.exit(made.session.now):
        pass
    made.quote(101_00)
    assert (stop.trigger, made.slot().stop_price) == (99_00, 99_00)
    made.wait(2)
    made.quote(101_00)
    assert stop.trigger == made.slot().stop_price == 100_20


def test_a_triggered_stop_shrinks_as_the_limit_it_is() -> None:
    """A person sells a part within the two seconds that it has: it cannot become a stop again."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.OPEN)
    made.driver.settle()
    wire.foreign(-1, fill(entry, 100, 99_00, id="hand", ts=made.session.now))
    made.driver.settle()
    assert wire.asked("modify") == [("modify", stop.tag, Kind.LIMIT, entry.quantity - 100, 97_00, 0)]
