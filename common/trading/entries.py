"""From a strategy's wish to an order: time, halt, spread, size, risk, order rate."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND, Moment
from common.market.calendar import SessionTimes
from common.market.instrument import AssetClass
from common.market.instrument import Kind as InstrumentKind
from common.trading import exposure
from common.trading.book import Book
from common.trading.changes import slice_of
from common.trading.greek_limits import fitted
from common.trading.halts import HaltLevel
from common.trading.limits import EXIT_ALLOWED, Verdict
from common.trading.messages import Command, Log
from common.trading.orders import ENTRY, LIMIT, OPEN, SENT, TRIGGER_PENDING, Order
from common.trading.prices import marketable, touch
from common.trading.slot import Slot
from common.trading.strategy import Enter

_OPTIONS: Final = (InstrumentKind.CALL, InstrumentKind.PUT)
_STOP_ENTRIES: Final = HaltLevel.STOP_ENTRIES
_WITH_BROKER: Final = (SENT, OPEN, TRIGGER_PENDING)
MAX_REFUSALS: Final = 3
"""Of one symbol a day: what the broker refuses three times it will refuse again."""
UPPER_CIRCUIT_PERCENT: Final = 3
"""No short so near the upper circuit: a share that locks there cannot be bought back."""


def enter(book: Book, slot: Slot, signal: Enter, times: SessionTimes, strategy: str, now: int) -> list[Command]:
    """Commit and place a marketable limit, or count and report why not; one report a symbol and code."""
    out: list[Command] = []
    if slot.busy or slot.basket is not None:
        return out
    instrument = slot.instrument
    distance = instrument.round_up(signal.stop_distance) if signal.stop_distance > 0 else 0
    price = quantity = 0
    verdict = timely(book, times, now) or tradable(book, slot, signal.side, times, now)
    if verdict is None:
        price = marketable(slot, signal.side, book.policy.entry_width)
        # Sized and checked at the worst price: a buyer's is the limit, a short's value is largest at the touch.
        worst = max(price, touch(slot, signal.side))
        quantity = book.account.size(instrument, worst, distance)
        verdict = book.account.check_entry(instrument, worst, quantity, distance)
    if verdict.allowed:
        quantity, verdict = exposure.within(book, slot, signal.side, quantity, verdict)
    if verdict.allowed and instrument.strike and book.account.limits.greeks:
        quantity, verdict = fitted(book, slot, signal.side, quantity, verdict, now)
    if verdict.allowed:
        verdict = deep_enough(book, slot, signal.side, quantity) or with_room(book, now) or verdict
    if not verdict.allowed:
        deny(book, slot, verdict, now, out)
        return out
    need = book.account.need(worst, quantity)
    book.account.reserve(slot.symbol, need, quantity * distance)
    first = min(quantity, slice_of(slot))
    slot.unsent = quantity - first
    slot.entry = slot.entry_order = book.send(
        slot, ENTRY, signal.side, first, LIMIT, price, 0, now, verdict, out, strategy=strategy,
        reason=signal.reason, numbers=signal.numbers, stop_distance=distance, target_distance=_distance(slot, signal),
        trail_distance=instrument.round_up(signal.trail_distance) if signal.trail_distance > 0 else 0,
    )
    slot.entry.need = need
    return out


def next_slice(book: Book, slot: Slot, now: int, out: list[Command]) -> None:
    """An entry above the freeze quantity goes on when its last slice is filled whole and protected; else it ends."""
    last = slot.entry_order
    if last is None or last.remaining or slot.leaving or slot.blocked or book.level or book.account.halted:
        slot.unsent = 0
        return
    if any(order.triggered or order.filled for order in slot.exits):
        slot.unsent = 0  # its stop has been met: whoever is on the way out enters no more
        return
    if now - last.created >= book.policy.entry_timeout_seconds * NANOSECONDS_A_SECOND:
        slot.unsent = 0
        return
    # A stop that the broker has not taken, or of which nobody knows, protects nothing yet.
    protected = sum(order.remaining for order in slot.exits if order.status in _WITH_BROKER) >= abs(slot.quantity)
    if not protected or not book.rate.entry(now):
        return
    quantity = min(slot.unsent, slice_of(slot))
    slot.unsent -= quantity
    slot.entry = slot.entry_order = book.send(
        slot, ENTRY, last.side, quantity, LIMIT, last.price, 0, now, SLICE_ALLOWED, out,
        strategy=last.strategy, reason=last.reason, numbers=last.numbers, stop_distance=last.stop_distance,
        target_distance=last.target_distance, trail_distance=last.trail_distance,
    )
    slot.entry.need, slot.entry.is_slice = last.need, True


SLICE_ALLOWED: Final = Verdict(True, "slice", EXIT_ALLOWED.numbers)
"""The verdict on the first slice was for the whole quantity."""


def timely(book: Book, times: SessionTimes, now: int) -> Verdict | None:
    """Deny outside the entry window and during a halt."""
    if book.level >= _STOP_ENTRIES:
        return Verdict(False, "halted", {"level": int(book.level)})
    if book.flattening:
        return Verdict(False, "flattening", {})
    if times.entry_from <= now < times.entry_cutoff:
        return None
    return Verdict(False, "outside_entry_window", {})


def tradable(
    book: Book, slot: Slot, side: int, times: SessionTimes, now: int, *, hedged: bool = False,
) -> Verdict | None:
    """Deny a symbol that is blocked, not ours, unpriced, too wide, or may not be sold short.

    hedged: a short that is may be sold where a short alone may not.
    """
    if slot.blocked:
        return Verdict(False, "symbol_blocked", {})
    if slot.refusals >= MAX_REFUSALS:
        return Verdict(False, "refused_too_often", {"refusals": slot.refusals})
    instrument = slot.instrument
    if instrument.asset_class is not book.asset_class:
        return Verdict(False, "not_ours", {})
    if instrument.freeze_quantity is None and instrument.asset_class is not AssetClass.STOCK:
        return Verdict(False, "freeze_unknown", {})
    return (
        _locked(slot) or shortable(slot, side, times, now, hedged=hedged) or _priced(book, slot, now)
        or _near_the_money(slot)
    )


def deep_enough(book: Book, slot: Slot, side: int, quantity: int) -> Verdict | None:
    """Deny where the touch shows less than a few times our size, where sizes are known."""
    shown = slot.ask_quantity if side > 0 else slot.bid_quantity
    if shown and isinstance(slot.last, Moment) and shown < book.account.limits.min_touch_ratio * quantity:
        return Verdict(False, "too_thin", {"shown": shown, "quantity": quantity})
    return None


def with_room(book: Book, now: int) -> Verdict | None:
    """Deny where the broker has throttled us or the order rate is used up; takes the room otherwise."""
    if book.rate.throttled(now):
        return Verdict(False, "throttled", {})
    if not book.rate.entry(now):
        return Verdict(False, "order_rate", {"limit": book.account.limits.orders_per_second})
    return None


def deny(book: Book, slot: Slot, verdict: Verdict, now: int, out: list[Command]) -> None:
    """Count a denial; the first of its code for a symbol is reported."""
    book.denied[verdict.code] += 1
    if verdict.code in slot.denials:
        return
    slot.denials.add(verdict.code)
    fields = {"symbol": slot.symbol, "code": verdict.code, **verdict.numbers}
    out.append(Log(now, "INFO", f"entry in {slot.symbol} denied: {verdict.code}", fields))


def too_old(book: Book, order: Order, now: int) -> bool:
    """Whether an entry's remainder should be taken back."""
    return now - order.created >= book.policy.entry_timeout_seconds * NANOSECONDS_A_SECOND


