"""One share on a broker that does what it likes: exits never beyond the position, nothing sent twice, flat at last."""

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.market.bar import Quote
from common.trading.halts import HaltLevel
from common.trading.orders import Kind, Purpose, Status
from common.trading.pace import LIVE
from common.trading.session import Session
from common.trading.strategy import Enter
from tests.unit.trading_case import LIMITS, Desk, desk, flat
from tests.unit.wayward_broker import MOODS, Truth, WaywardBroker, calm, flips, live

FAST = replace(LIMITS, orders_per_second=10.0, exits_per_second=10.0)


def limits_kept(session: Session) -> list[str]:
    """What the account says it has bound and done, against its limits."""
    account, limits = session.book.account, session.book.account.limits
    used = sum(account.reserved.values())
    found = [] if used <= limits.capital else [f"{used} paise bound of {limits.capital}"]
    found += [
        f"{symbol} holds {slot.quantity} and binds nothing" for symbol, slot in session.slots.items()
        if slot.quantity and not account.reserved.get(symbol)
    ]
    return found


class PositionLife(RuleBasedStateMachine):
    """Entries of both sides, in slices and at once, whatever the broker makes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = WaywardBroker()
        self.made: Desk
        self.price = 100_00
        self.given_up = False

    @initialize(freeze=st.sampled_from([None, None, 200]), side=st.sampled_from([1, -1]))
    def begin(self, freeze: int | None, side: int) -> None:
        self.made = desk(self.broker, freeze=freeze, limits=FAST, pace=LIVE)
        self.made.driver.run(flat("AAA", 1))
        self.broker.now = self.made.session.now
        self.enter(side, 100, 0)

    @rule(side=st.sampled_from([1, -1]), stop=st.integers(50, 300), trail=st.sampled_from([0, 0, 60]))
    def enter(self, side: int, stop: int, trail: int) -> None:
        signal = Enter(side, stop, 0.0, "go", trail_distance=trail)
        self.tick(0)
        self.made.driver.carry_out(self.made.session._act(self.made.slot(), signal, self.made.session.now))

    @rule(moods=st.lists(st.sampled_from(MOODS), min_size=1, max_size=4))
    def be_moody(self, moods: list[str]) -> None:
        self.broker.moods = moods

    @rule(shy=st.integers(0, 1), deaf=st.booleans())
    def be_difficult(self, shy: int, deaf: bool) -> None:
        self.broker.shy, self.broker.deaf = shy, deaf

    @precondition(lambda self: self.broker.working())
    @rule(data=st.data(), quantity=st.integers(1, 600))
    def execute(self, data: Any, quantity: int) -> None:
        self.broker.execute(data.draw(st.sampled_from(self.broker.working())), quantity, self.price)

    @precondition(lambda self: self.broker.working())
    @rule(mood=st.sampled_from(MOODS))
    def go_on(self, mood: str) -> None:
        """What works is filled, oldest first, and told; so it goes with what is asked next."""
        self.broker.moods = [mood]
        self.broker.execute(self.broker.working()[0], 10**6, self.price)
        self.broker.deliver(range(len(self.broker.news)))
        self.made.driver.settle()

    @precondition(lambda self: any(one.cancelling for one in self.broker.working()))
    @rule(data=st.data())
    def end_cancelling(self, data: Any) -> None:
        self.broker.end_cancelling(data.draw(st.sampled_from([o for o in self.broker.working() if o.cancelling])))

    @precondition(lambda self: self._may_fill_after_all())
    @rule(data=st.data(), quantity=st.integers(1, 600))
    def fill_after_cancelling(self, data: Any, quantity: int) -> None:
        self.broker.execute(data.draw(st.sampled_from(self._may_fill_after_all())), quantity, self.price)

    @precondition(lambda self: any(one.status is Status.TRIGGER_PENDING for one in self.broker.working()))
    @rule(data=st.data())
    def end_a_stop(self, data: Any) -> None:
        """The exchange cancels it."""
        stops = [one for one in self.broker.working() if one.status is Status.TRIGGER_PENDING]
        self.broker.end_cancelling(data.draw(st.sampled_from(stops)))

    @rule(indices=st.lists(st.integers(0, 30), max_size=4))
    def deliver(self, indices: list[int]) -> None:
        self.broker.deliver(indices)
        self.made.driver.settle()

    @rule()
    def lose_news(self) -> None:
        self.broker.forget_news()

    @rule(seconds=st.sampled_from([1, 1, 2, 5, 12, 35]))
    def wait(self, seconds: int) -> None:
        live(self.made, self.broker, seconds)

    @rule(move=st.integers(-60, 60))
    def tick(self, move: int) -> None:
        self.price = max(50_00, self.price + 5 * move)
        self.made.driver.take(Quote(self.made.session.now, "AAA", self.price))

    @rule(level=st.sampled_from(HaltLevel))
    def control(self, level: HaltLevel) -> None:
        self.made.control(level)

    def _may_fill_after_all(self) -> list[Truth]:
        """Exits only: a position that an entry opens late is a position like another."""
        return [one for one in self.broker.having_second_thoughts() if one.purpose is Purpose.EXIT]

    @invariant()
    def never_more_exits_than_positions(self) -> None:
        assert flips(self.broker) == []

    @invariant()
    def within_limits(self) -> None:
        assert limits_kept(self.made.session) == [] if hasattr(self, "made") else True

    def teardown(self) -> None:
        if not hasattr(self, "made"):
            return
        calm(self.broker)
        self.made.control(HaltLevel.RUN)
        self.made.control(HaltLevel.FLATTEN)
        for _ in range(150):
            self.tick(0)
            live(self.made, self.broker)
            for truth in self.broker.working():
                if truth.cancelling:
                    self.broker.end_cancelling(truth)
                elif truth.purpose is Purpose.EXIT and truth.kind is Kind.LIMIT:
                    self.broker.execute(truth, 10**6, self.price)
                self.never_more_exits_than_positions()
        slot = self.made.slot()
        assert not any(self.broker.positions().values()), f"not flat: {self.broker.positions()}, {slot.exits}"
        assert (slot.quantity, slot.busy, self.broker.working()) == (0, False, [])
        assert self.made.account.reserved == {}
        assert self.made.account.open_pnl == self.made.account.pending_charges == 0
        cash = -sum(one.side * f.quantity * f.price for one in self.broker.orders_.values() for f in one.fills)
        assert self.made.account.gross == cash


TestPositionLife = PositionLife.TestCase
TestPositionLife.settings = settings(max_examples=100, stateful_step_count=40)
