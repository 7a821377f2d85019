"""Our share of the account's request rate: orders in lanes, reads apart; nothing is asked beyond it."""

from threading import Lock
from typing import Final

from common.adapters.kite.errors import KiteFault
from common.market.bar import NANOSECONDS_A_SECOND
from common.ports import Clock
from common.trading.order_rate import COOL_DOWN_SECONDS, OrderRate

ENTRIES_PER_SECOND: Final = 1.5
EXITS_PER_SECOND: Final = 1.0
"""Of 10 a second for the account: three workloads with these, and the supervisor (facts/trading.md, 10)."""
READS_PER_SECOND: Final = 1.0
QUOTES_PER_SECOND: Final = 0.25
"""Twice, for a read may use both lanes: of 10 and of 1 a second for the account, by four processes."""
MAX_ENTRIES: Final = 1_000
"""A day and process, of the account's 5,000 orders: what is left is for exits."""
EXIT_WAIT_SECONDS: Final = 1.0
READ_WAIT_SECONDS: Final = 5.0
_STEP_SECONDS: Final = 0.05


class RequestRate:
    """Thread-safe. Waits a little for room, and refuses beyond: a refusal here was proven not sent.

    A workload's session has budgets of its own, which are tighter; this one also counts cancellations, and holds
    whatever may go wrong above.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._orders = OrderRate(ENTRIES_PER_SECOND, EXITS_PER_SECOND, 4.0)
        self._reads = OrderRate(READS_PER_SECOND, READS_PER_SECOND, 3.0)
        self._quotes = OrderRate(QUOTES_PER_SECOND, QUOTES_PER_SECOND, 8.0)
        self._entries = 0

    def entry(self) -> None:
        """Room for an order that opens. Raises KiteFault, not sent."""
        with self._lock:
            if self._entries >= MAX_ENTRIES:
                raise KiteFault(f"{MAX_ENTRIES} entries were sent by this process today: no more", sent=False)
            if not self._orders.entry(self._now()):
                raise KiteFault("our own order rate is used up: entries wait", sent=False)
            self._entries += 1

    def exit(self) -> None:
        """Room for an order or change that protects or closes, and for every cancellation; waits at most a second."""
        self._wait(self._orders, EXIT_WAIT_SECONDS, "our own order rate is used up: asked again later")

    def read(self, *, quotes: bool = False) -> None:
        """Room for a read. Raises KiteFault, not sent."""
        rate = self._quotes if quotes else self._reads
        self._wait(rate, READ_WAIT_SECONDS, "our own rate of reads is used up")

    def crowded(self, *, order: bool, quotes: bool = False) -> None:
        """Kite has said that it was too much: about ten seconds of silence follow."""
        with self._lock:
            (self._orders if order else self._quotes if quotes else self._reads).throttle(self._now())

    def _wait(self, rate: OrderRate, seconds: float, refusal: str) -> None:
        until = self._clock.monotonic() + seconds
        while True:
            with self._lock:
                if rate.exit(self._now()):
                    return
            if self._clock.monotonic() >= until:
                raise KiteFault(f"{refusal} (after a 429 for {COOL_DOWN_SECONDS} s)", sent=False)
            self._clock.sleep(_STEP_SECONDS)

    def _now(self) -> int:
        return int(self._clock.monotonic() * NANOSECONDS_A_SECOND)
