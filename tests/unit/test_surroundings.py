"""What the morning knows beyond prices: breadth, events, option prices, results, headlines and their mood."""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from common.adapters.clock import VirtualClock
from common.adapters.directory import DirectoryArchive
from common.adapters.memory import MemoryStore
from common.day.plan import plan_day
from common.day.prepare import prepare_day
from common.day.surroundings import results
from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote
from common.market.calendar import session_times
from common.market.instrument import AssetClass, Instrument, Kind
from common.market.option_chain import Offer
from common.planner_ports import FeedReading, Message
from common.planning.breadth import breadth_of
from common.planning.document import document_hash
from common.planning.events import events_of
from common.planning.evidence import Evidence
from common.planning.headlines import RawHeadline, news_of
from common.planning.notices import NoticeError
from common.planning.option_prices import option_prices
from common.planning.rule_planner import plan_by_rules
from common.planning.sentiment import by_lexicon, lexicon
from common.planning.surroundings import Surroundings, unknowns
from common.planning.track_record import StrategyDay, track_records
from common.ports import Create
from tests.model_server import sensible
from tests.unit import planner_case, planning_case

DAY, NOW = planner_case.DAY, planner_case.NOW
SESSION = DAY - timedelta(days=1)
STOCK = AssetClass.STOCK


def test_breadth_counts_the_last_session() -> None:
    """Up, down and flat against the closes before; a share that did not trade last is not counted."""
    past = {
        name: [planning_case.summary(name, DAY - timedelta(days=2)), planning_case.summary(name, SESSION, close=close,
                                                                                           low=90_000, high=120_000)]
        for name, close in (("A", 101_000), ("B", 99_000), ("C", 100_010), ("D", 98_000))
    }
    past["E"] = planning_case.sessions("E", until=DAY - timedelta(days=2))
    found = breadth_of(DAY, ["A", "B", "C", "D", "E", "F"], past)
    assert found is not None
    assert (found.session, found.advanced, found.declined, found.unchanged) == (SESSION, 1, 2, 1)
    assert found.median_change_percent == pytest.approx(-0.495)
    assert breadth_of(DAY, ["A", "B"], past) is None


def test_events_are_expiries_and_what_is_listed() -> None:
    """Within a week, by date; a list that cannot be read says so."""
    text = "date,name\n2026-08-21,Policy <b>day</b>\n2026-08-01,over\n2026-09-30,far\n"
    found = events_of(DAY, ["NIFTY", "SBIN"], text)
    assert [(one.days_away, one.name) for one in found] == [(2, "Policy day"), (6, "NIFTY expiry")]
    with pytest.raises(NoticeError, match="row 2"):
        events_of(DAY, [], "date,name\nsoon,x\n")
    with pytest.raises(NoticeError, match="columns"):
        events_of(DAY, [], "when\n")


def offers(forward: float, sigma: float, tilt: float) -> tuple[list[Offer], int]:
    """A chain priced by Black-76, puts' volatility rising by `tilt` for each per cent below the forward."""
    from common.market import black76
    from common.market.option_chain import NANOSECONDS_A_YEAR, RATE, expires_at

    now = session_times(SESSION, AssetClass.OPTIONS).close
    years = (expires_at(planning_case.WEEKLY) - now) / NANOSECONDS_A_YEAR
    found = []
    for strike in range(2_400_000, 2_605_000, 5_000):
        for kind, side in ((Kind.CALL, 1.0), (Kind.PUT, -1.0)):
            own = sigma + tilt * (forward - strike) / forward * 100
            price = round(float(black76.greeks(forward, strike, years, own, side, RATE).price))
            one = Instrument(f"NIFTY{strike}{kind}", "NFO", kind, 5, 65, 0, "NIFTY", planning_case.WEEKLY, strike)
            found.append(Offer(one, now, price, price, 650 if kind is Kind.CALL else 1_300))
    return found, now


def test_option_prices_give_back_what_they_were_made_of() -> None:
    """Volatility, skew, implied move and open interest of a chain of known volatility."""
    chain, now = offers(2_500_000, 0.12, 0.004)
    found = option_prices("NIFTY", planning_case.WEEKLY, SESSION, chain, now)
    assert found is not None
    assert found.forward_paise == pytest.approx(2_500_000, rel=1e-4)
    assert found.at_the_money_paise == 2_500_000
    assert found.volatility_percent == pytest.approx(12.0, abs=0.05)
    assert found.skew_points == pytest.approx(1.6, abs=0.1)
    assert found.put_call_oi == 2.0
    days = (planning_case.WEEKLY - SESSION).days
    assert found.implied_move_percent == pytest.approx(12 * math.sqrt(days / 365 * 2 / math.pi), rel=0.05)
    assert option_prices("NIFTY", planning_case.WEEKLY, SESSION, chain[:1], now) is None


