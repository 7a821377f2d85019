"""Credit spread: once a day a put spread below a rising market or a call spread above a falling one, hedged first."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from common.market.bar import NANOSECONDS_A_MINUTE, Bar
from common.market.instrument import AssetClass, Instrument, Kind
from common.market.money import Paise
from common.market.option_chain import Offer
from common.strategies.parameters import CreditSpreadParameters
from common.strategies.premium import Outline, PremiumSeller, Structure, pick
from common.strategies.untested import Untested
from common.trading.chain_view import chain_of, expiry_of, offers_of
from common.trading.strategy import AnyParameters, EnterBasket, Leg, Signal, View, rupees

_SOLD: Final = {1: Kind.PUT, -1: Kind.CALL}


class CreditSpread(PremiumSeller):
    """Gets the bars of the driver alone (index, future or forward of `underlying`); trades options of its chain.

    The spread is signalled on the first bar between start and last on which everything about it is right, taken or not.
    What it can lose is bounded by the strikes; its profit, loss and stop are the session's and the exchange's to keep;
    its time, and the delta of what is sold, are left to the strategy. Rolled, it is the same side anew, further out.
    Adjusted, a spread on the other side joins it while its own is tested, and is rolled nearer as it decays.
    """

    __slots__ = ("_open", "_untested", "own")

    name: ClassVar[str] = "credit_spread"
    asset_classes: ClassVar[frozenset[AssetClass]] = frozenset({AssetClass.OPTIONS})
    Parameters: ClassVar[type[AnyParameters]] = CreditSpreadParameters

    def __init__(self, parameters: CreditSpreadParameters) -> None:
        self.own = parameters
        self._untested = Untested(f"{parameters.underlying} untested spread", parameters.max_adjustments)
        super().__init__(parameters, f"{parameters.underlying} credit spread")

    def start_day(self) -> None:
        """Everything belongs to one day."""
        super().start_day()
        self._untested.start_day()

    def on_bar(self, bar: Bar, view: View) -> Signal | None:
        """As every seller of premium; then the untested side, which ends with the day and not with the first."""
        before = self._count
        signal = super().on_bar(bar, view)
        if not self.own.max_adjustments or self._count != before:
            return signal
        minute = (bar.ts - self._first) // NANOSECONDS_A_MINUTE
        adjustment = self._adjust(minute, bar, view)
        why = "its time is over" if minute >= self.own.exit_minutes else ""
        return signal or self._untested.leave(view, why) or adjustment

    def _adjust(self, minute: int, bar: Bar, view: View) -> EnterBasket | None:
        main = self._structure
        if main is None:
            return None
        there = not self._over and not self._settled and minute <= self.own.last_minutes
        tested = there and self._likeliest(main, bar, view)[1] > self.own.adjust_short_delta
        return self._untested.look(
            minute, bar, view, tested=tested, breached=self._breached,
            build=lambda name: self._built(name, -main.side, bar, view, {"adjusts": rupees(main.spot)}),
        )

    @classmethod
    def outline(cls, parameters: CreditSpreadParameters, step: Paise, forward: Paise) -> Outline:
        """Legs by rule: kind, side, strike (paise). The sold one counts as at the money where quotes must choose it."""
        sold = forward - step * (parameters.short_strikes if parameters.strike_by == "steps" else 0)
        return (Kind.PUT, 1, sold - step * parameters.width_strikes), (Kind.PUT, -1, sold)

    def _open_day(self, bar: Bar) -> None:
        self._open = bar.open

    def _build(self, name: str, bar: Bar, view: View) -> tuple[EnterBasket, Structure] | None:
        """The first one needs a move; one that follows it is on its side."""
        move = (bar.close - self._open) * 100 / self._open
        before = self._structure
        if before is None and (abs(move) < self.own.min_move_percent or not move):
            return None
        side = before.side if before is not None else 1 if move > 0 else -1
        return self._built(name, side, bar, view, {"move_percent": round(move, 3)})

    def _built(
        self, name: str, side: int, bar: Bar, view: View, more: Mapping[str, float],
    ) -> tuple[EnterBasket, Structure] | None:
        """The spread for a market that moves to `side`, as the parameters choose it. more: numbers for its reason."""
        now = bar.ts + NANOSECONDS_A_MINUTE
        offers = offers_of(view, self._legs(side, bar.close, now, view))
        if len(offers) != 2 or any(offer.fault(now, self._liquidity) for offer in offers):
            return None
        spread = self._spread(name, side, offers, {"underlying": rupees(bar.close), **more})
        if spread is None:
            return None
        legs = [(offers[0].instrument, 1), (offers[1].instrument, -1)]
        return spread, Structure(legs, offers[1].bid - offers[0].ask, spread, bar.close, side)

    def _legs(self, side: int, spot: int, now: int, view: View) -> Sequence[Instrument]:
        """The bought and the sold option; none where the chain does not reach so far out."""
        own = self.own
        expiry = expiry_of(view, own.underlying, own.expiry, own.min_days_to_expiry)
        chain = [o for o in view.options(own.underlying) if o.kind is _SOLD[side] and o.expiry == expiry]
        # In order of going further out of the money: down for puts, up for calls.
        ladder = sorted(chain, key=lambda o: -side * o.strike)
        if expiry is None or not ladder or not ladder[0].strike * side >= spot * side:
            return ()
        if own.strike_by == "steps":
            sold = min(range(len(ladder)), key=lambda n: abs(ladder[n].strike - spot)) + own.short_strikes
        else:
            priced = chain_of(view, own.underlying, expiry, now, self._liquidity)
            row = None if priced is None else pick(
                priced, _SOLD[side], own.strike_by, own.short_strikes, own.short_delta, own.short_premium_paise,
                own.short_distance_percent,
            )
            if row is None:
                return ()
            sold = ladder.index(row.instrument)
        bought = sold + own.width_strikes
        return (ladder[bought], ladder[sold]) if bought < len(ladder) else ()

    def _spread(
        self, name: str, side: int, offers: Sequence[Offer], numbers: Mapping[str, float],
    ) -> EnterBasket | None:
        """None where it brings in too little for what it may cost."""
        (hedge, short), own = offers, self.own
        bought, sold = hedge.instrument, short.instrument
        width, credit = abs(sold.strike - bought.strike), short.bid - hedge.ask
        if credit * 100 < own.min_credit_percent * width:
            return None
        numbers = {
            **numbers, "sold_strike": rupees(sold.strike), "bought_strike": rupees(bought.strike),
            "credit": rupees(credit), "most_lost": rupees(width - credit),
        }
        what = "rising: a put spread below it" if side > 0 else "falling: a call spread above it"
        return EnterBasket(
            name, [Leg(bought.symbol, 1), Leg(sold.symbol, -1, 0, short.bid * own.stop_percent / 100)],
            credit * own.loss_percent / 100, credit * own.profit_percent / 100, f"{own.underlying} is {what}", numbers,
        )
