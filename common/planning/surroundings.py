"""What the morning knows beyond prices of shares and futures: breadth, events, option prices, results, headlines."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from common.planning.breadth import Breadth
from common.planning.document import Record
from common.planning.events import MAX_EVENTS, Event
from common.planning.headlines import News
from common.planning.option_prices import OptionPrices
from common.planning.sentiment import Sentiment
from common.planning.track_record import FEW_DAYS, TrackRecord

MAX_CHAINS: Final = 10
MAX_RECORDS: Final = 100
MAX_UNKNOWN: Final = 20


class Surroundings(Record):
    """Each empty where nobody was asked or nothing is known. sentiment: by the lexicon.

    unknown: what a model would have liked to know and cannot: it then plans at half size at most.
    """

    breadth: Breadth | None = None
    events: Annotated[tuple[Event, ...], Field(max_length=MAX_EVENTS)] = ()
    option_prices: Annotated[tuple[OptionPrices, ...], Field(max_length=MAX_CHAINS)] = ()
    results: Annotated[tuple[TrackRecord, ...], Field(max_length=MAX_RECORDS)] = ()
    news: News = News()
    sentiment: Sentiment | None = None
    unknown: Annotated[tuple[str, ...], Field(max_length=MAX_UNKNOWN)] = ()


def unknowns(known: Surroundings, wants_options: bool, faults: Sequence[str] = ()) -> tuple[str, ...]:
    """What is not among what is `known`, named; faults: of what could not be read."""
    found = list(faults)
    if known.breadth is None:
        found.append("breadth: fewer than three shares have two sessions behind them")
    if wants_options and not known.option_prices:
        found.append("option prices of the last session: no skew, open interest or implied move")
    elif wants_options and not any(one.put_call_oi for one in known.option_prices):
        found.append("open interest of options")
    if not any(one.days >= FEW_DAYS for one in known.results):
        found.append(f"results of the strategies: none has been graded on {FEW_DAYS} days")
    if not known.news.feeds:
        found.append("headlines: no feeds are set (TRON_FEEDS)")
    found += [f"headlines of {name}: {text}" for name, text in known.news.failures.items()]
    return tuple(found[:MAX_UNKNOWN])
