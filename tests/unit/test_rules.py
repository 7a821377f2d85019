"""Contract rules: lots, expiries, freeze quantities, ticks and bands, against the exchange's own record."""

from datetime import date
from pathlib import Path

import pytest

from common.market.expiries import expiries, expiries_between
from common.market.instrument import Kind
from common.market.rules import (
    cycle_of,
    equity_tick,
    freeze_quantity,
    index_tick,
    last_entry_day_before_settlement,
    lot_size,
    price_band,
    stop_limit_gap,
)
from common.market.tables import OutsideTable, toml_table


def test_nifty_expiries_and_lots_match_the_record(shared: Path) -> None:
    """All NIFTY expiries 2021-2026 of the exchange's files: same dates, same lots, same weekly or monthly."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="install pyarrow to read the recorded expiries")
    rows = parquet.read_table(shared / "nifty_expiry_calendar.parquet").to_pylist()
    record = {date.fromisoformat(row["actual_expiry_date"]): row for row in rows}
    weeklies_known_until = date(2026, 8, 31)
    known = {day for day in record if day <= weeklies_known_until}
    assert len(known) > 290
    assert set(expiries_between("NIFTY", date(2021, 1, 1), weeklies_known_until)) == known
    for expiry, row in record.items():
        assert lot_size("NIFTY", expiry) == row["contract_lot_size"], expiry
        assert cycle_of("NIFTY", expiry) == row["expiry_type"], expiry


def test_lots_of_weekly_and_monthly_contracts_differ_in_january_2025() -> None:
    """Contracts keep the lot they were listed with: the monthly of January 2025 has 25, the weeklies around it 75."""
    assert lot_size("NIFTY", date(2025, 1, 23)) == 75
    assert lot_size("NIFTY", date(2025, 1, 30)) == 25
    assert lot_size("NIFTY", date(2025, 2, 6), "weekly") == 75


@pytest.mark.parametrize(
    ("underlying", "expiry", "lot"),
    [
        ("BANKNIFTY", date(2025, 1, 30), 15), ("BANKNIFTY", date(2025, 6, 26), 30),
        ("BANKNIFTY", date(2025, 7, 31), 35), ("BANKNIFTY", date(2026, 8, 25), 30),
        ("FINNIFTY", date(2026, 8, 25), 60), ("MIDCPNIFTY", date(2025, 8, 28), 140),
        ("MIDCPNIFTY", date(2026, 8, 25), 120), ("NIFTYNXT50", date(2026, 8, 25), 25),
    ],
)
def test_lots_of_other_indices(underlying: str, expiry: date, lot: int) -> None:
    """The announced lots of the other indices, on both sides of their changes."""
    assert lot_size(underlying, expiry, "monthly") == lot


def test_weekly_expiry_moves_from_thursday_to_tuesday() -> None:
    """The last Thursday is 2025-08-28, the first Tuesday 2025-09-02; holidays move an expiry to the day before."""
    assert expiries("NIFTY", date(2025, 8, 22), 3) == (date(2025, 8, 28), date(2025, 9, 2), date(2025, 9, 9))
    assert expiries("NIFTY", date(2026, 3, 1), 1) == (date(2026, 3, 2),)
    assert expiries("NIFTY", date(2026, 3, 25), 1, "monthly") == (date(2026, 3, 30),)
    assert expiries("NIFTY", date(2025, 10, 20), 1) == (date(2025, 10, 20),)
    assert expiries("NIFTY", date(2025, 10, 21), 1) == (date(2025, 10, 28),)


def test_bank_nifty_has_no_weeklies_after_november_2024() -> None:
    """One weekly index per exchange since then: only the month's last remains."""
    assert expiries("BANKNIFTY", date(2024, 11, 7), 3) == (date(2024, 11, 13), date(2024, 11, 27), date(2024, 12, 24))
    assert expiries("BANKNIFTY", date(2026, 8, 18), 2) == (date(2026, 8, 25), date(2026, 9, 29))


def test_no_weekly_beside_the_monthly_in_its_week() -> None:
    """While weeklies fell on Wednesday and the monthly on Thursday, the monthly's week had only the monthly."""
    assert expiries("BANKNIFTY", date(2023, 9, 20), 3) == (date(2023, 9, 20), date(2023, 9, 28), date(2023, 10, 4))


def test_a_weekly_on_another_weekday_is_not_the_monthly() -> None:
    """Wednesday 2024-01-31 was a weekly of BANKNIFTY; the monthly of that January was the 25th."""
    assert cycle_of("BANKNIFTY", date(2024, 1, 31)) == "weekly"
    assert cycle_of("BANKNIFTY", date(2024, 1, 25)) == "monthly"


