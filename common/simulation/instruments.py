"""The small market of a simulated day: three shares, an index, its future and a short chain of its options."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from common.market.instrument import AssetClass, Instrument, Kind

DAYS: Final = (date(2025, 3, 12), date(2025, 8, 29), date(2026, 2, 10), date(2026, 8, 19))
"""Ordinary trading days under each set of hours that the session table knows, away from expiries of the chain."""

INDEX: Final = "NIFTY"
"""Settled in cash, so that no rule on delivery keeps us out near expiry."""
SHARES: Final = {"ALFA": (1500_00, 10), "BRAVO": (420_00, 5), "CHARLI": (98_00, 1)}
"""Price and tick, paise."""
OWN: Final = "DELTA"
"""A share of the universe that the person holds from before: never to be traded."""
INDEX_PRICE: Final = 24_500_00
STRIKE_STEP: Final = 100_00
STRIKES_EACH_SIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Listing:
    """instruments: by symbol. prices: paise at the open, of all but options. chain: symbols of the options."""

    instruments: Mapping[str, Instrument]
    prices: Mapping[str, int]
    chain: tuple[str, ...]
    future: str
    expiry: date

    def of(self, asset_class: AssetClass) -> tuple[str, ...]:
        """What a workload of the asset class decides on."""
        if asset_class is AssetClass.STOCK:
            return (*SHARES, OWN)
        return (self.future,) if asset_class is AssetClass.FUTURES else (INDEX,)


def list_instruments(day: date, random: Random) -> Listing:
    """Instruments of `day`; freeze quantities are drawn low at times, so that orders must be sliced."""
    expiry = day + timedelta(days=6)
    found = [
        Instrument(symbol, "NSE", Kind.EQUITY, tick, freeze_quantity=random.choice((100_000, 300)))
        for symbol, (_, tick) in SHARES.items()
    ]
    found.append(Instrument(OWN, "NSE", Kind.EQUITY, 5, freeze_quantity=100_000))
    found.append(Instrument(INDEX, "NSE", Kind.INDEX, 5))
    future = f"{INDEX}{expiry:%y%b}FUT".upper()
    frozen = random.choice((1800, 150))
    found.append(Instrument(future, "NFO", Kind.FUTURE, 10, 75, 0, INDEX, expiry, 0, frozen))
    chain = [
        Instrument(f"{INDEX}{expiry:%y%m%d}{strike // 100}{kind}", "NFO", kind, 5, 75, 0, INDEX, expiry, strike, frozen)
        for step in range(-STRIKES_EACH_SIDE, STRIKES_EACH_SIDE + 1)
        for strike in (INDEX_PRICE + step * STRIKE_STEP,)
        for kind in (Kind.CALL, Kind.PUT)
    ]
    prices = {symbol: price for symbol, (price, _) in SHARES.items()}
    prices |= {OWN: 777_00, INDEX: INDEX_PRICE, future: INDEX_PRICE + 40_00}
    return Listing(
        {one.symbol: one for one in [*found, *chain]}, prices, tuple(one.symbol for one in chain), future, expiry,
    )
