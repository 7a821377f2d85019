"""Bets on a mean: no way to look, stop or draw makes them wrong more often than they say."""

from collections.abc import Callable
from math import isclose
from random import Random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.planning.bets import ERROR, LONGEST, Bets, interval, results_needed

DEPTH = 8
BRANCHES = st.tuples(st.floats(-1, 0), st.floats(0, 1), st.floats(0, 1))
"""A loss, a win, and how much of the fair chance of the win there is."""
Adversary = Callable[[Random, Bets], float]


def outcomes(node: tuple[float, float, float]) -> list[tuple[float, float]]:
    """(chance, result) of two results whose mean is at most 0."""
    loss, win, part = node
    fair = -loss / (win - loss) if win > loss else 0.0
    return [(1 - fair * part, loss), (fair * part, win)]


def crossing(nodes: list[tuple[float, float, float]], level: float, path: tuple[float, ...] = (), at: int = 1) -> float:
    """The exact chance that the capital is ever at `level` or above: who looks after each result stops there."""
    bets = Bets()
    for x in path:
        bets.add(x)
    if bets.capital >= level:
        return 1.0
    if len(path) == DEPTH:
        return 0.0
    branches = enumerate(outcomes(nodes[at % len(nodes)]))
    return sum(chance * crossing(nodes, level, (*path, x), 2 * at + n) for n, (chance, x) in branches if chance)


@settings(max_examples=40, deadline=None)
@given(nodes=st.lists(BRANCHES, min_size=1, max_size=40), level=st.sampled_from([1.05, 1.3, 2.0, 4.0]))
def test_stopping_when_it_looks_best_does_not_help(nodes: list[tuple[float, float, float]], level: float) -> None:
    """Whatever the past makes of the next result, as long as its mean is at most 0: exactly, over the whole tree."""
    assert crossing(nodes, level) <= 1 / level + 1e-9


@settings(max_examples=200)
@given(xs=st.lists(st.floats(-1, 1), max_size=30), node=BRANCHES)
def test_the_capital_never_grows_on_average(xs: list[float], node: tuple[float, float, float]) -> None:
    """One more result of mean at most 0, after any past."""
    before, after = Bets(), 0.0
    for x in xs:
        before.add(x)
    for chance, x in outcomes(node):
        bets = Bets()
        for one in (*xs, x):
            bets.add(one)
        after += chance * bets.capital
    assert after <= before.capital * (1 + 1e-9)


def coin(rng: Random, _: Bets) -> float:
    return rng.choice((-1.0, 1.0))


def lottery(rng: Random, _: Bets) -> float:
    """Wins a little nearly always, and loses all of it at once."""
    return -1.0 if rng.random() < 1 / 51 else 0.02


def greedy(rng: Random, bets: Bets) -> float:
    """Bold when the capital is high, shy when it is low."""
    size = 1.0 if bets.capital > 2 else 0.1
    return rng.choice((-size, size))


def turning(rng: Random, bets: Bets) -> float:
    """Small fair wins until the capital is high; below it a rare large one."""
    if bets.capital < 1:
        return 1.0 if rng.random() < 0.1 else -1 / 9
    return -1.0 if rng.random() < 0.1 else 1 / 9


def falling(rng: Random, _: Bets) -> float:
    return max(-1.0, min(1.0, rng.gauss(-0.01, 0.3)))


@pytest.mark.parametrize("adversary", [coin, lottery, greedy, turning, falling])
def test_error_of_four_hundred_seasons(adversary: Adversary) -> None:
    """Ever called better in 250 days of a mean of at most 0: no more often than said, and three standard errors."""
    rng, seasons, wrong = Random(f"bets {adversary.__name__}"), 400, 0
    for _ in range(seasons):
        bets = Bets()
        for _ in range(250):
            bets.add(adversary(rng, bets))
            if bets.shown():
                wrong += 1
                break
    share = ERROR / 2
    assert wrong <= seasons * share + 3 * (seasons * share * (1 - share)) ** 0.5


def test_interval_holds_at_all_times() -> None:
    """Looked at after 10, 20, ... 200 results, the mean is outside at any of them in at most the error's share."""
    rng, seasons, missed = Random("coverage"), 120, 0
    for _ in range(seasons):
        mean, xs = rng.uniform(-0.5, 0.5), list[float]()
        for n in range(1, 201):
            xs.append(1.0 if rng.random() < (1 + mean) / 2 else -1.0)
            low, high = interval(xs) if n % 10 == 0 else (-1.0, 1.0)
            if not low <= mean <= high:
                missed += 1
                break
    assert missed <= seasons * ERROR + 3 * (seasons * ERROR * (1 - ERROR)) ** 0.5


@settings(max_examples=60, deadline=None)
@given(xs=st.lists(st.floats(-1, 1), max_size=60))
def test_interval_and_verdict_agree(xs: list[float]) -> None:
    """0 is below the interval exactly when the mean is shown to be above it; the interval turns with the signs."""
    bets = Bets()
    for x in xs:
        bets.add(x)
    low, high = interval(xs)
    assert -1 <= low < high <= 1
    assert xs == [] or low <= fmean(xs) <= high
    if not isclose(bets.capital, 2 / ERROR, rel_tol=1e-6):
        assert (low > 0) == bets.shown()
    turned = interval([-x for x in xs])
    assert turned == (-high, -low)


def test_results_needed_are_those_that_it_takes() -> None:
    """The same mixture repeated is shown at the number that was said, and not ten results before."""
    xs = [0.3, -0.2, 0.25, -0.15, 0.05]
    needed = results_needed(xs)
    assert needed is not None
    bets, shown_at = Bets(), 0
    while not bets.shown():
        bets.add(xs[shown_at % len(xs)])
        shown_at += 1
    assert abs(shown_at - needed) <= len(xs)
    assert results_needed([-x for x in xs]) == needed
    assert results_needed([0.01, -0.01]) is None
    assert results_needed([]) is None
    assert results_needed([0.5, -0.4999999]) is None, f"more than {LONGEST}"


def test_results_outside_the_bound_are_refused() -> None:
    """The proof needs the bound: what is larger must be cut first."""
    for x in (1.01, -2.0, float("nan")):
        with pytest.raises(ValueError, match="bound the results"):
            Bets().add(x)
