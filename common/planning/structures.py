"""What a planned option structure may lose, before there are quotes: by its strategy's rule, at its least credit."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from common.exchange.margin import Exposure, MarginRates, margin_of
from common.market.instrument import Instrument, Kind
from common.market.money import Paise
from common.planning.contracts import Chain, index_names
from common.planning.evidence import Evidence
from common.planning.limits import ClassLimits
from common.planning.plan import OptionSelection, Structure, StructureLeg
from common.strategies import registry
from common.trading.margin import PricedLeg, prefixes
from common.trading.payoff import payoff_of

_BASIS: Final = "by rule, at the least credit that the strategy takes"


def structure_margin(legs: Sequence[PricedLeg], units: int) -> Paise:
    """What the exchange asks while the whole structure is held."""
    exposures = [Exposure(leg.instrument, leg.side * units, leg.side * units, leg.price) for leg in legs]
    return margin_of(exposures, MarginRates())


def planned_structure(
    strategy: str, parameters: dict[str, Any], options: OptionSelection, limits: ClassLimits, evidence: Evidence,
) -> Structure | None:
    """None for a strategy that sells nothing, and where only quotes can say which strikes it takes.

    A larger credit than the least loses less and wins more a lot, of which there may then be more. lots: what the
    limits allow, 0 where not even one; the money is then of one. Margin: without the premium of what is bought.
    """
    outline: Callable[..., Any] | None = getattr(registry.get(strategy), "outline", None)
    chain = next((c for c in evidence.chains if (c.underlying, c.expiry) == (options.underlying, options.expiry)), None)
    if outline is None or chain is None or not chain.strike_step_paise:
        return None
    built: Any = registry.build(strategy, parameters)
    checked = built.parameters
    step = chain.strike_step_paise
    money = round(_last_price(evidence, chain, options.signal_symbol) / step) * step
    drawn = outline(checked, step, money)
    if not drawn:
        return None
    legs = _priced(drawn, options.underlying, chain.expiry, checked.min_credit_percent)
    found, lot = payoff_of(legs), chain.lot
    loss, need = found.max_loss or 0, max(prefixes(legs))
    most = min(limits.risk_per_trade_paise // max(1, loss), _room(limits) // max(1, need), limits.max_lots * lot)
    units = max(1, most // lot) * lot
    return Structure(
        basis=_BASIS, lots=most // lot, units=units, credit_paise=found.credit * units, max_loss_paise=loss * units,
        max_profit_paise=(found.max_profit or 0) * units, margin_paise=structure_margin(legs, units),
        most_lost_paise=limits.risk_per_trade_paise, most_margin_paise=_room(limits),
        break_evens_paise=tuple(round(spot) for spot in found.break_evens),
        legs=tuple(
            StructureLeg(
                kind="CE" if leg.instrument.kind is Kind.CALL else "PE", side=1 if leg.side > 0 else -1,
                strike_paise=leg.instrument.strike,
            ) for leg in legs
        ),
    )


def _priced(drawn: Any, underlying: str, expiry: date, min_credit_percent: float) -> list[PricedLeg]:
    """The drawn legs at premiums that leave just the least credit; each short is covered by the long of its kind."""
    longs = {kind: (n, strike) for n, (kind, side, strike) in enumerate(drawn) if side > 0}
    shorts = [(kind, strike) for kind, side, strike in drawn if side < 0]
    widest = max(abs(strike - longs[kind][1]) for kind, strike in shorts)
    credit = -(-widest * min_credit_percent // 100) // len(shorts)
    return [
        PricedLeg(_option(underlying, expiry, kind, strike), side, 0 if side > 0 else int(credit),
                  None if side > 0 else longs[kind][0])
        for kind, side, strike in drawn
    ]


def _option(underlying: str, expiry: date, kind: Kind, strike: Paise) -> Instrument:
    return Instrument(f"{strike}{kind}", "", kind, 1, underlying=underlying, expiry=expiry, strike=strike)


def _room(limits: ClassLimits) -> Paise:
    return min(limits.capital_paise * limits.basket_margin_percent // 100, limits.max_order_value_paise)


def _last_price(evidence: Evidence, chain: Chain, signal: str) -> Paise:
    """Of what drives the strategy or of its index; the middle of the listed strikes where neither has a history."""
    for symbol in (signal, *index_names(chain.underlying)):
        close = evidence.features(symbol).previous_close_paise
        if close:
            return close
    return (chain.lowest_strike_paise + chain.highest_strike_paise) // 2
