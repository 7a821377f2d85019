"""The margin that positions and orders need: a plain stand-in for SPAN, on the side of asking too much."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from common.market.instrument import Instrument, Kind
from common.market.money import Paise


@dataclass(frozen=True, slots=True)
class MarginRates:
    """equity_percent: of the value of shares; 20: the least that SEBI's peak margin rule of 2021-09 leaves a broker.

    future_percent: of the contract's value; 12: SPAN of an index of some 10, and 2 of exposure margin.
    short_option_percent: of the strike's value, naked; 12, for the same reasons: SPAN's worst case is the future's.
    """

    equity_percent: int = 20
    future_percent: int = 12
    short_option_percent: int = 12


class Exposure(NamedTuple):
    """What can become of one symbol if all its orders on one side fill: signed units, at `price` paise each."""

    instrument: Instrument
    least: int
    most: int
    price: Paise


def margin_of(exposures: Iterable[Exposure], rates: MarginRates) -> Paise:
    """Paise needed for all of them together.

    Shares, futures: a percentage of the larger side. Options held or being bought: their premium. Options short: the
    strike's percentage, or, where a long option of the same kind, underlying and expiry covers it, the most that the
    pair can lose at expiry if that is less (the premium received does not count). A long option covers only with
    what is left of it if all its sales fill, and not before it is bought: the broker gives no benefit for a hedge
    that may not come. Pairs are taken in the order of what they save. Not looked at: offsets between calls and puts,
    between expiries, with futures; volatility; the broker's extra margins.
    """
    needed = 0
    chains: dict[tuple[str, date | None, Kind], list[Exposure]] = {}
    for one in exposures:
        instrument = one.instrument
        if instrument.kind in (Kind.CALL, Kind.PUT):
            needed += max(0, one.most) * one.price
            chains.setdefault((instrument.underlying, instrument.expiry, instrument.kind), []).append(one)
        else:
            percent = rates.future_percent if instrument.kind is Kind.FUTURE else rates.equity_percent
            needed += max(abs(one.least), abs(one.most)) * one.price * percent // 100
    return needed + sum(_of_shorts(chain, rates) for chain in chains.values())


def _of_shorts(chain: list[Exposure], rates: MarginRates) -> Paise:
    """Of the short options of one kind, underlying and expiry."""
    short = {one.instrument.strike: -one.least for one in chain if one.least < 0}
    cover = {one.instrument.strike: one.least for one in chain if one.least > 0}
    if not short:
        return 0
    naked = {strike: strike * rates.short_option_percent // 100 for strike in short}
    call = chain[0].instrument.kind is Kind.CALL
    pairs = sorted(
        (_width(strike, hedge, call=call) - naked[strike], strike, hedge) for strike in short for hedge in cover
    )
    needed = sum(naked[strike] * units for strike, units in short.items())
    for saved, strike, hedge in pairs:
        units = min(short[strike], cover[hedge])
        if saved < 0:
            needed += saved * units
            short[strike] -= units
            cover[hedge] -= units
    return needed


def _width(strike: Paise, hedge: Paise, *, call: bool) -> Paise:
    """The most that a short option loses at expiry beyond what its hedge brings, paise a unit."""
    return max(0, hedge - strike if call else strike - hedge)
