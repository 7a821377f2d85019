"""Questions about orders: when a read of the broker's book answers one, and when it does not."""

import pytest

from common.trading.doubts import Doubts, Question
from common.trading.orders import Kind, Order, OrderTag, Purpose
from common.trading.pace import LIVE, Pace
from tests.unit.trading_case import SECOND

ASKED = 100 * SECOND


def some_order(number: int = 1) -> Order:
    tag = OrderTag(f"T250829S{number:05d}X")
    return Order(tag, number, "AAA", 1, 10, Kind.LIMIT, 1, 0, Purpose.EXIT, 1)


def test_a_read_begun_before_the_question_answers_nothing() -> None:
    """It may show what was before."""
    doubts, order = Doubts(Pace()), some_order()
    doubts.raise_(order, Question.CHANGED, 10)
    assert not doubts.answered(order, 9, listed=True)
    assert doubts.answered(order, 10, listed=True)
    assert order not in doubts


@pytest.mark.parametrize("question", [Question.CHANGED, Question.ENDED, Question.FILLS])
def test_only_a_placement_is_disproved_by_absence(question: Question) -> None:
    """An order that was there and is not listed now: the question stays open."""
    doubts, order = Doubts(Pace()), some_order()
    doubts.raise_(order, question, 0)
    assert not any(doubts.answered(order, at * SECOND, listed=False) for at in range(100))
    assert doubts.tags() == [order.tag]


def test_the_graver_question_stays() -> None:
    """Whether it was placed comes before everything else; otherwise the last question counts."""
    doubts, order = Doubts(Pace()), some_order()
    doubts.raise_(order, Question.PLACED, 1)
    doubts.raise_(order, Question.FILLS, 2)
    assert doubts.question(order) is Question.PLACED
    doubts.clear(order)
    for question in (Question.FILLS, Question.CHANGED, Question.ENDED):
        doubts.raise_(order, question, 3)
        assert doubts.question(order) is question
        doubts.raise_(order, Question.FILLS, 4)
        assert doubts.question(order) is question, "missing fills tell nothing about a change or an end"
    doubts.clear(order)
    doubts.clear(order)
    assert not doubts


def test_when_the_book_is_read() -> None:
    """Each second in doubt or before the first read, as often as the pace says while something moves, else never."""
    doubts = Doubts(Pace(watch_seconds=2))
    assert not doubts.read_due(100 * SECOND, active=False, recovered=True)
    assert doubts.read_due(100 * SECOND, active=True, recovered=True)
    assert not doubts.read_due(101 * SECOND, active=True, recovered=True)
    assert doubts.read_due(101 * SECOND, active=False, recovered=False)
    doubts.raise_(some_order(), Question.PLACED, 0)
    assert doubts.read_due(102 * SECOND, active=False, recovered=True)
    assert not doubts.read_due(102 * SECOND + 1, active=True, recovered=False)


@pytest.mark.parametrize(
    ("question", "seconds"), [(Question.PLACED, 0), (Question.ENDED, 1), (Question.CHANGED, 2)],
)
def test_how_long_after_the_question_the_book_is_believed(question: Question, seconds: int) -> None:
    """At once for a placement, a second for an end, two for a change: not a nanosecond sooner."""
    doubts, order = Doubts(Pace(confirm_seconds=1.0)), some_order()
    doubts.raise_(order, question, ASKED)
    assert not doubts.answered(order, ASKED + seconds * SECOND - 1, listed=True)
    assert doubts.answered(order, ASKED + seconds * SECOND, listed=True)
    assert not doubts


def test_only_the_fills_themselves_say_which_they_are() -> None:
    """A book that lists the order, however often, leaves the question open."""
    doubts, order = Doubts(LIVE), some_order()
    doubts.raise_(order, Question.FILLS, ASKED)
    assert not any(doubts.answered(order, ASKED + n * SECOND, listed=True) for n in range(100))
    assert doubts.tags() == [order.tag]


@pytest.mark.parametrize(("reads", "given_up"), [
    ((0, 15, 29), False), ((0, 15, 30), True), ((0, 30), False), ((0, 30, 31), True), ((10, 20, 30, 39), False),
])
def test_patience_is_three_reads_over_all_its_seconds(reads: tuple[int, ...], given_up: bool) -> None:
    """Counted from the first read that missed it: neither few reads nor a short while are proof."""
    doubts, order = Doubts(Pace(patience_seconds=30.0)), some_order()
    doubts.raise_(order, Question.PLACED, ASKED)
    *_, last = [doubts.answered(order, ASKED + seconds * SECOND, listed=False) for seconds in reads]
    assert last is given_up
    assert bool(doubts) is not given_up


def test_asking_again_does_not_put_the_answer_off() -> None:
    """Each look asks the same: the question is as old as its first time."""
    doubts, order = Doubts(Pace(confirm_seconds=1.0)), some_order()
    for nanoseconds in (0, SECOND // 2, SECOND - 1):
        doubts.raise_(order, Question.ENDED, ASKED + nanoseconds)
    assert doubts.answered(order, ASKED + SECOND, listed=True)
