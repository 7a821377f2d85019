"""Iron fly: sells the straddle at the money behind bought wings, as one basket, and moves with the market once."""

from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass, Kind
from common.market.money import Paise
from common.market.option_chain import Chain, Row, iv_percentile
from common.strategies.parameters import IronFlyParameters
from common.strategies.premium import Outline, PremiumSeller, Structure, pick
from common.trading.chain_view import chain_of, expiry_of
from common.trading.strategy import AnyParameters, EnterBasket, Leg, View, rupees

REMEMBERED_DAYS: Final = 250


class IronFly(PremiumSeller):
    """Gets the bars of the driver alone (index, future or forward of `underlying`); trades options of its chain.

    Signalled on the first bar between start and last on which all four legs may be traded and the credit is worth it.
    Given up when the driver has gone most of the way to a wing, or a sold option's delta says so; then, as far as
    `max_rolls` permits, another is sold around the new middle. Profit, loss and stops are the session's to keep.
    It remembers the volatility at the money of 250 days, for its percentile: a backtest has them, one day has not.
    """

    __slots__ = ("_sigma", "_sigmas", "own")

    name: ClassVar[str] = "iron_fly"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.OPTIONS})
    Parameters: ClassVar[type[AnyParameters]] = IronFlyParameters

    def __init__(self, parameters: IronFlyParameters) -> None:
        self.own = parameters
        self._sigmas: tuple[float, ...] = ()
        self._sigma = 0.0
        super().__init__(parameters, f"{parameters.underlying} iron fly")

    @classmethod
    def outline(cls, parameters: IronFlyParameters, step: Paise, forward: Paise) -> Outline:
        """Legs by rule: kind, side, strike (paise); () where only quotes can say how far the wings are."""
        if parameters.wing_by == "steps":
            away = step * parameters.wing_strikes
        elif parameters.wing_by == "distance":
            away = max(1, round(forward * parameters.wing_distance_percent / 100 / step)) * step
        else:
            return ()
        return (
            (Kind.PUT, 1, forward - away), (Kind.CALL, 1, forward + away), (Kind.PUT, -1, forward),
            (Kind.CALL, -1, forward),
        )

    def start_day(self) -> None:
        """Everything but the volatilities of earlier days belongs to one day."""
        if self._sigma:
            self._sigmas = (*self._sigmas, self._sigma)[-REMEMBERED_DAYS:]
        self._sigma = 0.0
        super().start_day()

    def _open_day(self, bar: Bar) -> None:
        """Nothing of it is needed."""

    def _strayed(self, structure: Structure, bar: Bar) -> str:
        sold = next(option for option, side in structure.legs if side < 0)
        wing = min(abs(option.strike - sold.strike) for option, side in structure.legs if side > 0)
        away = abs(bar.close - structure.spot)
        if away * 100 < self.own.recentre_percent * wing:
            return ""
        return f"{self.own.underlying} is {rupees(away):.2f} from its middle"

    def _build(self, name: str, bar: Bar, view: View) -> tuple[EnterBasket, Structure] | None:
        own, now = self.own, bar.ts + NANOSECONDS_A_MINUTE
        expiry = expiry_of(view, own.underlying, own.expiry, own.min_days_to_expiry)
        chain = None if expiry is None else chain_of(view, own.underlying, expiry, now, self._liquidity)
        if chain is None:
            return None
        self._sigma = self._sigma or chain.sigma
        percentile, rows = iv_percentile(self._sigmas, chain.sigma), self._rows(chain)
        if not rows or (percentile is not None and percentile < own.min_iv_percentile):
            return None
        put_wing, call_wing, put, call = (row.offer for row in rows)
        credit = put.bid + call.bid - put_wing.ask - call_wing.ask
        centre = put.instrument.strike
        widths = (centre - put_wing.instrument.strike, call_wing.instrument.strike - centre)
        if min(widths) <= 0 or credit * 100 < own.min_credit_percent * max(widths):
            return None
        numbers = {
            "underlying": rupees(bar.close), "forward": rupees(chain.forward), "centre": rupees(centre),
            "put_wing": rupees(put_wing.instrument.strike), "call_wing": rupees(call_wing.instrument.strike),
            "iv_percent": round(chain.sigma * 100, 2), "credit": rupees(credit),
            "most_lost": rupees(max(widths) - credit),
        }
        if percentile is not None:
            numbers["iv_percentile"] = round(percentile, 1)
        stop = own.stop_percent / 100
        signal = EnterBasket(
            name, [
                Leg(put_wing.instrument.symbol, 1), Leg(call_wing.instrument.symbol, 1),
                Leg(put.instrument.symbol, -1, 0, put.bid * stop), Leg(call.instrument.symbol, -1, 1, call.bid * stop),
            ],
            credit * own.loss_percent / 100, credit * own.profit_percent / 100,
            f"the straddle of {own.underlying} is worth its wings", numbers,
        )
        legs = [(row.instrument, 1 if n < 2 else -1) for n, row in enumerate(rows)]
        return signal, Structure(legs, credit, signal, bar.close)

    def _rows(self, chain: Chain) -> tuple[Row, ...]:
        """Put wing, call wing, put, call; () where one of them may not be traded."""
        own, found = self.own, list[Row | None]()
        for kind in (Kind.PUT, Kind.CALL):
            found.append(pick(
                chain, kind, own.wing_by, own.wing_strikes, own.wing_delta, own.wing_premium_paise,
                own.wing_distance_percent,
            ))
        found += [chain.at(Kind.PUT, chain.at_the_money), chain.at(Kind.CALL, chain.at_the_money)]
        rows = tuple(row for row in found if row is not None)
        return rows if len(rows) == 4 else ()
