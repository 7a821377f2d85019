"""Restarts amid doubts: the unclear stays unclear, halts and locks survive, the broker alone can explain an order."""

import pytest

from common.research.memory_ledger import MemoryLedger
from common.trading.doubts import Question
from common.trading.driver import Driver
from common.trading.errors import LoginExpired, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.orders import (
    Kind,
    OrderTag,
    OrderUpdate,
    Purpose,
    Status,
    order_fields,
    order_from_fields,
)
from common.trading.pace import LIVE
from common.trading.restore import order_from_broker, restore
from common.trading.session import DAILY_LOSS
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, SECOND, SMALL_LOSS, Desk, bars, desk, flat, minute, open_session, share
from tests.unit.wire_case import Wire, entered, fill, protected


def again(made: Desk, wire: Wire, *, read: bool = True) -> Desk:
    """The workload killed and started again, by the documents of its orders."""
    session = open_session([slot.instrument for slot in made.session.slots.values()], lambda _: None, pace=LIVE)
    ledger = MemoryLedger()
    orders = [order_from_fields(order_fields(order)) for order in made.ledger.orders.values()]
    ledger.orders = {order.tag: order for order in orders}
    reborn = Desk(session, Driver(session, wire, ledger), ledger)
    reborn.driver.carry_out(restore(session, orders, made.session.now))
    session.handle(flat("AAA", 1)[0])
    if read:
        reborn.driver.reconcile()
        reborn.driver.settle()
    return reborn


