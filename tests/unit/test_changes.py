"""One change or cancellation of an order that works: when it is asked for, and when it has to wait."""

from typing import Any

import pytest

from common.trading.changes import ASK_AGAIN_AFTER, after_refusal, cancel, change
from common.trading.doubts import Question
from common.trading.exit_policy import ExitPolicy
from common.trading.messages import CancelOrder, Command, ModifyOrder
from common.trading.orders import Kind, Order, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import SECOND, Desk
from tests.unit.wire_case import Wire, protected


def stopped(**more: Any) -> tuple[Desk, Order, int]:
    """A position whose stop rests, half a minute later."""
    made, _, stop = protected(Wire(), pace=LIVE, **more)
    return made, stop, made.session.now + 30 * SECOND


def asked(made: Desk, order: Order, now: int) -> tuple[bool, list[Command]]:
    """Change the order to a limit of one paisa less."""
    out: list[Command] = []
    done = change(made.session.book, made.slot(), order, now, Kind.LIMIT, order.quantity, order.price - 1, 0, out)
    return done, out


def test_a_change_is_asked_for_once_it_may() -> None:
    """Its terms go out whole, and the position counts as moving until the broker has answered."""
    made, stop, now = stopped()
    made.slot().resting = True
    done, out = asked(made, stop, now)
    (command,) = out
    assert done
    assert isinstance(command, ModifyOrder)
    assert (command.order, command.kind, command.quantity, command.price, command.trigger) == (
        stop, Kind.LIMIT, stop.quantity, stop.price - 1, 0,
    )
    assert not made.slot().resting


@pytest.mark.parametrize("why", ["in doubt", "being cancelled", Status.SENT, Status.INTENDED, Status.UNKNOWN])
def test_what_is_not_certain_is_not_changed(why: str) -> None:
    """Nothing is sent, and the caller is told that it has to wait."""
    made, stop, now = stopped()
    if why == "in doubt":
        made.session.book.doubts.raise_(stop, Question.CHANGED, now)
    elif why == "being cancelled":
        stop.cancelling = now
    else:
        stop.status = Status(why)
    assert asked(made, stop, now) == (False, [])


def test_a_change_waits_for_the_order_rate() -> None:
    """Both lanes are used up: it is not asked for, and not counted as done."""
    made, stop, now = stopped()
    rate = made.session.book.rate
    while rate.exit(now):
        pass
    assert asked(made, stop, now) == (False, [])
    done, out = asked(made, stop, now + SECOND)
    assert done
    assert len(out) == 1


def test_beyond_its_budget_an_order_is_cancelled_for_a_fresh_one() -> None:
    """At the last permitted modification it still changes; after it the order goes, whatever the rate."""
    made, stop, now = stopped(policy=ExitPolicy(modifications=3))
    stop.modifications = 2
    (command,) = asked(made, stop, now)[1]
    assert isinstance(command, ModifyOrder)
    stop.modifications = 3
    while made.session.book.rate.exit(now):
        pass
    done, (command,) = asked(made, stop, now)
    assert done
    assert isinstance(command, CancelOrder)


def cancelled(made: Desk, order: Order, now: int) -> bool:
    out: list[Command] = []
    cancel(made.session.book, order, now, out)
    assert len(out) <= 1
    return bool(out)


def test_a_cancellation_is_asked_again_after_ten_seconds_of_silence() -> None:
    """Once, then not before ten seconds have passed: to the nanosecond."""
    made, stop, now = stopped()
    assert cancelled(made, stop, now)
    assert not cancelled(made, stop, now)
    assert not cancelled(made, stop, now + ASK_AGAIN_AFTER - 1)
    assert cancelled(made, stop, now + ASK_AGAIN_AFTER)


@pytest.mark.parametrize("status", [
    Status.INTENDED, Status.UNKNOWN, Status.NOT_PLACED, Status.COMPLETE, Status.CANCELLED, Status.REJECTED,
])
def test_what_is_not_at_the_broker_is_not_cancelled(status: Status) -> None:
    """It has ended, or may never have arrived: then it is looked up first."""
    made, stop, now = stopped()
    stop.status = status
    assert not cancelled(made, stop, now)


def test_a_refused_cancellation_waits_for_its_time() -> None:
    """Not a nanosecond sooner, and no longer."""
    made, stop, now = stopped()
    stop.retry_at = now
    assert not cancelled(made, stop, now - 1)
    assert cancelled(made, stop, now)


def test_refusals_are_asked_again_ever_more_rarely() -> None:
    """Thrice soon, then twice as long each time, at most a minute, however many there were."""
    waits = [after_refusal(refusals, 7) - 7 for refusals in (1, 2, 3, 4, 5, 7, 8, 9, 1000)]
    assert waits == [seconds * SECOND for seconds in (2, 2, 2, 4, 8, 32, 60, 60, 60)]


@pytest.mark.parametrize("seconds", [-300.0, -0.001, 0.0, 0.4])
def test_news_that_waited_changes_nothing_on_its_way(seconds: float) -> None:
    """News that is older than the last change, or just after it, waits until that one is through."""
    made, stop, now = stopped()
    stop.changed = now
    assert asked(made, stop, now + int(seconds * SECOND)) == (False, [])
    assert asked(made, stop, now + SECOND)[0]
