"""The option chain of 2025-08-29 as it was quoted: parity, and both sellers of premium, watched by the exchange."""

from collections.abc import Mapping
from math import exp
from pathlib import Path
from statistics import median
from typing import Any, cast

import pytest

from common.market.bar import NANOSECONDS_A_MINUTE
from common.market.instrument import AssetClass, Kind
from common.market.option_chain import RATE, option_chain
from common.planning.mandate import Mandate, parse_mandate
from common.ports import MarketData
from common.research.recorded import read
from common.research.structures import structures_of
from common.research.workload import Outcome, summarise
from common.trading.order_hash import order_hash
from common.trading.orders import Fill, OrderTag, OrderUpdate, Status
from common.trading.trades import trade_fields
from tests.simulation.recorded_chain import DAY, EXPIRY, Journal, Minutes, Replayed, offers_by_time, replay
from tests.unit.basket_case import option

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MOVED = {"recentre_percent": 20.0, "max_rolls": 2}
BY_DELTA = {"strike_by": "delta", "max_short_delta": 0.35, "max_rolls": 1}
ADJUSTED = {"max_adjustments": 2, "adjust_short_delta": 0.25, "profit_percent": 20.0}
DAYS: list[tuple[str, dict[str, Any], int, int, str]] = [
    ("iron_fly", {}, 4, 1, "8e4980a6cb048af51c1d0605200411c1dbb68ef5d0df20a8778046486630ab86"),
    ("iron_fly", MOVED, 8, 2, "5d4600603f77f59c6a709f8128d8356943097e151639d4bb8a2f542795a588d6"),
    ("credit_spread", {}, 2, 1, "45b1ab7207a61a879a9ee590eb2da08756a8fad54855faaddac1cd60f215262c"),
    ("credit_spread", BY_DELTA, 4, 2, "5ca44224cdb51346627d1b9955f2f4e4887cc90897fcf943541db7b313ba6653"),
]
"""Strategy, parameters, round trips, structures, hash of the orders: a change of any of them has to be meant."""


def mandate(strategy: str, text: str = "") -> Mandate:
    """The example of the strategy, with more."""
    own = EXAMPLES / ("iron_fly.toml" if strategy == "iron_fly" else "spreads.toml")
    lines = own.read_text(encoding="utf-8").splitlines()
    return parse_mandate("\n".join([line for line in lines if line.split(" ")[0] != text.split(" ")[0]] + [text]))


def structures(shared: Path, day: Replayed) -> list[dict[str, Any]]:
    """As the report would have them."""
    orders = list(day.ledger.orders.values())
    trades: list[Mapping[str, Any]] = [trade_fields(trade, AssetClass.OPTIONS) for trade in day.ledger.trades]
    outcome = Outcome(AssetClass.OPTIONS, "DONE", orders, trades, [], summarise(day.session))
    return structures_of(DAY, [outcome], cast(MarketData, Minutes(shared)))


@pytest.mark.parametrize(("strategy", "parameters", "trips", "count", "pinned"), DAYS)
def test_a_recorded_day_of_selling_premium(
    shared: Path, strategy: str, parameters: dict[str, Any], trips: int, count: int, pinned: str,
) -> None:
    """Never naked after any fill, margin within the share, flat at the end, and a profit that is explained whole."""
    day = replay(shared, strategy, parameters, mandate(strategy))
    limits, account = day.session.book.account.limits, day.session.book.account
    assert day.journal.fills >= 2 * trips
    assert day.journal.naked == []
    assert 0 < day.journal.margin <= limits.capital * limits.basket_margin_percent // 100
    assert set(day.journal.held.values()) == {0}
    assert len(day.ledger.trades) == trips
    assert order_hash(day.ledger.orders.values()) == pinned
    # A recorded quote stands for a minute: a hedge that is more than what it shows is sold on the next one.
    alarms = [record.message for record in day.ledger.records if record.severity in ("ERROR", "CRITICAL")]
    assert all("exit attempts" in message for message in alarms)
    found = structures(shared, day)
    assert len(found) == count
    for one in found:
        parts = one["attribution"]
        named = ("delta_paise", "gamma_paise", "theta_paise", "vega_paise", "rest_paise")
        assert sum(parts[name] for name in named) - parts["charges_paise"] == parts["net_paise"]
        assert parts["net_paise"] == sum(leg["net_paise"] for leg in one["legs"])
        assert all(parts[name] for name in named)
        assert abs(parts["rest_paise"]) < one["credit_paise"] / 10
        assert one["max_loss_paise"] < one["margin_paise"] <= day.journal.margin
        assert one["max_profit_paise"] == one["credit_paise"]
        assert len(one["break_evens"]) == (2 if strategy == "iron_fly" else 1)
    assert sum(one["attribution"]["net_paise"] for one in found) == account.net


