"""Two hundred short random days: after every minute, position, fills, exchange, exits and limits agree."""

import random
from typing import Final

import pytest

from common.exchange.fills import FillModel
from common.market.bar import Bar
from common.research.memory_ledger import MemoryLedger
from common.trading.driver import Driver
from common.trading.exit_policy import ExitPolicy
from common.trading.halts import HaltLevel
from common.trading.limits import Limits
from common.trading.messages import Control
from common.trading.order_hash import order_hash
from common.trading.orders import Purpose
from tests.unit.session_invariants import breaches, resting_when_flat, trade_breaches
from tests.unit.trading_case import SECOND, Chance, Desk, exchange, hours, minute, open_session, share, together, walk

SYMBOLS: Final = ("AAA", "BBB", "CCC")
MINUTES: Final = 60
SEEDS: Final = range(200)
TIMES: Final = hours(entries=(2, 45), square_off=50, close=MINUTES)


def limits_of(seed: int) -> Limits:
    """Tight and wide ones: sizes from one share to thousands, losses that are reached and losses that are not."""
    chance = random.Random(seed)
    return Limits(
        capital=chance.choice((20_000_00, 200_000_00)), daily_loss=chance.choice((60_00, 1_010_00, 50_000_00)),
        risk_per_trade=chance.choice((50_00, 1_000_00)), max_trades=chance.choice((5, 100)),
        max_open_positions=chance.choice((1, 2, 5)), max_order_value=chance.choice((5_000_00, 100_000_00)),
    )


def opened(seed: int) -> tuple[Desk, dict[str, list[Bar]]]:
    """A random day, not begun."""
    model = FillModel(seed=seed)
    freeze = 40 if seed % 4 == 1 else None
    route = exchange(*SYMBOLS, model=model, freeze=freeze)
    session = open_session(
        [share(symbol, freeze=freeze) for symbol in SYMBOLS], lambda _: Chance(seed), limits=limits_of(seed),
        times=TIMES,
        policy=ExitPolicy(modifications=random.Random(seed).choice((3, 23))),
    )
    ledger = MemoryLedger()
    return Desk(session, Driver(session, route, ledger), ledger), {s: walk(s, seed, MINUTES) for s in SYMBOLS}


def run(seed: int) -> Desk:
    """The whole day; every broken rule fails it with its minute."""
    desk, market = opened(seed)
    book = desk.driver.route
    for number in range(MINUTES):
        desk.driver.run(together(*[feed[number : number + 1] for feed in market.values()]))
        for second in (0, 3):
            desk.driver.pass_time(minute(number + 1) + second * SECOND)
        if number == 30 and seed % 10 == 0:
            desk.driver.tell(Control(minute(31), HaltLevel(3 if seed % 20 == 0 else 1), "by hand"))
            desk.driver.settle()
        found = [*breaches(desk.session, book), *resting_when_flat(desk.session)]  # type: ignore[arg-type]
        assert not found, f"seed {seed}, minute {number}: " + "; ".join(found)
    return desk


@pytest.mark.parametrize("first", range(0, len(SEEDS), 25))
def test_random_days(first: int) -> None:
    """Whatever strategies and market do: books agree each minute, flat at the close or an alarm, trades add up."""
    for seed in SEEDS[first : first + 25]:
        desk = run(seed)
        held = [slot.symbol for slot in desk.session.slots.values() if slot.quantity]
        assert not held or desk.alarms(), f"seed {seed}: {held} open at the close without an alarm"
        orders = list(desk.ledger.orders.values())
        if not held:
            found = trade_breaches(desk.session, orders, desk.ledger.trades)
            assert not found, f"seed {seed}: " + "; ".join(found)
        late = [o for o in orders if o.purpose is Purpose.ENTRY and not minute(2) <= o.created < minute(45)]
        assert not late, f"seed {seed}: entries outside their hours: {late}"
        book = desk.driver.route.book  # type: ignore[attr-defined]
        assert {o.tag for o in orders if o.status != "REJECTED"} == book.keys(), f"seed {seed}: intents are not orders"


def test_the_days_are_not_empty() -> None:
    """A floor under what the random days exercise, so that they prove something."""
    kinds: dict[str, int] = {}
    partly = trailed = sliced = 0
    for seed in SEEDS[:60]:
        desk = run(seed)
        for trade in desk.ledger.trades:
            reason = trade.exit_reason.split()[0]
            kinds[reason] = kinds.get(reason, 0) + 1
        halted = desk.account.halted
        kinds[halted] = kinds.get(halted, 0) + 1
        orders = desk.ledger.orders.values()
        partly += sum(1 for order in orders if len(order.fills) > 1)
        trailed += sum(order.trail_distance > 0 and order.filled > 0 for order in orders)
        sliced += sum(order.quantity == 40 for order in orders)
    floors = {"stop": 100, "target": 20, "chance": 30, "square-off": 5, "daily loss reached": 1}
    assert all(kinds.get(kind, 0) >= floor for kind, floor in floors.items()), kinds
    assert partly >= 50, f"only {partly} orders were filled in parts"
    assert trailed >= 50, f"only {trailed} entries were trailed"
    assert sliced >= 50, f"only {sliced} orders were at the freeze quantity"


def test_the_same_seed_trades_the_same() -> None:
    """A day is its seed: run twice, one hash; another seed, another hash."""
    hashes = [order_hash(run(seed).ledger.orders.values()) for seed in (5, 5, 6)]
    assert hashes[0] == hashes[1] != hashes[2]
