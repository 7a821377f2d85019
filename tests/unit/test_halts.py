"""Halts in three levels, their end, the daily loss and the square-off: entries stop, exits never do."""

import pytest

from common.trading.halts import HaltLevel
from common.trading.messages import Control, Timer
from common.trading.orders import Kind, Status
from common.trading.pace import LIVE
from common.trading.session import DAILY_LOSS
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, PATIENT, SMALL_LOSS, Desk, bars, desk, flat, hours, minute
from tests.unit.wire_case import Wire, entered, fill, protected

BAD = (90_00, 90_00, 90_00, 90_00)


def half_filled(wire: Wire) -> Desk:
    """An entry that works on after 40 units, which have their stop."""
    made, entry = entered(wire, pace=LIVE, policy=PATIENT)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    made.driver.settle()
    return made


def test_stop_entries_leaves_what_is_there_alone() -> None:
    """The working entry works on, its stop too; a new entry is denied."""
    wire = Wire()
    made = half_filled(wire)
    made.control(HaltLevel.STOP_ENTRIES)
    made.wait(5)
    assert (wire.asked("cancel", "modify"), made.exits()) == ([], [(2, Kind.SL, 40)])
    fresh = desk(Wire(), {0: LONG})
    fresh.control(HaltLevel.STOP_ENTRIES)
    fresh.driver.run(flat("AAA", 1))
    assert fresh.session.book.denied == {"halted": 1}


def test_cancel_entries_takes_them_back_and_keeps_positions() -> None:
    """What is filled keeps its stop."""
    wire = Wire()
    made = half_filled(wire)
    made.control(HaltLevel.CANCEL_ENTRIES)
    assert wire.asked("cancel") == [("cancel", made.order(1).tag)]
    wire.say(made.order(1), Status.CANCELLED)
    made.wait(5)
    assert (made.exits(), made.slot().leaving) == ([(2, Kind.SL, 40)], "")


def test_flatten_closes_everything() -> None:
    """Entries are cancelled, positions leave, in every symbol."""
    wire = Wire()
    made = half_filled(wire)
    made.control(HaltLevel.FLATTEN)
    assert wire.asked("cancel") == [("cancel", made.order(1).tag)]
    assert wire.asked("modify") == [("modify", made.order(2).tag, Kind.LIMIT, 40, 99_75, 0)]
    assert made.slot().leaving == "by hand"


@pytest.mark.parametrize("level", [HaltLevel.CANCEL_ENTRIES, HaltLevel.FLATTEN])
def test_an_entry_on_its_way_is_taken_back_when_it_arrives(level: HaltLevel) -> None:
    """It was not cancelled blindly while unknown; the moment that it shows itself, it is."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE, policy=PATIENT)
    entry.status = Status.UNKNOWN
    made.control(level)
    assert wire.asked("cancel") == []
    wire.say(entry, Status.OPEN)
    made.driver.settle()
    assert wire.asked("cancel") == [("cancel", entry.tag)]


def test_a_halt_told_twice_is_one_halt() -> None:
    """The same level again is no news: nothing is sent and nothing is logged."""
    wire = Wire()
    made = half_filled(wire)
    for _ in range(3):
        made.driver.tell(Control(made.session.now, HaltLevel.FLATTEN, "again"))
    assert len(wire.asked("modify")) == 1
    assert sum("halt: FLATTEN" in record.message for record in made.ledger.records) == 1


@pytest.mark.parametrize("level", list(HaltLevel)[1:])
def test_resume_takes_a_halt_back(level: HaltLevel) -> None:
    """From any level entries are made again."""
    wire = Wire()
    made = desk(wire, {0: LONG, 2: LONG})
    made.control(level)
    made.driver.run(flat("AAA", 1))
    made.control(HaltLevel.RUN)
    made.driver.run(flat("AAA", 2, start=1))
    assert len(wire.asked("place")) == 1
    assert (made.session.book.flattening, made.session.book.level) == ("", HaltLevel.RUN)


def test_resume_does_not_stop_an_exit_that_has_begun() -> None:
    """LIMIT cannot become a stop again: whoever is on the way out gets out."""
    wire = Wire()
    made = half_filled(wire)
    made.control(HaltLevel.FLATTEN)
    made.control(HaltLevel.RUN)
    made.wait(4)
    assert made.slot().leaving
    assert len(wire.asked("modify")) >= 2


def test_from_flatten_down_to_a_milder_halt() -> None:
    """Entries stay stopped; a position that comes late is protected, no longer closed."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE, policy=PATIENT)
    made.control(HaltLevel.FLATTEN)
    made.control(HaltLevel.STOP_ENTRIES)
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    assert made.exits() == [(2, Kind.SL, entry.quantity)]


