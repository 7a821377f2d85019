"""What a row of daily results is worth: ratios by empyrical, and the plain tables of the backtest's page."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

SESSIONS_A_YEAR: Final = 252
EXTREMES: Final = 5
_BINS: Final = 13


def ratios(daily: Sequence[Sequence[Any]], capital: int) -> dict[str, float | None] | None:
    """Of daily net results over the capital (paise): a year of 252 sessions, no risk-free rate, nothing reinvested.

    daily: [ISO date, net paise]. A ratio without a finite value is None. None where empyrical is not installed (the
    extra `research`). Imported here, as it brings pandas and scipy.
    """
    if find_spec("empyrical") is None:
        return None
    import empyrical
    import numpy as np

    returns = np.array([net / capital for _, net in daily], np.float64)
    with np.errstate(all="ignore"):
        found = {
            "annual_volatility": empyrical.annual_volatility(returns), "sharpe": empyrical.sharpe_ratio(returns),
            "sortino": empyrical.sortino_ratio(returns), "omega": empyrical.omega_ratio(returns),
            "tail": empyrical.tail_ratio(returns), "value_at_risk": empyrical.value_at_risk(returns),
        }
    values = {name: float(value) if value is not None and np.isfinite(value) else None for name, value in found.items()}
    return {"annual_return": float(returns.mean()) * SESSIONS_A_YEAR, **values}


def monthly(daily: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """By year: {year, months: twelve net paise or None, net_paise}."""
    years: dict[str, list[int | None]] = {}
    for day, net in daily:
        months = years.setdefault(day[:4], [None] * 12)
        month = int(day[5:7]) - 1
        months[month] = (months[month] or 0) + net
    return [
        {"year": year, "months": months, "net_paise": sum(net or 0 for net in months)} for year, months in years.items()
    ]


def slippage(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Net if every fill had been 0, 1 and 2 ticks worse than it was, what was decided staying the same."""
    net, tick = result["totals"]["net_paise"], result["tick_paise"]
    return [{"ticks": ticks, "net_paise": net - ticks * tick} for ticks in (0, 1, 2)]


def distribution(trades: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Trades by what they brought: {from_paise, to_paise, trades}, in steps of a round amount, empty ones too."""
    nets = array("q", (trade["net_paise"] for trade in trades))
    if not nets:
        return []
    span = max(max(nets) - min(nets), 1)
    step = next(
        size * 10**power for power in range(1, 20) for size in (1, 2, 5) if size * 10**power * (_BINS - 2) >= span
    )
    first, last = min(nets) // step, max(nets) // step
    counts = dict.fromkeys(range(first, last + 1), 0)
    for net in nets:
        counts[net // step] += 1
    return [{"from_paise": n * step, "to_paise": (n + 1) * step, "trades": count} for n, count in counts.items()]


def extremes(daily: Sequence[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """The best and the worst days, each the furthest first; a day that lost nothing is not among the worst."""
    by_net = sorted(daily, key=lambda row: (row[1], row[0]))
    return {
        "best": [row for row in reversed(by_net[-EXTREMES:]) if row[1] > 0],
        "worst": [row for row in by_net[:EXTREMES] if row[1] < 0],
    }
