"""Charges over a day: whatever is bought, sold and taken back, every paisa of cost is counted once."""

from datetime import date
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.trading.charges import SEGMENTS, ChargeRates, order_charges, rates_on
from common.trading.risk import Account
from common.trading.trades import RoundTrip
from tests.unit.test_charges import DATES
from tests.unit.trading_case import LIMITS, share

NAMES: Final = ("AAA", "BBB")
RATES: Final = st.builds(rates_on, st.sampled_from(DATES), st.sampled_from(SEGMENTS))


class ChargesLife(RuleBasedStateMachine):
    """fills: (order, side, price, quantity) of each open round trip. gross, paid: of those that have ended, paise."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account(LIMITS)
        self.rates = rates_on(date(2026, 4, 1), "intraday")
        self.trips = {name: RoundTrip() for name in NAMES}
        self.fills: dict[str, list[tuple[str, int, int, int]]] = {name: [] for name in NAMES}
        self.gross = self.paid = self.orders = 0

    @initialize(rates=RATES)
    def begin(self, rates: ChargeRates) -> None:
        self.rates = rates

    def _turnover(self, name: str, side: int) -> int:
        return sum(price * quantity for _, way, price, quantity in self.fills[name] if way == side)

    def _units(self, name: str) -> int:
        return sum(side * quantity for _, side, _, quantity in self.fills[name])

    def _cost(self, name: str) -> int:
        """Each side by itself, the cap on brokerage once an order, however many fills it had."""
        return sum(
            order_charges(self.rates, side, self._turnover(name, side), len(orders)).total
            for side in (1, -1)
            if (orders := {tag for tag, way, _, _ in self.fills[name] if way == side})
        )

    def _fill(self, name: str, side: int, price: int, quantity: int, again: bool) -> None:
        """again: a further part of the order before it."""
        before = self._cost(name)
        self.orders += not again
        tag = f"{side}-{self.orders}"
        self.trips[name].add(tag, side, price, quantity, self.orders)
        self.fills[name].append((tag, side, price, quantity))
        self.account.open(name, 0, 0)
        assert self._cost(name) >= before, "a fill has made the trip cheaper"

    @rule(
        name=st.sampled_from(NAMES), side=st.sampled_from([1, -1]), price=st.integers(5, 50_000_00),
        quantity=st.integers(1, 2_000), again=st.booleans(),
    )
    def open_more(self, name: str, side: int, price: int, quantity: int, again: bool) -> None:
        """The first fill chooses the side; more of it later."""
        way = self.trips[name].side or side
        self._fill(name, way, price, quantity, again)
        self.account.bind(name, self.trips[name].closing_charges(self.rates))

    @precondition(lambda self: any(map(self._units, NAMES)))
    @rule(data=st.data(), price=st.integers(5, 50_000_00), whole=st.booleans(), again=st.booleans())
    def close(self, data: Any, price: int, whole: bool, again: bool) -> None:
        name = data.draw(st.sampled_from([name for name in NAMES if self._units(name)]))
        units = self._units(name)
        quantity = abs(units) if whole else data.draw(st.integers(1, abs(units)))
        self._fill(name, -1 if units > 0 else 1, price, quantity, again)
        trip = self.trips[name]
        if self._units(name):
            self.account.bind(name, trip.closing_charges(self.rates))
            return
        gross = self._turnover(name, -1) - self._turnover(name, 1)
        assert trip.sell_turnover - trip.buy_turnover == gross == trip.pnl(1) == trip.pnl(10**6)
        total = trip.charges(self.rates).total
        assert total == self._cost(name)
        self.account.open_pnl += gross
        self.account.close(name, name, gross, total)
        self.account.judge(name, share(name))
        self.gross, self.paid = self.gross + gross, self.paid + total
        trip.clear()
        self.fills[name].clear()

    @precondition(lambda self: any(len(self.fills[name]) > 1 and self._units(name) for name in NAMES))
    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        """Part of a fill on the way out was not ours after all; its order stays counted."""
        name = data.draw(st.sampled_from([n for n in NAMES if len(self.fills[n]) > 1 and self._units(n)]))
        tag, side, price, quantity = self.fills[name][-1]
        part = data.draw(st.integers(0, quantity - 1))
        self.trips[name].remove(side, price, part)
        self.fills[name][-1] = (tag, side, price, quantity - part)
        self.account.bind(name, self.trips[name].closing_charges(self.rates))

    @invariant()
    def every_paisa_once(self) -> None:
        """Net is what was earned, less what was paid, less what closing the rest will have cost."""
        account, coming = self.account, 0
        for name, trip in self.trips.items():
            assert trip.charges(self.rates).total == self._cost(name)
            assert trip.pnl(100) == sum(-s * q * (p - 100) for _, s, p, q in self.fills[name])
            if trip.side:
                larger = max(self._turnover(name, 1), self._turnover(name, -1))
                coming += sum(order_charges(self.rates, side, larger).total for side in (1, -1))
        assert (account.gross, account.charges, account.pending_charges) == (self.gross, self.paid, coming)
        assert account.net == self.gross - self.paid - coming
        assert account.floor == coming + self.paid - self.gross - LIMITS.daily_loss


TestChargesLife = ChargesLife.TestCase
TestChargesLife.settings = settings(max_examples=60, stateful_step_count=30)
