"""Charges: the dated rates, the arithmetic to the paisa, and agreement with another calculator."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.market.tables import OutsideTable
from common.trading.charges import (
    SEGMENTS,
    ChargeRates,
    Charges,
    Segment,
    charges_json,
    exercise_stt,
    order_charges,
    rates_on,
    round_trip,
)

PARTS = ("brokerage", "stt", "transaction", "ipft", "sebi", "stamp", "gst")
DATES = (date(2024, 7, 1), date(2024, 10, 1), date(2026, 4, 1))
TURNOVERS = st.integers(0, 10**12)
RATES = st.builds(rates_on, st.sampled_from(DATES), st.sampled_from(SEGMENTS))


@pytest.mark.parametrize(
    ("day", "segment", "stt", "in_all", "stamp"),
    [
        (date(2024, 7, 1), "intraday", "0.025", "0.00332", "0.003"),
        (date(2024, 9, 30), "futures", "0.0125", "0.00193", "0.002"),
        (date(2024, 9, 30), "options", "0.0625", "0.05", "0.003"),
        (date(2024, 10, 1), "intraday", "0.025", "0.00307", "0.003"),
        (date(2024, 10, 1), "futures", "0.02", "0.00183", "0.002"),
        (date(2026, 3, 31), "options", "0.1", "0.03553", "0.003"),
        (date(2026, 4, 1), "intraday", "0.025", "0.00307", "0.003"),
        (date(2026, 4, 1), "futures", "0.05", "0.00183", "0.002"),
        (date(2026, 4, 1), "options", "0.15", "0.03553", "0.003"),
    ],
)
def test_rates_change_on_their_dates(day: date, segment: Segment, stt: str, in_all: str, stamp: str) -> None:
    """The published percentages, on the first and the last day of each period."""
    rates = rates_on(day, segment)
    billionths = (rates.stt_sell_ppb, rates.transaction_ppb + rates.ipft_ppb, rates.stamp_buy_ppb)
    assert tuple(Decimal(ppb) / 10**7 for ppb in billionths) == (Decimal(stt), Decimal(in_all), Decimal(stamp))
    assert rates.sebi_ppb == 1_000
    assert not rates.extrapolated


def test_dates_before_the_table_use_its_first_row_and_say_so() -> None:
    """A day of 2016 is charged by the rates of 2024-07, flagged in the rates and in what is shown."""
    rates = rates_on(date(2016, 8, 30), "intraday")
    assert rates.extrapolated
    assert rates.rates_from == date(2024, 7, 1)
    assert rates.stt_sell_ppb == rates_on(date(2024, 7, 1), "intraday").stt_sell_ppb
    assert charges_json(round_trip(rates, 1, 1), rates)["extrapolated"] is True


def test_unknown_segments_are_refused() -> None:
    """A segment without rates is not charged with another's."""
    with pytest.raises(OutsideTable, match="intraday, futures, options"):
        rates_on(date(2026, 8, 18), "delivery")


