"""What the store and the broker know of our orders, laid side by side before anything is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.ports import Document
from common.trading.book import purpose_of
from common.trading.ladder import STEP_AFTER
from common.trading.orders import Order, OrderTag, OrderUpdate, Purpose, Status, TransitionError, order_from_fields
from common.trading.restore import order_from_broker

SENT_WITHOUT_STORE: Final[Mapping[str, Any]] = {
    "allowed": True, "code": "exit sent while the store was down", "numbers": {},
}
MAX_NAMED: Final = 20


class Unexplained(Exception):
    """Store and broker do not fit: trading on would be guessing. tags: the orders to look at."""

    def __init__(self, text: str, tags: Sequence[str]) -> None:
        super().__init__(text)
        self.tags = list(tags[:MAX_NAMED])


@dataclass(frozen=True, slots=True)
class Findings:
    """stored: with the version and verdict of each. adopted: exits that only the broker knows.

    awaited: tags that the store says were sent, so lately that the broker's book need not show them yet.
    others: what the broker's book has besides.
    """

    stored: list[tuple[Order, str, Mapping[str, Any]]]
    adopted: list[Order]
    awaited: list[OrderTag]
    others: list[OrderUpdate]

    @property
    def orders(self) -> list[Order]:
        """All of this workload's day."""
        return [*(order for order, _, _ in self.stored), *self.adopted]


def bring_together(
    documents: Sequence[Document], book: Sequence[OrderUpdate], prefix: str, now: int, patience_seconds: float,
) -> Findings:
    """documents: our stored orders. book: the broker's, read after the store. now: nanoseconds UTC. Raises Unexplained.

    An exit that only the broker knows was sent while the store was down, and is ours. An entry is never sent so: it,
    and one that is gone from the broker, mean that one of the two books was lost or replaced.
    """
    told = {update.tag: update for update in book if update.tag.startswith(prefix)}
    stored = [
        (order_from_fields(document.fields), document.version, document.fields["verdict"]) for document in documents
    ]
    known = {order.tag for order, _, _ in stored}
    strange = [tag for tag in told if tag not in known and not _adoptable(told[tag], prefix)]
    missing = [order for order, _, _ in stored if order.broker_id and order.tag not in told]
    patience = int(patience_seconds * NANOSECONDS_A_SECOND)
    awaited = [order.tag for order in missing if now - order.created < patience]
    lost = [order.tag for order in missing if order.tag not in awaited]
    twice = _twice(book, prefix)
    if strange or lost or twice:
        raise Unexplained(
            f"the broker's order book and the store do not fit: {len(strange)} orders of ours are not in the store "
            f"({', '.join(strange[:3])}), {len(lost)} are not at the broker ({', '.join(lost[:3])}), {len(twice)} are "
            f"there twice ({', '.join(twice[:3])}): a book was lost or replaced, or a second workload runs. Compare "
            "them, close what is open by hand, and start afresh", [*strange, *lost, *twice],
        )
    for order, _, _ in stored:
        if order.tag in told:
            _catch_up(order, told[order.tag])
    adopted = [
        order_from_broker(told[tag], _sequence(tag, prefix), told[tag].ts) for tag in told if tag not in known
    ]
    others = [update for update in book if not update.tag.startswith(prefix)]
    return Findings(stored, adopted, awaited, others)


def _catch_up(order: Order, update: OrderUpdate) -> None:
    """Fills and terms that the store has not heard of, so that stop, target and ladder are rebuilt from all there is.

    Every other status, and what is odd, are left to the session: it hears the same book next.
    """
    if update.terms is not None and order.working:
        order.kind, order.quantity, order.price, order.trigger = update.terms
        if order.wanted and order.wanted != order.price:
            # It never reached the broker: the step is taken again, and not before its time.
            order.steps, order.stepped_at = max(0, order.steps - 1), max(0, order.stepped_at - STEP_AFTER)
    with suppress(TransitionError):
        for fill in update.fills:
            order.add_fill(fill)
        if order.filled == order.quantity and update.status is Status.COMPLETE:
            order.move(Status.COMPLETE)


def _adoptable(update: OrderUpdate, prefix: str) -> bool:
    number = update.tag[len(prefix) : -1]
    whole = bool(update.symbol and update.side and update.terms)
    return whole and number.isdecimal() and purpose_of(update.tag) is Purpose.EXIT


def _sequence(tag: str, prefix: str) -> int:
    return int(tag[len(prefix) : -1])


def _twice(book: Sequence[OrderUpdate], prefix: str) -> list[OrderTag]:
    """Tags under which the broker has more than one order."""
    ids = {(update.tag, update.broker_id) for update in book if update.tag.startswith(prefix)}
    return [tag for tag, count in Counter(tag for tag, _ in ids).items() if count > 1]
