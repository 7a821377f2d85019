"""What belongs to one account at Kite, on one connection, each part made when it is first asked for."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property

from common.adapters.kite.account import KiteAccount
from common.adapters.kite.connection import KiteConnection
from common.adapters.kite.listing import LEAST_ROWS, KiteListing
from common.adapters.kite.rest import KiteBroker
from common.market.instrument import Instrument
from common.ports import Archive, Clock, Logs, Secrets


class KiteParts:
    """archive: opened when the instruments are first asked for. is_simulated: whose dump may be small."""

    def __init__(
        self, secrets: Secrets, archive: Callable[[], Archive], clock: Clock, logs: Logs, url: str,
        timeout_seconds: float, *, is_simulated: bool,
    ) -> None:
        self.connection = KiteConnection(secrets, clock, logs, url, timeout_seconds)
        self._archive = archive
        self._clock = clock
        self._logs = logs
        self._least_rows = 1 if is_simulated else LEAST_ROWS

    @cached_property
    def listing(self) -> KiteListing:
        """Instruments and quotes."""
        return KiteListing(self.connection, self._archive(), self._clock, self._logs, self._least_rows)

    def broker(self, day: date, instruments: Sequence[Instrument]) -> KiteBroker:
        """Orders and books of `day`, for who trades `instruments`."""
        return KiteBroker(self.connection, day, instruments, self._logs)

    def account(self, day: date) -> KiteAccount:
        """For the readiness gate."""
        return KiteAccount(self.connection, self.broker(day, ()), self._clock)
