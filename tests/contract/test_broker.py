"""The contract of every Broker: what it says after each operation, and again after it was opened anew."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.adapters.directory import DirectoryArchive
from common.adapters.journals import ArchivedJournal
from common.adapters.paper import PaperBroker
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.ports import Broker
from common.trading.errors import OrderRejected
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose, Status
from tests.contract import kite_broker
from tests.unit.trading_case import flat, minute, share

Opening = Callable[[], Broker]
MODEL = FillModel(half_spread_bps=0.0, slippage_ticks=0, participation=0.1, seed=3)

BROKERS = ("kite", "paper", "paper in the archive")


def paper(place: Path) -> Broker:
    """On the journal at `place`; opened again, it finds the same orders."""
    return PaperBroker(Exchange({"AAA": share()}, MODEL), place / "journal.jsonl")


def archived_paper(place: Path) -> Broker:
    """On objects that any machine finds."""
    journal = ArchivedJournal(DirectoryArchive(place / "archive"), date(2025, 8, 29), "stock")
    return PaperBroker(Exchange({"AAA": share()}, MODEL), journal)


def by_the_person(broker: Broker, side: int, quantity: int, ts: int) -> str:
    """Somebody else orders in the same account, at the market; returns the id of the order."""
    if isinstance(broker, PaperBroker):
        return broker.foreign_order("AAA", side, quantity, ts)
    assert isinstance(broker, kite_broker.ServedBroker)
    return kite_broker.by_the_person(broker, side, quantity)


@pytest.fixture(params=BROKERS)
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens one more handle on the same account; all are closed at the end."""
    opened: list[Broker] = []
    with ExitStack() as stack:
        one: Callable[[Path], Broker]
        if request.param == "kite":
            one = stack.enter_context(kite_broker.kite_house(MODEL)).open
        else:
            one = paper if request.param == "paper" else archived_paper

        def open_one() -> Broker:
            opened.append(one(tmp_path))
            return opened[-1]

        yield open_one
        for broker in opened:
            broker.close()


def order(n: int = 1, side: int = 1, price: int = 100_00, trigger: int = 0, quantity: int = 100) -> Order:
    kind = Kind.SL if trigger else Kind.LIMIT
    tag = tagged(n)
    return Order(tag, n, "AAA", side, quantity, kind, price, trigger, Purpose.ENTRY, minute(0))


def tagged(n: int = 1) -> OrderTag:
    return OrderTag(f"T250829S{n:05d}E")


def told(broker: Broker) -> list[Any]:
    """The order book as comparable values."""
    return [
        (
            update.tag, update.status, update.broker_id, [(f.id, f.ts, f.price, f.quantity) for f in update.fills],
            (update.symbol, update.side, update.filled, update.terms),
        )
        for update in broker.orders()
    ]


def trade(broker: Broker, start: int = 0, volume: int = 300, count: int = 1, price: int = 100_00) -> list[OrderUpdate]:
    """The market moves; what the broker says of it."""
    updates: list[OrderUpdate] = []
    for bar in flat("AAA", count, price, start=start, volume=volume):
        broker.observe(bar)
        updates += broker.drain()
    return updates


def test_an_empty_account(opening: Opening) -> None:
    """No orders, no positions, nothing to drain."""
    broker = opening()
    assert (broker.orders(), broker.positions(), broker.drain()) == ([], {}, [])


def test_a_placed_order_is_in_the_book_at_once_and_after_opening_anew(opening: Opening) -> None:
    """Its id is the one that place returned."""
    broker = opening()
    id = broker.place(order())
    assert id
    terms = ("AAA", 1, 0, (Kind.LIMIT, 100, 100_00, 0))
    assert told(broker) == told(opening()) == [(tagged(1), Status.OPEN, id, [], terms)]


def test_a_tag_is_placed_once(opening: Opening) -> None:
    """Not even by the next process; at Kite a tag is no key, and whoever sends keeps it unique."""
    opening().place(order())
    again = opening()
    if again.lossy:
        pytest.skip("at this broker a tag may come twice")
    with pytest.raises(OrderRejected):
        again.place(order())
    assert len(again.orders()) == 1


def test_fills_are_told_once_by_drain_and_always_by_orders(opening: Opening) -> None:
    """In parts over bars; the book has them all, and a new handle too."""
    broker = opening()
    broker.place(order())
    broker.drain()
    updates = [*trade(broker), *trade(broker, 1, 500)]
    assert [(u.status, u.filled) for u in updates] == [(Status.OPEN, 30), (Status.OPEN, 80)]
    if not broker.lossy:  # else news may leave out the fills, and the book is asked for them
        assert [[f.quantity for f in u.fills] for u in updates] == [[30], [50]]
    assert broker.drain() == []
    ((_, status, _, fills, (_, _, filled, _)),) = told(broker)
    assert (status, filled, [quantity for *_, quantity in fills]) == (Status.OPEN, 80, [30, 50])
    assert len({id for id, *_ in fills}) == 2
    assert told(opening()) == told(broker)
    trade(broker, 2, 10_000)
    assert told(opening())[0][1] is Status.COMPLETE


def test_a_stop_rests_triggers_and_fills(opening: Opening) -> None:
    """TRIGGER PENDING until the market meets it, on either side of a restart."""
    broker = opening()
    broker.place(order(side=-1, price=97_00, trigger=99_00))
    assert told(broker)[0][1] is Status.TRIGGER_PENDING
    broker = opening()
    statuses = [update.status for update in trade(broker, 1, 10_000, price=98_50)]
    assert statuses[-1] is Status.COMPLETE
    if not broker.lossy:
        assert statuses == [Status.OPEN, Status.COMPLETE]
    assert told(opening()) == told(broker)


