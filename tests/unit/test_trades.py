"""Round trips: what was bought and sold from flat to flat, and the document that a trade becomes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.market.instrument import AssetClass
from common.trading.charges import round_trip
from common.trading.trades import RoundTrip, Trade, trade_fields
from tests.unit.trading_case import RATES, minute

FILLS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([1, -1]), st.integers(5, 10**6), st.integers(1, 10**4)),
    min_size=1, max_size=20,
)


@given(FILLS)
def test_a_round_trip_is_the_sum_of_its_fills(fills: list[tuple[str, int, int, int]]) -> None:
    """Turnovers and quantities by side, each order charged once a side; clear forgets all of it."""
    trip = RoundTrip()
    for number, (tag, side, price, quantity) in enumerate(fills):
        trip.add(tag, side, price, quantity, minute(number))
    turnovers = {s: sum(p * q for _, side, p, q in fills if side == s) for s in (1, -1)}
    orders = {s: len({tag for tag, side, _, _ in fills if side == s}) for s in (1, -1)}
    assert (trip.side, trip.entry_ts) == (fills[0][1], minute(0))
    assert (trip.buy_turnover, trip.sell_turnover) == (turnovers[1], turnovers[-1])
    assert trip.buys - trip.sells == sum(side * quantity for _, side, _, quantity in fills)
    assert trip.charges(RATES) == round_trip(RATES, turnovers[1], turnovers[-1], orders[1], orders[-1])
    trip.clear()
    assert (trip.side, trip.buys, trip.sells, trip.buy_turnover, trip.sell_turnover) == (0, 0, 0, 0, 0)
    assert trip.charges(RATES).total == 0


def test_closing_charges_are_those_of_both_ways() -> None:
    """Of an open long or short: as if closed at the entry's price with one order."""
    for side in (1, -1):
        trip = RoundTrip()
        trip.add("a", side, 100_00, 300, 1)
        assert trip.closing_charges(RATES) == round_trip(RATES, 300 * 100_00, 300 * 100_00).total


def test_the_document_of_a_trade() -> None:
    """JSON values; paise exact, rupees beside them; times in India; charges by part add up."""
    trip = RoundTrip()
    trip.add("a", -1, 100_00, 300, minute(1))
    trip.add("b", 1, 98_05, 300, minute(2))
    charges = trip.charges(RATES)
    trade = Trade(
        1, "s", "AAA", -1, 300, minute(1), 100_00.0, "in", minute(2), 98_05.0, "out", 101_00, 0, 300 * 195, charges,
        {"n": 1},
    )
    fields = json.loads(json.dumps(trade_fields(trade, AssetClass.STOCK)))
    assert fields["gross_paise"] == 58_500
    assert fields["net_paise"] == fields["gross_paise"] - fields["charges_paise"]
    assert sum(fields["charge_parts"].values()) == fields["charges_paise"] == charges.total
    assert (fields["side"], fields["entry_price"], fields["exit_price"]) == ("short", 100.0, 98.05)
    assert fields["entry_time"] == "2025-08-29T09:16:00+05:30"
    assert (fields["stop_price"], fields["target_price"]) == (101.0, None)
