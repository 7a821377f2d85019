"""How far the relay has come: which changes are still being delivered, and the position that a restart begins at."""

import json
import logging
from pathlib import Path

from common.ports import ChangeFeed

_log = logging.getLogger(__name__)


class Progress:
    """`read_to`: the last change taken from the feed. `position`: all changes up to it are done. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved = 0
        self._open: dict[int, int] = {}
        self.read_to = 0

    @property
    def position(self) -> int:
        return min(self._open) - 1 if self._open else self.read_to

    @property
    def waiting(self) -> int:
        """Deliveries not done yet."""
        return sum(self._open.values())

    def load(self, feed: ChangeFeed) -> None:
        """Takes up the saved position, or begins anew where there is none, or it is not of this feed."""
        saved = self._read()
        if saved and [change.number for change in feed.changes(saved - 1, 1)] != [saved]:
            _log.warning("the relay's position %d in %s is not of this store: beginning anew", saved, self._path)
            saved = 0
        self._saved = self.read_to = saved

    def begin(self, number: int, deliveries: int) -> None:
        self.read_to = number
        if deliveries:
            self._open[number] = deliveries

    def done(self, number: int) -> None:
        """One delivery of change `number` is delivered or dropped."""
        self._open[number] -= 1
        if not self._open[number]:
            del self._open[number]

    def save(self) -> None:
        """Writes the position if it moved. Not synced: losing it only sends events once more."""
        if self.position == self._saved:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        incoming = self._path.with_suffix(".new")
        incoming.write_text(json.dumps({"position": self.position}))
        incoming.replace(self._path)
        self._saved = self.position

    def _read(self) -> int:
        try:
            position = json.loads(self._path.read_text())["position"]
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the relay's position in %s is unreadable (%s): beginning anew", self._path, error)
            return 0
        return position if isinstance(position, int) and position >= 0 else 0
