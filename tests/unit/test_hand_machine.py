"""A person and a broker who trade beside us: when all is read, exits fit what is ours, and what is theirs is theirs."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from common.market.bar import Quote
from common.trading.halts import HaltLevel
from common.trading.orders import Kind, Purpose
from common.trading.pace import LIVE
from common.trading.strategy import Enter
from tests.unit.trading_case import LIMITS, Desk, desk, flat
from tests.unit.wayward_broker import WaywardBroker, calm, live

FAST = replace(LIMITS, orders_per_second=10.0, exits_per_second=10.0)


class HandLife(RuleBasedStateMachine):
    """The broker is a good one; what others do may be told late, or only by its books."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = WaywardBroker()
        self.made: Desk
        self.price = 100_00

    @initialize(side=st.sampled_from([1, -1]), freeze=st.sampled_from([None, 200]), snapshot=st.booleans(),
                filled=st.integers(0, 600))
    def begin(self, side: int, freeze: int | None, snapshot: bool, filled: int) -> None:
        self.made = desk(self.broker, freeze=freeze, limits=FAST, pace=LIVE)
        self.made.driver.run(flat("AAA", 1))
        self.broker.now = self.made.session.now
        if snapshot:
            self.made.driver.reconcile()
        self.enter(side)
        if filled:
            self.execute(Purpose.ENTRY, filled)

    @rule(side=st.sampled_from([1, -1]))
    def enter(self, side: int) -> None:
        self.made.driver.take(Quote(self.made.session.now, "AAA", self.price))
        signal = Enter(side, 100, 0.0, "go")
        self.made.driver.carry_out(self.made.session._act(self.made.slot(), signal, self.made.session.now))

    @rule(purpose=st.sampled_from(Purpose), quantity=st.integers(1, 600))
    def execute(self, purpose: Purpose, quantity: int) -> None:
        for truth in [one for one in self.broker.working() if one.purpose is purpose][:1]:
            self.broker.execute(truth, quantity, self.price)
        self.tell()

    @rule(side=st.sampled_from([1, -1]), quantity=st.integers(1, 700), told=st.booleans())
    def trade_by_hand(self, side: int, quantity: int, told: bool) -> None:
        self.broker.now = self.made.session.now
        self.broker.trade_of_others("AAA", side, quantity, self.price)
        if told:
            self.tell()
        else:
            self.broker.forget_news()

    @precondition(lambda self: self.broker.positions().get("AAA"))
    @rule(told=st.booleans())
    def broker_squares_off(self, told: bool) -> None:
        for truth in self.broker.working():
            self.broker.end_cancelling(truth)
        net = self.broker.positions()["AAA"]
        self.trade_by_hand(-1 if net > 0 else 1, abs(net), told)

    @rule(seconds=st.integers(1, 12))
    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            live(self.made, self.broker)
            for truth in self.broker.working():
                if truth.cancelling:
                    self.broker.end_cancelling(truth)
            self.tell()

    @rule()
    def all_is_read(self) -> None:
        """Entries have had their time, everything has been read twice: ours and theirs add up, exits fit."""
        for _ in range(5):
            self.wait(4)
            self.made.driver.reconcile()
        slot, net = self.made.slot(), self.broker.positions().get("AAA", 0)
        working = [one for one in self.broker.working() if one.purpose is Purpose.EXIT]
        if slot.leaving:
            return
        assert slot.quantity + slot.foreign == net
        assert sum(one.left for one in working) == abs(slot.quantity)
        assert all(one.side * slot.quantity < 0 for one in working)

    def tell(self) -> None:
        self.broker.deliver(range(len(self.broker.news)))
        self.broker.forget_news()
        self.made.driver.settle()

    def teardown(self) -> None:
        if not hasattr(self, "made"):
            return
        calm(self.broker)
        self.made.control(HaltLevel.FLATTEN)
        for _ in range(60):
            self.made.driver.take(Quote(self.made.session.now, "AAA", self.price))
            self.wait(1)
            for truth in self.broker.working():
                if truth.purpose is Purpose.EXIT and truth.kind is Kind.LIMIT:
                    self.broker.execute(truth, 10**6, self.price)
            self.tell()
            self.made.driver.reconcile()
        slot = self.made.slot()
        assert (slot.quantity, slot.busy, self.broker.working()) == (0, False, [])
        assert self.broker.positions().get("AAA", 0) == slot.foreign
        assert self.made.account.reserved == {}
        assert slot.blocked or not self.broker.others, "others have traded here, and the symbol is free"


TestHandLife = HandLife.TestCase
TestHandLife.settings = settings(max_examples=100, stateful_step_count=25)
