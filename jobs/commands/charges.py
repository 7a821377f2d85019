"""`tron charges`: what a round trip costs on a date, part by part."""

import argparse
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from common.market.money import Paise, money
from common.trading.charges import SEGMENTS, charges_json, rates_on, round_trip
from jobs.commands import arguments
from jobs.commands.output import UserError, print_json

MAX_PAISE: Final = 10**15


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("charges", help="what a round trip costs on a date")
    parser.add_argument("--date", required=True, type=arguments.day, help="YYYY-MM-DD")
    parser.add_argument("--segment", required=True, choices=SEGMENTS)
    parser.add_argument("--buy", required=True, help="price in rupees")
    parser.add_argument("--sell", required=True, help="price in rupees")
    parser.add_argument("--quantity", required=True, type=int, help="units, not lots")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print every part and the total."""
    buy, sell = _price("--buy", chosen.buy), _price("--sell", chosen.sell)
    if chosen.quantity < 1:
        raise UserError(f"--quantity {chosen.quantity}: give at least 1 unit")
    rates = rates_on(chosen.date, chosen.segment)
    charges = round_trip(rates, _turnover(buy, chosen.quantity), _turnover(sell, chosen.quantity))
    result = {"date": chosen.date.isoformat(), **charges_json(charges, rates)}
    if chosen.json:
        print_json(result)
        return 0
    for name, value in result.items():
        if name.endswith("_paise"):
            print(f"{name.removesuffix('_paise'):12} {money(value):>14}")
    if rates.extrapolated:
        print(f"The table begins on {rates.rates_from}; its first row stands in for {chosen.date}.")
    return 0


def _turnover(price: Decimal, quantity: int) -> Paise:
    paise = price * 100 * quantity
    if paise > MAX_PAISE:
        raise UserError("price times quantity is beyond anything the exchange trades: check --buy, --sell, --quantity")
    return int(paise.to_integral_value())


def _price(name: str, text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise UserError(f"{name} {text!r} is not a price: give rupees such as 412.35") from None
    if not price.is_finite() or not 0 <= price <= MAX_PAISE:
        raise UserError(f"{name} {text} is not a price: give rupees, 0 or more")
    return price
