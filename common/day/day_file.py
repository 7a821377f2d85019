"""One day in one file: a ZIP of named parts with a manifest of their hashes; equal days, equal bytes."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

FORMAT: Final = "tron day"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MAX_PARTS: Final = 10_000
MAX_BYTES: Final = 1024 * 1024 * 1024
"""Of all parts together, unpacked; a day takes a few megabytes."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Every part's time: the format needs one, and equal days are equal files."""


class DayFileRefused(ValueError):
    """The file is not a whole day that this version wrote; nothing of it was used. The text says what is wrong."""


def pack(day: date, parts: Mapping[str, bytes]) -> bytes:
    """The file's content. Raises DayFileRefused where `unpack` would not take it."""
    if len(parts) > MAX_PARTS or sum(map(len, parts.values())) > MAX_BYTES:
        raise DayFileRefused(f"{day} has more than {MAX_PARTS} parts or {MAX_BYTES} bytes: it does not fit into a file")
    manifest = {
        "format": FORMAT, "version": VERSION, "date": day.isoformat(),
        "parts": {name: {"bytes": len(data), "sha256": _sha256(data)} for name, data in parts.items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        _add(file, MANIFEST, json.dumps(manifest, sort_keys=True, indent=1).encode())
        for name in sorted(parts):
            _add(file, name, parts[name])
    return content.getvalue()


def unpack(content: bytes) -> tuple[date, dict[str, bytes]]:
    """Date and parts, each checked against the manifest. Raises DayFileRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            listed = _listed(file)
            day, wanted = _manifest(file.read(listed.pop(MANIFEST)))
            if wanted.keys() != listed.keys():
                odd = sorted(wanted.keys() ^ listed.keys())
                raise DayFileRefused(f"its parts are not those of its manifest: {', '.join(odd[:5])[:200]}")
            parts = {name: file.read(part) for name, part in listed.items()}
    except DayFileRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise DayFileRefused(f"it is cut off, damaged or no file of `tron export` ({error}): copy it again") from None
    for name, data in parts.items():
        if wanted[name] != {"bytes": len(data), "sha256": _sha256(data)}:
            raise DayFileRefused(f"{name!r} is not what was exported: its hash is another; copy the file again")
    return day, parts


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    part = zipfile.ZipInfo(name, EPOCH)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.create_system = 3
    part.external_attr = 0o644 << 16
    file.writestr(part, data, compresslevel=6)


def _listed(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Parts by name, before anything is unpacked; what is read of one is never more than it says here."""
    found = {part.filename: part for part in file.infolist()}
    if len(found) != len(file.infolist()):
        raise DayFileRefused("two of its parts have one name")
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in found.values()):
        raise DayFileRefused("its parts are packed in another way than `tron export` packs them")
    if MANIFEST not in found:
        raise DayFileRefused(f"it has no {MANIFEST}: give a file that `tron export` wrote")
    size = sum(part.file_size for part in found.values())
    if len(found) > MAX_PARTS + 1 or size > MAX_BYTES:
        raise DayFileRefused(f"unpacked it would be {len(found)} parts of {size} bytes: no day is that large")
    return found


def _manifest(data: bytes) -> tuple[date, Mapping[str, Any]]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        manifest = None
    match manifest:
        case {"format": "tron day", "version": int(version)} if version != VERSION:
            raise DayFileRefused(f"version {version} of the file is not known here, only {VERSION}: update Tron")
        case {"format": "tron day", "version": 1, "date": str(text), "parts": dict(parts)}:
            try:
                return date.fromisoformat(text), parts
            except ValueError:
                raise DayFileRefused(f"its manifest has the date {text[:40]!r}") from None
    raise DayFileRefused(f"its {MANIFEST} is not one of `tron export`")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
