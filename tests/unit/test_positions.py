"""Positions and P&L: whatever fills come in whatever parts, the books are those of the fills, to the paisa."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from common.trading.charges import round_trip
from common.trading.limits import Limits
from common.trading.messages import CancelOrder, Command, CommitIntent, ModifyOrder
from common.trading.orders import Fill, Kind, Order, OrderUpdate, Purpose, Status
from common.trading.session import Session
from common.trading.strategy import Enter
from tests.unit.session_invariants import trade_breaches
from tests.unit.trading_case import LIMITS, RATES, SHORT, Script, bars, flat, minute, open_session, share
from tests.unit.wire_case import Wire, entered, fill, protected

PRICES = st.integers(1_900, 2_100).map(lambda n: 5 * n)
STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "fill", "fill", "fill", "mark", "end", "refuse"]), st.integers(1, 600), PRICES),
    max_size=60,
)
ROOMY = Limits(10**12, 10**12, 1_000_00, 10**6, 10, 10**12)


class Life:
    """A session of one share whose broker fills what it likes, when it likes; `held`, `cash` are kept beside it."""

    def __init__(self) -> None:
        self.script = Script()
        self.session: Session = open_session([share()], lambda _: self.script, limits=ROOMY)
        self.slot = self.session.slots["AAA"]
        self.minute = self.held = self.cash = self.serial = 0
        self.session.handle(flat("AAA", 1)[0])

    @property
    def working(self) -> list[Order]:
        return [order for order in self.session.book.orders.values() if order.working]

    def bar(self, price: int, side: int = 0) -> None:
        self.minute += 1
        self.script.signals = {self.minute: Enter(side, 100, 0.0, "go")} if side else {}
        self.obey(self.session.handle(bars("AAA", (price, price, price, price), start=self.minute)[0]))

    def obey(self, commands: Sequence[Command]) -> None:
        """The broker accepts everything at once."""
        for command in commands:
            if isinstance(command, CommitIntent):
                status = Status.TRIGGER_PENDING if command.order.kind is Kind.SL else Status.OPEN
                self.tell(command.order, status)
            elif isinstance(command, ModifyOrder):
                order = command.order
                order.kind, order.quantity, order.price = command.kind, command.quantity, command.price
                order.modifications += 1
            elif isinstance(command, CancelOrder) and command.order.working:
                self.tell(command.order, Status.CANCELLED)

    def tell(self, order: Order, status: Status, *fills: Fill) -> None:
        self.obey(self.session.handle(OrderUpdate(order.tag, status, minute(self.minute), fills)))

    def fill(self, quantity: int, price: int) -> None:
        """The oldest or the newest working order trades, in part or whole."""
        order = self.working[-1 if price % 2 else 0]
        quantity = min(quantity, order.quantity - order.filled)
        self.serial += 1
        self.held += order.side * quantity
        self.cash -= order.side * quantity * price
        whole = order.filled + quantity == order.quantity
        told = Fill(f"x{self.serial}", minute(self.minute), price, quantity)
        self.tell(order, Status.COMPLETE if whole else Status.OPEN, told)

    def step(self, what: str, quantity: int, price: int) -> None:
        if what == "enter":
            self.bar(price, 1 if quantity % 2 else -1)
        elif what == "mark":
            self.bar(price)
        elif self.working and what == "fill":
            self.fill(quantity, price)
        elif self.working and what == "end":
            self.tell(self.working[-1], Status.CANCELLED)
        elif self.working and what == "refuse" and not self.working[-1].filled:
            self.tell(self.working[-1], Status.REJECTED)

    def check(self) -> None:
        account, slot, trades = self.session.book.account, self.slot, self.session.book.trades
        assert slot.quantity == self.held
        charges = sum(trade.charges.total for trade in trades)
        assert account.net == self.cash + self.held * slot.mark - charges - account.pending_charges
        assert account.open_positions == (1 if self.held else 0)
        if not self.held:
            assert (account.open_pnl, account.pending_charges) == (0, 0)
            assert sum(trade.gross for trade in trades) == account.gross == self.cash
        exits = [o for o in self.working if o.purpose is Purpose.EXIT]
        assert len(exits) <= 1, f"two exits work: {exits}"
        if self.held and exits:
            assert exits[0].side * self.held < 0
            assert exits[0].quantity - exits[0].filled == abs(self.held), f"{exits[0]!r} for a position of {self.held}"
        elif not self.held:
            assert not exits, f"flat, and {exits} still work"


@given(STEPS)
def test_any_fills_keep_the_books(steps: list[tuple[str, int, int]]) -> None:
    """Entries, partial fills, cancels and refusals in any order: position, P&L and the one exit follow the fills."""
    life = Life()
    for what, quantity, price in steps:
        life.step(what, quantity, price)
        life.check()
    for _ in range(30):
        if not life.held:
            break
        life.bar(100_00)
        life.session.slots["AAA"].leaving = life.session.slots["AAA"].leaving or "end"
        while life.working:
            life.fill(10**6, 100_00)
            life.check()
    assert not life.held
    found = trade_breaches(life.session, list(life.session.book.orders.values()), life.session.book.trades)
    assert not found, found


def test_a_short_earns_when_it_falls() -> None:
    """Sold at 100, bought back at 98: gross is the difference, charges are of both ways, the trade says so."""
    wire = Wire()
    made, entry, stop = protected(wire, SHORT)
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 98_00, ts=minute(3)))
    made.driver.settle()
    (trade,) = made.ledger.trades
    quantity = entry.quantity
    assert (trade.side, trade.quantity, trade.gross) == (-1, quantity, 200 * quantity)
    assert (trade.entry_price, trade.exit_price) == (100_00, 98_00)
    assert trade.charges == round_trip(RATES, 98_00 * quantity, 100_00 * quantity)
    assert made.account.net == trade.net == trade.gross - trade.charges.total


def test_several_orders_a_round_trip_are_charged_each() -> None:
    """Stop filled in part, cancelled, replaced: two orders sold, and the brokerage cap counts for each."""
    wire = Wire()
    made, entry, stop = protected(wire)
    wire.say(stop, Status.CANCELLED, fill(stop, 98, 99_00))
    made.driver.settle()
    second = made.order(3)
    wire.say(second, Status.COMPLETE, fill(second, entry.quantity - 98, 98_50))
    made.driver.settle()
    (trade,) = made.ledger.trades
    sold = 98 * 99_00 + (entry.quantity - 98) * 98_50
    assert trade.charges == round_trip(RATES, entry.quantity * 100_00, sold, 1, 2)
    assert trade.gross == sold - entry.quantity * 100_00


def test_a_late_fill_after_the_stop_closed_the_position() -> None:
    """The cancel raced with the fill: the new part is protected, reserved for, and a round trip of its own."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.COMPLETE, fill(stop, 40, 99_00))
    made.driver.settle()
    assert wire.calls[-1] == ("cancel", entry.tag)
    wire.say(entry, Status.CANCELLED, fill(entry, 60, 100_00, id="late"))
    made.driver.settle()
    account = made.account
    assert (made.slot().quantity, account.open_positions, made.order(3).quantity) == (60, 1, 60)
    assert account.reserved.get("AAA", 0) >= 60 * 100_00, "a position is open and nothing is reserved for it"
    last = made.order(3)
    wire.say(last, Status.COMPLETE, fill(last, 60, 99_50))
    made.driver.settle()
    assert [trade.quantity for trade in made.ledger.trades] == [40, 60]
    assert (account.open_pnl, account.pending_charges, account.reserved) == (0, 0, {})