def _distance(slot: Slot, signal: Enter) -> int:
    return slot.instrument.round_up(signal.target_distance) if signal.target_distance > 0 else 0


def _locked(slot: Slot) -> Verdict | None:
    """Deny a share at either circuit: what is bought or sold there may not be got rid of. A derivative has bands."""
    if slot.last is None or slot.instrument.asset_class is not AssetClass.STOCK:
        return None
    close = slot.last.close
    if (slot.upper and close >= slot.upper) or close <= slot.lower:
        return Verdict(False, "circuit_locked", {"close": close, "lower": slot.lower, "upper": slot.upper})
    return None


def shortable(slot: Slot, side: int, times: SessionTimes, now: int, *, hedged: bool) -> Verdict | None:
    """Deny a sale short that is not allowed at all, too late on an option's last day, or near the upper circuit."""
    if side > 0:
        return None
    if not slot.may_short and not hedged:
        return Verdict(False, "no_short", {})
    instrument = slot.instrument
    is_option = instrument.kind in _OPTIONS
    if is_option and instrument.expiry == times.date and now >= times.expiry_short_cutoff:
        return Verdict(False, "expiry_short_cutoff", {})
    if slot.upper and touch(slot, side) * 100 > slot.upper * (100 - UPPER_CIRCUIT_PERCENT):
        return Verdict(False, "near_upper_circuit", {"upper": slot.upper})
    return None


def _priced(book: Book, slot: Slot, now: int) -> Verdict | None:
    bar, limits = slot.last, book.account.limits
    if bar is None:
        return Verdict(False, "no_price", {})
    if isinstance(bar, Moment) and now - bar.ts > limits.max_quote_age_seconds * NANOSECONDS_A_SECOND:
        return Verdict(False, "stale_quote", {"age_seconds": (now - bar.ts) / NANOSECONDS_A_SECOND})
    bid, ask = bar.bid, bar.ask
    if bool(bid) != bool(ask):
        return Verdict(False, "one_sided", {"bid": bid, "ask": ask})
    if bid and (ask - bid) * 200 > limits.max_spread_percent * (ask + bid):
        return Verdict(False, "spread", {"bid": bid, "ask": ask})
    return None


def _near_the_money(slot: Slot) -> Verdict | None:
    universe = slot.universe
    if not universe.strikes_each_side or not slot.instrument.strike:
        return None
    driver = slot.siblings.get(universe.driver)
    if driver is None or driver.last is None:
        return Verdict(False, "no_price", {})
    away = universe.strikes_away(slot.instrument, driver.last.close)
    if away <= universe.strikes_each_side:
        return None
    return Verdict(False, "strike_too_far", {"strikes_away": away, "limit": universe.strikes_each_side})
