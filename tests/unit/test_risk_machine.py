"""Risk over a day of its own making: whatever is entered, filled, lost and released, no limit is ever passed."""

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.trading.limits import Limits
from common.trading.risk import Account
from tests.unit.trading_case import LIMITS, share

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")
LIMITED = st.builds(
    lambda *given: replace(LIMITS, **dict(zip((
        "capital", "max_order_value", "daily_loss", "risk_per_trade", "max_trades", "max_open_positions",
        "losses_to_lock_symbol", "losses_to_lock_class", "margin_percent",
    ), given, strict=True))),
    st.integers(1_000_00, 100_000_00), st.integers(500_00, 60_000_00), st.integers(100_00, 20_000_00),
    st.integers(10_00, 3_000_00), st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5),
    st.sampled_from([20, 100]),
)


class RiskLife(RuleBasedStateMachine):
    """pending: entries allowed and not filled. held: (units, price, stop) by symbol. Money in paise."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: Limits = LIMITS
        self.account = Account(LIMITS)
        self.pending: dict[str, tuple[int, int, int]] = {}
        self.held: dict[str, tuple[int, int, int]] = {}
        self.trades = self.lost_in_a_row = 0
        self.losses = dict.fromkeys(NAMES, 0)
        self.worst = 0

    @initialize(limits=LIMITED)
    def begin(self, limits: Limits) -> None:
        self.limits, self.account = limits, Account(limits)

    @rule(name=st.sampled_from(NAMES), price=st.integers(50_00, 500_00), stop=st.integers(5, 20_00))
    def enter(self, name: str, price: int, stop: int) -> None:
        if name in self.pending or name in self.held:
            return
        instrument = share(name)
        quantity = self.account.size(instrument, price, stop)
        verdict = self.account.check_entry(instrument, price, quantity, stop)
        locked = (
            self.losses[name] >= self.limits.losses_to_lock_symbol
            or self.lost_in_a_row >= self.limits.losses_to_lock_class
        )
        full = (
            self.trades + len(self.pending) >= self.limits.max_trades
            or len(self.held) + len(self.pending) >= self.limits.max_open_positions
        )
        assert not (verdict.allowed and (locked or full)), verdict.code
        if verdict.allowed:
            self.account.reserve(name, self.account.need(price, quantity), quantity * stop)
            self.pending[name] = (quantity, price, stop)

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def fill(self, data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(self.pending)))
        quantity, price, stop = self.pending.pop(name)
        self.account.open(name, 0, 0)
        self.account.bind(name, 0)
        self.held[name] = (quantity, price, stop)
        self.trades += 1

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def give_up(self, data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(self.pending)))
        del self.pending[name]
        self.account.release(name)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), won=st.booleans())
    def close(self, data: Any, won: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.held)))
        quantity, _, stop = self.held.pop(name)
        gross = quantity * stop * (2 if won else -1)
        self.account.open_pnl += gross
        self.account.close(name, name, gross, 0)
        self.account.judge(name, share(name))
        self.account.release(name)
        self.lost_in_a_row = 0 if won else self.lost_in_a_row + 1
        self.losses[name] += not won

    @invariant()
    def within_every_limit(self) -> None:
        account, limits = self.account, self.limits
        everything = [*self.pending.values(), *self.held.values()]
        used = sum(account.need(price, quantity) for quantity, price, _ in everything)
        assert used == sum(account.reserved.values()) <= limits.capital
        assert all(account.need(price, quantity) <= limits.max_order_value for quantity, price, _ in everything)
        assert all(quantity * stop <= limits.risk_per_trade for quantity, _, stop in everything)
        assert len(everything) <= limits.max_open_positions
        assert self.trades + len(self.pending) <= limits.max_trades
        assert account.open_positions == len(self.held)
        assert account.pending() == len(self.pending)

    @invariant()
    def all_stops_together_stay_within_the_days_loss(self) -> None:
        """However many are met at once, no more than the daily loss is lost."""
        at_risk = sum(quantity * stop for quantity, _, stop in [*self.pending.values(), *self.held.values()])
        assert self.account.net - at_risk > -self.limits.daily_loss

    @invariant()
    def loss_is_told_exactly(self) -> None:
        assert (self.account.open_pnl <= self.account.floor) is (self.account.net <= -self.limits.daily_loss)


TestRiskLife = RiskLife.TestCase
TestRiskLife.settings = settings(max_examples=100, stateful_step_count=50)
