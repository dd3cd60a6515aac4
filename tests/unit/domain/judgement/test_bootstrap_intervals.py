"""The stationary bootstrap."""

import math

import numpy as np
import pytest

from barscope.domain.equity import EquityCurve
from barscope.domain.judgement import block_length, bootstrap, intervals, intervals_of_curve
from barscope.domain.performance import drawdowns, ratios, returns
from barscope.errors import InvalidParameterError

DAY = 86_400 * 10**9


def noise(n, seed=1, mean=0.0005):
    """Seeded daily returns."""
    return np.random.default_rng(seed).normal(mean, 0.01, n)


def autoregressive(n, weight, seed=1):
    """A series in which each value keeps a share of the one before."""
    values = np.random.default_rng(seed).standard_normal(n)
    for place in range(1, n):
        values[place] += weight * values[place - 1]
    return values


def test_the_metrics_of_many_series_are_those_of_a_run():
    """Equal to the formulas of a summary, series by series."""
    series = np.stack([noise(300, seed) for seed in range(5)])
    for row, found in zip(series, bootstrap._metrics(series, 252.0), strict=True):
        equity = np.concatenate([[1.0], np.cumprod(1 + row)])
        total = returns.total_return(equity)
        expected = (
            total,
            returns.annual_return(total, 300 / 252),
            returns.volatility(row, 252.0),
            ratios.sharpe(row, 252.0),
            ratios.sortino(row, 252.0),
            drawdowns.max_drawdown(equity),
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("weight", [0.3, 0.6, 0.9])
def test_the_block_length_is_that_of_theory(weight):
    """Of an autoregressive series it is (2ρ / (1 − ρ²))^⅔ n^⅓, here within an eighth."""
    n = 8000
    expected = (2 * weight / (1 - weight**2)) ** (2 / 3) * n ** (1 / 3)
    found = [block_length(autoregressive(n, weight, seed)) for seed in range(6)]
    assert np.mean(found) == pytest.approx(expected, rel=0.125)


def test_returns_without_memory_need_no_blocks():
    """One return is a block; so it is where nothing varies."""
    assert block_length(noise(5000)) < 2
    assert block_length(np.full(100, 0.01)) == 1
    assert block_length(np.zeros(100)) == 1


@pytest.mark.parametrize(("n", "longest"), [(60, 20), (300, 52)])
def test_a_block_is_never_longer_than_the_series_bears(n, longest):
    """At most n / 3 or 3 √n, here of waves, which ask for more."""
    waves = np.sin(2 * np.pi * np.arange(n) / 6 + 0.3) + noise(n) / 10
    assert block_length(waves) == longest


@pytest.mark.parametrize("mean_length", [1.0, 5.0, 40.0])
def test_blocks_have_their_length_and_keep_their_order(mean_length):
    """The next place follows but for one in so many; every place is as likely as any other."""
    places = bootstrap._resample(250, 1000, mean_length, np.random.default_rng(2))
    follows = (places[:, 1:] == (places[:, :-1] + 1) % 250).mean()
    assert follows == pytest.approx(1 - 1 / mean_length + 1 / mean_length / 250, abs=0.01)
    assert np.bincount(places.ravel(), minlength=250) == pytest.approx(1000, rel=0.4)


def test_the_interval_of_the_mean_holds_its_level():
    """Of 100 series the true Sharpe ratio lies within the 90 % interval in about 90 %."""
    held = 0
    for seed in range(100):
        found = intervals(noise(250, seed), 252.0, level=0.9, resamples=100, block=1.0, seed=seed)["sharpe"]
        held += found.low <= 0.05 * math.sqrt(252) <= found.high
    assert 0.8 <= held / 100 <= 0.98


def test_an_interval_holds_the_middle():
    """As much below it as above it, whatever is not a number aside."""
    drawn = np.r_[np.random.default_rng(1).permutation(np.arange(101.0)), np.nan]
    assert bootstrap._middle(drawn, 0.9) == pytest.approx((5.0, 95.0))


def test_memory_widens_the_interval():
    """Streaks make a total less sure; drawing single returns would hide it."""
    streaks = autoregressive(1000, 0.6) * 0.01
    single, blocks = (intervals(streaks, 252.0, block=block, resamples=500)["total_return"] for block in (1.0, None))
    assert blocks.high - blocks.low > 1.4 * (single.high - single.low)


def test_the_same_seed_gives_the_same_intervals():
    """And another seed others."""
    changes = noise(300)
    first = intervals(changes, 252.0, resamples=100, seed=5)
    assert first == intervals(changes, 252.0, resamples=100, seed=5)
    assert first != intervals(changes, 252.0, resamples=100, seed=6)


def test_returns_that_do_not_vary_have_no_ratio():
    """NaN for the ratios, and one value for the rest."""
    found = intervals(np.zeros(50), 252.0, resamples=100)
    assert math.isnan(found["sharpe"].low)
    assert (found["total_return"].low, found["total_return"].high) == (0.0, 0.0)


def test_ruin_is_the_end():
    """After a return of −100 % or less nothing is left to grow again."""
    changes = np.r_[noise(20), -1.5, noise(20) + 0.5]
    found = intervals(changes, 252.0, resamples=100)
    assert found["total_return"].estimate == -1.0
    assert found["annual_return"].low == -1.0
    assert found["max_drawdown"].high == 1.0


def test_a_curve_is_measured_day_by_day():
    """As the summary of a run is: the first bar earns too, minutes make days."""
    changes = noise(40)
    equity = 1000 * np.cumprod(1 + changes)
    ts = np.repeat(np.arange(40) * DAY, 3) + np.tile([0, 60, 120], 40) * 10**9
    zeros = np.zeros(120)
    curve = EquityCurve(ts, np.repeat(equity, 3), zeros, zeros, zeros)
    found = intervals_of_curve(curve, 1000.0, resamples=100)
    assert found["total_return"].estimate == pytest.approx(equity[-1] / 1000 - 1)
    assert found == intervals(returns.simple_returns(np.r_[1000.0, equity]), 39 / (39 / 365.25), resamples=100)


def test_it_prints_a_line_per_metric():
    """With the level, the resamples and the length of blocks."""
    text = str(intervals(noise(100), 252.0, resamples=100))
    assert text.startswith("95% of 100 resamples, blocks of ")
    assert len(text.splitlines()) == 7


@pytest.mark.parametrize(
    ("changes", "terms", "message"),
    [
        (noise(9), {}, "a row of 10 is the least"),
        (noise(40).reshape(2, 20), {}, "cannot be resampled"),
        (np.r_[noise(20), np.nan], {}, "return 20 is nan"),
        (noise(20), {"level": 1.0}, "level is 1.0"),
        (noise(20), {"resamples": 10}, "resamples is 10"),
        (noise(20), {"block": 0.5}, "block is 0.5"),
    ],
)
def test_what_cannot_be_resampled_is_refused(changes, terms, message):
    """The message names the value."""
    with pytest.raises(InvalidParameterError, match=message):
        intervals(changes, 252.0, **terms)


def test_an_unknown_metric_is_refused():
    """With those there are."""
    with pytest.raises(InvalidParameterError, match="no interval of 'calmar': there are total_return"):
        intervals(noise(20), 252.0, resamples=100)["calmar"]
