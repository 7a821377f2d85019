"""One step of the way out: its price, its units, and what it leaves alone."""

from typing import Any

import pytest

from common.trading.doubts import Question
from common.trading.exit_policy import ExitPolicy
from common.trading.ladder import STEP_AFTER, leave, step_out
from common.trading.messages import CancelOrder, CommitIntent, Log, ModifyOrder, PlaceOrder
from common.trading.orders import Kind, Order, Status
from common.trading.pace import LIVE
from tests.unit.trading_case import LONG, SECOND, Desk
from tests.unit.wire_case import Wire, entered, protected

WIDTHS = ExitPolicy().widths


def leaving(**more: Any) -> tuple[Desk, Order, int]:
    """A long position of 100 rupees a share with its stop, told to leave half a minute later, no step taken yet."""
    made, _, stop = protected(Wire(), pace=LIVE, **more)
    now = made.session.now + 30 * SECOND
    leave(made.session.book, made.slot(), "enough", now, [])
    return made, stop, now


def step(made: Desk, now: int, need: int | None = None) -> list[Any]:
    """What one look asks for; changes are taken as made."""
    out: list[Any] = []
    slot = made.slot()
    step_out(made.session.book, slot, slot.quantity if need is None else need, now, out)
    for one in out:
        if isinstance(one, ModifyOrder):
            order = one.order
            order.kind, order.quantity, order.price, order.trigger = one.kind, one.quantity, one.price, one.trigger
            order.status = Status.OPEN
    return out


def price(width: float) -> int:
    return round(100_00 * (1 - width / 100))


def test_leaving_is_decided_once() -> None:
    """The first reason and its time stay; an entry that was to follow in slices does not."""
    made, _, now = leaving()
    slot = made.slot()
    slot.unsent, slot.resting = 70, True
    leave(made.session.book, slot, "again", now + SECOND, [])
    assert (slot.leaving, slot.leaving_since, slot.unsent) == ("enough", now, 0)


def test_what_holds_nothing_is_not_leaving() -> None:
    """Only its entry is cancelled: no way out begins, and none is measured."""
    made, entry = entered(Wire(), LONG, pace=LIVE)
    entry.status = Status.OPEN
    out: list[Any] = []
    leave(made.session.book, made.slot(), "enough", made.session.now, out)
    assert (len(out), made.slot().leaving) == (1, "")


def test_a_resting_position_that_leaves_does_not_rest() -> None:
    """Else the next bar would only mark it."""
    made, _, _ = protected(Wire(), pace=LIVE)
    made.slot().resting = True
    leave(made.session.book, made.slot(), "enough", made.session.now, [])
    assert not made.slot().resting


def test_between_two_steps_units_change_and_the_price_stays() -> None:
    """What was filled or came late within the two seconds joins the step that was taken; the next is not hurried."""
    made, stop, now = leaving()
    slot = made.slot()
    assert [(one.price, one.trigger) for one in step(made, now)] == [(price(WIDTHS[0]), 0)]
    assert step(made, now + 1) == []
    (smaller,) = step(made, now + SECOND, need=slot.quantity - 10)
    assert (smaller.price, smaller.quantity) == (price(WIDTHS[0]), stop.quantity)
    assert (slot.step, slot.stepped_at) == (1, now)
    (next_one,) = step(made, now + STEP_AFTER, need=slot.quantity - 10)
    assert (next_one.price, slot.step, stop.steps, stop.stepped_at) == (price(WIDTHS[1]), 2, 2, now + STEP_AFTER)
    (smaller,) = step(made, now + STEP_AFTER + 1, need=slot.quantity - 20)
    assert smaller.price == price(WIDTHS[1])


def test_the_alarm_is_of_steps_and_not_of_resizings() -> None:
    """Past the last width a person is told at each step that is taken, and not in between."""
    made, _, now = leaving()
    slot = made.slot()
    slot.step = len(WIDTHS)
    assert [type(one) for one in step(made, now)] == [Log, ModifyOrder]
    assert [type(one) for one in step(made, now + 1, need=slot.quantity - 10)] == [ModifyOrder]


@pytest.mark.parametrize(("refusals", "width"), [(0, 0.25), (1, 0.0), (2, 0.25), (3, 0.0), (4, 0.25)])
def test_every_other_refusal_is_answered_at_the_touch(refusals: int, width: float) -> None:
    """A price band that nobody told us may be what refuses: then a price that reaches nowhere is tried."""
    made, _, now = leaving()
    made.slot().refused_exits = refusals
    assert [one.price for one in step(made, now)] == [price(width)]


