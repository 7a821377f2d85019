"""The trading session of one workload: events in, commands out; it never waits, reads or writes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Quote, bar_of
from common.market.calendar import SessionTimes
from common.trading.book import Book
from common.trading.charges import ChargeRates
from common.trading.entries import enter
from common.trading.exits import cancel, leave, step_out, still_open, tend
from common.trading.messages import (
    ChangeRefused,
    Command,
    Event,
    Halt,
    Log,
    PublishTrade,
    Timer,
)
from common.trading.orders import Fill, Kind, Order, OrderUpdate, Purpose, Status
from common.trading.prices import target_reached
from common.trading.slot import Slot
from common.trading.strategy import Enter, Signal, Strategy
from common.trading.trades import Trade

NOTHING: Final[Sequence[Command]] = ()
NEVER: Final = 2**62
_PENDING: Final = Status.TRIGGER_PENDING
DAILY_LOSS: Final = "daily loss reached"


class Session:
    """One asset class over its day. `handle` takes any event; a replay may call `on_bar` itself, it is the same.

    slots: by symbol. The account, the orders and the trades are in `book`.
    """

    def __init__(self, book: Book, slots: Mapping[str, Slot], times: SessionTimes) -> None:
        self.book = book
        self.slots = slots
        self._handlers: dict[type, Callable[[Any], Sequence[Command]]] = {
            Bar: self.on_bar, Quote: self.on_quote, OrderUpdate: self.on_update, Timer: self.on_timer,
            Halt: self.on_halt, ChangeRefused: self.on_refusal,
        }
        self.now = 0
        self.squared_off = False
        self._set_times(times)

    def handle(self, event: Event) -> Sequence[Command]:
        """Take one event; carry out the commands in the order given."""
        return self._handlers[type(event)](event)

    def open_day(self, day: date, times: SessionTimes, rates: ChargeRates) -> None:
        """Begin another date with the same slots; what is open is carried."""
        self.book.open_day(day, rates)
        self.squared_off = False
        self._set_times(times)
        for strategy in self.strategies():
            strategy.start_day()

    def strategies(self) -> list[Strategy]:
        """Each instance once."""
        return list({id(s.strategy): s.strategy for s in self.slots.values() if s.strategy is not None}.values())

    def on_bar(self, bar: Bar) -> Sequence[Command]:
        """A bar has ended: mark, protect, then ask the strategy."""
        try:
            slot = self.slots[bar.symbol]
        except KeyError:
            return NOTHING
        slot.last = bar
        now = self.now = bar.ts + NANOSECONDS_A_MINUTE
        commands = NOTHING
        if now >= self._wake or (slot.busy and not self._quiet(slot, bar)):
            commands = self._attend(slot, bar, now)
        strategy = slot.strategy
        if strategy is None:
            return commands
        signal = strategy.on_bar(bar, slot)
        if signal is None:
            return commands
        return [*commands, *self._act(slot, signal, now)]

    def warm(self, bar: Bar) -> None:
        """A bar from before a restart: prices and indicators take it, nothing is sent.

        After the last fill (`now`, as restored) it also marks what is open, so that a loss that was being confirmed is.
        """
        slot = self.slots.get(bar.symbol)
        if slot is None:
            return
        slot.last = bar
        now = bar.ts + NANOSECONDS_A_MINUTE
        account = self.book.account
        if slot.quantity and now >= self.now:
            self._mark(slot, bar)
            if account.loss_reached(now):
                account.halted, self.book.flattening = DAILY_LOSS, DAILY_LOSS
        if slot.strategy is not None:
            slot.strategy.on_bar(bar, slot)

    def on_quote(self, quote: Quote) -> Sequence[Command]:
        """A tick: the same attention as a bar, without the strategy, which decides on bars."""
        slot = self.slots.get(quote.symbol)
        if slot is None:
            return NOTHING
        bar = slot.last = bar_of(quote)
        self.now = quote.ts
        if slot.busy or quote.ts >= self._wake:
            return self._attend(slot, bar, quote.ts)
        return NOTHING

    def on_timer(self, timer: Timer) -> Sequence[Command]:
        """Time passed, with or without bars: entries that are too old or too late are taken back."""
        now = self.now = timer.ts
        commands: list[Command] = []
        if now >= self._wake:
            self._keep_time(now, commands)
        for slot in self.slots.values():
            if slot.entry is not None and (self._too_old(slot.entry, now) or now >= self.times.entry_cutoff):
                cancel(slot.entry, commands)
            if slot.alert:
                tend(self.book, slot, now, commands)
        return commands

    def _too_old(self, entry: Order, now: int) -> bool:
        return now - entry.created >= self._entry_timeout

    def on_halt(self, halt: Halt) -> Sequence[Command]:
        """No more entries today; with `flatten` also out of everything."""
        self._halt(halt.reason, halt.ts, commands := list[Command](), flatten=halt.flatten)
        return commands

    def on_refusal(self, refusal: ChangeRefused) -> Sequence[Command]:
        """The order stands as it was; the next bar looks again at what it should be."""
        order = refusal.order
        order.cancelling = False
        self.slots[order.symbol].alert = True
        fields = {"tag": order.tag, "symbol": order.symbol, "reason": refusal.reason}
        return [Log(refusal.ts, "WARNING", f"change of {order.tag} refused: {refusal.reason}", fields)]

    def on_update(self, update: OrderUpdate) -> Sequence[Command]:
        """The broker speaks of an order: count its fills once, then see what the position needs."""
        order = self.book.orders.get(update.tag)
        if order is None:
            return [Log(update.ts, "WARNING", f"update of an unknown order {update.tag}", {"tag": update.tag})]
        if update.broker_id:
            order.broker_id = update.broker_id
        if not update.fills and not update.status.terminal:
            order.move(update.status)
            return NOTHING
        slot = self.slots[order.symbol]
        commands: list[Command] = []
        filled = False
        for fill in update.fills:
            if order.add_fill(fill):
                self.count(slot, order, fill, commands)
                filled = True
        if order.move(update.status) and update.status in (Status.REJECTED, Status.NOT_PLACED):
            fields = {"tag": order.tag, "symbol": order.symbol, "reason": update.reason}
            commands.append(Log(update.ts, "WARNING", f"{order.tag} {update.status}: {update.reason}", fields))
            if order.purpose is Purpose.ENTRY:
                slot.refusals += 1
        if filled and slot.quantity:
            self.book.account.bind(slot.symbol, slot.trip.closing_charges(self.book.rates))
        if order.status.terminal and self._gone(slot, order):
            slot.alert = True
            return commands
        tend(self.book, slot, update.ts, commands)
        return commands

    def _gone(self, slot: Slot, order: Order) -> bool:
        """Forget an order that ended; True where the position has to wait for the next look at the market."""
        if slot.entry is order:
            slot.entry = None
        if slot.exit is not order:
            return False
        slot.exit = None
        if slot.quantity:
            slot.leaving = slot.leaving or f"stop {order.status.lower()}"
        # A refused way out would be refused again if it were sent again at once.
        return bool(slot.quantity) and order.kind is Kind.LIMIT and order.status is Status.REJECTED

    def _act(self, slot: Slot, signal: Signal, now: int) -> Sequence[Command]:
        target = slot if signal.symbol is None else self.slots.get(signal.symbol)
        if target is None:
            text = f"{slot.strategy_name} wants {signal.symbol}, which is not in its universe"
            return [Log(now, "ERROR", text, {"symbol": signal.symbol})]
        if isinstance(signal, Enter):
            return enter(self.book, target, signal, self.times, slot.strategy_name, now)
        commands: list[Command] = []
        leave(self.book, target, signal.reason, now, commands)
        return commands

    def _quiet(self, slot: Slot, bar: Bar) -> bool:
        """Marks a position whose stop rests and that wants nothing else, the common case of a bar; else False."""
        order = slot.exit
        if order is None or order.status is not _PENDING or slot.leaving or slot.target_price:
            return False
        if slot.entry is not None or slot.alert:
            return False
        quantity, account = slot.quantity, self.book.account
        mark = (bar.bid if quantity > 0 else bar.ask) or bar.close
        pnl = account.open_pnl + quantity * (mark - slot.mark)
        if pnl <= account.floor or account.warned_at:
            return False
        account.open_pnl = pnl
        slot.mark = mark
        return True

    def _attend(self, slot: Slot, bar: Bar, now: int) -> list[Command]:
        out: list[Command] = []
        stepping = bool(slot.leaving)
        if now >= self._wake:
            self._keep_time(now, out)
        if slot.alert:
            tend(self.book, slot, now, out)
        if slot.quantity and stepping:
            step_out(self.book, slot, now, out)
        if slot.quantity:
            mark = self._mark(slot, bar)
            if slot.exit is not None and slot.exit.status is Status.OPEN and not slot.leaving:
                slot.leaving = slot.exit.reason
                step_out(self.book, slot, now, out)
            elif slot.target_price and target_reached(slot, mark):
                leave(self.book, slot, "target", now, out)
            if self.book.account.loss_reached(now) and not self.book.account.halted:
                self._halt(DAILY_LOSS, now, out, flatten=True)
        if slot.entry is not None and self._too_old(slot.entry, now):
            cancel(slot.entry, out)
        return out

    def _mark(self, slot: Slot, bar: Bar) -> int:
        quantity = slot.quantity
        mark = (bar.bid if quantity > 0 else bar.ask) or bar.close
        self.book.account.open_pnl += quantity * (mark - slot.mark)
        slot.mark = mark
        return mark

    def count(self, slot: Slot, order: Order, fill: Fill, out: list[Command]) -> None:
        """One new fill: position, open P&L, and the trade when it closes."""
        account, side = self.book.account, order.side
        before = slot.quantity
        if before:
            account.open_pnl += before * (fill.price - slot.mark)
        else:
            account.open(slot.symbol, order.price, order.quantity, order.stop_distance)
            slot.busy = True
        if order.purpose is Purpose.ENTRY:
            slot.entry_order = order
        slot.mark = fill.price
        slot.quantity = before + side * fill.quantity
        slot.trip.add(order.tag, side, fill.price, fill.quantity, fill.ts)
        if slot.quantity == 0:
            self._close(slot, order, fill, out)

    def _close(self, slot: Slot, order: Order, fill: Fill, out: list[Command]) -> None:
        trip, account, entry = slot.trip, self.book.account, slot.entry_order
        gross = trip.sell_turnover - trip.buy_turnover
        charges = trip.charges(self.book.rates)
        account.close(slot.instrument, gross, charges.total)
        long = trip.side > 0
        bought, sold = trip.buy_turnover / trip.buys, trip.sell_turnover / trip.sells
        trade = Trade(
            order.sequence, order.strategy, slot.symbol, trip.side, trip.buys, trip.entry_ts,
            bought if long else sold, entry.reason if entry is not None else "", fill.ts, sold if long else bought,
            order.reason, slot.stop_price, slot.target_price, gross, charges,
            (entry.numbers if entry is not None else None) or {},
        )
        trip.clear()
        self.book.trades.append(trade)
        out.append(PublishTrade(trade))

    def _set_times(self, times: SessionTimes) -> None:
        self.times = times
        self._entry_timeout = self.book.policy.entry_timeout_seconds * 1_000_000_000
        self._wake = min(times.square_off, times.close)

    def _keep_time(self, now: int, out: list[Command]) -> None:
        times = self.times
        if now >= times.square_off and not self.squared_off:
            self.squared_off = True
            self._flatten("square-off", now, out)
        if now >= times.close:
            out += [still_open(slot, now) for slot in self.slots.values() if slot.quantity]
        self._wake = times.close if now < times.close else NEVER

    def _halt(self, reason: str, now: int, out: list[Command], *, flatten: bool) -> None:
        self.book.account.halted = reason
        out.append(Log(now, "WARNING", f"entries stopped: {reason}", {"reason": reason, "flatten": flatten}))
        if flatten:
            self._flatten(reason, now, out)

    def _flatten(self, reason: str, now: int, out: list[Command]) -> None:
        self.book.flattening = reason
        for slot in self.slots.values():
            if slot.busy:
                leave(self.book, slot, reason, now, out)
