"""Prices of orders, from what the market shows to the tick and within the day's price band."""

from common.market.money import Paise
from common.trading.slot import Slot


def touch(slot: Slot, side: int) -> Paise:
    """The price that an order of `side` meets: ask or bid where known, else the last close. 0 before the first bar."""
    bar = slot.last
    if bar is None:
        return 0
    quoted = bar.ask if side > 0 else bar.bid
    return quoted or bar.close


def within_band(slot: Slot, price: Paise) -> Paise:
    """`price` moved to the nearest one that the exchange takes today."""
    if slot.upper and price > slot.upper:
        return slot.instrument.round_down(slot.upper)
    if price < slot.lower:
        return slot.instrument.round_up(slot.lower)
    return price


def marketable(slot: Slot, side: int, width_percent: float) -> Paise:
    """A limit that reaches `width_percent` through the touch, on the tick and in the band."""
    price = touch(slot, side) * (1 + side * width_percent / 100)
    rounded = slot.instrument.round_up(price) if side > 0 else slot.instrument.round_down(price)
    return within_band(slot, rounded)


def stop_limit(slot: Slot, trigger: Paise, side: int, gap_percent: float) -> Paise:
    """The limit of a stop order of `side`, `gap_percent` behind its trigger, on the tick and in the band."""
    limit = trigger * (1 + side * gap_percent / 100)
    rounded = slot.instrument.round_up(limit) if side > 0 else slot.instrument.round_down(limit)
    return within_band(slot, rounded)


def away_from(slot: Slot, price: float, direction: int, distance: Paise) -> Paise:
    """The tick at `distance` above (+1) or below (-1) `price`, rounded towards it, in the band."""
    level = price + direction * distance
    rounded = slot.instrument.round_down(level) if direction > 0 else slot.instrument.round_up(level)
    return within_band(slot, rounded)


def target_reached(slot: Slot, mark: Paise) -> bool:
    """Whether the mark is at or beyond the target."""
    return mark >= slot.target_price if slot.quantity > 0 else mark <= slot.target_price


def stop_reached(slot: Slot) -> bool:
    """Whether the market is already at or through the stop: it would be refused."""
    bar = slot.last
    if bar is None:
        return False
    return bar.close <= slot.stop_price if slot.quantity > 0 else bar.close >= slot.stop_price
