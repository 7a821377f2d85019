"""Ticks to quotes and bars: a session's bars come back from its ticks; what is late, old or doubled moves nothing."""

from collections.abc import Iterable
from datetime import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.adapters.kite.decoder import FrameCounts, Tick, decode
from common.adapters.kite.inbox import Inbox
from common.adapters.kite.ticks import GRACE, TickReader
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.indian_time import moment
from common.market.instrument import Instrument, Kind
from common.research.generator import generate
from tests.unit.kite_frames import frame, full, index, ltp, touched
from tests.unit.trading_case import DAY

OPEN = moment(DAY, time(9, 15))
OPEN_SECOND = OPEN // NANOSECONDS_A_SECOND
TCS = Instrument("TCS", "NSE", Kind.EQUITY, 5, 1, 4000 << 8 | 1)
NIFTY = Instrument("NIFTY 50", "NSE", Kind.INDEX, 1, 1, 1000 << 8 | 9)


def reader(*instruments: Instrument) -> TickReader:
    """Whole from before the open."""
    found = TickReader(DAY, OPEN, instruments or (TCS,))
    found.heard(OPEN - NANOSECONDS_A_MINUTE)
    return found


def tick(packet: bytes) -> Tick:
    (found,) = decode(frame([packet]), FrameCounts())
    return found


def tcs(second: float, last: int, volume: int = 0, bid: int = 0, ask: int = 0, oi: int = 0) -> Tick:
    return tick(touched(TCS.token, last, volume, OPEN_SECOND + int(second), bid, ask, oi))


def told(into: TickReader, ticks: Iterable[Tick]) -> list[Bar]:
    """Bars that came out, each tick heard in the second in which it was sent."""
    return [event for one in ticks for event in into.read(one, one.time * NANOSECONDS_A_SECOND)
            if isinstance(event, Bar)]


def values(bar: Bar) -> tuple[int | str, ...]:
    return tuple(getattr(bar, name) for name in Bar.__slots__)


def ticks_of(bars: Iterable[Bar], chance: Random) -> list[Tick]:
    """What the stream would have said: the extremes in either order between open and close, and one before the day."""
    token, volume, found = TCS.token, 1_000, [tick(touched(TCS.token, 1, 1_000, OPEN_SECOND - 300, 0, 0))]
    for bar in bars:
        extremes = [bar.high, bar.low] if chance.random() < 0.5 else [bar.low, bar.high]
        seconds = sorted(chance.sample(range(60), 4))
        parts = sorted([0, *(chance.randint(0, bar.volume) for _ in range(3)), bar.volume])[1:]
        for second, part, last in zip(seconds, parts, [bar.open, *extremes, bar.close], strict=True):
            at = bar.ts // NANOSECONDS_A_SECOND + second
            found.append(tick(touched(token, last, volume + part, at, bar.bid, bar.ask, bar.oi)))
        volume += bar.volume
    return found


@st.composite
def minutes(draw: st.DrawFn) -> list[Bar]:
    """Bars of some of the first twenty minutes."""
    found = []
    for number in sorted(draw(st.sets(st.integers(0, 19), min_size=1))):
        prices = sorted(draw(st.lists(st.integers(1, 10**6), min_size=4, max_size=4)))
        low, *inner, high = prices
        open, close = inner if draw(st.booleans()) else reversed(inner)
        volume, oi = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
        bid, ask = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
        ts = OPEN + number * NANOSECONDS_A_MINUTE
        found.append(Bar(ts, "TCS", open, high, low, close, volume, oi, bid, ask))
    return found


@given(minutes(), st.randoms(use_true_random=False), st.data())
def test_bars_come_back_from_their_ticks(bars: list[Bar], chance: Random, data: st.DataObject) -> None:
    """Whatever the bars: their ticks give them back, also with ticks sent twice and old ones sent once more."""
    ticks = ticks_of(bars, chance)
    sent: list[Tick] = []
    for number, one in enumerate(ticks):
        sent.append(one)
        if data.draw(st.booleans()):
            sent.append(one)
        if number and ticks[number - 1].time < one.time and data.draw(st.booleans()):
            sent.append(ticks[number - 1])
    into = reader()
    found = told(into, sent)
    found += into.end_minutes(bars[-1].ts + NANOSECONDS_A_MINUTE + GRACE)
    assert [values(bar) for bar in found] == [values(bar) for bar in bars]
    assert into.counts.incomplete == 0


def test_a_session_comes_back_from_its_ticks() -> None:
    """All bars of a generated share, a whole day of them."""
    recording = generate(DAY, 7, sessions_before=0)
    symbol = next(one.symbol for one in recording.instruments.values() if one.kind is Kind.EQUITY)
    bars = [bar for bar in recording.bars[symbol] if bar.ts >= OPEN]
    instrument = Instrument(symbol, "NSE", Kind.EQUITY, 5, 1, TCS.token)
    into = reader(instrument)
    found = told(into, ticks_of(bars, Random(7)))
    found += into.end_minutes(OPEN + NANOSECONDS_A_MINUTE * 500)
    assert len(bars) > 300
    assert [values(bar) for bar in found] == [values(bar) for bar in bars]


def test_a_minute_ends_by_the_clock() -> None:
    """Without a later tick the bar comes out a little after its minute, once; a tick of that minute is late then."""
    into = reader()
    told(into, [tcs(-60, 99), tcs(3, 100, 10)])
    end = OPEN + NANOSECONDS_A_MINUTE
    assert into.end_minutes(end + GRACE - 1) == []
    (bar,) = into.end_minutes(end + GRACE)
    assert (bar.ts, bar.close, bar.volume) == (OPEN, 100, 10)
    assert into.read(tcs(59, 500, 20), end + GRACE) != ()
    assert into.end_minutes(end + NANOSECONDS_A_MINUTE * 2) == []
    assert into.bar_counts["TCS"].late == 1


