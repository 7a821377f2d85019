"""Orders: the one transition table, stale reads, fills that count once, and documents that come back the same."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from common.market.instrument import AssetClass
from common.trading.book import order_tag, purpose_of, tag_prefix
from common.trading.orders import (
    Fill,
    Kind,
    Order,
    OrderTag,
    OrderUpdate,
    Purpose,
    Status,
    TransitionError,
    order_fields,
    order_from_fields,
)
from tests.unit.trading_case import DAY

S = Status
AT_BROKER = {S.OPEN, S.TRIGGER_PENDING, S.COMPLETE, S.CANCELLED, S.REJECTED}
LISTED = {
    S.INTENDED: AT_BROKER | {S.SENT, S.UNKNOWN, S.NOT_PLACED},
    S.SENT: AT_BROKER,
    S.UNKNOWN: AT_BROKER | {S.SENT, S.NOT_PLACED},
    S.TRIGGER_PENDING: {S.OPEN, S.COMPLETE, S.CANCELLED, S.REJECTED},
    S.OPEN: {S.COMPLETE, S.CANCELLED, S.REJECTED},
    S.CANCELLED: {S.COMPLETE},
    S.COMPLETE: set[Status](), S.REJECTED: set[Status](),
    S.NOT_PLACED: AT_BROKER | {S.SENT},
}
"""Written down once more, so that a slip in the table under test shows."""
OLD_NEWS = {
    S.SENT: {S.INTENDED, S.UNKNOWN}, S.UNKNOWN: {S.INTENDED}, S.NOT_PLACED: {S.INTENDED, S.UNKNOWN},
    S.TRIGGER_PENDING: {S.INTENDED, S.SENT, S.UNKNOWN},
    S.OPEN: {S.INTENDED, S.SENT, S.UNKNOWN, S.TRIGGER_PENDING},
    **{
        end: {S.INTENDED, S.SENT, S.UNKNOWN, S.TRIGGER_PENDING, S.OPEN}
        for end in (S.CANCELLED, S.REJECTED)
    },
    S.COMPLETE: {S.INTENDED, S.SENT, S.UNKNOWN, S.TRIGGER_PENDING, S.OPEN, S.CANCELLED, S.REJECTED},
}
"""What a late read may still say; the order keeps what it knows."""


def order(quantity: int = 100, status: Status = S.INTENDED) -> Order:
    made = Order(
        OrderTag("T250829S00001"), 1, "AAA", 1, quantity, Kind.SL, 100_00, 99_00, Purpose.EXIT, 7, "s", "why",
        {"n": 1.5}, 100, 200,
    )
    made.status = status
    return made


@pytest.mark.parametrize(("start", "end"), list(product(S, S)))
def test_every_pair_of_the_table(start: Status, end: Status) -> None:
    """Listed moves happen, old news is ignored, everything else raises and leaves the order as it was."""
    made = order(status=start)
    if end in LISTED[start]:
        assert made.move(end)
        assert made.status is end
        return
    if end is start or end in OLD_NEWS.get(start, ()):
        assert not made.move(end)
    else:
        with pytest.raises(TransitionError, match="T250829S00001"):
            made.move(end)
    assert made.status is start


def test_a_cancelled_order_may_turn_out_filled() -> None:
    """The broker's last word counts: CANCELLED then COMPLETE is listed, and nothing leads out of COMPLETE."""
    made = order(status=S.CANCELLED)
    assert made.move(S.COMPLETE)
    assert not made.move(S.CANCELLED)
    assert made.status is S.COMPLETE


def test_working_is_what_may_still_fill() -> None:
    """Unknown counts as working: it may be at the broker."""
    ended = {S.COMPLETE, S.CANCELLED, S.REJECTED, S.NOT_PLACED}
    assert {status for status in S if not order(status=status).working} == ended


@pytest.mark.parametrize("quantity", [0, -1, 61])
def test_a_fill_that_does_not_fit_is_refused_whole(quantity: int) -> None:
    """More than ordered, nothing or less than nothing: raises, and the order has counted none of it."""
    made = order()
    made.add_fill(Fill("a", 1, 100, 40))
    with pytest.raises(TransitionError, match="does not fit"):
        made.add_fill(Fill("b", 1, 100, quantity))
    assert (made.filled, made.turnover, len(made.fills)) == (40, 4000, 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), st.integers(1, 10**7)), max_size=30))
