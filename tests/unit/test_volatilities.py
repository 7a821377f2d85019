"""Implied volatilities from day to day: measured at the close, carried on, ranked next morning, named where unknown."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet

from common.adapters.directory import DirectoryArchive
from common.day.volatilities import NAME, keep_volatility, measure, read_volatilities, volatilities
from common.market.calendar import next_trading_day, previous_trading_day
from common.market.instrument import AssetClass
from common.planning.evidence import Evidence, build_evidence
from common.planning.plan import OptionSelection
from common.planning.session_facts import session_facts
from common.planning.volatility import MOST_DAYS, Measured, Volatility, added, from_text, to_text, volatility_of
from common.research.archived import archived_market
from common.research.generator import generate
from common.research.market import RecordedMarket
from common.research.recorder import bars_table
from common.research.storing import write_parquet
from tests.unit import planning_case as case

DAY = date(2026, 11, 20)
NIFTY = date(2026, 11, 24)


def measured(values: Sequence[float], until: date = DAY) -> list[Measured]:
    """One a day, the last on the day before `until`."""
    first = until - timedelta(days=len(values))
    return [
        Measured(session=first + timedelta(days=n), expiry=NIFTY, iv_percent=value) for n, value in enumerate(values)
    ]


def test_rank_and_percentile_among_the_earlier_days() -> None:
    """Twenty-one days from 10 to 30, then 25: three quarters of the way, and fifteen of twenty-one below."""
    found = volatility_of("NIFTY", measured([*map(float, range(10, 31)), 25.0]))
    assert found is not None
    assert (found.days, found.iv_percent, found.iv_rank, found.lacking) == (21, 25.0, 75.0, "")
    assert found.iv_percentile == pytest.approx(100 * 15 / 21, abs=0.01)
    outside = volatility_of("NIFTY", measured([*map(float, range(10, 31)), 40.0]))
    assert outside is not None
    assert (outside.iv_rank, outside.iv_percentile) == (100.0, 100.0)


def test_with_less_than_a_month_nobody_can_say() -> None:
    """The volatility is there, what is lacking is said, and no rank is made up."""
    found = volatility_of("NIFTY", measured([12.0] * 20))
    assert found is not None
    assert (found.iv_rank, found.iv_percentile, found.iv_percent) == (None, None, 12.0)
    assert "19 earlier days of 20" in found.lacking
    assert volatility_of("NIFTY", []) is None


def test_each_session_once_and_a_year_of_them() -> None:
    """A day that is closed twice replaces its own; text and back is the same."""
    known: dict[str, list[Measured]] = {}
    for one in measured([float(n) for n in range(1, MOST_DAYS + 20)]):
        known = added(added(known, "NIFTY", one), "NIFTY", one)
    assert [len(known["NIFTY"]), known["NIFTY"][-1].iv_percent] == [MOST_DAYS, MOST_DAYS + 19.0]
    assert from_text(to_text(known)) == known


def test_a_day_that_is_closed_carries_the_history_on(tmp_path: Path) -> None:
    """From a session's chain: near what the generator made, kept, read the next morning, and over a gap of days."""
    file = tmp_path / "session.parquet"
    recording = generate(DAY, 5)
    write_parquet(recording, file)
    expiry = min(one.expiry for one in recording.instruments.values() if one.strike and one.expiry)
    selection = OptionSelection(underlying="NIFTY", signal_symbol="NIFTY 50", expiry=expiry, strikes_each_side=5)
    archive, market = DirectoryArchive(tmp_path / "archive"), RecordedMarket((file,))
    before = measured([11.0, 12.0], DAY)
    archive.put(previous_trading_day(DAY), NAME, to_text({"NIFTY": before}).encode())
    keep_volatility(DAY, selection, market, archive)
    tomorrow = next_trading_day(DAY)
    days = read_volatilities(tomorrow, archive)["NIFTY"]
    assert days[:2] == before
    assert (days[2].session, days[2].expiry) == (DAY, expiry)
    assert 3 < days[2].iv_percent < 60
    keep_volatility(tomorrow, selection, None, archive)
    (found,) = volatilities(next_trading_day(tomorrow), archive)
    assert (found.session, found.days) == (DAY, 2)
    replayed = measure(DAY, selection, market)
    table = bars_table([(bar, True) for bars in recording.bars.values() for bar in bars], recording.instruments)
    parquet.write_table(table, tmp_path / "recorded.parquet")
    name = "market/options/bars-09-a.parquet"
    archive.put(DAY, name, (tmp_path / "recorded.parquet").read_bytes())
    assert replayed is not None
    with archived_market(archive, DAY) as kept:
        assert measure(DAY, selection, kept) == replayed


def test_what_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    """A damaged file begins the history anew; a pause of more than ten sessions does too."""
    archive, yesterday = DirectoryArchive(tmp_path), previous_trading_day(DAY)
    for text in ("{", "[]", '{"NIFTY": [{"iv_percent": -1}]}', '{"NIFTY": 3}'):
        archive.put(yesterday, NAME, text.encode(), overwrite=True)
        assert read_volatilities(DAY, archive) == {}
    shutil.rmtree(tmp_path)
    archive.put(DAY - timedelta(days=30), NAME, to_text({"NIFTY": measured([12.0])}).encode())
    assert read_volatilities(DAY, archive) == {}


def test_the_evidence_has_it_and_names_who_has_none() -> None:
    """By path, so that a reason may cite it; an underlying without history is named and nothing is halved for it."""
    found = volatility_of("NIFTY", measured([*map(float, range(10, 31)), 25.0], case.DAY))
    assert found is not None

    def made(*known: Volatility) -> Evidence:
        return build_evidence(
            case.DAY, session_facts(case.DAY), case.history(), case.instruments(), case.mandate(),
            volatilities=known,
        )

    evidence, without = made(found), made()
    assert evidence.numbers[f"volatilities.NIFTY.{NIFTY}.iv_rank"] == 75.0
    assert evidence.volatility_unknown == ()
    assert without.volatility_unknown == ("NIFTY",)
    assert not without.is_missing(AssetClass.OPTIONS)
