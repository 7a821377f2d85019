"""The readiness gate: what must hold before anything is traded on the account, each finding with its remedy."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from common.account_ports import AccountFacts
from common.day.login import is_current
from common.day.workloads import WORKLOADS
from common.market.calendar import session_on, session_times
from common.market.indian_time import INDIA, at
from common.market.instrument import AssetClass
from common.market.money import Paise, money
from common.planning.gate import GateReason, Verdict
from common.ports import Archive, DocumentStore, StoreError

LEAST_DISK_BYTES: Final = 500_000_000
SCARCE_DISK_BYTES: Final = 2_000_000_000
CLOCK_AMBER_SECONDS: Final = 2.0
CLOCK_RED_SECONDS: Final = 4.0
"""News that is more than 5 s ahead of our clock is not believed (common/trading/stamps.py)."""
MAX_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. text: what was found. remedy: what to do, '' where nothing needs to be done."""

    name: str
    verdict: Verdict
    text: str
    remedy: str = ""

    def reason(self) -> GateReason:
        """As the evidence keeps it."""
        text = f"{self.text}: {self.remedy}" if self.remedy else self.text
        return GateReason(name=self.name, verdict=self.verdict, text=text)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the gate looks at beside the account. failures: of store, archive, mandate ..., by name; '' where it works.

    instruments: counts those of today; None on paper. capital: what the mandate lets be bound, paise.
    egress: the registered addresses. owner: whose account it must be. sends: whether orders go to the account; where
    they stay on paper nobody asks for its margin and its address.
    """

    disk_free_bytes: int
    failures: dict[str, str]
    instruments: Callable[[], int] | None = None
    owner: str = ""
    capital: Paise = 0
    egress: Sequence[str] = ()
    sends: bool = True


def checks(day: date, now: datetime, around: Surroundings, facts: AccountFacts | None) -> list[Check]:
    """Every finding, green ones too. now: aware. facts: None where there is no account to look at."""
    found = [*_machine(around), *_calendar(day, now, facts)]
    if facts is not None:
        found += [*_login(now, around, facts), _clock(facts), *_positions(facts)]
        found += [*_address(around, facts), _margin(around, facts)] if around.sends else []
    if around.instruments is None:
        return found
    try:
        found.append(Check("instruments", "green", f"{around.instruments()} instruments today"))
    except Exception as error:  # of the dump, the archive, the broker: whatever it is, nothing is known of today
        remedy = "`tron doctor` again in a minute; if it stays, leave the day's trading off"
        found.append(Check("instruments", "red", f"no instruments of {day}: {error}", remedy))
    return found


def answers(
    day: date, store: Callable[[], DocumentStore], archive: Callable[[], Archive],
) -> dict[str, str]:
    """Of store and archive, why it does not answer; '' where it does."""
    found = {}
    asked: dict[str, Callable[[], object]] = {
        "store": lambda: store().get(WORKLOADS, day.isoformat()), "archive": lambda: archive().list(day),
    }
    for name, ask in asked.items():
        try:
            ask()
            found[name] = ""
        except (StoreError, ValueError, OSError) as failure:
            found[name] = str(failure)
    return found


def is_red(found: Sequence[Check]) -> bool:
    """Whether anything forbids to begin."""
    return any(check.verdict == "red" for check in found)


def theirs(facts: AccountFacts) -> frozenset[str]:
    """Symbols that the person holds or trades: never touched, and not traded (facts/trading.md, 2)."""
    return facts.holdings | frozenset(symbol for symbol, units in _foreign(facts).items() if units)


def _machine(around: Surroundings) -> Iterator[Check]:
    free = around.disk_free_bytes
    verdict: Verdict = "red" if free < LEAST_DISK_BYTES else "amber" if free < SCARCE_DISK_BYTES else "green"
    remedy = "" if verdict == "green" else "make room where TRON_HOME is"
    yield Check("disk", verdict, f"{free / 1e9:.1f} GB free", remedy)
    for name, failure in around.failures.items():
        if failure:
            yield Check(name, "red", failure, f"see that the {name} answers; `tron doctor` again")
        else:
            yield Check(name, "green", "answers")


def _calendar(day: date, now: datetime, facts: AccountFacts | None) -> Iterator[Check]:
    try:
        session = session_on(day)
    except ValueError as outside:
        yield Check("calendar", "red", str(outside))
        return
    if session is None:
        yield Check("calendar", "amber", f"the exchange is closed on {day}", "nothing to do: nothing is traded")
        return
    yield Check("calendar", "green", f"{day}: {session.kind} session")
    if facts is None:
        return
    opened, time = at(session_times(day, AssetClass.STOCK).steps["opening_gate"]), facts.exchange_time
    if now < opened:
        yield Check("exchange time", "green", f"asked from {opened:%H:%M} on")
    elif time is None or time.astimezone(INDIA).date() != day:
        told = facts.failures.get("exchange time") or f"the exchange's latest time is {time}"
        yield Check("exchange time", "red", told, "is it really a trading day? Correct the table of sessions")
    else:
        yield Check("exchange time", "green", f"{time:%H:%M:%S}")


def _login(now: datetime, around: Surroundings, facts: AccountFacts) -> Iterator[Check]:
    log_in = "log in by the link, or with `tron login`"
    if not around.owner:
        yield Check("login", "red", "nobody has said whose account it is", "set TRON_KITE_USER")
    elif not facts.user:
        yield Check("login", "red", facts.failures.get("user", "the account does not answer"), log_in)
    elif facts.user != around.owner:
        yield Check("login", "red", f"the token is of {facts.user}, not of {around.owner}", log_in)
    elif not is_current(facts.login, around.owner, now):
        since = f"{facts.login.at:%Y-%m-%d %H:%M}" if facts.login is not None else "an unknown time"
        yield Check("login", "red", f"the token is of {since}, and may end at any moment", log_in)
    else:
        yield Check("login", "green", f"{facts.user}, since {facts.login.at:%H:%M}" if facts.login else facts.user)


def _address(around: Surroundings, facts: AccountFacts) -> Iterator[Check]:
    if facts.egress:
        remedy = "send orders from a registered address, or register this one (one change a week)"
        yield Check("address", "red", f"orders are refused from here: {facts.egress}", remedy)
    elif "egress" in facts.failures:
        yield Check("address", "amber", f"not known: {facts.failures['egress']}", "`tron doctor` again")
    elif not around.egress:
        yield Check("address", "amber", "no registered address is named", "set TRON_EGRESS to what is registered")
    else:
        yield Check("address", "green", f"not refused; registered: {', '.join(around.egress)}")


def _clock(facts: AccountFacts) -> Check:
    if "clock" in facts.failures or not facts.user:
        told = facts.failures.get("clock", "not known before somebody has logged in")
        return Check("clock", "amber", told, "compare the machine's clock by hand")
    ahead = facts.clock_ahead_seconds
    size = abs(ahead)
    verdict: Verdict = "red" if size > CLOCK_RED_SECONDS else "amber" if size > CLOCK_AMBER_SECONDS else "green"
    return Check("clock", verdict, f"{ahead:+.1f} s beside the broker's", "" if verdict == "green" else "start NTP")


def _margin(around: Surroundings, facts: AccountFacts) -> Check:
    if "margin" in facts.failures:
        return Check("margin", "red", facts.failures["margin"], "`tron doctor` again")
    if facts.margin <= 0:
        return Check("margin", "red", f"{money(facts.margin)} are free", "add funds, or close positions of yours")
    if facts.margin < around.capital:
        told = f"{money(facts.margin)} are free, the mandate may bind {money(around.capital)}"
        return Check("margin", "amber", told, "add funds, or lower the mandate's capital")
    return Check("margin", "green", f"{money(facts.margin)} are free")


def _positions(facts: AccountFacts) -> Iterator[Check]:
    for name in ("positions", "holdings", "orders"):
        if name in facts.failures:
            yield Check(name, "red", facts.failures[name], "`tron doctor` again")
            return
    ours = _ours(facts)
    odd = [symbol for symbol, units in _foreign(facts).items() if units and ours.get(symbol)]
    if odd:
        told = f"orders and positions do not fit: {', '.join(sorted(odd)[:MAX_NAMED])}"
        yield Check("positions", "red", told, "compare with the broker's books, and close what is open by hand")
        return
    left = sorted(theirs(facts))
    named = ", ".join(left[:MAX_NAMED]) + (f" and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else "")
    told = f"yours, left alone and not traded: {named}" if left else "nothing is held"
    yield Check("positions", "green", told)


def _ours(facts: AccountFacts) -> dict[str, int]:
    """Signed units that today's orders with our tags have filled."""
    found: dict[str, int] = {}
    for update in facts.orders:
        if update.tag:
            filled = max(update.filled, sum(fill.quantity for fill in update.fills))
            found[update.symbol] = found.get(update.symbol, 0) + update.side * filled
    return found


def _foreign(facts: AccountFacts) -> dict[str, int]:
    ours = _ours(facts)
    return {
        symbol: facts.positions.get(symbol, 0) - ours.get(symbol, 0) for symbol in {*facts.positions, *ours}
    }


def tells_no_login(found: Sequence[Check]) -> str:
    """Why nothing can be prepared yet, '' where somebody has logged in."""
    return next((f"{one.text}: {one.remedy}" for one in found if one.name == "login" and one.verdict == "red"), "")
