"""The parabolic SAR: its start, its two computations, and prices below zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.indicators.sar import SarKernel, _Sar


def by_rule(kernel, high, low):
    """The stops bar by bar, by the written-out rule."""
    steps = _Sar(kernel)
    return np.array([steps.update(h, lo)[0] for h, lo in zip(high.tolist(), low.tolist(), strict=True)])


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    level=st.sampled_from([-50.0, 0.0, 100.0]),
    acceleration=st.sampled_from([0.01, 0.02, 0.1, 0.3]),
)
def test_fast_computation_follows_the_rule(seed, level, acceleration):
    """TA-Lib, started in the state of the second bar, gives the stops of the rule, for prices of any sign."""
    rng = np.random.default_rng(seed)
    middle = level + np.cumsum(rng.normal(size=80))
    high, low = middle + rng.random(80), middle - rng.random(80)
    kernel = SarKernel(acceleration, acceleration, 0.2)
    np.testing.assert_allclose(kernel.batch(high, low)[0], by_rule(kernel, high, low), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("highs", "lows", "stop"),
    [
        ((10.0, 11.0), (9.0, 9.5), 9.0),
        ((10.0, 10.0), (9.0, 9.5), 9.0),
        ((10.0, 12.0), (9.0, 8.0), 9.0),
        ((10.0, 9.9), (9.0, 9.5), 10.0),
        ((10.0, 9.9), (9.0, 8.0), 10.0),
    ],
)
@pytest.mark.parametrize("step", [0.02, 0.03])
def test_second_bar_is_long_if_the_high_did_not_fall(highs, lows, stop, step):
    """The first stop is the first low of a long, the first high of a short, even on an outside bar."""
    (stops,) = SarKernel(0.02, step, 0.2).batch(np.array(highs), np.array(lows))
    np.testing.assert_array_equal(stops, [np.nan, stop])


def test_stop_keeps_out_of_the_first_bar_too():
    """The third bar's stop stays at or below the lows of both bars before it."""
    high, low = np.array([10.0, 20.0, 21.0]), np.array([9.0, 9.5, 15.0])
    (stops,) = SarKernel(0.1, 0.1, 0.2).batch(high, low)
    assert stops[2] == 9.0


def test_start_and_step_may_differ():
    """The acceleration begins at the start, grows by the step and stops at the maximum."""
    high, low = np.array([10.0, 12.0, 14.0, 16.0, 18.0]), np.array([1.0, 2.0, 11.0, 13.0, 15.0])
    (stops,) = SarKernel(0.1, 0.05, 0.12).batch(high, low)
    third = 1.0
    fourth = min(third + 0.12 * (14.0 - third), 2.0)
    fifth = fourth + 0.12 * (16.0 - fourth)
    np.testing.assert_allclose(stops, [np.nan, 1.0, third, fourth, fifth])
