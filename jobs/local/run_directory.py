"""The directory of one run: its inputs, so that going on and starting another are not confused, and its lock."""

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

from common.market.calendar import is_trading_day
from common.market.instrument import Instrument, Kind
from common.planning.events import EVENTS
from common.planning.notices import COLUMNS, FOLDER, NAMED_WHEN_MISSING, TRADED_SERIES
from common.ports import Archive
from common.settings import SettingsError

INPUTS: Final = "run.json"
LOCK: Final = "lock"
GENERATED: Final = "session.parquet"
DEMO_DATE: Final = date(2026, 11, 20)
DEMO_SEED: Final = 21
"""A fixed day, so that the first look is worth reading and the same for everyone: trades in all three asset classes."""


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What decides a day's outcome. sessions: empty for a generated one. lists: the exchange's, by their names."""

    day: date
    sessions: tuple[Path, ...]
    seed: int
    mandate: Path | None
    lists: tuple[Path, ...] = ()
    planner: str = "rules"

    @classmethod
    def choose(
        cls, day: date | None, sessions: Sequence[Path], seed: int, mandate: Path | None, lists: Path | None = None,
        planner: str = "rules",
    ) -> Self:
        """With the date left out: the last of the sessions, else the demo's. lists: a directory of CSV files."""
        found = _dates(sessions) if sessions else []
        if day is None:
            day = found[-1] if found else DEMO_DATE
        if found and day not in found:
            raise SettingsError(f"the sessions hold {found[0]} to {found[-1]}, but not {day}: give another --date")
        if not is_trading_day(day, special=True):
            raise SettingsError(f"the exchange is closed on {day}: give another --date")
        paths = tuple(path.resolve() for path in sessions)
        return cls(day, paths, seed, mandate.resolve() if mandate else None, _lists_of(lists) if lists else (),
                   planner)

    @property
    def source(self) -> str:
        """For people."""
        if self.sessions:
            return ", ".join(path.name for path in self.sessions)
        return f"generated session, seed {self.seed}"

    def fingerprint(self) -> str:
        """Equal for equal inputs, by the content of the files."""
        planner = "" if self.planner == "rules" else f":{self.planner}"
        digest = hashlib.sha256(f"{self.day}:{self.seed}{planner}".encode())
        for path in (*self.sessions, *((self.mandate,) if self.mandate else ()), *self.lists):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


@contextmanager
def open_run(home: Path, inputs: RunInputs, *, in_process: bool, fresh: bool) -> Iterator[Path]:
    """The directory to run in, ours alone meanwhile. An in-process replay works in one that is thrown away.

    Raises SettingsError when another run is at it, or when it holds a day of other inputs.
    """
    if in_process:
        with tempfile.TemporaryDirectory(prefix="tron-") as scratch:
            yield Path(scratch)
        return
    make_home(home)
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"another tron day is running in {home}: wait for it, or give another --out") from None
        if fresh:
            _empty(home)
        _claim(home, inputs)
        yield home


def session_files(home: Path, inputs: RunInputs) -> tuple[Path, ...]:
    """The sessions given, or the generated one, made once and kept."""
    if inputs.sessions:
        return inputs.sessions
    path = home / GENERATED
    if not path.exists():
        from common.research.generator import generate  # heavy, as the reader below: a halt imports this module too
        from common.research.storing import write_parquet

        part = path.with_suffix(".part")
        write_parquet(generate(inputs.day, inputs.seed), part)
        part.rename(path)
    return (path,)


def put_lists(inputs: RunInputs, archive: Archive, instruments: Sequence[Instrument]) -> None:
    """The lists given to the day's archive; of a generated session those that are true of it, for it has no others."""
    texts = {path.name: path.read_bytes() for path in inputs.lists}
    if not inputs.sessions:
        shares = [one.symbol for one in instruments if one.kind is Kind.EQUITY]
        made = {name: ",".join(COLUMNS[name]) + "\n" for name in NAMED_WHEN_MISSING}
        made["series"] += "".join(f"{symbol},{TRADED_SERIES}\n" for symbol in shares)
        made["derivatives"] = "symbol\n" + "".join(f"{symbol}\n" for symbol in shares)
        texts = {f"{name}.csv": text.encode() for name, text in made.items()} | texts
    for name, data in sorted(texts.items()):
        archive.put(inputs.day, f"{FOLDER}/{name}", data, overwrite=True)


def _lists_of(folder: Path) -> tuple[Path, ...]:
    found = tuple(sorted(path.resolve() for path in folder.glob("*.csv"))) if folder.is_dir() else ()
    unknown = [path.name for path in found if path.stem not in (*COLUMNS, EVENTS)]
    if unknown or not found:
        what = f"holds {', '.join(unknown)}" if unknown else "holds no list, or is no directory"
        known = ", ".join((*COLUMNS, EVENTS))
        raise SettingsError(f"--lists {folder} {what}: give a directory with some of {known} as .csv")
    return found


def make_home(home: Path) -> None:
    """Raises SettingsError when the directory cannot be made or written to."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise SettingsError(f"{home} cannot be written to ({error.strerror}): give another --out") from None


def refuse_other(home: Path, inputs: RunInputs) -> None:
    """Raises SettingsError when the directory holds a day of other inputs."""
    path = home / INPUTS
    if not path.exists():
        return
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        note = None
    if not isinstance(note, dict) or note.get("fingerprint") != inputs.fingerprint():
        raise SettingsError(
            f"{home} holds this date with another session, seed or mandate, or its {INPUTS} is damaged: "
            "add --fresh to replace it, or give another --out"
        )


def _dates(sessions: Sequence[Path]) -> list[date]:
    from common.research.recorded import dates

    return dates(sessions)


def _claim(home: Path, inputs: RunInputs) -> None:
    refuse_other(home, inputs)
    path = home / INPUTS
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"fingerprint": inputs.fingerprint()}), encoding="utf-8")
        part.rename(path)


def _empty(home: Path) -> None:
    """Of what a run has left; a directory that no run has claimed keeps its files."""
    if not (home / INPUTS).exists():
        return
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
