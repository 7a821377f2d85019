"""Orders of which we do not know enough: looked up in the broker's book with patience, never sent again."""

from enum import Enum
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.trading.orders import Order, OrderTag
from common.trading.pace import Pace

READ_EVERY: Final = NANOSECONDS_A_SECOND
MIN_READS: Final = 3


class Question(Enum):
    """What is unknown about an order."""

    PLACED = "was it placed"
    CHANGED = "was it changed"
    FILLS = "which fills have not been told"
    ENDED = "has it really ended"


class _Doubt:
    __slots__ = ("first", "question", "reads", "since")

    def __init__(self, question: Question, since: int) -> None:
        self.question = question
        self.since = since
        self.first = 0
        self.reads = 0


class Doubts:
    """open: questions by tag. A read counts when it was begun after the question arose."""

    __slots__ = ("_last_read", "_pace", "open")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.open: dict[OrderTag, _Doubt] = {}
        self._last_read = 0

    def __contains__(self, order: Order) -> bool:
        return order.tag in self.open

    def __bool__(self) -> bool:
        return bool(self.open)

    def raise_(self, order: Order, question: Question, now: int) -> None:
        """Ask from now on; a question that is open already stays, unless the new one is graver.

        Fills that are missing are no answer to whether the order was placed or changed, or has ended: they wait.
        """
        known = self.open.get(order.tag)
        graver = question is not Question.FILLS and known is not None and known.question is not Question.PLACED
        if known is None or (graver and known.question is not question):
            self.open[order.tag] = _Doubt(question, now)

    def clear(self, order: Order) -> None:
        """News has answered it."""
        self.open.pop(order.tag, None)

    def question(self, order: Order) -> Question | None:
        """What is asked about the order, None for nothing."""
        doubt = self.open.get(order.tag)
        return doubt.question if doubt is not None else None

    def read_due(self, now: int, *, active: bool, recovered: bool) -> bool:
        """Whether to read the broker's book now.

        Each second while something is in doubt or nothing has been read yet; while something is being filled as often
        as the pace says.
        """
        every = READ_EVERY if self.open or not recovered else 0
        if not every and active:
            every = int(self._pace.watch_seconds * NANOSECONDS_A_SECOND)
        if not every or now - self._last_read < every:
            return False
        self._last_read = now
        return True

    def tags(self) -> list[OrderTag]:
        """Of all open questions."""
        return list(self.open)

    def answered(self, order: Order, asked: int, *, listed: bool) -> bool:
        """Weigh a successful read, begun at `asked`; True where it answers the question and the doubt is gone.

        listed: whether the order was in the book. What is missing was never placed when it stays missing for as long
        as our patience; then the caller moves it to NOT_PLACED.
        """
        doubt = self.open[order.tag]
        if asked < doubt.since:
            return False
        if listed:
            if doubt.question is Question.FILLS:
                return False  # only the fills themselves answer that
            if asked < doubt.since + self._needed(doubt):
                return False
        elif doubt.question is not Question.PLACED or not self._missing_long_enough(doubt, asked):
            return False
        del self.open[order.tag]
        return True

    def _needed(self, doubt: _Doubt) -> int:
        """How long after the question a read must begin to answer it."""
        confirm = int(self._pace.confirm_seconds * NANOSECONDS_A_SECOND)
        return {Question.ENDED: confirm, Question.CHANGED: 2 * confirm}.get(doubt.question, 0)

    def _missing_long_enough(self, doubt: _Doubt, asked: int) -> bool:
        doubt.reads += 1
        doubt.first = doubt.first or asked
        patience = self._pace.patience_seconds
        if not patience:
            return True
        return doubt.reads >= MIN_READS and asked - doubt.first >= patience * NANOSECONDS_A_SECOND
