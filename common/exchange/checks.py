"""What the broker and the exchange refuse, in their words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from common.exchange.margin import MarginRates
from common.exchange.resting import Terms
from common.market.instrument import Instrument
from common.market.instrument import Kind as InstrumentKind
from common.market.money import Paise, rupees_text
from common.market.rules import price_band, stop_limit_gap
from common.trading.errors import OrderRejected
from common.trading.orders import SL

OUTSIDE_CIRCUIT: Final = "Price exceeds circuit limits for the instrument. Place an order within the daily range."
"""Said of the daily band and of an option's dynamic one alike."""
OUTSIDE_PROTECTION: Final = (
    "The order was cancelled by the exchange because the price is outside the current allowed limit price protection "
    "range."
)
GAP_TOO_WIDE: Final = "16448 : Difference between limit price and trigger price is beyond permissible range"
NO_PROTECTION: Final = (
    "Market orders without market protection are not allowed via API. Please set market protection or use a Limit "
    "order."
)
NOT_TRADING: Final = "Security is not allowed to trade in this market: it is halted"
SQUARE_OFF_BLOCK: Final = "RMS:Auto Square Off Block"
BEING_PROCESSED: Final = "Order cannot be changed as it is being processed. Try later."
TOO_MANY_CHANGES: Final = "Maximum allowed order modifications exceeded."
RMS_CANCELLED: Final = "RMS:Auto Square Off: pending orders are cancelled"

_DERIVATIVES: Final = (InstrumentKind.FUTURE, InstrumentKind.CALL, InstrumentKind.PUT)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is refused besides lots, ticks, freeze quantity and triggers through the last price.

    All off by default: a replay of recorded bars knows no bands, no funds and no broker's clock.
    on: date whose caps on the gap of a stop and whose bands of derivatives apply; None: neither is looked at.
    rms_cutoff: nanoseconds UTC from which the broker takes no intraday order; None: never.
    modifications: most changes of one order (25 at the broker); None: any number.
    margin, cash: the account's funds, cash in paise; None: they are not looked at.
    """

    on: date | None = None
    rms_cutoff: int | None = None
    modifications: int | None = None
    margin: MarginRates | None = None
    cash: Paise = 0


class Checks:
    """instruments: by symbol; traded: those that are not only watched.

    bands: lowest and highest price of the day by symbol, paise, 0 for none.
    priced: whether the price of a limit order is looked at. banded: options, where their dynamic band is.

    What looks raises OrderRejected.
    """

    def __init__(self, instruments: Mapping[str, Instrument], rules: Rules) -> None:
        self.instruments = instruments
        self.traded = {symbol: one for symbol, one in instruments.items() if one.asset_class is not None}
        self.rules = rules
        self.bands: dict[str, tuple[Paise, Paise]] = {}
        self.priced = rules.on is not None
        self.banded = frozenset(
            symbol for symbol, one in instruments.items() if rules.on is not None and one.kind in _DERIVATIVES
        )

    def set_band(self, symbol: str, lower: Paise, upper: Paise) -> None:
        """0 for no bound."""
        self.bands[symbol] = (lower, upper)
        self.priced = True

    def look_at_terms(self, instrument: Instrument, terms: Terms) -> None:
        """Lots, freeze quantity, ticks: what terms say by themselves, at the broker's door."""
        kind, quantity, price, trigger = terms
        if quantity <= 0 or quantity % instrument.lot:
            raise OrderRejected(f"Quantity {quantity} is not a multiple of the lot size of {instrument.lot}")
        freeze = instrument.freeze_quantity
        if freeze is not None and quantity > freeze:
            raise OrderRejected(
                f"The order quantity {quantity} is higher than the maximum quantity of {freeze} (freeze quantity) "
                "allowed by the exchanges. Please reduce the order quantity or use iceberg orders."
            )
        tick = instrument.tick
        if price <= 0 or price % tick or (kind is SL and (trigger <= 0 or trigger % tick)):
            raise OrderRejected(
                f"Tick size for this script is {rupees_text(tick)}. Kindly enter price in the multiple of tick size "
                f"for this script: {rupees_text(price)}, {rupees_text(trigger)} are not"
            )

    def look_at_price(self, instrument: Instrument, side: int, terms: Terms, last: Paise, reference: float) -> None:
        """Trigger and price against the market: `last` and `reference` in paise, 0 where not known."""
        kind, _, price, trigger = terms
        stop = kind is SL
        if stop and last and (trigger - last) * side <= 0:
            what, how = ("buy", "higher") if side > 0 else ("sell", "lower")
            raise OrderRejected(f"Trigger price for stoploss {what} orders should be {how} than the last traded price.")
        if self._outside_day(instrument.symbol, price, trigger if stop else price):
            raise OrderRejected(OUTSIDE_CIRCUIT)
        on = self.rules.on
        if on is None:
            return
        if stop and abs(price - trigger) > stop_limit_gap(instrument.kind, trigger, on):
            raise OrderRejected(GAP_TOO_WIDE)
        if not stop and self._outside_band(instrument, side, price, reference):
            raise OrderRejected(OUTSIDE_CIRCUIT)

    def may_be_released(self, symbol: str, side: int, price: Paise, reference: float) -> bool:
        """Whether a stop that has triggered becomes a limit order, or is cancelled: only now is its price looked at."""
        if self._outside_day(symbol, price):
            return False
        return not self._outside_band(self.instruments[symbol], side, price, reference)

    def _outside_day(self, symbol: str, *prices: Paise) -> bool:
        if symbol not in self.bands:
            return False
        lower, upper = self.bands[symbol]
        return any(price < lower or (upper and price > upper) for price in prices)

    def _outside_band(self, instrument: Instrument, side: int, price: Paise, reference: float) -> bool:
        """Only a price that pays too much or asks too little: those that only wait are taken."""
        on = self.rules.on
        if on is None or not reference or instrument.symbol not in self.banded:
            return False
        lower, upper = price_band(instrument.kind, round(reference), on)
        return price > upper if side > 0 else price < lower
