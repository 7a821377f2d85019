"""One workload over a market that goes on by itself: warmed, driven by ticks and time, and told what was missed."""

from typing import Final

from common.day.live_market import LiveMarket, Recorder
from common.day.trade_ports import nanoseconds
from common.day.workload import Workload
from common.market.bar import NANOSECONDS_A_SECOND, Quote
from common.ports import Clock, Logs
from common.trading.errors import BrokerUnavailable

NEWS_SECONDS: Final = 0.25
TIMER_EVERY: Final = NANOSECONDS_A_SECOND // 4
LOOK_EVERY: Final = 10 * NANOSECONDS_A_SECOND
SILENT_SECONDS: Final = 15.0
"""A symbol that we hold and that says nothing for so long is told of; what it trades in is liquid."""
AFTER_CLOSE: Final = 60 * NANOSECONDS_A_SECOND
"""So long after the close the broker's last news is waited for."""


def trade_live(
    workload: Workload, market: LiveMarket, clock: Clock, logs: Logs, recorder: Recorder | None = None,
) -> None:
    """To a minute after the session's close. Raises TradingStopped."""
    told = logs.about(date=workload.day.isoformat(), asset_class=workload.plan.asset_class.value)
    market.watch(workload.day, workload.symbols)
    if recorder is not None:
        market.watch(workload.day, recorder.symbols)
    try:
        warmed = _warm(workload, market, told)
        _listen(workload, market, clock, told, warmed, recorder)
    finally:
        told.write("INFO", "what the stream has told", {"stream": market.figures()})
        market.close()
        if recorder is not None:
            recorder.close()


def _warm(workload: Workload, market: LiveMarket, logs: Logs) -> dict[str, int]:
    """Prices and indicators as if it had run since the open; by symbol, the start of the last bar that it knows."""
    warmed: dict[str, int] = {}
    try:
        for bar in market.so_far(workload.day, workload.symbols, workload.keep_lease):
            workload.session.warm(bar)
            warmed[bar.symbol] = bar.ts
    except BrokerUnavailable as failure:
        logs.write("WARNING", f"the day's bars so far do not come, indicators begin now: {failure}")
    return warmed


def _listen(
    workload: Workload, market: LiveMarket, clock: Clock, logs: Logs, warmed: dict[str, int],
    recorder: Recorder | None,
) -> None:
    watched, traded = _Watch(workload, market, logs), workload.session.slots
    until, timer = workload.session.times.close + AFTER_CLOSE, 0
    while (now := nanoseconds(clock)) < until:
        events = market.news(NEWS_SECONDS)
        for event in events:
            if event.symbol in traded and (isinstance(event, Quote) or event.ts > warmed.get(event.symbol, 0)):
                workload.take(event)
        now = nanoseconds(clock)
        if market.news_was_lost():
            workload.news_was_lost()
            timer = 0
        if now >= timer or not events:
            timer = now + TIMER_EVERY
            workload.pass_time(now)
            watched.look(now)
        if recorder is not None:
            recorder.take(events, now)


class _Watch:
    """Tells once of each symbol that is held and falls silent."""

    def __init__(self, workload: Workload, market: LiveMarket, logs: Logs) -> None:
        self._workload = workload
        self._market = market
        self._logs = logs
        self._next = 0
        self._told: set[str] = set()

    def look(self, now: int) -> None:
        """At most every ten seconds."""
        if now < self._next:
            return
        self._next = now + LOOK_EVERY
        times = self._workload.session.times
        if not times.open <= now < times.close:
            return
        held = [slot.symbol for slot in self._workload.session.slots.values() if slot.quantity]
        silent = set(self._market.silent(held, SILENT_SECONDS)) if held else set()
        for symbol in sorted(silent - self._told):
            text = f"{symbol} is held and has had no tick for {SILENT_SECONDS:.0f} s: its stop rests at the exchange"
            self._logs.write("WARNING", text, {"category": "stream", "symbol": symbol})
        self._told = silent
