"""The daily login: signed link, checked redirect, owner, secret; and what a late one starts."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.account_ports import LoggedIn, LoginRefused
from common.adapters.clock import VirtualClock
from common.adapters.kite.login import KiteLogin
from common.adapters.kite.token import Token, read_token, write_token
from common.adapters.memory import MemoryStore
from common.day.alarms import alert
from common.day.delivery import NoticePorts
from common.day.login import LoginPorts, check_state, complete, is_current, login_notice, new_state, remind, start_late
from common.day.notices import Notice
from common.log_record import LOGIN, LOGS
from common.market.indian_time import INDIA
from common.redaction import Secret
from common.trading.errors import BrokerUnavailable
from tests.unit.kept_logs import KeptLogs
from tests.unit.kite_case import KEY, SECRET, TOKEN, USER, SmallKite, body, data, error, hang_up, secrets, small_kite

SUNDAY = date(2026, 11, 22)
DAY = date(2026, 11, 23)
SESSION = {"user_id": USER, "access_token": "tokenOfToday", "login_time": "2026-11-23 08:05:14", "refresh_token": ""}
LOGIN_PAGE = "https://kite.example/connect/login"


@dataclass
class KeptSteps:
    """Steps that say what they were asked for; the test may let them fail."""

    ran: list[str] = field(default_factory=list)
    failing: str = ""

    def run(self, step: str, day: date) -> str:
        if step == self.failing:
            raise OSError("HTTP 503")
        self.ran.append(f"{step} {day}")
        return "done"


@dataclass
class Desk:
    """Login ports on a small Kite, at 08:05."""

    kite: SmallKite

    def __post_init__(self) -> None:
        self.secrets = secrets()
        self.clock = VirtualClock(datetime(2026, 11, 23, 8, 5, tzinfo=INDIA))
        self.steps = KeptSteps()
        login = KiteLogin(self.secrets, self.clock, self.kite.url, LOGIN_PAGE)
        self.ports = LoginPorts(login, self.steps, self.clock, USER, lambda: "n0nce")

    def redirect(self, **changes: str) -> dict[str, str]:
        """What comes back to us when the person has followed the link."""
        values = {"action": "login", "status": "success", "request_token": "requestToken1", "type": "login"}
        return {**values, "state": new_state(self.ports), **changes}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with small_kite() as kite:
        kite.standing["POST /session/token"] = data(SESSION)
        yield Desk(kite)


def test_the_link_is_the_brokers_page_with_our_state(desk: Desk) -> None:
    """The app's key and the state, which comes back; nothing that could log anybody in."""
    notice = login_notice(DAY, desk.ports)
    link = notice.text.splitlines()[-1]
    query = parse_qs(urlsplit(link).query)
    assert link.startswith(f"{LOGIN_PAGE}?")
    assert (query["api_key"], query["v"]) == ([KEY], ["3"])
    check_state(parse_qs(query["redirect_params"][0])["state"][0], desk.ports)
    assert SECRET not in link
    assert TOKEN not in link


def test_a_login_is_kept_with_owner_and_time(desk: Desk) -> None:
    """The exchange carries the documented checksum and no secret."""
    said = complete(desk.redirect(), desk.ports)
    assert said == LoggedIn(USER, datetime(2026, 11, 23, 8, 5, 14, tzinfo=INDIA))
    token = read_token(desk.secrets)
    assert token is not None
    assert (token.value.reveal(), token.user, token.at) == ("tokenOfToday", USER, said.at)
    (request,) = desk.kite.requests
    assert request.form["request_token"] == desk.redirect()["request_token"]
    assert len(request.form["checksum"]) == 64
    assert SECRET not in str(request)
    assert desk.ports.login.latest() == said


@pytest.mark.parametrize(
    "changes", [{"state": ""}, {"state": "1.2.3"}, {"status": "failed"}, {"request_token": ""},
                {"request_token": "a b"}, {"request_token": "x" * 101}],
)
def test_a_redirect_that_is_not_ours_is_refused_before_anything_is_asked(desk: Desk, changes: dict[str, str]) -> None:
    """Nobody can push a login of his own into the system."""
    with pytest.raises(LoginRefused):
        complete(desk.redirect(**changes), desk.ports)
    assert desk.kite.requests == []


