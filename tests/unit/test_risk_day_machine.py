"""A day's risk from signal to restart: denials prove themselves, what is bound comes back, exits are never denied."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from common.market.bar import Quote
from common.trading.driver import Driver
from common.trading.halts import HaltLevel
from common.trading.limits import Limits
from common.trading.messages import CommitIntent, Control, Throttled
from common.trading.order_rate import ENTRIES_PAUSE_SECONDS
from common.trading.orders import Purpose, Status, order_fields, order_from_fields
from common.trading.pace import LIVE
from common.trading.restore import restore
from common.trading.risk import Account
from common.trading.session import DAILY_LOSS
from common.trading.strategy import Enter, Exit
from tests.unit.trading_case import LIMITS, PATIENT, SECOND, Desk, Script, desk, flat, open_session, share, together
from tests.unit.wayward_broker import Truth, WaywardBroker, calm, flips, live

NAMES: Final = ("AAA", "BBB", "CCC", "DDD")
FIELDS: Final = (
    "capital", "max_order_value", "daily_loss", "risk_per_trade", "max_trades", "max_open_positions",
    "losses_to_lock_symbol", "losses_to_lock_class", "margin_percent", "orders_per_second",
)
LIMITED: Final = st.builds(
    lambda *given: replace(LIMITS, exits_per_second=10.0, **dict(zip(FIELDS, given, strict=True))),
    st.integers(5_000_00, 100_000_00), st.integers(2_000_00, 60_000_00), st.integers(200_00, 20_000_00),
    st.integers(50_00, 2_000_00), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4),
    st.sampled_from([20, 100]), st.sampled_from([0.2, 10.0]),
)
PROOF: Final[Mapping[str, Callable[[Mapping[str, Any], Limits], bool]]] = {
    "too_small": lambda n, _: n["units"] < n["lot"],
    "symbol_locked": lambda n, to: n["losses"] >= n["limit"] == to.losses_to_lock_symbol,
    "class_locked": lambda n, to: n["losses_in_a_row"] >= n["limit"] == to.losses_to_lock_class,
    "max_trades": lambda n, to: n["trades"] + n["pending"] >= n["limit"] == to.max_trades,
    "max_open_positions": lambda n, to: n["open"] + n["pending"] >= n["limit"] == to.max_open_positions,
    "order_rate": lambda n, to: n["limit"] == to.orders_per_second,
}
"""What the numbers of a denial must show. The limits on money are met by the size itself, never by a denial."""


def standing(account: Account) -> dict[str, Any]:
    """All that a verdict depends on."""
    names = ("trades", "results", "reserved", "at_risk", "gross", "charges", "pending_charges", "open_pnl", "losses",
             "losses_in_a_row", "halted", "floor", "net", "open_positions")
    return {name: getattr(account, name) for name in names}


def verdicts(account: Account) -> list[tuple[str, Mapping[str, float]]]:
    """What entries of three sizes in each symbol would be told."""
    asked = [
        account.check_entry(share(name), 100_00, account.size(share(name), 100_00, stop) or 1, stop)
        for name in NAMES for stop in (5, 1_00, 20_00)
    ]
    return [(one.code, one.numbers) for one in asked]


class RiskDay(RuleBasedStateMachine):
    """bound: (capital, loss at the stop) of each entry that was allowed, by symbol, until nothing of it is left."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = WaywardBroker()
        self.made: Desk
        self.limits: Limits = LIMITS
        self.prices = dict.fromkeys(NAMES, 100_00)
        self.bound: dict[str, tuple[int, int]] = {}
        self.entered: list[int] = []
        self.throttled_until = 0
        self.level = HaltLevel.RUN

    @initialize(limits=LIMITED)
    def begin(self, limits: Limits) -> None:
        self.limits = limits
        self.made = desk(self.broker, symbols=" ".join(NAMES), limits=limits, pace=LIVE, policy=PATIENT)
        self.made.driver.run(together(*(flat(name, 1) for name in NAMES)))
        for name in NAMES:
            self.tick(name, 0)

    @rule(
        name=st.sampled_from(NAMES), side=st.sampled_from([1, -1]), stop=st.sampled_from([5, 50, 2_00, 15_00]),
        part=st.sampled_from([0, 1, 2, 2, 2]),
    )
    def enter(self, name: str, side: int, stop: int, part: int) -> None:
        """A signal; what is sent for it is filled in halves."""
        self.tick(name, 0)
        session, slot, account = self.made.session, self.made.slot(name), self.made.account
        was_busy, room = slot.busy, verdicts(account)
        slot.denials.clear()
        commands = list(session._act(slot, Enter(side, stop, 0.0, "go"), session.now))
        for command in commands:
            if isinstance(command, CommitIntent):
                order, numbers = command.order, command.verdict.numbers
                self.bound[name] = (order.need, order.quantity * stop)
                self.entered.append(session.now)
                assert numbers["need"] == order.need <= self.limits.max_order_value
                assert numbers["risk"] == order.quantity * stop <= self.limits.risk_per_trade
                assert account.open_positions + account.pending() <= self.limits.max_open_positions
                assert account.trades + account.pending() <= self.limits.max_trades
                assert not self._stopped()
            elif not was_busy and hasattr(command, "fields"):
                assert room == verdicts(account), "a denial has bound something"
                self._proven(command.fields["code"], command.fields)
        assert commands or was_busy
        self.made.driver.carry_out(commands)
        self.hear()
        self.fill(name, part)

    def _proven(self, code: str, numbers: Mapping[str, Any]) -> None:
        """A denial is for a reason that exists, and its numbers show it."""
        account = self.made.account
        if code == "halted":
            assert self.level >= HaltLevel.STOP_ENTRIES or account.halted
        elif code == "flattening":
            assert self.made.session.book.flattening
        elif code == "outside_entry_window":
            assert self.made.session.now >= self.made.session.times.entry_cutoff
        elif code == "throttled":
            assert self.made.session.now < self.throttled_until
        else:
            assert PROOF[code](numbers, self.limits), (code, dict(numbers))

    def _stopped(self) -> bool:
        """Whether no entry may be sent at all."""
        halted = self.level >= HaltLevel.STOP_ENTRIES or bool(self.made.account.halted)
        return halted or self.made.session.now < self.throttled_until

    @rule(name=st.sampled_from(NAMES), part=st.sampled_from([1, 2]))
    def fill(self, name: str, part: int) -> None:
        """The entry that works is filled, half or whole."""
        for truth in self._working(name, Purpose.ENTRY):
            if part:
                self.broker.execute(truth, -(-truth.left * part // 2), self.prices[name])
        self.hear()

    @rule(name=st.sampled_from(NAMES))
    def give_up(self, name: str) -> None:
        """An entry is taken back: what it had bound is free again if nothing of it was filled."""
        slot = self.made.slot(name)
        if slot.entry is not None:
            self.leave(name)

    @rule(name=st.sampled_from(NAMES), move=st.sampled_from([-400, -60, -10, 10, 60, 400]))
    def tick(self, name: str, move: int) -> None:
        self.prices[name] = max(20_00, self.prices[name] + 5 * move)
        self.made.driver.take(Quote(self.made.session.now, name, self.prices[name]))
        self.hear()

    @rule(name=st.sampled_from(NAMES))
    def leave(self, name: str) -> None:
        session = self.made.session
        self.made.driver.carry_out(session._act(self.made.slot(name), Exit("enough"), session.now))
        self.hear()

    @rule(name=st.sampled_from(NAMES))
    def get_out(self, name: str) -> None:
        """Whatever works on the way out is filled."""
        for truth in self._working(name, Purpose.EXIT):
            self.broker.execute(truth, 10**6, self.prices[name])
        self.hear()

    @rule(name=st.sampled_from(NAMES), by=st.sampled_from([-400, -60, -20, -5, 60]))
    def go_round(self, name: str, by: int) -> None:
        """The position goes `by` ticks our way, and out it goes."""
        side = self.made.slot(name).trip.side
        if side:
            self.tick(name, side * by)
            self.leave(name)
            self.get_out(name)
            self.wait(4)

    @rule(seconds=st.sampled_from([1, 1, 4, 70]))
    def wait(self, seconds: int) -> None:
        live(self.made, self.broker, seconds)
        self.hear()

    @rule(level=st.sampled_from([*[HaltLevel.RUN] * 6, *HaltLevel]))
    def control(self, level: HaltLevel) -> None:
        self.level = level
        self.made.control(level)
        self.hear()

    @rule(late=st.sampled_from([True, True, True, False]))
    def too_many_requests(self, late: bool) -> None:
        """The broker has had enough; late: the pause is over when anything else happens."""
        self.throttled_until = self.made.session.now + ENTRIES_PAUSE_SECONDS * SECOND
        self.made.driver.take(Throttled(self.made.session.now))
        if late:
            self.made.driver.pass_time(self.throttled_until)
            self.wait(1)
        self.hear()

    @rule()
    def restart(self) -> None:
        """The same verdicts to the letter, from the stored orders, the broker's books and the halts that are stored."""
        old = self.made
        self.wait(4)
        for name in NAMES:
            self.tick(name, 0)
        if self._uncertain():
            return
        before, said = standing(old.account), verdicts(old.account)
        session = open_session(
            [share(name) for name in NAMES], lambda _: Script(), limits=self.limits, pace=LIVE, policy=PATIENT,
        )
        orders = [order_from_fields(order_fields(order)) for order in old.ledger.orders.values()]
        old.ledger.orders = {order.tag: order for order in orders}
        self.made = Desk(session, Driver(session, self.broker, old.ledger), old.ledger)
        self.made.driver.carry_out(restore(session, orders, old.session.now))
        session.book.account.halted = before["halted"]
        session.book.flattening = DAILY_LOSS if before["halted"] == DAILY_LOSS else ""
        assert self.made.driver.reconcile()
        self.made.driver.tell(Control(session.now, self.level, "by hand"))
        self.throttled_until = 0  # the pause is the process's own
        self.entered.clear()
        for name in NAMES:
            self.tick(name, 0)
        assert standing(session.book.account) == before
        assert verdicts(session.book.account) == said

    @invariant()
    def what_is_bound_is_what_was_allowed_and_comes_back_whole(self) -> None:
        """Reserved is, to the paisa, what was allowed and is not over; capital and the day's loss have room for it."""
        if not hasattr(self, "made"):
            return
        account, slots = self.made.account, self.made.session.slots
        self.bound = {name: bound for name, bound in self.bound.items() if slots[name].busy}
        assert account.reserved == {name: need for name, (need, _) in self.bound.items()}
        assert account.at_risk == {name: risk for name, (_, risk) in self.bound.items()}
        assert sum(account.reserved.values()) <= self.limits.capital
        assert account.open_positions == sum(slot.quantity != 0 for slot in slots.values())
        assert account.open_positions <= self.limits.max_open_positions
        assert account.trades <= self.limits.max_trades

    @invariant()
    def exits_are_never_denied(self) -> None:
        """Not one, whatever the halts, locks and losses; and never for more than there is."""
        if not hasattr(self, "made"):
            return
        ledger = self.made.ledger
        said = {ledger.verdicts[tag].code for tag, one in ledger.orders.items() if one.purpose is Purpose.EXIT}
        assert said <= {"exit"}
        assert flips(self.broker) == []

    @invariant()
    def entries_keep_to_their_lane(self) -> None:
        """In any ten seconds no more than the window holds and ten seconds give."""
        rate = self.limits.orders_per_second
        for first in self.entered:
            most = max(1.0, rate * LIVE.window_seconds) + rate * 10
            assert sum(first <= at <= first + 10 * SECOND for at in self.entered) <= most

    def hear(self) -> None:
        """All news arrives at once, and what is being cancelled is cancelled: the broker is a good one here."""
        for _ in range(5):
            self.broker.deliver(range(len(self.broker.news)))
            self.broker.forget_news()
            self.made.driver.settle()
            for truth in self.broker.working():
                if truth.cancelling:
                    self.broker.end_cancelling(truth)

    def _working(self, name: str, purpose: Purpose) -> list[Truth]:
        return [one for one in self.broker.working(name) if one.purpose is purpose and not one.cancelling]

    def _uncertain(self) -> bool:
        """While an order is looked up, a restart may know it sooner."""
        book = self.made.session.book
        sent = any(one.status in (Status.SENT, Status.INTENDED) for one in book.orders.values())
        return bool(book.doubts) or sent or bool(self.broker.news)

    def teardown(self) -> None:
        """Everything gets out, whatever has been lost, locked or halted meanwhile."""
        if not hasattr(self, "made"):
            return
        calm(self.broker)
        self.control(HaltLevel.FLATTEN)
        for _ in range(30):
            self.wait(1)
            for name in NAMES:
                self.tick(name, 0)
                self.get_out(name)
        assert self.broker.positions() == dict.fromkeys(self.broker.positions(), 0)
        self.what_is_bound_is_what_was_allowed_and_comes_back_whole()
        assert self.made.account.reserved == {}


TestRiskDay = RiskDay.TestCase
TestRiskDay.settings = settings(max_examples=40, stateful_step_count=40)


