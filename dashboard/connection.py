"""The dashboard's one way to the API: answers kept by their marks, and what to show while it is down."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import httpx2

from common.day.polling import every_seconds

TIMEOUT: Final = httpx2.Timeout(6.0, connect=1.5)
DOWN_SECONDS: Final = 3.0
"""After a failure nothing is asked for so long, so that no page waits for each of its parts."""
SOONER_SECONDS: Final = 0.5
"""A page that looks again every five seconds is to find what it has just old enough."""
MAX_KEPT: Final = 200
Source: TypeAlias = Literal["api", "kept", "store"]
LocalRead: TypeAlias = Callable[[str, Mapping[str, str]], "tuple[Any, datetime] | None"]


@dataclass(frozen=True, slots=True)
class Reading:
    """data: the answer; None where there is none, and problem says why. now: by Tron's clock when it was made.

    taken: seconds since the epoch when it was read. source: the API, an answer of before, or the store itself.
    missing: the API has answered that there is no such thing (yet).
    """

    data: Any
    now: datetime | None
    taken: float
    source: Source = "api"
    problem: str = ""
    missing: bool = False

    @property
    def age_seconds(self) -> float:
        """Since it was read."""
        return max(0.0, time.time() - self.taken)


@dataclass(slots=True)
class _Kept:
    reading: Reading
    etag: str
    asked: float


class Connection:
    """To the API at `address` with `key`; shared by every session of this process. Never raises.

    folder: where the last good answers outlive this process; None: nowhere. local: reads the store itself.
    """

    def __init__(self, address: str, key: str, folder: Path | None = None, local: LocalRead | None = None) -> None:
        self.address = address.rstrip("/")
        headers = {"X-API-Key": key} if key else {}
        self._client = httpx2.Client(base_url=self.address, headers=headers, timeout=TIMEOUT)
        self._folder, self._local = folder, local
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._down_until = 0.0
        self.problem = ""

    @property
    def down(self) -> bool:
        """Whether the last call has found no API that answers."""
        return bool(self.problem)

    def read(self, path: str, wanted: Mapping[str, str], *, fresh: bool = False) -> Reading:
        """GET path with what is wanted, at most as often as the poll plan has it. fresh: ask now."""
        query = {name: value for name, value in sorted(wanted.items()) if value}
        name = f"{path}?{json.dumps(query)}"
        lasts = every_seconds(path, query) - SOONER_SECONDS
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and not fresh and time.monotonic() - kept.asked < lasts:
                return kept.reading
            if time.monotonic() < self._down_until and not fresh:
                return self._otherwise(name, path, query, kept)
            return self._asked(name, path, query, kept)

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether it was taken, and the API's word for why not."""
        try:
            answer = self._client.post(path, json=dict(body))
        except httpx2.HTTPError as error:
            return False, f"the API does not answer ({type(error).__name__}): nothing was changed as far as is known"
        if answer.is_success:
            with self._lock:
                self._kept.clear()
            return True, ""
        return False, _detail(answer)

    def _asked(self, name: str, path: str, query: Mapping[str, str], kept: _Kept | None) -> Reading:
        headers = {"If-None-Match": kept.etag} if kept is not None and kept.etag else {}
        try:
            answer = self._client.get(path, params=query, headers=headers)
        except httpx2.HTTPError as error:
            return self._failed(
                f"the API at {self.address} does not answer ({type(error).__name__})", name, path, query, kept
            )
        now = _moment(answer.headers.get("Tron-Time", ""))
        if answer.status_code == 304 and kept is not None:
            reading = replace(kept.reading, now=now, taken=time.time(), source="api", problem="")
        elif answer.is_success:
            reading = Reading(answer.json(), now, time.time())
        elif answer.status_code == 404:
            reading = Reading(None, now, time.time(), problem=_detail(answer), missing=True)
        elif answer.status_code in (400, 422):
            reading = Reading(None, now, time.time(), problem=_detail(answer))
        else:
            return self._failed(_detail(answer), name, path, query, kept)
        self.problem = ""
        self._keep(name, _Kept(reading, answer.headers.get("ETag", kept.etag if kept else ""), time.monotonic()))
        return reading

    def _failed(self, problem: str, name: str, path: str, query: Mapping[str, str], kept: _Kept | None) -> Reading:
        self.problem = problem
        self._down_until = time.monotonic() + DOWN_SECONDS
        return self._otherwise(name, path, query, kept)

    def _otherwise(self, name: str, path: str, query: Mapping[str, str], kept: _Kept | None) -> Reading:
        """The store itself where it can be read, else the last good answer, else the reason that there is none."""
        found = self._local(path, query) if self._local is not None else None
        if found is not None:
            return Reading(found[0], found[1], time.time(), "store", self.problem)
        last = kept.reading if kept is not None else self._from_disk(name)
        if last is None:
            return Reading(None, None, time.time(), "kept", self.problem)
        return replace(last, source="kept", problem=self.problem)

    def _keep(self, name: str, kept: _Kept) -> None:
        if len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[name] = kept
        if self._folder is None or kept.reading.data is None or "cursor" in name:
            return
        note = {"data": kept.reading.data, "now": str(kept.reading.now or ""), "taken": kept.reading.taken}
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(note), encoding="utf-8")
            part.rename(path)
        except OSError as error:
            self._folder = None
            print(f"dashboard: answers are not kept: {error}", flush=True)

    def _from_disk(self, name: str) -> Reading | None:
        if self._folder is None:
            return None
        try:
            note = json.loads(self._path(name).read_text(encoding="utf-8"))
            return Reading(note["data"], _moment(note["now"]), float(note["taken"]), "kept")
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _detail(answer: httpx2.Response) -> str:
    try:
        told = answer.json()
        return str(told.get("detail") or told.get("title") or told)[:500]
    except (ValueError, AttributeError):
        return f"the API answers {answer.status_code}"
