"""Who asks: by key and role, or as the person at this machine; how often they may."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from flask import Request

from common.bootstrap import Application
from common.day.api.keys import SECRET, Key, KeysDamaged, Role, find, from_secret
from common.day.api.problem import Problem, unavailable
from common.day.api.rate import RateLimit
from common.settings import OWN_MACHINE

HEADER: Final = "X-API-Key"
KNOWN_SECONDS: Final = 30.0
"""For which the keys are not read again: a new one counts at once, one that is revoked no longer than this."""
AGAIN_SECONDS: Final = 2.0
STALE_SECONDS: Final = 600.0
"""For which keys that are known go on where the secrets do not answer."""
BURST: Final = 100
WRONG_A_SECOND: Final = 1.0
WRONG_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """name: for the audit: `api:` and the key's id, or `api` for the person at this machine."""

    name: str
    role: Role | None


@dataclass(slots=True)
class Gatekeeper:
    """Keys as they were last read, and what each asker has left. One a process."""

    app: Application
    _limit: RateLimit
    _wrong: RateLimit = field(default_factory=lambda: RateLimit(WRONG_A_SECOND, WRONG_AT_ONCE))
    _keys: tuple[Key, ...] | None = None
    _read_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def admit(self, request: Request, wanted: Role | None) -> Caller:
        """Raises Problem: 401, 403, 429, 503."""
        now = self.app.clock.monotonic()
        address = request.remote_addr or "unknown"
        if wanted is None:
            self._bound(self._limit, f"open {address}", now)
            return Caller("anybody", None)
        presented = request.headers.get(HEADER, "")
        caller = self._named(presented, now) if presented else self._at_this_machine(request, now)
        if caller is None:
            self._bound(self._wrong, address, now)
            told = "this key is not known" if presented else f"send a key in the header {HEADER}"
            raise Problem("no-key", f"{told}; `tron key new` makes one", headers={"WWW-Authenticate": "API-Key"})
        self._bound(self._limit, caller.name, now)
        if caller.role is None or not caller.role.allows(wanted):
            raise Problem("not-allowed", f"this is for the role {wanted.value}; the key is a {caller.role}'s")
        return caller

    def _named(self, presented: str, now: float) -> Caller | None:
        key = find(self._known(now, KNOWN_SECONDS), presented) or find(self._known(now, AGAIN_SECONDS), presented)
        return None if key is None else Caller(f"api:{key.id}", key.role)

    def _at_this_machine(self, request: Request, now: float) -> Caller | None:
        """Without a key: the person at the machine that all of it runs on, until there are keys."""
        if not self.app.settings.local or self._known(now, KNOWN_SECONDS):
            return None
        # A name of somebody else's that leads here, or a page of theirs, is not the person.
        names = [_host(f"//{request.host}"), _host(request.headers.get("Origin", f"//{request.host}"))]
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        addresses = [request.remote_addr, *(text for one in forwarded if (text := one.strip()))]
        near = all(one in OWN_MACHINE for one in (*names, *addresses))
        return Caller("api", Role.OPERATOR) if near else None

    def _known(self, now: float, no_older_seconds: float) -> tuple[Key, ...]:
        with self._lock:
            age = now - self._read_at
            if self._keys is not None and 0 <= age <= no_older_seconds:
                return self._keys
            try:
                self._keys, self._read_at = from_secret(self.app.account.secrets.get(SECRET)), now
            except (OSError, KeysDamaged) as failure:
                if self._keys is None or age > STALE_SECONDS:
                    raise unavailable(f"keys cannot be read: {failure}") from None
            return self._keys

    def _bound(self, limit: RateLimit, asker: str, now: float) -> None:
        wait = limit.take(asker, now)
        if wait:
            told = f"ask again in {wait:.1f} s"
            raise Problem("too-many-requests", told, headers={"Retry-After": str(max(1, round(wait + 0.5)))})


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


_of: dict[Application, Gatekeeper] = {}


def admit(request: Request, wanted: Role | None, app: Application) -> Caller:
    """Who asks. wanted: the role of the route, None for everybody. Raises Problem."""
    gatekeeper = _of.get(app)
    if gatekeeper is None:
        gatekeeper = _of[app] = Gatekeeper(app, RateLimit(app.settings.api_rate, BURST))
    return gatekeeper.admit(request, wanted)
