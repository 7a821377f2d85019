"""The paper broker's journal: killed at any moment, what was told is true, and what was under way still is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from common.adapters.paper import PaperBroker
from common.exchange.latency import Latency
from common.trading.orders import Kind, OrderTag, Status
from tests.unit.exchange_case import SECOND, TAG, at, fills, opened, order, quote, statuses

Opening = Callable[[], PaperBroker]


@pytest.fixture(params=[0, SECOND], ids=["at once", "a second"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """The next process of the same account; the one before was killed, so that nothing of it is closed."""
    latency = Latency(request.param, request.param)
    return lambda: PaperBroker(opened(latency=latency), tmp_path / "journal.jsonl")


def lines(tmp_path: Path) -> list[str]:
    return (tmp_path / "journal.jsonl").read_text().splitlines()


def book(broker: PaperBroker) -> list[tuple[str, Status, int, object]]:
    """The order book in short."""
    return [(row.tag or row.broker_id, row.status, row.filled, row.terms) for row in broker.orders()]


def test_what_is_under_way_arrives_in_the_next_process(tmp_path: Path) -> None:
    """A new order, a change and a cancel, each killed on its way: they arrive when they would have, once."""
    latency = Latency(SECOND, SECOND)

    def opening() -> PaperBroker:
        return PaperBroker(opened(latency=latency), tmp_path / "journal.jsonl")

    opening().place(order(price=99_00))
    broker = opening()
    assert book(broker) == [(TAG, Status.SENT, 0, (Kind.LIMIT, 100, 99_00, 0))]
    assert broker.pass_time(at(1))
    assert [(u.status, u.ts) for u in broker.drain()] == [(Status.OPEN, at(1))]
    broker.pass_time(at(2))
    broker.modify(OrderTag(TAG), at(2), Kind.LIMIT, 80, 98_00, 0)
    broker = opening()
    assert not broker.pass_time(at(2.9))
    broker.pass_time(at(3))
    assert [(u.terms, u.ts) for u in broker.drain()] == [((Kind.LIMIT, 80, 98_00, 0), at(3))]
    broker.pass_time(at(4))
    broker.cancel(OrderTag(TAG), at(4))
    broker = opening()
    assert book(broker)[0][1] is Status.OPEN
    broker.pass_time(at(9))
    assert [(u.status, u.ts) for u in broker.drain()] == [(Status.CANCELLED, at(5))]
    assert opening().pass_time(at(10)) is False


def test_a_refusal_on_arrival_is_kept(tmp_path: Path) -> None:
    """REJECTED with its reason, for every process."""
    journal = tmp_path / "journal.jsonl"
    broker = PaperBroker(opened(latency=Latency(SECOND, SECOND)), journal)
    broker.observe(quote(0))
    broker.place(order(-1, 98_00, 99_00))
    broker.observe(quote(0.5, last=98_50))
    broker.pass_time(at(2))
    assert statuses(broker.drain()) == ["SENT", "REJECTED"]
    (row,) = PaperBroker(opened(), journal).orders()
    assert (row.status, "last traded price" in row.reason) == (Status.REJECTED, True)


def test_the_place_in_the_queue_is_kept(tmp_path: Path) -> None:
    """400 of 500 ahead had traded when it was killed; the next process waits for 100 more, not for 500."""
    journal = tmp_path / "journal.jsonl"
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(0, sizes=(500, 500), volume=1000))
    broker.place(order(price=99_90))
    broker.drain()
    broker.observe(quote(1, last=99_90, sizes=(500, 500), volume=1400))
    assert broker.drain() == []
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(2, last=99_90, sizes=(500, 500), volume=1400))
    broker.observe(quote(3, last=99_90, sizes=(500, 500), volume=1510))
    assert fills(broker.drain()) == [(99_90, 10)]


def test_who_left_the_queue_is_kept_too(tmp_path: Path) -> None:
    """Of 500 ahead only 50 were left when it was killed."""
    journal = tmp_path / "journal.jsonl"
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(0, sizes=(500, 500), volume=1000))
    broker.place(order(price=99_90))
    broker.drain()
    broker.observe(quote(1, sizes=(50, 500), volume=1000))
    assert broker.drain() == []
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(2, sizes=(500, 500), volume=1000))
    broker.observe(quote(3, last=99_90, sizes=(500, 500), volume=1060))
    assert fills(broker.drain()) == [(99_90, 10)]


def test_a_quote_that_was_met_before_the_kill_is_not_met_again(tmp_path: Path) -> None:
    """The feed begins with what it said last: nothing of it trades twice."""
    journal = tmp_path / "journal.jsonl"
    crossed = quote(1, bid=99_00, ask=99_10, sizes=(30, 30))
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(0, sizes=(500, 500)))
    broker.place(order(price=99_90))
    broker.observe(crossed)
    assert fills(broker.drain()) == [(99_90, 30)]
    broker = PaperBroker(opened(), journal)
    broker.observe(crossed)
    assert broker.drain() == []
    broker.observe(quote(2, bid=99_00, ask=99_10, sizes=(30, 30)))
    assert fills(broker.drain()) == [(99_90, 30)]


def test_that_an_order_rests_is_kept(tmp_path: Path) -> None:
    """It had met a quote before the kill, and nothing came of it: who crosses it later pays its price, not a better."""
    journal = tmp_path / "journal.jsonl"
    broker = PaperBroker(opened(), journal)
    broker.place(order(price=99_90))
    broker.observe(quote(0))
    assert statuses(broker.drain()) == ["OPEN"]
    broker = PaperBroker(opened(), journal)
    broker.observe(quote(1, bid=98_00, ask=98_10))
    assert fills(broker.drain()) == [(99_90, 100)]


@pytest.mark.parametrize("look", [
    lambda broker: broker.orders(), lambda broker: broker.positions(), lambda broker: broker.drain(),
], ids=["orders", "positions", "drain"])
def test_what_was_told_is_on_disk(opening: Opening, look: Callable[[PaperBroker], object], tmp_path: Path) -> None:
    """A fill that anybody has heard of, in whatever way, is there after the kill."""
    broker = opening()
    broker.place(order())
    broker.pass_time(at(2))
    broker.observe(quote(3))
    assert json.loads(lines(tmp_path)[-1])["fills"] == []
    look(broker)
    assert json.loads(lines(tmp_path)[-1])["status"] == "COMPLETE"
    assert opening().positions() == {"AAA": 100}


def test_what_nobody_heard_of_may_be_lost(opening: Opening) -> None:
    """Killed between the market's move and the telling: it happens again, the same, when the feed says it again."""
    broker = opening()
    broker.place(order())
    broker.pass_time(at(2))
    broker.drain()
    broker.observe(quote(3))
    broker = opening()
    assert broker.positions() == {}
    broker.observe(quote(3))
    assert fills(broker.drain()) == [(100_10, 100)]


