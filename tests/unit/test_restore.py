"""Restore: a fresh session takes the orders of the day and stands where the old one stood, protected."""

from dataclasses import replace
from typing import Any

import pytest

from common.research.memory_ledger import MemoryLedger
from common.trading.driver import Driver
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.halts import HaltLevel
from common.trading.messages import CancelOrder, CommitIntent, Control, ModifyOrder, OrderBook, Positions, PublishTrade
from common.trading.orders import Kind, Order, Purpose, Status, order_fields, order_from_fields
from common.trading.restore import restore
from common.trading.session import DAILY_LOSS, Session
from common.trading.slot import Slot
from common.trading.strategy import Enter
from tests.unit.session_invariants import breaches
from tests.unit.trading_case import (
    LIMITS,
    LONG,
    PATIENT,
    SECOND,
    SHORT,
    Chance,
    Desk,
    desk,
    exchange,
    flat,
    minute,
    open_session,
    share,
    together,
    walk,
)
from tests.unit.wire_case import Wire, entered, fill, protected

SYMBOLS = ("AAA", "BBB", "CCC")


def reborn(made: Desk, **more: Any) -> tuple[Session, list[Any]]:
    """Another session from the documents of this one's orders, told what the broker's books say."""
    session = open_session([slot.instrument for slot in made.session.slots.values()], lambda _: None, **more)
    orders = [order_from_fields(order_fields(order)) for order in made.ledger.orders.values()]
    now, route = made.session.now, made.driver.route
    commands: list[Any] = restore(session, orders, now)
    assert not any(isinstance(one, CommitIntent | ModifyOrder | CancelOrder) for one in commands), "sent unread"
    commands += session.handle(OrderBook(now, route.orders()))
    commands += session.handle(Positions(now, route.positions()))
    return session, commands


def sent(commands: list[Any]) -> list[Order]:
    return [command.order for command in commands if isinstance(command, CommitIntent)]


def _on_the_way_out(slot: Slot) -> bool:
    """A triggered stop is, and says so with the next bar."""
    return bool(slot.leaving) or any(order.status is Status.OPEN for order in slot.exits)


@pytest.mark.parametrize("seed", range(30))
def test_a_session_restored_at_any_minute_stands_where_it_stood(seed: int) -> None:
    """Positions, realised P&L, reserves, counts, trades and the exits: as without the restart."""
    route = exchange(*SYMBOLS)
    limits = replace(LIMITS, max_trades=500)
    session = open_session([share(s) for s in SYMBOLS], lambda _: Chance(seed), limits=limits)
    ledger = MemoryLedger()
    made = Desk(session, Driver(session, route, ledger), ledger)
    feeds = [walk(symbol, seed, 40) for symbol in SYMBOLS]
    for number in range(40):
        made.driver.run(together(*[feed[number : number + 1] for feed in feeds]))
        again, commands = reborn(made, limits=limits)
        old, new = session.book.account, again.book.account
        assert not sent(commands), f"minute {number}: everything was protected, and more is sent"
        assert not any(isinstance(command, ModifyOrder | CancelOrder) for command in commands)
        assert {s: slot.quantity for s, slot in again.slots.items()} == {
            s: slot.quantity for s, slot in session.slots.items()
        }
        for name in ("gross", "charges", "trades", "open_positions", "reserved", "pending_charges", "losses"):
            assert getattr(new, name) == getattr(old, name), f"minute {number}: {name}"
        assert again.book.sequence == session.book.sequence
        trades = [command.trade for command in commands if isinstance(command, PublishTrade)]
        assert sorted((t.symbol, t.entry_ts, t.gross, t.net) for t in trades) == sorted(
            (t.symbol, t.entry_ts, t.gross, t.net) for t in session.book.trades
        )
        for symbol, slot in session.slots.items():
            twin = again.slots[symbol]
            assert [order.tag for order in slot.exits] == [order.tag for order in twin.exits]
            assert slot.busy == twin.busy
            assert _on_the_way_out(slot) == _on_the_way_out(twin)
        for symbol, slot in session.slots.items():
            again.warm(feeds[SYMBOLS.index(symbol)][number])
            assert again.slots[symbol].quantity == 0 or again.slots[symbol].mark == slot.mark
        assert not [b for b in breaches(again, route) if "limits" not in b]


