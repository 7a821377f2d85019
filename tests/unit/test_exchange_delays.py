"""Delays of the simulated exchange: drawn by seed, order and request, so that a restart changes nothing."""

import json

import pytest

from common.exchange.latency import BROKER_LATENCY, Latency
from common.exchange.resting import resting_fields, resting_from_fields
from common.exchange.simulated import Exchange
from common.trading.orders import Kind, Status
from tests.unit.exchange_case import SECOND, TAG, at, opened, order, quote, trade


def test_requests_of_different_orders_may_overtake_each_other() -> None:
    """Each draws its own delay; they take effect in order of arrival, not of sending."""
    wide = Latency(0, 2 * SECOND, seed=1)
    book = opened(latency=wide)
    book.observe(quote(0, sizes=(0, 100)))
    for n in range(1, 9):
        book.place(order(n=n, seconds=n / 1000))
    book.pass_time(at(3))
    arrived = [update for update in book.drain() if update.status is Status.OPEN and not update.fills]
    assert [update.ts for update in arrived] == sorted(update.ts for update in arrived)
    assert [update.tag for update in arrived] != sorted(update.tag for update in arrived)


def test_delays_are_drawn_from_the_range_by_seed_order_and_request() -> None:
    """Both ends included, spread over it, the same for the same, another for another."""
    latency = Latency(10, 13, seed=4)
    drawn = [latency.delay(f"T{n}", m) for n in range(100) for m in range(3)]
    assert set(drawn) == {10, 11, 12, 13}
    assert drawn == [Latency(10, 13, seed=4).delay(f"T{n}", m) for n in range(100) for m in range(3)]
    assert drawn != [Latency(10, 13, seed=5).delay(f"T{n}", m) for n in range(100) for m in range(3)]
    assert len({BROKER_LATENCY.delay(TAG, n) for n in range(20)}) == 20
    assert Latency(7, 7).delay(TAG, 1) == 7


def test_every_request_of_an_order_draws_anew() -> None:
    """The n-th takes what the n-th takes: a refused one counts as well, or all that follow would be as slow as it."""
    wide = Latency(0, SECOND, seed=3)
    book = opened(latency=wide)
    book.place(order(price=99_00))
    for second in (10, 20):
        book.pass_time(at(second))
        book.modify(TAG, at(second), Kind.LIMIT, 100, 99_00 - second, 0)
    book.pass_time(at(29))
    book.halt("AAA")
    for second in (30, 40):
        book.pass_time(at(second))
        book.cancel(TAG, at(second))
    book.pass_time(at(50))
    book.resume("AAA")
    book.cancel(TAG, at(50))
    book.pass_time(at(60))
    arrived = [update.ts for update in book.drain()][1:]
    sent = [at(second) for second in (0, 10, 20, 30, 40, 50)]
    assert [there - here for here, there in zip(sent, arrived, strict=True)] == [wide.delay(TAG, n) for n in range(6)]


def copied(book: Exchange, latency: Latency) -> Exchange:
    """What a new process has of it: the orders as JSON."""
    again = opened(latency=latency)
    lines = [json.dumps(resting_fields(one)) for one in book.book.values()]
    again.restore([resting_from_fields(json.loads(line)) for line in lines])
    return again


@pytest.mark.parametrize("seed", range(5))
def test_a_restart_changes_nothing_about_what_is_under_way(seed: int) -> None:
    """Placed, modified, cancelled, stopped before anything arrived: it all arrives at the same moments."""
    latency = Latency(0, SECOND, seed)
    live = opened(latency=latency)
    for n in range(1, 5):
        live.place(order(n=n, price=99_00, seconds=n / 100))
    live.observe(quote(2))
    live.modify("T260901S00001E", at(2), Kind.LIMIT, 70, 98_00, 0)
    live.cancel("T260901S00002E", at(2))
    live.place(order(-1, 98_00, 99_00, n=5, seconds=2))
    live.drain()
    restarted = copied(live, latency)
    books = []
    for book in (live, restarted):
        if book is restarted:
            book.observe(quote(2))
        steps = []
        for step in range(20, 31):
            book.pass_time(at(step / 10))
            steps += [(update.tag, update.status, update.ts, step) for update in book.drain()]
        trade(book, quote(5, last=98_90, bid=98_90, ask=99_00))
        books.append(([resting_fields(one) for one in book.book.values()], steps))
    assert books[0] == books[1]
    assert {row["status"] for row in books[0][0]} == {"COMPLETE", "CANCELLED", "OPEN"}