@given(st.text(max_size=80), st.integers(0, 200))
def test_no_altered_state_passes(text: str, cut: int) -> None:
    """Not with another expiry, not cut, not invented."""
    desk = Desk(SmallKite())
    state = new_state(desk.ports)
    later = f"9{state[1:]}"
    for forged in (text, state[:cut] + text, later):
        if forged != state:
            with pytest.raises(LoginRefused):
                check_state(forged, desk.ports)


def test_a_link_ends(desk: Desk) -> None:
    """After half a day; until then it serves again, for the request token is what can be used once."""
    values = desk.redirect()
    complete(values, desk.ports)
    complete(values, desk.ports)
    desk.clock.advance_to(desk.clock.now() + timedelta(hours=12, seconds=1))
    with pytest.raises(LoginRefused, match="too old"):
        complete(values, desk.ports)


def test_somebody_elses_account_is_not_taken(desk: Desk) -> None:
    """And what was kept before stays."""
    desk.kite.standing["POST /session/token"] = data({**SESSION, "user_id": "ZZ9999"})
    with pytest.raises(LoginRefused, match="Tron trades for AB1234"):
        complete(desk.redirect(), desk.ports)
    with pytest.raises(LoginRefused, match="TRON_KITE_USER"):
        complete(desk.redirect(), replace(desk.ports, owner=""))
    token = read_token(desk.secrets)
    assert token is not None
    assert token.value.reveal() == TOKEN


FAILURES = {
    "token": (error(403, "TokenException", "Token is invalid or has expired."), LoginRefused),
    "input": (error(400, "InputException"), LoginRefused), "429": (error(429, None), BrokerUnavailable),
    "503": (error(503, "NetworkException"), BrokerUnavailable),
    "HTML": (body(b"<", 502, "text/html"), BrokerUnavailable),
    "empty": (data({}), BrokerUnavailable), "list": (data([]), BrokerUnavailable),
    "odd time": (data({**SESSION, "login_time": 5}), BrokerUnavailable),
    "no token": (data({**SESSION, "access_token": ""}), BrokerUnavailable), "hung up": (hang_up, BrokerUnavailable),
}


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_an_exchange_that_fails_keeps_what_was_there(desk: Desk, name: str) -> None:
    """Refused or to be tried again, and no secret in the text."""
    reply, expected = FAILURES[name]
    desk.kite.standing["POST /session/token"] = reply
    with pytest.raises(expected) as said:
        complete(desk.redirect(), desk.ports)
    assert "requestToken1" not in str(said.value)
    assert SECRET not in str(said.value)
    token = read_token(desk.secrets)
    assert token is not None
    assert token.value.reveal() == TOKEN


@pytest.mark.parametrize(
    ("hour", "minute", "steps"),
    [(8, 5, []), (8, 31, ["prepare_day"]), (8, 50, ["prepare_day", "plan_day"]),
     (9, 59, ["prepare_day", "plan_day"]), (10, 0, [])],
)
def test_a_late_login_starts_what_has_been_missed(desk: Desk, hour: int, minute: int, steps: list[str]) -> None:
    """Up to ten o'clock, in order; the scheduler does the rest."""
    desk.clock.advance_to(datetime(2026, 11, 23, hour, minute, tzinfo=INDIA))
    start_late(DAY, desk.ports)
    assert desk.steps.ran == [f"{step} {DAY}" for step in steps]


def test_a_step_that_fails_is_said_and_ends_it(desk: Desk) -> None:
    """No plan is made of what could not be prepared; the login itself is good."""
    desk.clock.advance_to(datetime(2026, 11, 23, 9, 0, tzinfo=INDIA))
    desk.steps.failing = "prepare_day"
    assert start_late(DAY, desk.ports) == {"prepare_day": "could not be started: HTTP 503"}
    assert start_late(SUNDAY, desk.ports) == {}


