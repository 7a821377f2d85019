"""Baskets through restarts: killed in every phase and at every request, news untold; never naked, flat at last."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.research.memory_ledger import MemoryLedger
from common.trading.baskets import NOT_FILLED
from common.trading.driver import Driver
from common.trading.limits import Verdict
from common.trading.orders import (
    Kind,
    Order,
    OrderTag,
    Purpose,
    order_fields,
    order_from_fields,
)
from common.trading.restore import restore
from common.trading.strategy import EnterBasket
from tests.unit.basket_case import CONDOR, LOT, OUT, PRICES, SPREAD, basket_desk, basket_of, mark, signal
from tests.unit.test_basket_machine import naked
from tests.unit.trading_case import Desk
from tests.unit.wayward_broker import Truth, WaywardBroker, calm, flips, live


class Killed(Exception):
    """The process ends here."""


class Store(MemoryLedger):
    """Keeps documents as a store would: what was written, not what is in memory."""

    def __init__(self, documents: dict[str, str]) -> None:
        super().__init__()
        self.documents = documents

    def intend(self, order: Order, verdict: Verdict) -> None:
        super().intend(order, verdict)
        self.changed(order)

    def intend_change(self, order: Order) -> None:
        self.changed(order)

    def changed(self, order: Order) -> None:
        self.documents[order.tag] = json.dumps(order_fields(order))


class DeadlyBroker(WaywardBroker):
    """Kills the workload at one request: before it is taken, or after."""

    def __init__(self, fatal: int = 0, taken: bool = False) -> None:
        super().__init__()
        self.fatal, self.taken, self.asked = fatal, taken, 0

    def place(self, order: Order) -> str:
        return str(self._risk(lambda: super(DeadlyBroker, self).place(order)))

    def modify(self, tag: OrderTag, ts: int, kind: Kind, quantity: int, price: int, trigger: int) -> None:
        self._risk(lambda: super(DeadlyBroker, self).modify(tag, ts, kind, quantity, price, trigger))

    def cancel(self, tag: OrderTag, ts: int) -> None:
        self._risk(lambda: super(DeadlyBroker, self).cancel(tag, ts))

    def _risk(self, request: Callable[[], Any]) -> Any:
        self.asked += 1
        if self.asked == self.fatal and not self.taken:
            raise Killed
        answer = request()
        if self.asked == self.fatal:
            raise Killed
        return answer


class Life:
    """One basket from its signal to flat, in steps; its workload may be killed and started again between any two."""

    def __init__(self, what: EnterBasket, broker: DeadlyBroker) -> None:
        self.what = what
        self.broker = broker
        self.documents: dict[str, str] = {}
        self.made: Desk
        self.begin()

    def begin(self) -> None:
        """Recovery: the same for a first start and any other."""
        now = self.made.session.now if hasattr(self, "made") else 0
        made = basket_desk(self.broker)
        ledger = Store(self.documents)
        self.made = Desk(made.session, Driver(made.session, self.broker, ledger), ledger)
        now = self.broker.now = max(now, made.session.now)
        orders = [order_from_fields(json.loads(text)) for text in self.documents.values()]
        ledger.orders = {order.tag: order for order in orders}
        self.made.driver.carry_out(restore(made.session, orders, now))
        self.made.driver.reconcile()

    def restart(self) -> None:
        """Killed: what was on its way is lost."""
        self.broker.forget_news()
        self.broker.queue.clear()
        self.begin()
        mark(self.made)

    def step(self, one: Callable[["Life"], None]) -> None:
        try:
            one(self)
        except Killed:
            self.restart()
        self.check()

    def check(self) -> None:
        assert naked(self.broker) == []
        assert flips(self.broker) == []
        account = self.made.account
        assert account.open_positions <= 1
        assert sum(account.reserved.values()) <= account.limits.capital

    def tell(self) -> None:
        self.broker.deliver(range(len(self.broker.news)))
        self.made.driver.settle()


def working(life: Life, side: int, purpose: Purpose) -> list[Truth]:
    return [one for one in life.broker.working() if (one.side, one.purpose) == (side, purpose)]


def execute(life: Life, side: int, purpose: Purpose, lots: int = 100) -> None:
    """Such orders trade so many lots each."""
    for one in working(life, side, purpose):
        life.broker.execute(one, lots * LOT, PRICES[one.symbol])


def script() -> Iterator[Callable[[Life], None]]:
    """Open in parts, rest, leave in parts; every piece of news a step of its own."""
    yield lambda life: signal(life.made, life.what)
    for side in (1, -1):
        for lots in (1, 100):
            yield lambda life, side=side, lots=lots: execute(life, side, Purpose.ENTRY, lots)  # type: ignore[misc]
            yield Life.tell
        yield lambda life: live(life.made, life.broker)
    yield lambda life: signal(life.made, type(OUT)(life.what.name, "enough"))
    for side in (1, -1):
        for lots in (1, 100):
            yield lambda life, side=side, lots=lots: execute(life, side, Purpose.EXIT, lots)  # type: ignore[misc]
            yield Life.tell
            yield lambda life: live(life.made, life.broker)


STEPS = len(list(script()))


def finish(life: Life) -> None:
    """A good broker from here on: whatever is left leaves."""
    calm(life.broker)
    for _ in range(100):
        mark(life.made)
        if life.made.session.book.baskets and not basket_of(life.made).leaving:
            life.step(lambda one: signal(one.made, type(OUT)(one.what.name, "enough")))
        life.step(lambda one: live(one.made, one.broker))
        for one in life.broker.working():
            if one.cancelling:
                life.broker.end_cancelling(one)
            elif one.purpose is Purpose.EXIT and one.kind is Kind.LIMIT:
                life.broker.execute(one, 10**6, PRICES[one.symbol])
            life.check()
    assert not any(life.broker.positions().values()), life.broker.positions()
    assert not life.broker.working()
    account = life.made.account
    assert (life.made.session.book.baskets, account.reserved, account.results) == ({}, {}, {})
    assert not any(slot.busy or slot.basket for slot in life.made.session.slots.values())
    cash = -sum(o.side * f.quantity * f.price for o in life.broker.orders_.values() for f in o.fills)
    assert account.gross == cash


@pytest.mark.parametrize("what", [SPREAD, CONDOR], ids=["spread", "condor"])
@pytest.mark.parametrize("at", range(STEPS + 1))
def test_killed_between_any_two_steps(what: EnterBasket, at: int) -> None:
    """Before step `at`, with its last news untold: the new workload goes on, and the day ends flat."""
    life = Life(what, DeadlyBroker())
    for number, one in enumerate(script()):
        if number == at:
            life.restart()
            life.check()
        life.step(one)
    finish(life)


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("fatal", range(1, 13))
def test_killed_at_any_request(fatal: int, taken: bool) -> None:
    """Before the broker took it or after: at most one order an intent, never naked, flat in the end."""
    life = Life(CONDOR, DeadlyBroker(fatal, taken))
    for one in script():
        life.step(one)
    finish(life)
    assert life.broker.asked >= fatal, "the day has fewer requests: this one proves nothing"


def test_killed_at_every_step() -> None:
    """A workload that never lives longer than one step."""
    life = Life(SPREAD, DeadlyBroker())
    for one in script():
        life.step(one)
        life.restart()
        life.check()
    finish(life)


def opened_life(what: EnterBasket = SPREAD) -> Life:
    life = Life(what, DeadlyBroker())
    for one in list(script())[:11]:
        life.step(one)
    assert basket_of(life.made).opened
    return life


def test_an_open_basket_comes_back_whole() -> None:
    """Name, legs, size, limits, capital and risk, one position; nothing is sent for it."""
    life = opened_life()
    before, sent = basket_of(life.made), life.broker.asked
    life.restart()
    after = basket_of(life.made)
    assert after.fields() == before.fields()
    assert (after.opened, after.leaving, after.strategy, after.reason) == (True, "", "script", "rising")
    assert (life.made.account.reserved, life.made.account.at_risk) == (
        {"spread": before.need}, {"spread": before.risk},
    )
    assert (life.made.account.trades, life.made.account.open_positions) == (1, 1)
    assert life.broker.asked == sent
    mark(life.made, N24400PE=141_00)
    assert after.leaving == "loss limit"


def test_the_way_out_goes_on() -> None:
    """Killed while the short is being bought back: out it goes, the hedge behind it."""
    life = opened_life()
    signal(life.made, OUT)
    execute(life, 1, Purpose.EXIT, 1)
    life.restart()
    assert basket_of(life.made).leaving == "enough"
    assert [one.quantity for one in working(life, -1, Purpose.EXIT)] == [LOT]
    finish(life)


def test_a_restart_after_a_minute_gives_a_half_open_basket_up() -> None:
    """The hedge is held and the short was never sent: the market is another by now."""
    life = Life(SPREAD, DeadlyBroker())
    for one in list(script())[:2]:
        life.step(one)
    execute(life, 1, Purpose.ENTRY)
    life.made.session.now += 120 * 10**9
    life.restart()
    assert basket_of(life.made).leaving == NOT_FILLED
    assert not working(life, -1, Purpose.ENTRY)
    finish(life)


def test_a_basket_that_is_over_stays_over() -> None:
    """A restart afterwards has nothing to do, and a second basket of the name is told from the first."""
    life = opened_life()
    finish(life)
    net, sent = life.made.account.net, life.broker.asked
    life.restart()
    live(life.made, life.broker, 2)
    assert life.broker.asked == sent
    assert (life.made.account.net, life.made.session.book.baskets) == (net, {})
    mark(life.made)
    signal(life.made, SPREAD)
    execute(life, 1, Purpose.ENTRY)
    life.tell()
    life.restart()
    assert basket_of(life.made).created > 0
    assert life.made.slot("N24300PE").quantity == basket_of(life.made).quantity
    assert life.made.account.open_positions == 1
    finish(life)
    entries = [one for one in life.broker.orders_.values() if one.purpose is Purpose.ENTRY]
    assert len(entries) == 4