def test_results_are_shrunk_by_what_chance_explains() -> None:
    """Strategies of equal worth shrink to almost nothing; one that is far better keeps most of its mean."""
    rng = Random(4)
    equal = [StrategyDay(STOCK, f"s{n}", round(rng.gauss(0, 100_000))) for n in range(8) for _ in range(30)]
    assert sum(abs(one.shrunken_paise) for one in track_records(equal)) < 0.5 * sum(
        abs(one.mean_paise) for one in track_records(equal)
    )
    better = [*equal, *(StrategyDay(STOCK, "best", round(rng.gauss(300_000, 100_000))) for _ in range(30))]
    best = next(one for one in track_records(better) if one.strategy == "best")
    assert best.days == 30
    assert best.standard_error_paise == pytest.approx(100_000 / math.sqrt(30), rel=0.4)
    assert 0.8 * best.mean_paise < best.shrunken_paise < best.mean_paise
    (alone,) = track_records([StrategyDay(STOCK, "once", 50_000)])
    assert (alone.days, alone.standard_error_paise, alone.shrunken_paise) == (1, None, 0.0)


def test_results_come_from_earlier_scorecards() -> None:
    """Of each strategy alone; a failed run, another arm and a later day are left out."""
    store = MemoryStore()
    for offset, net in ((1, 100), (2, 300), (0, 9_999)):
        day = DAY - timedelta(days=offset)
        arms = [
            {"name": "vwap (stock)", "net_paise": net, "failed": ""}, {"name": "rules", "net_paise": 5, "failed": ""},
            {"name": "trend (futures)", "net_paise": 7, "failed": "no bars"},
        ]
        store.commit([Create("scorecards", day.isoformat(), {"date": day.isoformat(), "arms": arms})])
    (found,) = results(DAY, store)
    assert (found.strategy, found.asset_class, found.days, found.mean_paise) == ("vwap", STOCK, 2, 200.0)


def test_headlines_are_of_before_the_plan_and_once() -> None:
    """Later, undated, old and repeated ones are left out; the latest come first, whatever order they came in."""
    raw = [
        RawHeadline("a", NOW - timedelta(hours=2), "Shares  rally!"),
        RawHeadline("b", NOW - timedelta(hours=1), "SHARES rally"),
        RawHeadline("a", NOW, "too late"), RawHeadline("a", NOW + timedelta(hours=1), "tomorrow's news"),
        RawHeadline("a", None, "undated"), RawHeadline("a", NOW - timedelta(days=9), "old"),
        RawHeadline("a", NOW - timedelta(minutes=5), "Oil &amp; gas <b>slip</b> see https://x.example/y"),
    ]
    since = NOW - timedelta(days=1)
    news = news_of(raw, 2, {}, since, NOW)
    assert [one.title for one in news.headlines] == ["Oil & gas slip see [link]", "SHARES rally"]
    assert news_of(raw[::-1], 2, {}, since, NOW) == news


def test_the_lexicon_hears_the_tone() -> None:
    """Good, bad and denied; the words that decided are quoted; a headline without such words has no score."""
    titles = ["Profits surge, shares rally", "Banks plunge on fraud", "No fraud at the bank", "Board meets"]
    found = by_lexicon(planner_case.headlines(titles).news.headlines)
    assert found is not None
    scores = {one.headline: one.score for one in found.headlines}
    assert scores[1] > 0.5
    assert scores[2] < -0.5
    assert scores[3] > 0
    assert 4 not in scores
    assert "surge" in found.headlines[0].quote
    assert by_lexicon(()) is None
    assert len(lexicon()) > 5_000


def test_silent_feeds_make_the_rules_careful() -> None:
    """Feeds that are set and do not answer halve the day; those that are not set do not."""
    mandate = planning_case.mandate()
    silent = Surroundings(news=news_of([], 1, {"a": "it took too long"}, NOW, NOW))
    assert {one.size for one in plan_by_rules(planner_case.evidence(mandate, silent), mandate).enabled} == {0.5}
    unset = planner_case.evidence(mandate, Surroundings())
    assert {one.size for one in plan_by_rules(unset, mandate).enabled} == {1.0}
    named = unknowns(silent, wants_options=True)
    assert [one.partition(":")[0] for one in named] == [
        "breadth", "option prices of the last session", "results of the strategies", "headlines of a",
    ]


