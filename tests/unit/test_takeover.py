"""Flattening from outside: never beside a living workload, never before patience is over, and never twice."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from common.bootstrap import Application
from common.day import broker_only
from common.day.broker_only import flatten_by_broker
from common.day.lease import LEASES
from common.day.stored import load_orders
from common.day.takeover import take_over, take_over_by_broker
from common.day.workload import Workload
from common.settings import Settings
from common.trading.errors import OrderRejected, OrderUnknown
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose, Status
from tests.unit.kept_logs import KeptLogs
from tests.unit.live_case import (
    HOLDING_SECONDS,
    ID,
    LONG,
    PATIENCE_SECONDS,
    SEND_TIMEOUT_SECONDS,
    STOCK,
    TTL_SECONDS,
    Account,
    LiveHouse,
)
from tests.unit.trading_case import DAY, SHORT, minute

House = Callable[..., LiveHouse]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return lambda *a, **k: LiveHouse(tmp_path, monkeypatch, *a, **k)


def held(house: LiveHouse) -> Workload:
    """A workload that holds 498 AAA and has died."""
    workload = house.open()
    house.seconds(workload, HOLDING_SECONDS)
    return workload


def test_what_a_dead_workload_holds_is_closed(house: House) -> None:
    """By its own recovery: the stop that rests becomes the exit, nothing else is sent, everything is said."""
    made = house(LONG)
    held(made)
    said = take_over(DAY, STOCK, made.outside(), "nobody answers")
    assert said == "taken over, flat"
    assert made.net() == {}
    assert sorted(load_orders(made.store, DAY, STOCK)) == ["T250829S00001E", "T250829S00002X"]
    fields = made.fields()
    assert (fields["state"], fields["summary"]["open_positions"]) == ("DONE", 0)
    (loud,) = [one["message"] for one in fields["summary"]["alarms"] if one["severity"] == "CRITICAL"]
    assert loud == "taken over, epoch 2, to close everything: nobody answers"
    lease = made.store.get(LEASES, ID)
    assert lease is not None
    assert lease.fields["ttl_seconds"] == 0, "released for whoever comes next"


def test_the_lease_and_patience_come_first(house: House) -> None:
    """Nothing is sent before the lease's life, a request's time-out and the broker's lag are over."""
    made = house(LONG)
    held(made)
    since = made.clock.monotonic()
    take_over(DAY, STOCK, made.outside(), "nobody answers")
    (stop,) = [order for order in _book(made) if order.tag == "T250829S00002X"]
    waited = (stop.ts - minute(0)) / 1e9 - HOLDING_SECONDS
    assert waited >= TTL_SECONDS + SEND_TIMEOUT_SECONDS + PATIENCE_SECONDS
    assert made.clock.monotonic() - since < 150


def _book(house: LiveHouse) -> list[OrderUpdate]:
    broker, _ = house.open_broker(DAY, STOCK, house.market.instruments(DAY))
    return list(broker.orders())


def test_a_living_workload_is_left_alone(house: House) -> None:
    """It renews its lease while we watch: two of us must never send."""
    made = house(LONG)
    workload = held(made)
    sleep = made.clock.sleep

    def both_live(seconds: float) -> None:
        sleep(seconds)
        workload.keep_lease()

    made.clock.sleep = both_live  # type: ignore[method-assign]
    said = take_over(DAY, STOCK, made.outside(), "silent")
    assert said.startswith("not taken over: it keeps its lease, so it is alive")
    assert made.net() == {"AAA": 498}
    made.seconds(workload, 5)


def test_after_a_take_over_the_old_one_is_harmless(house: House) -> None:
    """It wakes up, learns at its next step that another holds the lease, and has sent nothing."""
    made = house(LONG)
    workload = held(made)
    take_over(DAY, STOCK, made.outside(), "paused")
    before = len(_book(made))
    with pytest.raises(Exception, match="taken by another"):
        made.seconds(workload, 5)
    assert len(_book(made)) == before


def test_a_take_over_that_fails_says_so_and_keeps_the_stop(house: House) -> None:
    """The market does not trade: time is up, the document says FAILED, and the supervisor will try again."""
    made = house(LONG)
    held(made)
    made.market.feeds = {"AAA": []}
    said = take_over(DAY, STOCK, made.outside(), "nobody answers", limit_seconds=30)
    assert said == "taken over, 1 positions are still open"
    assert made.fields()["state"] == "FAILED"
    assert made.net() == {"AAA": 498}
    assert [order.status for order in _book(made) if order.tag.endswith("X")] == [Status.TRIGGER_PENDING]


def test_what_nobody_can_explain_is_not_taken_over(house: House) -> None:
    """The same recovery, the same refusal: a person has to look."""
    made = house(LONG)
    held(made)
    made.hidden.add("T250829S00002X")
    assert "do not fit" in take_over(DAY, STOCK, made.outside(), "nobody answers")
    assert made.fields()["summary"]["unexplained"]


