"""Tick to order command: a server's process sends, ours hears, decodes, builds bars, decides and calls the order route.

3,000 instruments tick once a second, ours is held on one core. The time is from the moment the server makes the packet
to the moment the session's order reaches the route: kernel, socket, decoder, queue, bars, session, risk. Not in it: the
commit of the intent (see Commits), and the broker.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, monotonic_ns, process_time

from common.adapters.clock import INDIA
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.stream_state import Login
from common.adapters.kite.ticks import TickReader
from common.exchange.fills import FillModel
from common.exchange.simulated import Exchange
from common.market.bar import NANOSECONDS_A_SECOND, Bar
from common.market.instrument import Instrument, Kind
from common.redaction import Secret
from common.research.memory_ledger import MemoryLedger
from common.trading.driver import Driver
from common.trading.limits import Limits
from common.trading.orders import Kind as OrderKind
from common.trading.orders import Order
from common.trading.strategy import Enter, Signal, View
from tests.bench.ticking import tokens
from tests.unit.kept_logs import KeptLogs
from tests.unit.trading_case import OPEN, Script, open_session

SERVER = Path(__file__).with_name("ticking.py")
EVERY = 30
"""One symbol in so many wants in at each minute."""
HUGE = 10**15
LIMITS = Limits(
    HUGE, HUGE, 500_00, 10**9, 10**6, HUGE, orders_per_second=10**6, exits_per_second=10**6, max_lots=1,
)


class SessionClock:
    """The session's time, from the monotonic clock: it begins at 09:19:40 of a day that is long past."""

    def __init__(self) -> None:
        self.started = monotonic()
        self.begins = OPEN + 280 * NANOSECONDS_A_SECOND
        self._date = datetime.fromtimestamp(self.begins / NANOSECONDS_A_SECOND, INDIA)

    @property
    def nanoseconds(self) -> int:
        return self.begins + int((monotonic() - self.started) * NANOSECONDS_A_SECOND)

    def now(self) -> datetime:
        return self._date + timedelta(seconds=monotonic() - self.started)

    def monotonic(self) -> float:
        return monotonic()

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class SomeMinutes(Script):
    """In whenever the minute and the symbol's number agree, with a target that a few ticks reach."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        if view.quantity or (bar.ts // 60_000_000_000 + self.number) % EVERY:
            return None
        return Enter(1, 500, 15, "the minute")


class Timed(Exchange):
    """The simulated exchange as the route. sent: stamp of the tick that is being handled. taken: microseconds."""

    sent = 0
    taken: list[int]

    def place(self, order: Order) -> str:
        self._note()
        return super().place(order)

    def modify(self, tag: str, ts: int, kind: OrderKind, quantity: int, price: int, trigger: int) -> None:
        self._note()
        super().modify(tag, ts, kind, quantity, price, trigger)

    def _note(self) -> None:
        if self.sent:
            self.taken.append((monotonic_ns() // 1000 - self.sent) % 2**32)


def measure(count: int, seconds: float) -> Mapping[str, float]:
    """Microseconds, per cent of one core, MB."""
    clock, logs = SessionClock(), KeptLogs()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.ticking", str(count), str(clock.started),
         str(clock.begins // NANOSECONDS_A_SECOND)],
        stdout=subprocess.PIPE, text=True, cwd=SERVER.parents[2],
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        return _listen(count, seconds, f"ws://localhost:{port}", clock, logs)
    finally:
        server.terminate()
        server.wait()


def _listen(count: int, seconds: float, url: str, clock: SessionClock, logs: KeptLogs) -> Mapping[str, float]:
    instruments = [Instrument(f"S{n:04}", "NSE", Kind.EQUITY, 5, 1, token) for n, token in enumerate(tokens(count))]
    numbers = {one.symbol: n for n, one in enumerate(instruments)}
    session = open_session(instruments, lambda symbol: SomeMinutes(numbers[symbol]), limits=LIMITS)
    route = Timed({one.symbol: one for one in instruments}, FillModel(0.0, 0, 1.0))
    route.taken = []
    driver = Driver(session, route, MemoryLedger())
    reader, inbox = TickReader(clock.now().date(), OPEN, instruments), Inbox(monotonic)
    login = Login(Secret("key"), Secret("token"))
    stream = KiteStream(
        url, lambda: login, inbox, clock, logs, on_order=lambda _: None, is_refused=lambda: True,
    )
    stream.watch(tokens(count))
    stream.start()
    until, ticks_heard = monotonic() + seconds, 0
    began, burnt, timer = monotonic(), process_time(), 0
    while monotonic() < until:
        ticks, _ = inbox.take(0.25)
        now = clock.nanoseconds
        for tick in ticks:
            route.sent = tick.oi_low
            for event in reader.read(tick, now):
                driver.take(event)
        route.sent = 0
        for bar in reader.end_minutes(now):
            driver.take(bar)
        if now >= timer:
            timer = now + NANOSECONDS_A_SECOND // 4
            driver.pass_time(now)
        ticks_heard += len(ticks)
    share = (process_time() - burnt) / (monotonic() - began)
    stream.close()
    taken = sorted(route.taken)
    return {
        "instruments": count, "seconds": seconds, "ticks": ticks_heard, "dropped": inbox.dropped,
        "orders": len(taken), "p50": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100], "most": taken[-1],
        "cpu": 100 * share, "memory": _resident(),
    }


def _resident() -> float:
    """MB of this process at its most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Prints one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instruments", type=int, default=3_000)
    parser.add_argument("--seconds", type=float, default=150.0)
    chosen = parser.parse_args()
    found = measure(chosen.instruments, chosen.seconds)
    print(f"latency: {found['instruments']:,} instruments, one tick a second each, {found['seconds']:.0f} s, one core")
    print(f"  ticks {found['ticks']:,.0f}, dropped {found['dropped']:.0f}, order commands {found['orders']:.0f}")
    print(f"  tick to order command: p50 {found['p50'] / 1000:.2f} ms, p99 {found['p99'] / 1000:.2f} ms, "
          f"most {found['most'] / 1000:.2f} ms")
    print(f"  CPU {found['cpu']:.1f} % of one core, memory {found['memory']:.0f} MB at most")


if __name__ == "__main__":
    main()
