"""my_strategy: say in one sentence what it bets on. This one: a rise of the underlying goes on, bought as a call."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from common.market.bar import Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.strategies.indicators import Atr, Momentum
from common.trading.strategy import AnyParameters, Enter, Exit, Parameters, Signal, Strategy, View, rupees


class MyStrategyParameters(Parameters):
    """underlying: whose options to buy. minutes, entry_atr: the rise that counts. Percents: of the premium."""

    underlying: str = Field(default="NIFTY", min_length=1, max_length=30)
    minutes: int = Field(default=15, ge=1, le=60)
    entry_atr: float = Field(default=4.0, ge=0.5, le=20)
    stop_percent: float = Field(default=25.0, ge=1, le=90)
    target_percent: float = Field(default=40.0, ge=0, le=500)


class MyStrategy(Strategy):
    """Gets the bars of the driver alone; `symbol` of a signal says which option is meant."""

    __slots__ = ("_atr", "_momentum", "_rising", "parameters")

    name: ClassVar[str] = "my_strategy"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.OPTIONS})
    Parameters: ClassVar[type[AnyParameters]] = MyStrategyParameters

    def __init__(self, parameters: MyStrategyParameters) -> None:
        self.parameters = parameters
        self._atr = Atr(30)
        self._momentum = Momentum(parameters.minutes)
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._atr.reset()
        self._momentum.reset()
        self._rising = False

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """First the market's part (the state, whatever is held), then the position's (the signal)."""
        atr = self._atr.update(bar.high, bar.low, bar.close)
        momentum = self._momentum.update(bar.ts, bar.close)
        before = self._rising
        self._rising = bool(atr) and momentum >= self.parameters.entry_atr * atr * (0.5 if before else 1.0)
        chain = view.options(self.parameters.underlying)
        held = [option.symbol for option in chain if view.position(option.symbol)]
        if held:
            return None if momentum > 0 else Exit("the rise is gone", held[0])
        return self._buy(bar, chain, view) if self._rising and not before else None

    def _buy(self, bar: Bar, chain: Sequence[Instrument], view: View) -> Enter | None:
        """The call at the money, where it has a price; a strategy never invents one."""
        calls = [option for option in chain if option.kind is Kind.CALL]
        if not calls:
            return None
        call = min(calls, key=lambda option: abs(option.strike - bar.close))
        quote = view.bar(call.symbol)
        premium = quote.ask or quote.close if quote is not None else 0
        if premium <= 0:
            return None
        stop, target = premium * self.parameters.stop_percent / 100, premium * self.parameters.target_percent / 100
        numbers = {"underlying": rupees(bar.close), "premium": rupees(premium)}
        return Enter(1, stop, target, "the underlying rose fast", numbers, call.symbol)
