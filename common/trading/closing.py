"""How one symbol's day closed by the broker's fills: round trips, what others closed of ours, what is left open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.market.money import Paise
from common.trading.charges import NO_CHARGES, ChargeRates, Charges, round_trip
from common.trading.orders import Order, OrderUpdate


@dataclass(slots=True)
class Trip:
    """One way from flat to flat. Turnovers: paise. buys, sells: orders that took part."""

    bought: Paise = 0
    sold: Paise = 0
    buys: set[str] = field(default_factory=set)
    sells: set[str] = field(default_factory=set)

    def add(self, order: str, signed: int, price: Paise) -> None:
        """One fill, or a part of one."""
        if signed > 0:
            self.bought += signed * price
            self.buys.add(order)
        else:
            self.sold -= signed * price
            self.sells.add(order)


@dataclass(slots=True)
class Closing:
    """left: signed units of ours still open. trips: whole ones. foreign: others' orders, units of ours each closed."""

    symbol: str
    left: int = 0
    trips: list[Trip] = field(default_factory=list)
    foreign: list[tuple[OrderUpdate, int]] = field(default_factory=list)

    @property
    def helped(self) -> bool:
        """Whether another's order closed something of ours."""
        return any(closed for _, closed in self.foreign)

    @property
    def gross(self) -> Paise:
        """Of the whole trips."""
        return sum(trip.sold - trip.bought for trip in self.trips)

    def charges(self, rates: ChargeRates) -> Charges:
        """Of the whole trips, recomputed from their turnovers and orders."""
        each = (round_trip(rates, t.bought, t.sold, len(t.buys), len(t.sells)) for t in self.trips)
        return sum(each, NO_CHARGES)


@dataclass(frozen=True, slots=True)
class _Row:
    ts: int
    sequence: int
    number: int
    order: str
    signed: int
    price: Paise
    foreign: OrderUpdate | None = None


def closing_of(
    symbol: str, known: Mapping[str, Order], told: Mapping[str, Sequence[OrderUpdate]], foreign: Sequence[OrderUpdate],
) -> Closing:
    """known: our orders by tag; told: the broker's of ours by tag; foreign: others' orders in our symbols.

    The broker's fills count, the store's where the broker has no such order. What the broker counts as filled without
    telling the fills counts for the position, at no price. At one moment ours come first, as in the session.
    """
    rows: list[_Row] = []
    for tag, same in told.items():
        order = known.get(tag)
        for update in same:
            if (order.symbol if order is not None else update.symbol) == symbol:
                side = order.side if order is not None else update.side
                rows += _rows(update, side, order.sequence if order is not None else 0, update.broker_id or tag)
    for tag, order in known.items():
        if tag not in told and order.symbol == symbol:
            rows += [
                _Row(fill.ts, order.sequence, n, tag, order.side * fill.quantity, fill.price)
                for n, fill in enumerate(order.fills)
            ]
    others = [update for update in foreign if update.symbol == symbol]
    for update in others:
        rows += _rows(update, update.side, 0, update.broker_id, update)
    rows.sort(key=lambda row: (row.ts, row.foreign is not None, row.sequence, row.number))
    return _walk(symbol, rows, others)


def _rows(
    update: OrderUpdate, side: int, sequence: int, order: str, foreign: OrderUpdate | None = None,
) -> list[_Row]:
    rows = [
        _Row(fill.ts, sequence, n, order, side * fill.quantity, fill.price, foreign)
        for n, fill in enumerate(update.fills)
    ]
    untold = update.filled - sum(fill.quantity for fill in update.fills)
    if untold > 0:
        rows.append(_Row(update.ts, sequence, len(rows), order, side * untold, 0, foreign))
    return rows


def _walk(symbol: str, rows: Sequence[_Row], others: Sequence[OrderUpdate]) -> Closing:
    """Another's fill closes their own position in the symbol first, then ours; the rest is theirs."""
    found, trip, theirs = Closing(symbol), Trip(), 0
    closed = {id(update): 0 for update in others}
    for row in rows:
        signed = row.signed
        if row.foreign is not None:
            theirs, rest = _net(theirs, signed)
            left, rest = _net(found.left, rest)
            theirs, signed = theirs + rest, left - found.left
            closed[id(row.foreign)] += abs(signed)
        if not signed:
            continue
        found.left += signed
        trip.add(row.order, signed, row.price)
        if found.left == 0:
            found.trips.append(trip)
            trip = Trip()
    found.foreign = [(update, closed[id(update)]) for update in others]
    return found


def _net(position: int, signed: int) -> tuple[int, int]:
    """The position after what of `signed` stands against it, and the rest of `signed`."""
    if position * signed >= 0:
        return position, signed
    used = signed if abs(signed) <= abs(position) else -position
    return position + used, signed - used
