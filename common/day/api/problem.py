"""What went wrong with a request, as RFC 9457 has it: application/problem+json."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

CONTENT_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:tron:problem:"
KINDS: Final[Mapping[str, tuple[int, str]]] = {
    "invalid-request": (400, "The request cannot be used"),
    "no-key": (401, "A key is needed"),
    "not-allowed": (403, "This key does not allow it"),
    "not-found": (404, "There is nothing here"),
    "wrong-method": (405, "This method is not answered here"),
    "conflict": (409, "Not as things stand"),
    "no-length": (411, "The length of the body is needed"),
    "too-large": (413, "The body is too large"),
    "wrong-content": (415, "The body is of the wrong type"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "A defect of Tron"),
    "unavailable": (503, "Something that is needed does not answer"),
}


class Problem(Exception):
    """kind: of KINDS. detail: what to do instead. errors: (parameter, what is wrong). headers: of the answer."""

    def __init__(
        self, kind: str, detail: str, errors: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def to_fields(self) -> dict[str, Any]:
        """The body."""
        found: dict[str, Any] = {
            "type": TYPE + self.kind, "title": self.title, "status": self.status, "detail": self.detail,
        }
        if self.errors:
            found["errors"] = [{"parameter": name, "detail": text} for name, text in self.errors]
        return found


def unavailable(detail: str, retry_seconds: int = 5) -> Problem:
    """503: not the asker's fault; when to ask again."""
    return Problem("unavailable", detail, headers={"Retry-After": str(retry_seconds)})
