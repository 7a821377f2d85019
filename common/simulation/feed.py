"""Quotes and bars: sparse while nothing is open, dense while something works; the exchange sees them as they are,
workloads as the feed lets them through."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from common.market.bar import NANOSECONDS_A_MINUTE, NANOSECONDS_A_SECOND, Bar, Quote
from common.market.instrument import Kind
from common.simulation.faults import Fault, FaultPlan
from common.simulation.market import Path
from common.simulation.restless import DECIDING_MINUTES
from common.simulation.truth import Holding, Truth
from common.simulation.world import World
from common.trading.orders import Status

WORKING_SECONDS: Final = (1.0, 3.0)
MOVED_BEFORE_ARRIVAL: Final = 0.4
ARRIVAL_SECONDS: Final = (0.005, 0.2)
"""The market that an order meets is often not the one that it was sent for: then it fills in part, or waits."""
HOLDING_SECONDS: Final = (15.0, 45.0)
QUOTED_MINUTES: Final = 15
"""Where nothing is open a quote comes with every third bar; the bar has the touch too."""
IDLE: Final = 2**62


class Listener(Protocol):
    """Who gets the news of the market."""

    def hear(self, event: Bar | Quote) -> None: ...


class Feed:
    """paths: of every symbol. listeners: those of a symbol at this moment. exchange: sees every true quote.

    silent_until: nanoseconds UTC up to which workloads hear nothing of a symbol.
    """

    def __init__(
        self, world: World, paths: Mapping[str, Path], truth: Truth, faults: FaultPlan,
        exchange: Callable[[Quote], object], listeners: Callable[[str], Iterable[Listener]],
    ) -> None:
        self.silent_until: dict[str, int] = {}
        self._world = world
        self._paths = paths
        self._truth = truth
        self._faults = faults
        self._exchange = exchange
        self._listeners = listeners
        self._next: dict[str, int] = dict.fromkeys(paths, IDLE)
        self._forming: dict[str, Bar] = {}
        self._places: dict[str, int] = {}
        self._told: dict[str, Quote] = {}
        self._held: dict[str, Quote] = {}
        self._draw = faults.one_of(Fault.TICK_STALE, Fault.TICK_DOUBLED, Fault.TICK_REORDERED)

    def open(self, first: int, last: int, symbols: Iterable[str]) -> None:
        """Bars of each minute from `first` to `last`, nanoseconds UTC, of `symbols`."""
        wanted = list(symbols)
        self._places = {symbol: place for place, symbol in enumerate(wanted)}
        for symbol in wanted:
            self._tell(symbol, self._quote(symbol))
        minute = first
        while minute < last:
            minute += NANOSECONDS_A_MINUTE
            self._world.at(minute, lambda end=minute: self._minute(wanted, end))  # type: ignore[misc]

    def stir(self, symbol: str) -> None:
        """Something of ours has changed there: look again soon."""
        seconds = self._interval(symbol) or WORKING_SECONDS[0]
        if self._arriving(symbol) and self._faults.random.random() < MOVED_BEFORE_ARRIVAL:
            seconds = self._faults.random.uniform(*ARRIVAL_SECONDS)
        soon = self._world.now + int(seconds * NANOSECONDS_A_SECOND)
        if soon < self._next[symbol]:
            self._next[symbol] = soon
            self._world.at(soon, lambda: self._beat(symbol, soon))

    def quote(self, symbol: str) -> Quote:
        """As the market is now."""
        return self._quote(symbol)

    def print_through(self, symbol: str, side: int, price: int) -> None:
        """The market trades at `price` and beyond it just now, so that a resting order of `side` fills."""
        path = self._paths[symbol]
        tick = path.instrument.tick
        before = self._quote(symbol)
        size = before.bid_quantity or before.ask_quantity or path.instrument.lot
        bid, ask = (price - 2 * tick, price - tick) if side > 0 else (price + tick, price + 2 * tick)
        if bid <= 0:
            return
        last = ask if side > 0 else bid
        path.volume += 100 * size
        path.mid = (bid + ask) / 2
        self._see(Quote(self._world.now, symbol, last, bid, ask, size, size, path.volume))

    def _arriving(self, symbol: str) -> bool:
        """Whether an order of ours is on its way there."""
        holding = self._truth.holdings.get(symbol)
        return holding is not None and any(order.status is Status.SENT for order in holding.live.values())

    def _interval(self, symbol: str) -> float:
        holding = self._truth.holdings.get(symbol)
        if holding is None or not (holding.live or holding.net):
            return 0.0
        shortest, longest = WORKING_SECONDS if restless(holding) else HOLDING_SECONDS
        return self._faults.random.uniform(shortest, longest)

    def _beat(self, symbol: str, due: int) -> None:
        if self._next[symbol] != due:
            return
        self._next[symbol] = IDLE
        self._tell(symbol, self._quote(symbol))
        if self._interval(symbol):
            self.stir(symbol)

    def _minute(self, symbols: Iterable[str], end: int) -> None:
        """A quote, then the bar that it ends; of what is undisturbed only when it is decided on."""
        decided = end // NANOSECONDS_A_MINUTE % DECIDING_MINUTES == 0
        disturbed = sorted(self._forming.keys() & self._places.keys(), key=self._places.__getitem__)
        quoted = symbols if decided else disturbed
        told = end // NANOSECONDS_A_MINUTE % QUOTED_MINUTES == 0
        for symbol in quoted:
            idle = symbol not in self._forming
            quote = self._quote(symbol)
            if told or not idle:
                self._tell(symbol, quote)
        for symbol in quoted:
            bar = self._forming.pop(symbol)
            if self._world.now >= self.silent_until.get(symbol, 0):
                for listener in self._listeners(symbol):
                    listener.hear(bar)

    def _quote(self, symbol: str) -> Quote:
        quote = self._paths[symbol].quote(self._world.now)
        self._see(quote)
        return quote

    def _see(self, quote: Quote) -> None:
        forming = self._forming.get(quote.symbol)
        last = quote.last
        if forming is None:
            start = quote.ts - 1 - (quote.ts - 1) % NANOSECONDS_A_MINUTE
            self._forming[quote.symbol] = Bar(
                start, quote.symbol, last, last, last, last, 1000, 0, quote.bid, quote.ask,
            )
        else:
            forming.high, forming.low = max(forming.high, last), min(forming.low, last)
            forming.close, forming.bid, forming.ask = last, quote.bid, quote.ask
        if self._paths[quote.symbol].instrument.kind is not Kind.INDEX:
            self._exchange(quote)

    def _tell(self, symbol: str, quote: Quote) -> None:
        """What the workloads hear of it: this, nothing, an old price, twice, or after the next one."""
        if self._world.now < self.silent_until.get(symbol, 0):
            return
        fault = self._draw()
        quotes = [quote]
        if fault is Fault.TICK_STALE:
            quotes = [_as_of(self._told.get(symbol, quote), quote.ts)]
        elif fault is Fault.TICK_DOUBLED:
            quotes = [quote, quote]
        elif fault is Fault.TICK_REORDERED:
            self._held[symbol] = quote
            return
        held = self._held.pop(symbol, None)
        if held is not None:
            quotes.append(held)
        self._told[symbol] = quote
        for listener in self._listeners(symbol):
            for one in quotes:
                listener.hear(one)


def restless(holding: Holding) -> bool:
    """Whether something is on its way: an order that is not a stop at rest, or a position without one."""
    if any(order.status is not Status.TRIGGER_PENDING for order in holding.live.values()):
        return True
    # A long option without a stop is a hedge at rest, as a rule.
    return holding.protected != abs(holding.net) and not (holding.option and holding.net > 0)


def _as_of(quote: Quote, ts: int) -> Quote:
    return Quote(
        ts, quote.symbol, quote.last, quote.bid, quote.ask, quote.bid_quantity, quote.ask_quantity, quote.volume,
    )
