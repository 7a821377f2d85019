"""The reconciliation on any books: those that agree say nothing, and any single corruption is found."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.trading.orders import Status
from tests.unit.books_case import Day, days, foreign


@given(days())
def test_books_agree_with_themselves(day: Day) -> None:
    """Whatever was traded in however many fills, a book and its copy have no difference."""
    assert day.differences() == []


def _price(day: Day, n: int) -> None:
    fill = [fill for update in day.updates for fill in update.fills][n]
    fill.price += 5


def _quantity(day: Day, n: int) -> None:
    fill = [fill for update in day.updates for fill in update.fills][n]
    fill.quantity += 25


def _trade_id(day: Day, n: int) -> None:
    fill = [fill for update in day.updates for fill in update.fills][n]
    fill.id += "x"


def _lost_fill(day: Day, n: int) -> None:
    update = [update for update in day.updates for _ in update.fills][n]
    update.fills = update.fills[:-1]
    update.filled = sum(fill.quantity for fill in update.fills)


def _count(day: Day, n: int) -> None:
    day.updates[n % len(day.updates)].filled += 75


def _side(day: Day, n: int) -> None:
    day.updates[n % len(day.updates)].side *= -1


def _symbol(day: Day, n: int) -> None:
    day.updates[n % len(day.updates)].symbol += "X"


def _status(day: Day, n: int) -> None:
    update = day.updates[n % len(day.updates)]
    update.status = Status.CANCELLED if update.status is not Status.CANCELLED else Status.REJECTED


def _works(day: Day, n: int) -> None:
    day.updates[n % len(day.updates)].status = Status.OPEN


def _not_at_broker(day: Day, n: int) -> None:
    day.updates.pop(n % len(day.updates))


def _not_in_store(day: Day, n: int) -> None:
    tag = day.updates[n % len(day.updates)].tag
    day.orders[:] = [one for one in day.orders if one.tag != tag]


def _twice(day: Day, n: int) -> None:
    one = day.copy().updates[n % len(day.updates)]
    one.broker_id += "9"
    day.updates.append(one)


def _gross(day: Day, n: int) -> None:
    day.trades[n % len(day.trades)]["gross_paise"] += 1


def _charges(day: Day, n: int) -> None:
    day.trades[n % len(day.trades)]["charges_paise"] -= 1


def _no_trade(day: Day, n: int) -> None:
    day.trades.pop(n % len(day.trades))


def _trade_twice(day: Day, n: int) -> None:
    day.trades.append(day.trades[n % len(day.trades)])


def _foreign(day: Day, n: int) -> None:
    day.updates.append(foreign(1, 75, symbol=day.orders[n % len(day.orders)].symbol, minute=300))


CORRUPTIONS: tuple[Callable[[Day, int], None], ...] = (
    _price, _quantity, _trade_id, _lost_fill, _count, _side, _symbol, _status, _works, _not_at_broker, _not_in_store,
    _twice, _gross, _charges, _no_trade, _trade_twice, _foreign,
)


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda one: one.__name__.strip("_"))
@given(day=days(), number=st.integers(0, 2**20))
def test_any_single_corruption_is_found(corrupt: Callable[[Day, int], None], day: Day, number: int) -> None:
    """One field, order, fill or trade that is not what it was, wherever it is, and there is a difference.

    Only an exit that the store never heard of, while its symbol is flat, may be explained.
    """
    corrupt(day, number % sum(len(update.fills) for update in day.updates))
    found = day.differences()
    assert found
    unexplained = [one for one in found if not one.explained]
    assert unexplained or corrupt is _not_in_store
