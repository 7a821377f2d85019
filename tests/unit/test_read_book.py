"""Reading a paper journal only to compare: what it says, and nothing changed by the reading."""

import json
from pathlib import Path

from common.adapters.paper import PaperBroker, read_book
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.instrument import Instrument, Kind
from common.trading.orders import Kind as OrderKind
from common.trading.orders import Order, OrderTag, Purpose, Status

TS = 1_756_439_100_000_000_000


def journal(folder: Path) -> Path:
    """Of two accepted orders, one of them cancelled."""
    path = folder / "journal.jsonl"
    share = Instrument("AAA", "NSE", Kind.EQUITY, 5)
    broker = PaperBroker(Exchange({"AAA": share}, FillModel(seed=1)), path)
    for n in (1, 2):
        order = Order(OrderTag(f"T{n}"), n, "AAA", 1, 10, OrderKind.LIMIT, 100_00, 0, Purpose.ENTRY, TS + n)
        broker.place(order)
    broker.cancel(OrderTag("T2"), TS + 3)
    broker.close()
    return path


def test_the_book_is_the_brokers(tmp_path: Path) -> None:
    """Tag, status, symbol, side and id of every order, as its last line has them."""
    found = {update.tag: update for update in read_book(journal(tmp_path))}
    assert set(found) == {"T1", "T2"}
    assert found[OrderTag("T1")].status is Status.OPEN
    assert found[OrderTag("T2")].status is Status.CANCELLED
    assert {(one.symbol, one.side, one.filled) for one in found.values()} == {("AAA", 1, 0)}
    assert len({one.broker_id for one in found.values()}) == 2


def test_a_line_that_is_being_written_stays(tmp_path: Path) -> None:
    """A workload may write at this moment: half a line is not counted, and not cut off under its writer."""
    path = journal(tmp_path)
    torn = path.read_bytes() + json.dumps({"tag": "T3"})[:-4].encode()
    path.write_bytes(torn)
    assert len(read_book(path)) == 2
    assert path.read_bytes() == torn


def test_where_nothing_was_ordered_nothing_is_made(tmp_path: Path) -> None:
    """No journal is an empty book, and stays no journal."""
    assert read_book(tmp_path / "none.jsonl") == []
    assert list(tmp_path.iterdir()) == []
