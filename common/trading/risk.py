"""Risk: every entry is allowed or denied with a code and the numbers behind it; exits are never denied."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import Instrument
from common.market.money import Paise


@dataclass(frozen=True, slots=True)
class Limits:
    """One workload's share, set by the plan inside the mandate. Money: paise.

    losses_to_lock_*: losing trades of a symbol (an option's underlying) and in a row, after which entries stop.
    margin_percent: part of an order's value that counts against capital and max_order_value (100 for stock and
    premium, the margin for futures).
    """

    capital: Paise
    daily_loss: Paise
    risk_per_trade: Paise
    max_trades: int
    max_open_positions: int
    max_order_value: Paise
    margin_percent: int = 100
    max_spread_percent: float = 2.0
    losses_to_lock_symbol: int = 1_000_000
    losses_to_lock_class: int = 1_000_000


class Verdict:
    """Allow or Deny. code: 'allow' or why not. numbers: what it was decided from, paise and counts."""

    __slots__ = ("allowed", "code", "numbers")

    def __init__(self, allowed: bool, code: str, numbers: Mapping[str, float]) -> None:
        self.allowed = allowed
        self.code = code
        self.numbers = numbers


CONFIRM_AFTER: Final = 3 * NANOSECONDS_A_SECOND
_EXIT_NUMBERS: Mapping[str, float] = {}
EXIT_ALLOWED = Verdict(True, "exit", _EXIT_NUMBERS)


def idea_of(instrument: Instrument) -> str:
    """What a loss speaks against: an option's or future's underlying, else the share itself."""
    return instrument.underlying or instrument.symbol


class Account:
    """What a workload has used of its limits. Money: paise.

    floor: open P&L at which the daily loss is reached; kept, because every bar of an open position asks for it.
    """

    __slots__ = (
        "at_risk", "charges", "due", "floor", "gross", "halted", "limits", "losses", "losses_in_a_row", "open_pnl",
        "open_positions", "peak_loss", "peak_positions", "peak_used", "pending_charges", "reserved", "trades",
        "warned_at",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.trades = 0
        self.open_positions = 0
        self.reserved: dict[str, Paise] = {}
        self.at_risk: dict[str, Paise] = {}
        self.gross = 0
        self.charges = 0
        self.open_pnl = 0
        self.pending_charges = 0
        self.due: dict[str, Paise] = {}
        self.losses: Counter[str] = Counter()
        self.losses_in_a_row = 0
        self.halted = ""
        self.warned_at = 0
        self.peak_used = self.peak_loss = self.peak_positions = 0
        self._set_floor()

    def note_peaks(self) -> None:
        """Remember the most that was used so far; called once a minute, for the report."""
        self.peak_used = max(self.peak_used, sum(self.reserved.values()))
        self.peak_loss = max(self.peak_loss, -self.net)
        self.peak_positions = max(self.peak_positions, self.open_positions)

    def open_day(self) -> None:
        """A new date: counters and P&L begin anew; what is open stays reserved."""
        self.trades = 0
        self.gross = self.charges = 0
        self.losses.clear()
        self.losses_in_a_row = 0
        self.halted = ""
        self.warned_at = 0
        self._set_floor()

    def reserve(self, symbol: str, price: Paise, quantity: int, stop_distance: Paise) -> None:
        """An entry is on its way: its capital, and what it loses at its stop, count from now on."""
        self.reserved.setdefault(symbol, self.need(price, quantity))
        self.at_risk.setdefault(symbol, quantity * stop_distance)

    def open(self, symbol: str, price: Paise, quantity: int, stop_distance: Paise) -> None:
        """The first fill of a position; it counts also when its order had been given up."""
        self.open_positions += 1
        self.trades += 1
        self.reserve(symbol, price, quantity, stop_distance)

    def bind(self, symbol: str, charges: Paise) -> None:
        """A position of `symbol` is open; closing it will have cost `charges`."""
        self.pending_charges += charges - self.due.get(symbol, 0)
        self.due[symbol] = charges
        self._set_floor()

    def release(self, symbol: str) -> None:
        """Nothing is open or working in `symbol` any more."""
        self.reserved.pop(symbol, None)
        self.at_risk.pop(symbol, None)

    def close(self, instrument: Instrument, gross: Paise, charges: Paise) -> None:
        """A round trip has ended: what was open P&L is now closed."""
        if gross < charges:
            self.losses[idea_of(instrument)] += 1
            self.losses_in_a_row += 1
        else:
            self.losses_in_a_row = 0
        self.open_positions -= 1
        self.gross += gross
        self.open_pnl -= gross
        self.charges += charges
        self.pending_charges -= self.due.pop(instrument.symbol, 0)
        self._set_floor()

    @property
    def net(self) -> Paise:
        """Closed and open P&L less charges, those of closing what is open included."""
        return self.gross - self.charges + self.open_pnl - self.pending_charges

    def loss_reached(self, now: int) -> bool:
        """True at a second mark at or beyond the daily loss, some seconds after the first: one may be a bad print."""
        if self.open_pnl > self.floor:
            self.warned_at = 0
            return False
        if not self.warned_at:
            self.warned_at = now
        return now - self.warned_at >= CONFIRM_AFTER

    def _set_floor(self) -> None:
        self.floor = self.charges + self.pending_charges - self.gross - self.limits.daily_loss

    def size(self, instrument: Instrument, price: Paise, stop_distance: Paise) -> int:
        """Units, in whole lots, that risk per trade, order value, free capital and freeze quantity all permit."""
        limits = self.limits
        free = limits.capital - sum(self.reserved.values())
        budget = min(limits.max_order_value, free)
        if budget <= 0 or price <= 0 or stop_distance <= 0:
            return 0
        risk = min(limits.risk_per_trade, self.risk_left() - 1)
        quantity = min(risk // stop_distance, budget * 100 // (price * limits.margin_percent))
        if instrument.freeze_quantity is not None:
            quantity = min(quantity, instrument.freeze_quantity)
        return instrument.whole_lots(quantity)

    def risk_left(self) -> Paise:
        """What may still be lost today when every stop that is or may come into the market is met."""
        return self.limits.daily_loss + self.net - sum(self.at_risk.values())

    def need(self, price: Paise, quantity: int) -> Paise:
        """Capital that a position of `quantity` at `price` binds, rounded up."""
        return -(-price * quantity * self.limits.margin_percent // 100)

    def check_entry(self, instrument: Instrument, price: Paise, quantity: int, stop_distance: Paise) -> Verdict:
        """Whether an entry may be sent now, in the order a person would ask."""
        limits = self.limits
        if self.halted:
            return Verdict(False, "halted", {})
        lost = self.losses[idea_of(instrument)]
        if lost >= limits.losses_to_lock_symbol:
            return Verdict(False, "symbol_locked", {"losses": lost, "limit": limits.losses_to_lock_symbol})
        if self.losses_in_a_row >= limits.losses_to_lock_class:
            numbers = {"losses_in_a_row": self.losses_in_a_row, "limit": limits.losses_to_lock_class}
            return Verdict(False, "class_locked", numbers)
        if stop_distance <= 0:
            return Verdict(False, "no_stop", {"stop_distance": stop_distance})
        if self.trades + self.pending() >= limits.max_trades:
            return Verdict(False, "max_trades", {"trades": self.trades, "limit": limits.max_trades})
        if self.open_positions + self.pending() >= limits.max_open_positions:
            numbers = {"open": self.open_positions, "pending": self.pending(), "limit": limits.max_open_positions}
            return Verdict(False, "max_open_positions", numbers)
        if quantity <= 0 or quantity % instrument.lot:
            numbers = {
                "price": price, "lot": instrument.lot, "stop_distance": stop_distance,
                "risk_per_trade": limits.risk_per_trade, "free": limits.capital - sum(self.reserved.values()),
            }
            return Verdict(False, "too_small", numbers)
        return self._check_money(price, quantity, stop_distance)

    def _check_money(self, price: Paise, quantity: int, stop_distance: Paise) -> Verdict:
        limits = self.limits
        need = self.need(price, quantity)
        used = sum(self.reserved.values())
        risk = quantity * stop_distance
        numbers = {
            "need": need, "used": used, "capital": limits.capital, "risk": risk, "net": self.net,
            "at_risk": sum(self.at_risk.values()),
        }
        if need > limits.max_order_value:
            return Verdict(False, "max_order_value", {**numbers, "limit": limits.max_order_value})
        if used + need > limits.capital:
            return Verdict(False, "capital", numbers)
        if risk > limits.risk_per_trade:
            return Verdict(False, "risk_per_trade", {**numbers, "limit": limits.risk_per_trade})
        if risk >= self.risk_left():
            return Verdict(False, "daily_loss", {**numbers, "limit": limits.daily_loss})
        return Verdict(True, "allow", numbers)

    def pending(self) -> int:
        """Entries that have been allowed and hold no position yet."""
        return max(0, len(self.reserved) - self.open_positions)