def test_a_modification_is_the_same_order(opening: Opening) -> None:
    """A stop becomes a limit in place, with its tag and its id; the next process knows it as a limit."""
    broker = opening()
    id = broker.place(order(side=-1, price=97_00, trigger=99_00))
    broker.modify(tagged(1), minute(1), Kind.LIMIT, 80, 99_50, 0)
    assert [update.status for update in broker.drain()][-1] is Status.OPEN
    broker = opening()
    terms = ("AAA", -1, 0, (Kind.LIMIT, 80, 99_50, 0))
    assert told(broker) == [(tagged(1), Status.OPEN, id, [], terms)]
    trade(broker, 1, 10_000)
    ((_, status, _, fills, _),) = told(broker)
    assert (status, [(price, quantity) for _, _, price, quantity in fills]) == (Status.COMPLETE, [(100_00, 80)])


def test_a_cancelled_order_keeps_its_fills_and_gets_no_more(opening: Opening) -> None:
    """What is done is done; the rest is gone, for every process."""
    broker = opening()
    broker.place(order())
    trade(broker)
    broker.cancel(tagged(1), minute(1))
    assert [update.status for update in broker.drain()] == [Status.CANCELLED]
    again = opening()
    trade(again, 1, 10_000)
    assert told(again) == told(broker)
    assert told(again)[0][1] is Status.CANCELLED


def test_positions_are_what_all_fills_make(opening: Opening) -> None:
    """Signed and net, for every process; flat is absent, as if nothing had been."""
    broker = opening()
    broker.place(order())
    trade(broker)
    assert broker.positions() == opening().positions() == {"AAA": 30}
    broker.place(order(2, -1, quantity=90))
    trade(broker, 1, 900)
    assert broker.positions() == opening().positions() == {"AAA": 10}
    broker.place(order(3, -1, 99_00, quantity=10))
    trade(broker, 2, 300)
    assert broker.positions() == opening().positions() == {}


def test_orders_of_others_show_without_a_tag(opening: Opening) -> None:
    """In the news with symbol and side, in the book and in the positions, beside ours, for every process."""
    broker = opening()
    broker.place(order(price=99_00))
    trade(broker)
    id = by_the_person(broker, -1, 20, minute(1))
    news = [*broker.drain(), *trade(broker, 1, 10_000)]
    assert {(u.tag, u.broker_id, u.symbol, u.side) for u in news} == {("", id, "AAA", -1)}
    assert (news[-1].status, news[-1].filled) == (Status.COMPLETE, 20)
    again = opening()
    assert told(again) == told(broker)
    assert [(row[0], row[1]) for row in told(again)] == [(tagged(1), Status.OPEN), ("", Status.COMPLETE)]
    assert broker.positions() == again.positions() == {"AAA": -20}


def test_changes_are_durable_when_they_return(opening: Opening) -> None:
    """Killed before the updates were drained: the next process knows of the cancel and of the new terms."""
    broker = opening()
    broker.place(order())
    broker.place(order(2, -1, 97_00, 99_00))
    broker.cancel(tagged(1), minute(1))
    assert told(opening())[0][1] is Status.CANCELLED
    broker.modify(tagged(2), minute(1), Kind.LIMIT, 100, 101_00, 0)
    assert told(opening())[1][1] is Status.OPEN


def test_a_bar_seen_again_by_the_next_process_fills_nothing_more(opening: Opening) -> None:
    """A restart begins with the minute that was being handled: what traded in it has traded."""
    broker = opening()
    broker.place(order())
    trade(broker)
    again = opening()
    assert trade(again) == []
    assert told(again) == told(broker)


def test_refusals_leave_nothing(opening: Opening) -> None:
    """Unknown and ended orders cannot be changed; a refused order is not in the book of any process."""
    broker = opening()
    with pytest.raises(OrderRejected):
        broker.place(order(price=100_01))
    with pytest.raises(OrderRejected):
        broker.cancel(tagged(9), minute(0))
    broker.place(order(2))
    broker.cancel(tagged(2), minute(0))
    with pytest.raises(OrderRejected):
        broker.modify(tagged(2), minute(1), Kind.LIMIT, 100, 100_00, 0)
    assert [row[0] for row in told(broker)] == [row[0] for row in told(opening())] == [tagged(2)]


STOP = 97_00
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["place", "stop", "modify", "cancel", "market", "market"]), st.integers(1, 6),
        st.sampled_from([96_00, 98_00, 99_50, 100_00, 101_00]),
    ),
    min_size=3, max_size=15,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_opened_anew_after_every_operation_it_tells_the_same(
    operations: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """One account handled by one process, another by a new process at each step: the same answers throughout."""
    steady_place, restless_place = tmp_path_factory.mktemp("steady"), tmp_path_factory.mktemp("restless")
    steady, last = paper(steady_place), 100_00
    for step, (what, number, price) in enumerate(operations):
        if what == "stop" and last <= STOP:
            continue  # refused for the last price, which a new process does not know before its first bar
        last = price if what == "market" else last
        restless = paper(restless_place)
        assert told(restless) == told(steady)
        assert _do(steady, what, number, price, step) == _do(restless, what, number, price, step)
        restless.close()
    steady.close()


def _do(broker: Broker, what: str, number: int, price: int, step: int) -> str:
    made = order(number, -1, STOP - 200, STOP) if what == "stop" else order(number, 1, price)
    made.created = minute(step)
    try:
        if what in ("place", "stop"):
            broker.place(made)
        elif what == "modify":
            broker.modify(made.tag, minute(step), Kind.LIMIT, 60, price, 0)
        elif what == "cancel":
            broker.cancel(made.tag, minute(step))
        else:
            trade(broker, step, 250, price=price)
    except OrderRejected as refusal:
        return str(refusal)
    broker.drain()
    return "done"
