"""The person of a played live day: follows the login link that the notice carries, and answers the plan."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from common.day.delivery import NOTICES
from common.market.money import money
from common.ports import DocumentStore
from common.redaction import Secret

REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
TIMEOUT_SECONDS: Final = 300.0
"""Of one request: a late login prepares and plans the day before it answers."""


class NotDone(RuntimeError):
    """The login or the approval was not taken; the text says why."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The redirect itself is wanted: it is followed by hand, as a browser shows it."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Person:
    """url: of a function by its name. approves: whether a live plan is approved as soon as it is there.

    key: of an operator, for functions that know keys; None where the person at this machine needs none.
    """

    day: date
    store: DocumentStore
    url: Callable[[str], str]
    say: Callable[[str], None]
    approves: bool
    command: str
    """What to type to approve by hand."""
    key: Secret | None = None

    def hear(self, step: str, answer: Mapping[str, Any]) -> None:
        """After a step of the day: what a person does then. Raises NotDone."""
        if step == "remind_login" and answer.get("said") == "sent":
            self._log_in()
        if step == "plan_day" and answer.get("status") == "DRAFT":
            self._look_at_the_plan()

    def _log_in(self) -> None:
        """By the link of the notice: the page, its button, and the redirect that comes back to kite_login."""
        notice = self.store.get(NOTICES, f"{self.day.isoformat()}-login")
        if notice is None:
            raise NotDone(f"there is no notice of {self.day} with a login link")
        link = str(notice.fields["text"]).splitlines()[-1]
        parts, query = urlsplit(link), parse_qs(urlsplit(link).query)
        _get(link)
        form = {name: query[name][0] for name in ("api_key", "redirect_params")}
        finish = f"{parts.scheme}://{parts.netloc}/connect/finish"
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            opener.open(finish, urlencode(form).encode(), timeout=TIMEOUT_SECONDS)
            raise NotDone("the login page leads nowhere")
        except urllib.error.HTTPError as redirect:
            target = redirect.headers.get("Location", "")
            if not target:
                raise NotDone(f"the login page has answered {redirect.code}") from None
        for line in _get(target).splitlines():
            self.say(f"kite_login: {line}")

    def _look_at_the_plan(self) -> None:
        address = f"{self.url('control')}?{urlencode({'date': self.day.isoformat()})}"
        shown = json.loads(self._ask(urllib.request.Request(address)))["plan"]
        most = money(shown["max_loss_paise"])
        if not self.approves:
            until = shown["until"][11:16]
            self.say(f"the live plan waits for you until {until}, maximum loss {most}: `{self.command}`")
            return
        answer = {name: shown[name] for name in ("date", "plan_hash", "max_loss_paise")} | {"action": "approve"}
        taken = json.loads(self._ask(urllib.request.Request(
            self.url("control"), json.dumps(answer).encode(), {"Content-Type": "application/json"},
        )))
        self.say(f"the live plan is approved (--approve), maximum loss {most}: it is {taken['status']}")

    def _ask(self, request: urllib.request.Request) -> str:
        """Of the API. Raises NotDone, also for a key that is wanted or wrong."""
        if self.key is not None:
            request.add_header("X-API-Key", self.key.reveal())
        return _open(request, "set TRON_API_KEY to the key of an operator")


def _get(url: str) -> str:
    return _open(urllib.request.Request(url))


def _open(request: urllib.request.Request, remedy: str = "") -> str:
    """remedy: for whom it refuses."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            text: str = answer.read().decode(errors="replace")
            return text
    except urllib.error.HTTPError as error:
        told = f"HTTP {error.code}: {error.read(500).decode(errors='replace')}"
        raise NotDone(f"{told}; {remedy}" if error.code in REFUSED and remedy else told) from None
    except OSError as error:
        raise NotDone(f"{urlsplit(request.full_url).netloc} does not answer: {error}") from None
