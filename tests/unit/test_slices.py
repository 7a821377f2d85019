"""Above the freeze quantity: whole lots, entry slices one after the other, exits side by side for what is held."""

from dataclasses import replace

import pytest

from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.messages import Timer
from common.trading.orders import Kind, Purpose, Status
from common.trading.pace import LIVE, Pace
from common.trading.risk import MAX_SLICES, Account, most_units
from tests.unit.trading_case import SECOND, Desk, flat, hours, minute, share
from tests.unit.wire_case import ROOMY, Wire, entered, entries, fill, protected, sliced


def filled_whole(wire: Wire, made: Desk) -> Desk:
    """Every slice fills as it comes, and its stop rests."""
    for _ in range(20):
        for order in list(made.ledger.orders.values()):
            if order.status in (Status.SENT, Status.INTENDED) and order.purpose is Purpose.ENTRY:
                wire.say(order, Status.COMPLETE, fill(order, order.quantity, 100_00, ts=made.session.now))
            elif order.status is Status.SENT:
                wire.say(order, Status.TRIGGER_PENDING)
        made.driver.settle()
        made.session.now += SECOND // 10
    made.wait(2)
    return made


def test_slices_follow_one_another() -> None:
    """The next goes out when the last is filled whole and protected, at the same price and with the same reasons."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    assert (first.quantity, made.slot().unsent) == (1000, 1500)
    assert made.account.reserved["AAA"] == made.account.need(100_30, 2500)
    wire.say(first, Status.OPEN, fill(first, 999, 100_00))
    made.driver.settle()
    assert len(entries(made)) == 1
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.settle()
    wire.say(first, Status.COMPLETE, fill(first, 1, 100_00))
    made.driver.settle()
    assert len(entries(made)) == 1, "sent before the first was protected whole"
    made.wait(1)
    second = entries(made)[1]
    assert (second.quantity, second.price, second.reason, second.need) == (1000, first.price, "go", first.need)
    wire.say(second, Status.COMPLETE, fill(second, 1000, 100_10))
    made.driver.settle()
    made.wait(1)
    assert [order.quantity for order in entries(made)] == [1000, 1000, 500]
    assert made.account.reserved["AAA"] == made.account.need(100_30, 2500)
    assert made.ledger.verdicts[second.tag].code == "slice"


def test_exits_are_sliced_too() -> None:
    """Three stops for 2,500 units, each within the freeze quantity; the position is one round trip."""
    wire = Wire()
    made = filled_whole(wire, sliced(wire))
    assert made.slot().quantity == 2500
    assert sorted(left for _, _, left in made.exits()) == [500, 1000, 1000]
    assert all(kind is Kind.SL for _, kind, _ in made.exits())
    assert made.account.open_positions == 1


def test_the_ladder_takes_every_slice_out() -> None:
    """All are modified at each step, none is cancelled, and the sum is never more than what is held."""
    wire = Wire()
    made = filled_whole(wire, sliced(wire))
    made.control(HaltLevel.FLATTEN)
    assert sorted(call[3] for call in wire.asked("modify")[-3:]) == [500, 1000, 1000]
    assert {kind for _, kind, _ in made.exits()} == {Kind.LIMIT}
    one = next(order for order in made.slot().exits if order.quantity == 1000)
    wire.say(one, Status.COMPLETE, fill(one, 1000, 99_80))
    made.wait(2)
    assert (made.slot().quantity, sum(left for _, _, left in made.exits())) == (1500, 1500)
    for order in list(made.slot().exits):
        wire.say(order, Status.COMPLETE, fill(order, order.remaining, 99_50))
    made.wait(2)
    assert (made.slot().quantity, made.slot().busy, len(made.ledger.trades)) == (0, False, 1)


def test_one_slice_stopped_out_leaves_the_others_protected() -> None:
    """A stop that fills in part is its own affair: the rest of the position keeps exactly its stops."""
    wire = Wire()
    made = filled_whole(wire, sliced(wire))
    one = made.slot().exits[0]
    wire.say(one, Status.OPEN, fill(one, 300, 98_90))
    made.driver.settle()
    assert (made.slot().quantity, sum(left for _, _, left in made.exits())) == (2200, 2200)
    made.wait(2)
    assert {kind for _, kind, _ in made.exits()} == {Kind.LIMIT}, "one has triggered: all of the position leaves"
    assert sum(left for _, _, left in made.exits()) == 2200


@pytest.mark.parametrize("end", [Status.CANCELLED, Status.REJECTED])
def test_a_slice_that_ends_short_is_the_last(end: Status) -> None:
    """What is filled stays, protected; no further slice is sent."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.wait(1)
    second = entries(made)[1]
    wire.say(second, end)
    made.wait(3)
    assert len(entries(made)) == 2
    assert (made.slot().quantity, made.slot().unsent, made.exits()) == (1000, 0, [(2, Kind.SL, 1000)])


def test_a_slice_refused_at_the_door_is_the_last() -> None:
    """The broker said no to the second: the first keeps its stop."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    wire.faults["place"] = [None, OrderRejected("margin")]
    made.driver.settle()
    made.wait(3)
    assert [order.status for order in entries(made)] == [Status.COMPLETE, Status.REJECTED]
    assert made.exits() == [(2, Kind.SL, 1000)]


def test_an_unknown_slice_holds_the_next_back() -> None:
    """Nothing more is sent while one of ours is unclear; given up, the entry is over."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    wire.faults["place"] = [None, OrderUnknown("timed out")]
    made.driver.settle()
    made.wait(40)
    assert [order.status for order in entries(made)] == [Status.COMPLETE, Status.NOT_PLACED]
    assert (made.slot().quantity, made.slot().unsent) == (1000, 0)


