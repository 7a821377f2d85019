"""What can happen to an order on its way out; each type says what the caller does next."""


class OrderRejected(Exception):
    """The broker's final and proven no: the order does not exist, record it."""


class OrderUnknown(Exception):
    """The outcome is unclear: count it as exposure, never send it again, look it up by its tag."""


class TradingStopped(Exception):
    """Nothing more may be sent by this process: another holds the lease, or the store refuses; stop and say so."""
