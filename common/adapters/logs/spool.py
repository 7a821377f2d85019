"""What waits for a destination: parcels by name, on disk where there is one, else in memory; bounded, in order."""

from contextlib import suppress
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_MEMORY_BYTES: Final = 8 * 1024 * 1024
PART: Final = ".part"


class Spool:
    """Parcels in the order in which they came; what an earlier process of the same name left comes first.

    Two processes may share a folder for a while: delivering a parcel twice must be harmless. For one thread.
    """

    def __init__(self, path: Path) -> None:
        """path: a folder, made when first needed; not writable or absent, and parcels wait in memory."""
        self._path = path
        self._sizes: dict[str, int] = {}
        self._memory: dict[str, bytes] = {}
        self._bytes = self._memory_bytes = 0
        self._loaded = False

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, name: str, data: bytes) -> bool:
        """Keep it; False where there is no room. name: sorts by time, a file name without '.part'."""
        self._load()
        if self._bytes + len(data) > MAX_BYTES or not self._keep(name, data):
            return False
        self._sizes[name] = len(data)
        self._bytes += len(data)
        return True

    def oldest(self) -> tuple[str, bytes] | None:
        """The parcel to deliver next, None when nothing waits."""
        self._load()
        while self._sizes:
            name = next(iter(self._sizes))
            if name in self._memory:
                return name, self._memory[name]
            try:
                return name, (self._path / name).read_bytes()
            except OSError:  # delivered by another, or the disk is gone: nobody can deliver it here
                self._forget(name)
        return None

    def done(self, name: str) -> None:
        """It has arrived."""
        with suppress(OSError):  # then it stays, and the next process delivers it again: harmless
            (self._path / name).unlink(missing_ok=True)
        self._forget(name)

    def _keep(self, name: str, data: bytes) -> bool:
        part = self._path / f"{name}{PART}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.rename(self._path / name)
        except OSError:
            if self._memory_bytes + len(data) > MAX_MEMORY_BYTES:
                return False
            self._memory[name] = data
            self._memory_bytes += len(data)
        return True

    def _forget(self, name: str) -> None:
        self._bytes -= self._sizes.pop(name, 0)
        self._memory_bytes -= len(self._memory.pop(name, b""))

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            found = sorted(path for path in self._path.iterdir() if path.suffix != PART)
            for path in found:
                size = path.stat().st_size
                self._sizes[path.name] = size
                self._bytes += size
        except OSError:
            return  # nothing was left
