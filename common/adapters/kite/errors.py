"""What went wrong with a request to Kite, and what it means for an order and for a read."""

import re
from typing import Final

from common.redaction import redacted_text
from common.trading.errors import BrokerUnavailable, LoginExpired, OrderRejected, OrderThrottled, OrderUnknown

MAX_TEXT: Final = 300
TOKEN: Final = "TokenException"  # noqa: S105 - a kind of error
REFUSALS: Final = frozenset({
    TOKEN, "PermissionException", "InputException", "OrderException", "MarginException", "HoldingException",
    "UserException",
})
"""Kinds of error that are about the request itself, in the documentation of Kite Connect 3."""
OF_MONEY: Final = frozenset({"MarginException", "HoldingException"})
TOO_MANY: Final = 429
NOWHERE: Final = (404, 405, 410)
"""There is no such order, or no such address: whatever was asked has not been done."""

_CROWDED: Final = re.compile(r"too many requests|rate limit", re.IGNORECASE)
_TIMED_OUT: Final = re.compile(r"tim(?:ed?|ing)[\s-]*out", re.IGNORECASE)
_LOOK: Final = re.compile(r"order[\s-]*book", re.IGNORECASE)


class KiteFault(Exception):
    """A request without a usable answer. code: HTTP status, 0 for none. sent: whether Kite may have received it.

    error_type, text: as Kite said them, '' where it said none. api: whether it was Kite's own JSON that said no.
    """

    def __init__(
        self, text: str, *, code: int = 0, error_type: str = "", sent: bool = True, api: bool = False,
    ) -> None:
        self.code = code
        self.error_type = error_type[:60]
        self.text = redacted_text(text)[:MAX_TEXT]
        self.sent = sent
        self.api = api
        where = f"HTTP {code}" if code else "no answer"
        super().__init__(f"{self.text} [{', '.join(part for part in (where, self.error_type) if part)}]")

    @property
    def is_crowded(self) -> bool:
        """Refused because too much was asked; once seen with status 200."""
        return self.code == TOO_MANY or (self.api and bool(_CROWDED.search(self.text)))

    @property
    def is_login(self) -> bool:
        """Refused because of the day's token."""
        return self.api and (self.error_type == TOKEN or (self.code == 403 and not self.error_type))


def order_error(fault: KiteFault) -> OrderRejected | OrderUnknown:
    """For a request that places or changes: a refusal only where it is proven that nothing was done."""
    told = str(fault)
    if not fault.sent:
        return OrderRejected(f"not sent: {told}")
    if fault.is_crowded:
        return OrderThrottled(told)
    if fault.is_login:
        return LoginExpired(told)
    return OrderRejected(told) if _is_refusal(fault) else OrderUnknown(told)


def read_error(fault: KiteFault) -> BrokerUnavailable:
    """For a read: there is only one kind."""
    return BrokerUnavailable(str(fault))


def _is_refusal(fault: KiteFault) -> bool:
    """A request of which Kite's own JSON says that it cannot be, and does not say that it took too long.

    'Order request timed out. Please check the order book' came as a 400 for an order that was live; 'Insufficient
    funds. ... Check the orderbook for open orders' is a plain refusal.
    """
    if not fault.api or fault.code >= 500 or _TIMED_OUT.search(fault.text):
        return False
    if _LOOK.search(fault.text) and fault.error_type not in OF_MONEY:
        return False
    if fault.code in NOWHERE:
        return True
    return fault.error_type in REFUSALS or (not fault.error_type and 400 <= fault.code < 500)