class Feeds:
    """As they are."""

    def __init__(self, *headlines: RawHeadline) -> None:
        self.headlines = headlines
        self.count = 1

    def read(self) -> FeedReading:
        """The same each time."""
        return FeedReading(self.headlines)


class Market:
    """Sessions of the shares, the index and options before the day, and what comes after, in any order."""

    def __init__(self, later: Random) -> None:
        self.later = later

    def instruments(self, day: date) -> list[Instrument]:
        """Four shares, the index, futures and options."""
        del day
        return planning_case.instruments()

    def without_volume(self, day: date, symbols: object) -> frozenset[str]:
        """All have some."""
        del day, symbols
        return frozenset()

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """Of earlier days alone."""
        del sessions
        rng = Random(1)
        found = {}
        for one in planning_case.instruments():
            base = 2_500_000 if one.kind in (Kind.INDEX, Kind.FUTURE) else 20_000 if one.strike else 100_000
            found[one.symbol] = [
                planning_case.minute_bars([base + rng.randrange(500) for _ in range(40)], one.symbol, past)
                for past in (day - timedelta(days=2), day - timedelta(days=1))
            ]
        return found

    def feed(self, day: date, symbols: list[str]) -> list[Bar]:
        """The day itself: another each time."""
        closes = [self.later.randrange(1, 10**6) for _ in range(50)]
        return [bar for symbol in symbols for bar in planning_case.minute_bars(closes, symbol, day)]

    def quotes(self, symbols: list[str], at: datetime) -> list[Quote]:
        """After the opening, whatever is asked."""
        opening = session_times(at.date(), STOCK).open + NANOSECONDS_A_MINUTE
        return [Quote(opening, one, self.later.randrange(1, 10**6)) for one in symbols]


def test_what_comes_after_the_plan_changes_no_byte(tmp_path: Path) -> None:
    """Bars, quotes and headlines from after planning, shuffled and different each time: the same evidence and plan."""
    before = [RawHeadline("a", NOW - timedelta(minutes=n), f"Shares rally number {'abcdef'[n]}") for n in range(1, 6)]
    made = set()
    for seed in range(4):
        rng = Random(seed)
        after = [RawHeadline("a", NOW + timedelta(seconds=rng.randrange(90_000)), f"leak {rng.random()}")
                 for _ in range(20)]
        mixed = [*before, *after]
        rng.shuffle(mixed)
        store, mandate = MemoryStore(), planning_case.mandate()
        fields = prepare_day(
            DAY, store, DirectoryArchive(tmp_path / str(seed)), Market(rng), mandate,  # type: ignore[arg-type]  # a market of lists
            5, feeds=Feeds(*mixed), now=NOW,
        )
        evidence = Evidence.from_fields(fields)
        assert len(evidence.around.news.headlines) == 5
        assert evidence.around.option_prices
        model = planner_case.Model(_sensible)
        planned = plan_day(DAY, store, mandate, VirtualClock(NOW), planner_case.ports(model, store))
        assert planned["planner"]["kind"] == "model"
        made.add((evidence.hash, document_hash(planned), document_hash({"asked": model.questions[0]})))
    assert len(made) == 1


class Silent(Market):
    """One share's candles did not come."""

    def history(self, day: date, sessions: int) -> dict[str, list[list[Bar]]]:
        """A symbol with no session, as the port has it."""
        return {**super().history(day, sessions), "INFY": []}


def test_whose_days_before_did_not_come_is_in_the_evidence(tmp_path: Path) -> None:
    """The plan is made without them, and the evidence names them."""
    mandate = planning_case.mandate()
    fields = prepare_day(
        DAY, MemoryStore(), DirectoryArchive(tmp_path), Silent(Random(1)), mandate, 5,  # type: ignore[arg-type]  # a market of lists
    )
    evidence = Evidence.from_fields(fields)
    assert evidence.around.unknown[0] == "the days before of INFY: their candles did not come"
    assert evidence.features("INFY").sessions == 0
    assert evidence.features("TCS").sessions == 2


def _sensible(question: Sequence[Message], _: int) -> str:
    return json.dumps(sensible({"messages": [{"role": role, "content": text} for role, text in question]}))
