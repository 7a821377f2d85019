"""What can go wrong on the way to the broker, on order: each fault for so many requests or so many seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from jobs.kite_server.errors import input_error

LONGEST_SECONDS: Final = 3600.0


class Fault(StrEnum):
    """Of requests: those up to NULL come before anything is done, the next three after it. The rest: of the stream,
    the books.
    """

    TOO_MANY = "too_many"
    TOO_MANY_AS_OK = "too_many_as_ok"
    SERVER_ERROR = "server_error"
    HTML_502 = "html_502"
    DROPPED = "dropped"
    SLOW = "slow"
    NO_ERROR_TYPE = "no_error_type"
    NULL = "null"
    ACCEPTED_NO_ANSWER = "accepted_no_answer"
    ACCEPTED_DROPPED = "accepted_dropped"
    ACCEPTED_400 = "accepted_400"
    SILENT_SOCKET = "silent_socket"
    HALF_OPEN = "half_open"
    DROP_SOCKETS = "drop_sockets"
    LOST_UPDATES = "lost_updates"
    HIDDEN_ORDERS = "hidden_orders"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the fault's name


BEFORE: Final = (
    Fault.TOO_MANY, Fault.TOO_MANY_AS_OK, Fault.SERVER_ERROR, Fault.HTML_502, Fault.DROPPED, Fault.SLOW,
    Fault.NO_ERROR_TYPE, Fault.NULL,
)
AFTER: Final = (Fault.ACCEPTED_NO_ANSWER, Fault.ACCEPTED_DROPPED, Fault.ACCEPTED_400)


@dataclass(slots=True)
class Order:
    """One fault that was asked for. left: times that it still strikes, None for any. until: on the faults' clock.

    method, path: which requests ('' for all; a path by its beginning). status: of SERVER_ERROR. wait: seconds.
    """

    fault: Fault
    left: int | None
    until: float
    method: str
    path: str
    status: int
    wait: float


class Faults:
    """seconds: the clock by which they last."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._orders: list[Order] = []
        self.struck: dict[str, int] = {}

    def order(self, fields: Mapping[str, Any]) -> Fault:
        """{"kind", "count"?, "seconds"?, "method"?, "path"?, "status"?, "wait"?}; with neither: once. KiteError."""
        try:
            fault = Fault(fields.get("kind", ""))
            count, seconds = fields.get("count"), fields.get("seconds")
            left = int(count) if count is not None else None if seconds is not None else 1
            lasts = min(LONGEST_SECONDS, float(seconds)) if seconds is not None else LONGEST_SECONDS
            wait, status = min(LONGEST_SECONDS, float(fields.get("wait", 30.0))), int(fields.get("status", 500))
        except (TypeError, ValueError):
            raise input_error(f"Give a `kind` of {', '.join(Fault)} and numbers for count and seconds.") from None
        if not 500 <= status <= 599 or wait < 0:
            raise input_error("Give a `status` from 500 to 599 and a `wait` from 0 seconds.")
        path, method = str(fields.get("path", "")), str(fields.get("method", "")).upper()
        self._orders.append(Order(fault, left, self._seconds() + lasts, method, path, status, wait))
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._orders.clear()

    def strike(self, kinds: tuple[Fault, ...], method: str = "", path: str = "") -> Order | None:
        """The first that applies now, counted as one of its times."""
        now = self._seconds()
        self._orders = [one for one in self._orders if now < one.until and one.left != 0]
        for one in self._orders:
            if one.fault in kinds and one.method in ("", method) and path.startswith(one.path):
                if one.left is not None:
                    one.left -= 1
                self.struck[one.fault] = self.struck.get(one.fault, 0) + 1
                return one
        return None

    def lasting(self, kind: Fault) -> bool:
        """Whether a fault of the stream or of the books is on now."""
        now = self._seconds()
        return any(one.fault is kind and now < one.until and one.left != 0 for one in self._orders)
