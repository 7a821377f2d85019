"""What planning a day needs from outside: headlines of feeds, and a language model's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from common.planning.headlines import RawHeadline

Role: TypeAlias = Literal["system", "user", "assistant"]
Message: TypeAlias = tuple[Role, str]


@dataclass(frozen=True, slots=True)
class FeedReading:
    """failures: feeds that gave nothing, by name, with the reason."""

    headlines: tuple[RawHeadline, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)


class Feeds(Protocol):
    """The feeds that the settings name."""

    @property
    def count(self) -> int: ...

    def read(self) -> FeedReading:
        """All of them, within a time of its own; never raises for what a feed does."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """Of a model to one question. text: '' where there is none, and then `fault` says why, without any secret.

    tokens_in, tokens_out: as it was charged; None where nobody said.
    """

    text: str
    fault: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None


class Planner(Protocol):
    """A language model. Untrusted: what it answers is text, and no more."""

    def ask(
        self, questions: Sequence[Sequence[Message]], schema: Mapping[str, Any], max_tokens: int,
        deadline_seconds: float,
    ) -> tuple[list[Reply], float]:
        """All questions at once: a reply each, in order, and the seconds that it took, never more than the deadline.

        schema: JSON Schema of each answer. max_tokens: of one answer. Never raises for what the other side does.
        """
        ...