@pytest.mark.parametrize("why", ["cutoff", "halt", "leaving", "blocked", "old"])
def test_no_slice_after_its_time(why: str) -> None:
    """An entry that goes on is an entry: halts, cut-offs and the end of its ten seconds count for each slice."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    if why == "cutoff":
        made.session.times = hours(entries=(0, 1))
    elif why == "halt":
        made.control(HaltLevel.STOP_ENTRIES)
    elif why == "leaving":
        made.driver.tell(Timer(minute(330)))
    elif why == "blocked":
        made.slot().blocked = "the person trades it"
    else:
        made.session.now += 10 * SECOND
    made.driver.settle()
    made.wait(3)
    assert len(entries(made)) == 1, f"a further slice went out: {why}"


def test_a_slice_waits_for_the_order_rate() -> None:
    """No room now, room a second later: the entry goes on within its time."""
    wire = Wire()
    made = sliced(wire)
    made.session.book.rate.throttle(made.session.now - 595 * SECOND)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.driver.settle()
    made.wait(4)
    assert len(entries(made)) == 1
    made.wait(2)
    assert len(entries(made)) == 2


def test_a_size_is_at_most_ten_slices() -> None:
    """And each is in whole lots: 1,800 at a lot of 65 is 1,755."""
    account, instrument = Account(ROOMY), share(lot=65, freeze=1800)
    assert most_units(instrument) == MAX_SLICES * 1755
    wire = Wire()
    made = sliced(wire, freeze=17)
    assert account.size(instrument, 1, 1) == 17550
    assert made.order(1).quantity + made.slot().unsent == 170


def test_a_stop_grows_into_a_second_one_at_the_freeze_quantity() -> None:
    """The entry comes in parts: the first stop grows to the freeze quantity, then another is added."""
    wire = Wire()
    made, entry = entered(wire, limits=ROOMY, freeze=None, pace=Pace())
    made.slot().instrument = share(freeze=1000)
    for number, quantity in enumerate((900, 300, 1300)):
        wire.say(entry, Status.OPEN, fill(entry, quantity, 100_00, id=f"p{number}"))
        made.driver.settle()
        for stop in made.slot().exits:
            if stop.status is Status.SENT:
                wire.say(stop, Status.TRIGGER_PENDING)
        made.driver.settle()
    assert sorted(left for _, _, left in made.exits()) == [500, 1000, 1000]


def test_shrinking_takes_the_last_exits_first() -> None:
    """1,200 of 2,500 were closed by hand: the small stop goes, the next shrinks, the first stays."""
    wire = Wire()
    made = filled_whole(wire, sliced(wire))
    wire.foreign(-1, fill(made.order(1), 1200, 99_90, id="hand", ts=made.session.now))
    made.driver.settle()
    assert made.slot().quantity == 1300
    cancelled, resized = wire.asked("cancel"), wire.asked("modify")[-1]
    assert len(cancelled) == 1
    assert resized[3] == 300
    last = made.session.book.orders[cancelled[0][1]]
    wire.say(last, Status.CANCELLED)
    made.wait(3)
    assert sorted(left for _, _, left in made.exits()) == [300, 1000]


def test_without_room_for_all_stops_the_rest_follow() -> None:
    """Exits' budget is used up after the first: the others are sent as soon as there is room."""
    wire = Wire()
    tight = replace(ROOMY, orders_per_second=0.5, exits_per_second=0.5)
    made, entry = entered(wire, limits=tight, pace=LIVE)
    made.slot().instrument = share(freeze=1000)
    wire.say(entry, Status.COMPLETE, fill(entry, 2500, 100_00))
    made.driver.settle()
    assert sum(left for _, _, left in made.exits()) == 1000
    made.wait(1)
    made.driver.run(flat("AAA", 1, start=1))
    assert sum(left for _, _, left in made.exits()) == 2500


def test_a_whole_position_below_the_freeze_quantity_has_one_exit() -> None:
    """The common case is as before."""
    wire = Wire()
    made, entry, _ = protected(wire, freeze=100_000, pace=LIVE)
    assert made.exits() == [(2, Kind.SL, entry.quantity)]


def test_a_slice_is_protected_before_the_next_is_sent() -> None:
    """In this order on the wire: the stop of what is held comes first, more of it when the broker has taken that."""
    wire = Wire()
    made = sliced(wire)
    first = made.order(1)
    wire.say(first, Status.COMPLETE, fill(first, 1000, 100_00))
    made.driver.settle()
    assert [call[2] for call in wire.asked("place")] == [Kind.LIMIT, Kind.SL]
    made.wait(1)
    assert [call[2] for call in wire.asked("place")] == [Kind.LIMIT, Kind.SL, Kind.LIMIT]


def test_on_the_way_out_the_last_slice_goes_when_nothing_is_left_for_it() -> None:
    """Leaving, and a person sells most of it: what the last exit was for is gone, so it is cancelled."""
    wire = Wire()
    made = filled_whole(wire, sliced(wire))
    made.control(HaltLevel.FLATTEN)
    last = made.slot().exits[-1]
    wire.foreign(-1, fill(made.order(1), 1000, 99_90, id="hand", ts=made.session.now))
    made.driver.settle()
    made.wait(1)
    assert ("cancel", last.tag) in wire.asked("cancel")
    working = sum(order.remaining for order in made.slot().exits if not order.cancelling)
    assert working == made.slot().quantity == 1500
