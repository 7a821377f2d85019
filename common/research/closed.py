"""A day that is over, as its report is made of: instruments as listed, bars as they were recorded."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from common.market.bar import Bar
from common.market.instrument import Instrument
from common.ports import Bars


class NothingRecorded(ValueError):
    """The archive has no bars of the day that can be read: nobody recorded it, or a file is damaged."""


class Closed:
    """recorded: None where nobody has recorded the day. say: told why bars that were recorded cannot be used."""

    def __init__(self, listed: Bars, recorded: Bars | None, say: Callable[[str], None]) -> None:
        self._listed = listed
        self._recorded = recorded
        self._say = say

    def instruments(self, day: date) -> list[Instrument]:
        """Raises what the market raises."""
        return self._listed.instruments(day)

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """Nothing is asked of anybody but the recording."""
        from common.research.faults import DataError

        try:
            return self._recorded.feed(day, symbols) if self._recorded is not None else iter(())
        except DataError as fault:
            self._say(f"the recorded session of {day} is not used: {fault}")
            return iter(())
