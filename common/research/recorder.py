"""Keeps what the market says today: bars and quotes as Parquet in the archive, an hour a file, written each minute."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from io import BytesIO
from queue import Empty, Full, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.indian_time import at
from common.market.instrument import Instrument
from common.ports import Archive, Logs, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

WAITING_MINUTES: Final = 10
"""Of an archive that does not answer; what comes beyond is lost, and said."""
END_SECONDS: Final = 60.0
FOLDER: Final = "market"


class MarketRecorder:
    """`take` only collects; a thread of its own writes. room: whose files, such as the asset class.

    run: of this process, so that a restart leaves the files of before as they are. is_whole: whether a bar has all of
    its ticks; those that have not are marked in the column `incomplete`. A crash loses at most the last minute.
    """

    def __init__(
        self, archive: Archive, day: date, room: str, instruments: Iterable[Instrument], logs: Logs, run: str,
        is_whole: Callable[[Bar], bool],
    ) -> None:
        self._archive = archive
        self._day = day
        self._room = room
        self._instruments = {one.symbol: one for one in instruments}
        self._logs = logs
        self._run = run
        self._is_whole = is_whole
        self._bars: list[tuple[Bar, bool]] = []
        self._quotes: list[Quote] = []
        self._minute = 0
        self._waiting: Queue[_Minute | None] = Queue(WAITING_MINUTES)
        self._rolls: dict[str, tuple[str, Any]] = {}
        self._said = False
        self.lost = 0
        self._thread = Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    @property
    def symbols(self) -> list[str]:
        """What is to be recorded."""
        return list(self._instruments)

    def take(self, events: Sequence[Bar | Quote], now: int) -> None:
        """What came until `now` (nanoseconds UTC)."""
        for event in events:
            if event.symbol not in self._instruments:
                continue
            if isinstance(event, Quote):
                self._quotes.append(event)
            else:
                self._bars.append((event, self._is_whole(event)))
        minute = now - now % NANOSECONDS_A_MINUTE
        if minute != self._minute:
            if self._minute:
                self._hand_over(self._minute)
            self._minute = minute

    def close(self) -> None:
        """Hand over what is left; waits for the archive, but not for ever."""
        self._hand_over(self._minute)
        with suppress(Full):
            self._waiting.put(None, timeout=END_SECONDS)
        self._thread.join(END_SECONDS)

    def _hand_over(self, minute: int) -> None:
        if not self._bars and not self._quotes:
            return
        batch = _Minute(minute, self._bars, self._quotes)
        self._bars, self._quotes = [], []
        try:
            self._waiting.put_nowait(batch)
        except Full:
            self.lost += 1
            self._say("a minute of the market is lost: the archive has not answered for several")

    def _write_all(self) -> None:
        while (batch := self._waiting.get()) is not None:
            batches = [batch]
            ended = False
            try:  # a slow archive gets what has gathered in one go
                while True:
                    more = self._waiting.get_nowait()
                    if more is None:
                        ended = True
                        break
                    batches.append(more)
            except Empty:
                pass
            self._write(batches)
            if ended:
                return

    def _write(self, batches: Sequence["_Minute"]) -> None:
        for hour in sorted({_hour(one.minute) for one in batches}):
            some = [one for one in batches if _hour(one.minute) == hour]
            bars = [bar for one in some for bar in one.bars]
            quotes = [quote for one in some for quote in one.quotes]
            if bars:
                self._roll("bars", hour, bars_table(bars, self._instruments))
            if quotes:
                self._roll("quotes", hour, quotes_table(quotes))

    def _roll(self, kind: str, hour: str, more: "pa.Table") -> None:
        import pyarrow as pa
        from pyarrow import parquet

        begun, table = self._rolls.get(kind, ("", None))
        table = pa.concat_tables([table, more]) if begun == hour else more
        self._rolls[kind] = (hour, table)
        if kind == "bars":
            table = table.sort_by([("symbol", "ascending"), ("ts", "ascending")])
        data = BytesIO()
        parquet.write_table(table, data, compression="zstd")
        name = f"{FOLDER}/{self._room}/{kind}-{hour}-{self._run}.parquet"
        try:
            self._archive.put(self._day, name, data.getvalue(), overwrite=True)
            self._said = False
        except StoreError as failure:  # the next minute writes all of the hour again
            self._say(f"the market cannot be recorded: {failure}")

    def _say(self, text: str) -> None:
        if not self._said:
            self._said = True
            self._logs.write("WARNING", text, {"category": "recorder"})


class _Minute:
    """What came in one minute by the clock."""

    __slots__ = ("bars", "minute", "quotes")

    def __init__(self, minute: int, bars: list[tuple[Bar, bool]], quotes: list[Quote]) -> None:
        self.minute = minute
        self.bars = bars
        self.quotes = quotes


def bars_table(bars: Sequence[tuple[Bar, bool]], instruments: Mapping[str, Instrument]) -> "pa.Table":
    """As docs/data.md has recorded sessions, with a column `incomplete` more."""
    import pyarrow as pa

    from common.research.recorded import Recording
    from common.research.storing import table_of

    by_symbol: dict[str, list[tuple[Bar, bool]]] = {}
    for bar, whole in bars:
        by_symbol.setdefault(bar.symbol, []).append((bar, whole))
    series = {symbol: [bar for bar, _ in rows] for symbol, rows in by_symbol.items()}
    table = table_of(Recording({symbol: instruments[symbol] for symbol in series}, series))
    incomplete = [not whole for rows in by_symbol.values() for _, whole in rows]
    return table.append_column("incomplete", pa.array(incomplete, pa.bool_()))


def quotes_table(quotes: Sequence[Quote]) -> "pa.Table":
    """ts, symbol, last, bid, ask (rupees), bid_quantity, ask_quantity, volume (of the day so far), as they came."""
    import pyarrow as pa

    from common.research.columns import ZONE

    stamps = pa.array([one.ts for one in quotes], pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns", ZONE))
    prices = {name: pa.array([getattr(one, name) / 100 for one in quotes], pa.float64())
              for name in ("last", "bid", "ask")}
    counts = {name: pa.array([getattr(one, name) for one in quotes], pa.int64())
              for name in ("bid_quantity", "ask_quantity", "volume")}
    return pa.table({"ts": stamps, "symbol": pa.array([one.symbol for one in quotes]), **prices, **counts})


def _hour(minute: int) -> str:
    return f"{at(minute):%H}"