def test_a_login_counts_until_six(desk: Desk) -> None:
    """The broker ends all tokens then; another's never counts."""
    evening = LoggedIn(USER, datetime(2026, 11, 23, 20, 0, tzinfo=INDIA))
    for hour, day, counts in ((23, 23, True), (5, 24, True), (6, 24, False)):
        assert is_current(evening, USER, datetime(2026, 11, day, hour, tzinfo=INDIA)) is counts
    assert not is_current(evening, "ZZ9999", datetime(2026, 11, 23, 21, tzinfo=INDIA))
    assert not is_current(None, USER, desk.clock.now())


def test_the_reminder_comes_once_and_not_for_nothing(desk: Desk) -> None:
    """Not on a holiday, not when the person has logged in already."""
    told: list[Notice] = []
    assert remind(SUNDAY, desk.ports, told.append) == "the exchange is closed: no login is needed"
    assert remind(DAY, desk.ports, told.append) == "sent"
    complete(desk.redirect(), desk.ports)
    assert remind(DAY, desk.ports, told.append) == "logged in already"
    assert [notice.kind for notice in told] == ["login"]


class Phone:
    """A notifier that keeps what it was given."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def send(self, title: str, text: str, *, urgent: bool = False) -> bool:
        del text, urgent
        self.titles.append(title)
        return True


def test_a_login_that_ends_in_the_middle_of_the_day_sends_the_link_again(desk: Desk) -> None:
    """Beside the morning's, and beside the alarm itself."""
    phone, logs = Phone(), KeptLogs()
    ports = NoticePorts(MemoryStore(), phone, desk.clock, logs)
    record = {"severity": "CRITICAL", "category": LOGIN, "message": "the login has ended", "date": DAY.isoformat()}
    alert(LOGS, "1", record, ports, lambda day: login_notice(day, desk.ports, again=True))
    assert phone.titles == [f"{DAY}: log in to the broker", f"{DAY}: CRITICAL, login"]
    desk.secrets.values.pop("kite-api-key")
    alert(LOGS, "2", {**record, "message": "again"}, ports, lambda day: login_notice(day, desk.ports, again=True))
    assert "no secret kite-api-key" in logs.messages[-1]


def test_a_bare_token_is_used_and_never_counts_as_a_login(desk: Desk) -> None:
    """Put there by hand, as by a variable: whose it is nobody knows."""
    desk.secrets.put("kite-access-token", Secret(" bareToken\n"))
    token = read_token(desk.secrets)
    assert token is not None
    assert (token.value.reveal(), token.user) == ("bareToken", "")
    assert desk.ports.login.latest() is None


def test_a_token_without_a_time_is_read_back_as_it_was_written(desk: Desk) -> None:
    """Its value and its owner, and not the JSON around them."""
    write_token(desk.secrets, Token(Secret("abc"), USER))
    assert read_token(desk.secrets) == Token(Secret("abc"), USER)


@pytest.mark.parametrize(("written", "value", "user"), [
    ('{"token": "abc"}', "abc", ""), ('{"token": "abc", "user": null, "at": null}', "abc", ""),
    ('{"token": "abc", "user": "AB1234", "at": "this morning"}', "abc", "AB1234"),
    ('{"token": "abc", "user": "AB1234", "at": "2025-08-29T08:10:00"}', "abc", "AB1234"), ("123456", "123456", ""),
])
def test_a_token_written_by_hand_is_never_the_json_around_it(desk: Desk, written: str, value: str, user: str) -> None:
    """An object without a time that can be believed is a bare token too: it counts for no login."""
    desk.secrets.put("kite-access-token", Secret(written))
    assert read_token(desk.secrets) == Token(Secret(value), user)
    assert desk.ports.login.latest() is None


@pytest.mark.parametrize("written", [" ", '{"token": "", "user": "AB1234", "at": ""}', '{"token": null}', "{}"])
def test_no_token_is_nobodys_login(desk: Desk, written: str) -> None:
    """An empty one is not sent to the broker: there is none."""
    desk.secrets.put("kite-access-token", Secret(written))
    assert read_token(desk.secrets) is None
