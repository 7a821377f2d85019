"""What the account's positions and a restart tell of others: found by two reads, explained, and never chased."""

import pytest

from common.market.instrument import Instrument
from common.market.instrument import Kind as Kind_
from common.trading.accounting import BY_HAND
from common.trading.halts import HaltLevel
from common.trading.messages import Command, Log, Positions
from common.trading.orders import Kind, Status, order_fields, order_from_fields
from common.trading.ownership import DIFFERENT
from common.trading.pace import LIVE
from common.trading.restore import restore
from tests.unit.trading_case import DAY, SECOND, Desk, desk, open_session, share
from tests.unit.wire_case import Wire, entered, fill, hand, protected, read_twice


def reborn(made: Desk, wire: Wire) -> Desk:
    """The same day started again, as far as the store and the broker's book go."""
    session = open_session([share()], lambda _: None, pace=LIVE)
    session.slots["AAA"].last = made.slot().last
    again = Desk(session, type(made.driver)(session, wire, made.ledger), made.ledger)
    orders = [order_from_fields(order_fields(order)) for order in made.ledger.orders.values()]
    made.ledger.orders = {order.tag: order for order in orders}
    others = [update for update in wire.orders() if not update.tag]
    again.driver.carry_out(restore(session, orders, made.session.now, others))
    return again


@pytest.mark.parametrize("sold", [100, 498, 600])
def test_sold_by_hand_while_we_were_down(sold: int) -> None:
    """The first read tells it: the stop is made to fit before anything else."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, sold), told=False)
    again = reborn(made, wire)
    again.driver.reconcile()
    again.driver.settle()
    left = max(0, entry.quantity - sold)
    assert (again.slot().quantity, again.slot().foreign) == (left, min(0, entry.quantity - sold))
    assert again.slot().blocked == BY_HAND
    assert bool(wire.asked("cancel")) is (left == 0)
    assert [call[3] for call in wire.asked("modify")] == ([left] if left else [])


def test_a_restart_after_a_manual_exit_stands_where_it_stood() -> None:
    """Part by hand, part by our own stop: flat before and after, and the same trade."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.foreign(-1, hand(made, 100))
    made.driver.settle()
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity - 100, 99_00, ts=made.session.now + 1))
    made.wait(3)
    net, trades = made.account.net, list(made.ledger.trades)
    again = reborn(made, wire)
    again.driver.reconcile()
    again.wait(3)
    assert (again.slot().quantity, again.slot().foreign, again.slot().busy) == (0, 0, False)
    assert again.slot().blocked == BY_HAND
    assert again.account.net == net
    assert [trade.number for trade in again.session.book.trades] == [trade.number for trade in trades]


def test_a_lost_sale_is_found_by_the_position_twice() -> None:
    """Their order is not in the book: two equal reads three seconds apart, then the stop shrinks and a person looks."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    wire.held = {"AAA": -100}
    made.driver.reconcile()
    assert made.slot().quantity == entry.quantity
    made.session.now += 2 * SECOND
    made.driver.reconcile()
    assert made.slot().quantity == entry.quantity
    made.session.now += SECOND
    made.driver.reconcile()
    assert (made.slot().quantity, made.slot().blocked) == (entry.quantity - 100, DIFFERENT)
    assert wire.asked("modify") == [("modify", stop.tag, Kind.SL, entry.quantity - 100, stop.price, stop.trigger)]
    assert [record.fields["kind"] for record in made.alarms()] == ["difference"]


def test_reads_that_differ_begin_again() -> None:
    """-100, then -90: three seconds from the second on."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    for held, seconds in ((-100, 2), (-90, 2), (-90, 0)):
        wire.held = {"AAA": held}
        made.driver.reconcile()
        made.session.now += seconds * SECOND
    assert made.slot().quantity == entry.quantity
    made.session.now += SECOND
    made.driver.reconcile()
    assert made.slot().quantity == entry.quantity - 90


def test_a_difference_that_goes_away_was_none() -> None:
    """Positions lag behind: right again at the next read, and counted from the start if it comes back."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    for held in (-100, 0, -100):
        wire.held = {"AAA": held}
        made.driver.reconcile()
        made.session.now += 2 * SECOND
    made.driver.reconcile()
    assert made.slot().quantity == entry.quantity


def unsettled_entry(wire: Wire) -> Desk:
    made, entry = entered(wire, pace=LIVE)
    wire.say(entry, Status.OPEN)
    return made


def unsettled_stop(wire: Wire) -> Desk:
    made, _, stop = protected(wire, pace=LIVE)
    wire.say(stop, Status.OPEN)
    return made


def unsettled_exit(wire: Wire) -> Desk:
    made, _, _ = protected(wire, pace=LIVE)
    made.control(HaltLevel.FLATTEN)
    return made


@pytest.mark.parametrize("build", [unsettled_entry, unsettled_stop, unsettled_exit])
def test_no_difference_counts_while_something_of_ours_may_fill(build: object) -> None:
    """The broker may count a fill that is on its way to us."""
    wire = Wire()
    assert callable(build)
    made = build(wire)
    made.driver.settle()
    before = made.slot().quantity
    wire.held = {"AAA": 40}
    made.session.handle(Positions(made.session.now, wire.positions()))
    made.session.handle(Positions(made.session.now + 3 * SECOND, wire.positions()))
    assert (made.slot().quantity, made.slot().foreign, made.slot().blocked) == (before, 0, "")


@pytest.mark.parametrize("held", [40, -10_000])
def test_more_or_the_other_way_round_is_theirs(held: int) -> None:
    """What the account holds beyond ours is the person's: said, and left alone; ours is flat where it must be."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    read_twice(made)
    wire.held = {"AAA": held}
    read_twice(made)
    ours = entry.quantity if held > 0 else 0
    assert (made.slot().quantity, made.slot().foreign) == (ours, held if held > 0 else held + entry.quantity)
    assert made.slot().blocked == DIFFERENT


def test_their_lost_sale_of_their_own_is_not_ours() -> None:
    """They hold 50 beside ours and sell them, and only the position tells: ours stays protected in full."""
    wire = Wire()
    made, entry, _ = protected(wire, pace=LIVE)
    wire.foreign(1, hand(made, 50))
    made.driver.settle()
    wire.held = {"AAA": -50}
    read_twice(made)
    assert (made.slot().quantity, made.slot().foreign) == (entry.quantity, 0)
    assert wire.asked("modify") == []


def test_a_position_in_a_symbol_we_hold_nothing_of() -> None:
    """It came up during the day: theirs, the symbol is blocked."""
    wire = Wire()
    made = desk(wire, pace=LIVE)
    read_twice(made)
    wire.held = {"AAA": -30}
    read_twice(made)
    assert (made.slot().foreign, made.slot().blocked) == (-30, DIFFERENT)


def test_what_another_workload_trades_is_no_difference_of_ours() -> None:
    """Options watch a future that the futures' workload of the same account may hold: no alarm, ever."""
    future = Instrument("FUT", "NFO", Kind_.FUTURE, 5, 65, underlying="NIFTY", expiry=DAY)
    session = open_session([share(), future], lambda _: None, pace=LIVE)
    said: list[Command] = []
    for number, net in enumerate((-65, -65, -65, 0, 0, 65, 65)):
        said += session.handle(Positions(session.now + number * 3 * SECOND, {"FUT": net}))
    assert [one for one in said if isinstance(one, Log)] == []
    for number in (10, 11):
        said += session.handle(Positions(session.now + number * 3 * SECOND, {"AAA": 5}))
    assert [one.fields["symbol"] for one in said if isinstance(one, Log)] == ["AAA"]
