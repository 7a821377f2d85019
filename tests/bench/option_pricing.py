"""Black-76 beside other libraries, one chain and one run: how far apart they are, how many options a second.

`python -m tests.bench.option_pricing` prints the table of docs/options.md; `--write` also makes the reference table of
tests/unit/test_black76.py anew. QuantLib, vollib and SciPy are no dependencies: run it in an environment that has them
beside NumPy; what is absent is left out.
"""

import csv
import math
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from common.market import black76

REFERENCE: Final = Path(__file__).resolve().parent.parent / "unit" / "black76_reference.csv"
COLUMNS: Final = (
    "forward", "strike", "years", "sigma", "side", "rate", "price", "delta", "gamma", "vega", "theta", "rho",
)
FORWARD: Final = 24_000.0
RATE: Final = 0.065
ROUNDS: Final = 7


def chain(count: int = 500) -> list[tuple[float, ...]]:
    """(strike, years, sigma, side) of 4 expiries and `count` strikes each, seeded."""
    rng = np.random.default_rng(11)
    strikes = np.repeat(FORWARD * np.linspace(0.85, 1.15, count), 4)
    years = np.tile(np.array([3, 10, 31, 59]) / 365, count)
    sigma = 0.12 + 1.4 * np.log(strikes / FORWARD) ** 2 + rng.random(4 * count) * 0.02
    side = np.where(rng.random(4 * count) < 0.5, 1.0, -1.0)
    return list(zip(strikes.tolist(), years.tolist(), sigma.tolist(), side.tolist(), strict=True))


def quantlib(forward: float, rate: float, rows: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """price, delta, gamma, vega, theta, rho of each row; rho is ours, as its own moves the forward with the rate."""
    ql = import_module("QuantLib")
    found: list[tuple[float, ...]] = []
    for strike, years, sigma, side in rows:
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if side > 0 else ql.Option.Put, strike)
        one = ql.BlackCalculator(payoff, forward, sigma * math.sqrt(years), math.exp(-rate * years))
        price = one.value()
        found.append((
            price, one.deltaForward(), one.gammaForward(), one.vega(years), one.theta(forward, years), -years * price,
        ))
    return found


def vollib(forward: float, rate: float, rows: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """The same, in our units: vollib's theta is a day's, its vega and rho are of one per cent."""
    black = import_module("vollib.black").black
    of = import_module("vollib.black.greeks.analytical")
    found: list[tuple[float, ...]] = []
    for strike, years, sigma, side in rows:
        given = ("c" if side > 0 else "p", forward, strike, years, rate, sigma)
        found.append((
            black(*given[:4], rate, sigma), of.delta(*given), of.gamma(*given), of.vega(*given) * 100,
            of.theta(*given) * 365, of.rho(*given) * 100,
        ))
    return found


def ours(forward: float, rate: float, rows: Sequence[tuple[float, ...]]) -> Any:
    """Six columns."""
    strike, years, sigma, side = np.array(rows).T
    return np.stack(black76.greeks(forward, strike, years, sigma, side, rate), axis=1)


def implied_by_quantlib(prices: Sequence[float], rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Newton's, to 1e-12."""
    ql = import_module("QuantLib")
    return [
        ql.blackFormulaImpliedStdDev(
            ql.Option.Call if side > 0 else ql.Option.Put, strike, FORWARD, price, math.exp(-RATE * years), 0.0,
            0.2 * math.sqrt(years), 1e-12, 200,
        ) / math.sqrt(years)
        for price, (strike, years, _, side) in zip(prices, rows, strict=True)
    ]


def implied_by_vollib(prices: Sequence[float], rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Jaeckel's "Let's be rational"."""
    implied = import_module("vollib.black.implied_volatility").implied_volatility
    return [
        implied(price, FORWARD, strike, RATE, years, "c" if side > 0 else "p")
        for price, (strike, years, _, side) in zip(prices, rows, strict=True)
    ]


def implied_by_us(prices: Sequence[float], rows: Sequence[tuple[float, ...]]) -> Any:
    """One column."""
    strike, years, _, side = np.array(rows).T
    return black76.implied(np.array(prices), FORWARD, strike, years, side, RATE)[0]


def rate_of(run: Callable[[], object], options: int) -> float:
    """Options a second, the best of some rounds."""
    best = math.inf
    for _ in range(ROUNDS):
        begun = perf_counter()
        run()
        best = min(best, perf_counter() - begun)
    return options / best


def write_reference() -> None:
    """Rows from deep wings to the money, from an hour to two years, priced by QuantLib."""
    rng = np.random.default_rng(5)
    lines = []
    for _ in range(200):
        forward, rate = float(rng.uniform(100, 60_000)), float(rng.choice([0.0, 0.065, 0.1]))
        years = float(np.exp(rng.uniform(math.log(1 / 8760), math.log(2))))
        sigma = float(np.exp(rng.uniform(math.log(0.03), math.log(1.5))))
        away = float(rng.uniform(-4, 4)) * sigma * math.sqrt(years)
        row = (forward * math.exp(away), years, sigma, float(rng.choice([1.0, -1.0])))
        lines.append((forward, *row, rate, *quantlib(forward, rate, [row])[0]))
    with REFERENCE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([[repr(value) for value in line] for line in lines])


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    if "--write" in arguments:
        write_reference()
    rows = chain()
    values = ours(FORWARD, RATE, rows)
    timely = [n for n, (strike, years, _, side) in enumerate(rows)
              if values[n, 0] - math.exp(-RATE * years) * max(side * (FORWARD - strike), 0.0) > 0.05]
    kept, prices = [rows[n] for n in timely], [float(values[n, 0]) for n in timely]
    sigma = np.array([row[2] for row in kept])
    print("| | Greeks, options/s | largest difference from ours | IV, options/s | largest error of IV |")
    print("|---|---|---|---|---|")
    engines = (
        ("Tron", ours, implied_by_us), ("QuantLib", quantlib, implied_by_quantlib),
        ("vollib", vollib, implied_by_vollib),
    )
    for name, greeks, implied in engines:
        try:
            apart = float(np.max(np.abs(np.array(greeks(FORWARD, RATE, rows)) - values)))
        except ModuleNotFoundError:
            print(f"| {name} | not installed here |")
            continue
        wrong = float(np.max(np.abs(np.array(implied(prices, kept)) - sigma)))
        fast = rate_of(lambda run=greeks: run(FORWARD, RATE, rows), len(rows))  # type: ignore[misc]
        slow = rate_of(lambda run=implied: run(prices, kept), len(kept))  # type: ignore[misc]
        print(f"| {name} | {fast:,.0f} | {apart:.1e} | {slow:,.0f} | {wrong:.1e} |")


if __name__ == "__main__":
    main(sys.argv[1:])
