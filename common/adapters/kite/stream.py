"""Kite's stream: one thread owns the socket, notices silence, comes back, subscribes again; all it does is enqueue."""

import json
import logging
import ssl
from collections import deque
from collections.abc import Callable, Collection, Mapping
from random import uniform
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from common.adapters.kite.decoder import FULL, MODES, FrameCounts, decode
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.stream_state import Change, Login, State, StreamCounts, Timing
from common.market.indian_time import moment
from common.ports import Clock, Logs

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

MOST_INSTRUMENTS: Final = 3_000
"""Of one connection; an API key has three connections."""
MOST_BYTES: Final = 4 * 1024 * 1024
FORBIDDEN: Final = 403
MOST_CHANGES: Final = 1_000
_FULL_MODE: Final = MODES[FULL]
_POLL_SECONDS: Final = 0.25
_SAYS_NOTHING: Final = logging.getLogger("common.adapters.kite.stream.socket")
_SAYS_NOTHING.propagate = False
_SAYS_NOTHING.setLevel(logging.CRITICAL + 1)  # the address that it would log carries the token


class _Silence(Exception):
    """Nothing was heard for too long: the other side is gone, whatever TCP says."""


class KiteStream:
    """login: the latest, None while there is none. is_refused: asked after a 403, whether REST refuses the token too.

    on_order: called in the stream's thread with the row of each order update; must only enqueue.
    tls: instead of the system's certificates.
    """

    def __init__(
        self, url: str, login: Callable[[], Login | None], inbox: Inbox, clock: Clock, logs: Logs, *,
        on_order: Callable[[Mapping[str, Any]], None], is_refused: Callable[[], bool], timing: Timing | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._login = login
        self._inbox = inbox
        self._clock = clock
        self._logs = logs
        self.on_order = on_order
        self._is_refused = is_refused
        self._timing = timing or Timing()
        self._tls = tls
        self._lock = Lock()
        self._wanted: frozenset[int] = frozenset()
        self._dead: Login | None = None
        self._attempts = 0
        self._told = False
        self._lost_at = 0.0
        self._heard_ns = 0
        self._live = False
        self._ending = Event()
        self._thread = Thread(target=self._run, name="kite-stream", daemon=True)
        self.state = State.WAITING
        self.changes: deque[Change] = deque(maxlen=MOST_CHANGES)
        self.counts = StreamCounts()
        self.frames = FrameCounts()

    def start(self) -> None:
        """Connect, and stay connected until `close`."""
        self._lost_at = monotonic()
        self._thread.start()

    def close(self) -> None:
        """Hang up; what is in the inbox stays there."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(self._timing.connect + 1.0)

    def watch(self, tokens: Collection[int]) -> None:
        """From now on these too, in full mode. Raises ValueError beyond what one connection carries."""
        with self._lock:
            wanted = self._wanted | set(tokens)
            if len(wanted) > MOST_INSTRUMENTS:
                raise ValueError(
                    f"{len(wanted)} instruments are more than the {MOST_INSTRUMENTS} of one connection: watch fewer"
                )
            self._wanted = wanted

    def unwatch(self, tokens: Collection[int]) -> None:
        """No longer these."""
        with self._lock:
            self._wanted = self._wanted - set(tokens)

    def _run(self) -> None:
        while not self._ending.is_set():
            login = self._login_now()
            if login is None:
                self._ending.wait(self._timing.login)
                continue
            pause = self._attempt(login)
            self._went()
            if self.state is not State.REFUSED:
                self.state = State.WAITING
                self._ending.wait(pause)
        self.state = State.ENDED

    def _login_now(self) -> Login | None:
        try:
            login = self._login()
        except OSError as error:
            self._complain(f"the login cannot be read ({type(error).__name__})")
            return None
        if login is None or (login == self._dead and self._still_dead()):
            return None
        return login

    def _still_dead(self) -> bool:
        """REST knows: the very same token may have been logged in with, or stored, again."""
        try:
            return self._is_refused()
        except Exception:  # nothing new is known of the login
            return True

    def _attempt(self, login: Login) -> float:
        """One connection, from handshake to its end; returns the seconds to wait before the next."""
        from websockets.exceptions import InvalidStatus, WebSocketException

        self.state = State.CONNECTING
        try:
            self._connection(login)
        except _Silence:
            self.counts.silences += 1
            self._complain(f"nothing was heard for {self._timing.silence:g} s")
        except InvalidStatus as answer:
            return self._refused(login, answer.response.status_code)
        except ssl.SSLCertVerificationError as error:
            self.counts.failures += 1
            self._complain(f"the server's certificate is not trusted ({error.verify_message}): nothing was sent to it")
        except (OSError, WebSocketException) as error:
            self.counts.failures += 1
            self._complain(f"the connection failed ({type(error).__name__})")
        return self._pause()

    def _connection(self, login: Login) -> None:
        from websockets.sync.client import connect

        told = urlencode({"api_key": login.api_key.reveal(), "access_token": login.access_token.reveal()})
        with connect(
            f"{self._url}/?{told}", ssl=self._context(), compression=None, proxy=None, logger=_SAYS_NOTHING,
            open_timeout=self._timing.connect, close_timeout=_POLL_SECONDS, ping_interval=None, max_size=MOST_BYTES,
        ) as socket:
            sent = self._subscribe(socket, frozenset())
            heard = monotonic()
            while not self._ending.is_set():
                if self._wanted is not sent:
                    sent = self._subscribe(socket, sent)
                try:
                    message = socket.recv(timeout=_POLL_SECONDS)
                except TimeoutError:
                    if monotonic() - heard > self._timing.silence:
                        raise _Silence from None
                    continue
                heard = monotonic()
                self._receive(message)

    def _context(self) -> ssl.SSLContext | None:
        """Certificate and name are verified; None where the address is not a secure one."""
        if not self._url.startswith("wss:"):
            return None
        return self._tls or ssl.create_default_context()

    def _subscribe(self, socket: "ClientConnection", sent: frozenset[int]) -> frozenset[int]:
        wanted = self._wanted
        more, fewer = sorted(wanted - sent), sorted(sent - wanted)
        if fewer:
            socket.send(json.dumps({"a": "unsubscribe", "v": fewer}))
        if more:
            socket.send(json.dumps({"a": "subscribe", "v": more}))
            socket.send(json.dumps({"a": "mode", "v": [_FULL_MODE, more]}))
        return wanted

    def _receive(self, message: str | bytes) -> None:
        self.counts.messages += 1
        now = self._clock.now()
        self._heard_ns = moment(now.date(), now.time())
        if not self._live:
            self._came()
        if isinstance(message, str):
            self._hear(message)
        elif ticks := decode(message, self.frames):
            self._inbox.put(ticks)

    def _hear(self, text: str) -> None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self.counts.garbled += 1
        elif said.get("type") == "order" and isinstance(said.get("data"), dict):
            self.counts.orders += 1
            try:
                self.on_order(said["data"])
            except Exception as error:  # whatever a listener does, the socket is read on
                self._trouble(f"an order update was not taken ({type(error).__name__})")
            self._inbox.wake()
        elif said.get("type") == "error":
            self._trouble(f"the broker says on the stream: {str(said.get('data'))[:200]}")

    def _came(self) -> None:
        self._live, self.state = True, State.LIVE
        self.counts.connections += 1
        self._attempts, self._told = 0, False
        self.changes.append(Change(True, self._heard_ns))
        if self.counts.connections > 1:
            away = round(monotonic() - self._lost_at, 1)
            self._logs.write("INFO", f"the stream is back after {away} s", {"category": "stream", "seconds": away})
        self._inbox.wake()

    def _went(self) -> None:
        if self._live:
            self._live, self._lost_at = False, monotonic()
            self.changes.append(Change(False, self._heard_ns))
            self._inbox.wake()

    def _refused(self, login: Login, status: int) -> float:
        if status != FORBIDDEN:
            self.counts.failures += 1
            self._complain(f"the handshake was answered with HTTP {status}")
            return self._pause()
        self.counts.refused += 1
        try:
            ended = self._is_refused()
        except Exception as error:  # the broker does not answer: nothing is known of the login
            self._complain(f"the handshake was refused, and the login cannot be checked ({type(error).__name__})")
            return self._timing.longest_delay
        if not ended:
            self._complain("the handshake was refused (HTTP 403) although the login is good")
            return self._timing.longest_delay
        self._dead, self.state = login, State.REFUSED
        text = "the stream is refused: the day's login has ended. Log in again; it goes on by itself"
        self._logs.write("ERROR", text, {"category": "stream"})
        return 0.0

    def _pause(self) -> float:
        timing = self._timing
        delay = min(timing.longest_delay, timing.first_delay * 2.0 ** min(self._attempts, 16))
        self._attempts += 1
        return uniform(delay / 2, delay)  # noqa: S311 - so that not all come back in the same moment

    def _complain(self, what: str) -> None:
        """Once an outage."""
        if not self._told and not self._ending.is_set():
            self._told = True
            self._logs.write("WARNING", f"no stream: {what}; trying again", {"category": "stream"})

    def _trouble(self, what: str) -> None:
        self.counts.troubles += 1
        if self.counts.troubles <= 10:
            self._logs.write("WARNING", what, {"category": "stream"})