@pytest.mark.parametrize("stored", [Status.INTENDED, Status.UNKNOWN])
def test_an_order_that_may_have_been_sent_is_looked_up(stored: Status) -> None:
    """Killed before the answer: exposure, never sent again, given up after thirty seconds of reads without it."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("killed")]
    made, entry = entered(wire, pace=LIVE)
    entry.status = stored
    reborn = again(made, wire)
    twin = reborn.order(1)
    assert twin.status is Status.UNKNOWN
    assert reborn.account.reserved["AAA"] == entry.need
    reborn.wait(29)
    assert reborn.slot().busy
    reborn.wait(5)
    assert reborn.order(1).status is Status.NOT_PLACED
    assert (reborn.slot().busy, reborn.account.reserved) == (False, {})
    assert len(wire.asked("place")) == 1


def test_an_order_that_was_sent_is_found() -> None:
    """Killed between the request and its answer, and filled meanwhile: protected with the first read."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("killed")]
    made, entry = entered(wire, pace=LIVE)
    wire.show(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    reborn = again(made, wire)
    assert reborn.exits() == [(2, Kind.SL, entry.quantity)]


def test_nothing_is_sent_before_the_books_are_read() -> None:
    """The broker does not answer: positions wait with their stops, and are asked for each second."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    entry.add_fill(fill(entry, entry.quantity, 100_00))
    entry.status = Status.COMPLETE
    wire.show(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    wire.deaf = True
    reborn = again(made, wire)
    reborn.wait(10)
    reborn.quote(90_00)
    reborn.control(HaltLevel.FLATTEN)
    assert len(wire.asked("place")) == 1
    assert 8 <= len(wire.asked("orders")) <= 12
    wire.deaf = False
    reborn.wait(2)
    assert reborn.exits() == [(2, Kind.LIMIT, entry.quantity)]


def test_the_daily_loss_survives() -> None:
    """An exit for it is in the store: no more entries, and everything open goes on leaving."""
    wire = Wire()
    made, _, _ = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS, pace=LIVE)
    bad = (90_00, 90_00, 90_00, 90_00)
    made.driver.run(bars("AAA", bad, bad, start=1))
    assert made.account.halted == DAILY_LOSS
    reborn = again(made, wire)
    assert (reborn.account.halted, reborn.session.book.flattening) == (DAILY_LOSS, DAILY_LOSS)
    assert reborn.slot().leaving == DAILY_LOSS


def test_a_dead_token_is_not_flooded_after_a_restart() -> None:
    """Exits were refused five times before it: the next attempt waits as long as it would have."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.CANCELLED)
    wire.faults["place"] = [LoginExpired("token is dead")] * 100
    made.wait(40)
    before = len(wire.asked("place"))
    reborn = again(made, wire)
    reborn.wait(10)
    assert len(wire.asked("place")) - before <= 1
    assert reborn.slot().refused_exits >= 4


def test_slices_come_back_as_one_position() -> None:
    """Two slices filled, the third never sent: what is held is protected by as many stops, and no more is bought."""
    wire = Wire()
    made = desk(wire, {0: LONG}, freeze=200, pace=LIVE)
    made.driver.run(flat("AAA", 1))
    for _ in range(4):
        for order in list(made.ledger.orders.values()):
            if order.status is Status.SENT and order.purpose is Purpose.ENTRY and order.sequence < 4:
                wire.say(order, Status.COMPLETE, fill(order, order.quantity, 100_00, ts=made.session.now))
            elif order.status is Status.SENT and order.purpose is Purpose.EXIT:
                wire.say(order, Status.TRIGGER_PENDING)
        made.driver.settle()
        made.session.now += SECOND
    held, reserved = made.slot().quantity, made.account.reserved["AAA"]
    assert held == 400
    for order in list(made.ledger.orders.values()):
        if order.purpose is Purpose.ENTRY and order.working:
            wire.show(order, Status.REJECTED)
    reborn = again(made, wire)
    reborn.wait(5)
    entries = [order for order in reborn.ledger.orders.values() if order.purpose is Purpose.ENTRY]
    assert (reborn.slot().quantity, len(entries)) == (400, 3)
    assert sum(left for _, _, left in reborn.exits()) == 400
    assert reborn.account.reserved["AAA"] == reserved


@pytest.mark.parametrize("purpose", Purpose)
def test_an_order_that_only_the_broker_knows(purpose: Purpose) -> None:
    """Sent while the store was down: its book tells all that is needed, the tag what it was for."""
    tag = OrderTag("T250829S00007" + ("E" if purpose is Purpose.ENTRY else "X"))
    update = OrderUpdate(
        tag, Status.OPEN, minute(5), (fill(entered(Wire())[1], 30, 99_00, id="f"),), "B7", "",
        (Kind.LIMIT, 100, 99_50, 0), 30, "AAA", -1,
    )
    order = order_from_broker(update, 7, minute(5))
    assert (order.tag, order.sequence, order.symbol, order.side, order.purpose) == (tag, 7, "AAA", -1, purpose)
    assert (order.kind, order.quantity, order.price, order.trigger) == (Kind.LIMIT, 100, 99_50, 0)
    assert (order.status, order.broker_id, order.filled, order.created) == (Status.OPEN, "B7", 30, minute(5))
    bare = order_from_broker(OrderUpdate(tag, Status.SENT, 1, symbol="AAA", side=1), 7, 1)
    assert (bare.quantity, bare.kind) == (0, Kind.LIMIT)


def test_an_exit_that_only_the_broker_knows_is_the_exit() -> None:
    """Taken over as ours: no second one beside it, and the next order has another number."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    del made.ledger.orders[stop.tag]
    told = next(update for update in wire.orders() if update.tag == stop.tag)
    session = open_session([share()], lambda _: None, pace=LIVE)
    ledger = MemoryLedger()
    orders = [order_from_fields(order_fields(entry)), order_from_broker(told, 2, minute(1))]
    reborn = Desk(session, Driver(session, wire, ledger), ledger)
    reborn.driver.carry_out(restore(session, orders, minute(2)))
    reborn.driver.reconcile()
    reborn.wait(3)
    assert len(wire.asked("place")) == 2
    assert [order.tag for order in reborn.slot().exits] == [stop.tag]
    assert (reborn.slot().resting, session.book.sequence, reborn.slot().stop_price) == (True, 2, stop.trigger)


def test_what_slices_hold_together_is_at_risk_after_a_restart() -> None:
    """Two slices are held whole: what both lose at the stop counts against the day, and not what one of them does."""
    made, entry, _ = protected(Wire())
    slices = [
        order_from_fields({**order_fields(entry), "tag": f"T250829S{n:05d}E", "sequence": n, "counted": []})
        for n in range(2)
    ]
    session = open_session([share()], lambda _: None)
    restore(session, slices, made.session.now)
    account = session.book.account
    assert session.slots["AAA"].quantity == 2 * entry.quantity
    assert account.at_risk == {"AAA": 2 * entry.quantity * entry.stop_distance}
    assert account.reserved == {"AAA": account.need(entry.price, 2 * entry.quantity)}


def test_what_the_broker_took_is_no_refusal() -> None:
    """Any number of entries that were filled and closed before the restart: the symbol may be entered again."""
    made, entry, _ = protected(Wire())
    taken = [
        order_from_fields({**order_fields(entry), "tag": f"T250829S{n:05d}E", "sequence": n, "counted": []})
        for n in range(3)
    ]
    session = open_session([share()], lambda _: None)
    restore(session, taken, made.session.now)
    assert session.slots["AAA"].refusals == 0


@pytest.mark.parametrize(("ago", "question"), [(9, Question.CHANGED), (10, None)])
def test_a_change_just_before_the_restart_may_not_show_yet(ago: int, question: Question | None) -> None:
    """What the broker tells of the order may be from before the change: it is asked until that is long enough ago."""
    made, _, stop = protected(Wire(), pace=LIVE)
    stop.changed = made.session.now - ago * SECOND
    session = open_session([share()], lambda _: None, pace=LIVE)
    restore(session, [order_from_fields(order_fields(one)) for one in made.ledger.orders.values()], made.session.now)
    assert session.book.doubts.question(session.slots["AAA"].exits[0]) is question