@pytest.mark.parametrize("seed", range(6))
def test_slices_restored_at_any_minute_are_protected_as_before(seed: int) -> None:
    """Above the freeze quantity: the same positions, gross and exits; whether as one trade or two is not told apart."""
    route = exchange(*SYMBOLS, freeze=200)
    limits = replace(LIMITS, max_trades=500)
    session = open_session([share(s, freeze=200) for s in SYMBOLS], lambda _: Chance(seed), limits=limits)
    ledger = MemoryLedger()
    made = Desk(session, Driver(session, route, ledger), ledger)
    feeds = [walk(symbol, seed, 40) for symbol in SYMBOLS]
    for number in range(40):
        made.driver.run(together(*[feed[number : number + 1] for feed in feeds]))
        again, commands = reborn(made, limits=limits)
        assert not any(isinstance(command, CommitIntent | ModifyOrder | CancelOrder) for command in commands)
        assert again.book.account.gross == session.book.account.gross
        for symbol, slot in session.slots.items():
            twin = again.slots[symbol]
            assert (twin.quantity, [order.tag for order in twin.exits]) == (
                slot.quantity, [order.tag for order in slot.exits],
            )


def test_a_position_without_an_exit_gets_its_stop() -> None:
    """Killed between the entry's fill and the stop: the first thing sent is the stop, for all of it."""
    wire = Wire()
    made, entry = entered(wire)
    wire.show(entry, Status.CANCELLED, fill(entry, 60, 100_00))
    _, commands = reborn(made)
    (stop,) = sent(commands)
    assert (stop.kind, stop.side, stop.quantity, stop.trigger, stop.sequence) == (Kind.SL, -1, 60, 99_00, 2)


def test_a_stop_that_is_too_small_is_resized() -> None:
    """Killed before the resize was sent."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    wire.show(made.order(2), Status.TRIGGER_PENDING)
    wire.show(entry, Status.OPEN, fill(entry, 60, 100_00, id="late"))
    _, commands = reborn(made)
    (resize,) = [command for command in commands if isinstance(command, ModifyOrder)]
    assert (resize.order.sequence, resize.quantity, resize.kind) == (2, 100, Kind.SL)


def test_an_intent_that_was_never_placed_is_not_sent_again() -> None:
    """NOT PLACED is over: the symbol is free, the number is used up."""
    wire = Wire()
    wire.faults["place"] = [OrderUnknown("timed out")]
    made, entry = entered(wire)
    made.wait(2)
    assert entry.status is Status.NOT_PLACED
    session, commands = reborn(made)
    assert commands == []
    assert (session.slots["AAA"].busy, session.book.account.reserved, session.book.sequence) == (False, {}, 1)


def test_an_entry_that_works_stays_reserved_and_busy() -> None:
    """With what it was reserved for."""
    wire = Wire()
    made, entry = entered(wire, policy=PATIENT)
    wire.show(entry, Status.OPEN)
    session, commands = reborn(made)
    assert not sent(commands)
    assert session.book.account.reserved == made.account.reserved
    assert session.slots["AAA"].busy


def test_the_target_and_the_stop_are_those_of_before() -> None:
    """From the average of the fills, not from the first of them."""
    wire = Wire()
    made, entry = entered(wire, Enter(1, 100, 200, "go"))
    wire.say(entry, Status.COMPLETE, fill(entry, 40, 100_00), fill(entry, entry.quantity - 40, 100_25, id="b"))
    made.driver.settle()
    wire.show(made.order(2), Status.TRIGGER_PENDING)
    slot = made.slot()
    session, commands = reborn(made)
    assert commands == []
    twin = session.slots["AAA"]
    assert (twin.stop_price, twin.target_price) == (slot.stop_price, slot.target_price)


@pytest.mark.parametrize("signal", [Enter(1, 100, 0, "go"), SHORT])
def test_no_order_is_priced_before_there_is_a_price(signal: Enter) -> None:
    """Killed on the way out with the stop still resting: no marketable limit at a made-up price replaces it."""
    wire = Wire()
    made, _, stop = protected(wire, signal)
    stop.reason = "target"
    session, commands = reborn(made)
    changes = [command for command in commands if isinstance(command, ModifyOrder)]
    assert all(abs(change.price - 100_00) < 10_00 for change in changes), f"{[c.price for c in changes]} without a bar"
    session.warm(flat("AAA", 1, start=1)[0])
    assert not sent(commands)


def test_the_ladder_goes_on_where_it_was() -> None:
    """Third step before the kill, fourth after it, and the alarm when it is due."""
    wire = Wire()
    made, _, stop = protected(wire)
    wire.say(stop, Status.OPEN)
    made.driver.run(flat("AAA", 3, start=1))
    assert stop.price == 99_00
    session, _ = reborn(made)
    session.warm(flat("AAA", 1, start=3)[0])
    changes = [c for c in session.on_bar(flat("AAA", 1, start=4)[0]) if isinstance(c, ModifyOrder)]
    assert [change.price for change in changes] == [98_00]


def test_a_fill_without_its_entry_is_not_passed_over() -> None:
    """An exit filled and its entry is missing from the store: nobody can explain the position, so it is said."""
    wire = Wire()
    made, entry, stop = protected(wire)
    stop.add_fill(fill(stop, 100, 99_00))
    del made.ledger.orders[entry.tag]
    del wire.book[f"B{entry.tag}"]
    session, commands = reborn(made)
    loud = [c for c in commands if getattr(c, "severity", "") == "CRITICAL"]
    assert ["a position that no entry explains" in one.message for one in loud] == [True]
    assert session.slots["AAA"].blocked
    assert session.slots["AAA"].quantity == -100
    changes = session.on_bar(flat("AAA", 1, start=4)[0])
    assert [(order.side, order.quantity, order.kind) for order in sent(list(changes))] == []
    assert [c.order.tag for c in commands if isinstance(c, CancelOrder)] == [stop.tag], "it could sell 398 more"


def test_a_halt_after_the_restore_flattens_what_was_restored() -> None:
    """The restored exit is the one that is modified."""
    wire = Wire()
    made, _, stop = protected(wire)
    session, _ = reborn(made)
    session.warm(flat("AAA", 1, start=1)[0])
    halt = Control(minute(2), HaltLevel.FLATTEN, "by hand")
    changes = [c for c in session.on_control(halt) if isinstance(c, ModifyOrder)]
    assert [(c.order.tag, c.kind, c.quantity) for c in changes] == [(stop.tag, Kind.LIMIT, stop.quantity)]
    assert all(order.purpose is not Purpose.EXIT or order.working for order in session.book.orders.values())


def test_what_a_daily_loss_had_begun_to_close_is_closed() -> None:
    """Killed between the halt and this position's exit: the stop rests on, and the first bar turns it into the exit."""
    wire = Wire()
    made, _, stop = protected(wire)
    session = open_session([share()], lambda _: None)
    session.book.flattening = DAILY_LOSS
    commands = restore(session, [order_from_fields(order_fields(o)) for o in made.ledger.orders.values()], minute(1))
    commands += session.handle(OrderBook(minute(1), wire.orders()))
    changes = [c for c in session.on_bar(flat("AAA", 1, start=2)[0]) if isinstance(c, ModifyOrder)]
    assert not commands
    assert [(c.order.tag, c.kind, c.price) for c in changes] == [(stop.tag, Kind.LIMIT, 99_75)]
    assert session.slots["AAA"].leaving == DAILY_LOSS


