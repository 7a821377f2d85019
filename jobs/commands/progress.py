"""Progress of a day: bars on a terminal, one line a step elsewhere, always on standard error."""

import sys
from types import TracebackType
from typing import Any, Self

LABELS = {
    "session": "read the session", "prepare_day": "prepare the day", "plan_day": "plan the day",
    "supervise": "look after the workloads", "square_off": "square off",
    "stock": "trade stock", "options": "trade options", "futures": "trade futures", "close_day": "close the day",
    "fetch": "fetch the candles", "backtest": "trade the days", "simulate": "simulate the days",
    "sweep": "trade the sets",
}


class Progress:
    """tell(what, share): `share` of `what` is done, 0 to 1; what is new begins a line or a bar."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description:22}"), BarColumn(), TimeElapsedColumn())
            self._bars = Bars(*columns, console=Console(stderr=True))
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def tell(self, what: str, share: float) -> None:
        """See the class."""
        label = LABELS.get(what, what)
        if self._bars is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bars.add_task(label, total=1.0)
            self._bars.update(self._tasks[what], completed=share)
        elif what not in self._tasks:
            self._tasks[what] = share
            if not self._quiet:
                print(f"{label} ...", file=sys.stderr, flush=True)