def test_fills_count_once_by_trade_id(told: list[tuple[int, int, int]]) -> None:
    """However often and in whatever order fills are told, filled and turnover are those of the distinct ids."""
    made = order(quantity=10**6)
    first: dict[int, tuple[int, int]] = {}
    for id, quantity, price in told:
        new = made.add_fill(Fill(str(id), 1, price, quantity))
        assert new is (id not in first)
        first.setdefault(id, (quantity, price))
    assert made.filled == sum(quantity for quantity, _ in first.values())
    assert made.turnover == sum(quantity * price for quantity, price in first.values())
    assert len(made.fills) == len(first)


class OrderLife(RuleBasedStateMachine):
    """Any news in any order, against a model of what an order may become."""

    def __init__(self) -> None:
        super().__init__()
        self.order = order()
        self.status = S.INTENDED
        self.fills: dict[str, int] = {}

    @rule(status=st.sampled_from(S))
    def news(self, status: Status) -> None:
        before = self.status
        if status in LISTED[before]:
            assert self.order.move(status)
            self.status = status
        elif status is before or status in OLD_NEWS.get(before, ()):
            assert not self.order.move(status)
        else:
            with pytest.raises(TransitionError):
                self.order.move(status)

    @rule(id=st.sampled_from("abcdef"), quantity=st.integers(1, 60))
    def execution(self, id: str, quantity: int) -> None:
        if id in self.fills:
            assert not self.order.add_fill(Fill(id, 1, 100, quantity))
        elif sum(self.fills.values()) + quantity > self.order.quantity:
            with pytest.raises(TransitionError):
                self.order.add_fill(Fill(id, 1, 100, quantity))
        else:
            assert self.order.add_fill(Fill(id, 1, 100, quantity))
            self.fills[id] = quantity

    @rule()
    def stored_and_read(self) -> None:
        self.order = order_from_fields(json.loads(json.dumps(order_fields(self.order))))

    @invariant()
    def agrees(self) -> None:
        assert self.order.status is self.status
        assert self.order.filled == sum(self.fills.values()) <= self.order.quantity


TestOrderLife = OrderLife.TestCase


def test_a_stored_order_comes_back_whole() -> None:
    """Every slot survives the document, fills and counters too; what only this process was waiting for does not."""
    made = order(status=S.OPEN)
    made.basket, made.is_slice, made.trail_distance = {"name": "condor", "legs": [{"side": 1}]}, True, 5
    made.broker_id = "B7"
    stored = ("modifications", "steps", "stepped_at", "wanted", "need", "changed", "triggered")
    waiting = ("cancelling", "told", "trips", "refusals", "retry_at")
    for number, name in enumerate((*stored, *waiting), start=3):
        assert getattr(made, name) == 0, f"a fresh order has {name}"
        setattr(made, name, number)
    made.add_fill(Fill("x", 5, 101_00, 30))
    back = order_from_fields(json.loads(json.dumps(order_fields(made))))
    for name in Order.__slots__:
        if name != "fills":
            assert getattr(back, name) == (0 if name in waiting else getattr(made, name)), name
    assert [repr(one) for one in back.fills] == [repr(one) for one in made.fills]


def test_tags_are_derived_and_short_enough() -> None:
    """Date, class and number make the tag; no two of a day are alike, and the broker takes its length."""
    tags = {order_tag(kind, DAY, n, why) for kind in AssetClass for n in (1, 2, 99_999) for why in Purpose}
    assert len(tags) == 18
    assert max(map(len, tags)) <= 20
    assert order_tag(AssetClass.OPTIONS, DAY, 12, Purpose.ENTRY) == "T250829O00012E"


@given(st.sampled_from(AssetClass), st.integers(1, 99_999), st.sampled_from(Purpose))
def test_the_broker_alone_knows_what_an_order_is_for(kind: AssetClass, number: int, why: Purpose) -> None:
    """The tag tells entry from exit, and its workload from the account's others."""
    tag = order_tag(kind, DAY, number, why)
    assert purpose_of(tag) is why
    assert [one for one in AssetClass if tag.startswith(tag_prefix(one, DAY))] == [kind]


def test_an_order_says_what_it_is() -> None:
    """Messages and failed tests can be read."""
    made = order(status=S.OPEN)
    made.add_fill(Fill("x", 5, 101_00, 30))
    assert repr(made) == "Order(T250829S00001, AAA, buy 30/100 SL 10000/9900, EXIT, OPEN)"
    update = OrderUpdate(made.tag, S.OPEN, 5, tuple(made.fills), reason="why")
    assert repr(update) == "OrderUpdate(T250829S00001, OPEN, 5, (Fill('x', 5, 10100, 30),), 'why')"
