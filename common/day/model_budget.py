"""What a model may cost: reserved in the store before it is asked, settled after; never more than the limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.ports import Conflict, Create, DocumentStore, Update

BUDGETS: Final = "model_budgets"
"""A document a month, by its name YYYY-MM."""
ATTEMPTS: Final = 20
MILLION: Final = 1_000_000


class OverBudget(Exception):
    """It would exceed a limit, and nothing was reserved; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Paise for a million tokens."""

    input: int
    output: int

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Paise, rounded up."""
        return -(-(tokens_in * self.input + tokens_out * self.output) // MILLION)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a day and of a month."""

    tokens_a_day: int
    tokens_a_month: int
    paise_a_day: int
    paise_a_month: int


@dataclass(frozen=True, slots=True)
class Spent:
    """tokens: in and out together."""

    tokens: int = 0
    paise: int = 0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """Never below nothing."""
        return Spent(max(0, self.tokens + sign * other.tokens), max(0, self.paise + sign * other.paise))

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Spent":
        """From a stored count."""
        return cls(int(fields.get("tokens", 0)), int(fields.get("paise", 0)))


def reserve(day: date, amount: Spent, limits: Limits, store: DocumentStore) -> None:
    """Count `amount` as spent before it is. Raises OverBudget, StoreError."""
    _change(day, amount, Spent(), limits, store)


def settle(day: date, reserved: Spent, used: Spent, store: DocumentStore) -> None:
    """What was `used` in place of what was reserved. Raises StoreError: then the reservation stands."""
    _change(day, used, reserved, None, store)


def spent(day: date, store: DocumentStore) -> tuple[Spent, Spent]:
    """Of the day and of its month."""
    document = store.get(BUDGETS, f"{day:%Y-%m}")
    fields = document.fields if document is not None else {}
    return Spent.of(fields.get("days", {}).get(day.isoformat(), {})), Spent.of(fields)


def _change(day: date, more: Spent, less: Spent, limits: Limits | None, store: DocumentStore) -> None:
    for _ in range(ATTEMPTS):
        stored = store.get(BUDGETS, f"{day:%Y-%m}")
        days = dict(stored.fields.get("days", {})) if stored is not None else {}
        today = Spent.of(days.get(day.isoformat(), {})).plus(less, -1).plus(more)
        month = Spent.of(stored.fields if stored is not None else {}).plus(less, -1).plus(more)
        if limits is not None:
            _refuse(today, month, limits)
        days[day.isoformat()] = {"tokens": today.tokens, "paise": today.paise}
        fields = {"month": f"{day:%Y-%m}", "tokens": month.tokens, "paise": month.paise, "days": days}
        try:
            store.commit([
                Create(BUDGETS, f"{day:%Y-%m}", fields) if stored is None
                else Update(BUDGETS, f"{day:%Y-%m}", fields, stored.version)
            ])
        except Conflict:
            continue
        return
    raise Conflict(f"the model's budget was changed {ATTEMPTS} times while it was counted: try again")


def _refuse(today: Spent, month: Spent, limits: Limits) -> None:
    checks = (
        ("tokens a day", today.tokens, limits.tokens_a_day, "TRON_MODEL_TOKENS_PER_DAY"),
        ("tokens a month", month.tokens, limits.tokens_a_month, "TRON_MODEL_TOKENS_PER_MONTH"),
        ("paise a day", today.paise, limits.paise_a_day, "TRON_MODEL_RUPEES_PER_DAY"),
        ("paise a month", month.paise, limits.paise_a_month, "TRON_MODEL_RUPEES_PER_MONTH"),
    )
    for name, needed, most, setting in checks:
        if needed > most:
            raise OverBudget(f"the model could cost {needed} {name}, the limit is {most}: raise {setting}, or wait")