def test_an_older_tick_is_no_news() -> None:
    """Out of order by the exchange's time: neither a quote nor part of a bar, and counted."""
    into = reader()
    told(into, [tcs(5, 100, 10), tcs(9, 101, 20)])
    assert list(into.read(tcs(7, 900, 15), OPEN)) == []
    assert into.last["TCS"].last == 101
    assert into.bar_counts["TCS"].late == 1


def test_snapshots_of_another_day_and_strangers_are_not_used() -> None:
    """What Kite sends on subscription may be yesterday's last tick; tokens that nobody asked for are counted."""
    into = reader()
    yesterday = tick(full(TCS.token, 777, 9, OPEN_SECOND - 86_400))
    assert list(into.read(yesterday, OPEN)) == []
    assert list(into.read(tick(ltp(99, 5)), OPEN)) == []
    assert list(into.read(tick(full(TCS.token, 0, 9, OPEN_SECOND)), OPEN)) == []
    assert (into.counts.other_day, into.counts.unknown, into.counts.unpriced) == (1, 1, 1)
    assert into.last == {}


def test_no_bar_before_the_open() -> None:
    """Ticks of the pre-open are quotes and set the volume's base, and make no bar."""
    into = reader()
    assert told(into, [tcs(-400, 100, 5_000), tcs(-300, 101, 6_000), tcs(1, 102, 6_500), tcs(61, 103, 6_600)]) != []
    (bar,) = into.end_minutes(OPEN + 10 * NANOSECONDS_A_MINUTE)
    assert (bar.ts, bar.volume) == (OPEN + NANOSECONDS_A_MINUTE, 100)


def test_a_quote_carries_the_touch_and_an_index_has_none() -> None:
    """Prices in paise, quantities of the best level, the day's volume, the exchange's time; our clock where none is."""
    into = reader(TCS, NIFTY)
    (quote,) = into.read(tcs(2, 41_005, 900, 41_000, 41_010), OPEN)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity) == (41_000, 10, 41_010, 10)
    assert (quote.last, quote.volume, quote.ts) == (41_005, 900, OPEN + 2 * NANOSECONDS_A_SECOND)
    (level,) = into.read(tick(index(NIFTY.token, 2_500_000, (1, 1, 1, 1), 0)), OPEN + 77)
    assert isinstance(level, Quote)
    assert (level.symbol, level.bid, level.ts) == ("NIFTY 50", 0, OPEN + 77)


def test_minutes_with_a_hole_are_marked() -> None:
    """Before the stream was heard, while it was away, and where the inbox was too full: not whole; the others are."""
    into = TickReader(DAY, OPEN, [TCS])
    minute = NANOSECONDS_A_MINUTE

    def whole(number: int) -> bool:
        return into.is_whole(Bar(OPEN + number * minute, "TCS", 1, 1, 1, 1))

    assert not whole(0)
    into.heard(OPEN + 30 * NANOSECONDS_A_SECOND)
    assert [whole(n) for n in range(3)] == [False, True, True]
    into.lost(OPEN + 5 * minute + 1)
    assert [whole(n) for n in range(3, 8)] == [True, True, False, False, False]
    into.heard(OPEN + 7 * minute)
    assert [whole(n) for n in range(3, 9)] == [True, True, False, False, True, True]
    into.lost(OPEN + 7 * minute + 5)
    into.heard(OPEN + 7 * minute + 9)
    assert [whole(n) for n in range(4, 10)] == [True, False, False, False, True, True]
    into.torn([TCS.token], OPEN + 20 * minute + 1)
    assert [whole(n) for n in range(18, 22)] == [True, False, False, True]


def test_what_the_stream_cannot_price_is_refused() -> None:
    """Without a token, or with prices finer than paise: an error that says so, before anything is subscribed."""
    with pytest.raises(ValueError, match="has no token"):
        TickReader(DAY, OPEN, [Instrument("AAA", "NSE", Kind.EQUITY, 5)])
    with pytest.raises(ValueError, match="finer than paise"):
        TickReader(DAY, OPEN, [Instrument("USDINR", "CDS", Kind.FUTURE, 25, 1, 7 << 8 | 3)])


def test_the_inbox_keeps_the_newest_of_each_instrument() -> None:
    """A busy instrument loses its own oldest ticks, never another's; what comes out is in the order of arrival."""
    inbox = Inbox(lambda: 0.0, waiting=3)
    busy, quiet = TCS.token, NIFTY.token
    inbox.put([tick(ltp(quiet, 1))])
    inbox.put([tick(ltp(busy, last)) for last in range(10)])
    inbox.put([tick(ltp(quiet, 2))])
    ticks, torn = inbox.take(0.0)
    assert [(one.token, one.last) for one in ticks] == [(quiet, 1), (busy, 7), (busy, 8), (busy, 9), (quiet, 2)]
    assert (torn, inbox.dropped) == ({busy}, 7)
    assert inbox.take(0.0) == ([], set())


def test_an_instrument_that_falls_silent_is_seen() -> None:
    """Seconds since its last tick, though others tick on; None for one that never has."""
    now = [0.0]
    inbox = Inbox(lambda: now[0])
    inbox.put([tick(ltp(TCS.token, 1)), tick(ltp(NIFTY.token, 1))])
    now[0] = 7.0
    inbox.put([tick(ltp(NIFTY.token, 1))])
    assert (inbox.silent_for(TCS.token), inbox.silent_for(NIFTY.token), inbox.silent_for(5)) == (7.0, 0.0, None)
