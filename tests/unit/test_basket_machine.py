"""Baskets under a broker that does what it likes: never naked, never more exits than positions, flat in the end."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.trading.halts import HaltLevel
from common.trading.orders import Purpose
from tests.unit.basket_case import CONDOR, LOT, OUT, PRICES, SPREAD, basket_desk, mark, signal
from tests.unit.wayward_broker import MOODS, WaywardBroker, calm, flips, live

HEDGE_OF = {"N24400PE": "N24300PE", "N24600CE": "N24700CE"}


def naked(broker: WaywardBroker) -> list[str]:
    """Shorts that are, or could become, more than what is left of their hedges if all for sale is sold."""
    found, net = [], broker.positions()
    for short, hedge in HEDGE_OF.items():
        open_or_coming = -net.get(short, 0) + sum(
            one.left for one in broker.working(short) if one.purpose is Purpose.ENTRY
        )
        for_sale = sum(one.left for one in broker.working(hedge) if one.purpose is Purpose.EXIT)
        if open_or_coming > max(0, net.get(hedge, 0) - for_sale):
            found.append(f"{short}: {open_or_coming} short, {net.get(hedge, 0)} hedged, {for_sale} of it for sale")
    return found


class BasketLife(RuleBasedStateMachine):
    """A spread or a condor from its signal to its end, on a broker that is not to be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = WaywardBroker()
        self.made = basket_desk(self.broker)
        self.broker.now = self.made.session.now

    @initialize(condor=st.booleans())
    def begin(self, condor: bool) -> None:
        self.signal(condor)

    @rule(condor=st.booleans())
    def signal(self, condor: bool) -> None:
        mark(self.made)
        signal(self.made, CONDOR if condor else SPREAD)

    @rule(moods=st.lists(st.sampled_from(MOODS), min_size=1, max_size=4))
    def be_moody(self, moods: list[str]) -> None:
        self.broker.moods = moods

    @rule(shy=st.integers(0, 1), deaf=st.booleans())
    def be_difficult(self, shy: int, deaf: bool) -> None:
        self.broker.shy, self.broker.deaf = shy, deaf

    @precondition(lambda self: self.broker.working())
    @rule(data=st.data(), lots=st.integers(1, 10))
    def execute(self, data: Any, lots: int) -> None:
        truth = data.draw(st.sampled_from(self.broker.working()))
        self.broker.execute(truth, lots * LOT, PRICES[truth.symbol])

    @precondition(lambda self: any(one.cancelling for one in self.broker.working()))
    @rule(data=st.data())
    def end_cancelling(self, data: Any) -> None:
        self.broker.end_cancelling(data.draw(st.sampled_from([o for o in self.broker.working() if o.cancelling])))

    @precondition(lambda self: self.broker.having_second_thoughts())
    @rule(data=st.data())
    def fill_after_cancelling(self, data: Any) -> None:
        truth = data.draw(st.sampled_from(self.broker.having_second_thoughts()))
        self.broker.execute(truth, 10**6, PRICES[truth.symbol])

    @rule(mood=st.sampled_from(MOODS))
    def go_on(self, mood: str) -> None:
        """Entries are filled, stops rest, all of it is told; so it goes with what is asked next."""
        self.broker.moods = [mood]
        for truth in self.broker.working():
            if truth.purpose is Purpose.ENTRY and not truth.cancelling:
                self.broker.execute(truth, 10**6, PRICES[truth.symbol])
        self.broker.deliver(range(len(self.broker.news)))
        self.made.driver.settle()

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

    @rule(short=st.integers(60_00, 145_00))
    def market(self, short: int) -> None:
        mark(self.made, N24400PE=short)

    @rule(level=st.sampled_from(HaltLevel))
    def control(self, level: HaltLevel) -> None:
        self.made.control(level)

    @rule()
    def leave(self) -> None:
        signal(self.made, OUT)

    @invariant()
    def never_naked(self) -> None:
        assert naked(self.broker) == []

    @invariant()
    def never_more_exits_than_positions(self) -> None:
        assert flips(self.broker) == []

    @invariant()
    def one_position(self) -> None:
        account = self.made.account
        assert account.open_positions <= max(1, len(self.made.session.book.baskets))
        assert sum(account.reserved.values()) <= account.limits.capital

    def teardown(self) -> None:
        calm(self.broker)
        self.made.control(HaltLevel.FLATTEN)
        for _ in range(120):
            mark(self.made)
            live(self.made, self.broker)
            for truth in self.broker.working():
                if truth.cancelling:
                    self.broker.end_cancelling(truth)
                elif truth.purpose is Purpose.EXIT:
                    self.broker.execute(truth, 10**6, PRICES[truth.symbol])
                self.never_naked()
                self.never_more_exits_than_positions()
        assert not any(self.broker.positions().values()), f"not flat: {self.broker.positions()}"
        assert not self.broker.working()
        assert not any(slot.quantity or slot.busy for slot in self.made.session.slots.values())
        assert (self.made.session.book.baskets, self.made.account.reserved) == ({}, {})


TestBasketLife = BasketLife.TestCase
TestBasketLife.settings = settings(max_examples=100, stateful_step_count=40)