def test_unknown_underlyings_are_refused_and_unknown_freezes_are_none() -> None:
    """A missing rule names the remedy; a missing freeze quantity is None, which the caller turns into a denial."""
    with pytest.raises(OutsideTable, match=r"RELIANCE.*dump"):
        lot_size("RELIANCE", date(2026, 8, 25))
    with pytest.raises(OutsideTable, match="RELIANCE"):
        expiries("RELIANCE", date(2026, 8, 18), 1)
    with pytest.raises(OutsideTable, match="starts with 2016-01-01"):
        lot_size("NIFTY", date(2015, 1, 29), "monthly")
    assert freeze_quantity("RELIANCE", date(2026, 8, 18)) is None


def test_expiries_do_not_reach_past_the_calendar() -> None:
    """Where holidays are not known yet an expiry would be a guess: refused."""
    with pytest.raises(OutsideTable, match="outside the calendar"):
        expiries("NIFTY", date(2026, 12, 28), 3)
    with pytest.raises(ValueError, match="1 to 100"):
        expiries("NIFTY", date(2026, 8, 18), 0)


def test_freeze_quantities() -> None:
    """The figures of 2026, also for earlier dates, where they are the cautious side."""
    figures = {"NIFTY": 1800, "BANKNIFTY": 600, "FINNIFTY": 1800, "MIDCPNIFTY": 2800}
    for underlying, units in figures.items():
        assert freeze_quantity(underlying, date(2026, 8, 18)) == units
        assert freeze_quantity(underlying, date(2025, 8, 29)) == units


@pytest.mark.parametrize(
    ("rupees", "before", "middle", "now"),
    [
        (100, 5, 1, 1), (249.99, 5, 1, 1), (250, 5, 5, 5), (1000, 5, 5, 5), (1000.05, 5, 5, 10), (5000, 5, 5, 10),
        (5000.1, 5, 5, 50), (10_000, 5, 5, 50), (10_001, 5, 5, 100), (20_000, 5, 5, 100), (20_001, 5, 5, 500),
    ],
)
def test_equity_ticks_by_price_and_date(rupees: float, before: int, middle: int, now: int) -> None:
    """One tick until 2024-06-09, two until 2025-04-14, then bands; each edge is on its own side."""
    paise = round(rupees * 100)
    assert equity_tick(paise, date(2024, 6, 9)) == before
    assert equity_tick(paise, date(2024, 6, 10)) == equity_tick(paise, date(2025, 4, 14)) == middle
    assert equity_tick(paise, date(2025, 4, 15)) == now


def test_index_ticks() -> None:
    """Index options tick at 0.05; futures by the level of the index, as in the broker's dump of 2026."""
    today = date(2026, 8, 18)
    assert index_tick(Kind.PUT, 2_450_000, today) == 5
    assert [index_tick(Kind.FUTURE, level, today) for level in (1_300_000, 2_450_000, 5_500_000)] == [5, 10, 20]
    assert index_tick(Kind.FUTURE, 2_450_000, date(2025, 4, 14)) == 5
    with pytest.raises(ValueError, match="FUT, CE or PE"):
        index_tick(Kind.EQUITY, 100, today)


def test_distances_between_prices() -> None:
    """Above 50 rupees a percentage, at or below it a fixed distance; the two meet at 50 rupees."""
    today = date(2026, 8, 18)
    assert stop_limit_gap(Kind.EQUITY, 100_000, today) == 3_000
    assert stop_limit_gap(Kind.FUTURE, 5_000, today) == 150
    assert stop_limit_gap(Kind.CALL, 10_000, today) == 2_000
    assert stop_limit_gap(Kind.PUT, 4_000, today) == 1_000
    assert price_band(Kind.CALL, 10_000, today) == (6_000, 14_000)
    assert price_band(Kind.PUT, 1_500, today) == (0, 3_500)
    assert price_band(Kind.FUTURE, 2_500_000, today) == (2_425_000, 2_575_000)
    with pytest.raises(ValueError, match="FUT, CE or PE"):
        price_band(Kind.EQUITY, 10_000, today)


def test_stock_derivatives_stop_four_trading_days_before_expiry() -> None:
    """Expiry Tuesday 2026-08-25: from Wednesday the 19th no entries, so Tuesday the 18th is the last day."""
    assert last_entry_day_before_settlement(date(2026, 8, 25)) == date(2026, 8, 18)


def test_rows_are_in_order_and_name_their_source() -> None:
    """Every list of dated rows ascends and says where each row is from."""
    table = toml_table("common.market", "contracts.toml")
    lists = [rows for group in ("lots", "expiries") for cycles in table[group].values() for rows in cycles.values()]
    lists += [*table["freeze"].values(), *table["ticks"].values(), table["bands"], table["physical_settlement"]]
    assert len(lists) > 20
    for rows in lists:
        assert [row["from"] for row in rows] == sorted({row["from"] for row in rows})
        assert all(row["source"] for row in rows)
