"""What must not leave the process: values of type Secret, fields that are named like secrets, tokens within texts."""

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

HIDDEN: Final = "***"
MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 200
MAX_TEXT: Final = 8_000
"""Characters of one text; a traceback's end says more than its beginning, so both are kept."""

_NAMES: Final = frozenset({
    "auth", "authorization", "proxyauthorization", "cookie", "setcookie", "token", "jwt", "otp", "totp", "pin", "pwd",
    "passwd", "passphrase", "credential", "credentials", "checksum", "apikey", "xapikey", "xgoogapikey", "enctoken",
    "publictoken", "idtoken", "sessiontoken", "bottoken", "webhook", "webhookurl", "dsn", "key",
})
_ENDINGS: Final = (
    "secret", "secrets", "password", "apikey", "accesstoken", "refreshtoken", "requesttoken", "bearertoken",
    "privatekey", "signingkey", "accesskey", "authorization", "totpseed",
)
_PLAIN: Final = frozenset({int, float, bool, type(None)})

_SCHEMES: Final = re.compile(r"\b(bearer|basic)\s+[\w.~+/=:-]{6,}|\b(token)\s+[\w-]+:[\w-]+", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"""([\w-]*(?:authorization|cookie|secret|passw(?:or)?d|passphrase|api[_-]?key|x-api-key|private[_-]?key|totp|otp
    |access[_-]?token|request[_-]?token|refresh[_-]?token|public[_-]?token|enctoken|\btoken|\bpin)
    ["']?\s*(?:=|:(?!//))\s*["']?)(?!\*\*\*)[^\s"'&,;})\]]+""", re.IGNORECASE | re.VERBOSE,
)
_SHAPES: Final = re.compile(
    r"\bsk-[\w-]{16,}|\bAIza[\w-]{30,}|\bya29\.[\w.-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b\d{6,12}:AA[\w-]{30,}"
)
_USER_INFO: Final = re.compile(r"(\w[\w+.-]*://)[^\s/@]+@")

_SHORT: Final = 40
_MAX_TOLD: Final = 2_000
_told: dict[str, bool] = {}
_clean: set[str] = set()


class Secret:
    """A text that shows as *** wherever it is printed, logged or copied into a document; `reveal` is the only way out.

    Not a str, so that no encoder takes it for one.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one call that needs it."""
        return self._text

    def __str__(self) -> str:
        return HIDDEN

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is neither pickled nor copied to another process: hand over its name instead")


def is_plain(fields: Mapping[str, Any]) -> bool:
    """Whether nothing is to be changed in it: scalars under harmless names, and texts without anything suspicious."""
    if len(fields) > MAX_ITEMS:
        return False
    for name, value in fields.items():
        if type(name) is not str or (_told.get(name, True) and _named_secret(name)):
            return False
        kind = type(value)
        if kind not in _PLAIN and not (kind is str and (value in _clean or is_innocent(value))):
            return False
    return True


def is_innocent(text: str) -> bool:
    """Whether nothing is to be changed in it; what is short comes again and again, as symbols do: remembered."""
    if text in _clean:
        return True
    if len(text) > MAX_TEXT or not _innocent(text):
        return False
    if len(text) <= _SHORT:
        if len(_clean) >= _MAX_TOLD:
            _clean.clear()
        _clean.add(text)
    return True


def redacted(value: Any, depth: int = 0) -> Any:
    """A copy of JSON values alone: secrets hidden, anything else as its text, bounded in depth, items and length."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Secret):
        return HIDDEN
    if depth >= MAX_DEPTH:
        return redacted_text(f"... {type(value).__name__}")
    if isinstance(value, Mapping):
        pairs = [(str(name), item) for name, item in list(value.items())[:MAX_ITEMS]]
        return {
            redacted_text(name): HIDDEN if _named_secret(name) and item not in ("", None) else redacted(item, depth + 1)
            for name, item in pairs
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
    return redacted_text(value.decode(errors="replace") if isinstance(value, bytes) else str(value))


def redacted_text(text: str) -> str:
    """The text without the tokens in it, at most MAX_TEXT characters."""
    if len(text) > MAX_TEXT:
        text = f"{text[: MAX_TEXT // 2]} ... {text[-MAX_TEXT // 2 :]}"
    if _innocent(text):
        return text
    text = _USER_INFO.sub(rf"\1{HIDDEN}@", text)
    text = _SCHEMES.sub(lambda found: f"{found.group(1) or found.group(2)} {HIDDEN}", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _SHAPES.sub(HIDDEN, text)


def _innocent(text: str) -> bool:
    """Whether no pattern can match; written out, for it is most of what a record costs."""
    low = text.lower()
    return not (
        "token" in low or "key" in low or "secret" in low or "pass" in low or "auth" in low or "bearer" in low
        or "basic" in low or "cookie" in low or "otp" in low or "pin" in low or "://" in low or "sk-" in low
        or "eyj" in low or "aiza" in low or "ya29" in low or ":aa" in low
    )


def _named_secret(name: str) -> bool:
    told = _told.get(name)
    if told is None:
        bare = "".join(letter for letter in name.lower() if letter.isalnum())
        told = bare in _NAMES or bare.endswith(_ENDINGS)
        if len(_told) < _MAX_TOLD:
            _told[name] = told
    return told
