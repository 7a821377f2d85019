"""What a workload needs of the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from common.day.live_market import LiveMarket, Recorder
from common.day.readiness import Check
from common.market.bar import NANOSECONDS_A_SECOND
from common.market.indian_time import moment
from common.market.instrument import AssetClass, Instrument
from common.market.money import Paise
from common.ports import Archive, Broker, Clock, DocumentStore, Logs, MarketData, Resume
from common.trading.pace import REPLAY, Pace


@dataclass(frozen=True, slots=True)
class TradePorts:
    """What a workload needs. open_broker: for the instruments traded, and where an earlier run was.

    holder: unique to this process. send_timeout_seconds: of a request to the broker. pace: how fast its news can be
    trusted. replay: the market's time is not the clock's. heartbeat_seconds: of the workload's time between two.
    readiness: the gate's findings; pre_open: (price, previous close) by symbol, paise; None for both where no account
    and no pre-open session is looked at. real_money: whether orders go to a person's account.
    postbacks: whether to look for hints of the broker's postbacks, about 4,000 reads a day of the store a workload.
    live: instead of `market` while trading, where the market goes on by itself; open_recorder: of what it says.
    """

    store: DocumentStore
    archive: Archive
    market: MarketData
    clock: Clock
    open_broker: Callable[[date, AssetClass, Sequence[Instrument]], tuple[Broker, Resume]]
    holder: str
    lease_ttl_seconds: float
    logs: Logs
    send_timeout_seconds: float = 0.0
    pace: Pace = REPLAY
    replay: bool = False
    heartbeat_seconds: float = 60.0
    readiness: Callable[[date], Sequence[Check]] | None = None
    pre_open: Callable[[date, Sequence[str]], Mapping[str, tuple[Paise, Paise]]] | None = None
    real_money: bool = False
    postbacks: bool = False
    live: LiveMarket | None = None
    open_recorder: Callable[[date, AssetClass, Sequence[str]], Recorder] | None = None


def nanoseconds(clock: Clock) -> int:
    """Now, as events carry it."""
    now = clock.now()
    return moment(now.date(), now.time())


def stopwatch(clock: Clock, begun: int) -> Callable[[], int]:
    """`begun` (nanoseconds, UTC) moved on by what really passes: clocks may be set meanwhile."""
    since = clock.monotonic()
    return lambda: begun + int((clock.monotonic() - since) * NANOSECONDS_A_SECOND)
