"""Directional scalp: the underlying's impulse buys a near call or put, never sells one, and leaves when it fades."""

from collections.abc import Sequence
from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.strategies.indicators import Atr, Momentum
from common.strategies.parameters import ScalpParameters
from common.trading.strategy import AnyParameters, Enter, Exit, Signal, Strategy, View, rupees

_KIND_OF_SIDE: Final = {1: Kind.CALL, -1: Kind.PUT}
_OLDEST_QUOTE_NANOSECONDS: Final = 3 * NANOSECONDS_A_MINUTE


class Scalp(Strategy):
    """Gets the bars of the driver alone (index, future or forward of `underlying`); trades options of its chain.

    How long a position is held is not the strategy's to know. What stands in for it is how long ago the market last
    gave the impulse. An impulse lasts until half of it is gone, so that one move is one signal. While any option of
    the chain is held there is no entry.
    """

    __slots__ = ("_atr", "_last_impulse", "_momentum", "_zone", "parameters")

    name: ClassVar[str] = "scalp"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.OPTIONS})
    Parameters: ClassVar[type[AnyParameters]] = ScalpParameters

    def __init__(self, parameters: ScalpParameters) -> None:
        self.parameters = parameters
        self._atr = Atr(parameters.atr_period)
        self._momentum = Momentum(parameters.momentum_minutes)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._atr.reset()
        self._momentum.reset()
        self._zone = 0
        self._last_impulse = {1: 0, -1: 0}

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """`bar`: the driver's. Exit before entry; an entry only on the bar on which the impulse begins."""
        side = self._update(bar)
        chain = view.options(self.parameters.underlying)
        held = [option for option in chain if view.position(option.symbol)]
        if held:
            return self._leave(held, bar.ts)
        return self._enter(side, bar, chain, view) if side else None

    def _update(self, bar: Bar) -> int:
        """Take the bar; +1 or -1 if an impulse begins with it, else 0."""
        momentum = self._momentum.update(bar.ts, bar.close)
        needed = self.parameters.entry_atr * self._atr.update(bar.high, bar.low, bar.close)
        zone = 0
        if needed and abs(momentum) >= needed:
            zone = 1 if momentum > 0 else -1
            self._last_impulse[zone] = bar.ts
        elif momentum * self._zone > needed / 2:
            zone = self._zone
        begins = zone != self._zone
        self._zone = zone
        return zone if begins else 0

    def _leave(self, held: Sequence[Instrument], now: int) -> Exit | None:
        """The first held option whose reason has gone: a call's is a rise, a put's a fall."""
        turn = self.parameters.reverse_atr * self._atr.value
        for option in held:
            side = 1 if option.kind is Kind.CALL else -1
            if self._atr.value and self._momentum.value * side < -turn:
                return Exit("momentum reversed", option.symbol)
            if now - self._last_impulse[side] >= self.parameters.fade_minutes * NANOSECONDS_A_MINUTE:
                return Exit("momentum faded", option.symbol)
        return None

    def _enter(self, side: int, bar: Bar, chain: Sequence[Instrument], view: View) -> Enter | None:
        option = self._choose(side, bar.close, chain, view)
        quote = view.bar(option.symbol) if option is not None else None
        if option is None or quote is None or not self._tradable(quote, bar.ts):
            return None
        premium, parameters = quote.ask, self.parameters
        numbers = {
            "underlying": rupees(bar.close), "momentum": rupees(self._momentum.value), "atr": rupees(self._atr.value),
            "strike": rupees(option.strike), "bid": rupees(quote.bid), "ask": rupees(quote.ask),
            "days_to_expiry": float(view.days_to_expiry(option)),
        }
        what = "rose fast: a call" if side > 0 else "fell fast: a put"
        reason = f"{parameters.underlying} {what}"
        stop, target = premium * parameters.stop_percent / 100, premium * parameters.target_percent / 100
        return Enter(1, stop, target, reason, numbers, option.symbol)

    def _choose(self, side: int, spot: int, chain: Sequence[Instrument], view: View) -> Instrument | None:
        """Nearest expiry that is far enough, then the strike; None where the chain does not reach around the spot."""
        kind, least = _KIND_OF_SIDE[side], self.parameters.min_days_to_expiry
        usable = [o for o in chain if o.kind is kind and o.expiry is not None and view.days_to_expiry(o) >= least]
        nearest = min((o.expiry for o in usable if o.expiry is not None), default=None)
        strikes = sorted((o for o in usable if o.expiry == nearest), key=lambda o: o.strike)
        if not strikes or not strikes[0].strike <= spot <= strikes[-1].strike:
            return None
        at_the_money = min(range(len(strikes)), key=lambda i: abs(strikes[i].strike - spot))
        chosen = at_the_money + side * self.parameters.moneyness
        return strikes[chosen] if 0 <= chosen < len(strikes) else None

    def _tradable(self, quote: Bar, now: int) -> bool:
        """Both sides quoted, lately, close together, at a premium within bounds."""
        bid, ask, parameters = quote.bid, quote.ask, self.parameters
        if not 0 < bid <= ask or now - quote.ts > _OLDEST_QUOTE_NANOSECONDS:
            return False
        if (ask - bid) * 200 > parameters.max_spread_percent * (ask + bid):
            return False
        return parameters.min_premium_paise <= ask <= parameters.max_premium_paise
