"""The days of a backtest on the disk, one file each, so that a run that was killed goes on behind the last of them."""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from common.research.whole_files import write_whole

HEADER: Final = "inputs.json"


class OtherInputs(ValueError):
    """What is on the disk was made from something else; the text says from what, and what to do."""


class DayStore:
    """Days below `directory`, made from `inputs` (JSON values with hashes of code and data) and nothing else.

    resume: go on with what is there, and refuse what was made from other inputs; else begin anew.
    """

    def __init__(self, directory: Path, inputs: Mapping[str, Any], *, resume: bool) -> None:
        self._directory = directory / "days"
        before = _read(self._directory / HEADER)
        if resume and before is not None and before != json.loads(json.dumps(inputs)):
            changed = ", ".join(sorted(name for name in {*inputs, *before} if inputs.get(name) != before.get(name)))
            raise OtherInputs(
                f"{directory} holds a run with other inputs ({changed}): leave out --resume to begin anew, "
                "or give another --out"
            )
        if not resume and self._directory.exists():
            shutil.rmtree(self._directory)
        self._directory.mkdir(parents=True, exist_ok=True)
        write_whole(self._directory / HEADER, json.dumps(inputs, sort_keys=True).encode())

    def done(self, day: date) -> bool:
        """Whether the day is on the disk, whole."""
        return self._path(day).exists()

    def keep(self, day: date, result: Mapping[str, Any]) -> None:
        """On the disk when it returns."""
        write_whole(self._path(day), json.dumps(result, separators=(",", ":")).encode())

    def days(self) -> Iterator[dict[str, Any]]:
        """By date, one in memory at a time."""
        for path in sorted(self._directory.glob("????-??-??.json")):
            yield json.loads(path.read_bytes())

    def trades(self) -> "StoredTrades":
        """Of all days."""
        return StoredTrades(self)

    def _path(self, day: date) -> Path:
        return self._directory / f"{day}.json"


class StoredTrades:
    """Trades of all days of a store, read anew by whoever goes through them: those of one day are in memory."""

    def __init__(self, store: DayStore) -> None:
        self._store = store

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (trade for day in self._store.days() for trade in day.get("trades", ()))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
