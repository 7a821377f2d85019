"""The session as a whole: hours, halts, daily loss, square-off, and news that should not be."""


import pytest

from common.market.bar import Quote
from common.trading.halts import HaltLevel
from common.trading.messages import ChangeFailed, Control, PriceBand, Timer
from common.trading.orders import Kind, OrderTag, OrderUpdate, Purpose, Status
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, SECOND, SHORT, SMALL_LOSS, bars, desk, flat, hours, minute
from tests.unit.wire_case import Wire, entered, fill, protected


@pytest.mark.parametrize(("at", "sent"), [(8, False), (9, True), (18, True), (19, False)])
def test_entries_only_within_their_hours(at: int, sent: bool) -> None:
    """From `entry_from` (minute 10) and before `entry_cutoff` (minute 20); decided at a bar's end."""
    made = desk(Wire(), {at: LONG}, times=hours(entries=(10, 20)))
    made.driver.run(flat("AAA", 25))
    assert bool(made.ledger.orders) is sent
    assert made.session.book.denied == ({} if sent else {"outside_entry_window": 1})


def test_exits_are_never_denied() -> None:
    """Halted, out of hours and out of limits, the exit of an open position still goes out."""
    wire = Wire()
    made, _, stop = protected(wire, times=hours(entries=(0, 2)))
    made.driver.tell(Control(minute(3), HaltLevel.FLATTEN, "by hand"))
    assert wire.calls[-1][:2] == ("modify", stop.tag)
    assert stop.kind is Kind.LIMIT


def test_a_halt_stops_entries_and_keeps_the_stop() -> None:
    """Without flatten nothing is closed and nothing more is opened."""
    wire = Wire()
    made = desk(wire, {0: LONG, 5: LONG})
    made.driver.tell(Control(minute(0), HaltLevel.STOP_ENTRIES, "by hand"))
    made.driver.run(flat("AAA", 7))
    assert wire.calls == []
    assert made.session.book.denied == {"halted": 2}


def test_a_halt_with_flatten_cancels_entries() -> None:
    """An entry that is still on the wire is taken back."""
    wire = Wire()
    made, entry = entered(wire)
    made.driver.tell(Control(minute(1), HaltLevel.FLATTEN, "by hand"))
    assert wire.calls[-1] == ("cancel", entry.tag)


@pytest.mark.parametrize("how", ["halt", "square-off"])
def test_a_fill_after_the_flattening_is_closed_too(how: str) -> None:
    """The cancel raced with the fill: a position born after everything was to be closed is closed at once."""
    wire = Wire()
    made, entry = entered(wire, times=hours(square_off=300 if how == "halt" else 2))
    if how == "halt":
        made.driver.tell(Control(minute(2), HaltLevel.FLATTEN, "by hand"))
    else:
        made.driver.take(Timer(minute(2)))
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    made.driver.run(flat("AAA", 2, start=3))
    leaving = [o for o in made.ledger.orders.values() if o.purpose is Purpose.EXIT]
    assert [o.kind for o in leaving] == [Kind.LIMIT], f"after the {how} a position was only protected: {leaving}"


def test_square_off_once_at_its_time_by_any_clock() -> None:
    """A timer alone starts it: a symbol without bars is closed too; a timer a second later does not begin again."""
    wire = Wire()
    made, _, stop = protected(wire, times=hours(square_off=5))
    made.driver.take(Timer(minute(5) - 1))
    assert stop.kind is Kind.SL
    made.driver.take(Timer(minute(5)))
    assert (stop.kind, stop.reason) == (Kind.LIMIT, "square-off")
    sent = len(wire.calls)
    made.driver.take(Timer(minute(5) + SECOND))
    assert len(wire.calls) == sent


def test_square_off_by_a_bar_begins_with_the_first_step() -> None:
    """The bar that starts the square-off modifies the stop once, to the narrowest width."""
    wire = Wire()
    made, _, stop = protected(wire, times=hours(square_off=5))
    made.driver.run(flat("AAA", 1, start=4))
    assert [call for call in wire.calls if call[0] == "modify"] == [
        ("modify", stop.tag, Kind.LIMIT, stop.quantity, 99_75, 0)
    ]


def test_open_after_the_close_is_an_alarm() -> None:
    """What could not be closed is said loudly, with the symbol."""
    wire = Wire()
    made, _, _ = protected(wire, times=hours(square_off=5, close=8))
    made.driver.run(flat("AAA", 9, start=1))
    assert any("AAA is open after the close" in record.message for record in made.alarms())


def test_no_alarm_after_the_close_when_flat() -> None:
    """An empty day ends in silence."""
    made = desk(Wire(), times=hours(square_off=5, close=8))
    made.driver.run(flat("AAA", 9))
    assert made.ledger.records == []


