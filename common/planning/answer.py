"""The form of a model's answer: what it may say about a day's plan, and no more."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from common.planning.document import Record
from common.planning.headlines import MAX_HEADLINES, MAX_TITLE
from common.planning.mandate import Name
from common.planning.sentiment import MAX_QUOTES, Score

MAX_CLASSES: Final = 3
MAX_SYMBOLS: Final = 100
MAX_PARAMETERS: Final = 30
MAX_CITED: Final = 20
MAX_REASON: Final = 500
MAX_ANSWER: Final = 64 * 1024
"""Characters; what is longer is not read."""
UNSUPPORTED: Final = ("minLength", "maxLength", "maxItems", "minItems", "title", "description", "default")
"""Keywords that not every server takes in a strict schema; the bounds are checked here in any case."""

SIZES: Final = (0.0, 0.5, 1.0)


def _share(size: float) -> float:
    if size not in SIZES:
        raise ValueError(f"size {size} is none of 0, 0.5 and 1")
    return size


Text: TypeAlias = Annotated[str, Field(max_length=MAX_REASON)]


class Cited(Record):
    """A number of the evidence by its path."""

    path: Annotated[str, Field(max_length=200)]
    value: float


class Setting(Record):
    """A parameter of a strategy."""

    name: Name
    value: bool | float | Annotated[str, Field(max_length=64)]


class ClassAnswer(Record):
    """size: share of what is allowed today. strategy '', universe and parameters empty: as the rules have it."""

    asset_class: Literal["stock", "futures", "options"]
    size: Annotated[float, Field(json_schema_extra={"enum": [0, 0.5, 1]}), AfterValidator(_share)]
    strategy: Annotated[str, Field(max_length=64)]
    universe: Annotated[tuple[Name, ...], Field(max_length=MAX_SYMBOLS)]
    parameters: Annotated[tuple[Setting, ...], Field(max_length=MAX_PARAMETERS)]
    reason: Text
    numbers: Annotated[tuple[Cited, ...], Field(max_length=MAX_CITED)]


class HeadlineAnswer(Record):
    """How one headline sounds, by its own words."""

    headline: Annotated[int, Field(ge=1, le=MAX_HEADLINES)]
    score: Score
    quote: Annotated[str, Field(max_length=MAX_TITLE)]


class ModelAnswer(Record):
    """A whole answer; every key must be there."""

    classes: Annotated[tuple[ClassAnswer, ...], Field(max_length=MAX_CLASSES)]
    headlines: Annotated[tuple[HeadlineAnswer, ...], Field(max_length=MAX_HEADLINES)]
    day_score: Score
    day_reason: Text
    day_quotes: Annotated[tuple[Annotated[str, Field(max_length=MAX_TITLE)], ...], Field(max_length=MAX_QUOTES)]


def answer_schema() -> dict[str, Any]:
    """JSON Schema of ModelAnswer in the strict form: every key required, no other key allowed."""
    schema: dict[str, Any] = _strict(ModelAnswer.model_json_schema())
    return schema


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _strict(one) for name, one in value.items()} if key in ("properties", "$defs") else _strict(value)
        for key, value in schema.items() if key not in UNSUPPORTED
    }
