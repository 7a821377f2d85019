"""Our stream on the simulated Kite: its session's bars come back over the wire, through faults of the socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from common.adapters.directory import DirectoryArchive
from common.adapters.kite.parts import KiteParts
from common.adapters.kite.stream_market import StreamMarket
from common.adapters.kite.token import API_KEY, Token, write_token
from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.indian_time import at
from common.redaction import Secret
from jobs.kite_server.serving import KiteServer
from tests.process.kite_case import DAY, STOCK, control, logged_in, served, session
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import MemorySecrets
from tests.unit.stream_case import QUICK, until

MINUTES = 12


@dataclass
class ServerClock:
    """The simulated market's time; waiting takes none of it."""

    server: KiteServer

    def now(self) -> datetime:
        return at(self.server.simulation.account.market.now)

    def monotonic(self) -> float:
        return monotonic()

    def sleep(self, seconds: float) -> None:
        sleep(min(seconds, 0.01))


@contextmanager
def joined(server: KiteServer, folder: Path) -> Iterator[tuple[KiteParts, StreamMarket]]:
    """The account's parts, logged in, not connected yet."""
    client = logged_in(server)
    secrets = MemorySecrets(**{API_KEY: "simulated"})
    write_token(secrets, Token(Secret(client.access_token), "SIM001", at(server.simulation.account.market.now)))
    parts = KiteParts(
        secrets, lambda: DirectoryArchive(folder), ServerClock(server), KeptLogs(), server.url, 5.0,
        stream_url=server.stream_url, is_simulated=True,
    )
    parts.stream._timing = replace(QUICK, silence=1.5)  # its heartbeats come each second
    market = parts.market(lambda _: [])
    try:
        yield parts, market
    finally:
        market.close()


def minutes(server: KiteServer, parts: KiteParts, market: StreamMarket, count: int) -> list[Bar]:
    """Bars of so many minutes, stepped through."""
    found: list[Bar] = []
    for _ in range(4 * count):
        before = parts.stream.frames.ticks
        control(server, "step", seconds=15)
        until(lambda: parts.stream.frames.ticks > before, "the step's ticks")  # noqa: B023 - called at once
        found += [event for event in market.news(0.0) if isinstance(event, Bar)]
    return found


def values(bar: Bar) -> tuple[int, ...]:
    return (bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume)


def test_the_sessions_bars_come_back(tmp_path: Path) -> None:
    """Watched from before the open, every minute of the recorded session is built from its ticks, to the paisa."""
    with served(at="09:14") as server, joined(server, tmp_path) as (parts, market):
        market.watch(DAY, [STOCK])
        until(lambda: parts.stream.frames.ticks, "the first tick")
        found = minutes(server, parts, market, MINUTES + 1)
        recorded = [bar for bar in session().bars[STOCK] if at(bar.ts).date() == DAY][: len(found)]
        assert len(found) >= MINUTES - 1
        assert [values(bar) for bar in found] == [values(bar) for bar in recorded]
        assert all(market.is_whole(bar) for bar in found)


@pytest.mark.parametrize("fault", ["silent_socket", "half_open", "drop_sockets"])
def test_a_fault_of_the_socket_is_got_over(tmp_path: Path, fault: str) -> None:
    """It is noticed, connected and subscribed again; the books are to be read; bars of the gap are marked."""
    with served(at="09:20") as server, joined(server, tmp_path) as (parts, market):
        market.watch(DAY, [STOCK])
        until(lambda: parts.stream.frames.ticks, "the first tick")
        market.news(0.0)
        assert market.news_was_lost()
        minutes(server, parts, market, 1)
        control(server, "faults", kind=fault, seconds=20)  # of the market's time
        if fault != "drop_sockets":
            until(lambda: parts.stream.counts.silences, "the silence")
            control(server, "step", seconds=30)
        until(lambda: parts.stream.counts.connections >= 2, "the second connection")
        market.news(0.0)
        assert market.news_was_lost()
        if fault != "drop_sockets":  # which is over before the market has moved
            now = server.simulation.account.market.now
            assert not market.is_whole(Bar(now - now % NANOSECONDS_A_MINUTE, STOCK, 1, 1, 1, 1))
        assert minutes(server, parts, market, 2)
