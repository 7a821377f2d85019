"""What can happen to a request on its way out; each type says what the caller does next."""


class OrderRejected(Exception):
    """The broker's final and proven no: the request changed nothing, record it."""


class OrderThrottled(OrderRejected):
    """Refused because too much was asked at once (HTTP 429): nothing was done; entries pause, exits ask again later."""


class LoginExpired(OrderRejected):
    """Refused because the day's token is dead: nothing was done, and nothing will be until a person logs in again."""


class OrderUnknown(Exception):
    """The outcome is unclear: count it as exposure, never send it again, look it up by its tag."""


class BrokerUnavailable(Exception):
    """A read got no answer: what was known still stands, ask again later."""


class IntentRefused(Exception):
    """The intent could not be made durable: its order must not be sent; nothing else is wrong."""


class TradingStopped(Exception):
    """Nothing more may be sent by this process: another holds the lease, or the store refuses; stop and say so."""
