"""Where the paper broker keeps its book: a file of this machine, or objects in the archive that any machine finds."""

import os
from datetime import date
from pathlib import Path
from typing import Final, Protocol

from common.ports import Archive, Conflict, StoreError
from common.trading.errors import BrokerUnavailable

FOLDER: Final = "paper"
_DIGITS: Final = 6


class Journal(Protocol):
    """Lines, each whole, in the order in which they were written."""

    def read(self) -> bytes:
        """All whole lines; a torn last one, which was never acknowledged, is gone. Raises BrokerUnavailable."""
        ...

    def append(self, lines: str, *, durable: bool) -> None:
        """Kept when it returns, where it is to be durable. Raises BrokerUnavailable: then nothing of it was."""
        ...

    def close(self) -> None: ...


class FileJournal:
    """One file, opened at the first line that is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = whole_lines(path)
        if path.exists() and path.stat().st_size != len(whole):
            with path.open("r+b") as file:
                file.truncate(len(whole))
        self._file = path.open("a", encoding="utf-8")

    def read(self) -> bytes:
        """As the protocol has it."""
        return whole_lines(self._path)

    def append(self, lines: str, *, durable: bool) -> None:
        """As the protocol has it."""
        self._file.write(lines)
        self._file.flush()
        if durable:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Release the file."""
        self._file.close()


class ArchivedJournal:
    """An object for each durable change: some dozens a day. name: of the book, such as the asset class.

    What need not be durable goes along with the next that must. Two writers never both win: a number is written once.
    """

    def __init__(self, archive: Archive, day: date, name: str) -> None:
        self._archive = archive
        self._day = day
        self._prefix = f"{FOLDER}/{name}-"
        self._next: int | None = None
        self._waiting = ""
        self._doubted = b""

    def read(self) -> bytes:
        """As the protocol has it."""
        try:
            names = sorted(self._archive.list(self._day, self._prefix))
            parts = [self._archive.get(self._day, name) or b"" for name in names]
        except StoreError as failure:
            raise BrokerUnavailable(f"the paper broker's book cannot be read: {failure}") from failure
        self._next = int(names[-1].removeprefix(self._prefix)[:_DIGITS]) + 1 if names else 1
        return b"".join(parts)

    def append(self, lines: str, *, durable: bool) -> None:
        """As the protocol has it."""
        if not durable:
            self._waiting += lines
            return
        if self._next is None:
            self.read()
        text = (self._waiting + lines).encode()
        try:
            self._put(text)
        except StoreError as failure:
            self._doubted = text
            raise BrokerUnavailable(f"the paper broker's book cannot be written: {failure}") from failure
        self._waiting = ""

    def close(self) -> None:
        """What waits is of use to nobody any more: places in queues."""

    def _put(self, text: bytes) -> None:
        name = f"{self._prefix}{self._next:0{_DIGITS}d}.jsonl"
        try:
            self._archive.put(self._day, name, text)
        except Conflict:
            if not self._doubted or self._archive.get(self._day, name) != self._doubted:
                raise BrokerUnavailable(f"somebody else writes {name}: this workload is not alone") from None
            # It is ours, and the answer was lost: what has come since goes behind it.
            self._next, self._doubted = int(self._next or 0) + 1, b""
            self._put(text)
            return
        self._next, self._doubted = int(self._next or 0) + 1, b""


def whole_lines(path: Path) -> bytes:
    """Of a journal's file, for who only reads; nothing where there is none."""
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]
