"""The order hash: equal when two runs traded alike, different when anything about an order or a fill differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.trading.order_hash import hash_row, order_bytes, order_hash, row_bytes
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


@given(st.text(max_size=20), st.integers(-10**15, 10**15), st.lists(st.integers(1, 10**12), max_size=3))
def test_a_row_is_written_as_json_writes_it(symbol: str, price: int, fills: list[int]) -> None:
    """Whatever is in it: a day that was stored as JSON and one that was just traded have the same hash."""
    made = Order(OrderTag(symbol), 1, symbol, 1, 10**12, Kind.LIMIT, price, 0, Purpose.ENTRY, price)
    made.fills = [Fill("x", price, paise, paise) for paise in fills]
    assert order_bytes(made) == row_bytes(hash_row(made))
