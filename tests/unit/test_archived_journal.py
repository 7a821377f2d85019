"""The paper broker's book in the archive: a machine that is lost, an archive that is away, a second writer."""

from datetime import date
from pathlib import Path

import pytest

from common.adapters.directory import DirectoryArchive
from common.adapters.journals import ArchivedJournal
from common.adapters.paper import PaperBroker
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import Quote
from common.ports import StoreUnavailable
from common.trading.errors import BrokerUnavailable, OrderUnknown
from common.trading.orders import Kind, Order, OrderTag, Purpose, Status
from tests.unit.trading_case import minute, share

DAY = date(2025, 8, 29)
SECOND = 10**9


class Away(DirectoryArchive):
    """An archive that can be made to fail: before it writes, or after."""

    fails = ""

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        if self.fails == "before":
            raise StoreUnavailable("away")
        super().put(day, name, data, overwrite=overwrite)
        if self.fails == "after":
            raise StoreUnavailable("the answer is lost")


def broker(archive: DirectoryArchive) -> PaperBroker:
    model = FillModel(half_spread_bps=0.0, slippage_ticks=0, seed=3)
    return PaperBroker(Exchange({"AAA": share()}, model), ArchivedJournal(archive, DAY, "stock"))


def order(n: int = 1) -> Order:
    return Order(
        OrderTag(f"T250829S{n:05d}E"), n, "AAA", 1, 100, Kind.LIMIT, 100_00, 0, Purpose.ENTRY, minute(0) + n,
    )


def quote(second: int, price: int) -> Quote:
    return Quote(minute(0) + second * SECOND, "AAA", price, price - 5, price + 5, 5000, 5000, 100_000 * second)


def told(one: PaperBroker) -> list[object]:
    """The book as comparable values."""
    return [(row.tag, row.status, row.broker_id, [fill.id for fill in row.fills]) for row in one.orders()]


def test_another_machine_finds_orders_and_fills(tmp_path: Path) -> None:
    """What one container had accepted and filled is the book of the next one, on nothing but the archive."""
    archive = DirectoryArchive(tmp_path)
    first = broker(archive)
    for n in (1, 2):
        first.place(order(n))
    first.cancel(order(2).tag, minute(0) + 5)
    for second, price in ((1, 100_50), (2, 99_00), (3, 98_00)):
        first.observe(quote(second, price))
    assert (order(1).tag, Status.COMPLETE, 100) in [(one.tag, one.status, one.filled) for one in first.drain()]
    second_machine = broker(archive)
    assert {(one.tag, one.status, one.filled) for one in second_machine.orders()} == {
        (order(1).tag, Status.COMPLETE, 100), (order(2).tag, Status.CANCELLED, 0),
    }
    assert second_machine.positions() == {"AAA": 100}
    assert told(second_machine) == told(first)


@pytest.mark.parametrize("fails", ["before", "after"])
def test_while_the_archive_is_away_nothing_is_told(tmp_path: Path, fails: str) -> None:
    """An order's outcome is unknown, reads get no answer, fills wait; when it is back all of it is there, once."""
    archive = Away(tmp_path)
    one = broker(archive)
    archive.fails = fails
    with pytest.raises(OrderUnknown):
        one.place(order())
    one.observe(quote(1, 99_00))
    assert one.drain() == []
    with pytest.raises(BrokerUnavailable):
        one.orders()
    archive.fails = ""
    (filled,) = [update for update in one.drain() if update.status is Status.COMPLETE]
    assert filled.filled == 100
    assert one.drain() == []
    assert told(broker(archive)) == told(one)


def test_two_writers_do_not_both_win(tmp_path: Path) -> None:
    """The second, which should not be there, cannot place: its order's outcome is unknown, and not in the book."""
    archive = DirectoryArchive(tmp_path)
    one, other = broker(archive), broker(archive)
    one.place(order(1))
    with pytest.raises(OrderUnknown, match="not alone"):
        other.place(order(2))
    assert [update.tag for update in broker(archive).orders()] == [order(1).tag]
