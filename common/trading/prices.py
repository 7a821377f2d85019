"""Prices of orders, from what the market shows to the tick."""

from common.market.money import Paise
from common.trading.slot import Slot


def touch(slot: Slot, side: int) -> Paise:
    """The price that an order of `side` meets: ask or bid where known, else the last close. 0 before the first bar."""
    bar = slot.last
    if bar is None:
        return 0
    quoted = bar.ask if side > 0 else bar.bid
    return quoted or bar.close


def marketable(slot: Slot, side: int, width_percent: float) -> Paise:
    """A limit that reaches `width_percent` through the touch, on the tick."""
    price = touch(slot, side) * (1 + side * width_percent / 100)
    return slot.instrument.round_up(price) if side > 0 else slot.instrument.round_down(price)


def stop_limit(slot: Slot, trigger: Paise, side: int, gap_percent: float) -> Paise:
    """The limit of a stop order of `side`, `gap_percent` behind its trigger, on the tick."""
    limit = trigger * (1 + side * gap_percent / 100)
    return slot.instrument.round_up(limit) if side > 0 else slot.instrument.round_down(limit)


def away_from(slot: Slot, price: float, direction: int, distance: Paise) -> Paise:
    """The tick at `distance` above (+1) or below (-1) `price`, rounded towards it."""
    level = price + direction * distance
    return slot.instrument.round_down(level) if direction > 0 else slot.instrument.round_up(level)


def target_reached(slot: Slot, mark: Paise) -> bool:
    """Whether the mark is at or beyond the target."""
    return mark >= slot.target_price if slot.quantity > 0 else mark <= slot.target_price
