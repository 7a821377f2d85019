"""A small day is killed at every call of its ports, and started again: once each, before and after the call."""

import json
import random
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from common.exchange.resting import resting_from_fields
from common.trading.charges import rates_on, round_trip
from common.trading.errors import TradingStopped
from common.trading.order_hash import order_hash
from common.trading.orders import TransitionError, order_from_fields
from common.trading.strategy import Enter
from tests.unit.trading_case import DAY, Chance, Script, bars, flat, walk
from tests.unit.workload_case import MINUTES, SYMBOLS, Fuse, House, Killed

CALLS = 134
"""Of the uninterrupted day: see `test_the_small_day_is_rich`."""


def at_exchange(house: House) -> dict[str, dict[str, Any]]:
    """The journal's last word by tag; two ids for one tag would be two orders for one intent."""
    last: dict[str, dict[str, Any]] = {}
    for line in (house.folder / "journal.jsonl").read_text().splitlines():
        fields = json.loads(line)
        assert fields["tag"] not in last or last[fields["tag"]]["id"] == fields["id"], f"{fields['tag']} was sent twice"
        last[fields["tag"]] = fields
    return last


def check_books(house: House) -> None:
    """Flat, every order explained, the store's books and the exchange's alike, trades worth what the fills are."""
    stored = {fields["tag"]: order_from_fields(fields) for fields in house.documents("orders")}
    book = {tag: resting_from_fields(fields) for tag, fields in at_exchange(house).items()}
    assert book.keys() == {tag for tag, order in stored.items() if order.status not in ("NOT PLACED", "REJECTED")}
    held: dict[str, int] = defaultdict(int)
    cash = 0
    for tag, resting in book.items():
        order = stored[tag]
        terms = (resting.kind, resting.quantity, resting.price, resting.trigger)
        assert (order.filled, order.status) == (resting.filled, resting.status), f"{tag}: store and exchange differ"
        assert terms == (order.kind, order.quantity, order.price, order.trigger), f"{tag}: terms differ in the store"
        assert not order.working, f"{tag} still works"
        held[order.symbol] += order.side * order.filled
        cash -= order.side * order.turnover
    assert not any(held.values()), f"not flat: {dict(held)}"
    trades = house.documents("trades")
    assert sum(trade["gross_paise"] for trade in trades) == cash, "the trades do not add up to the fills"
    assert sum(t["quantity"] for t in trades) == sum(o.filled for o in stored.values() if o.side > 0)
    for trade in trades:
        assert trade["net_paise"] == trade["gross_paise"] - trade["charges_paise"]


def hash_of(house: House) -> str:
    return order_hash(
        order for order in map(order_from_fields, house.documents("orders")) if order.status != "NOT PLACED"
    )


def live(house: House, fuse: Fuse) -> None:
    """Die where the fuse says, then run to the end; a day that has ended is refused, and needs nothing."""
    try:
        house.trade(fuse)
    except Killed:
        pass
    else:
        return
    (workload,) = house.documents("workloads")
    if workload["state"] == "DONE":
        with pytest.raises(TradingStopped):
            house.trade()
        return
    house.trade()