def test_while_an_exit_is_in_doubt_nothing_is_added() -> None:
    """More has filled, and one of two exits is unclear: another could sell too much."""
    made, stop, now = leaving()
    made.session.book.doubts.raise_(stop, Question.CHANGED, now)
    assert step(made, now, need=stop.quantity + 50) == []
    made.session.book.doubts.clear(stop)
    assert len(step(made, now, need=stop.quantity + 50)) == 1


def test_a_step_that_the_order_rate_stops_is_not_counted() -> None:
    """It is taken with the next look, at the same width."""
    made, stop, now = leaving()
    slot = made.slot()
    slot.exits.clear()
    stop.status, made.order(1).strategy = Status.CANCELLED, "of another symbol"
    while made.session.book.rate.exit(now):
        pass
    assert step(made, now) == []
    assert (slot.step, slot.stepped_at) == (0, 0)
    sent = [one.order for one in step(made, now + SECOND) if isinstance(one, CommitIntent)]
    assert [(one.price, one.quantity, one.strategy, one.reason) for one in sent] == [
        (price(WIDTHS[0]), slot.quantity, "of another symbol", "enough"),
    ]
    assert (slot.step, slot.stepped_at) == (1, now + SECOND)


def test_a_stop_that_has_not_become_a_limit_yet_is_asked_again() -> None:
    """The broker still shows its trigger at the step's own price: it does not count as on its way out."""
    made, stop, now = leaving()
    step(made, now)
    stop.price = price(WIDTHS[1])
    assert step(made, now + STEP_AFTER) == [], "it is there already"
    stop.price, stop.status = price(WIDTHS[2]), Status.TRIGGER_PENDING
    (again,) = step(made, now + 2 * STEP_AFTER)
    assert (again.kind, again.price) == (Kind.LIMIT, price(WIDTHS[2]))


def test_exits_of_several_slices_give_way_last_first() -> None:
    """Too much for sale: the youngest gives way first, and whatever is being cancelled is left alone."""
    made, first, now = leaving(freeze=400)
    step(made, now, need=600)
    _, second = made.slot().exits
    second.status = Status.OPEN
    assert (first.remaining, second.remaining) == (400, 200)
    asked = step(made, now + STEP_AFTER, need=450)
    assert [(one.order, one.quantity) for one in asked] == [(second, 50), (first, 400)]
    asked = step(made, now + 2 * STEP_AFTER, need=500)
    assert [(one.order, one.quantity) for one in asked] == [(first, 400), (second, 100)]
    asked = step(made, now + 3 * STEP_AFTER, need=300)
    assert [type(one) for one in asked] == [CancelOrder, ModifyOrder]
    assert (asked[0].order, asked[1].order, asked[1].quantity) == (second, first, 300)


@pytest.mark.parametrize("why", ["being cancelled", "cancelled"])
def test_what_is_ending_neither_changes_nor_holds_up_the_rest(why: str) -> None:
    """The other exit takes its step, and the step counts."""
    made, first, now = leaving(freeze=400)
    step(made, now, need=600)
    slot = made.slot()
    _, second = slot.exits
    second.status = Status.OPEN if why == "being cancelled" else Status.CANCELLED
    second.cancelling = now if why == "being cancelled" else 0
    asked = step(made, now + STEP_AFTER, need=600)
    assert [(one.order, one.quantity) for one in asked] == [(first, 400)]
    assert (slot.step, slot.stepped_at) == (2, now + STEP_AFTER)


def test_no_fresh_exit_beside_one_in_doubt() -> None:
    """It is full to the freeze quantity: the rest waits for certainty about it."""
    made, stop, now = leaving(freeze=400)
    made.session.book.doubts.raise_(stop, Question.CHANGED, now)
    assert step(made, now, need=500) == []
    made.session.book.doubts.clear(stop)
    assert [type(one) for one in step(made, now, need=500)] == [ModifyOrder, CommitIntent, PlaceOrder]


def test_a_hedge_that_is_still_needed_takes_no_step() -> None:
    """Nothing of it may go: what works is taken back, and nothing more happens."""
    made, stop, now = leaving()
    slot = made.slot()
    (asked,) = step(made, now, need=0)
    assert isinstance(asked, CancelOrder)
    assert asked.order is stop
    slot.exits.clear()
    slot.step, slot.stepped_at = len(WIDTHS), 0
    assert step(made, now + STEP_AFTER, need=0) == []
    assert (slot.step, slot.stepped_at) == (len(WIDTHS), 0)


def test_a_single_unit_beyond_the_freeze_quantity_goes_too() -> None:
    """No unit is too few for an order of its own."""
    made, _, now = leaving(freeze=400)
    assert [one.order.quantity for one in step(made, now, need=401) if isinstance(one, CommitIntent)] == [1]
