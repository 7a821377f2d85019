"""From a strategy's wish to an order: time, spread, size, risk."""

from typing import Final

from common.market.calendar import SessionTimes
from common.trading.book import Book
from common.trading.messages import Command, Log
from common.trading.orders import Kind, Purpose
from common.trading.prices import marketable, touch
from common.trading.risk import Verdict
from common.trading.slot import Slot
from common.trading.strategy import Enter

MAX_REFUSALS: Final = 3
"""Of one symbol a day: what the broker refuses three times it will refuse again."""


def enter(book: Book, slot: Slot, signal: Enter, times: SessionTimes, strategy: str, now: int) -> list[Command]:
    """Commit and place a marketable limit, or count and report why not; one report a symbol and code."""
    out: list[Command] = []
    if slot.busy:
        return out
    distance = slot.instrument.round_up(signal.stop_distance) if signal.stop_distance > 0 else 0
    price = quantity = 0
    verdict = _timely(times, now) or _tradable(book, slot, signal.side)
    if verdict is None:
        price = marketable(slot, signal.side, book.policy.entry_width)
        # Sized and checked at the worst price: a buyer's is the limit, a short's value is largest at the touch.
        worst = max(price, touch(slot, signal.side))
        quantity = book.account.size(slot.instrument, worst, distance)
        verdict = book.account.check_entry(slot.instrument, worst, quantity, distance)
    if not verdict.allowed:
        _deny(book, slot, verdict, now, out)
        return out
    book.account.reserve(slot.symbol, price, quantity, distance)
    target = slot.instrument.round_up(signal.target_distance) if signal.target_distance > 0 else 0
    slot.entry = slot.entry_order = book.send(
        slot, Purpose.ENTRY, signal.side, quantity, Kind.LIMIT, price, 0, now, verdict, out, strategy=strategy,
        reason=signal.reason, numbers=signal.numbers, stop_distance=distance,
        target_distance=target,
    )
    return out


def _timely(times: SessionTimes, now: int) -> Verdict | None:
    if times.entry_from <= now < times.entry_cutoff:
        return None
    return Verdict(False, "outside_entry_window", {})


def _tradable(book: Book, slot: Slot, side: int) -> Verdict | None:
    if slot.blocked:
        return Verdict(False, "symbol_blocked", {})
    if slot.refusals >= MAX_REFUSALS:
        return Verdict(False, "refused_too_often", {"refusals": slot.refusals})
    if slot.instrument.asset_class is not book.asset_class:
        return Verdict(False, "not_ours", {})
    if slot.last is None:
        return Verdict(False, "no_price", {})
    if side < 0 and not slot.may_short:
        return Verdict(False, "no_short", {})
    bid, ask = slot.last.bid, slot.last.ask
    if bool(bid) != bool(ask):
        return Verdict(False, "one_sided", {"bid": bid, "ask": ask})
    if bid and (ask - bid) * 200 > book.account.limits.max_spread_percent * (ask + bid):
        return Verdict(False, "spread", {"bid": bid, "ask": ask})
    return _near_the_money(slot)


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


def _deny(book: Book, slot: Slot, verdict: Verdict, now: int, out: list[Command]) -> None:
    book.denied[verdict.code] += 1
    if verdict.code in slot.denials:
        return
    slot.denials.add(verdict.code)
    fields = {"symbol": slot.symbol, "code": verdict.code, **verdict.numbers}
    out.append(Log(now, "INFO", f"entry in {slot.symbol} denied: {verdict.code}", fields))
