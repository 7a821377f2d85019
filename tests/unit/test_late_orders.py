"""Orders that appear after they were given up: what they bind counts again, once, and news of two is told apart."""

from common.trading.doubts import Question
from common.trading.errors import OrderUnknown
from common.trading.orders import Order, OrderUpdate, Status
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import LONG, Desk, flat
from tests.unit.wire_case import Wire, entered, fill, hand, protected


def given_up(wire: Wire, signal: Enter = LONG) -> tuple[Desk, Order]:
    """An entry that nobody saw for half a minute."""
    wire.faults["place"] = [OrderUnknown("timed out")]
    made, _ = entered(wire, signal, pace=LIVE)
    made.wait(32)
    first = made.order(1)
    assert (first.status, made.account.reserved) == (Status.NOT_PLACED, {})
    return made, first


def test_an_entry_that_comes_back_binds_again() -> None:
    """Its capital and its risk, as when it was sent; told once more it binds nothing more."""
    wire = Wire()
    made, first = given_up(wire)
    wire.say(first, Status.OPEN)
    made.driver.settle()
    bound = {"AAA": first.need}, {"AAA": first.quantity * first.stop_distance}
    assert (made.account.reserved, made.account.at_risk) == bound
    wire.say(first, Status.OPEN)
    made.wait(1)
    assert (made.account.reserved, made.account.at_risk) == bound


def test_beside_another_entry_both_bind() -> None:
    """The strategy entered again meanwhile: what both may buy is bound until the late one is taken back."""
    wire = Wire()
    made, first = given_up(wire)
    strategy = made.slot().strategy
    assert strategy is not None
    strategy.signals = dict.fromkeys(range(400), LONG)  # type: ignore[attr-defined]
    made.driver.run(flat("AAA", 1, start=2))
    second = made.order(2)
    wire.say(first, Status.OPEN)
    made.driver.settle()
    assert made.account.reserved == {"AAA": first.need + second.need}
    assert made.account.at_risk == {"AAA": (first.quantity + second.quantity) * first.stop_distance}
    assert wire.asked("cancel") == [("cancel", first.tag)]


def test_fills_that_are_told_answer_the_question_about_them() -> None:
    """Counted 75 and told 15; the news of the 60 ends the doubt before the next read of the book."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    doubts, now = made.session.book.doubts, made.session.now
    for units, filled, asked in ((15, 75, Question.FILLS), (60, 60, None)):
        news = fill(stop, units, 99_00, id=str(units), ts=now)
        made.driver.tell(OrderUpdate(stop.tag, Status.OPEN, now, (news,), "", filled=filled))
        assert doubts.question(stop) is asked


def test_an_end_without_a_count_leaves_a_change_in_doubt() -> None:
    """COMPLETE and nothing said of how much: whether it was made larger is for the book to tell."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    doubts = made.session.book.doubts
    doubts.raise_(stop, Question.CHANGED, made.session.now)
    made.driver.tell(OrderUpdate(stop.tag, Status.COMPLETE, made.session.now, (fill(stop, entry.quantity, 99_00),)))
    assert doubts.question(stop) is Question.CHANGED
    counted = protected(Wire(), pace=LIVE)[0]
    other, doubts = counted.order(2), counted.session.book.doubts
    doubts.raise_(other, Question.CHANGED, counted.session.now)
    news = fill(other, other.quantity, 99_00)
    counted.driver.tell(OrderUpdate(other.tag, Status.COMPLETE, counted.session.now, (news,), filled=other.quantity))
    assert not doubts


def test_a_change_in_doubt_that_is_answered_leaves_the_fills_to_ask_for() -> None:
    """The read tells the size, and counts 100 of which it tells 60: the rest is asked for from then on."""
    wire = Wire()
    made, entry, stop = protected(wire, pace=LIVE)
    doubts = made.session.book.doubts
    doubts.raise_(stop, Question.CHANGED, made.session.now)
    terms = (stop.kind, entry.quantity, stop.price, stop.trigger)
    wire.show(stop, Status.OPEN, fill(stop, 60, 99_00, id="one"), filled=100, terms=terms)
    made.wait(3)
    assert doubts.question(stop) is Question.FILLS
    wire.show(stop, Status.OPEN, fill(stop, 40, 99_00, id="two"), filled=100, terms=terms)
    made.wait(1)
    assert doubts.question(stop) is None
    assert made.slot().quantity == entry.quantity - 100


def test_a_read_that_shows_old_terms_is_no_refusal() -> None:
    """Nor is news without a reason: only the exchange's own word lets a change wait."""
    for reason, asked in (("", 0), ("halted", 1)):
        wire = Wire()
        made, _, stop = protected(wire, pace=LIVE)
        before = (stop.kind, stop.quantity, stop.price, stop.trigger)
        wire.foreign(-1, hand(made, 100))
        made.driver.settle()
        update = OrderUpdate(stop.tag, Status.TRIGGER_PENDING, stop.changed + 1, (), "", reason, before)
        if asked:
            update.filled = 0
            wire.book[f"B{stop.tag}"] = update
            made.driver.reconcile()
        else:
            made.driver.tell(update)
        assert (stop.refusals, made.slot().refused_exits) == (0, 0)


def test_a_cancellation_that_the_exchange_refuses_is_one() -> None:
    """The terms are as they were, which says nothing: it was to go, and it stands."""
    wire = Wire()
    made, _, stop = protected(wire, pace=LIVE)
    stop.cancelling = made.session.now
    same = (stop.kind, stop.quantity, stop.price, stop.trigger)
    made.driver.tell(OrderUpdate(stop.tag, Status.TRIGGER_PENDING, made.session.now + 1, (), "", "halted", same))
    assert (stop.refusals, stop.cancelling) == (1, 0)
    assert any("refused at the exchange: halted" in record.message for record in made.ledger.records)


def test_an_exit_that_comes_back_is_an_exit() -> None:
    """Given up for thirty seconds and there after all: among the exits again, and nobody takes it for an entry."""
    wire = Wire()
    made, entry = entered(wire, pace=LIVE)
    wire.faults["place"] = [OrderUnknown("timed out")]
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.wait(25)
    stop = made.order(2)
    stop.status = Status.NOT_PLACED
    made.session.book.doubts.clear(stop)
    made.slot().exits.clear()
    wire.say(stop, Status.TRIGGER_PENDING)
    made.driver.settle()
    assert stop in made.slot().exits
    assert (made.slot().entry, made.slot().entry_order) == (None, entry)
