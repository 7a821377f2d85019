"""Refusals in the broker's shape: a status, an error_type and a text."""

from typing import Any, Final


class KiteError(Exception):
    """Answered as `answer` with `status`; the text is the broker's where it is known."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type

    @property
    def answer(self) -> dict[str, Any]:
        """The body."""
        return {"status": "error", "message": str(self), "data": None, "error_type": self.error_type}


TOO_MANY: Final = "Too many requests"
NOT_LOGGED_IN: Final = "Incorrect `api_key` or `access_token`."


def input_error(message: str) -> KiteError:
    """The request itself is wrong."""
    return KiteError(400, "InputException", message)


def token_error(message: str = NOT_LOGGED_IN) -> KiteError:
    """Nobody is logged in with what was given."""
    return KiteError(403, "TokenException", message)


def too_many() -> KiteError:
    """The rate limit."""
    return KiteError(429, "NetworkException", TOO_MANY)


def not_found(message: str = "Route not found") -> KiteError:
    """There is no such thing."""
    return KiteError(404, "GeneralException", message)


_OF_INPUT: Final = (
    "Quantity ", "The order quantity ", "Tick size ", "Trigger price ", "Market orders without", "Price exceeds",
)
"""How texts begin that the broker says of the request; the others are said of the order."""


def refusal(message: str) -> KiteError:
    """What the exchange says against an order, as the broker's HTTP interface says it."""
    if message.startswith("Insufficient funds"):
        return KiteError(400, "MarginException", message)
    return KiteError(400, "InputException" if message.startswith(_OF_INPUT) else "OrderException", message)
