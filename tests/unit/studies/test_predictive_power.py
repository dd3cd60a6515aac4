"""What an indicator tells of the returns that follow, beside a correlation made by hand."""

import math

import numpy as np
import pytest

from barscope.studies.predictive_power import predictive_power, rank_correlation, t_statistic


def ranks(values):
    """The place of each value in their order, equal ones sharing the mean of theirs; one by one."""
    return [sum(o < v for o in values) + (sum(o == v for o in values) + 1) / 2 for v in values]


def spearman(left, right):
    """Spearman's rank correlation as a textbook has it: Pearson's of the ranks."""
    a, b = ranks(left), ranks(right)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return covariance / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


@pytest.fixture
def prices():
    """Sixty closes, some of them equal."""
    return 50 + np.random.default_rng(5).integers(-3, 4, 60).cumsum() / 2


def test_the_information_coefficient_is_the_correlation_made_by_hand(prices):
    """Of the value at each bar with the return from its close over the next 1, 5 and 20 bars; warm-up left out."""
    values = np.round(np.random.default_rng(6).normal(size=60), 1)
    values[:7] = np.nan
    found = predictive_power(values, prices)
    assert found["first_bar"] == 7
    for horizon in (1, 5, 20):
        places = range(7, 60 - horizon)
        after = [prices[place + horizon] / prices[place] - 1 for place in places]
        expected = spearman([values[place] for place in places], after)
        assert found[f"ic_{horizon}"] == pytest.approx(expected, abs=1e-12)
        independent = len(places) / horizon
        expected_t = expected * math.sqrt((independent - 2) / (1 - expected**2)) if independent > 2 else math.nan
        assert found[f"t_{horizon}"] == pytest.approx(expected_t, nan_ok=True)


def test_an_indicator_that_knows_the_next_return_has_a_coefficient_of_one(prices):
    """And of −1 with its sign turned."""
    after = np.append(prices[1:] / prices[:-1] - 1, np.nan)
    assert predictive_power(after, prices)["ic_1"] == pytest.approx(1)
    assert predictive_power(-after, prices)["ic_1"] == pytest.approx(-1)


@pytest.mark.parametrize("values", [np.full(60, np.nan), np.full(60, 3.0), np.append(np.full(58, np.nan), [1.0, 2.0])])
def test_what_cannot_be_said_is_nan(prices, values):
    """Without a value, of a constant, and of two values."""
    found = predictive_power(values, prices)
    assert all(math.isnan(found[f"{kind}_{horizon}"]) for kind in ("ic", "t") for horizon in (1, 5, 20))


def test_fewer_bars_than_a_horizon_have_no_coefficient():
    """Ten bars say nothing of the return over twenty."""
    found = predictive_power(np.arange(10.0), np.arange(10.0) ** 2 + 1)
    assert math.isnan(found["ic_20"])
    assert found["ic_1"] < 0


def test_a_perfect_correlation_has_an_infinite_statistic():
    """With the sign of the correlation; none of a correlation that is not known or of two pairs."""
    assert (t_statistic(1.0, 10), t_statistic(-1.0, 10)) == (math.inf, -math.inf)
    assert math.isnan(t_statistic(0.5, 2))
    assert math.isnan(rank_correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])))