def test_the_small_day_is_rich(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day that is killed below has every kind of exit, fills in parts, and the number of calls counted on."""
    house, fuse = House(tmp_path, monkeypatch), Fuse()
    house.trade(fuse)
    check_books(house)
    reasons = {trade["exit_reason"] for trade in house.documents("trades")}
    assert reasons == {"stop", "target", "enough", "square-off"}
    assert sum(len(fields["fills"]) > 1 for fields in house.documents("orders")) >= 4
    assert fuse.count <= CALLS, f"the day makes {fuse.count} calls now: kill it at every one of them"
    assert {"commit", "place", "modify", "cancel", "drain"} == set(fuse.names)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_killed_at_any_call(call: int, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One order an intent, nothing doubled, flat, the books alike, wherever the process dies."""
    house, fuse = House(tmp_path, monkeypatch), Fuse(call, after=after)
    live(house, fuse)
    check_books(house)


@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_killed_after_any_call_trades_the_same(call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that dies after a call and starts again orders and fills what the day without it does."""
    (tmp_path / "whole").mkdir()
    whole = House(tmp_path / "whole", monkeypatch)
    whole.trade()
    house, fuse = House(tmp_path, monkeypatch), Fuse(call, after=True)
    live(house, fuse)
    lost = [fields["tag"] for fields in house.documents("orders") if fields["status"] == "NOT PLACED"]
    if not lost:
        assert hash_of(house) == hash_of(whole), f"died after call {call} ({fuse.names[-1]})"


def test_killed_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight lives, each as long as a few calls, then one to the end: still one order an intent, and flat."""
    house = House(tmp_path, monkeypatch)
    for life in range(8):
        with pytest.raises(Killed):
            house.trade(Fuse(14, after=life % 2 == 0))
    house.trade()
    check_books(house)


@pytest.mark.parametrize("seed", range(25))
def test_random_days_killed_anywhere_trade_the_same(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random signals on a random market, killed twice after random calls: the orders of the day without the kills."""
    chance = random.Random(seed)
    limits = {
        "capital_paise": chance.choice((20_000_00, 100_000_00)), "loss_paise": chance.choice((200_00, 10_000_00)),
        "max_open_positions": chance.choice((1, 5)),
    }
    feeds = {symbol: walk(symbol, seed, MINUTES) for symbol in SYMBOLS}
    houses = [House(tmp_path / name, monkeypatch, feeds, lambda _: Chance(seed), **limits) for name in ("a", "b")]
    for house in houses:
        house.folder.mkdir()
    count = Fuse()
    houses[0].trade(count)
    for most in (count.count // 2, count.count // 3, 10**9):
        with suppress(Killed, TradingStopped):
            houses[1].trade(Fuse(chance.randint(5, most) if most < 10**9 else most, after=True))
    check_books(houses[0])
    check_books(houses[1])
    # A broker that has just begun knows no last price, and takes a stop that it would have refused.
    different = [f["status"] for house in houses for f in house.documents("orders")]
    if "NOT PLACED" not in different and "REJECTED" not in different:
        assert hash_of(houses[0]) == hash_of(houses[1])


def test_charges_of_the_stored_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restarted or not, a trade of one order each way is charged by its turnovers, to the paisa."""
    house = House(tmp_path, monkeypatch)
    live(house, Fuse(60))
    rates = rates_on(DAY, "intraday")
    for trade in house.documents("trades"):
        entry, leave = (round(trade[name] * 100 * trade["quantity"]) for name in ("entry_price", "exit_price"))
        bought, sold = (entry, leave) if trade["side"] == "long" else (leave, entry)
        assert trade["charges_paise"] == round_trip(rates, bought, sold).total, trade


def test_the_broker_is_ahead_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop was resized and filled after the last flush: its stored quantity is too small, and the day goes on."""
    house = House(tmp_path, monkeypatch)
    with pytest.raises(Killed):
        house.trade(Fuse(12, after=True))
    entry, stop = at_exchange(house).values()
    assert (entry["tag"], stop["tag"], stop["quantity"]) == ("T250829S00001E", "T250829S00002X", 100)
    (first,) = entry["fills"]
    later = first["ts"] + 1
    entry["fills"] = [first, {"id": "second", "ts": later, "price": 100_10, "quantity": 50}]
    stop |= {
        "quantity": 150, "status": "COMPLETE",
        "fills": [{"id": "out", "ts": later + 1, "price": 98_90, "quantity": 150}],
    }
    with (house.folder / "journal.jsonl").open("a") as journal:
        journal.write(json.dumps(entry) + "\n" + json.dumps(stop) + "\n")
    house.trade()
    check_books(house)


@pytest.mark.parametrize("call", [16, 18, 22, 26, 30])
def test_a_daily_loss_survives_the_restart(call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Halted for the day is halted for the day, although the loss that was made came out smaller than the limit."""
    low, back = (95_00, 95_00, 95_00, 95_00, 1_000), (97_50, 97_50, 97_50, 97_50, 50_000)
    feeds = {
        "AAA": [*flat("AAA", 7), *bars("AAA", low, low, *[back] * 25, start=7)], "BBB": flat("BBB", MINUTES),
    }
    signals = {5: Enter(1, 100, 0, "loses"), 14: Enter(1, 100, 0, "must not be")}
    house = House(
        tmp_path, monkeypatch, feeds, lambda s: Script(signals=signals if s == "AAA" else {}), loss_paise=2_000_00,
    )
    live(house, Fuse(call, after=True))
    (workload,) = house.documents("workloads")
    assert workload["summary"]["halted"] == "daily loss reached"
    assert sum(fields["purpose"] == "ENTRY" for fields in house.documents("orders")) == 1


@pytest.mark.parametrize("call", range(30, 90))
def test_trades_that_end_in_one_minute_are_stored_once_each(
    call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AAA ends first and half a minute later than CCC, BBB stores in between: neither is lost, neither doubled."""
    feeds = {symbol: flat(symbol, MINUTES) for symbol in ("AAA", "BBB", "CCC")}
    gap, lower = (95_00, 95_00, 95_00, 95_00, 50_000), (93_00, 93_50, 93_00, 93_00, 50_000)
    feeds["AAA"][10:11] = bars("AAA", (100_00, 100_00, 98_50, 98_60, 50_000), start=10)
    feeds["BBB"][9:11] = bars("BBB", gap, lower, start=9)
    feeds["CCC"][10:11] = bars("CCC", (98_00, 98_00, 98_00, 98_00, 50_000), start=10)
    house = House(
        tmp_path, monkeypatch, feeds, lambda _: Script(signals={5: Enter(1, 100, 0, "go")}), capital_paise=200_000_00,
    )
    live(house, Fuse(call, after=True))
    check_books(house)
    assert sorted(trade["symbol"] for trade in house.documents("trades")) == ["AAA", "BBB", "CCC"]


def test_a_lost_book_at_the_broker_is_not_traded_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store knows of an open position and a resting stop, the broker of nothing: said, not traded around."""
    house = House(tmp_path, monkeypatch)
    with pytest.raises(Killed):
        house.trade(Fuse(24, after=True))
    (house.folder / "journal.jsonl").unlink()
    try:
        house.trade()
    except (TradingStopped, TransitionError):
        return
    alarms = house.logs.loud()
    entries = [one for one in house.documents("orders") if one["purpose"] == "ENTRY" and one["symbol"] == "AAA"]
    assert alarms, "nothing was said"
    assert len(entries) == 1, "AAA was traded on although what it holds cannot be explained"
