"""Several option legs as one position: hedges first in, shorts first out, unwound as soon as anything fails."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.money import Paise
from common.trading import exits
from common.trading.book import Book
from common.trading.ladder import leave
from common.trading.limits import Verdict
from common.trading.messages import Command
from common.trading.orders import Kind, Purpose
from common.trading.prices import marketable
from common.trading.slot import Slot
from common.trading.strategy import EnterBasket, Leg

NOT_FILLED: Final = "a leg was not filled"
OPENED_WITHIN_SECONDS: Final = 60
"""A basket that a restart or a pause has kept half open for longer was meant for another market."""


class LegState:
    """One leg of an open basket. leg: as signalled. slot: of its symbol. sent: whether its entry has been sent.

    price: the worst at which it was sized, paise; 0 where that is not known.
    """

    __slots__ = ("leg", "price", "sent", "slot")

    def __init__(self, leg: Leg, slot: Slot, price: Paise) -> None:
        self.leg = leg
        self.slot = slot
        self.price = price
        self.sent = False


class Basket:
    """quantity: units of every leg. need, risk: capital bound and most that can be lost at expiry, paise.

    prices: of the legs, the worst at which they were sized, paise: no short is sold for less, or `risk` would not hold.

    leaving: why it is being closed, '' while it is not. opened: every leg was filled.

    Every entry order carries `fields`, so that a restart knows the whole basket from any of them.
    """

    def __init__(
        self, signal: EnterBasket, slots: Sequence[Slot], prices: Sequence[Paise], quantity: int, need: Paise,
        risk: Paise, strategy: str, created: int,
    ) -> None:
        self.name = signal.name
        self.legs = [
            LegState(leg, slot, price) for leg, slot, price in zip(signal.legs, slots, prices, strict=True)
        ]
        self.quantity = quantity
        self.need = need
        self.risk = risk
        self.strategy = strategy
        self.created = created
        self.loss_limit = int(signal.loss_limit)
        self.profit_target = int(signal.profit_target)
        self.reason = signal.reason
        self.numbers = signal.numbers
        self.leaving = ""
        self.opened = False

    @property
    def hedges(self) -> list[LegState]:
        """The long legs."""
        return [state for state in self.legs if state.leg.side > 0]

    @property
    def shorts(self) -> list[LegState]:
        """The short legs."""
        return [state for state in self.legs if state.leg.side < 0]

    def covered_by(self, slot: Slot) -> int:
        """Units short, or that may still become short, which the long in `slot` has to cover."""
        total = 0
        for state in self.shorts:
            assert state.leg.hedge is not None
            if self.legs[state.leg.hedge].slot is slot:
                entry = state.slot.entry
                total += max(0, -state.slot.quantity) + (entry.remaining if entry is not None else 0)
        return total

    def fields(self) -> Mapping[str, Any]:
        """What a restart needs to know, as JSON."""
        legs = [
            {"symbol": s.leg.symbol, "side": s.leg.side, "hedge": s.leg.hedge, "stop_distance": s.leg.stop_distance,
             "price": s.price}
            for s in self.legs
        ]
        return {
            "name": self.name, "quantity": self.quantity, "created": self.created, "need": self.need,
            "risk": self.risk, "loss_limit": self.loss_limit,
            "profit_target": self.profit_target, "legs": legs,
        }


def basket_from_fields(fields: Mapping[str, Any], slots: Mapping[str, Slot], strategy: str, reason: str) -> Basket:
    """The inverse of `Basket.fields`; which legs have been sent is for the caller to say."""
    legs = [Leg(leg["symbol"], leg["side"], leg["hedge"], leg["stop_distance"]) for leg in fields["legs"]]
    prices = [leg.get("price", 0) for leg in fields["legs"]]
    signal = EnterBasket(fields["name"], legs, fields["loss_limit"], fields["profit_target"], reason)
    of = [slots[leg.symbol] for leg in legs]
    return Basket(signal, of, prices, fields["quantity"], fields["need"], fields["risk"], strategy, fields["created"])


def advance(book: Book, basket: Basket, now: int, out: list[Command], only: Slot | None = None) -> None:
    """After any news of a leg: send what may be sent, protect what is short, unwind what failed, release at the end.

    only: the leg whose price is the news; the others' orders wait for their own price or the timer.
    """
    for state in basket.legs:
        state.slot.resting = False
    basket.opened = basket.opened or _filled(basket)
    if not basket.leaving:
        reason = book.flattening or _trouble(book, basket, now)
        if reason:
            leave_basket(book, basket, reason, now, out)
    if not basket.leaving and not basket.opened:
        _open(book, basket, now, out)
    for state in basket.shorts:
        if only is None or state.slot is only:
            _tend_leg(book, basket, state, abs(state.slot.quantity), now, out)
    for state in basket.hedges:
        slot = state.slot
        if only is None or slot is only:
            spare = slot.quantity - basket.covered_by(slot) if basket.leaving else 0
            _tend_leg(book, basket, state, max(0, spare), now, out)
    over = basket.leaving or all(state.sent for state in basket.legs)
    if over and all(not s.slot.quantity and s.slot.entry is None and not s.slot.exits for s in basket.legs):
        forget(book, basket)


def give_up(book: Book, basket: Basket, now: int, out: list[Command]) -> None:
    """No more entries: a basket whose shorts have not all been sent is closed again."""
    if not all(state.sent for state in basket.legs):
        leave_basket(book, basket, NOT_FILLED, now, out)


def leave_basket(book: Book, basket: Basket, reason: str, now: int, out: list[Command]) -> None:
    """Start to close: entries are cancelled, shorts go first, hedges follow as far as nothing needs them."""
    if basket.leaving:
        return
    basket.leaving = reason
    for state in basket.legs:
        leave(book, state.slot, reason, now, out)


def marked(book: Book, basket: Basket, now: int, out: list[Command]) -> None:
    """A leg has been marked: decide to close the basket at its loss limit or its profit target."""
    if basket.leaving or not basket.opened:
        return
    pnl = sum(s.slot.trip.pnl(s.slot.mark) for s in basket.legs)
    if basket.loss_limit and pnl <= -basket.loss_limit * basket.quantity:
        leave_basket(book, basket, "loss limit", now, out)
    elif basket.profit_target and pnl >= basket.profit_target * basket.quantity:
        leave_basket(book, basket, "profit target", now, out)


def _trouble(book: Book, basket: Basket, now: int) -> str:
    """Why the basket must be closed: a leg that ended short of its quantity, or an exit that has begun."""
    patience = max(OPENED_WITHIN_SECONDS, 3 * book.pace.window_seconds)
    if not basket.opened and now - basket.created > patience * NANOSECONDS_A_SECOND:
        return NOT_FILLED
    for state in basket.legs:
        slot = state.slot
        if slot.leaving:
            return slot.leaving
        if slot.blocked:
            return f"{slot.symbol}: {slot.blocked}"
        if state.sent and slot.entry is None and slot.quantity != state.leg.side * basket.quantity:
            return "stop" if basket.opened else NOT_FILLED
        if state.leg.side < 0 and any(order.filled for order in slot.exits):
            return "stop"
    return ""


def _open(book: Book, basket: Basket, now: int, out: list[Command]) -> None:
    """The next shorts, once every hedge is held in full."""
    if any(state.slot.quantity != basket.quantity for state in basket.hedges):
        return
    for state in basket.shorts:
        if not state.sent:
            if not book.rate.entry(now):
                return
            send_leg(book, basket, state, Verdict(True, "hedged", {"hedge": basket.quantity}), now, out)


def _filled(basket: Basket) -> bool:
    return all(state.slot.quantity == state.leg.side * basket.quantity for state in basket.legs)


def _tend_leg(book: Book, basket: Basket, state: LegState, need: int, now: int, out: list[Command]) -> None:
    slot = state.slot
    if slot.quantity == 0:
        exits.tidy(book, slot, now, out)
        return
    if basket.leaving and not slot.leaving:
        leave(book, slot, basket.leaving, now, out)
    exits.guard(book, slot, need, now, out)


def send_leg(
    book: Book, basket: Basket, state: LegState, verdict: Verdict, now: int, out: list[Command],
) -> None:
    """Commit and place one leg's entry. A short, sent up to a minute after it was sized, waits at that price or better.

    What has fallen since is not sold: the basket is then unwound as one with a leg that was not filled.
    """
    slot, leg = state.slot, state.leg
    state.sent = True
    distance = slot.instrument.round_up(leg.stop_distance) if leg.stop_distance > 0 else 0
    price = marketable(slot, leg.side, book.policy.entry_width)
    slot.entry = slot.entry_order = book.send(
        slot, Purpose.ENTRY, leg.side, basket.quantity, Kind.LIMIT, max(price, state.price) if leg.side < 0 else price,
        0, now, verdict, out, strategy=basket.strategy, reason=basket.reason, numbers=basket.numbers,
        stop_distance=distance, basket=basket.fields(),
    )


def forget(book: Book, basket: Basket) -> None:
    """Nothing of the basket is open or working any more: its result is judged as one."""
    book.baskets.pop(basket.name, None)
    if basket.name in book.account.results:
        book.account.judge(basket.name, basket.legs[0].slot.instrument)
    book.account.release(basket.name)
    for state in basket.legs:
        state.slot.settle()
        state.slot.basket = None
