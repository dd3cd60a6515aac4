"""Sharpe ratios against the numbers of the papers they come from."""

import math

import numpy as np
import pytest

from barscope.domain.judgement import (
    annualized,
    average_correlation,
    deflated_sharpe,
    expected_maximum_sharpe,
    independent_trials,
    per_period,
    probabilistic_sharpe,
)
from barscope.errors import InvalidParameterError

PER_YEAR = 250
YEARLY = 2.5
VARIANCE = 0.5 / PER_YEAR
"""The example of Bailey and López de Prado 2014: five years of days, variance 1/2 of the annual Sharpe ratios."""


def test_the_expected_maximum_is_that_of_the_paper():
    """0.1132 a day for 100 trials."""
    assert expected_maximum_sharpe(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "expected"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
    ids=["100 trials", "46 trials", "88 trials of normal returns"],
)
def test_the_deflated_sharpe_ratio_is_that_of_the_paper(trials, skewness, kurtosis, expected):
    """A Sharpe ratio of 2.5 over 1,250 days is not significant after 100 trials, and is after 46."""
    daily = per_period(YEARLY, PER_YEAR)
    found = deflated_sharpe(daily, 1250, skewness, kurtosis, trials=trials, variance=VARIANCE)
    assert found == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("skewness", "kurtosis", "expected"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_the_probabilistic_sharpe_ratio_is_that_of_the_paper(skewness, kurtosis, expected):
    """Bailey and López de Prado 2012: two years of months at 0.458 are less sure when losses are fat."""
    assert probabilistic_sharpe(0.458, 24, skewness, kurtosis) == pytest.approx(expected, abs=5e-4)


def test_the_expected_maximum_is_what_luck_reaches():
    """The mean of the best of 200 draws of variance 1, over 4,000 repetitions, within two percent."""
    draws = np.random.default_rng(3).standard_normal((4000, 200))
    assert expected_maximum_sharpe(200, 1.0) == pytest.approx(draws.max(axis=1).mean(), rel=0.02)


def test_nothing_is_deflated_by_one_trial():
    """With one trial, or trials that are all alike, the benchmark is 0."""
    assert expected_maximum_sharpe(1, 0.3) == 0
    assert expected_maximum_sharpe(50, 0.0) == 0
    assert deflated_sharpe(0.1, 500, trials=1, variance=0.3) == probabilistic_sharpe(0.1, 500)


def test_the_expected_maximum_grows_from_zero():
    """It never falls with the number of trials, between whole numbers too."""
    found = [expected_maximum_sharpe(n, 1.0) for n in (1, 1.01, 1.5, 2, 2.5, 3, 10, 1e5)]
    assert found[0] == found[1] == 0
    assert found == sorted(found)


def test_conversions_undo_each_other():
    """Per year is × √252 of per day."""
    assert annualized(0.1, 252) == pytest.approx(1.587, abs=1e-3)
    assert per_period(annualized(0.1, 252), 252) == pytest.approx(0.1)


def test_nan_stays_nan():
    """What never traded has no probability."""
    assert math.isnan(probabilistic_sharpe(math.nan, 100))
    assert math.isnan(deflated_sharpe(0.1, 100, math.nan, trials=10, variance=0.1))


def test_a_return_that_takes_two_values_is_no_error():
    """The smallest kurtosis there is, 1 + skewness²."""
    assert 0 <= probabilistic_sharpe(0.2, 100, 2.0, 5.0) <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: probabilistic_sharpe(0.1, 1), "1 observations"),
        (lambda: probabilistic_sharpe(0.1, 100, 0.0, 0.0), "3, not 0, for a normal distribution"),
        (lambda: expected_maximum_sharpe(0.5, 1.0), "trials is 0.5"),
        (lambda: expected_maximum_sharpe(math.nan, 1.0), "trials is nan"),
        (lambda: expected_maximum_sharpe(5, -1.0), "variance of the trials is -1.0"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    """The message names the value; excess kurtosis in place of kurtosis is told apart."""
    with pytest.raises(InvalidParameterError, match=message):
        call()


def test_the_average_correlation_is_that_of_all_pairs():
    """Equal to the mean of the matrix beside its diagonal."""
    rng = np.random.default_rng(5)
    series = rng.standard_normal((40, 64)) + 0.8 * rng.standard_normal(64)
    pairs = np.corrcoef(series)[np.triu_indices(40, 1)]
    assert average_correlation(series) == pytest.approx(pairs.mean(), rel=1e-9)


def test_series_without_correlation_are_left_out():
    """Constant ones and ones with NaN do not count; of one series there is no pair."""
    line = np.arange(10.0)
    series = np.stack([line, -line, np.full(10, 0.1), np.where(line > 3, line, np.nan)])
    assert average_correlation(series) == pytest.approx(-1.0)
    assert math.isnan(average_correlation(series[1:]))


@pytest.mark.parametrize(("correlation", "expected"), [(0.0, 100.0), (1.0, 1.0), (0.5, 50.5), (-0.2, 100.0)])
def test_alike_trials_are_fewer_trials(correlation, expected):
    """From all of them down to one."""
    assert independent_trials(100, correlation) == pytest.approx(expected)
