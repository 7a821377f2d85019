"""What belongs to one account at Kite, on one connection, each part made when it is first asked for."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property

from common.adapters.kite.account import KiteAccount
from common.adapters.kite.answers import Row
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.history import KiteHistory
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.listing import LEAST_ROWS, KiteListing
from common.adapters.kite.rest import KiteBroker
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.stream_market import StreamMarket
from common.adapters.kite.stream_state import Login
from common.adapters.kite.token import API_KEY, read_token
from common.market.instrument import Instrument
from common.ports import Archive, Clock, Logs, Secrets


class KiteParts:
    """archive: opened when the instruments are first asked for. is_simulated: whose dump may be small."""

    def __init__(
        self, secrets: Secrets, archive: Callable[[], Archive], clock: Clock, logs: Logs, url: str,
        timeout_seconds: float, *, stream_url: str, is_simulated: bool,
    ) -> None:
        self._secrets = secrets
        self._stream_url = stream_url
        self.connection = KiteConnection(secrets, clock, logs, url, timeout_seconds)
        self._archive = archive
        self._clock = clock
        self._logs = logs
        self._least_rows = 1 if is_simulated else LEAST_ROWS

    @cached_property
    def listing(self) -> KiteListing:
        """Instruments and quotes."""
        return KiteListing(self.connection, self._archive(), self._clock, self._logs, self._least_rows)

    @cached_property
    def inbox(self) -> Inbox:
        """Where the stream puts its ticks."""
        return Inbox(self._clock.monotonic)

    @cached_property
    def stream(self) -> KiteStream:
        """Not connected yet; whoever trades sets `on_order`."""
        return KiteStream(
            self._stream_url, self._login, self.inbox, self._clock, self._logs, on_order=_nobody_hears,
            is_refused=self.connection.is_refused,
        )

    @cached_property
    def history(self) -> KiteHistory:
        """Candles."""
        return KiteHistory(self.connection.read, self._clock)

    def market(self, known: Callable[[date], Sequence[Instrument]]) -> StreamMarket:
        """Instruments, quotes, candles of what is `known`, and the stream."""
        return StreamMarket(self.listing, self.stream, self.inbox, self.history, self._clock, known, self._logs)

    def broker(self, day: date, instruments: Sequence[Instrument]) -> KiteBroker:
        """Orders and books of `day`, for who trades `instruments`."""
        return KiteBroker(self.connection, day, instruments, self._logs)

    def _login(self) -> Login | None:
        token, key = read_token(self._secrets), self._secrets.get(API_KEY)
        return Login(key, token.value) if token is not None and key is not None else None

    def account(self, day: date) -> KiteAccount:
        """For the readiness gate."""
        return KiteAccount(self.connection, self.broker(day, ()), self._clock)


def _nobody_hears(_: Row) -> None:
    """News of orders before anyone trades."""
