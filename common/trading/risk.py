"""Risk: what a workload has used of its limits; every entry is allowed or denied with a code and its numbers."""

from typing import Final

from common.market.bar import NANOSECONDS_A_SECOND
from common.market.instrument import Instrument
from common.market.money import Paise
from common.trading.greek_exposure import GreekExposure
from common.trading.limits import Limits, Verdict, idea_of

CONFIRM_AFTER: Final = 3 * NANOSECONDS_A_SECOND
MAX_SLICES: Final = 10
"""The broker's own slicing stops there too."""
MAX_UNITS: Final = 10**9


class Account:
    """What a workload has used of its limits. Money: paise. Positions go by key: a symbol, or a basket's name.

    reserved, at_risk: capital bound, and lost at the stop, by key. results: closed P&L of each open position so far.
    floor: open P&L at which the daily loss is reached; kept, because every bar of an open position asks for it.
    """

    __slots__ = (
        "at_risk", "charges", "due", "floor", "gross", "halted", "limits", "losses", "losses_in_a_row", "open_pnl",
        "peak_loss", "peak_positions", "peak_used", "pending_charges", "reserved", "results", "trades", "warned_at",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.trades = 0
        self.results: dict[str, Paise] = {}
        self.reserved: dict[str, Paise] = {}
        self.at_risk: dict[str, Paise] = {}
        self.gross = 0
        self.charges = 0
        self.open_pnl = 0
        self.pending_charges = 0
        self.due: dict[str, Paise] = {}
        self.losses: dict[str, int] = {}
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

    @property
    def open_positions(self) -> int:
        """Symbols and baskets that hold something."""
        return len(self.results)

    def reserve(self, key: str, need: Paise, risk: Paise) -> None:
        """An entry is on its way: its capital, and what it loses at its stop, count from now on."""
        self.reserved.setdefault(key, need)
        self.at_risk.setdefault(key, risk)

    def reserve_more(self, key: str, need: Paise, risk: Paise) -> None:
        """An entry that had been given up is there after all, perhaps beside another of the same position."""
        self.reserved[key] = self.reserved.get(key, 0) + need
        self.at_risk[key] = self.at_risk.get(key, 0) + risk

    def open(self, key: str, need: Paise, risk: Paise, *, counts: bool = True) -> None:
        """A fill opens a position, also where its order had been given up. counts: as a trade of the day."""
        if key not in self.results:
            self.results[key] = 0
            self.trades += counts
        self.reserve(key, need, risk)

    def bind(self, symbol: str, charges: Paise) -> None:
        """A position of `symbol` is open; closing it will have cost `charges`."""
        self.pending_charges += charges - self.due.get(symbol, 0)
        self.due[symbol] = charges
        self._set_floor()

    def release(self, key: str) -> None:
        """Nothing is open or working under `key` any more."""
        self.reserved.pop(key, None)
        self.at_risk.pop(key, None)

    def close(self, key: str, symbol: str, gross: Paise, charges: Paise) -> None:
        """A round trip in `symbol` has ended: what was open P&L is now closed, and part of its position's result."""
        self.results[key] = self.results.get(key, 0) + gross - charges
        self.gross += gross
        self.open_pnl -= gross
        self.charges += charges
        self.pending_charges -= self.due.pop(symbol, 0)
        self._set_floor()

    def judge(self, key: str, instrument: Instrument) -> None:
        """The whole position is closed: a loss speaks against its symbol and against the day."""
        result = self.results.pop(key)
        if result < 0:
            idea = idea_of(instrument)
            self.losses[idea] = self.losses.get(idea, 0) + 1
            self.losses_in_a_row += 1
        else:
            self.losses_in_a_row = 0

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
        """Units, in whole lots, that risk per trade, order value, free capital and slices permit."""
        limits = self.limits
        free = limits.capital - sum(self.reserved.values())
        budget = min(limits.max_order_value, free)
        if budget <= 0 or price <= 0 or stop_distance <= 0:
            return 0
        risk = min(limits.risk_per_trade, self.risk_left() - 1)
        quantity = min(risk // stop_distance, budget * 100 // (price * limits.margin_percent))
        return instrument.whole_lots(min(quantity, most_units(instrument), limits.max_lots * instrument.lot))

    def risk_left(self) -> Paise:
        """What may still be lost today when every stop that is or may come into the market is met."""
        return self.limits.daily_loss + self.net - sum(self.at_risk.values())

    def need(self, price: Paise, quantity: int) -> Paise:
        """Capital that a position of `quantity` at `price` binds, rounded up."""
        return (price * quantity * self.limits.margin_percent + 99) // 100

    def check_entry(self, instrument: Instrument, price: Paise, quantity: int, stop_distance: Paise) -> Verdict:
        """Whether an entry may be sent now, in the order a person would ask."""
        limits = self.limits
        if stop_distance <= 0:
            return Verdict(False, "no_stop", {"stop_distance": stop_distance})
        refused = self.check_counts(instrument)
        if refused is not None:
            return refused
        if quantity <= 0 or quantity % instrument.lot:
            numbers = {
                "units": quantity, "price": price, "lot": instrument.lot, "stop_distance": stop_distance,
                "risk_per_trade": limits.risk_per_trade, "risk_left": self.risk_left(),
                "max_order_value": limits.max_order_value, "free": limits.capital - sum(self.reserved.values()),
            }
            return Verdict(False, "too_small", numbers)
        return self.check_money(self.need(price, quantity), quantity * stop_distance)

    def check_counts(self, instrument: Instrument) -> Verdict | None:
        """Deny by halt, locks and counts; None where they permit one more position."""
        limits = self.limits
        if self.halted:
            return Verdict(False, "halted", {})
        lost = self.losses.get(idea_of(instrument), 0)
        if lost >= limits.losses_to_lock_symbol:
            return Verdict(False, "symbol_locked", {"losses": lost, "limit": limits.losses_to_lock_symbol})
        if self.losses_in_a_row >= limits.losses_to_lock_class:
            numbers = {"losses_in_a_row": self.losses_in_a_row, "limit": limits.losses_to_lock_class}
            return Verdict(False, "class_locked", numbers)
        pending = self.pending()
        if self.trades + pending >= limits.max_trades:
            numbers = {"trades": self.trades, "pending": pending, "limit": limits.max_trades}
            return Verdict(False, "max_trades", numbers)
        if self.open_positions + pending >= limits.max_open_positions:
            numbers = {"open": self.open_positions, "pending": pending, "limit": limits.max_open_positions}
            return Verdict(False, "max_open_positions", numbers)
        return None

    def check_money(self, need: Paise, risk: Paise) -> Verdict:
        """Whether capital and loss limits have room for a position that binds `need` and may lose `risk`."""
        limits, net = self.limits, self.net
        used, at_risk = sum(self.reserved.values()), sum(self.at_risk.values())
        numbers = {
            "need": need, "used": used, "capital": limits.capital, "risk": risk, "net": net, "at_risk": at_risk,
        }
        if need > limits.max_order_value:
            return Verdict(False, "max_order_value", {**numbers, "limit": limits.max_order_value})
        if used + need > limits.capital:
            return Verdict(False, "capital", numbers)
        if risk > limits.risk_per_trade:
            return Verdict(False, "risk_per_trade", {**numbers, "limit": limits.risk_per_trade})
        if risk >= limits.daily_loss + net - at_risk:
            return Verdict(False, "daily_loss", {**numbers, "limit": limits.daily_loss})
        return Verdict(True, "allow", numbers)

    def check_greeks(self, held: GreekExposure | None, added: GreekExposure | None) -> Verdict:
        """Whether the options held and those to be added stay within the Greeks' limits; None: nobody knows them.

        What brings a Greek that is beyond its limit nearer to it is not refused for it. Gamma is limited where it is
        sold: bought, it can only help.
        """
        limits = self.limits
        if held is None or added is None:
            return Verdict(False, "greeks_unknown", {})
        whole, numbers = held + added, dict[str, float]()
        over = ""
        for name, limit in (("delta", limits.max_delta), ("gamma", limits.max_gamma), ("vega", limits.max_vega)):
            before, after = getattr(held, name), getattr(whole, name)
            numbers |= {f"{name}_held": round(before), name: round(after), f"{name}_limit": limit}
            if name == "gamma":
                before, after = min(before, 0.0), min(after, 0.0)
            if abs(after) > limit and abs(after) > abs(before):
                over = over or f"max_{name}"
        return Verdict(not over, over or "allow", numbers)

    def pending(self) -> int:
        """Entries that have been allowed and hold no position yet."""
        results, found = self.results, 0
        for key in self.reserved:
            if key not in results:
                found += 1
        return found


def most_units(instrument: Instrument) -> int:
    """What one position may hold: so many slices, each at most the freeze quantity in whole lots."""
    if instrument.freeze_quantity is None:
        return MAX_UNITS
    return MAX_SLICES * instrument.whole_lots(instrument.freeze_quantity)
