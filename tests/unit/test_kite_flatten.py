"""`tron flatten --broker-only` on Kite when store and archive are gone: by the account's books alone."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from common.adapters.clock import VirtualClock
from common.adapters.kite.listing import KiteListing
from common.adapters.kite.rest import KiteBroker
from common.adapters.memory import MemoryArchive
from common.adapters.no_store import NoStore
from common.day.broker_only import flatten_by_broker
from common.day.trade_ports import TradePorts
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.ports import Resume, StoreUnavailable
from common.trading.pace import LIVE
from tests.unit.kite_case import Account, SmallKite, account, body, data, row, small_kite, trade_row
from tests.unit.test_kite_dump import csv
from tests.unit.trading_case import DAY, minute

INFY = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE"
STOP = "T250829S00002X"


class GoneArchive(MemoryArchive):
    """Does not answer."""

    def get(self, *_: object) -> bytes | None:
        raise StoreUnavailable("the network is gone")

    def put(self, *_: object, **__: object) -> None:
        raise StoreUnavailable("the network is gone")


class Exchange:
    """Long 40 INFY with a stop, and an entry that still works; what is modified to a limit fills at once."""

    def __init__(self, kite: SmallKite) -> None:
        self.entry = row(tradingsymbol="INFY", order_id="1", filled_quantity=40)
        self.stop = row(
            tradingsymbol="INFY", order_id="2", tag=STOP, status="TRIGGER PENDING", order_type="SL", quantity=40,
            transaction_type="SELL", price=97, trigger_price=98,
        )
        self.foreign = 25
        quote = {
            "timestamp": "2025-08-29 11:00:00", "last_price": 100, "ohlc": {},
            "depth": {"buy": [{"price": 99.95, "quantity": 50}], "sell": [{"price": 100.05, "quantity": 50}]},
        }
        kite.standing = {
            "GET /instruments": body(csv(INFY), 200, "text/csv"), "GET /quote": data({"NSE:INFY": quote}),
            "GET /orders": lambda handler: data([self.entry, self.stop])(handler),
            "GET /trades": lambda handler: data(self.trades())(handler),
            "GET /portfolio/positions": lambda handler: data({"net": [{
                "tradingsymbol": "INFY", "exchange": "NSE", "quantity": self.net + self.foreign,
            }]})(handler),
            "DELETE /orders/regular/1": self.cancel, "PUT /orders/regular/2": self.modify,
        }
        self.kite = kite

    @property
    def net(self) -> int:
        return 40 - int(self.stop["filled_quantity"])

    def trades(self) -> list[dict[str, Any]]:
        bought = trade_row(order_id="1", tradingsymbol="INFY", quantity=40)
        sold = trade_row(order_id="2", trade_id="9", tradingsymbol="INFY", quantity=40, transaction_type="SELL")
        return [bought, sold] if self.stop["filled_quantity"] else [bought]

    def cancel(self, handler: Any) -> None:
        self.entry["status"] = "CANCELLED"
        data({"order_id": "1"})(handler)

    def modify(self, handler: Any) -> None:
        form = self.kite.requests[-1].form
        if form["order_type"] == "LIMIT":
            self.stop.update(status="COMPLETE", filled_quantity=40, order_type="LIMIT", price=float(form["price"]))
        data({"order_id": "2"})(handler)


@pytest.fixture
def kite() -> Iterator[SmallKite]:
    with small_kite() as one:
        yield one


def ports(desk: Account, clock: Any) -> TradePorts:
    market = KiteListing(desk.connection, GoneArchive(), clock, desk.logs, least_rows=1)
    return TradePorts(
        NoStore("gone"), GoneArchive(), market, clock,
        lambda day, _, instruments: (KiteBroker(desk.connection, day, instruments, desk.logs), Resume()),
        holder="hand", lease_ttl_seconds=30.0, logs=desk.logs, pace=LIVE,
    )


def test_it_leaves_by_the_stop_itself_and_no_more_than_ours(kite: SmallKite) -> None:
    """The entry's rest is cancelled, the one exit becomes a limit through the touch; the person's 25 stay."""
    exchange, clock = Exchange(kite), VirtualClock(at(minute(105)).astimezone(INDIA))
    desk = account(kite, clock=clock)
    said = flatten_by_broker(DAY, AssetClass.STOCK, ports(desk, clock), limit_seconds=60)
    assert said == "flat by the broker's books; no entry of ours works"
    assert kite.sent("POST") == []
    assert len(kite.sent("DELETE")) == 1
    (change,) = kite.sent("PUT")
    assert (change.form["order_type"], change.form["quantity"]) == ("LIMIT", "40")
    assert 99 < float(change.form["price"]) < 99.95
    assert exchange.net == 0
    assert "token" not in json.dumps(desk.logs.records).lower()
    assert parse_qs("i=NSE:INFY")["i"] == next(one for one in kite.requests if one.path == "/quote").query["i"]
