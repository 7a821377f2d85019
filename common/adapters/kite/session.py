"""The HTTP session under the official client: every answer is judged here, before the client looks at it."""

import json
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.exceptions import SSLError as TlsError
from urllib3.util import Timeout

from common.adapters.kite.errors import KiteFault
from common.redaction import HIDDEN

MAX_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 256 * 1024
_NEVER_SENT: Final = (
    requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema, requests.exceptions.InvalidHeader,
)


class CheckedSession(requests.Session):
    """Raises KiteFault for whatever is not a whole, successful answer; what it returns the client can take.

    The environment's proxies and netrc are not used: orders must leave from the registered address. Redirects are not
    followed. The whole of a request lasts as long as its time-out says, and an answer has at most MAX_BYTES.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.last_date = ""
        self.last_seconds = 0.0

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """As the client calls it. Raises KiteFault, of which nothing secret is part."""
        seconds = float(options.pop("timeout", None) or 7.0)
        begun = monotonic()
        options.update(
            allow_redirects=False, stream=True, timeout=Timeout(total=seconds), verify=True, proxies={},
        )
        secrets = _secrets_of(options)
        try:
            answer = super().request(method, url, *args, **options)
            with answer:
                answer._content = _body(answer, begun + seconds)
        except KiteFault:
            raise
        except Exception as error:
            raise _fault_of(error, url) from None
        self.last_date, self.last_seconds = answer.headers.get("Date", ""), monotonic() - begun
        fault = _judged(answer)
        if fault is not None:
            raise _without(fault, secrets)
        return answer


def _body(answer: Any, until: float) -> bytes:
    """What has come is taken at once, so that an answer in drops ends in time too."""
    parts, size = list[bytes](), 0
    while True:
        left = until - monotonic()
        if left <= 0:
            raise KiteFault("the answer came too slowly", code=answer.status_code)
        connection = answer.raw.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(left)
        part = answer.raw.read1(_CHUNK, decode_content=True)
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > MAX_BYTES:
            raise KiteFault(f"an answer of more than {MAX_BYTES} bytes", code=answer.status_code)
        parts.append(part)


def _judged(answer: Any) -> KiteFault | None:
    """None where the client can go on with it."""
    code, kind = answer.status_code, str(answer.headers.get("Content-Type", "")).lower()
    if "csv" in kind and code == 200:
        answer.headers["content-type"] = "text/csv"
        return None
    data = _object(answer.content)
    if data is None:
        what = kind.partition(";")[0] or "no content type"
        return KiteFault(f"an answer that is not Kite's JSON ({what}, {len(answer.content)} bytes)", code=code)
    if data.get("status") == "error" or data.get("error_type") or code >= 300:
        return KiteFault(
            str(data.get("message") or "no reason given"), code=code, error_type=str(data.get("error_type") or ""),
            api=True,
        )
    if data.get("data") is None:
        return KiteFault("an answer without data", code=code)
    answer.headers["content-type"] = "application/json"  # the client chooses by it, and some proxies drop it
    return None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _fault_of(error: Exception, url: str) -> KiteFault:
    """By the type alone: the texts of these errors may carry headers and addresses with secrets in them."""
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    names = [type(error).__name__]
    if isinstance(cause, BaseException) and type(cause).__name__ not in names:
        names.append(type(cause).__name__)
    never = isinstance(error, _NEVER_SENT) or (isinstance(reason, MaxRetryError) and _is_before_sending(cause))
    return KiteFault(f"{urlsplit(url).hostname}: {': '.join(names)}", sent=not never)


def _is_before_sending(cause: object) -> bool:
    """No connection came about: nothing was sent. A certificate is refused before anything is said."""
    if isinstance(cause, (NewConnectionError, NameResolutionError)):
        return True
    return isinstance(cause, TlsError) and "CERTIFICATE_VERIFY_FAILED" in str(cause)


def _secrets_of(options: dict[str, Any]) -> list[str]:
    header = str((options.get("headers") or {}).get("Authorization", ""))
    parts = [part for part in header.removeprefix("token ").split(":") if part]
    body = options.get("data")
    if isinstance(body, dict):
        parts += [str(body[name]) for name in ("request_token", "checksum", "api_key") if body.get(name)]
    return [part for part in parts if len(part) >= 4]


def _without(fault: KiteFault, secrets: list[str]) -> KiteFault:
    text = fault.text
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    if text == fault.text:
        return fault
    return KiteFault(text, code=fault.code, error_type=fault.error_type, sent=fault.sent, api=fault.api)
