"""One symbol's state within a session; also the view that its strategy is given."""

from collections.abc import Mapping, Sequence
from datetime import date

from common.market.bar import Bar
from common.market.instrument import Instrument
from common.market.money import Paise
from common.trading.orders import Order
from common.trading.strategy import Strategy
from common.trading.trades import RoundTrip


class Slot:
    """quantity: signed filled units. busy: an order works or a position is open. leaving: why we are on our way out.

    alert: the broker refused something; the next bar looks again. blocked: why no entry is made any more.
    refusals: entries that the broker refused.
    """

    __slots__ = (
        "alert", "blocked", "busy", "denials", "entry", "entry_order", "exit", "instrument", "last", "leaving", "mark",
        "may_short", "quantity", "refusals", "siblings", "step", "stop_price", "strategy", "strategy_name", "symbol",
        "target_price", "trip", "universe",
    )

    def __init__(
        self, instrument: Instrument, strategy: Strategy | None, siblings: Mapping[str, "Slot"], universe: "Universe",
        *, may_short: bool,
    ) -> None:
        self.symbol = instrument.symbol
        self.instrument = instrument
        self.strategy = strategy
        self.strategy_name = strategy.name if strategy is not None else ""
        self.siblings = siblings
        self.universe = universe
        self.may_short = may_short
        self.quantity = 0
        self.busy = False
        self.blocked = ""
        self.alert = False
        self.refusals = 0
        self.denials: set[str] = set()
        self.last: Bar | None = None
        self.mark: Paise = 0
        self.entry: Order | None = None
        self.entry_order: Order | None = None
        self.exit: Order | None = None
        self.leaving = ""
        self.step = 0
        self.stop_price: Paise = 0
        self.target_price: Paise = 0
        self.trip = RoundTrip()

    def position(self, symbol: str) -> int:
        """Signed filled quantity of any symbol of this workload, units."""
        slot = self.siblings.get(symbol)
        return slot.quantity if slot is not None else 0

    def bar(self, symbol: str) -> Bar | None:
        """The last bar of any symbol of this workload."""
        slot = self.siblings.get(symbol)
        return slot.last if slot is not None else None

    def options(self, underlying: str) -> Sequence[Instrument]:
        """Calls and puts on `underlying`, by expiry, strike, kind."""
        return self.universe.options.get(underlying, ())

    def days_to_expiry(self, instrument: Instrument) -> int:
        """Calendar days from the session's date; raises ValueError for what does not expire."""
        if instrument.expiry is None:
            raise ValueError(f"{instrument.symbol} does not expire")
        return (instrument.expiry - self.universe.day).days

    def settle(self) -> None:
        """Flat and nothing working: ready for another entry."""
        self.busy = False
        self.entry = self.entry_order = self.exit = None
        self.leaving = ""
        self.step = 0


class Universe:
    """What the slots of one workload share: the session's date and the option chain by underlying.

    driver: symbol whose price says where the money is; strikes_each_side: of it may be traded (0: no such limit).
    """

    __slots__ = ("day", "driver", "options", "strikes_each_side")

    def __init__(
        self, day: date, instruments: Sequence[Instrument], driver: str = "", strikes_each_side: int = 0,
    ) -> None:
        self.day = day
        self.driver = driver
        self.strikes_each_side = strikes_each_side
        self.options: dict[str, tuple[Instrument, ...]] = {}
        chain = [i for i in instruments if i.strike and i.expiry is not None]
        for instrument in sorted(chain, key=lambda i: (i.expiry, i.strike, i.kind)):
            self.options[instrument.underlying] = (*self.options.get(instrument.underlying, ()), instrument)

    def strikes_away(self, instrument: Instrument, price: Paise) -> int:
        """How many strikes of the chain `instrument` is from the one nearest to `price` (paise)."""
        strikes = sorted({option.strike for option in self.options[instrument.underlying]})
        nearest = min(range(len(strikes)), key=lambda n: abs(strikes[n] - price))
        return abs(strikes.index(instrument.strike) - nearest)
