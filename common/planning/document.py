"""Planning documents: frozen records, canonical JSON with its hash, and strict parsing that says what to do."""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

MAX_REPORTED: Final = 20
MAX_SHOWN: Final = 60
REMEDIES: Final = {
    "int_type": "write whole digits, without a decimal point or quotes",
    "float_type": "write a number, without quotes",
    "finite_number": "write a number",
    "bool_type": "write true or false",
    "string_pattern_mismatch": "write it as the pattern shows, in quotes",
    "model_type": "make it a section with keys of its own",
    "too_short": "name at least one",
}


class InvalidDocument(ValueError):
    """A document that may not be used; the message has one line a problem: key, what is wrong, what to do."""


def canonical_json(fields: Mapping[str, Any]) -> str:
    """The one spelling of a document: sorted keys, no spaces. Raises ValueError for NaN and infinities."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def document_hash(fields: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()


class Record(BaseModel):
    """Base of all planning models: frozen, strict, finite numbers only, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_fields(self) -> dict[str, Any]:
        """JSON values only; the same record gives the same fields."""
        return self.model_dump(mode="json")

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None,
        deep: bool = False,  # noqa: ARG002 - pydantic's signature; records are frozen, so a deep copy is never needed
    ) -> Self:
        """A changed copy, validated like a new one; pydantic's own would skip that, and keep a cached hash."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**own | dict(update or {}))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Raises InvalidDocument."""
        return cls.parse(fields, cls.__name__.lower())

    @classmethod
    def parse(cls, fields: Mapping[str, Any] | str, where: str) -> Self:
        """Strictly from JSON values (dates as text), or their JSON. `where` opens each line of the error.

        Raises InvalidDocument.
        """
        try:
            return cls.model_validate_json(fields if isinstance(fields, str) else json.dumps(fields, default=str))
        except ValidationError as error:
            lines = [_problem(where, cls, one) for one in error.errors(include_url=False)[:MAX_REPORTED]]
            raise InvalidDocument("\n".join(lines)) from None


def _problem(where: str, model: type[BaseModel], error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        name, known = str(error["loc"][-1]), sorted(set(_keys(model)))
        close = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {close[0]}?" if close else "remove it"
        return f"{where}: {key}: there is no such key; {remedy}"
    if error["type"] == "missing":
        return f"{where}: {key}: is missing; add it"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{where}: {key}: {message}" if key else f"{where}: {message}"
    shown = repr(error["input"])
    shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."
    remedy = REMEDIES.get(error["type"], "change it")
    return f"{where}: {key} = {shown}: {message[:1].lower()}{message[1:]}; {remedy}"


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation)