def test_an_entry_that_still_works_stays_reserved() -> None:
    """Its first part was stopped out; until the cancel is confirmed the rest may fill, and counts."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.OPEN, fill(entry, 40, 100_00))
    made.driver.settle()
    stop = made.order(2)
    wire.say(stop, Status.COMPLETE, fill(stop, 40, 99_00))
    made.driver.settle()
    assert entry.working
    assert made.account.reserved.get("AAA", 0) >= (entry.quantity - 40) * 100_00
    wire.say(entry, Status.CANCELLED)
    made.driver.settle()
    assert made.account.reserved == {}
    assert not made.slot().busy


def test_a_cancelled_entry_that_filled_after_all() -> None:
    """Settled as never filled, then COMPLETE: protected, counted against the limits, and the trade knows its reason."""
    wire = Wire()
    made, entry = entered(wire)
    wire.say(entry, Status.CANCELLED)
    made.driver.settle()
    assert made.account.reserved == {}
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    stop = made.order(2)
    assert (stop.kind, stop.quantity) == (Kind.SL, entry.quantity)
    assert "AAA" in made.account.reserved, "a position is open and nothing is reserved for it"
    wire.say(stop, Status.COMPLETE, fill(stop, entry.quantity, 99_00))
    made.driver.settle()
    assert [trade.entry_reason for trade in made.ledger.trades] == ["go"]


def test_pending_positions_are_counted_once() -> None:
    """An open position whose reserve was lost must not make room for one too many."""
    wire = Wire()
    tight = replace(LIMITS, max_open_positions=2)
    made, entry = entered(wire, symbols="AAA BBB CCC", limits=tight)
    wire.say(entry, Status.CANCELLED)
    made.driver.settle()
    wire.say(entry, Status.COMPLETE, fill(entry, entry.quantity, 100_00))
    made.driver.settle()
    for symbol in ("BBB", "CCC"):
        made.session.handle(flat(symbol, 1)[0])
        made.driver.carry_out(made.session._act(made.slot(symbol), Enter(1, 100, 0.0, "go"), minute(1)))
    entries = [order for order in made.ledger.orders.values() if order.purpose is Purpose.ENTRY]
    assert len(entries) == 2, "one open and two pending, of at most two positions"


def test_fills_told_twice_count_once() -> None:
    """Every read of the order book tells all fills again."""
    wire = Wire()
    made, entry = entered(wire)
    first = fill(entry, 40, 100_00)
    for _ in range(3):
        wire.say(entry, Status.OPEN, first)
    made.driver.settle()
    wire.say(made.order(2), Status.TRIGGER_PENDING)
    wire.say(entry, Status.OPEN, first, fill(entry, 60, 100_00, id="second"))
    made.driver.settle()
    assert made.slot().quantity == 100
    assert made.order(2).quantity == 100
