"""Real recorded data is read without errors, quickly enough for a day, with warnings that make sense."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from common.market.indian_time import at
from common.market.instrument import Kind
from common.research.data_report import check
from common.research.recorded import DataError, Recording, dates, merge_by_time, read

EQUITY_DAY = date(2016, 8, 30)
OPTION_DAY = date(2025, 8, 29)


def warned(recording: Recording) -> dict[str, int]:
    return {warning.kind: warning.count for warning in recording.warnings}


def test_equity_minutes_of_one_day(shared: Path) -> None:
    """A late session of 166 stocks; its forward-filled minutes are counted."""
    path = shared / "equity_1m_2016-08.parquet"
    assert len(dates([path])) == 12
    recording = read([path], day=EQUITY_DAY)
    assert len(recording.bars) == 166
    assert {len(bars) for bars in recording.bars.values()} == {375}
    assert {one.kind for one in recording.instruments.values()} == {Kind.EQUITY}
    assert {one.tick for one in recording.instruments.values()} == {5}
    assert warned(recording) == {"bars without volume": 825}
    assert len(merge_by_time(recording.bars.values())) == 166 * 375


def test_equity_minutes_of_all_days(shared: Path) -> None:
    """The one stock that was adjusted for a bonus is found by its prices."""
    report = check(shared / "equity_1m_2016-08.parquet")
    assert report.ok
    assert report.rows == 747_000
    warnings = {warning.kind: warning for warning in report.warnings}
    assert set(warnings) == {"prices off the tick", "symbols that look adjusted", "bars without volume"}
    assert warnings["symbols that look adjusted"].example.startswith("PFC")
    assert warnings["bars without volume"].count == 11_262


def test_index_minutes(shared: Path) -> None:
    """Indices have no volume and no tick; the four missing sessions of two indices are named, drills are not gaps."""
    recording = read([shared / "index_1m_2016-08_2024H1.parquet"])
    assert {one.kind for one in recording.instruments.values()} == {Kind.INDEX}
    assert len(recording.instruments) == 13
    assert warned(recording) == {"sessions missing between first and last date": 8}


def test_option_minutes(shared: Path) -> None:
    """A whole chain: contracts complete, quotes there, quiet minutes counted."""
    recording = read([shared / "options_1m_NIFTY_2025-08-29.parquet"], day=OPTION_DAY)
    kinds = Counter(one.kind for one in recording.instruments.values())
    assert kinds[Kind.CALL] + kinds[Kind.PUT] == 855 == len(recording.instruments)
    option = recording.instruments["NIFTY2590222600CE"]
    assert (option.underlying, option.expiry, option.strike, option.lot) == ("NIFTY", date(2025, 9, 2), 2_260_000, 75)
    first = recording.bars["NIFTY2590222600CE"][0]
    assert (first.bid, first.ask, at(first.ts).hour) == (193_385, 195_630, 13)
    assert set(warned(recording)) == {"bars without volume", "bars missing inside of sessions"}


def test_the_derived_forward_stands_in_for_a_future(shared: Path) -> None:
    """Computed forwards are futures with expiry and lot by date, although they have no volume."""
    recording = read([shared / "derived_forward_1m_NIFTY_2025-08-29.parquet"])
    assert {one.kind for one in recording.instruments.values()} == {Kind.FUTURE}
    near = recording.instruments["NIFTY_SYNFWD_2025-09-02"]
    assert (near.underlying, near.expiry, near.lot, near.exchange) == ("NIFTY", date(2025, 9, 2), 75, "DERIVED")
    assert warned(recording) == {"bars missing inside of sessions": 190}


def test_options_and_forward_of_a_day_are_one_recording(shared: Path) -> None:
    """Several files make one day."""
    names = ("options_1m_NIFTY_2025-08-29.parquet", "derived_forward_1m_NIFTY_2025-08-29.parquet")
    recording = read([shared / name for name in names], day=OPTION_DAY)
    assert len(recording.instruments) == 857


@pytest.mark.parametrize("length", ["60m", "1d"])
def test_longer_bars_are_read_and_said_to_be_longer(shared: Path, length: str) -> None:
    """Hourly and daily bars are usable and marked as no one-minute bars; a split years ago shows in its prices."""
    recording = read([shared / f"equity_{length}_to_2025-08.parquet"])
    assert len(recording.instruments) == 48
    found = warned(recording)
    assert "not one-minute bars" in found
    assert found.get("symbols that look adjusted", 0) == (1 if length == "1d" else 0)


def test_snapshots_are_refused_with_what_is_missing(shared: Path) -> None:
    """A file of another shape says which columns it lacks."""
    path = shared / "options_snapshots_NIFTY_2025-08-29.parquet"
    with pytest.raises(DataError, match="lacks the columns ts, open, high, low, close, volume, oi"):
        read([path])
    assert not check(path).ok
