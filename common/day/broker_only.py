"""Flattening without the store: the broker's books are the only truth, existing exits are used before any new one."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from common.day.trade_ports import TradePorts, nanoseconds, stopwatch
from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Quote
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.market.instruments import DumpError
from common.market.money import Paise
from common.ports import Broker, Logs
from common.trading.book import order_tag, purpose_of, tag_prefix
from common.trading.errors import BrokerUnavailable, OrderRejected, OrderThrottled, OrderUnknown
from common.trading.exit_policy import EXIT_POLICIES
from common.trading.order_rate import OrderRate
from common.trading.orders import Kind, Order, OrderTag, OrderUpdate, Purpose

FIRST_SEQUENCE: Final = 90_001
"""Of the exits sent here: no workload counts so far, so a tag is never used twice."""
STEP_AFTER: Final = 2 * NANOSECONDS_A_SECOND
ASK_AGAIN_AFTER: Final = 10 * NANOSECONDS_A_SECOND
ORDERS_PER_SECOND: Final = 1.0
"""The supervisor's share of the account's order rate, and as much of the exits': the workload itself sends nothing."""
RATE_WINDOW_SECONDS: Final = 2.0
MAX_RECORDS: Final = 50
LIMIT_SECONDS: Final = 240.0
INSTRUMENT_WAITS: Final = (2.0, 5.0, 0.0)
"""Seconds after each try to get the day's instruments."""


def flatten_by_broker(
    day: date, asset_class: AssetClass, ports: TradePorts, *, limit_seconds: float = LIMIT_SECONDS,
    each_second: Callable[[], None] = lambda: None,
) -> str:
    """Cancel the entries and close the positions that carry our tags of `day`; returns what was done, for people.

    Never more than the broker's own net position is closed, and never a second exit sent beside one whose outcome is
    unclear. On recorded sessions it is the minute after the last that was traded.
    """
    instruments = _instruments(day, asset_class, ports)
    broker, resume = ports.open_broker(day, asset_class, list(instruments.values()))
    recorded = ports.replay and resume.ts
    elapsed = stopwatch(ports.clock, resume.ts + NANOSECONDS_A_MINUTE if recorded else nanoseconds(ports.clock))
    until = ports.clock.monotonic() + limit_seconds
    try:
        closer = _Closer(day, asset_class, broker, instruments, ports.pace.patience_seconds, ports.logs)
        closer.say("CRITICAL", f"{asset_class.value}: without the store, by the broker's books alone")
        while not closer.look(elapsed(), ports.market.quotes) and ports.clock.monotonic() < until:
            ports.clock.sleep(1.0)
            each_second()
        closer.say("WARNING" if closer.done else "CRITICAL", f"{asset_class.value}: {closer.outcome()}")
        return closer.outcome()
    finally:
        broker.close()


def _instruments(day: date, asset_class: AssetClass, ports: TradePorts) -> dict[str, Instrument]:
    """By symbol; none where they cannot be had: entries are cancelled even so, and the stops stay."""
    for wait in INSTRUMENT_WAITS:
        try:
            return {one.symbol: one for one in ports.market.instruments(day)}
        except (BrokerUnavailable, DumpError) as failure:
            told = ports.logs.about(date=day.isoformat(), asset_class=asset_class.value)
            told.write("ERROR", f"the day's instruments cannot be had: {failure}", {"category": "broker only"})
            ports.clock.sleep(wait)
    return {}


@dataclass(slots=True)
class _Holding:
    """One symbol, as one read of the broker's books has it. due: signed units of ours to close, at most its net."""

    symbol: str
    due: int = 0
    entries: list[OrderUpdate] = field(default_factory=list)
    exits: list[OrderUpdate] = field(default_factory=list)