def test_the_person_and_the_broker_are_kept_too(opening: Opening) -> None:
    """Their orders by id, on disk when they are taken, the risk desk's as well."""
    broker = opening()
    broker.observe(quote(0))
    id = broker.foreign_order("AAA", 1, 10, at(1))
    assert [row.broker_id for row in opening().orders()] == [id]
    broker.pass_time(at(3))
    broker.place(order(price=99_00))
    (exit_id,) = broker.broker_square_off(at(4))
    again = opening()
    assert book(again) == book(broker)
    assert [row[0] for row in book(again)] == [id, TAG, exit_id]
    assert book(again)[1][1] is Status.CANCELLED


def test_a_torn_last_line_is_cut_off(opening: Opening, tmp_path: Path) -> None:
    """It was never acknowledged; the next line must not be glued to it."""
    broker = opening()
    broker.place(order(price=99_00))
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('{"id": "0000')
    again = opening()
    assert len(again.orders()) == 1
    again.place(order(price=99_00, n=2))
    assert [row.tag for row in opening().orders()] == [TAG, "T260901S00002E"]


def test_nothing_is_written_when_nothing_changed(opening: Opening, tmp_path: Path) -> None:
    """A quote that moves no order costs no line."""
    broker = opening()
    broker.place(order(price=95_00))
    broker.pass_time(at(2))
    broker.observe(quote(3))
    broker.drain()
    before = len(lines(tmp_path))
    for second in range(4, 30):
        broker.observe(quote(second, last=100_00 + 5 * (second % 3), volume=second * 100))
        broker.drain()
        broker.orders()
    assert len(lines(tmp_path)) == before


def test_where_a_killed_day_goes_on_is_told_by_our_orders_alone(tmp_path: Path) -> None:
    """By when a request was sent, not by when it arrived; an order of the person says nothing about our decisions."""
    minute = 60 * SECOND
    journal = tmp_path / "journal.jsonl"
    broker = PaperBroker(opened(latency=Latency(SECOND, SECOND)), journal)
    assert broker.resume.ts == 0
    broker.place(order(price=99_00, seconds=120))
    broker.observe(quote(121))
    broker.drain()
    broker.foreign_order("AAA", 1, 10, at(600))
    resumed = PaperBroker(opened(), journal).resume
    assert (resumed.ts, resumed.handled) == (at(121), frozenset())
    ours = PaperBroker(opened(), tmp_path / "other.jsonl")
    ours.place(order(price=99_00, seconds=120))
    resumed = PaperBroker(opened(), tmp_path / "other.jsonl").resume
    assert (resumed.ts, resumed.handled) == (at(120) - minute, frozenset({"AAA"}))
    ours.modify(OrderTag(TAG), at(240), Kind.LIMIT, 90, 99_00, 0)
    assert PaperBroker(opened(), tmp_path / "other.jsonl").resume.ts == at(240) - minute
    ours.cancel(OrderTag(TAG), at(300))
    assert PaperBroker(opened(), tmp_path / "other.jsonl").resume.ts == at(300) - minute