@pytest.mark.parametrize("percent", ["-0.1", "0.02500001"])
def test_a_row_that_cannot_be_charged_exactly_is_refused(percent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip of the pen in charges.toml stops at once and names its row, instead of trading with wrong costs."""
    table = {"intraday": [{"from": date(2020, 1, 1), "gst": "18", "stt_sell": percent}]}
    monkeypatch.setattr("common.trading.charges.toml_table", lambda *_: table)
    with pytest.raises(ValueError, match=f"stt_sell = {percent}% in charges.toml"):
        rates_on(date(2020, 1, 2), "intraday")


def test_intraday_example_by_hand() -> None:
    """100 shares bought at 1,000 and sold at 1,010 on 2025-08-29; every part worked out on paper.

    Brokerage 20 + 20 (0.03% would be 30). STT 0.025% of 101,000. Transaction 0.00297% of each side: 2.97 + 2.9997.
    IPFT 0.10 + 0.101. SEBI 0.10 + 0.101. Stamp 0.003% of 100,000. GST 18% of 23.07 and of 23.1007.
    """
    charges = round_trip(rates_on(date(2025, 8, 29), "intraday"), 10_000_000, 10_100_000)
    assert charges == Charges(4000, 2525, 297 + 300, 10 + 10, 10 + 10, 300, 415 + 416)
    assert charges.total == 8293


def test_option_example_by_hand() -> None:
    """One lot of 65 bought at 100 and sold at 120 on 2026-08-18: 20 rupees an order, STT 0.15% of 7,800.

    Transaction 0.0355299% of 6,500 and 7,800: 2.3094 + 2.7713. GST 18% of 22.3159 and 22.7791.
    """
    charges = round_trip(rates_on(date(2026, 8, 18), "options"), 650_000, 780_000)
    assert charges == Charges(4000, 1170, 231 + 277, 0, 1 + 1, 20, 402 + 410)


def test_small_orders_pay_a_percentage_and_each_order_has_its_own_cap() -> None:
    """Below 66,667 rupees 0.03% is less than 20; three orders may pay three caps, options pay flat per order."""
    futures, options = rates_on(date(2026, 8, 18), "futures"), rates_on(date(2026, 8, 18), "options")
    assert order_charges(futures, 1, 1_000_000).brokerage == 300
    assert order_charges(futures, 1, 100_000_000).brokerage == 2000
    assert order_charges(futures, 1, 100_000_000, 3).brokerage == 6000
    assert order_charges(futures, 1, 15_000_000, 3).brokerage == 4500
    assert order_charges(options, -1, 1, 3).brokerage == 6000


def test_stt_of_an_exercised_option() -> None:
    """0.125% of the intrinsic value until 2026-03-31, 0.15% after; nothing out of the money."""
    assert exercise_stt(rates_on(date(2026, 3, 31), "options"), 1_000_000) == 1250
    assert exercise_stt(rates_on(date(2026, 4, 1), "options"), 1_000_000) == 1500
    assert exercise_stt(rates_on(date(2026, 4, 1), "options"), -500) == 0


def test_nothing_traded_costs_nothing_and_nonsense_is_refused() -> None:
    """A leg that never traded (an option left to expire) has no brokerage; negative turnover is an error."""
    rates = rates_on(date(2026, 8, 18), "options")
    assert order_charges(rates, -1, 0, 0) == Charges()
    with pytest.raises(ValueError, match="negative"):
        order_charges(rates, 1, -1)
    with pytest.raises(ValueError, match="at least one executed order"):
        round_trip(rates, 100, 100, 0, 1)


def test_rates_can_be_made_by_hand() -> None:
    """Flat 0.03% and nothing else, as the benchmark's peers charge."""
    flat = ChargeRates(brokerage_ppb=300_000)
    assert round_trip(flat, 100_000_000, 200_000_000) == Charges(brokerage=90_000)
    assert charges_json(Charges(brokerage=5), flat)["rates_from"] is None


def test_json_has_every_part_and_the_total() -> None:
    """The shape that commands and reports print: each part and the total in paise, and the rates' date."""
    rates = rates_on(date(2026, 8, 18), "intraday")
    shown = charges_json(round_trip(rates, 10_000_000, 10_100_000), rates)
    assert shown["total_paise"] == sum(shown[f"{part}_paise"] for part in PARTS)
    assert (shown["rates_from"], shown["extrapolated"]) == ("2026-04-01", False)


def by_decimal(rates: ChargeRates, side: int, turnover: int) -> Charges:
    """The same rules in exact decimals, written apart from the code under test."""
    def of(ppb: int) -> Decimal:
        return Decimal(turnover) * ppb / 10**9

    brokerage = of(rates.brokerage_ppb)
    if rates.brokerage_cap_paise is not None:
        brokerage = min(brokerage, Decimal(rates.brokerage_cap_paise))
    brokerage = (brokerage + rates.brokerage_flat_paise) if turnover else Decimal(0)
    transaction, sebi = of(rates.transaction_ppb), of(rates.sebi_ppb)
    exact = (
        brokerage, of(rates.stt_sell_ppb) if side < 0 else 0, transaction, of(rates.ipft_ppb), sebi,
        of(rates.stamp_buy_ppb) if side > 0 else 0, (brokerage + transaction + sebi) * rates.gst_percent / 100,
    )
    return Charges(*(int(Decimal(part).quantize(Decimal(1), ROUND_HALF_UP)) for part in exact))


@given(RATES, st.sampled_from([1, -1]), TURNOVERS)
def test_integer_arithmetic_equals_exact_decimals(rates: ChargeRates, side: int, turnover: int) -> None:
    """Each part, rounded half up once, is what exact decimal arithmetic gives."""
    assert order_charges(rates, side, turnover) == by_decimal(rates, side, turnover)


@given(RATES, TURNOVERS, TURNOVERS, st.integers(1, 5), st.integers(1, 5))
def test_parts_are_never_negative_and_make_the_total(
    rates: ChargeRates, bought: int, sold: int, buys: int, sells: int
) -> None:
    """Nothing is refunded, nothing is lost between the parts and the total, and a trip is its two sides."""
    charges = round_trip(rates, bought, sold, buys, sells)
    parts = [getattr(charges, part) for part in PARTS]
    assert min(parts) >= 0
    assert sum(parts) == charges.total
    assert charges == order_charges(rates, 1, bought, buys) + order_charges(rates, -1, sold, sells)


@given(RATES, st.sampled_from([1, -1]), TURNOVERS, st.integers(0, 10**9))
def test_more_turnover_never_costs_less(rates: ChargeRates, side: int, turnover: int, more: int) -> None:
    """Every part grows with turnover or stays."""
    less, larger = order_charges(rates, side, turnover), order_charges(rates, side, turnover + more)
    assert all(getattr(less, part) <= getattr(larger, part) for part in PARTS)


@given(RATES, st.sampled_from([1, -1]), TURNOVERS, st.integers(1, 5))
def test_gst_is_on_the_services_alone(rates: ChargeRates, side: int, turnover: int, orders: int) -> None:
    """18% of brokerage, transaction and SEBI together: never on taxes, stamp or the investor protection fund.

    Each of the three is rounded by half a paisa at most, and the GST itself by half a one.
    """
    charges = order_charges(rates, side, turnover, orders)
    services = charges.brokerage + charges.transaction + charges.sebi
    assert abs(charges.gst - Decimal(services) * rates.gst_percent / 100) <= Decimal("0.5") + Decimal("1.5") * 18 / 100


@given(RATES, TURNOVERS, st.integers(1, 5))
def test_each_side_pays_its_own_tax(rates: ChargeRates, turnover: int, orders: int) -> None:
    """STT falls on the sale, stamp on the purchase; everything else is the same whichever way it goes."""
    bought, sold = order_charges(rates, 1, turnover, orders), order_charges(rates, -1, turnover, orders)
    assert (bought.stt, sold.stamp) == (0, 0)
    if turnover >= 10**6:
        assert min(sold.stt, bought.stamp) > 0
    for part in ("brokerage", "transaction", "ipft", "sebi", "gst"):
        assert getattr(bought, part) == getattr(sold, part)


@given(RATES, TURNOVERS, TURNOVERS, st.integers(1, 5), st.integers(0, 5))
def test_a_round_trip_costs_more_with_more_turnover_or_orders(
    rates: ChargeRates, bought: int, sold: int, orders: int, more: int,
) -> None:
    """Charges never reward splitting: another order, or another paisa traded on either side, never costs less."""
    trip = round_trip(rates, bought, sold, orders, orders).total
    assert round_trip(rates, bought, sold, orders + more, orders).total >= trip
    assert round_trip(rates, bought, sold, orders, orders + more).total >= trip
    assert round_trip(rates, bought + more, sold, orders, orders).total >= trip
    assert round_trip(rates, bought, sold + more, orders, orders).total >= trip


@given(RATES, st.sampled_from([1, -1]), TURNOVERS, st.integers(1, 8))
def test_brokerage_is_capped_per_order(rates: ChargeRates, side: int, turnover: int, orders: int) -> None:
    """No more than 20 rupees for each executed order, whatever its size."""
    assert order_charges(rates, side, turnover, orders).brokerage <= 2000 * orders


@given(RATES, st.sampled_from([1, -1]), TURNOVERS, TURNOVERS)
def test_splitting_an_order_saves_nothing_but_rounding(
    rates: ChargeRates, side: int, first: int, second: int
) -> None:
    """Two orders cost at least what one of their size costs, but for a paisa of rounding in each part."""
    whole = order_charges(rates, side, first + second)
    split = order_charges(rates, side, first) + order_charges(rates, side, second)
    assert all(getattr(split, part) >= getattr(whole, part) - 1 for part in PARTS)
    taxes = [part for part in PARTS if part not in ("brokerage", "gst")]
    assert all(abs(getattr(split, part) - getattr(whole, part)) <= 1 for part in taxes)


@given(st.sampled_from(SEGMENTS), st.integers(1, 10**10), st.integers(1, 10**10))
def test_rates_of_2026_agree_with_another_calculator(segment: Segment, bought: int, sold: int) -> None:
    """Part by part with indian-trading-charges (rates of 2026).

    Its one difference: it puts GST on the investor protection fund too, 18% of 0.01 rupee a crore, less than a paisa.
    """
    other = pytest.importorskip("indian_charges", reason="install indian-trading-charges to compare charges")
    rates = rates_on(date(2026, 4, 1), segment)
    for side, name, turnover in ((1, "buy", bought), (-1, "sell", sold)):
        theirs = other.leg(turnover=Decimal(turnover) / 100, side=name, segment=segment)
        ours = order_charges(rates, side, turnover)
        expected = (theirs.brokerage, theirs.stt, theirs.exchange_txn, theirs.ipft, theirs.sebi_fee, theirs.stamp_duty)
        assert tuple(getattr(ours, part) for part in PARTS[:-1]) == tuple(int(part * 100) for part in expected)
        assert abs(ours.gst - int(theirs.gst * 100)) <= 1 + ours.ipft
