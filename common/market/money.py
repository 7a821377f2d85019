"""Money is integer paise; rupees exist only at the edges."""

from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

Paise: TypeAlias = int


def paise_from_rupees(rupees: str | int | float | Decimal) -> Paise:
    """Rupees as written by a broker or a file to paise, half a paisa rounded away from zero.

    Raises ValueError for anything that is not a finite number.
    """
    amount = Decimal(str(rupees))
    if not amount.is_finite():
        raise ValueError(f"{rupees!r} is not an amount of money; give a finite number of rupees")
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))


def rupees_text(paise: Paise) -> str:
    """Paise as rupees with two decimals and Indian grouping: 12345678 -> '1,23,456.78'."""
    sign, (rupees, rest) = "-" if paise < 0 else "", divmod(abs(paise), 100)
    digits = str(rupees)
    head, tail = digits[:-3], digits[-3:]
    groups = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
    return f"{sign}{','.join([*groups, tail])}.{rest:02d}"


def money(paise: Paise) -> str:
    """As `rupees_text`, with the rupee sign: -123456 -> '-₹1,234.56'."""
    return f"₹{rupees_text(paise)}" if paise >= 0 else f"-₹{rupees_text(-paise)}"
