"""The curve of net P&L over the day, one point a minute, kept in the archive."""

import json
from datetime import date

from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.ports import Archive


def equity_name(asset_class: AssetClass) -> str:
    """Of the archive's blob with the net P&L by minute: [[IST time, paise], ...]."""
    return f"equity/{asset_class.value}.json"


class EquityCurve:
    """points: (IST time of the minute's start, net paise). busy: something has happened since the last point."""

    def __init__(self, archive: Archive, day: date, asset_class: AssetClass) -> None:
        self.points: list[tuple[str, Paise]] = []
        self.busy = True
        self._archive = archive
        self._day = day
        self._name = equity_name(asset_class)
        self._minute = 0
        self._stored = 0

    def due(self, ts: int) -> bool:
        """Whether a minute in which something happened has ended by `ts` (nanoseconds, UTC)."""
        if not self._minute:
            self._minute = (ts - 1) // NANOSECONDS_A_MINUTE
        return self.busy and ts // NANOSECONDS_A_MINUTE > self._minute

    def note(self, ts: int, net: Paise) -> None:
        """The net P&L at the end of the minute before `ts`."""
        self._minute, self.busy = ts // NANOSECONDS_A_MINUTE, False
        self.points.append((at((self._minute - 1) * NANOSECONDS_A_MINUTE).isoformat(), net))

    def load(self, until: int) -> None:
        """As far as an earlier run has kept it; its last minutes may be lost with that run. Raises StoreError."""
        kept = self._archive.get(self._day, self._name) if until else None
        limit = at(until).isoformat()
        self.points = [(time, net) for time, net in json.loads(kept) if time < limit] if kept else []

    def store(self) -> None:
        """Whole, over what was there, where there is more by now. Raises StoreError."""
        if len(self.points) == self._stored:
            return
        self._archive.put(self._day, self._name, json.dumps(self.points).encode(), overwrite=True)
        self._stored = len(self.points)
