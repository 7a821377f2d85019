"""Where a result comes from: hashes of the code that traded, of the files that it traded on, and of what was asked."""

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import common
from common.strategies.registry import BUILT_IN, get

_PARTS: Final = ("market", "trading", "exchange", "strategies", "planning", "research")
_KINDS: Final = frozenset({".py", ".csv", ".json", ".toml"})


def code_hash(strategy: str) -> str:
    """SHA-256 over every module and table that can change what is traded; a plug-in's module counts too.

    The compiled build holds the same sources, and so has the same hash. Raises UnknownStrategy.
    """
    root = Path(common.__file__).parent
    found = [path for part in _PARTS for path in (root / part).rglob("*") if path.suffix in _KINDS]
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + _of(path).encode())
    if strategy not in BUILT_IN:
        digest.update(_of(Path(inspect.getfile(get(strategy)))).encode())
    return digest.hexdigest()


def data_hash(paths: Sequence[Path]) -> str:
    """SHA-256 over the content of the files, whatever their names or order."""
    return hashlib.sha256("".join(sorted(map(_of, paths))).encode()).hexdigest()


def fingerprint(values: Mapping[str, Any]) -> str:
    """SHA-256 over JSON values, whatever the order of their names."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
