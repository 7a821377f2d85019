"""How long documents and archived objects are kept, from one dated file that Terraform reads too."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from common.ports import EXPIRES


def expiring(collection: str, now: datetime) -> dict[str, str]:
    """The field that a new document of `collection` carries from `now` (aware) on; KeyError where none expires."""
    return {EXPIRES: (now + timedelta(days=_days()[collection])).isoformat()}


def bucket_lifecycle() -> list[Mapping[str, Any]]:
    """Lifecycle rules of an archive bucket, as Cloud Storage's JSON API has them."""
    return list(_table()["bucket_lifecycle"])


@cache
def _days() -> dict[str, int]:
    return {row["collection"]: row["days"] for row in _table()["documents"]}


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((files("common") / "data/retention.json").read_text(encoding="utf-8"))
    return found
