"""Deflated Sharpe ratio: the published example's numbers, and what must hold of any."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.research.deflated import deflated, deflated_of, expected_best, moments, sentence, sharpe

DAYS_A_YEAR = 250


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "published"), [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)]
)
def test_the_published_example(trials: int, skew: float, kurtosis: float, published: float) -> None:
    """Bailey and Lopez de Prado (2014), their example: 5 years, Sharpe 2.5, variance 1/2 a year over the trials."""
    threshold = expected_best(0.5 / DAYS_A_YEAR, trials)
    if trials == 100:
        assert threshold == pytest.approx(0.1132, abs=5e-5)
    assert deflated(2.5 / sqrt(DAYS_A_YEAR), 1250, skew, kurtosis, threshold) == pytest.approx(published, abs=5e-4)


def test_moments_of_a_known_row() -> None:
    """A coin: no skew, kurtosis 1; its ratio is mean over sample deviation."""
    assert moments([1.0, -1.0] * 50) == pytest.approx((0.0, 1.0))
    assert sharpe([1.0, 3.0]) == pytest.approx(2 / sqrt(2))
    assert sharpe([1.0, 1.0]) == sharpe([1.0]) == 0.0
    assert moments([1.0, 1.0]) == (0.0, 3.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.integers(2, 50))
def test_more_trials_never_help(returns: list[float], trials: int) -> None:
    """A probability, and no higher when the same result was the best of more trials."""
    spread = [n / 100 for n in range(trials)]
    few, many = deflated_of(returns, spread), deflated_of(returns, spread * 3)
    assert 0 <= many <= few + 0.02 <= 1.02
    assert expected_best(0.01, trials) < expected_best(0.01, trials + 1)


def test_the_sentence_says_which_it_is() -> None:
    """Above 0.95 it is called skill, below it luck."""
    assert "luckiest" in sentence(0.9, 100)
    assert "luckiest" not in sentence(0.96, 100)