@pytest.mark.parametrize("what", ["square-off", "daily loss"])
def test_resume_does_not_undo_the_days_end(what: str) -> None:
    """After the square-off or the daily loss RUN takes back the halt alone."""
    wire = Wire()
    made, _, _ = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS, times=hours(square_off=60))
    if what == "square-off":
        made.driver.take(Timer(minute(60)))
    else:
        made.driver.run(bars("AAA", BAD, BAD, start=1))
    made.control(HaltLevel.FLATTEN)
    made.control(HaltLevel.RUN)
    assert made.session.book.flattening


def test_the_daily_loss_flattens_and_ends_entries_for_good() -> None:
    """Confirmed by the second mark: everything leaves, entries are denied, resume does not bring them back."""
    wire = Wire()
    made, entry, stop = protected(wire, Enter(1, 200, 0.0, "go"), symbols="AAA BBB", limits=SMALL_LOSS)
    made.driver.run(bars("AAA", BAD, BAD, start=1))
    assert (made.account.halted, made.slot().leaving) == (DAILY_LOSS, DAILY_LOSS)
    assert sum("entries stopped" in record.message for record in made.ledger.records) == 1
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 90_00))
    made.driver.settle()
    made.control(HaltLevel.STOP_ENTRIES)
    made.control(HaltLevel.RUN)
    made.driver.run(flat("BBB", 1, start=4))
    made.driver.carry_out(made.session._act(made.slot("BBB"), LONG, made.session.now))
    assert made.session.book.denied == {"flattening": 1}


def test_marks_closer_than_three_seconds_are_one() -> None:
    """Two bad ticks half a second apart are one look; after three seconds it is confirmed."""
    wire = Wire()
    made, _, _ = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS, pace=LIVE)
    for _ in range(5):
        made.quote(90_00)
        made.session.now += 500_000_000
    assert made.account.halted == ""
    made.session.now += 500_000_000
    made.quote(90_00)
    assert made.account.halted == DAILY_LOSS


def test_a_good_mark_in_between_starts_again() -> None:
    """Bad, good, bad: the three seconds are counted from the last bad one."""
    wire = Wire()
    made, _, _ = protected(wire, Enter(1, 200, 0.0, "go"), limits=SMALL_LOSS, pace=LIVE)
    for price in (90_00, 100_00, 90_00):
        made.quote(price)
        made.session.now += 2_000_000_000
    assert made.account.halted == ""


def test_everything_open_when_it_should_be_flat_is_said() -> None:
    """At `flat_by` and after the close, once each, by time alone."""
    wire = Wire()
    made, _, _ = protected(wire, times=hours(square_off=5, close=8))
    made.session.times = hours(square_off=5, close=8)
    made.driver.take(Timer(minute(5)))
    made.driver.take(Timer(minute(8)))
    made.driver.take(Timer(minute(9)))
    said = [record.message for record in made.alarms() if "open" in record.message]
    assert said.count("AAA: still open when everything should be flat") == 1
    assert said.count("AAA is open after the close") == 1


def test_nothing_is_sent_before_the_broker_has_been_read() -> None:
    """Not recovered: signals, halts and the square-off wait, and each second asks for the books."""
    wire = Wire()
    made = desk(wire, {0: LONG}, times=hours(square_off=3))
    made.session.recovered = False
    made.driver.run(flat("AAA", 1))
    made.driver.take(Timer(minute(3)))
    made.control(HaltLevel.FLATTEN)
    assert wire.asked("place", "modify", "cancel") == []
    assert len(wire.asked("orders")) == 1
    assert made.session.recovered
