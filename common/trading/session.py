"""The trading session of one workload: events in, commands out; it never waits, reads or writes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar, Moment, Quote, bar_of
from common.market.calendar import SessionTimes
from common.trading import accounting, position
from common.trading.basket_entry import enter_basket
from common.trading.baskets import marked
from common.trading.book import Book
from common.trading.charges import ChargeRates
from common.trading.entries import enter
from common.trading.exits import still_open, trail
from common.trading.halts import HaltLevel
from common.trading.messages import (
    HANDLERS,
    ChangeFailed,
    Command,
    Control,
    Event,
    Log,
    OrderBook,
    Positions,
    PriceBand,
    ReadOrders,
    Throttled,
    Timer,
)
from common.trading.orders import OrderUpdate
from common.trading.prices import target_reached
from common.trading.reports import Reports
from common.trading.slot import Slot
from common.trading.strategy import Enter, EnterBasket, Exit, Signal, Strategy

NOTHING: Final[Sequence[Command]] = ()
NEVER: Final = 2**62
DAILY_LOSS: Final = "daily loss reached"


class Session:
    """One asset class over its day. `handle` takes any event; a replay may call `on_bar` itself, it is the same.

    slots: by symbol. The account, the orders and the trades are in `book`. recovered: false from a restart until the
    broker's own books have been read; nothing is sent before.
    """

    def __init__(self, book: Book, slots: Mapping[str, Slot], times: SessionTimes) -> None:
        self.book = book
        self.slots = slots
        self.reports = Reports(book, slots)
        for slot in slots.values():
            slot.universe.baskets = book.baskets
        self.now = 0
        self.recovered = True
        self.squared_off = self._snapshot = False
        self._set_times(times)

    def handle(self, event: Event) -> Sequence[Command]:
        """Take one event; carry out the commands in the order given."""
        handler: Callable[[Event], Sequence[Command]] = getattr(self, HANDLERS[type(event)])
        return handler(event)

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
        ts, last = bar.ts, slot.last
        now = ts + NANOSECONDS_A_MINUTE
        # Where there are quotes, the last of them says more than the bar that was made of them.
        if last is None or last.ts < ts or (last.ts < now and type(last) is not Moment):
            slot.last = bar
        if now < self.now:
            now = self.now
        self.now = now
        commands = NOTHING
        if now >= self._wake or (slot.busy and not self._quiet(slot, bar)):
            commands = self._attend(slot, bar, now)
        strategy = slot.strategy
        if strategy is None:
            return commands
        signal = strategy.on_bar(bar, slot)
        if signal is None:
            return commands
        acted = self._act(slot, signal, now)
        return [*commands, *acted] if commands else acted

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
            accounting.mark(self.book, slot, bar)
            if account.loss_reached(now):
                account.halted, self.book.flattening = DAILY_LOSS, DAILY_LOSS
        if slot.strategy is not None:
            slot.strategy.on_bar(bar, slot)

    def on_quote(self, quote: Quote) -> Sequence[Command]:
        """A tick: the same attention as a bar, without the strategy, which decides on bars. Old news is dropped."""
        slot = self.slots.get(quote.symbol)
        if slot is None or (slot.last is not None and quote.ts < slot.last.ts):
            return NOTHING
        bar = slot.last = bar_of(quote)
        slot.bid_quantity, slot.ask_quantity = quote.bid_quantity, quote.ask_quantity
        now = self._at(quote.ts)
        if slot.busy or now >= self._wake:
            return self._attend(slot, bar, now)
        return NOTHING

    def on_timer(self, timer: Timer) -> Sequence[Command]:
        """Time passed, with or without bars: what waits is looked at again, the broker is asked where it must be."""
        now, commands = self._at(timer.ts), list[Command]()
        if now >= self._wake:
            self._keep_time(now, commands)
        active = [slot for slot in self.slots.values() if slot.busy and not slot.resting]
        if not active and self.recovered and not self.book.doubts.open:
            return commands
        # Whose turn was longest ago comes first, so that one that cannot be closed does not use up another's rate.
        for slot in sorted(active, key=lambda one: one.stepped_at):
            self._look(slot, now, commands)
        if self.book.doubts.read_due(now, active=bool(active), recovered=self.recovered):
            commands.append(ReadOrders())
        return commands

    def on_control(self, control: Control) -> Sequence[Command]:
        """A halt in three levels, or its end. Exits go on whatever the level."""
        now, commands = self._at(control.ts), list[Command]()
        before, self.book.level = self.book.level, control.level
        if control.level is before:
            return NOTHING
        text = f"halt: {control.level.name} ({control.reason})"
        commands.append(Log(now, "WARNING", text, {"level": int(control.level), "reason": control.reason}))
        if control.level >= HaltLevel.CANCEL_ENTRIES:
            for slot in self.slots.values():
                position.take_entry_back(self.book, slot, now, commands)
        if control.level is HaltLevel.FLATTEN:
            self._flatten(control.reason or "flatten", now, commands)
        elif before is HaltLevel.FLATTEN and not self.book.account.halted and not self.squared_off:
            self.book.flattening = ""
        return commands

    def on_change_failed(self, failed: ChangeFailed) -> Sequence[Command]:
        """The order stands as it was, or nobody knows: then the order book is asked."""
        commands: list[Command] = []
        self.reports.change_failed(self.slots[failed.order.symbol], failed, self._at(failed.ts), commands)
        return commands

    def on_throttled(self, throttled: Throttled) -> Sequence[Command]:
        """The account has asked too much: entries pause for minutes, exits for seconds."""
        now = self._at(throttled.ts)
        self.book.rate.throttle(now)
        return [Log(now, "WARNING", "the broker refused for too many requests: entries pause", {})]

    def on_update(self, update: OrderUpdate) -> Sequence[Command]:
        """The broker speaks of an order, ours or another's: count its fills once, then see what the position needs."""
        commands: list[Command] = []
        now = update.ts if self.book.pace.prompt else self._at(update.ts)
        slot = self.reports.update(update, now, commands)
        if slot is not None and self.recovered:
            position.look(self.book, slot, self.times, now, commands)
        return commands

    def on_order_book(self, read: OrderBook) -> Sequence[Command]:
        """The broker's whole truth about orders: everything is brought up to it, and doubts are weighed."""
        now, commands = self.now, list[Command]()
        touched = self.reports.order_book(read, now, commands, first=not self.recovered)
        if not self.recovered:
            self.recovered = True
            touched = [slot for slot in self.slots.values() if slot.busy or slot.quantity or slot.basket]
        for slot in touched:
            self._look(slot, now, commands)
        return commands

    def on_positions(self, read: Positions) -> Sequence[Command]:
        """The broker's net positions: what they hold beyond ours is not ours."""
        first, self._snapshot, commands = not self._snapshot, True, list[Command]()
        for slot in self.reports.positions(read, commands, first=first):
            self._look(slot, self.now, commands)
        return commands

    def on_price_band(self, band: PriceBand) -> Sequence[Command]:
        """The exchange's limits of the day for one symbol."""
        slot = self.slots.get(band.symbol)
        if slot is not None:
            slot.lower, slot.upper = band.lower, band.upper
        return NOTHING

    def _at(self, ts: int) -> int:
        """Time never goes back, whatever the order of the news."""
        if ts > self.now:
            self.now = ts
        return self.now

    def _look(self, slot: Slot, now: int, out: list[Command], *, price_only: bool = False) -> None:
        if self.recovered:
            position.look(self.book, slot, self.times, now, out, price_only=price_only)

    def _act(self, slot: Slot, signal: Signal, now: int) -> Sequence[Command]:
        if not self.recovered:
            return NOTHING
        commands: list[Command] = []
        if isinstance(signal, (Enter, Exit)):
            target = slot if signal.symbol is None else self.slots.get(signal.symbol)
            if target is None:
                text = f"{slot.strategy_name} wants {signal.symbol}, which is not in its universe"
                return [Log(now, "ERROR", text, {"symbol": signal.symbol})]
            if isinstance(signal, Enter):
                return enter(self.book, target, signal, self.times, slot.strategy_name, now)
            position.close(self.book, target, signal.reason, now, commands)
        elif isinstance(signal, EnterBasket):
            return enter_basket(self.book, self.slots, slot, signal, self.times, now)
        elif signal.name in self.book.baskets:
            position.close(self.book, self.book.baskets[signal.name].legs[0].slot, signal.reason, now, commands)
        return commands

    def _quiet(self, slot: Slot, bar: Bar) -> bool:
        """Marks a position whose stop rests and that wants nothing else, the common case of a bar; else False."""
        if not slot.resting or slot.target_price:
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
        book, out = self.book, list[Command]()
        if now >= self._wake:
            self._keep_time(now, out)
        if slot.quantity:
            mark = accounting.mark(book, slot, bar)
            if not slot.leaving and self.recovered:
                if slot.basket is not None:
                    marked(book, slot.basket, now, out)
                elif slot.target_price and target_reached(slot, mark):
                    position.close(book, slot, "target", now, out)
                elif slot.trail:
                    trail(book, slot, mark, now, out)
            if book.account.loss_reached(now) and not book.account.halted:
                self._stop_for_loss(now, out)
        if slot.busy and not slot.resting:
            self._look(slot, now, out, price_only=True)
        return out

    def _set_times(self, times: SessionTimes) -> None:
        self.times = times
        self._wake = min(times.square_off, times.close)

    def _keep_time(self, now: int, out: list[Command]) -> None:
        times = self.times
        if now >= times.square_off and not self.squared_off:
            self.squared_off = True
            self._flatten("square-off", now, out)
        if now >= times.flat_by:
            for slot in self.slots.values():
                if slot.quantity:
                    self.book.alarm(slot, "late", "still open when everything should be flat", now, out)
        if now >= times.close:
            out += [still_open(slot, now) for slot in self.slots.values() if slot.quantity]
        self._wake = min((at for at in (times.flat_by, times.close) if at > now), default=NEVER)

    def _stop_for_loss(self, now: int, out: list[Command]) -> None:
        self.book.account.halted = DAILY_LOSS
        out.append(Log(now, "WARNING", f"entries stopped: {DAILY_LOSS}", {"reason": DAILY_LOSS, "flatten": True}))
        self._flatten(DAILY_LOSS, now, out)

    def _flatten(self, reason: str, now: int, out: list[Command]) -> None:
        self.book.flattening = reason
        for slot in self.slots.values():
            if slot.busy and self.recovered:
                position.close(self.book, slot, reason, now, out)

