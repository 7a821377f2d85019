"""What must hold at every moment, whatever goes wrong: limits, no flip, never naked."""

from collections.abc import Mapping
from typing import Final

from common.market.instrument import AssetClass, Instrument, Kind
from common.market.money import Paise
from common.planning.limits import ClassLimits
from common.simulation.findings import Findings, Invariant
from common.simulation.requests import Requests
from common.simulation.truth import Holding, Truth
from common.trading.orders import Purpose

ROOM_PERCENT: Final = 2
"""Above a limit in money: a sale may get more than the price at which it was weighed."""


class Positions:
    """Looks at the symbols that changed. tainted: kinds of options in which others took from our positions.

    limits: of the classes that are traded. symbols: of each class.
    """

    def __init__(
        self, truth: Truth, findings: Findings, requests: Requests, instruments: Mapping[str, Instrument],
        limits: Mapping[AssetClass, ClassLimits],
    ) -> None:
        self._truth = truth
        self._findings = findings
        self._requests = requests
        self._instruments = instruments
        self._limits = limits
        self._classes = {one.symbol: one.asset_class for one in instruments.values()}

    def changed(self, symbols: set[str]) -> None:
        """Check everything that these symbols take part in."""
        classes = set()
        for symbol in symbols:
            holding = self._truth.holdings[symbol]
            self._look(holding)
            classes.add(self._classes[symbol])
        for asset_class in classes:
            if asset_class is not None and asset_class in self._limits:
                self._look_at_limits(asset_class, self._limits[asset_class])
        if AssetClass.OPTIONS in classes:
            for kind in (Kind.CALL, Kind.PUT):
                naked = self.naked(kind)
                self._findings.expect(
                    naked <= 0 or self.tainted(kind), Invariant.NEVER_NAKED, f"{kind}",
                    f"{naked} units of {kind} are short, or may become so, without a long behind them",
                )

    def of_kind(self, kind: Kind) -> list[Holding]:
        """Holdings in options of a kind."""
        return [one for one in self._truth.holdings.values() if self._instruments[one.symbol].kind is kind]

    def naked(self, kind: Kind) -> int:
        """Units short, or that may become so by working entries, above what stays long if every sale fills."""
        short = cover = 0
        for one in self.of_kind(kind):
            short += max(0, -one.net) + one.left(Purpose.ENTRY, -1)
            cover += max(0, max(0, one.net) - one.left(Purpose.EXIT, -1))
        return short - cover if short else 0

    def tainted(self, kind: Kind) -> bool:
        """Whether the person or the broker closed some of ours: then a short may have lost its hedge."""
        return any(one.helped for one in self.of_kind(kind))

    def _look(self, one: Holding) -> None:
        expect, symbol = self._findings.expect, one.symbol
        for side in (1, -1) if not one.helped else ():
            exits, most = one.left(Purpose.EXIT, side), max(0, -side * one.ours)
            expect(
                exits <= most, Invariant.NO_FLIP, f"{symbol} {side}",
                f"{symbol}: exits of {exits} units {'bought' if side > 0 else 'sold'} work against {one.ours:+d}",
            )
        allowed = self._requests.allowed.get(symbol, 0)
        may_be = abs(one.net) + max(one.left(Purpose.ENTRY, 1), one.left(Purpose.ENTRY, -1))
        expect(
            may_be <= allowed or not may_be or one.turned, Invariant.WITHIN_LIMITS, f"{symbol} quantity",
            f"{symbol}: {may_be} units are held or may be, {allowed} were allowed",
        )
        expect(
            not (one.live and self._truth.before.get(symbol)), Invariant.HANDS_OFF, symbol,
            f"{symbol} is the person's, and we have an order there",
        )

    def _look_at_limits(self, asset_class: AssetClass, limits: ClassLimits) -> None:
        held = [
            one for one in self._truth.holdings.values()
            if self._classes[one.symbol] is asset_class and (one.net or one.live) and not one.turned
        ]
        value = sum(self._value(one) for one in held)
        if asset_class is AssetClass.OPTIONS:
            value += self._widths(held)
        else:
            value = value * limits.margin_percent // 100
            opening = sum(bool(one.net or one.left(Purpose.ENTRY, 1) or one.left(Purpose.ENTRY, -1)) for one in held)
            self._findings.expect(
                opening <= limits.max_open_positions, Invariant.WITHIN_LIMITS, f"{asset_class} positions",
                f"{opening} positions of {asset_class}, at most {limits.max_open_positions}",
            )
        self._findings.expect(
            value * 100 <= limits.capital_paise * (100 + ROOM_PERCENT), Invariant.WITHIN_LIMITS, f"{asset_class} money",
            f"{asset_class}: {value // 100} rupees are bound or may be, at most {limits.capital_paise // 100}",
        )

    def _value(self, one: Holding) -> Paise:
        """What is held at its cost and what may be bought at its limit; of options only the long side costs."""
        coming = sum(
            order.left * order.price for order in one.live.values()
            if order.tag.endswith("E") and (order.side > 0 or not one.option)
        )
        return coming + (one.cost if one.net > 0 or not one.option else 0)

    def _widths(self, held: list[Holding]) -> Paise:
        """Of shorts against the outermost strike of their kind, which is where their hedges are."""
        total = 0
        for one in held:
            short = max(0, -one.net) + one.left(Purpose.ENTRY, -1)
            if short:
                mine = self._instruments[one.symbol]
                total += short * max(
                    abs(other.strike - mine.strike) for other in self._instruments.values() if other.kind is mine.kind
                )
        return total
