"""The person's daily login: the link with a signed state, the redirect that comes back, and what a late one starts."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from common.account_ports import BrokerLogin, LoggedIn, LoginRefused, Steps
from common.day.notices import Notice, login_link
from common.market.calendar import session_on, session_times
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.ports import Clock
from common.redaction import Secret

STATE_LASTS: Final = timedelta(hours=12)
"""The morning's link also serves for a second login in the afternoon."""
TOKENS_END: Final = time(6, 0)
"""About when the broker ends every token of the day before (facts/kite.md, session)."""
MAX_STATE: Final = 200
MAX_TOKEN: Final = 100


@dataclass(frozen=True, slots=True)
class LoginPorts:
    """owner: whose login is taken, and no other. nonce: a new random text at each call."""

    login: BrokerLogin
    steps: Steps
    clock: Clock
    owner: str
    nonce: Callable[[], str]


def login_notice(day: date, ports: LoginPorts, *, again: bool = False) -> Notice:
    """The link for the person. again: a login of today has ended. Raises LoginRefused."""
    notice = login_link(day, ports.login.url(new_state(ports)))
    if not again:
        return notice
    return Notice("login", day, notice.title, notice.text, cause=f"again {ports.clock.now():%H}", urgent=True)


def new_state(ports: LoginPorts) -> str:
    """'{expiry}.{nonce}.{signature}': nothing is stored for it. Raises LoginRefused."""
    expires = int((ports.clock.now() + STATE_LASTS).timestamp())
    told = f"{expires}.{ports.nonce()}"
    return f"{told}.{_signature(told, ports.login.signing_key())}"


def complete(values: Mapping[str, str], ports: LoginPorts) -> LoggedIn:
    """From the redirect's parameters to a kept token. Raises LoginRefused, BrokerUnavailable."""
    if values.get("status") != "success":
        raise LoginRefused("the broker says that the login did not succeed: open the link again")
    check_state(values.get("state", ""), ports)
    return exchange(values.get("request_token", ""), ports)


def exchange(request_token: str, ports: LoginPorts) -> LoggedIn:
    """A request token that the person brings, as at a terminal. Raises LoginRefused, BrokerUnavailable."""
    if not ports.owner:
        raise LoginRefused("TRON_KITE_USER is not set: give the user id of the account, so that no other is taken")
    if not request_token.isalnum() or len(request_token) > MAX_TOKEN:
        raise LoginRefused("there is no request token in this redirect: open the login link again")
    return ports.login.complete(Secret(request_token), ports.owner)


def check_state(state: str, ports: LoginPorts) -> None:
    """Raises LoginRefused for a state that is not ours, was altered or is too old."""
    told, _, signature = state[:MAX_STATE].rpartition(".")
    expires, _, _ = told.partition(".")
    expected = _signature(told, ports.login.signing_key())
    if not hmac.compare_digest(signature.encode(), expected.encode()) or not expires.isdecimal():
        raise LoginRefused("this login was not begun with Tron's link: open the link of the latest message")
    if ports.clock.now().timestamp() > int(expires):
        raise LoginRefused("the link is too old: ask for a new one with `tron login`, or by the function remind_login")


def is_current(found: LoggedIn | None, owner: str, now: datetime) -> bool:
    """Whether a login can still count at `now` (aware): the owner's, since the broker last ended all tokens."""
    if found is None or found.user != owner:
        return False
    here = now.astimezone(INDIA)
    end = datetime.combine(here.date(), TOKENS_END, INDIA)
    return found.at >= (end if here >= end else end - timedelta(days=1))


def start_late(day: date, ports: LoginPorts) -> dict[str, str]:
    """What a login after the morning's time has to start itself: preparing, then planning; {step: what came of it}."""
    if session_on(day) is None:
        return {}
    times, now = session_times(day, AssetClass.STOCK).steps, ports.clock.now()
    if now >= at(times["login_until"]):
        return {"said": f"it is after {at(times['login_until']):%H:%M}: nothing is planned today any more"}
    did = dict[str, str]()
    for step in ("prepare_day", "plan_day"):
        if now >= at(times[step]):
            try:
                did[step] = ports.steps.run(step, day)
            except OSError as failure:
                did[step] = f"could not be started: {failure}"
                break
    return did


def remind(day: date, ports: LoginPorts, deliver: Callable[[Notice], Any]) -> str:
    """Send the link, unless today's login is there already or nothing is traded; what was done. Raises LoginRefused."""
    if session_on(day) is None:
        return "the exchange is closed: no login is needed"
    if is_current(ports.login.latest(), ports.owner, ports.clock.now()):
        return "logged in already"
    deliver(login_notice(day, ports))
    return "sent"


def _signature(told: str, key: Secret) -> str:
    return hmac.new(key.reveal().encode(), told.encode(), hashlib.sha256).hexdigest()
