"""The embedded archive: a folder for each day's bucket, files that appear whole or not at all."""

import os
import re
import uuid
from datetime import date
from pathlib import Path
from typing import Final

from common.ports import Conflict, StoreError, StoreUnavailable

TEMPLATE: Final = "tron-trade-logs-{date}"
INCOMING: Final = ".incoming"

_NAME = re.compile(r"[A-Za-z0-9._/-]{1,500}")
_MAX_SEGMENT = 200


class DirectoryArchive:
    """Archive in `root`; a day's files are in the folder `template` names, as its bucket would be."""

    def __init__(self, root: Path, template: str = TEMPLATE) -> None:
        """root: created when first written to. template: has '{date}' in it and no '/'. Raises ValueError."""
        if "{date}" not in template or "/" in template or template.startswith("."):
            raise ValueError(f"archive template {template!r} needs '{{date}}', no '/' and no '.' in front")
        self._root = root
        self._template = template

    def put(self, day: date, name: str, data: bytes, *, overwrite: bool = False) -> None:
        """Whole or not at all, durable on return. Raises Conflict, StoreError (bad name), StoreUnavailable (disk)."""
        target = self._bucket(day) / checked_name(name)
        incoming = self._root / INCOMING / uuid.uuid4().hex
        try:
            new_folders = _missing_folders(target.parent, self._root.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_durably(incoming, data)
                _publish(incoming, target, overwrite)
            finally:
                incoming.unlink(missing_ok=True)
            for folder in (target.parent, *(made.parent for made in new_folders)):
                _sync_folder(folder)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise self._refused(day, name, target) from error
        except OSError as error:
            raise StoreUnavailable(f"cannot archive {target}: {error}; look at the disk, then put it again") from error

    def get(self, day: date, name: str) -> bytes | None:
        path = self._bucket(day) / checked_name(name)
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise StoreUnavailable(f"cannot read {path}: {error}; look at the disk") from error

    def list(self, day: date, prefix: str = "") -> list[str]:
        """Names of the day that begin with `prefix` (a string, not a folder), sorted."""
        bucket = self._bucket(day)
        try:
            names = [path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file()]
        except OSError as error:
            raise StoreUnavailable(f"cannot list {bucket}: {error}; look at the disk") from error
        return sorted(name for name in names if name.startswith(prefix))

    def _bucket(self, day: date) -> Path:
        return self._root / self._template.format(date=day.isoformat())

    def _refused(self, day: date, name: str, target: Path) -> StoreError:
        if target.is_file():
            return Conflict(f"{day}/{name} is archived already; read it, then decide")
        return StoreError(f"{target} cannot be a file: part of it is a file or a folder already; choose another")


def checked_name(name: str) -> str:
    """`name` as given, if it may be an archive name. Raises StoreError."""
    segments = name.split("/")
    allowed = all(segment not in {"", ".", ".."} and len(segment) <= _MAX_SEGMENT for segment in segments)
    if not allowed or not _NAME.fullmatch(name):
        raise StoreError(
            f"archive name {name[:80]!r} is not allowed; give a relative path of letters, digits, '.', '_', '-', "
            f"without '..' or empty parts, each at most {_MAX_SEGMENT} characters"
        )
    return name


def _missing_folders(folder: Path, top: Path) -> list[Path]:
    missing: list[Path] = []
    while folder != top and not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(incoming: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        incoming.replace(target)
    else:
        os.link(incoming, target)  # the only exclusive rename there is: it fails where the name exists


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
