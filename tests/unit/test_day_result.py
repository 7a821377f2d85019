"""The day's result: totals, equity over classes, and the books held against themselves."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.market.bar import Bar
from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.research.day_result import build_result
from common.research.workload import Outcome
from common.trading.order_hash import order_hash
from common.trading.orders import Fill, Kind, Order, OrderTag, Purpose, Status

DAY = date(2026, 11, 20)
TS = 1795149540000000000


def order(n: int, side: int, price: int, quantity: int = 10, symbol: str = "ABC") -> Order:
    """Ordered and filled."""
    purpose = Purpose.ENTRY if n % 2 else Purpose.EXIT
    made = Order(OrderTag(f"T{n}"), n, symbol, side, quantity, Kind.LIMIT, price, 0, purpose, TS)
    made.add_fill(Fill(f"f{n}", TS + n, price, quantity))
    made.move(Status.COMPLETE)
    return made


def trade(gross: int, charges: int = 100, time: str = "2026-11-20T10:00:00+05:30") -> Mapping[str, Any]:
    return {
        "asset_class": "stock", "symbol": "ABC", "exit_time": time, "gross_paise": gross, "charges_paise": charges,
        "net_paise": gross - charges,
    }


def outcome(
    orders: list[Order], trades: list[Mapping[str, Any]], equity: list[tuple[str, int]],
    asset_class: AssetClass = AssetClass.STOCK,
) -> Outcome:
    return Outcome(asset_class, "DONE", orders, trades, equity, {})


def result(*outcomes: Outcome, bars: tuple[Bar, ...] = ()) -> dict[str, Any]:
    return build_result(DAY, "tests", 7, {"mode": "paper"}, {}, outcomes, bars)


GOOD = outcome([order(1, 1, 10_000), order(2, -1, 10_100)], [trade(1_000)], [("10:00", 900)])


def test_books_that_agree() -> None:
    """Flat, trades as fills, equity as trades: no warning; counts and sums are of what was given."""
    found = result(GOOD)
    assert found["warnings"] == []
    assert found["totals"] == {
        "gross_paise": 1_000, "charges_paise": 100, "fees_paise": 0, "net_paise": 900, "trades": 1, "wins": 1,
        "losses": 0, "max_drawdown_paise": 0, "charges_share": 0.1,
    }
    [workload] = found["workloads"]
    assert (workload["orders"], workload["fills"], workload["trades"], workload["net_paise"]) == (2, 2, 1, 900)
    assert found["order_hash"] == order_hash(GOOD.orders)


def test_an_open_position_is_said() -> None:
    """What is not flat is named with its quantity and symbol."""
    found = result(outcome([order(1, 1, 10_000)], [], []))
    assert found["warnings"] == ["stock: 10 ABC are still open"]
    assert "-10 ABC" in result(outcome([order(1, -1, 10_000)], [], []))["warnings"][0]


def test_trades_that_do_not_match_fills() -> None:
    """A trade too many, too few, or off by a paisa is said."""
    orders = [order(1, 1, 10_000), order(2, -1, 10_100)]
    for trades in ([trade(999)], [trade(1_000), trade(1_000)], []):
        assert any("fills are worth 1000 paise" in text for text in result(outcome(orders, trades, []))["warnings"])


def test_equity_that_does_not_match_trades() -> None:
    """An equity curve that ends a paisa beside the trades is said."""
    found = result(outcome(GOOD.orders, list(GOOD.trades), [("10:00", 901)]))
    assert found["warnings"] == ["stock: equity ends at 901 paise and trades add up to 900"]


def test_one_class_does_not_hide_another() -> None:
    """Errors in two classes that cancel out are both said: books are held class by class."""
    long = outcome([order(1, 1, 10_000)], [], [])
    short = outcome([order(2, -1, 10_000)], [], [], AssetClass.FUTURES)
    assert result(long, short)["warnings"] == ["stock: 10 ABC are still open", "futures: -10 ABC are still open"]


def test_equity_of_the_account() -> None:
    """At each minute the last known of every class; the drawdown is from the highest point, the start among them."""
    one = outcome([], [], [("10:00", 100), ("10:01", -50), ("10:03", 0)])
    two = outcome([], [], [("10:01", 10), ("10:02", -400)], AssetClass.OPTIONS)
    found = result(one, two)
    assert found["equity"] == [("10:00", 100), ("10:01", -40), ("10:02", -450), ("10:03", -400)]
    assert found["totals"]["max_drawdown_paise"] == 550
    assert result(outcome([], [], [("10:00", -70)]))["totals"]["max_drawdown_paise"] == 70


@given(st.lists(st.tuples(st.integers(-10**9, 10**9), st.integers(0, 10**7)), max_size=30))
def test_totals_are_sums(rows: list[tuple[int, int]]) -> None:
    """Gross less charges is net to the paisa; won and lost are by net; nothing is both."""
    trades = [trade(gross, charges) for gross, charges in rows]
    totals = result(outcome([], trades, []))["totals"]
    assert totals["net_paise"] == sum(gross - charges for gross, charges in rows)
    assert totals["wins"] + totals["losses"] == sum(1 for gross, charges in rows if gross != charges)


def test_an_empty_day() -> None:
    """Nothing enabled: zeros, no warnings, no share of nothing."""
    found = result()
    assert (found["workloads"], found["trades"], found["equity"], found["warnings"]) == ([], [], [], [])
    assert found["totals"]["charges_share"] is None
    assert found["totals"]["net_paise"] == 0


def test_trades_by_exit_and_bars_in_rupees() -> None:
    """Trades of all classes in the order in which they ended; candles in rupees by symbol."""
    late, early = trade(1, time="2026-11-20T11:00:00+05:30"), trade(2, time="2026-11-20T10:30:00+05:30")
    bar = Bar(TS, "ABC", 10_000, 10_150, 9_995, 10_100, 500)
    found = result(outcome([], [late], []), outcome([], [early], [], AssetClass.FUTURES), bars=(bar,))
    assert found["trades"] == [early, late]
    assert found["bars"] == {"ABC": [[at(TS).isoformat(), 100.0, 101.5, 99.95, 101.0, 500]]}