def test_the_untested_side_is_sold_and_rolled(shared: Path) -> None:
    """While the sold put is near the market a call spread joins it, and another when that has decayed; each a basket of
    its own, never naked after any fill, and all of them together within the share.
    """
    roomy = mandate("credit_spread", "max_open_positions = 2")
    roomy = roomy.model_copy(update={"options": roomy.options.model_copy(update={"max_trades": 6})})
    day = replay(shared, "credit_spread", ADJUSTED, roomy)
    limits = day.session.book.account.limits
    assert (day.journal.fills, len(day.ledger.trades), day.journal.naked) == (12, 6, [])
    assert set(day.journal.held.values()) == {0}
    found = {one["name"]: one for one in structures(shared, day)}
    assert list(found) == ["NIFTY credit spread", "NIFTY untested spread", "NIFTY untested spread 2"]
    main, first, second = found.values()
    assert main["entry_time"] < first["entry_time"] < first["exit_time"] < second["entry_time"] < main["exit_time"]
    sides = [{leg["symbol"][-2:] for leg in one["legs"]} for one in found.values()]
    assert sides[1] == sides[2] != sides[0]
    assert main["margin_paise"] < day.journal.margin <= limits.capital * limits.basket_margin_percent // 100


def test_an_adjustment_without_room_is_denied(shared: Path) -> None:
    """The example mandate has room for one position: the untested side is asked for, and the first stays alone."""
    day = replay(shared, "credit_spread", ADJUSTED, mandate("credit_spread"))
    assert len(day.ledger.trades) == 2
    assert set(day.session.book.denied) == {"max_open_positions"}


def test_one_structure_follows_another(shared: Path) -> None:
    """A fly that was left is closed whole before the next is begun, and the next is around another strike."""
    found = structures(shared, replay(shared, "iron_fly", MOVED, mandate("iron_fly")))
    assert [one["name"] for one in found] == ["NIFTY iron fly", "NIFTY iron fly 2"]
    assert found[0]["exit_time"] < found[1]["entry_time"]
    assert "from its middle" in found[0]["exit_reason"]
    sold = [{leg["symbol"] for leg in one["legs"] if leg["side"] == "short"} for one in found]
    assert sold[0].isdisjoint(sold[1])


@pytest.mark.parametrize("name", ["delta", "gamma", "vega"])
def test_a_tight_limit_of_a_greek_keeps_it_out(shared: Path, name: str) -> None:
    """One rupee: nothing is bought or sold, and the log has the Greek as it would have been, and its limit."""
    day = replay(shared, "iron_fly", {}, mandate("iron_fly", f"max_{name}_rupees = 1"))
    assert dict(day.session.book.denied) == {f"max_{name}": 1}
    assert day.journal.fills == 0
    (denial,) = [record.fields for record in day.ledger.records if record.fields.get("code") == f"max_{name}"]
    assert denial[f"{name}_limit"] == 100 < abs(denial[name])
    assert denial[f"{name}_held"] == 0


def test_a_naked_moment_would_be_seen() -> None:
    """The check of the exchange's journal fails on a short call beside a long put."""
    journal = Journal({kind.value: option(24_500, kind) for kind in (Kind.CALL, Kind.PUT)})
    for symbol, side in (("PE", 1), ("CE", -1)):
        journal.take(OrderUpdate(OrderTag(""), Status.COMPLETE, 1, (Fill("1", 1, 5, 75),), symbol=symbol, side=side))
    assert len(journal.naked) == 1


def test_calls_and_puts_are_at_parity(shared: Path) -> None:
    """Call less put is the discounted forward less the strike: half a rupee at the median, as the quotes of a snapshot
    are seconds apart, and hardly ever more than the spreads and a hundredth of a per cent of the index.

    All strikes within 3 % of the forward, all day; and the forward is the one derived elsewhere, minute by minute.
    """
    derived = read([shared / "derived_forward_1m_NIFTY_2025-08-29.parquet"], day=DAY)
    known = {bar.ts: bar.close for bar in derived.bars[f"NIFTY_SYNFWD_{EXPIRY}"]}
    within, errors, apart = 0, list[float](), list[float]()
    for ts, offers in offers_by_time(shared):
        chain = option_chain("NIFTY", EXPIRY, offers, ts)
        if chain is None:
            continue
        minute = ts - ts % NANOSECONDS_A_MINUTE - NANOSECONDS_A_MINUTE  # fetched a minute before it was known
        if minute in known:
            apart.append(abs(chain.forward - known[minute]))
        for strike in chain.strikes:
            call, put = chain.at(Kind.CALL, strike), chain.at(Kind.PUT, strike)
            if call is None or put is None or abs(strike - chain.forward) > 0.03 * chain.forward:
                continue
            error = call.offer.mid - put.offer.mid - exp(-RATE * chain.years) * (chain.forward - strike)
            spreads = call.offer.ask - call.offer.bid + put.offer.ask - put.offer.bid
            errors.append(abs(error))
            within += abs(error) <= spreads / 2 + chain.forward / 10_000
    assert len(errors) > 5_000
    assert median(errors) < 75
    assert within / len(errors) > 0.985
    assert len(apart) > 200
    assert median(apart) < 50
