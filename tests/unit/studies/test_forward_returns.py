"""Forward returns and how they are spread."""

from __future__ import annotations

import numpy as np
import pytest

from barscope.errors import InvalidParameterError
from barscope.studies.forward_returns import check_horizons, forward_returns, spread

NAN = np.nan


@pytest.mark.parametrize(
    ("horizon", "expected"), [(1, [1.0, -0.5, 1.0, NAN]), (3, [1.0, NAN, NAN, NAN]), (9, [NAN] * 4)]
)
def test_from_close_to_close(horizon, expected):
    """A return runs from a close to the one so many bars later, and is NaN where the bars end before."""
    np.testing.assert_array_equal(forward_returns(np.array([100.0, 200, 100, 200]), horizon), expected)


def test_prices_that_are_not_positive_have_no_return():
    """Of a price at or below zero no percentage can be told."""
    closes = np.array([1.0, -2.0, 0.0, 4.0, 8.0])
    np.testing.assert_array_equal(forward_returns(closes, 1), [NAN, NAN, NAN, 1.0, NAN])


def test_spread_by_hand():
    """Count, mean, median, sample deviation and hit rate are those worked out by hand; NaN does not count."""
    found = spread(np.array([0.1, NAN, -0.1, 0.3]))
    assert found.count == 3
    assert (found.mean, found.median, found.std) == pytest.approx((0.1, 0.1, 0.2))
    assert found.hit_rate == pytest.approx(2 / 3)
    assert (found.q25, found.q75) == pytest.approx((0.0, 0.2))


def test_nothing_is_spread_like_nothing():
    """Of no return only the count is known, and of one return no deviation."""
    nothing = spread(np.array([NAN]))
    assert nothing.count == 0
    assert np.isnan([nothing.mean, nothing.hit_rate, nothing.q05]).all()
    assert np.isnan(spread(np.array([0.5])).std)


@pytest.mark.parametrize("horizons", [[], [0], [1.5], [True], ["5"]])
def test_horizons_are_whole_numbers(horizons):
    """A horizon that is not a number of bars is refused."""
    with pytest.raises(InvalidParameterError, match="must be whole numbers of bars from 1"):
        check_horizons(horizons)
