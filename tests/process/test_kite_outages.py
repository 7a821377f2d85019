"""Outages of the simulated Kite as a live day meets them: at the shipped timing of the stream, and over its orders."""

from pathlib import Path
from time import monotonic

import pytest

from common.adapters.kite.stream_state import Timing
from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.trading.errors import OrderThrottled
from common.trading.order_rate import ENTRIES_PAUSE_SECONDS
from tests.process.kite_case import DAY, STOCK, control, served
from tests.process.test_kite_live_market import joined
from tests.process.test_kite_wire import live_broker, order
from tests.unit.stream_case import until

BACK_WITHIN_SECONDS = 10.0


def test_at_its_shipped_timing_the_stream_is_back_within_ten_seconds(tmp_path: Path) -> None:
    """A server that is gone for a while and comes back on its port: the one bound in seconds that is promised."""
    with served(at="09:20") as server, joined(server, tmp_path) as (parts, market):
        parts.stream._timing = Timing()
        market.watch(DAY, [STOCK])
        until(lambda: parts.stream.frames.ticks, "the first tick")
        market.news(0.0)
        assert market.news_was_lost()
        server.stop()
        until(lambda: parts.stream.counts.failures, "the lost connection")
        clock = server.simulation.account.market
        gap, clock.now = clock.now, clock.now + 2 * NANOSECONDS_A_MINUTE
        server.start()
        back, ticks = monotonic(), parts.stream.frames.ticks
        while parts.stream.frames.ticks == ticks:
            assert monotonic() - back < BACK_WITHIN_SECONDS, "the stream is not back"
            market.news(0.05)
        assert market.news_was_lost()
        assert market.figures()["gaps"][-1][1] == "09:22:00"
        assert not market.is_whole(Bar(gap - gap % NANOSECONDS_A_MINUTE, STOCK, 1, 1, 1, 1))


def test_a_storm_of_429_places_nothing_twice(tmp_path: Path) -> None:
    """Each is a refusal that is proven; entries then wait for our own cool-down, and what was sent is there once."""
    del tmp_path
    with live_broker() as (server, broker):
        control(server, "faults", kind="too_many", method="POST", path="/orders/", count=3)
        for number in range(1, 4):
            with pytest.raises(OrderThrottled):
                broker.place(order(server, number))
            broker._connection._clock.sleep(ENTRIES_PAUSE_SECONDS)
        placed = broker.place(order(server, 4))
        assert [update.broker_id for update in broker.orders()] == [placed]


def test_a_server_that_restarts_between_two_orders_keeps_the_first(tmp_path: Path) -> None:
    """The next request finds the new process; the order of before is in its book, once."""
    del tmp_path
    with live_broker() as (server, broker):
        first = broker.place(order(server, 1))
        server.stop()
        server.start()
        broker._connection._clock.sleep(5)
        second = broker.place(order(server, 2))
        assert sorted(update.broker_id for update in broker.orders()) == sorted([first, second])