class _Closer:
    """What is remembered from one look at the broker to the next."""

    def __init__(
        self, day: date, asset_class: AssetClass, broker: Broker, instruments: Mapping[str, Instrument],
        patience_seconds: float, logs: Logs,
    ) -> None:
        self.done = False
        self._day = day
        self._class = asset_class
        self._broker = broker
        self._instruments = instruments
        self._patience = int(patience_seconds * NANOSECONDS_A_SECOND)
        self._logs = logs.about(date=day.isoformat(), asset_class=asset_class.value)
        self._prefix = tag_prefix(asset_class, day)
        self._policy = EXIT_POLICIES[asset_class]
        self._unclear: dict[str, tuple[OrderTag, int]] = {}
        self._asked: dict[OrderTag, int] = {}
        self._stepped: dict[str, int] = {}
        self._steps: defaultdict[str, int] = defaultdict(int)
        self._refusals: defaultdict[str, int] = defaultdict(int)
        self._changes: defaultdict[OrderTag, int] = defaultdict(int)
        self._rate = OrderRate(ORDERS_PER_SECOND, ORDERS_PER_SECOND, RATE_WINDOW_SECONDS)
        self._sequence = FIRST_SEQUENCE - 1
        self._left: dict[str, int] = {}
        self._records = 0

    def outcome(self) -> str:
        """For people, as of the last look."""
        if self.done:
            return "flat by the broker's books; no entry of ours works"
        left = ", ".join(f"{units:+d} {symbol}" for symbol, units in sorted(self._left.items())[:5])
        return f"not flat by the broker's books ({left or 'they could not be read, or an order still works'})"

    def look(self, ts: int, quotes: Callable[..., Sequence[Quote]]) -> bool:
        """One read of the books and what follows from it; True when nothing is left to do."""
        try:
            book, net = self._broker.orders(), self._broker.positions()
        except BrokerUnavailable as error:
            self.say("ERROR", f"the broker's books cannot be read: {error}")
            return False
        holdings = self._holdings(book, net)
        self._resolve({update.tag for update in book}, ts)
        self._left = {one.symbol: one.due for one in holdings if one.due}
        self.done = not self._unclear and not any(one.due or one.entries or one.exits for one in holdings)
        prices = {quote.symbol: quote for quote in quotes([one.symbol for one in holdings], at(ts))}
        for quote in prices.values():
            self._broker.observe(quote)
        # Shorts first: while one is open, a long of this class may be its hedge. Then whose turn was longest ago.
        short = any(one.due < 0 for one in holdings) and self._class is not AssetClass.STOCK
        for one in sorted(holdings, key=lambda one: (one.due > 0, self._stepped.get(one.symbol, 0), one.symbol)):
            for entry in one.entries:
                self._cancel(entry, ts)
            if one.symbol not in self._unclear and not (short and one.due > 0):
                self._exit(one, prices.get(one.symbol), ts)
        self._broker.drain()
        return self.done

    def say(self, severity: str, message: str) -> None:
        """One record, a bounded number of times."""
        self._records += 1
        if self._records <= MAX_RECORDS:
            self._logs.write(severity, message, {"category": "broker only"})

    def _holdings(self, book: Sequence[OrderUpdate], net: Mapping[str, int]) -> list[_Holding]:
        held: dict[str, _Holding] = {}
        for update in book:
            if not update.tag.startswith(self._prefix):
                continue
            one = held.setdefault(update.symbol, _Holding(update.symbol))
            one.due += update.side * _filled(update)
            if not update.status.terminal:
                (one.exits if purpose_of(update.tag) is Purpose.EXIT else one.entries).append(update)
            if update.tag[len(self._prefix) : -1].isdecimal():
                self._sequence = max(self._sequence, int(update.tag[len(self._prefix) : -1]))
        for one in held.values():
            units = net.get(one.symbol, 0)
            one.due = max(min(one.due, units), 0) if one.due > 0 else min(max(one.due, units), 0)
        return list(held.values())

    def _resolve(self, shown: set[OrderTag], ts: int) -> None:
        """What is in the book was placed; what stays away as long as our patience never was."""
        for symbol, (tag, since) in list(self._unclear.items()):
            if tag in shown or ts - since >= self._patience:
                del self._unclear[symbol]

    def _exit(self, one: _Holding, quote: Quote | None, ts: int) -> None:
        """Bring the one exit of this symbol to what is due; spare ones, and any when flat, are cancelled first."""
        keep = one.exits[:1] if one.due else []
        for spare in one.exits[len(keep) :]:
            self._cancel(spare, ts)
        last = self._stepped.get(one.symbol)
        if not one.due or len(one.exits) > len(keep) or (last is not None and ts - last < STEP_AFTER):
            return
        price = self._price(one, quote)
        if not price:
            self.say("ERROR", f"{one.symbol}: no price to leave {one.due:+d} at; its stop stays")
            return
        if not self._rate.exit(ts):
            return
        self._stepped[one.symbol] = ts
        self._steps[one.symbol] += 1
        if keep:
            self._modify(keep[0], abs(one.due), price, ts)
        else:
            self._place(one, price, ts)

    def _price(self, one: _Holding, quote: Quote | None) -> Paise:
        """A limit through the touch, further each time; 0 where there is nothing to go by."""
        instrument = self._instruments.get(one.symbol)
        if instrument is None or quote is None:
            return 0
        buys = one.due < 0
        width = self._policy.widths[min(self._steps[one.symbol], len(self._policy.widths) - 1)]
        if self._refusals[one.symbol] % 2:  # it may have reached out of a price band that we do not know
            width = 0.0
        touch = (quote.ask if buys else quote.bid) or quote.last
        reach = touch * (1 + (width if buys else -width) / 100)
        return instrument.round_up(reach) if buys else instrument.round_down(reach)

    def _most(self, symbol: str, units: int) -> int:
        freeze = self._instruments[symbol].freeze_quantity
        return units if freeze is None else min(units, self._instruments[symbol].whole_lots(freeze))

    def _modify(self, order: OrderUpdate, units: int, price: Paise, ts: int) -> None:
        quantity = self._most(order.symbol, _filled(order) + units)
        if self._changes[order.tag] >= self._policy.modifications:
            self._cancel(order, ts)
            return
        self._changes[order.tag] += 1
        self._try(order.tag, order.symbol, ts, lambda: self._broker.modify(
            order.tag, ts, Kind.LIMIT, quantity, price, 0,
        ))

    def _cancel(self, order: OrderUpdate, ts: int) -> None:
        if ts - self._asked.get(order.tag, -ASK_AGAIN_AFTER) >= ASK_AGAIN_AFTER and self._rate.exit(ts):
            self._asked[order.tag] = ts
            self._try(order.tag, order.symbol, ts, lambda: self._broker.cancel(order.tag, ts))

    def _place(self, one: _Holding, price: Paise, ts: int) -> None:
        self._sequence += 1
        tag = order_tag(self._class, self._day, self._sequence, Purpose.EXIT)
        side, quantity = (-1 if one.due > 0 else 1), self._most(one.symbol, abs(one.due))
        order = Order(
            tag, self._sequence, one.symbol, side, quantity, Kind.LIMIT, price, 0, Purpose.EXIT, ts,
            reason="by the broker's books alone",
        )
        self._unclear[one.symbol] = (tag, ts)
        self._try(tag, one.symbol, ts, lambda: self._broker.place(order))

    def _try(self, tag: str, symbol: str, ts: int, request: Callable[[], Any]) -> None:
        """A refusal is proven, and the next look tries again; anything unclear is looked up before anything follows."""
        try:
            request()
        except OrderRejected as refusal:
            if self._unclear.get(symbol, ("", 0))[0] == tag:
                del self._unclear[symbol]
            if isinstance(refusal, OrderThrottled):
                self._rate.throttle(ts)
            else:
                self._refusals[symbol] += 1
            self.say("WARNING", f"{tag}: refused: {refusal}")
        except OrderUnknown as doubt:
            self.say("WARNING", f"{tag}: unclear: {doubt}")


def _filled(update: OrderUpdate) -> int:
    return max(update.filled, sum(fill.quantity for fill in update.fills))
