"""A strategy that never rests: it enters and leaves by lot, so that a simulated day has many orders of every kind."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final
from zlib import crc32

from pydantic import Field

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.trading.strategy import Enter, EnterBasket, Exit, ExitBasket, Leg, Parameters, Signal, Strategy, View

REMEMBERED_MINUTES: Final = 60
"""How far back a basket's name is looked for; older ones are left to their stops and the square-off."""
SPREAD: Final = 0x9E37_79B1
"""Checksums of minutes are near to each other; multiplied by an odd number, their high bits are not."""
DECIDING_MINUTES: Final = 5
"""Entries are decided on every so many minutes; meanwhile nothing is told of what is not open."""


class RestlessParameters(Parameters):
    """enter, leave: chance in a thousand each minute. underlying: of the options; '' trades the bar's own symbol."""

    seed: int = 0
    enter: int = Field(default=40, ge=0, le=1000)
    leave: int = Field(default=80, ge=0, le=1000)
    underlying: str = ""


class Restless(Strategy):
    """Every decision is drawn from seed, symbol and minute, so that a restart decides the same."""

    name: ClassVar[str] = "restless"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset(AssetClass)
    Parameters: ClassVar[type[Parameters]] = RestlessParameters

    def __init__(self, parameters: RestlessParameters) -> None:
        self.parameters = parameters

    def start_day(self) -> None:
        """Nothing is remembered."""

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """At most one signal, by lot."""
        draw = self._draw(bar.symbol, bar.ts, "what")
        minute = bar.ts // NANOSECONDS_A_MINUTE + 1
        if self.parameters.underlying:
            return self._options(bar, view, draw, minute) if minute % DECIDING_MINUTES == 0 else None
        if view.quantity:
            return Exit("enough") if draw < self.parameters.leave else None
        enters = minute % DECIDING_MINUTES == 0 and draw < self.parameters.enter * DECIDING_MINUTES
        return self._enter(bar, draw, bar.close, 0.004) if enters else None

    def _draw(self, symbol: str, ts: int, what: str, sides: int = 1000) -> int:
        lot = crc32(f"{self.parameters.seed}:{symbol}:{ts}:{what}".encode()) * SPREAD & 0xFFFF_FFFF
        return lot * sides >> 32

    def _enter(self, bar: Bar, draw: int, price: int, reach: float, symbol: str | None = None) -> Enter:
        which = symbol or bar.symbol
        distance = price * reach * (1 + self._draw(which, bar.ts, "stop", 4))
        target = distance * self._draw(which, bar.ts, "target", 3)
        trail = distance if self._draw(which, bar.ts, "trail", 3) == 0 else 0.0
        side = 1 if symbol or self._draw(which, bar.ts, "side", 2) else -1
        return Enter(side, distance, target, f"lot {draw}", {"draw": draw}, symbol, trail)

    def _options(self, bar: Bar, view: View, draw: int, minute: int) -> Signal | None:
        name = self._open_basket(view, minute)
        if name:
            return ExitBasket(name, "enough") if draw < self.parameters.leave else None
        chain = view.options(self.parameters.underlying)
        held = next((option for option in chain if view.position(option.symbol)), None)
        if held is not None:
            return Exit("enough", held.symbol) if draw < self.parameters.leave else None
        if draw >= self.parameters.enter * DECIDING_MINUTES:
            return None
        if self._draw(bar.symbol, bar.ts, "basket", 3) == 0:
            option = chain[self._draw(bar.symbol, bar.ts, "option", len(chain))]
            seen = view.bar(option.symbol)
            return self._enter(bar, draw, seen.close, 0.04, option.symbol) if seen is not None else None
        return self._basket(f"b{minute}", bar, chain)

    def _open_basket(self, view: View, minute: int) -> str:
        names = (f"b{past}" for past in range(minute, minute - REMEMBERED_MINUTES, -1) if past % DECIDING_MINUTES == 0)
        return next((name for name in names if view.basket_open(name)), "")

    def _basket(self, name: str, bar: Bar, chain: Sequence[Instrument]) -> EnterBasket:
        """An iron fly, or a credit spread in calls or puts: shorts at the money, their hedges outside."""
        kinds = ((Kind.CALL, Kind.PUT), (Kind.CALL,), (Kind.PUT,))[self._draw(bar.symbol, bar.ts, "kinds", 3)]
        legs: list[Leg] = []
        for kind in kinds:
            hedge, short = _spread(chain, kind, bar.close)
            legs += [Leg(hedge, 1), Leg(short, -1, len(legs), 30_00 + self._draw(bar.symbol, bar.ts, "stop", 60_00))]
        limit = self._draw(bar.symbol, bar.ts, "limit", 3) * 15_00
        profit = self._draw(bar.symbol, bar.ts, "profit", 3) * 10_00
        return EnterBasket(name, legs, limit, profit, f"lot {name}")


def _spread(chain: Sequence[Instrument], kind: Kind, price: int) -> tuple[str, str]:
    """The outermost option of `kind` as hedge, and the one nearest to `price` among the others as short."""
    side = 1 if kind is Kind.CALL else -1
    strikes = sorted(_of_kind(chain, kind), key=lambda option: side * option.strike)
    short = min(strikes[:-1], key=lambda option: (abs(option.strike - price), option.strike))
    return strikes[-1].symbol, short.symbol


def _of_kind(chain: Sequence[Instrument], kind: Kind) -> Iterator[Instrument]:
    return (option for option in chain if option.kind is kind)
