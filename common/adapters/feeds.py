"""Headlines of RSS and Atom feeds over HTTP: bounded in size, time and redirects, from public addresses alone."""

import io
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import feedparser
import httpx2

from common.adapters.public_network import PrivateAddress, PublicTransport
from common.planner_ports import FeedReading
from common.planning.headlines import RawHeadline

MAX_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 3
MAX_ENTRIES: Final = 200
FEED_SECONDS: Final = 8.0
ALL_SECONDS: Final = 30.0
STEP_SECONDS: Final = 4.0
"""For connecting, and for each piece that is read."""
REDIRECTS: Final = (301, 302, 303, 307, 308)
HEADERS: Final = {"Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9",
                  "Accept-Encoding": "identity", "User-Agent": "tron"}


class FeedRefused(Exception):
    """The feed is not read; the text says why and has no address in it."""


class HttpFeeds:
    """The feeds of `urls`, http or https, in order, one after another. allow_loopback: for tests on this machine."""

    def __init__(
        self, urls: Sequence[str], *, allow_loopback: bool = False, feed_seconds: float = FEED_SECONDS,
        all_seconds: float = ALL_SECONDS,
    ) -> None:
        self._urls = tuple(urls)
        self._allow_loopback = allow_loopback
        self._feed_seconds = feed_seconds
        self._all_seconds = all_seconds

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._urls)

    def read(self) -> FeedReading:
        """All of them; what fails is told by name: host and path, for a query may hold a key."""
        last = time.monotonic() + self._all_seconds
        found: list[RawHeadline] = []
        failures: dict[str, str] = {}
        for url in self._urls:
            try:
                now = time.monotonic()
                if now >= last:
                    raise FeedRefused("there was no time left for it")
                found += self._headlines(url, min(last, now + self._feed_seconds))
            except FeedRefused as refused:
                failures[_name(url)] = str(refused)
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
                cause = error.__cause__
                why = str(cause) if isinstance(cause, PrivateAddress) else f"it cannot be read: {type(error).__name__}"
                failures[_name(url)] = why
        return FeedReading(tuple(found), failures)

    def _headlines(self, url: str, until: float) -> list[RawHeadline]:
        with httpx2.Client(
            transport=PublicTransport(allow_loopback=self._allow_loopback), timeout=STEP_SECONDS, trust_env=False,
            follow_redirects=False, headers=HEADERS,
        ) as client:
            data = _fetched(client, url, until)
        if b"<!ENTITY" in data or "<!ENTITY".encode("utf-16-le") in data or "<!ENTITY".encode("utf-16-be") in data:
            raise FeedRefused("it declares entities, which no feed needs")
        parsed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
        found = list(_entries(parsed.get("entries") or (), urlsplit(url).hostname or ""))
        if not found and parsed.get("bozo"):
            raise FeedRefused("it is neither RSS nor Atom")
        return found


def _fetched(client: httpx2.Client, url: str, until: float) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise FeedRefused("its address, or where it leads to, is not plain http or https")
        with client.stream("GET", url) as answer:
            if answer.status_code in REDIRECTS:
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            if answer.status_code != 200:
                raise FeedRefused(f"it answered {answer.status_code}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise FeedRefused("it is compressed, which was not asked for")
            return _body(answer, until)
    raise FeedRefused(f"it redirects more than {MAX_REDIRECTS} times")


def _body(answer: httpx2.Response, until: float) -> bytes:
    data = bytearray()
    for piece in answer.iter_raw():
        data += piece
        if len(data) > MAX_BYTES:
            raise FeedRefused(f"it is larger than {MAX_BYTES} bytes")
        if time.monotonic() > until:
            raise FeedRefused("it took too long")
    return bytes(data)


def _entries(entries: Sequence[Any], source: str) -> Iterator[RawHeadline]:
    for entry in entries[:MAX_ENTRIES]:
        stamp, title = entry.get("published_parsed") or entry.get("updated_parsed"), entry.get("title")
        if isinstance(title, str):
            yield RawHeadline(source, _moment(stamp), title)


def _moment(stamp: Any) -> datetime | None:
    try:
        year, month, day, hour, minute, second = stamp[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _name(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}{parts.path}"[:100]
    except ValueError:
        return "a feed"
