"""Our orders and trades of a day against the broker's book: what differs, and whether that is explained."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from common.market.calendar import SessionTimes
from common.market.money import Paise, paise_from_rupees, rupees_text
from common.market.tables import row_in_force, toml_table
from common.trading.book import purpose_of
from common.trading.charges import ChargeRates
from common.trading.closing import Closing, closing_of
from common.trading.orders import Order, OrderUpdate, Purpose, Status

_NEVER_ARRIVED: Final = frozenset({Status.INTENDED, Status.UNKNOWN})
_NEVER_THERE: Final = frozenset({Status.NOT_PLACED, Status.REJECTED})
_BY_THE_BROKER: Final = ("rms", "square")


class What(StrEnum):
    """What a difference is about."""

    MISSING_AT_BROKER = "missing at the broker"
    MISSING_IN_STORE = "missing in the store"
    TAG_TWICE = "tag twice"
    TERMS = "symbol or side"
    STATUS = "status"
    FILLS = "fills"
    STILL_WORKING = "still working"
    POSITION = "position"
    FOREIGN = "foreign order"
    PROFIT = "profit and loss"
    CHARGES = "charges"
    UNREAD = "order book"


@dataclass(frozen=True, slots=True)
class Difference:
    """explained: why nobody need look, '' for an alarm. tag, symbol: '' where there is none.

    quantity: signed units that are left open; charges: what the broker takes besides, paise.
    """

    what: What
    text: str
    tag: str = ""
    symbol: str = ""
    explained: str = ""
    quantity: int = 0
    charges: Paise = 0


@dataclass(frozen=True, slots=True)
class Books:
    """One workload's day in the store. prefix: how its tags begin. trades: as `trade_fields` makes them."""

    prefix: str
    orders: Sequence[Order]
    trades: Sequence[Mapping[str, Any]]
    rates: ChargeRates
    times: SessionTimes


def reconcile(books: Books, updates: Sequence[OrderUpdate]) -> list[Difference]:
    """updates: the broker's whole book after the close, fills included, others' orders too. Empty when all agrees."""
    known: dict[str, Order] = {order.tag: order for order in books.orders}
    told = _by_tag(update for update in updates if update.tag.startswith(books.prefix))
    symbols = {order.symbol for order in books.orders} | {one.symbol for same in told.values() for one in same} - {""}
    foreign = [one for one in updates if not one.tag.startswith(books.prefix) and one.symbol in symbols]
    closings = {symbol: closing_of(symbol, known, told, foreign) for symbol in sorted(symbols)}
    found = [one for order in books.orders for one in _order(order, told.get(order.tag, []))]
    found += [_unstored(same[-1], closings.get(same[-1].symbol)) for tag, same in told.items() if tag not in known]
    for closing in closings.values():
        found += _others(books, closing)
        if closing.left:
            text = f"{closing.left} {closing.symbol} are open at the broker after the close: it may carry them"
            found.append(Difference(What.POSITION, text, symbol=closing.symbol, quantity=closing.left))
        else:
            found += _money(books, closing)
    return found


def difference_fields(difference: Difference) -> dict[str, Any]:
    """As JSON; charges in paise."""
    fields = asdict(difference)
    charges = fields.pop("charges")
    return {**fields, "what": difference.what.value, "charges_paise": charges}


def filled(update: OrderUpdate) -> int:
    """Units that the broker says are filled: its count, or its fills where they are ahead."""
    return max(update.filled, sum(fill.quantity for fill in update.fills))


def square_off_fee(times: SessionTimes, rates: ChargeRates) -> Paise:
    """What the broker takes for closing one position itself, GST included. Source: data/square_off.toml."""
    rows = toml_table("common.trading", "square_off.toml")["fee"]
    fee = paise_from_rupees(row_in_force(rows, max(times.date, rows[0]["from"]), "square-off fee")["rupees"])
    return fee + (fee * rates.gst_percent + 50) // 100


def _by_tag(updates: Iterator[OrderUpdate]) -> dict[str, list[OrderUpdate]]:
    """The last word on each of the broker's orders, by our tag; more than one under a tag is a fault."""
    orders: dict[str, dict[str, OrderUpdate]] = defaultdict(dict)
    for update in updates:
        orders[update.tag][update.broker_id] = update
    return {tag: list(same.values()) for tag, same in orders.items()}


