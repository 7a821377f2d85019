"""The order hash: equal when two runs traded alike, different when anything about an order or a fill differs."""

import pytest

from common.trading.order_hash import order_hash
from common.trading.orders import Fill, Kind, Order, OrderTag, Purpose, Status


def order(number: int = 1) -> Order:
    made = Order(
        OrderTag(f"T250829S{number:05d}"), number, "AAA", 1, 100, Kind.SL, 97_00, 99_00, Purpose.EXIT, 7, "s", "why",
    )
    made.add_fill(Fill(f"x{number}", 9, 98_00, 40))
    return made


@pytest.mark.parametrize(("name", "value"), [
    ("symbol", "BBB"), ("side", -1), ("quantity", 101), ("kind", Kind.LIMIT), ("price", 97_05), ("trigger", 99_05),
    ("purpose", Purpose.ENTRY), ("created", 8), ("status", Status.CANCELLED), ("tag", OrderTag("T250829S00002")),
])
def test_everything_about_an_order_counts(name: str, value: object) -> None:
    """One changed term, another hash."""
    other = order()
    setattr(other, name, value)
    assert order_hash([other]) != order_hash([order()])


@pytest.mark.parametrize("fill", [Fill("y", 10, 98_00, 1), Fill("y", 9, 98_05, 1), Fill("y", 9, 98_00, 2)])
def test_every_fill_counts(fill: Fill) -> None:
    """Time, price and quantity, to the nanosecond and the paisa."""
    base, other = order(), order()
    base.add_fill(Fill("y", 9, 98_00, 1))
    other.add_fill(fill)
    assert order_hash([other]) != order_hash([base])


def test_what_differs_between_alike_runs_does_not_count() -> None:
    """The order in which orders are handed in, and the ids that brokers give."""
    named = order()
    named.broker_id, named.fills[0].id = "B9", "other"
    assert order_hash([order(2), named]) == order_hash([order(1), order(2)])


def test_orders_are_told_apart() -> None:
    """One order's row cannot pass as two, nor none as one."""
    assert len({order_hash([]), order_hash([order()]), order_hash([order(), order(2)])}) == 3
