"""The option structures of a day for its report: legs, payoff, break-evens, margin, and where the profit came from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from common.market.bar import Bar
from common.market.indian_time import at
from common.market.instrument import AssetClass, Instrument
from common.market.money import Paise, paise_from_rupees
from common.market.tables import OutsideTable
from common.planning.structures import structure_margin
from common.ports import MarketData
from common.research.attribution import LegHistory, attribute
from common.research.workload import Outcome
from common.trading.accounting import TRIPS_APART
from common.trading.margin import PricedLeg
from common.trading.orders import Order
from common.trading.payoff import line, payoff_of

STRIKES_AROUND: Final = 4
"""Beyond the outermost legs, for the forward."""
Fields = Mapping[str, Any]


def structures_of(day: date, outcomes: Sequence[Outcome], market: MarketData) -> list[dict[str, Any]]:
    """One a basket that held anything, in order of time. Money: paise where it is named so, else rupees."""
    found = []
    instruments: dict[str, Instrument] = {}
    for outcome in outcomes:
        if outcome.asset_class is not AssetClass.OPTIONS:
            continue
        for basket, trades in _baskets(outcome):
            instruments = instruments or {one.symbol: one for one in market.instruments(day)}
            found.append(_structure(day, basket, trades, outcome.orders, instruments, market))
    return sorted(found, key=lambda one: str(one["entry_time"]))


def _baskets(outcome: Outcome) -> Iterable[tuple[Fields, list[Fields]]]:
    """Each basket as its entries carry it, with the round trips of its legs."""
    entries = {order.sequence: order for order in outcome.orders if order.basket is not None}
    grouped: dict[tuple[str, int], tuple[Fields, list[Fields]]] = {}
    for trade in outcome.trades:
        entry = entries.get(trade["number"] % TRIPS_APART) if entries else None
        if entry is not None and entry.basket is not None:
            key = (entry.basket["name"], entry.basket["created"])
            grouped.setdefault(key, (entry.basket, []))[1].append(trade)
    return grouped.values()


def _structure(
    day: date, basket: Fields, trades: Sequence[Fields], orders: Sequence[Order], instruments: Mapping[str, Instrument],
    market: MarketData,
) -> dict[str, Any]:
    legs = [instruments[leg["symbol"]] for leg in basket["legs"] if leg["symbol"] in instruments]
    chain = _around(legs, instruments.values())
    bars: defaultdict[str, list[Bar]] = defaultdict(list)
    for bar in market.feed(day, [one.symbol for one in chain]) if chain else ():
        bars[bar.symbol].append(bar)
    gross, charges = (sum(trade[name] for trade in trades) for name in ("gross_paise", "charges_paise"))
    histories = [_history(leg, trades, orders) for leg in legs]
    first = legs[0] if legs else None
    return {
        "name": basket["name"], "strategy": trades[0]["strategy"], "quantity": basket["quantity"],
        "underlying": first.underlying if first else "", "expiry": f"{first.expiry}" if first else "",
        "entry_time": min(trade["entry_time"] for trade in trades),
        "exit_time": max(trade["exit_time"] for trade in trades), "exit_reason": trades[0]["exit_reason"],
        "legs": [_leg(trade) for trade in trades], **_payoff(basket, trades, instruments),
        "attribution": _attribution(histories, chain, bars, gross, charges),
    }


def _attribution(
    legs: Sequence[LegHistory], chain: Sequence[Instrument], bars: Mapping[str, Sequence[Bar]], gross: Paise,
    charges: Paise,
) -> dict[str, int]:
    """Beyond the calendar nobody knows how long an option has to live: all of it is the rest."""
    try:
        return attribute(legs, chain, bars, gross, charges).to_fields()
    except OutsideTable:
        return attribute((), (), {}, gross, charges).to_fields()


def _leg(trade: Fields) -> dict[str, Any]:
    names = ("symbol", "side", "quantity", "entry_price", "exit_price", "gross_paise", "charges_paise", "net_paise")
    return {name: trade[name] for name in names}


def _around(legs: Sequence[Instrument], known: Iterable[Instrument]) -> list[Instrument]:
    """Options of the legs' expiry from some strikes below them to some above."""
    if not legs:
        return []
    same = [one for one in known if one.strike and (one.underlying, one.expiry) == (legs[0].underlying, legs[0].expiry)]
    strikes = sorted({one.strike for one in same})
    places = [strikes.index(leg.strike) for leg in legs]
    near = strikes[max(0, min(places) - STRIKES_AROUND) : max(places) + STRIKES_AROUND + 1]
    return [one for one in same if one.strike in near]


def _history(leg: Instrument, trades: Sequence[Fields], orders: Sequence[Order]) -> LegHistory:
    """Fills of ours in this symbol between the begin and the end of its round trips."""
    spans = [(trade["entry_time"], trade["exit_time"]) for trade in trades if trade["symbol"] == leg.symbol]
    fills = [
        (fill.ts, order.side * fill.quantity) for order in orders if order.symbol == leg.symbol for fill in order.fills
        if any(begun <= at(fill.ts).isoformat() <= ended for begun, ended in spans)
    ]
    return LegHistory(leg, tuple(sorted(fills)))


def _payoff(basket: Fields, trades: Sequence[Fields], instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    """Of the basket as it was filled; nothing where not every leg was, or in another quantity."""
    filled = {trade["symbol"]: trade for trade in trades}
    units = basket["quantity"]
    whole = len(filled) == len(trades) == len(basket["legs"]) and all(
        leg["symbol"] in instruments and filled[leg["symbol"]]["quantity"] == units for leg in basket["legs"]
    )
    if not whole:
        return {}
    priced = [
        PricedLeg(
            instruments[leg["symbol"]], leg["side"], paise_from_rupees(filled[leg["symbol"]]["entry_price"]),
            leg["hedge"],
        ) for leg in basket["legs"]
    ]
    found = payoff_of(priced)
    return {
        "credit_paise": found.credit * units,
        "max_loss_paise": None if found.max_loss is None else found.max_loss * units,
        "max_profit_paise": None if found.max_profit is None else found.max_profit * units,
        "break_evens": [round(spot / 100, 2) for spot in found.break_evens],
        "margin_paise": structure_margin(priced, units),
        "payoff": [[spot / 100, result * units] for spot, result in line(priced)],
    }

