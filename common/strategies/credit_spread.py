"""Credit spread: once a day a put spread below a rising market or a call spread above a falling one, hedged first."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.strategies.parameters import CreditSpreadParameters
from common.trading.strategy import AnyParameters, EnterBasket, ExitBasket, Leg, Signal, Strategy, View, rupees

_SOLD: Final = {1: Kind.PUT, -1: Kind.CALL}
_OLDEST_QUOTE_NANOSECONDS: Final = 3 * NANOSECONDS_A_MINUTE


class CreditSpread(Strategy):
    """Gets the bars of the driver alone (index, future or forward of `underlying`); trades options of its chain.

    The spread is signalled on the first bar between start and last on which everything about it is right, taken or not.
    What it can lose is bounded by the strikes; its profit, loss and stop are the session's and the exchange's to keep,
    and only its time is left to the strategy.
    """

    __slots__ = ("_first", "_given", "_open", "basket", "parameters")

    name: ClassVar[str] = "credit_spread"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.OPTIONS})
    Parameters: ClassVar[type[AnyParameters]] = CreditSpreadParameters

    def __init__(self, parameters: CreditSpreadParameters) -> None:
        self.parameters = parameters
        self.basket = f"{parameters.underlying} credit spread"
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._first = 0
        self._open = 0
        self._given = False

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """`bar`: the driver's. One entry a day; an exit on every bar from its time on, while there is something."""
        if not self._first:
            self._first, self._open = bar.ts, bar.open
        minute = (bar.ts - self._first) // NANOSECONDS_A_MINUTE
        entry = self._entry(minute, bar, view)
        if not view.basket_open(self.basket):
            return entry
        return ExitBasket(self.basket, "its time is over") if minute >= self.parameters.exit_minutes else None

    def _entry(self, minute: int, bar: Bar, view: View) -> EnterBasket | None:
        """The day's one spread, from market data alone."""
        parameters = self.parameters
        if self._given or not parameters.start_minutes <= minute <= parameters.last_minutes:
            return None
        move = (bar.close - self._open) * 100 / self._open
        if abs(move) < parameters.min_move_percent or not move:
            return None
        side = 1 if move > 0 else -1
        legs = self._legs(side, bar.close, view)
        quotes = [view.bar(leg.symbol) for leg in legs]
        tradable = [quote for quote in quotes if quote is not None and self._tradable(quote, bar.ts)]
        if len(tradable) != 2:
            return None
        spread = self._spread(side, legs, tradable, {"underlying": rupees(bar.close), "move_percent": round(move, 3)})
        self._given = spread is not None
        return spread

    def _legs(self, side: int, spot: int, view: View) -> Sequence[Instrument]:
        """The bought and the sold option; none where the chain does not reach so far out."""
        parameters, least = self.parameters, self.parameters.min_days_to_expiry
        chain = [
            o for o in view.options(parameters.underlying)
            if o.kind is _SOLD[side] and o.expiry is not None and view.days_to_expiry(o) >= least
        ]
        nearest = min((o.expiry for o in chain if o.expiry is not None), default=None)
        # In order of going further out of the money: down for puts, up for calls.
        ladder = sorted((o for o in chain if o.expiry == nearest), key=lambda o: -side * o.strike)
        if not ladder or not ladder[0].strike * side >= spot * side:
            return ()
        at_the_money = min(range(len(ladder)), key=lambda n: abs(ladder[n].strike - spot))
        sold = at_the_money + parameters.short_strikes
        bought = sold + parameters.width_strikes
        return (ladder[bought], ladder[sold]) if bought < len(ladder) else ()

    def _spread(
        self, side: int, legs: Sequence[Instrument], quotes: Sequence[Bar], numbers: Mapping[str, float],
    ) -> EnterBasket | None:
        """None where it brings in too little for what it may cost."""
        (bought, sold), (hedge, short), parameters = legs, quotes, self.parameters
        width, credit = abs(sold.strike - bought.strike), short.bid - hedge.ask
        if credit * 100 < parameters.min_credit_percent * width:
            return None
        numbers = {
            **numbers, "sold_strike": rupees(sold.strike), "bought_strike": rupees(bought.strike),
            "credit": rupees(credit), "most_lost": rupees(width - credit),
        }
        what = "rising: a put spread below it" if side > 0 else "falling: a call spread above it"
        return EnterBasket(
            self.basket,
            [Leg(bought.symbol, 1), Leg(sold.symbol, -1, 0, short.bid * parameters.stop_percent / 100)],
            credit * parameters.loss_percent / 100, credit * parameters.profit_percent / 100,
            f"{parameters.underlying} is {what}", numbers,
        )

    def _tradable(self, quote: Bar, now: int) -> bool:
        """Both sides quoted, lately, close together."""
        bid, ask = quote.bid, quote.ask
        if not 0 < bid <= ask or now - quote.ts > _OLDEST_QUOTE_NANOSECONDS:
            return False
        return (ask - bid) * 200 <= self.parameters.max_spread_percent * (ask + bid)
