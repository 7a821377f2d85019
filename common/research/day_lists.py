"""The exchange's lists of many days in a directory, as a backtest reads them: what was known on each of them."""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from common.planning.notices import COLUMNS, NoticeError, Notices, parse_notices

DATED: Final = frozenset({"ex_dates"})
"""Lists whose rows say themselves of which day they are: one file serves all days."""


class DayLists:
    """`folder`/YYYY-MM-DD/NAME.csv, else `folder`/NAME.csv for every day. Raises NoticeError, now and when read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = sorted(path for path in folder.rglob("*.csv") if path.is_file()) if folder.is_dir() else []
        odd = [str(path.relative_to(folder)) for path in found if not self._is_list(path)]
        if odd or not found:
            what = f"holds {', '.join(odd[:5])}" if odd else "holds no list, or is no directory"
            names = ", ".join(COLUMNS)
            raise NoticeError(f"--lists {folder} {what}: give NAME.csv or YYYY-MM-DD/NAME.csv, NAME one of {names}")
        self._paths = tuple(found)
        self._last: tuple[date, Notices] | None = None

    def of(self, day: date) -> Notices:
        """What the lists of `day` say."""
        if self._last is None or self._last[0] != day:
            self._last = (day, parse_notices({name: self._text(day, name) for name in COLUMNS}))
        return self._last[1]

    @property
    def hash(self) -> str:
        """SHA-256 over names and content."""
        digest = hashlib.sha256()
        for path in self._paths:
            digest.update(path.relative_to(self._folder).as_posix().encode() + b"\n" + path.read_bytes())
        return digest.hexdigest()

    def warnings(self, days: Sequence[date]) -> list[str]:
        """What one file says of many days was, on most of them, not known yet."""
        timeless = sorted(path.stem for path in self._paths if path.parent == self._folder and path.stem not in DATED)
        if not timeless or len(days) < 2:
            return []
        return [
            f"one file of {', '.join(timeless)} is taken for all {len(days)} days: what it says was not known on each "
            f"of them; put a day's own into {self._folder.name}/YYYY-MM-DD/"
        ]

    def _text(self, day: date, name: str) -> str | None:
        for path in (self._folder / day.isoformat() / f"{name}.csv", self._folder / f"{name}.csv"):
            if path in self._paths:
                try:
                    return path.read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    raise NoticeError(f"{path} cannot be read ({error}): mend it, or take it away") from None
        return None

    def _is_list(self, path: Path) -> bool:
        parent = path.relative_to(self._folder).parent
        return path.stem in COLUMNS and (parent == Path() or _is_date(parent.as_posix()))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
