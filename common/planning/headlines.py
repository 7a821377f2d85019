"""Headlines of the morning: made harmless, bounded, each once, and only those from before the plan."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from common.planning.document import Record
from common.planning.plain_text import plain

MAX_HEADLINES: Final = 60
MAX_A_SOURCE: Final = 20
MAX_TITLE: Final = 200
MAX_SOURCE: Final = 100
MAX_FAILURE: Final = 200
_WORDS: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RawHeadline:
    """As a feed has it. source: its host. published: aware, None where the feed does not say."""

    source: str
    published: datetime | None
    title: str


class Headline(Record):
    """id: place in the evidence, from 1. published: ISO 8601 with its zone."""

    id: Annotated[int, Field(ge=1, le=MAX_HEADLINES)]
    source: Annotated[str, Field(max_length=MAX_SOURCE)]
    published: str
    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]


class News(Record):
    """feeds: how many were asked; failures: those that did not answer, by host, with the reason."""

    feeds: Annotated[int, Field(ge=0)] = 0
    failures: dict[str, str] = Field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Feeds are set, and none has answered."""
        return 0 < self.feeds <= len(self.failures)


def news_of(
    raw: Iterable[RawHeadline], feeds: int, failures: Mapping[str, str], since: datetime, until: datetime,
) -> News:
    """The latest headlines published from `since` and before `until` (both aware), whatever order they came in.

    Undated ones are left out: nobody knows whether they are from before the plan.
    """
    dated = [
        (one.published, plain(one.source, MAX_SOURCE), plain(html.unescape(one.title), MAX_TITLE)) for one in raw
        if one.published is not None and one.published.tzinfo is not None and since <= one.published < until
    ]
    dated.sort(key=lambda one: (one[1], one[2]))
    dated.sort(key=lambda one: one[0], reverse=True)
    seen: set[str] = set()
    taken: dict[str, int] = {}
    found: list[Headline] = []
    for published, source, title in dated:
        same = " ".join(_WORDS.findall(title.casefold()))
        if not same or same in seen or taken.get(source, 0) == MAX_A_SOURCE or len(found) == MAX_HEADLINES:
            continue
        seen.add(same)
        taken[source] = taken.get(source, 0) + 1
        shown = published.astimezone(until.tzinfo).isoformat()
        found.append(Headline(id=len(found) + 1, source=source, published=shown, title=title))
    told = {plain(name, MAX_SOURCE): plain(text, MAX_FAILURE) for name, text in sorted(failures.items())}
    return News(feeds=feeds, failures=told, headlines=tuple(found))
