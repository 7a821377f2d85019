"""The account's one way to Kite: the official client on the checked session, its rate, and a token that may change."""

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from common.adapters.kite.answers import AnswerError
from common.adapters.kite.errors import KiteFault, order_error, read_error
from common.adapters.kite.rate import RequestRate
from common.adapters.kite.token import ACCESS_TOKEN, API_KEY, Token, read_token
from common.log_record import LOGIN
from common.ports import Clock, Logs, Secrets
from common.redaction import Secret
from common.trading.errors import BrokerUnavailable, LoginExpired, OrderRejected, OrderUnknown

if TYPE_CHECKING:
    from common.adapters.kite.session import CheckedSession

TOKEN_EVERY_SECONDS: Final = 10.0
PROBE_EVERY_SECONDS: Final = 30.0
LEAST_SECONDS: Final = 0.5
TIMEOUT_SECONDS: Final = 7.0
EXPIRED: Final = (
    "the day's login at the broker has ended: no entries, the stops rest at the exchange. "
    "Log in again by the link, or with `tron login`; it goes on by itself"
)


class KiteConnection:
    """Thread-safe: one request at a time. A new token in `secrets` is used without a restart.

    url: of the API, without a path. timeout_seconds: of a request, waiting for its turn included.
    """

    def __init__(
        self, secrets: Secrets, clock: Clock, logs: Logs, url: str, timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._logs = logs
        self._url = url
        self._timeout = timeout_seconds or TIMEOUT_SECONDS
        self._rate = RequestRate(clock)
        self._lock = RLock()
        self._client: Any = None
        self._refused: Secret | None = None
        self._told: Token | None = None
        self._next_token = self._next_probe = 0.0
        self.token: Token | None = None

    def order(self, request: Callable[[Any], Any], *, entry: bool) -> str:
        """Send one request that places or changes, once; the order's id. Raises OrderRejected and kinds, OrderUnknown.

        request: called with the client. entry: whether it opens something.
        """
        with self._lock:
            begun = self._clock.monotonic()
            try:
                client = self._ready(probing=False)
                self._rate.entry() if entry else self._rate.exit()
                client.timeout = max(LEAST_SECONDS, self._timeout - (self._clock.monotonic() - begun))
            except KiteFault as fault:
                raise order_error(fault) from None
            except BrokerUnavailable as missing:
                raise LoginExpired(str(missing)) from None
            id = self._sent(request, client)
        if not isinstance(id, str) or not id.isalnum():
            raise OrderUnknown(f"an answer without an order id ({type(id).__name__})")
        return id

    def read(self, request: Callable[[Any], Any], *, quotes: bool = False) -> Any:
        """What the client answers. Raises BrokerUnavailable; after a refused token once more with a newer one."""
        with self._lock:
            try:
                return self._read(request, quotes)
            except KiteFault as fault:
                if fault.is_login and self._newer():
                    return self._again(request, quotes)
                raise read_error(fault) from None

    def is_refused(self) -> bool:
        """Asks for the profile: whether the broker refuses the latest token. Raises BrokerUnavailable where unclear."""
        try:
            self.read(lambda client: client.profile())
        except BrokerUnavailable:
            if self._refused is None:
                raise
            return True
        return False

    @property
    def session(self) -> "CheckedSession":
        """Of the last request: its date and duration. Raises BrokerUnavailable before anyone has logged in."""
        with self._lock:
            found: CheckedSession = self._ready(probing=True).reqsession
        return found

    def _again(self, request: Callable[[Any], Any], quotes: bool) -> Any:
        try:
            return self._read(request, quotes)
        except KiteFault as fault:
            raise read_error(fault) from None

    def _read(self, request: Callable[[Any], Any], quotes: bool) -> Any:
        client = self._ready(probing=True)
        self._rate.read(quotes=quotes)
        client.timeout = self._timeout
        try:
            answer = request(client)
        except KiteFault as fault:
            if fault.is_crowded:
                self._rate.crowded(order=False, quotes=quotes)
            self._note(fault)
            raise
        except AnswerError as error:
            raise BrokerUnavailable(f"an answer that is not as documented: {error}") from None
        except Exception as error:  # the client stumbles over rows that are not as it expects
            raise BrokerUnavailable(f"the client cannot read the answer: {type(error).__name__}") from None
        self._refused = None
        return answer

    def _sent(self, request: Callable[[Any], Any], client: Any) -> Any:
        try:
            return request(client)
        except KiteFault as fault:
            if fault.is_crowded:
                self._rate.crowded(order=True)
            self._note(fault)
            raise order_error(fault) from None
        except (OrderRejected, OrderUnknown):
            raise
        except Exception as error:  # the client stumbles over an answer: the order may be live
            raise OrderUnknown(f"the client cannot read the answer: {type(error).__name__}") from None

    def _ready(self, *, probing: bool) -> Any:
        """The client with the latest token. Raises BrokerUnavailable while there is none that is not refused.

        probing: whether a refused token may be tried again now and then, as only reads are.
        """
        now = self._clock.monotonic()
        if self.token is None or (self._refused is not None and now >= self._next_token):
            self._next_token = now + TOKEN_EVERY_SECONDS
            self._newer()
        if self.token is None:
            raise BrokerUnavailable(f"nobody has logged in: there is no secret {ACCESS_TOKEN}; run `tron login`")
        if self._refused is not None:
            if not probing or now < self._next_probe:
                raise BrokerUnavailable(EXPIRED)
            self._next_probe = now + PROBE_EVERY_SECONDS
        return self._client

    def _newer(self) -> bool:
        """Take the token as it is stored now; whether it is another one, or the same of another login."""
        try:
            token, key = read_token(self._secrets), self._secrets.get(API_KEY)
        except OSError as error:
            raise BrokerUnavailable(f"secrets cannot be read: {type(error).__name__}") from None
        if token is None or key is None:
            return False
        if token == self.token:
            return False
        self.token, self._refused = token, None
        if self._client is None:
            from common.adapters.kite.client import open_client

            self._client = open_client(key, self._url)
        self._client.set_access_token(token.value.reveal())
        return True

    def _note(self, fault: KiteFault) -> None:
        """A refused token: remembered, and said once."""
        if not fault.is_login or self.token is None:
            return
        if self._refused is None:
            now = self._clock.monotonic()
            self._next_token, self._next_probe = now, now + PROBE_EVERY_SECONDS
        self._refused = self.token.value
        if self._told != self.token:
            self._told = self.token
            self._logs.write("CRITICAL", EXPIRED, {"category": LOGIN, "reason": str(fault)})
