"""May a basket be entered: its shape, its legs, its size, its margin at every prefix, the order rate."""

from collections.abc import Mapping, Sequence
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.calendar import SessionTimes
from common.market.money import Paise
from common.trading import exposure
from common.trading.baskets import OPENED_WITHIN_SECONDS, Basket, send_leg
from common.trading.book import Book
from common.trading.entries import deep_enough, deny, shortable, timely, tradable
from common.trading.greek_limits import judged
from common.trading.limits import Verdict
from common.trading.margin import PricedLeg, prefixes, width, worst_loss
from common.trading.messages import Command
from common.trading.prices import marketable
from common.trading.slot import Slot
from common.trading.strategy import EnterBasket, Leg

MAX_LEGS: Final = 8


def enter_basket(
    book: Book, slots: Mapping[str, Slot], slot: Slot, signal: EnterBasket, times: SessionTimes, now: int,
) -> list[Command]:
    """Size, check and begin a basket: its hedges are sent; `advance` does the rest as fills arrive."""
    out: list[Command] = []
    if signal.name in book.baskets:
        return out
    legs = [slots[leg.symbol] for leg in signal.legs if leg.symbol in slots]
    verdict = _malformed(signal, legs) or timely(book, times, now) or _legs_tradable(book, signal, legs, times, now)
    quantity, need, risk, priced = 0, 0, 0, list[PricedLeg]()
    if verdict is None:
        priced = [_priced(book, leg, of) for leg, of in zip(signal.legs, legs, strict=True)]
        try:
            sold = [one for one, leg in zip(legs, signal.legs, strict=True) if leg.side < 0]
            quantity, need, risk, verdict = _sized(book, priced, slots, sold)
        except ValueError as error:
            verdict = Verdict(False, "uncovered", {"legs": len(legs)})
            book.alarm(slot, "basket", f"basket {signal.name}: {error}", now, out, severity="ERROR")
    if verdict.allowed and book.account.limits.greeks:
        verdict = judged(book, slots, {leg.symbol: leg.side * quantity for leg in signal.legs}, verdict, now)
    if verdict.allowed:
        verdict = _room_for_all(book, signal, legs, quantity, now) or verdict
    if not verdict.allowed:
        deny(book, slot, verdict, now, out)
        return out
    prices = [leg.price for leg in priced]
    basket = Basket(signal, legs, prices, quantity, need, risk, slot.strategy_name, now)
    book.baskets[signal.name] = basket
    for leg_slot in legs:
        leg_slot.basket = basket
    book.account.reserve(signal.name, need, risk)
    for state in basket.hedges:
        send_leg(book, basket, state, verdict, now, out)
    return out


def _malformed(signal: EnterBasket, legs: Sequence[Slot]) -> Verdict | None:
    """Deny what is not a basket of known, distinct options whose shorts are all hedged by a long one and stopped."""
    distinct = len({slot.symbol for slot in legs})
    if not 2 <= distinct == len(legs) == len(signal.legs) <= MAX_LEGS:
        return Verdict(False, "unknown_legs", {"legs": len(signal.legs), "known": len(legs)})
    for leg in signal.legs:
        if leg.side > 0:
            continue
        covered = leg.hedge is not None and 0 <= leg.hedge < len(legs) and signal.legs[leg.hedge].side > 0
        if not covered or leg.stop_distance <= 0:
            return Verdict(False, "uncovered", {"legs": len(legs)})
    hedges = [leg.hedge for leg in signal.legs if leg.side < 0]
    if len(set(hedges)) < len(hedges):
        return Verdict(False, "uncovered", {"legs": len(legs)})
    return None


def _legs_tradable(
    book: Book, signal: EnterBasket, legs: Sequence[Slot], times: SessionTimes, now: int,
) -> Verdict | None:
    for leg, slot in zip(signal.legs, legs, strict=True):
        if slot.busy or slot.basket is not None:
            return Verdict(False, "leg_busy", {})
        # A short is sent after its hedge is filled, up to a minute later: it must be allowed then, too.
        verdict = tradable(book, slot, leg.side, times, now, hedged=True) or shortable(
            slot, leg.side, times, now + OPENED_WITHIN_SECONDS * NANOSECONDS_A_SECOND, hedged=True,
        )
        if verdict is not None:
            return verdict
    return None


def _priced(book: Book, leg: Leg, slot: Slot) -> PricedLeg:
    """At the worst price that its order may get."""
    price = marketable(slot, leg.side, book.policy.entry_width)
    distance = slot.instrument.round_up(leg.stop_distance) if leg.side < 0 else 0
    return PricedLeg(slot.instrument, leg.side, price, leg.hedge, distance)


def _sized(
    book: Book, priced: Sequence[PricedLeg], slots: Mapping[str, Slot], sold: Sequence[Slot],
) -> tuple[int, Paise, Paise, Verdict]:
    """Units, capital, risk and verdict. Raises ValueError where a hedge does not cover its short."""
    account, limits = book.account, book.account.limits
    for leg in priced:
        if leg.hedge is not None:
            width(leg.instrument, priced[leg.hedge].instrument)
    need, loss = max(prefixes(priced)), max(1, worst_loss(priced))
    lot = max(leg.instrument.lot for leg in priced)
    free = limits.capital * limits.basket_margin_percent // 100 - sum(account.reserved.values())
    risk = min(limits.risk_per_trade, account.risk_left() - 1)
    most = min(limits.max_lots * lot, *(leg.instrument.freeze_quantity or 0 for leg in priced))
    wanted = min(risk // loss, min(free, limits.max_order_value) // max(1, need), most) // lot * lot
    long, short = exposure.basket_delta(sold, loss)
    room, index = exposure.room(book, slots, long, short)
    quantity = min(wanted, room // lot * lot)
    refused = account.check_counts(priced[0].instrument)
    if refused is not None:
        return 0, 0, 0, refused
    if not quantity and wanted > 0:
        return 0, 0, 0, Verdict(False, "index_delta", index)
    if quantity <= 0 or any(quantity % leg.instrument.lot for leg in priced):
        numbers = {"need": need, "loss": loss, "lot": lot, "free": free, "risk": risk}
        return 0, 0, 0, Verdict(False, "too_small", numbers)
    verdict = account.check_money(need * quantity, loss * quantity)
    verdict = Verdict(verdict.allowed, verdict.code, {**verdict.numbers, **index})
    return quantity, need * quantity, loss * quantity, verdict


def _room_for_all(
    book: Book, signal: EnterBasket, legs: Sequence[Slot], quantity: int, now: int,
) -> Verdict | None:
    for leg, slot in zip(signal.legs, legs, strict=True):
        thin = deep_enough(book, slot, leg.side, quantity)
        if thin is not None:
            return thin
    if book.rate.throttled(now):
        return Verdict(False, "throttled", {})
    longs = sum(leg.side > 0 for leg in signal.legs)
    if not all(book.rate.entry(now) for _ in range(longs)):
        return Verdict(False, "order_rate", {"orders": longs})
    return None
