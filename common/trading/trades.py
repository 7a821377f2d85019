"""Round trips: from flat to flat in one symbol, with the charges that both ways cost."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from common.market.indian_time import at
from common.market.instrument import AssetClass
from common.market.money import Paise
from common.trading.charges import ChargeRates, Charges, closing_charges, round_trip


class Trade(NamedTuple):
    """A finished round trip. number: from the entry order that opened it, so that it is the same after a restart.

    side: +1 long, -1 short. Prices: average, paise. ts: nanoseconds UTC."""

    number: int
    strategy: str
    symbol: str
    side: int
    quantity: int
    entry_ts: int
    entry_price: float
    entry_reason: str
    exit_ts: int
    exit_price: float
    exit_reason: str
    stop_price: Paise
    target_price: Paise
    gross: Paise
    charges: Charges
    numbers: Mapping[str, Any]

    @property
    def net(self) -> Paise:
        """Gross less charges, paise."""
        return self.gross - self.charges.total


class RoundTrip:
    """The open round trip of one symbol: what was bought and sold since it was flat."""

    __slots__ = (
        "buy_orders", "buy_turnover", "buys", "entry_ts", "number", "sell_orders", "sell_turnover", "sells", "side",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Flat again."""
        self.side = 0
        self.number = 0
        self.entry_ts = 0
        self.buys = self.sells = 0
        self.buy_turnover = self.sell_turnover = 0
        self.buy_orders: list[str] = []
        self.sell_orders: list[str] = []

    def add(self, tag: str, side: int, price: Paise, quantity: int, ts: int) -> None:
        """Count one fill of an order."""
        if self.side == 0:
            self.side, self.entry_ts = side, ts
        if side > 0:
            self.buys += quantity
            self.buy_turnover += price * quantity
            if tag not in self.buy_orders:
                self.buy_orders.append(tag)
        else:
            self.sells += quantity
            self.sell_turnover += price * quantity
            if tag not in self.sell_orders:
                self.sell_orders.append(tag)

    def has(self, side: int, tag: str) -> bool:
        """Whether a fill of that order is counted in this round trip."""
        return tag in (self.buy_orders if side > 0 else self.sell_orders)

    def remove(self, side: int, price: Paise, quantity: int) -> None:
        """Take back part of a fill that was counted."""
        if side > 0:
            self.buys -= quantity
            self.buy_turnover -= price * quantity
        else:
            self.sells -= quantity
            self.sell_turnover -= price * quantity

    @property
    def average(self) -> float:
        """What the open side was entered at, paise a unit."""
        return self.buy_turnover / self.buys if self.side > 0 else self.sell_turnover / self.sells

    def pnl(self, mark: Paise) -> Paise:
        """Gross result if what is open were closed at `mark`, paise; 0 when flat."""
        return self.sell_turnover - self.buy_turnover + (self.buys - self.sells) * mark

    def charges(self, rates: ChargeRates) -> Charges:
        """What both ways cost, paise."""
        return round_trip(rates, self.buy_turnover, self.sell_turnover, len(self.buy_orders), len(self.sell_orders))

    def closing_charges(self, rates: ChargeRates) -> Paise:
        """What both ways will have cost if the rest is closed at the entry's price, paise."""
        return closing_charges(rates, max(self.buy_turnover, self.sell_turnover))


def trade_fields(trade: Trade, asset_class: AssetClass) -> dict[str, Any]:
    """The trade as a JSON document. Rupees where no unit is named, exact paise beside them; times in IST."""
    return {
        "asset_class": asset_class.value, "number": trade.number, "strategy": trade.strategy, "symbol": trade.symbol,
        "side": "long" if trade.side > 0 else "short", "quantity": trade.quantity,
        "entry_time": at(trade.entry_ts).isoformat(), "entry_price": round(trade.entry_price / 100, 6),
        "entry_reason": trade.entry_reason, "exit_time": at(trade.exit_ts).isoformat(),
        "exit_price": round(trade.exit_price / 100, 6), "exit_reason": trade.exit_reason,
        "stop_price": trade.stop_price / 100, "target_price": trade.target_price / 100 or None,
        "gross": trade.gross / 100, "charges": trade.charges.total / 100, "net": trade.net / 100,
        "gross_paise": trade.gross, "charges_paise": trade.charges.total, "net_paise": trade.net,
        "charge_parts": {f"{part}_paise": paise for part, paise in asdict(trade.charges).items()},
        "numbers": dict(trade.numbers),
    }