def test_with_the_store_down_the_broker_alone_is_the_truth(house: House) -> None:
    """Entries that work are cancelled, the stop becomes the exit, no order is sent beside it; it says so."""
    made = house(LONG)
    held(made)
    made.account.place(
        Order(OrderTag("T250829S00003E"), 3, "AAA", 1, 10, Kind.LIMIT, 90_00, 0, Purpose.ENTRY, minute(8)),
    )
    made.account.place(Order(OrderTag("HAND"), 1, "AAA", 1, 10, Kind.LIMIT, 90_00, 0, Purpose.ENTRY, minute(8)))
    made.store.down = True
    assert take_over(DAY, STOCK, made.outside(), "x") == "flat by the broker's books; no entry of ours works"
    orders = {order.tag: order for order in _book(made)}
    assert sorted(orders) == ["HAND", "T250829S00001E", "T250829S00002X", "T250829S00003E"]
    assert (orders[OrderTag("T250829S00003E")].status, orders[OrderTag("HAND")].status) == (
        Status.CANCELLED, Status.OPEN,
    )
    assert orders[OrderTag("T250829S00002X")].filled == 498
    assert "stock: without the store, by the broker's books alone" in made.logs.messages


def test_an_exit_that_is_missing_is_sent_once(house: House) -> None:
    """The stop was cancelled by hand: one new exit for what the broker says is held, under a number of its own."""
    made = house(LONG)
    held(made)
    made.account.cancel(OrderTag("T250829S00002X"), minute(8))
    made.store.down = True
    take_over(DAY, STOCK, made.outside(), "x")
    orders = {order.tag: order.filled for order in _book(made)}
    assert orders == {"T250829S00001E": 498, "T250829S00002X": 0, "T250829S90001X": 498}
    assert made.net() == {}


class Moody(Account):
    """Requests fail as the test says: 'lost' never arrives, 'unclear' does; orders show late."""

    moods: ClassVar[list[str]] = []
    sent: ClassVar[list[str]] = []

    def place(self, order: Order) -> str:
        self.sent.append(order.tag)
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "refused":
            raise OrderRejected("as the test wants it")
        if mood == "lost":
            raise OrderUnknown("as the test wants it")
        id = super().place(order)
        if mood == "unclear":
            self.house.hidden.add(order.tag)
            raise OrderUnknown("as the test wants it")
        return id


@pytest.mark.parametrize("mood", ["unclear", "lost", "refused"])
def test_never_a_second_exit_beside_an_unclear_one(
    house: House, mood: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer is lost: looked up until patience is over; what then shows up is used, what never did is replaced."""
    made = house(LONG)
    held(made)
    made.account.cancel(OrderTag("T250829S00002X"), minute(8))
    monkeypatch.setattr("tests.unit.live_case.Account", Moody)
    Moody.moods, Moody.sent = [mood], []
    sleep, begun = made.clock.sleep, made.clock.monotonic()

    def shows_late(seconds: float) -> None:
        sleep(seconds)
        if made.clock.monotonic() - begun > 20:
            made.hidden.clear()

    made.clock.sleep = shows_late  # type: ignore[method-assign]
    said = flatten_by_broker(DAY, STOCK, made.ports())
    assert said.startswith("flat")
    assert made.net() == {}, "neither left open nor flipped"
    assert Moody.sent == ["T250829S90001X"] + (["T250829S90002X"] if mood != "unclear" else [])
    waited = made.clock.monotonic() - begun
    assert waited >= PATIENCE_SECONDS if mood == "lost" else waited < 40


def test_no_more_than_the_brokers_net_is_closed(house: House) -> None:
    """The person has sold 400 of ours by hand: 98 are left to close, and none when all are gone."""
    made = house(LONG)
    held(made)
    made.account.foreign_order("AAA", -1, 400, minute(8), 99_00)
    made.account.drain()
    for quote in made.market.quotes(["AAA"], made.clock.now()):
        made.account.observe(quote)
    assert made.net() == {"AAA": 98}
    made.store.down = True
    assert take_over(DAY, STOCK, made.outside(), "x").startswith("flat")
    assert made.net() == {}


def test_a_short_is_bought_back(house: House) -> None:
    """The other side: its buy stop becomes the exit above the touch."""
    made = house({6: SHORT})
    held(made)
    assert made.net() == {"AAA": -500}
    assert flatten_by_broker(DAY, STOCK, made.ports()).startswith("flat")
    assert made.net() == {}


def test_books_that_cannot_be_read_change_nothing(house: House) -> None:
    """Bounded in time and in words."""
    made = house(LONG)
    held(made)
    before = _book(made)
    made.unreadable = True
    said = flatten_by_broker(DAY, STOCK, made.ports())
    assert said.startswith("not flat")
    lines = [record for record in made.logs.records if record["fields"].get("category") == "broker only"]
    assert 0 < len(lines) <= broker_only.MAX_RECORDS
    made.unreadable = False
    assert [repr(order) for order in _book(made)] == [repr(order) for order in before]


def test_the_last_resort_of_a_person(house: House) -> None:
    """With the store up it takes the lease first: not beside a living workload, and well after a dead one."""
    made = house(LONG)
    workload = held(made)
    sleep = made.clock.sleep

    def both_live(seconds: float) -> None:
        sleep(seconds)
        workload.keep_lease()

    made.clock.sleep = both_live  # type: ignore[method-assign]
    assert take_over_by_broker(DAY, STOCK, made.ports()).startswith("not done: it keeps its lease")
    made.clock.sleep = sleep  # type: ignore[method-assign]
    assert take_over_by_broker(DAY, STOCK, made.ports()).startswith("flat")
    assert made.net() == {}


def test_who_takes_over_is_another_holder(tmp_path: Path) -> None:
    """A take-over, and each new process, must never look like the workload that it replaces."""
    app = Application(Settings(home=tmp_path))
    inside = [app.trade_ports(KeptLogs()).holder for _ in range(2)]
    assert len({*inside, app.outside_ports(DAY, "square_off").trade.holder}) == 3
