"""What the stream is, waits for and counts."""

from dataclasses import dataclass
from enum import StrEnum

from common.redaction import Secret


class State(StrEnum):
    """WAITING: between two attempts. REFUSED: the login has ended; it goes on with another token. ENDED: by `close`."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    LIVE = "live"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Login:
    """Whose stream it is."""

    api_key: Secret
    access_token: Secret


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. silence: without any message, heartbeats included, after which a connection is dead.

    connect: for TCP, TLS and handshake together. first_delay, longest_delay: between attempts, doubled each time and
    shortened by chance; the sum of all keeps within 10 s of the server's return. login: between looks for a new token.
    """

    silence: float = 5.0
    connect: float = 3.0
    first_delay: float = 0.25
    longest_delay: float = 4.0
    login: float = 5.0


@dataclass(slots=True)
class StreamCounts:
    """Since the start. connections: that heard something. silences: that were given up. refused: answers 403.

    failures: attempts and connections that ended otherwise. messages: of any kind. orders: updates of orders.
    garbled: texts that are not as documented. troubles: errors that the other side sent, or a listener raised.
    """

    connections: int = 0
    silences: int = 0
    refused: int = 0
    failures: int = 0
    messages: int = 0
    orders: int = 0
    garbled: int = 0
    troubles: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """The stream is whole from `ts` on, or nothing has been heard since; nanoseconds UTC."""

    whole: bool
    ts: int