def _order(order: Order, told: Sequence[OrderUpdate]) -> Iterator[Difference]:
    """One order of ours that the store has."""
    tag, symbol = order.tag, order.symbol
    if not told:
        yield from _absent(order)
        return
    if len(told) > 1:
        ids = ", ".join(one.broker_id for one in told)
        yield Difference(What.TAG_TWICE, f"the broker has {len(told)} orders with this tag: {ids}", tag, symbol)
    update = next((one for one in told if one.broker_id == order.broker_id), told[0])
    if (update.symbol or symbol, update.side or order.side) != (symbol, order.side):
        text = f"we meant {order.side:+d} {symbol}, the broker has {update.side:+d} {update.symbol}"
        yield Difference(What.TERMS, text, tag, symbol)
    same_fills = _same_fills(order, update)
    if not same_fills:
        text = f"{order.filled} filled in the store, {filled(update)} at the broker, or not at the same prices"
        yield Difference(What.FILLS, text, tag, symbol)
    if order.status is not update.status:
        ended = order.working and update.status.terminal and same_fills
        why = "the broker ended it after the workload's last look, and nothing more was filled" if ended else ""
        text = f"{order.status} in the store, {update.status} at the broker"
        yield Difference(What.STATUS, text, tag, symbol, why)
    if not update.status.terminal:
        text = f"it works at the broker after the close ({update.status}): cancel it"
        yield Difference(What.STILL_WORKING, text, tag, symbol)


def _absent(order: Order) -> Iterator[Difference]:
    sent = bool(order.broker_id or order.fills)
    if order.status in _NEVER_THERE and not sent:
        return
    why = "" if sent or order.status not in _NEVER_ARRIVED else "its request never arrived: nothing was filled"
    yield Difference(
        What.MISSING_AT_BROKER, f"{order.status} in the store, not in the broker's book", order.tag, order.symbol, why,
    )


def _same_fills(order: Order, update: OrderUpdate) -> bool:
    if order.filled != filled(update):
        return False
    ours = {(fill.id, fill.price, fill.quantity) for fill in order.fills}
    return not update.fills or ours == {(fill.id, fill.price, fill.quantity) for fill in update.fills}


def _unstored(update: OrderUpdate, closing: Closing | None) -> Difference:
    """An exit may go out while the store is down; an entry never may."""
    exit_that_closed = purpose_of(update.tag) is Purpose.EXIT and closing is not None and not closing.left
    why = "an exit sent while the store was down, and the symbol is flat" if exit_that_closed else ""
    text = f"{update.status} at the broker with {filled(update)} filled, not in the store"
    return Difference(What.MISSING_IN_STORE, text, update.tag, update.symbol, why)


def _others(books: Books, closing: Closing) -> Iterator[Difference]:
    """Orders that are not ours in our symbol: what they closed of ours is explained, what they opened is not."""
    broker_from = max(books.times.rms_cutoff, books.times.flat_by)
    for update, closed in closing.foreign:
        beyond = filled(update) - closed
        label = f"order {update.broker_id or 'without an id'}"
        if closed:
            words = update.reason.lower()
            by_broker = update.ts >= broker_from or any(word in words for word in _BY_THE_BROKER)
            fee = square_off_fee(books.times, books.rates) if by_broker else 0
            why = "a person closed it by hand"
            if by_broker:
                why = f"the broker squared it off: its fee of {rupees_text(fee)} rupees is in the day's charges"
            text = f"{label} closed {closed} of ours"
            yield Difference(What.FOREIGN, text, update.tag, closing.symbol, why, charges=fee)
        if beyond:
            text = f"{label} traded {update.side * beyond:+d} that closed nothing of ours, in a symbol that we trade"
            yield Difference(What.FOREIGN, text, update.tag, closing.symbol)


def _money(books: Books, closing: Closing) -> Iterator[Difference]:
    """The stored trades of a flat symbol against what its fills give."""
    stored = [trade for trade in books.trades if trade["symbol"] == closing.symbol]
    gross, charges = closing.gross, closing.charges(books.rates).total
    why = "part of it was closed by another's order, whose price the workload did not know" if closing.helped else ""
    said = sum(trade["gross_paise"] for trade in stored)
    if (said, len(stored)) != (gross, len(closing.trips)):
        text = f"{len(stored)} trades of {said} paise gross, the fills give {len(closing.trips)} of {gross}"
        yield Difference(What.PROFIT, text, symbol=closing.symbol, explained=why)
    paid = sum(trade["charges_paise"] for trade in stored)
    if paid != charges:
        text = f"charges of {paid} paise, the fills give {charges}"
        yield Difference(What.CHARGES, text, symbol=closing.symbol, explained=why)
