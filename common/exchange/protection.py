"""Market orders: a limit order so far through the touch, as the broker makes of them; what does not fill stays open."""

from typing import Final

from common.market.bar import Bar, Quote
from common.market.instrument import Instrument, Kind
from common.market.money import Paise

AUTOMATIC: Final = -1.0
"""The broker chooses the protection by price."""
_BY_PRICE: Final = {
    False: ((100_00, 2.0), (500_00, 1.0), (None, 0.5)),
    True: ((10_00, 5.0), (100_00, 3.0), (500_00, 2.0), (None, 1.0)),
}
"""Options or not: percent for a last price below so many paise.

3% for options at 10 to 100 rupees is what users of 2026 tell; the other steps are not confirmed. They concern only
orders that are not ours: ours say what they want.
"""


def protected_price(
    instrument: Instrument, side: int, event: Bar | Quote, percent: float, band: tuple[Paise, Paise],
) -> Paise:
    """The limit of a market order by `percent` through the touch (the last price where there is none), on the tick.

    Inside the day's band (0 for no bound).
    """
    last = event.last if isinstance(event, Quote) else event.close
    touch = (event.ask if side > 0 else event.bid) or last
    if percent == AUTOMATIC:
        option = instrument.kind in (Kind.CALL, Kind.PUT)
        percent = next(share for below, share in _BY_PRICE[option] if below is None or last < below)
    raw = touch * (1 + side * percent / 100)
    price = instrument.round_down(raw) if side > 0 else instrument.round_up(raw)
    lower, upper = band
    return max(lower, min(price, upper) if upper else price)
