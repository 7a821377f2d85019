"""The untested side of a spread: sold when the market has come near the other one, and rolled nearer as it decays."""

from collections.abc import Callable
from typing import Final, TypeAlias

from common.market.bar import Bar
from common.strategies.premium import ROLL_AFTER_MINUTES, Structure, closing_cost
from common.trading.strategy import EnterBasket, ExitBasket, View

Built: TypeAlias = tuple[EnterBasket, Structure] | None
WITHIN_MINUTES: Final = 10
"""From when it is due to when it is no longer looked for."""


class Untested:
    """Spreads on the side that the market moves away from, one at a time, at most `most` a day.

    Each is a basket of its own, with its own hedge, margin, profit, loss and stop: the session denies what has no
    room. It is read from the market alone, as the first structure is; the view only says what there is to close.
    """

    __slots__ = ("_count", "_due", "_left", "_name", "_over", "_structure", "most")

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self.most = most
        self.start_day()

    def start_day(self) -> None:
        """Everything belongs to one day."""
        self._count = 0
        self._due = -1
        self._over = True
        self._left: tuple[str, ...] = ()
        self._structure: Structure | None = None

    def look(
        self, minute: int, bar: Bar, view: View, *, tested: bool, build: Callable[[str], Built],
        breached: Callable[[Structure, Bar, View], str],
    ) -> EnterBasket | None:
        """tested: the first structure is there and its sold option has become likely. breached: of a structure, why
        it must go, or ''.
        """
        if self._structure is not None and not self._over:
            self._follow(self._structure, minute, bar, view, breached)
            return None
        if not tested or self._count >= self.most:
            return None
        if self._count and not 0 <= minute - self._due <= WITHIN_MINUTES:
            return None
        built = build(self._named(self._count))
        if built is None:
            return None
        self._count += 1
        self._over, self._structure = False, built[1]
        return built[0]

    def leave(self, view: View, why: str) -> ExitBasket | None:
        """What is to be closed: all of it for the reason `why`, else what has been left."""
        for number in range(self._count):
            name = self._named(number)
            reason = why or (self._left[number] if number < len(self._left) else "")
            if reason and view.basket_open(name):
                return ExitBasket(name, reason)
        return None

    def _follow(
        self, structure: Structure, minute: int, bar: Bar, view: View, breached: Callable[[Structure, Bar, View], str],
    ) -> None:
        """At its profit it has decayed, and may be sold again nearer; at its loss or its delta it is over for today."""
        closing = closing_cost(structure, view)
        gain = structure.credit - closing if closing is not None else 0.0
        why = breached(structure, bar, view)
        decayed = gain >= structure.profit_target > 0
        if not (why or decayed or gain <= -structure.loss_limit < 0):
            return
        self._over = True
        self._left = (*self._left, why or ("it has decayed" if decayed else "its loss is reached"))
        self._due = minute + ROLL_AFTER_MINUTES if decayed and not why else -WITHIN_MINUTES - 1

    def _named(self, number: int) -> str:
        return self._name if not number else f"{self._name} {number + 1}"
