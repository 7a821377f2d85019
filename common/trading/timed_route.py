"""A broker for whom time must be made to pass. Not compiled: what can be recognised at run time stays Python."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class TimedRoute(Protocol):
    """A simulated broker with latency: requests arrive when somebody says that so much time has passed."""

    def pass_time(self, ts: int) -> bool:
        """It is `ts` (nanoseconds UTC); True when `drain` has something."""
        ...
