"""One symbol's state within a session; also the view that its strategy is given."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from common.market.bar import Bar
from common.market.instrument import Instrument
from common.market.money import Paise
from common.trading.orders import Fill, Order
from common.trading.strategy import Strategy, View
from common.trading.trades import RoundTrip

if TYPE_CHECKING:
    from common.trading.baskets import Basket


class Slot(View):
    """quantity: signed filled units of ours. busy: an order works or a position is open.

    entry: the entry order that works; unsent: units of it above the freeze quantity, still to follow in slices.
    exits: the exit orders that work, one unless the position is above the freeze quantity.
    resting: protected by its stop and nothing else to do, so that a bar need only mark it.
    leaving, leaving_since: why and since when we are on our way out; step, stepped_at: of the exit ladder.
    retry_at, refused_exits: when an exit that the broker refused may be tried again, and how many it refused.
    blocked: why no entry is made any more. foreign: signed units of the account that are not ours.
    taken: others' fills that closed some of ours; theirs: (side, fill) of those that did not, as far as we know yet.
    lower, upper: price band, paise, 0 for none.
    bid_quantity, ask_quantity: at the touch, 0 where unknown.
    stop_price, target_price, trail, best: of the open position, paise; trail: distance, best: price seen since.
    """

    __slots__ = (
        "ask_quantity", "basket", "best", "bid_quantity", "blocked", "busy", "denials", "entry",
        "entry_order", "exits", "foreign", "instrument", "last", "leaving", "leaving_since", "lower", "mark",
        "may_short", "quantity", "refusals", "refused_exits", "resized_at", "resting", "retry_at", "siblings", "step",
        "stepped_at", "stop_price", "strategy", "strategy_name", "symbol", "taken", "target_price", "theirs", "trail",
        "trip", "universe", "unsent", "upper",
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
        self.foreign = 0
        self.blocked = ""
        self.refusals = 0
        self.denials: set[str] = set()
        self.last: Bar | None = None
        self.bid_quantity = self.ask_quantity = 0
        self.lower: Paise = 0
        self.upper: Paise = 0
        self.mark: Paise = 0
        self.entry: Order | None = None
        self.exits: list[Order] = []
        self.basket: Basket | None = None
        self.taken: list[Fill] = []
        self.theirs: list[tuple[int, Fill]] = []
        self.stop_price: Paise = 0
        self.target_price: Paise = 0
        self.trip = RoundTrip()
        self.settle()

    @property
    def key(self) -> str:
        """What the risk account knows the position by: a basket's legs count as one."""
        return self.basket.name if self.basket is not None else self.symbol

    def position(self, symbol: str) -> int:
        """Signed filled quantity of any symbol of this workload, units."""
        slot = self.siblings.get(symbol)
        return slot.quantity if slot is not None else 0

    def bar(self, symbol: str) -> Bar | None:
        """The last bar of any symbol of this workload."""
        slot = self.siblings.get(symbol)
        return slot.last if slot is not None else None

    def sizes(self, symbol: str) -> tuple[int, int]:
        """Units shown at bid and ask of any symbol of this workload, 0 where unknown."""
        slot = self.siblings.get(symbol)
        return (slot.bid_quantity, slot.ask_quantity) if slot is not None else (0, 0)

    def basket_open(self, name: str) -> bool:
        """Whether the basket of that name is open, being opened or being closed."""
        return name in self.universe.baskets

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
        self.busy = self.resting = False
        self.entry = None
        self.entry_order: Order | None = None
        self.unsent = 0
        self.exits.clear()
        self.leaving = ""
        self.leaving_since = self.step = self.stepped_at = self.resized_at = 0
        self.refused_exits = self.retry_at = 0
        self.trail: Paise = 0
        self.best: Paise = 0


class Universe:
    """What the slots of one workload share: date, option chain by underlying, open baskets by name.

    driver: symbol whose price says where the money is; strikes_each_side: of it may be traded (0: no such limit).
    """

    __slots__ = ("baskets", "day", "driver", "options", "strikes_each_side")

    def __init__(
        self, day: date, instruments: Sequence[Instrument], driver: str = "", strikes_each_side: int = 0,
    ) -> None:
        self.day = day
        self.driver = driver
        self.strikes_each_side = strikes_each_side
        self.baskets: dict[str, Basket] = {}
        self.options: dict[str, tuple[Instrument, ...]] = {}
        chain = [i for i in instruments if i.strike and i.expiry is not None]
        for instrument in sorted(chain, key=lambda i: (i.expiry, i.strike, i.kind)):
            self.options[instrument.underlying] = (*self.options.get(instrument.underlying, ()), instrument)

    def strikes_away(self, instrument: Instrument, price: Paise) -> int:
        """How many strikes of the chain `instrument` is from the one nearest to `price` (paise)."""
        strikes = sorted({option.strike for option in self.options[instrument.underlying]})
        nearest = min(range(len(strikes)), key=lambda n: abs(strikes[n] - price))
        return abs(strikes.index(instrument.strike) - nearest)
