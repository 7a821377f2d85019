"""What the day needs from the account at the broker beside its orders: the login, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from common.market.money import Paise
from common.redaction import Secret
from common.trading.orders import OrderUpdate


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Whose account it is that a person has logged in to, and when (aware)."""

    user: str
    at: datetime


class LoginRefused(Exception):
    """The broker does not take this login, or it is not the owner's: log in again; the text says why."""


class BrokerLogin(Protocol):
    """The person's daily login at the broker: a link, and what comes back from it."""

    def url(self, state: str) -> str:
        """Where the person logs in; `state` comes back with the redirect. Raises LoginRefused without an app key."""
        ...

    def signing_key(self) -> Secret:
        """Known to nobody but us and the broker, to sign states with. Raises LoginRefused without one."""
        ...

    def complete(self, request_token: Secret, owner: str) -> LoggedIn:
        """Exchange what the redirect brought, and keep the day's token. Raises LoginRefused, BrokerUnavailable."""
        ...

    def latest(self) -> LoggedIn | None:
        """The login that is kept, whether or not it still counts."""
        ...


class Steps(Protocol):
    """Runs a scheduled step of the day now, out of its time."""

    def run(self, step: str, day: date) -> str:
        """What it answered, for people. Raises OSError where it cannot be reached or refuses."""
        ...


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One look at the account. What could not be asked is left as it is here, and `failures` says why, by name.

    user: as the broker has it. login: the token in use. margin: free for new positions, paise. exchange_time: of the
    youngest quote of an index. clock_ahead_seconds: of ours, before the broker's. positions: signed net units by
    symbol; holdings: symbols in the demat account. egress: why orders may not leave from here, '' for nothing known.
    """

    user: str = ""
    login: LoggedIn | None = None
    margin: Paise = 0
    exchange_time: datetime | None = None
    clock_ahead_seconds: float = 0.0
    positions: Mapping[str, int] = field(default_factory=dict)
    holdings: frozenset[str] = frozenset()
    orders: tuple[OrderUpdate, ...] = ()
    egress: str = ""
    failures: Mapping[str, str] = field(default_factory=dict)


class Account(Protocol):
    """The account as the readiness gate looks at it."""

    def look(self, day: date) -> AccountFacts:
        """Never raises: what fails is among the facts."""
        ...