def test_the_daily_loss_needs_two_marks() -> None:
    """One bad print changes nothing; two in a row stop the day and start the exit."""
    wire = Wire()
    made, _, stop = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS)
    bad, fine = (95_00, 95_00, 95_00, 95_00), (100_00, 100_00, 100_00, 100_00)
    made.driver.run(bars("AAA", bad, fine, bad, start=1))
    assert (made.account.halted, stop.kind.value) == ("", "SL")
    made.driver.run(bars("AAA", bad, start=4))
    assert (made.account.halted, stop.kind.value) == ("daily loss reached", "LIMIT")


def test_two_symbols_marked_at_one_moment_are_one_mark() -> None:
    """A bad print of one symbol, then another's ordinary bar of the same minute: still one look at the loss."""
    wire = Wire()
    made, _, stop = protected(wire, symbols="AAA BBB", limits=SMALL_LOSS)
    other = made.session.slots["BBB"]
    made.session.handle(bars("BBB", (50_00, 50_00, 50_00, 50_00), start=0)[0])
    made.driver.carry_out(made.session._act(other, Enter(1, 500, 0.0, "too"), minute(1)))
    entry = made.order(3)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 50_00))
    made.driver.settle()
    wire.say(made.order(4), Status.TRIGGER_PENDING)
    made.driver.settle()
    made.driver.run([
        *bars("AAA", (90_00, 90_00, 90_00, 90_00), start=1), *bars("BBB", (50_00, 50_00, 50_00, 50_00), start=1),
        *bars("AAA", (100_00, 100_00, 100_00, 100_00), start=2),
    ])
    assert made.account.halted == "", "one bad print of AAA halted the day: BBB's mark in the same minute counted"
    assert stop.kind is Kind.SL


def test_quotes_mark_and_time_but_do_not_ask_the_strategy() -> None:
    """A tick marks a long at the bid; the script of minute 0 stays silent."""
    wire = Wire()
    made, entry, _ = protected(wire)
    made.driver.take(Quote(minute(1) + 5, "AAA", 100_00, bid=99_90, ask=100_10))
    assert made.account.open_pnl == -10 * entry.quantity
    fresh = desk(Wire(), {0: LONG})
    fresh.driver.take(Quote(minute(0) + 5, "AAA", 100_00))
    assert not fresh.ledger.orders


def test_a_short_is_marked_at_the_ask() -> None:
    """What it would cost to buy back."""
    wire = Wire()
    made, entry, _ = protected(wire, SHORT)
    made.driver.take(Quote(minute(1) + 5, "AAA", 100_00, bid=99_90, ask=100_10))
    assert made.account.open_pnl == -10 * entry.quantity


def test_strange_symbols_and_orders_are_said_not_traded() -> None:
    """Bars and bands of other symbols are ignored; an order of ours that nobody intended is an alarm, once."""
    made = desk(Wire(), {0: Enter(1, 100, symbol="ZZZ")})
    assert made.session.handle(flat("ZZZ", 1)[0]) == ()
    made.driver.run(flat("AAA", 1))
    made.driver.tell(PriceBand(1, "ZZZ", 0, 100_00))
    for _ in range(2):
        made.driver.tell(OrderUpdate(OrderTag("T250829S00099X"), Status.OPEN, 1))
    assert [record.severity for record in made.ledger.records] == ["ERROR", "CRITICAL"]
    assert not made.ledger.orders


def test_what_the_table_does_not_list_blocks_the_symbol() -> None:
    """More filled than ordered: a person hears of it, the symbol is not entered again, the session goes on."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity + 1, 100_00))
    made.driver.settle()
    (alarm,) = made.alarms()
    assert alarm.message.startswith(f"AAA: order {entry.tag} of AAA: fill")
    assert made.slot().blocked
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00, id="right"))
    made.driver.settle()
    assert made.exits() == [(2, Kind.SL, entry.quantity)], "what was filled all the same has no stop"


def test_a_refused_change_is_a_warning() -> None:
    """The order stands; a person can read why."""
    made, entry = entered(Wire())
    made.driver.tell(ChangeFailed(entry, minute(1), "too many requests"))
    assert [(r.severity, r.fields["reason"]) for r in made.ledger.records] == [("WARNING", "too many requests")]


def test_a_tick_at_the_square_off_begins_it() -> None:
    """Also of a symbol that holds nothing."""
    wire = Wire()
    made, _, stop = protected(wire, symbols="AAA BBB", times=hours(square_off=5))
    made.driver.take(Quote(minute(5), "BBB", 100_00))
    assert (stop.kind, stop.reason) == (Kind.LIMIT, "square-off")
