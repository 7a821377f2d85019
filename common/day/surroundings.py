"""What prepare_day learns beyond shares and futures: option prices, events, results of strategies, headlines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.calendar import previous_trading_day, session_times
from common.market.indian_time import INDIA, day_of, moment
from common.market.instrument import AssetClass, Instrument, Kind
from common.market.option_chain import Offer
from common.planner_ports import Feeds
from common.planning.breadth import breadth_of
from common.planning.contracts import CASH_SETTLED, index_names
from common.planning.events import EVENTS, Event, events_of
from common.planning.gate import GateReason
from common.planning.headlines import News, news_of
from common.planning.history import DaySummary
from common.planning.mandate import Mandate
from common.planning.notices import FOLDER, NoticeError
from common.planning.option_prices import OptionPrices, option_prices
from common.planning.sentiment import by_lexicon
from common.planning.surroundings import Surroundings, unknowns
from common.planning.track_record import StrategyDay, TrackRecord, track_records
from common.ports import Archive, DocumentStore, MarketData, Query

SCORECARDS: Final = "scorecards"
GRADED_DAYS: Final = 60
STRIKES: Final = 31
"""Nearest to the money, of which last prices are asked for."""
EXPIRIES: Final = 2
MAX_UNDERLYINGS: Final = 3
MAX_NAMED: Final = 10
_ARM: Final = re.compile(r"([a-z0-9_]{1,64}) \((stock|futures|options)\)")


@dataclass(frozen=True, slots=True)
class Morning:
    """What prepare_day has in hand. now: aware. bars, summaries: of sessions before the day, by symbol."""

    day: date
    now: datetime
    mandate: Mandate
    instruments: Sequence[Instrument]
    bars: Mapping[str, Sequence[Sequence[Bar]]]
    summaries: Mapping[str, Sequence[DaySummary]]


def surroundings(
    morning: Morning, store: DocumentStore, archive: Archive, market: MarketData, feeds: Feeds | None,
) -> tuple[Surroundings, list[GateReason]]:
    """What is known, with what is not named in it; and a finding for the gate where a list cannot be read."""
    shares = [one.symbol for one in morning.instruments if one.kind is Kind.EQUITY]
    news = _news(morning, feeds)
    events, faults = _events(morning, archive)
    found = Surroundings(
        breadth=breadth_of(morning.day, shares, morning.summaries), events=events,
        option_prices=tuple(_options(morning, market)), results=results(morning.day, store), news=news,
        sentiment=by_lexicon(news.headlines),
    )
    lacking = [*_untold(morning), *(one.text for one in faults)]
    unknown = unknowns(found, morning.mandate.options.enabled, lacking)
    return found.model_copy(update={"unknown": unknown}), faults


def _untold(morning: Morning) -> Iterator[str]:
    """Symbols whose days before were asked for and did not come."""
    names = sorted(symbol for symbol, sessions in morning.bars.items() if not sessions)
    if names:
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        yield f"the days before of {', '.join(names[:MAX_NAMED])}{more}: their candles did not come"


def results(day: date, store: DocumentStore) -> tuple[TrackRecord, ...]:
    """Of each strategy alone, from the scorecards of the last sixty graded days before `day`."""
    query = Query(SCORECARDS, (("date", "<", day.isoformat()),), order_by="-date", limit=GRADED_DAYS)
    return track_records(one for card in store.query(query) for one in _strategy_days(card.fields.get("arms")))


def _strategy_days(arms: object) -> Iterator[StrategyDay]:
    for arm in arms if isinstance(arms, list) else ():
        match = _ARM.fullmatch(str(arm.get("name")))
        net = arm.get("net_paise")
        if match is not None and isinstance(net, int) and not arm.get("failed"):
            yield StrategyDay(AssetClass(match[2]), match[1], net)


def _news(morning: Morning, feeds: Feeds | None) -> News:
    """From the close of the session before until now."""
    if feeds is None or not feeds.count:
        return News()
    reading = feeds.read()
    since = datetime.combine(previous_trading_day(morning.day), time(15, 30), INDIA)
    return news_of(reading.headlines, feeds.count, reading.failures, since, morning.now.astimezone(INDIA))


def _events(morning: Morning, archive: Archive) -> tuple[tuple[Event, ...], list[GateReason]]:
    mandate = morning.mandate
    wanted = {*mandate.futures.universe, *mandate.options.universe} & CASH_SETTLED
    data = archive.get(morning.day, f"{FOLDER}/{EVENTS}.csv")
    try:
        return events_of(morning.day, wanted, data.decode() if data is not None else None), []
    except (NoticeError, UnicodeDecodeError) as error:
        fault = GateReason(name=f"list_{EVENTS}", verdict="amber", text=str(error)[:500])
        return events_of(morning.day, wanted, None), [fault]


def _options(morning: Morning, market: MarketData) -> Iterator[OptionPrices]:
    """Of the nearest expiries of the mandate's index underlyings, those that are listed today."""
    own = morning.mandate.options
    if not own.enabled:
        return
    session = previous_trading_day(morning.day)
    now = session_times(session, AssetClass.OPTIONS).close
    by_chain: dict[tuple[str, date], list[Instrument]] = {}
    for one in morning.instruments:
        if one.kind in (Kind.CALL, Kind.PUT) and one.expiry and one.expiry > session and own.admits(one.underlying):
            by_chain.setdefault((one.underlying, one.expiry), []).append(one)
    underlyings = sorted({name for name, _ in by_chain} & CASH_SETTLED)[:MAX_UNDERLYINGS]
    for underlying in underlyings:
        for expiry in sorted(expiry for name, expiry in by_chain if name == underlying)[:EXPIRIES]:
            options = _near(by_chain[underlying, expiry], morning)
            found = option_prices(underlying, expiry, session, _offers(options, session, morning, market, now), now)
            if found is not None:
                yield found


def _near(options: Sequence[Instrument], morning: Morning) -> list[Instrument]:
    """Of the strikes nearest to the index's last close, or of the middle ones."""
    strikes = sorted({one.strike for one in options})
    closes = [past[-1].close for name in index_names(options[0].underlying) if (past := morning.summaries.get(name))]
    spot = closes[0] if closes else strikes[len(strikes) // 2]
    kept = set(sorted(strikes, key=lambda strike: (abs(strike - spot), strike))[:STRIKES])
    return [one for one in options if one.strike in kept]


def _offers(
    options: Sequence[Instrument], session: date, morning: Morning, market: MarketData, now: int,
) -> list[Offer]:
    """From the last session's bars; where there are none of options at all, as the market shows it before it opens."""
    found = [
        Offer(one, last.ts + NANOSECONDS_A_MINUTE, last.bid or last.close, last.ask or last.close, last.oi)
        for one in options if (last := _last_bar(one.symbol, session, morning)) is not None
    ]
    if found:
        return found
    known = {one.symbol: one for one in options}
    quotes = islice(market.quotes(sorted(known), morning.now), len(known))
    opening = moment(morning.day, time(9, 0))
    return [
        Offer(known[quote.symbol], min(quote.ts, now), quote.last, quote.last, quote.oi)
        for quote in quotes if quote.symbol in known and quote.last > 0 and quote.ts < opening
    ]


def _last_bar(symbol: str, session: date, morning: Morning) -> Bar | None:
    sessions = morning.bars.get(symbol, ())
    if not sessions or not sessions[-1] or day_of(sessions[-1][-1].ts) != session:
        return None
    return sessions[-1][-1]