def test_of_two_resting_exits_one_is_taken_back() -> None:
    """Both could fill and flip the position: the earlier stays, the later is cancelled."""
    wire = Wire()
    made, _, stop = protected(wire)
    twin = order_from_fields({**order_fields(stop), "tag": "T250829S00003X", "sequence": 3, "broker_id": ""})
    made.ledger.orders[twin.tag] = twin
    wire.show(twin, Status.TRIGGER_PENDING)
    _, commands = reborn(made)
    assert [c.order.tag for c in commands if isinstance(c, CancelOrder)] == [twin.tag]
    assert not any(isinstance(c, ModifyOrder) and c.order.tag == stop.tag for c in commands)


def test_what_the_broker_refused_is_remembered() -> None:
    """A symbol whose entries were refused three times before the restart is not tried a fourth time after it."""
    wire = Wire()
    wire.faults["place"] = [OrderRejected("not allowed")] * 3
    made = desk(wire, {0: LONG, 1: LONG, 2: LONG, 3: LONG})
    made.driver.run(flat("AAA", 3))
    session, _ = reborn(made)
    assert session.slots["AAA"].refusals == made.slot().refusals == 3


def test_refused_exits_of_an_earlier_position_do_not_delay_the_next() -> None:
    """The first refusal after the restart is a first one."""
    wire = Wire()
    made, entry, stop = protected(wire)
    earlier = order_from_fields({
        **order_fields(stop), "tag": "T250829S00000X", "sequence": 0, "kind": "LIMIT", "status": "REJECTED",
        "broker_id": "", "fills": [], "counted": [],
    })
    session = open_session([share()], lambda _: None)
    restore(session, [earlier, entry, stop], made.session.now)
    assert (session.slots["AAA"].quantity, session.slots["AAA"].refused_exits) == (entry.quantity, 0)


def test_a_change_by_a_clock_that_was_ahead_does_not_bind() -> None:
    """An order that was changed ten minutes from now, by an earlier process' clock, can be changed now."""
    made, _, stop = protected(Wire())
    now, stop.changed = made.session.now, made.session.now + 600 * SECOND
    session = open_session([share()], lambda _: None)
    restore(session, [order_from_fields(order_fields(order)) for order in made.ledger.orders.values()], now)
    assert session.slots["AAA"].exits[0].changed == now
