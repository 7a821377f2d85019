"""What must hold after every step of a session, worked out again from the fills alone."""

from collections import defaultdict

from common.exchange.simulated import Exchange
from common.market.instrument import Instrument
from common.trading.charges import round_trip
from common.trading.orders import Order, Purpose
from common.trading.session import Session
from common.trading.trades import Trade


def breaches(session: Session, exchange: Exchange) -> list[str]:
    """Everything that does not hold between two minutes (all updates settled); empty when all is well."""
    found = []
    book = session.book
    held: dict[str, int] = defaultdict(int)
    cash = 0
    for order in book.orders.values():
        resting = exchange.book.get(order.tag)
        if resting is not None and (resting.filled, resting.status) != (order.filled, order.status):
            found.append(f"{order!r} is {resting.filled} {resting.status} at the exchange")
        for one in order.fills:
            held[order.symbol] += order.side * one.quantity
            cash -= order.side * one.quantity * one.price
    found += [f"{tag} is at the exchange without an intent" for tag in exchange.book.keys() - book.orders.keys()]
    for symbol, slot in session.slots.items():
        if slot.quantity != held[symbol]:
            found.append(f"{symbol}: position {slot.quantity}, fills say {held[symbol]}")
        found += _exits(exchange, session.slots[symbol].instrument, held[symbol])
    found += _account(session, held, cash)
    return found


def _exits(exchange: Exchange, instrument: Instrument, held: int) -> list[str]:
    """Working exits for exactly what is held: one, or several that are each below the freeze quantity."""
    symbol, freeze = instrument.symbol, instrument.freeze_quantity
    if held == 0:
        return []
    exits = [o for o in exchange.book.values() if o.symbol == symbol and o.working and o.side * held <= 0]
    left = sum(order.left for order in exits)
    too_large = any(order.quantity > (freeze or order.quantity) for order in exits)
    if left != abs(held) or (freeze is None and len(exits) != 1) or too_large:
        return [f"{symbol}: {held} held, {len(exits)} working exits for {left}"]
    return []


def resting_when_flat(session: Session) -> list[str]:
    """Exits that still work although their symbol is flat: each could open a position that nobody wants."""
    return [
        f"{order!r} works and {order.symbol} is flat" for order in session.book.orders.values()
        if order.purpose is Purpose.EXIT and order.working and session.slots[order.symbol].quantity == 0
    ]


def _account(session: Session, held: dict[str, int], cash: int) -> list[str]:
    account, found = session.book.account, []
    marked = sum(session.slots[symbol].mark * quantity for symbol, quantity in held.items())
    charges = sum(trade.charges.total for trade in session.book.trades)
    net = cash + marked - charges - account.pending_charges
    if account.net != net:
        found.append(f"net is {account.net}, from fills and marks {net}")
    still_open = sum(1 for quantity in held.values() if quantity)
    if account.open_positions != still_open:
        found.append(f"{account.open_positions} open positions counted, {still_open} are open")
    if not still_open and (account.open_pnl, account.pending_charges) != (0, 0):
        found.append(f"flat with open P&L {account.open_pnl}, charges {account.pending_charges} to come")
    if not still_open and account.gross != cash:
        found.append(f"flat with gross {account.gross}, cash says {cash}")
    used, limits = sum(account.reserved.values()), account.limits
    if used > limits.capital or still_open > limits.max_open_positions or account.trades > limits.max_trades:
        found.append(f"beyond limits: {used} paise, {still_open} open, {account.trades} trades")
    found += [f"{symbol} is open and nothing is reserved" for symbol, q in held.items()
              if q and symbol not in account.reserved]
    return found


def trade_breaches(session: Session, orders: list[Order], trades: list[Trade]) -> list[str]:
    """Of a finished, flat day: the trades say what the fills say, to the paisa."""
    found = []
    cash = -sum(order.side * one.quantity * one.price for order in orders for one in order.fills)
    if sum(trade.gross for trade in trades) != cash:
        found.append(f"trades add up to {sum(trade.gross for trade in trades)}, the fills to {cash}")
    bought = sum(one.quantity for order in orders if order.side > 0 for one in order.fills)
    if sum(trade.quantity for trade in trades) != bought:
        found.append("quantities of the trades do not add up to what was bought")
    for trade in trades:
        if trade.net != trade.gross - trade.charges.total:
            found.append(f"{trade}: net is not gross less charges")
        buy, sell = (trade.entry_price, trade.exit_price)[:: trade.side]
        one_each = round_trip(
            session.book.rates, round(buy * trade.quantity), round(sell * trade.quantity), 1, 1
        ).total
        if trade.charges.total < one_each:
            found.append(f"{trade}: charged {trade.charges.total}, one order each way costs {one_each}")
    if len({trade.number for trade in trades}) != len(trades):
        found.append("two trades have one number: the closing order's, and an order closes one round trip")
    if session.book.account.net != sum(trade.net for trade in trades):
        found.append(f"net is {session.book.account.net}, the trades say {sum(trade.net for trade in trades)}")
    return found
