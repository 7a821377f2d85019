"""The live market: instruments of the morning, candles of earlier days, and the stream as quotes and bars."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from common.adapters.kite.history import KiteHistory, sessions_before
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.stream import KiteStream
from common.adapters.kite.ticks import TickReader
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.calendar import previous_trading_day, session_on
from common.market.indian_time import at as time_of
from common.market.indian_time import moment
from common.market.instrument import AssetClass, Instrument, Kind
from common.ports import Clock, Logs, MarketData
from common.trading.errors import BrokerUnavailable

FRESH_SECONDS: Final = 5.0
"""A symbol that has ticked so lately needs no REST quote."""
FEED_SECONDS: Final = 1.0
MAX_NAMED: Final = 10
MAX_GAPS: Final = 50
MOST_FAILURES: Final = 3
"""In a row: each has been tried for half a minute, and whoever prepares the day has a few."""


class StreamMarket:
    """LiveMarket of one process: what REST says, and with it stream and candles; `watch` opens the connection.

    rest: instruments with their tokens, and quotes. known: instruments of which there is to be history.
    """

    def __init__(
        self, rest: MarketData, stream: KiteStream, inbox: Inbox, history: KiteHistory, clock: Clock,
        known: Callable[[date], Sequence[Instrument]], logs: Logs,
    ) -> None:
        self._rest = rest
        self._stream = stream
        self._inbox = inbox
        self._history = history
        self._clock = clock
        self._known = known
        self._logs = logs
        self._books: dict[date, dict[str, Instrument]] = {}
        self._watched: dict[str, Instrument] = {}
        self._reader: TickReader | None = None
        self._lost = False

    def instruments(self, day: date) -> list[Instrument]:
        """Everything that the broker lists on `day`."""
        return self._rest.instruments(day)

    def without_volume(self, day: date, symbols: Sequence[str]) -> frozenset[str]:
        """The indices: nobody trades them."""
        book = self._book(day)
        return frozenset(symbol for symbol in symbols if symbol in book and book[symbol].kind is Kind.INDEX)

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """As the port has it, of what is known to matter; after some failures in a row no more is asked for."""
        days: list[date] = []
        for _ in range(sessions):
            days.insert(0, previous_trading_day(days[0] if days else day))
        found, failed, why, in_a_row = dict[str, list[list[Bar]]](), list[str](), "", 0
        for instrument in self._known(day):
            bars: list[list[Bar]] | None = None
            try:
                if in_a_row < MOST_FAILURES:
                    bars, in_a_row = sessions_before(self._history, instrument, days), 0
            except BrokerUnavailable as failure:
                why, in_a_row = why or str(failure), in_a_row + 1
            if bars is None:
                failed.append(instrument.symbol)
            if bars is None or bars:
                found[instrument.symbol] = bars or []
        if failed:
            text = f"no candles of {', '.join(failed[:MAX_NAMED])}: the plan knows nothing of their days before ({why})"
            self._logs.write("WARNING", text, {"category": "history", "symbols": len(failed)})
        return found

    def so_far(
        self, day: date, symbols: Sequence[str], waiting: Callable[[], None] = lambda: None,
    ) -> Iterator[Bar]:
        """The bars of `day` that have ended by now, from the broker's candles: by time, then in the order of `symbols`.

        For a workload that starts in mid-session; none before its first minute has ended. waiting: called before each
        request. Raises BrokerUnavailable.
        """
        session, now = session_on(day), self._now()
        if session is None or now < session.open + NANOSECONDS_A_MINUTE:
            return
        rows: list[tuple[int, int, Bar]] = []
        for place, symbol in enumerate(symbols):
            waiting()
            bars = self._history.bars(self._book(day)[symbol], (day, day))
            rows += [(bar.ts, place, bar) for bar in bars if bar.ts + NANOSECONDS_A_MINUTE <= now]
        rows.sort(key=lambda row: row[:2])
        yield from (bar for _, _, bar in rows)

    def feed(self, day: date, symbols: Sequence[str]) -> Iterator[Bar]:
        """The bars so far, then each as its minute ends, to the end of the day: it waits."""
        session = session_on(day)
        if session is None:
            return
        self.watch(day, symbols)
        last = 0
        for bar in self.so_far(day, symbols):
            last = bar.ts
            yield bar
        wanted = set(symbols)
        until = max(session.close(one) for one in AssetClass) + 2 * NANOSECONDS_A_MINUTE
        while self._now() < until:
            for event in self.news(FEED_SECONDS):
                if isinstance(event, Bar) and event.ts > last and event.symbol in wanted:
                    yield event

    def quotes(self, symbols: Sequence[str], at: datetime) -> list[Quote]:
        """From the stream where it is fresh, dated `at`; else over REST."""
        now, found, missing = moment(at.date(), at.time()), list[Quote](), list[str]()
        for symbol in symbols:
            last = self._fresh(symbol)
            if last is not None:
                found.append(Quote(
                    now, symbol, last.last, last.bid, last.ask, last.bid_quantity, last.ask_quantity, last.volume,
                ))
            else:
                missing.append(symbol)
        return [*found, *(self._rest.quotes(missing, at) if missing else ())]

    def watch(self, day: date, symbols: Sequence[str]) -> None:
        """Hear of these from now on; the first call connects. Raises ValueError, KeyError for an unknown symbol."""
        session = session_on(day)
        if session is None:
            raise ValueError(f"{day} is no trading day: there is no stream to watch")
        book = self._book(day)
        chosen = {symbol: book[symbol] for symbol in symbols if symbol not in self._watched}
        begins = self._reader is None
        if self._reader is None:
            self._reader = TickReader(day, session.open, ())
        self._reader.watch(chosen.values())
        self._stream.watch([one.token for one in chosen.values()])
        self._watched |= chosen
        if begins:
            self._stream.start()

    def news(self, seconds: float) -> list[Bar | Quote]:
        """What has come since the last call, waiting for it at most so long; a bar stands before what came after it.

        Nothing may be returned early: when there is news of orders, or the connection has changed.
        """
        reader = self._open_reader()
        ticks, torn = self._inbox.take(seconds)
        now = self._now()
        self._note_changes(reader)
        if torn:
            reader.torn(torn, now)
        events: list[Bar | Quote] = []
        for tick in ticks:
            events += reader.read(tick, now)
        events += reader.end_minutes(now)
        return events

    def news_was_lost(self) -> bool:
        """Whether the connection has come back since the last call: the order book is to be read."""
        lost, self._lost = self._lost, False
        return lost

    def is_whole(self, bar: Bar) -> bool:
        """Whether no tick of its minute was missed."""
        return self._open_reader().is_whole(bar)

    def silent(self, symbols: Sequence[str], seconds: float) -> list[str]:
        """Those of `symbols` that have not ticked for so long, or never."""
        found = []
        for symbol in symbols:
            one = self._watched.get(symbol)
            since = self._inbox.silent_for(one.token) if one is not None else None
            if since is None or since > seconds:
                found.append(symbol)
        return found

    def figures(self) -> dict[str, Any]:
        """Counters of the stream, its frames, its ticks and bars, for people and logs."""
        reader = self._open_reader()
        bars: dict[str, int] = {}
        for counts in reader.bar_counts.values():
            for name, value in asdict(counts).items():
                bars[name] = bars.get(name, 0) + value
        return {
            "state": self._stream.state.value, "watched": len(self._watched), "dropped": self._inbox.dropped,
            **asdict(self._stream.counts), **asdict(self._stream.frames),
            "read": asdict(reader.counts), "bars": bars,
            "gaps": [[f"{time_of(ts):%H:%M:%S}" for ts in gap] for gap in reader.gaps(self._now())[:MAX_GAPS]],
        }

    def close(self) -> None:
        """Hang up."""
        if self._reader is not None:
            self._stream.close()

    def _note_changes(self, reader: TickReader) -> None:
        changes = self._stream.changes
        while changes:
            change = changes.popleft()
            if change.whole:
                reader.heard(change.ts)
                self._lost = True
            else:
                reader.lost(change.ts)

    def _fresh(self, symbol: str) -> Quote | None:
        if self._reader is None or self.silent([symbol], FRESH_SECONDS):
            return None
        return self._reader.last.get(symbol)

    def _open_reader(self) -> TickReader:
        if self._reader is None:
            raise ValueError("nothing is watched yet: call watch first")
        return self._reader

    def _book(self, day: date) -> dict[str, Instrument]:
        if day not in self._books:
            self._books = {day: {one.symbol: one for one in reversed(self._rest.instruments(day))}}
        return self._books[day]

    def _now(self) -> int:
        now = self._clock.now()
        return moment(now.date(), now.time())
