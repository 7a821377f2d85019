"""The look-ahead check: every strategy that is there passes; one that peeks, in whatever way, is caught by its bar."""

import sys
from datetime import date
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, ClassVar

import pytest

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.planning.mandate import default_mandate_text, parse_mandate
from common.research.backtest_plan import Request, plan_day
from common.research.generator import generate
from common.research.large_caps import LARGE_CAPS
from common.research.lookahead import AGAIN, MAX_CUTS, Look, check_lookahead
from common.research.recorded import Recording
from common.strategies import registry
from common.trading.strategy import AnyParameters, Enter, Exit, Parameters, Signal, Strategy, View
from jobs.cli import main

DAY = date(2026, 11, 4)
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "strategy_plugin"


@pytest.fixture(scope="module")
def session() -> Recording:
    """Four stocks, the index, its future and its options, one day."""
    return generate(DAY, 1, stocks=LARGE_CAPS[:4], sessions_before=0)


def look(session: Recording, name: str, cuts: int, symbols: tuple[str, ...] = ()) -> Look:
    mandate = parse_mandate(default_mandate_text())
    plan = plan_day(DAY, Request(name, (), symbols), list(session.instruments.values()), mandate).plan
    return check_lookahead(DAY, plan, session, cuts)


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_no_strategy_looks_ahead(session: Recording, name: str) -> None:
    """Each of them decides something on this session, and none of it depends on what comes later."""
    found = look(session, name, 8)
    assert found.decisions > 0
    assert found.runs == 2 + 3 * found.cuts
    assert found.difference is None


class Canary(Strategy):
    """Follows its own rule on every bar it may enter or leave on; what it knows is for the subclasses to find out."""

    name: ClassVar[str] = "canary"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.STOCK})
    Parameters: ClassVar[type[AnyParameters]] = Parameters

    def __init__(self, parameters: AnyParameters) -> None:
        self.parameters = parameters

    def start_day(self) -> None:
        """Nothing."""

    def next_close(self, bar: Bar) -> int:
        """Of the following minute; 0 where it does not know."""
        raise NotImplementedError

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """Buys what is about to rise; sells it again on the next bar."""
        if view.quantity:
            return Exit("had it")
        return Enter(1, bar.close / 100) if self.next_close(bar) > bar.close * 1.001 else None


class Honest(Canary):
    """Knows nothing: buys after a rise."""

    def next_close(self, bar: Bar) -> int:
        return 2 * bar.close - bar.open


class Feed(Canary):
    """Reads the bars that are still to come out of the replay's own hands."""

    def next_close(self, bar: Bar) -> int:
        frame = sys._getframe().f_back
        while frame is not None:
            feed = frame.f_locals.get("feed")
            if isinstance(feed, type(iter([]))):
                bars: Any = feed.__reduce__()[1][0]
                return next((one.close for one in bars if one.symbol == bar.symbol and one.ts > bar.ts), 0)
            frame = frame.f_back
        raise AssertionError("the replay no longer has its feed where the canary looks: teach it the new place")


class Patient(Feed):
    """Peeks only to leave out an entry that it would otherwise make, once a day: a decision that is not there."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        if bar.ts % (375 * NANOSECONDS_A_MINUTE) // NANOSECONDS_A_MINUTE % 97 or view.quantity:
            return None
        return Enter(1, bar.close / 100) if self.next_close(bar) >= bar.close else None


class Cache(Canary):
    """Keeps what it has seen for the next run of the day."""

    seen: ClassVar[dict[tuple[str, int], int]] = {}

    def next_close(self, bar: Bar) -> int:
        self.seen[bar.symbol, bar.ts] = bar.close
        return self.seen.get((bar.symbol, bar.ts + NANOSECONDS_A_MINUTE), 0)


class Shared(Canary):
    """Counts for all its instances and all its days together."""

    bars: ClassVar[list[int]] = []

    def next_close(self, bar: Bar) -> int:
        self.bars.append(bar.close)
        return bar.close * 2 if len(self.bars) % 1_000 == 0 else 0


class Fragile(Feed):
    """Divides by what is to come: where there is nothing, it fails."""

    def next_close(self, bar: Bar) -> int:
        return 0 if at(bar.ts).hour == 15 else bar.close * bar.close // super().next_close(bar)


@pytest.mark.parametrize(("canary", "cuts"), [(Feed, 20), (Patient, MAX_CUTS), (Cache, 1), (Shared, 1), (Fragile, 5)])
def test_what_peeks_is_caught(
    session: Recording, monkeypatch: pytest.MonkeyPatch, canary: type[Canary], cuts: int
) -> None:
    """By the bar on which it knew too much; both decisions are shown."""
    offer(monkeypatch, canary)
    found = look(session, "canary", cuts, ("RELIANCE",) if canary is Patient else ())
    assert found.difference is not None
    assert found.difference.expected != found.difference.found
    assert found.difference.ts <= found.difference.cut
    assert (found.difference.how == AGAIN) == (canary in (Cache, Shared))
    assert not found.to_json()["ok"]


def test_a_strategy_that_fails_is_told_so(session: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no difference, and no pass either."""
    offer(monkeypatch, Canary)
    with pytest.raises(ValueError, match=r"canary fails on the bar of 2026-11-04 09:15 .*NotImplementedError"):
        look(session, "canary", 1)


def test_the_same_rule_without_peeking_passes(session: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the peeking that is caught, not the canary."""
    offer(monkeypatch, Honest)
    found = look(session, "canary", 20)
    assert found.decisions > 50
    assert found.difference is None


def test_a_plug_in_is_checked_like_the_others(
    session: Recording, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example, by its entry point: passed by the command too, with the status of its findings."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    point = EntryPoint("vwap_reversion", "vwap_reversion:VwapReversion", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([point]).select(group=group))
    monkeypatch.setattr(registry, "_plug_ins", cache(registry._plug_ins.__wrapped__))
    assert look(session, "vwap_reversion", 8).difference is None
    assert main(["check-lookahead", "vwap_reversion", "--cuts", "4"]) == 0
    assert "every decision before a cut is the same" in capsys.readouterr().out


def test_the_command_names_the_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, the bar, both decisions, and what was different between the runs."""
    offer(monkeypatch, Cache)
    assert main(["check-lookahead", "canary", "--cuts", "2"]) == 1
    text = capsys.readouterr().out
    assert "first nothing\n  then  2026-11-04 09:" in text
    assert "Enter(+1" in text
    assert AGAIN in text


@pytest.mark.parametrize(("arguments", "says"), [
    (["nope"], "there is no strategy 'nope'"), (["vwap", "--cuts", "0"], "ask for 1 to 400"),
    (["vwap", "--param", "threshold=9"], "threshold"), (["vwap", "--symbol", "NONE"], "NONE"),
    (["vwap", "--date", "2026-11-07"], "not a trading day"),
])
def test_a_wrong_call_says_what_to_do(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and one line."""
    assert main(["check-lookahead", *arguments]) == 2
    assert says in capsys.readouterr().err


def offer(monkeypatch: pytest.MonkeyPatch, canary: type[Any]) -> None:
    """The registry knows `canary` by that name."""
    Cache.seen.clear()
    Shared.bars.clear()
    monkeypatch.setattr(registry, "_plug_ins", lambda: ({"canary": canary}, {}))
